"""Files from outside, which may be of any size: read whole, and never past a limit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from studio.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path


def read_file(path: Path, limit: int, *, hint: str, smaller: str = "Make it smaller first.", called: str = "") -> bytes:
    """All of a file that has at most `limit` bytes. Raises InputError where it can't be read or is larger.

    What to do about it is the `hint`, or `smaller`; the error calls it by its path, or what it is `called`.
    """
    try:
        with path.open("rb") as file:
            data = file.read(limit + 1)
    except OSError as error:
        raise InputError(f"{called or path} can't be read: {error.strerror}.", hint) from error
    if len(data) > limit:
        most = f"{limit // 2**20:,} MB" if limit >= 2**20 else f"{limit:,} bytes"
        raise InputError(f"{called or path} is larger than {most}.", smaller)
    return data
