"""Where a campaign goes: a folder, or a ZIP with the same in it.

A ZIP is made in a folder beside it and packed at the end, so that a stop in between loses nothing.
"""

from __future__ import annotations

import errno
import hashlib
import os
import secrets
import shutil
import zipfile
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path, PurePosixPath

from studio.campaign.manifest import CSV_NAME, JOURNAL, JSON_NAME, Journal, Row, rows_of
from studio.campaign.report import REPORT_NAME, write_report
from studio.errors import StudioError

_PARTIAL = ".partial"
#: Holds adverts of an earlier time, in the folders that they were in.
REPLACED = "replaced"


class Unwritable(StudioError):
    """Nothing can be written to where a campaign goes: it is no use going on."""


def is_full(error: BaseException | None) -> bool:
    """Whether a full disk is behind an error."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            return True
        error = error.__cause__ or error.__context__
    return False


class Export:
    """A folder or a ZIP that is being filled. Raises Unwritable where it can't be."""

    def __init__(self, out: Path) -> None:
        """Goes on where an earlier time ended."""
        self.out = out
        self.is_zip = out.suffix.lower() == ".zip"
        self.folder = out.with_name(out.name + _PARTIAL) if self.is_zip else out
        try:
            is_new = not self.folder.exists()
            self.folder.mkdir(parents=True, exist_ok=True)
            if is_new and self.is_zip and out.is_file():
                self._unpack()
            self.journal = Journal(self.folder)
        except OSError as error:
            raise self._unwritable(error) from error

    def write(self, name: str, data: bytes) -> None:
        """Writes a file under a relative name: all of it or nothing. Raises Unwritable."""
        path = self.folder / name
        part = path.with_name(f"{secrets.token_hex(6)}{_PARTIAL}")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            part.write_bytes(data)
            os.replace(part, path)
        except OSError as error:
            part.unlink(missing_ok=True)
            raise self._unwritable(error) from error

    def add(self, row: Row) -> None:
        """Writes down what became of an advert. Raises Unwritable."""
        try:
            self.journal.add(row)
        except OSError as error:
            raise self._unwritable(error) from error

    def finish(self, title: str) -> None:
        """Writes manifest and report; packs the ZIP, or clears the folder. Raises Unwritable."""
        try:
            self.journal.write()
            write_report(self.folder / REPORT_NAME, self.journal.rows(), title=title)
            if self.is_zip:
                self._pack()
            else:
                self._clear()
        except OSError as error:
            raise self._unwritable(error) from error
        finally:
            self.journal.close()
        if self.is_zip:
            shutil.rmtree(self.folder, ignore_errors=True)

    def close(self) -> None:
        """Leaves it as it is, to be gone on with."""
        self.journal.close()

    def _clear(self) -> None:
        """Puts what an earlier time made and this one no longer has into a folder of its own, unless somebody changed
        it: beside the new ones they might go out with old prices."""
        for name, hashes in self.journal.left_over().items():
            path = self.folder / name
            if _is_inside(name) and path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() in hashes:
                replaced = self.folder / REPLACED / name
                replaced.parent.mkdir(parents=True, exist_ok=True)
                path.replace(replaced)

    def _pack(self) -> None:
        part = self.out.with_name(f"{self.out.name}.{secrets.token_hex(6)}{_PARTIAL}")
        try:
            pack(self.folder, [row.file for row in self.journal.rows() if row.file], part)
            os.replace(part, self.out)
        finally:
            part.unlink(missing_ok=True)

    def _unpack(self) -> None:
        """Takes an earlier ZIP apart again: its files needn't be made twice."""
        with suppress(zipfile.BadZipFile, KeyError, ValueError, TypeError), zipfile.ZipFile(self.out) as packed:
            rows = rows_of(packed.read(JSON_NAME).decode("utf-8"))
            with (self.folder / JOURNAL).open("w", encoding="utf-8", newline="\n") as journal:
                for row in rows:
                    if row.file and _is_inside(row.file):
                        path = self.folder / row.file
                        path.parent.mkdir(parents=True, exist_ok=True)
                        path.write_bytes(packed.read(row.file))
                        journal.write(row.to_json() + "\n")

    def _unwritable(self, error: OSError) -> Unwritable:
        return Unwritable(f"{self.out} can't be written: {error.strerror}.", "Make room, or name another with --out.")


def pack(folder: Path, files: Collection[str], out: Path) -> None:
    """A ZIP of some files of a campaign's folder, with its manifest and report. Pictures are not compressed again.
    Raises OSError."""
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as packed:
        for name in (*files, CSV_NAME, JSON_NAME, REPORT_NAME):
            packed.write(folder / name, name)


def _is_inside(name: str) -> bool:
    path = PurePosixPath(name)
    return not path.is_absolute() and ".." not in path.parts and "\\" not in name and ":" not in name
