"""A copy of a library in a folder, made while it is in use, and back again.

The copy is a data folder like any other: `STUDIO_DATA_DIR` may name it.
"""

from __future__ import annotations

import hashlib
import shutil
import sqlite3
from collections.abc import Callable, Generator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

from sqlalchemy.exc import SQLAlchemyError

from studio import signature
from studio.errors import StudioError
from studio.library import shares
from studio.library.files import PNG, ContentFiles

if TYPE_CHECKING:
    from studio.library.library import Library

DATABASE = "library.db"
_LOGS = (f"{DATABASE}-wal", f"{DATABASE}-shm")  # of changes that SQLite has still to write
#: What is being written ends so, a file or a folder.
PARTIAL = ".partial"
#: What shows links again, and what files are signed with.
KEY_FILES = (shares.KEY_FILE, signature.KEY_FILE)


@dataclass(frozen=True, kw_only=True)
class Copied:
    """How many images a copy holds, and the hashes of those whose files were missing or damaged."""

    images: int
    lost: tuple[str, ...]


def backup(
    library: Library,
    out: Path,
    *,
    folders: Sequence[str] = (),
    on_progress: Callable[[int, int], None] | None = None,
) -> Copied:
    """Copies a library to `out`, with `folders` of the data folder beside it, such as brand kits; files that are there
    from an earlier time are not copied again.

    The records are those of one moment, and the files of all of them are copied after it: what is made meanwhile is
    left for the next time. Raises StudioError.
    """
    if out.resolve() == library.folder.resolve():
        raise StudioError(f"{out} is the library itself.", "Name another folder.")
    begun = (out / f"{DATABASE}{PARTIAL}").is_file()  # and stopped before its end
    if out.is_dir() and any(out.iterdir()) and not begun and not (out / DATABASE).is_file():
        raise StudioError(f"{out} holds other things than a backup.", "Name a new folder, or that of an earlier copy.")
    held = library.storage()
    if not held.images + held.trash_images and _count(out / DATABASE):
        raise StudioError(
            f"There are no images in {library.folder}, and {out} holds a backup, which would be lost.",
            "Say in STUDIO_DATA_DIR where the library is, or name a new folder.",
        )
    if library.database.dialect.name != "sqlite":
        raise StudioError("Only a library in SQLite is backed up here.", "Use the database's own tools.")
    with _plain_words(), closing(library.database.raw_connection()) as connection:
        source = cast("sqlite3.Connection", connection.driver_connection)
        return _copy(source, library.files, library.folder, out, folders, on_progress)


def restore(
    source: Path,
    folder: Path,
    *,
    folders: Sequence[str] = (),
    on_progress: Callable[[int, int], None] | None = None,
) -> Copied:
    """Copies a backup to `folder`, where no library may be yet. Raises StudioError."""
    if not (source / DATABASE).is_file():
        raise StudioError(f"There is no backup in {source}.", f"It would hold {DATABASE} and a folder of files.")
    there = [name for name in (DATABASE, *_LOGS) if (folder / name).exists()]
    if there:
        raise StudioError(
            f"{folder} already holds {' and '.join(there)} of a library.",
            "Move that away first, or name another folder in STUDIO_DATA_DIR.",
        )
    there = [name for name in folders if (source / name).is_dir() and any((folder / name).glob("*"))]
    if there:
        raise StudioError(f"{folder / there[0]} is there already.", "Move it away first.")
    with _plain_words(), closing(sqlite3.connect(source / DATABASE)) as connection:
        return _copy(connection, ContentFiles(str(source / "files")), source, folder, folders, on_progress)


def _count(database: Path) -> int:
    """How many images a copy has."""
    if not database.is_file():
        return 0
    with _plain_words(), closing(sqlite3.connect(database)) as connection:
        return connection.execute("SELECT count(*) FROM images").fetchone()[0]


@contextmanager
def _plain_words() -> Generator[None]:
    try:
        yield
    except (OSError, SQLAlchemyError, sqlite3.Error) as error:
        raise StudioError(f"The library can't be copied: {error}.", "Make room, or name another folder.") from error


def _copy(
    source: sqlite3.Connection,
    files: ContentFiles,
    folder: Path,
    out: Path,
    folders: Sequence[str],
    on_progress: Callable[[int, int], None] | None,
) -> Copied:
    # 1. The records of one moment, and the keys.
    out.mkdir(parents=True, exist_ok=True)
    partial = out / f"{DATABASE}{PARTIAL}"
    partial.unlink(missing_ok=True)
    with closing(sqlite3.connect(partial)) as snapshot:
        source.backup(snapshot)
        snapshot.execute("PRAGMA journal_mode = DELETE")  # one file, without a log beside it
        images = [sha256 for (sha256,) in snapshot.execute("SELECT sha256 FROM images").fetchall()]
        wanted = [(sha256, PNG, sha256) for sha256 in images] + _exports(snapshot)
    for name in KEY_FILES:
        if (folder / name).is_file():
            shutil.copy2(folder / name, out / name)

    # 2. Their files, each read to its last byte.
    copies, lost, gone = ContentFiles(str(out / "files")), list[str](), list[tuple[str]]()
    kept = "SELECT 1 FROM images WHERE sha256 = ? AND deleted IS NULL"
    for number, (sha256, ending, image) in enumerate(wanted, start=1):
        if _whole(copies, sha256, ending) is None:
            if (data := _whole(files, sha256, ending)) is not None:
                copies.write(data, ending)
            elif source.execute(kept, (image,)).fetchone():
                lost.append(sha256)
            elif sha256 == image:  # deleted for good meanwhile
                gone.append((sha256,))
        if on_progress:
            on_progress(number, len(wanted))
    with closing(sqlite3.connect(partial)) as snapshot:
        snapshot.execute("PRAGMA foreign_keys = ON")
        with snapshot:
            snapshot.executemany("DELETE FROM images WHERE sha256 = ?", gone)

    # 3. What lies beside the library.
    for name in folders:
        _copy_folder(folder / name, out / name)

    # 4. The copy counts once it is whole. What an earlier one left that was in use would be taken for a part of it.
    for name in _LOGS:
        (out / name).unlink(missing_ok=True)
    partial.replace(out / DATABASE)
    whole = set(images) - set(lost) - {sha256 for (sha256,) in gone}
    return Copied(images=len(whole), lost=tuple(lost))


def _copy_folder(source: Path, out: Path) -> None:
    """Makes `out` what `source` is, if that is there. What has the same size and time isn't copied again."""
    if not source.is_dir():
        return
    files = [path for path in source.rglob("*") if path.is_file() and not _is_partial(path.relative_to(source))]
    for path in files:
        copy = out / path.relative_to(source)
        with suppress(FileNotFoundError):  # deleted meanwhile
            found = path.stat()
            if copy.is_file() and (copy.stat().st_size, copy.stat().st_mtime_ns) == (found.st_size, found.st_mtime_ns):
                continue
            copy.parent.mkdir(parents=True, exist_ok=True)
            partial = copy.with_name(f"{copy.name}{PARTIAL}")
            shutil.copy2(path, partial)
            partial.replace(copy)
    kept = {out / path.relative_to(source) for path in files}
    for path in list(out.rglob("*")):
        if path.is_file() and path not in kept:
            path.unlink()


def _is_partial(path: Path) -> bool:
    return any(part.endswith(PARTIAL) for part in path.parts)


def _exports(snapshot: sqlite3.Connection) -> list[tuple[str, str, str]]:
    """Hash and ending of every exported file, and its image's hash; a backup of earlier versions has none."""
    if not snapshot.execute("SELECT 1 FROM sqlite_master WHERE name = 'exports'").fetchone():
        return []
    return snapshot.execute("SELECT sha256, ending, image FROM exports").fetchall()


def _whole(files: ContentFiles, sha256: str, ending: str) -> bytes | None:
    """The content of a file, None where it is missing or damaged."""
    try:
        data = files.read(sha256, ending)
    except OSError:
        return None
    return data if hashlib.sha256(data).hexdigest() == sha256 else None
