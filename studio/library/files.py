"""Files by the hash of their content, on whatever fsspec reaches; so far a local folder."""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import time
from collections.abc import Callable, Container, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, cast

import fsspec  # pyright: ignore[reportMissingTypeStubs]

#: An unfinished file that is younger may still be written, by another process too.
PARTIAL_AGE = 3600  # seconds

#: The library's own images are PNGs; what was exported may have any of these endings.
PNG = "png"
ENDINGS = (PNG, "jpg", "webp")

_NAME = re.compile(r"([0-9a-f]{64})\.png")
_EXPORTED = re.compile(r"([0-9a-f]{64})\.(jpg|webp)")


class ContentFiles:
    """`AB/SHA256.EXT` under one fsspec URL. A file appears under its name only when all of it is on the disk."""

    def __init__(self, url: str) -> None:
        found = cast("tuple[Any, str]", fsspec.url_to_fs(url))  # pyright: ignore[reportUnknownMemberType]
        self._files, self._root = found

    def write(self, data: bytes, ending: str = PNG) -> str:
        """Keeps `data`, and returns its sha256. Raises OSError where it can't be written."""
        sha256 = hashlib.sha256(data).hexdigest()
        whole = self._name(sha256, ending)
        folder = whole.rpartition("/")[0]
        partial = f"{folder}/{secrets.token_hex(8)}.partial"
        self._files.makedirs(folder, exist_ok=True)
        try:
            with self._files.open(partial, "wb") as file:
                file.write(data)
                file.flush()
                with suppress(AttributeError):  # what is not on a disk of this machine can't be synced
                    os.fsync(file.fileno())
            self._files.mv(partial, whole)
        except BaseException:
            with suppress(OSError):
                self._files.rm_file(partial)
            raise
        _sync_folder(folder)
        return sha256

    def path(self, sha256: str, ending: str = PNG) -> Path:
        """Where a file is, or would be, on this machine."""
        return Path(self._name(sha256, ending))

    def exists(self, sha256: str, ending: str = PNG) -> bool:
        return self._files.isfile(self._name(sha256, ending))

    def read(self, sha256: str, ending: str = PNG) -> bytes:
        """Raises OSError where there is none."""
        return self._files.cat_file(self._name(sha256, ending))

    def size(self, sha256: str, ending: str = PNG) -> int:
        """In bytes. Raises OSError where there is no such file."""
        return self._files.size(self._name(sha256, ending))

    def delete(self, sha256: str, ending: str = PNG) -> None:
        """Deletes a file, if it is there."""
        with suppress(FileNotFoundError):
            self._files.rm_file(self._name(sha256, ending))

    def hashes(self) -> Iterator[str]:
        """The hash of every PNG; what has another name is no image of the library's."""
        for folder in self._folders():
            for name in self._names(folder):
                found = _NAME.fullmatch(name)
                if found and name[:2] == folder[-2:]:
                    yield found[1]

    def delete_partial(self) -> None:
        """Deletes what kills left half written."""
        self._delete_old(lambda name: name.endswith(".partial"))

    def delete_exported(self, kept: Container[str]) -> None:
        """Deletes exported files but those with a hash in `kept`: kills left them before they were recorded."""

        def is_left(name: str) -> bool:
            found = _EXPORTED.fullmatch(name)
            return found is not None and found[1] not in kept

        self._delete_old(is_left)

    def _delete_old(self, chosen: Callable[[str], bool]) -> None:
        """Deletes files by their names, but those that may still be written."""
        for folder in self._folders():
            for name in self._names(folder):
                path = f"{folder}/{name}"
                with suppress(FileNotFoundError):
                    if chosen(name) and time.time() - self._files.modified(path).timestamp() > PARTIAL_AGE:
                        self._files.rm_file(path)

    def _folders(self) -> list[str]:
        try:
            return [entry["name"] for entry in self._files.ls(self._root, detail=True) if entry["type"] == "directory"]
        except FileNotFoundError:
            return []

    def _names(self, folder: str) -> list[str]:
        return [str(path).rpartition("/")[2] for path in self._files.ls(folder, detail=False)]

    def _name(self, sha256: str, ending: str) -> str:
        return f"{self._root}/{sha256[:2]}/{sha256}.{ending}"


def is_sha256(text: str) -> bool:
    """Whether a text is a hash as files are named by."""
    return re.fullmatch("[0-9a-f]{64}", text) is not None


def _sync_folder(folder: str) -> None:
    """A rename is durable once the folder is; Windows can't open one, and elsewhere there is none."""
    if os.name == "posix" and os.path.isdir(folder):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
