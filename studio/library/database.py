"""Opens the database of the library: SQLite with durable writes, its tables made or migrated by alembic."""

from __future__ import annotations

import sqlite3
import time
from importlib.resources import files

from sqlalchemy import URL, Connection, Engine, create_engine, event, inspect, text

from studio.errors import StudioError

#: The newest of `migrations/versions`; a database that says so needs no alembic, whose import takes a while.
HEAD = "0005"
#: Seconds that one process waits for another's writing.
PATIENCE = 30


def open_database(url: str | URL) -> Engine:
    """An engine on a database with all tables. Several threads and processes may open one at once.

    Raises SQLAlchemyError where it can't be opened or written, StudioError where a newer studio made it.
    """
    engine = create_engine(url, hide_parameters=True)  # prompts and comments stay out of errors, and so of the log
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _configure)
    with engine.connect() as connection:
        current = revision(connection)
    if current != HEAD:
        with engine.begin() as connection:
            if engine.dialect.name == "sqlite":
                connection.exec_driver_sql("BEGIN IMMEDIATE")  # two processes may be the first at once
            if (current := revision(connection)) != HEAD:
                _migrate(connection, before_alembic=current is None)
    return engine


def revision(connection: Connection) -> str | None:
    """The migration that a database is at; None for an empty one, and for one from before there were migrations."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.scalar(text("SELECT version_num FROM alembic_version"))


def _migrate(connection: Connection, *, before_alembic: bool) -> None:
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    if before_alembic:  # its one table says nothing that the files don't: they are looked through anyway
        connection.execute(text("DROP TABLE IF EXISTS images"))
    config = Config()
    config.set_main_option("script_location", str(files("studio.library").joinpath("migrations")))
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except CommandError as error:  # a revision that isn't among ours
        raise StudioError("A newer studio made this library.", "Update the studio, or restore a backup.") from error


def _configure(connection: sqlite3.Connection, _: object) -> None:
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {1000 * PATIENCE}")  # milliseconds
    _write_ahead(cursor)
    cursor.execute("PRAGMA synchronous = FULL")  # what was acknowledged survives a power cut
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.execute(f"PRAGMA mmap_size = {2**28}")  # bytes; a search reads all rows
    cursor.close()


def _write_ahead(cursor: sqlite3.Cursor) -> None:
    """Lets readers go on while one writes. Of two processes that turn this on at once, SQLite refuses one unasked.

    It does so at once, whatever `busy_timeout` says: both hold what the other waits for.
    """
    until = time.monotonic() + PATIENCE
    while True:
        try:
            cursor.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
            time.sleep(0.02)
