"""Keeps images so that a crash at any moment leaves no record without its file."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import URL, create_engine, event, func, select
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session
from sqlalchemy.schema import CreateIndex, CreateTable

from studio.errors import StudioError
from studio.library.records import Base, ImageRecord
from studio.request import Recipe

SWEEP_EVERY = 24 * 3600  # seconds
#: What is younger may still be written, by another process too.
SWEEP_AGE = 3600  # seconds
SWEEP_MOST = 16  # files without a record


class Library:
    """A folder with `library.db` and `files/AB/SHA256.png`. Several threads and processes may share it."""

    def __init__(self, folder: Path) -> None:
        """Opens the library, or makes an empty one. Raises StudioError where the folder can't be written."""
        self._folder = folder
        self._database = create_engine(URL.create("sqlite", database=str(folder / "library.db")))
        event.listen(self._database, "connect", _configure)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with self._database.begin() as connection:
                # "If not exists" in the statement itself: two processes may be the first at once.
                images = Base.metadata.tables["images"]
                connection.execute(CreateTable(images, if_not_exists=True))
                for index in images.indexes:
                    connection.execute(CreateIndex(index, if_not_exists=True))
        except (OSError, SQLAlchemyError) as error:
            raise self._cannot_write(error) from error
        with suppress(OSError, SQLAlchemyError):  # what can't be swept can still be read and added to
            self._sweep()

    def add(self, data: bytes, recipe: Recipe) -> tuple[str, Path]:
        """Keeps a PNG and its recipe; returns the sha256 of the file and its path.

        The file is on the disk before its record is written, so a kill in between leaves a file too many at worst; it
        is swept when the library is opened another day.
        """
        sha256 = hashlib.sha256(data).hexdigest()
        path = self._file(sha256)
        record = {
            "sha256": sha256,
            "kind": recipe.kind,
            "prompt": recipe.prompt,
            "seed": recipe.seed,
            "index": recipe.index,
            "size": recipe.size,
            "backend": recipe.backend,
            "model": recipe.model,
            "model_sha256": recipe.model_sha256,
            "recipe": json.loads(recipe.to_json()),
            "created": datetime.fromisoformat(recipe.created).astimezone(UTC).replace(tzinfo=None),
        }
        try:
            _write_whole(path, data)
            with self._database.begin() as connection:
                connection.execute(insert(ImageRecord).values(record).on_conflict_do_nothing())
                if not path.is_file():  # swept in between as a leftover of the same content
                    _write_whole(path, data)
        except (OSError, SQLAlchemyError) as error:
            raise self._cannot_write(error) from error
        return sha256, path

    def path(self, sha256: str) -> Path | None:
        """The file of an image that was kept, None for any other text or where it is gone."""
        with Session(self._database) as session:
            known = session.get(ImageRecord, sha256) is not None
        path = self._file(sha256)
        return path if known and path.is_file() else None

    def recent(self, count: int) -> list[ImageRecord]:
        """The newest records, newest first."""
        newest = select(ImageRecord).order_by(ImageRecord.created.desc(), ImageRecord.index.desc()).limit(count)
        with Session(self._database) as session:
            return list(session.scalars(newest))

    def close(self) -> None:
        self._database.dispose()

    def _sweep(self) -> None:
        """Deletes what kills left behind: unfinished files, and whole ones without a record.

        Once a day, as it reads the name of every file: 100,000 of them in 256 folders, and none is opened.
        """
        swept = self._folder / "swept"
        if swept.exists() and not _is_older(swept, SWEEP_EVERY):
            return
        swept.touch()
        whole: set[str] = set()
        for shard in (self._folder / "files").glob("??"):
            for name in os.listdir(shard):
                if name.endswith(".partial") and _is_older(shard / name, SWEEP_AGE):
                    (shard / name).unlink(missing_ok=True)
                elif name.endswith(".png") and name.startswith(shard.name):
                    whole.add(name.removesuffix(".png"))
        with Session(self._database) as session:
            extra = whole.difference(session.scalars(select(ImageRecord.sha256)))
            first = session.scalar(select(func.min(ImageRecord.created)))
        # A kill leaves one. Many, or files from before the first record, say that it is the records that were lost.
        if not extra or first is None or len(extra) > SWEEP_MOST:
            return
        since_first = time.time() - first.replace(tzinfo=UTC).timestamp()
        with self._database.begin() as connection:
            connection.exec_driver_sql("BEGIN IMMEDIATE")  # no record is written from here on
            for sha256 in extra:
                path = self._file(sha256)
                known = connection.scalar(select(ImageRecord.sha256).where(ImageRecord.sha256 == sha256))
                if known is None and _is_older(path, SWEEP_AGE) and not _is_older(path, since_first):
                    path.unlink()

    def _file(self, sha256: str) -> Path:
        return self._folder / "files" / sha256[:2] / f"{sha256}.png"

    def _cannot_write(self, error: Exception) -> StudioError:
        cause = getattr(error, "orig", None) or error
        return StudioError(
            f"The library in {self._folder} can't be written: {cause}.",
            "Make room or fix its permissions, or name another folder in STUDIO_DATA_DIR.",
        )


def _configure(connection: Any, _: object) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA busy_timeout = 30000")  # milliseconds; first, as the next one may have to wait
    cursor.execute("PRAGMA journal_mode = WAL")  # readers go on while one writes
    cursor.close()


def _is_older(path: Path, seconds: float) -> bool:
    """Whether the file was last written to more than so long ago; False where it is gone."""
    try:
        return time.time() - path.stat().st_mtime > seconds
    except FileNotFoundError:
        return False


def _write_whole(path: Path, data: bytes) -> None:
    """The file appears under its name only when all of it is on the disk."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, partial = tempfile.mkstemp(dir=path.parent, suffix=".partial")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)
    except OSError:
        Path(partial).unlink(missing_ok=True)
        raise
    if os.name == "posix":  # the rename is durable once the folder is; Windows can't open one
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
