"""A file that only its owner may read, made on first use."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path


def secret_file(path: Path, make: Callable[[], bytes]) -> bytes:
    """The content of `path`, which `make` gives where there is no such file yet. Raises OSError.

    Two processes may be the first at once: both get what one of them made.
    """
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f"{path.name}.{secrets.token_hex(8)}.partial")
        _write_new(part, make())
        try:
            os.link(part, path)
        except FileExistsError:  # another process was first
            pass
        except OSError:  # no hard links here, as on a stick or a share
            with suppress(FileExistsError):
                _write_new(path, part.read_bytes())
        finally:
            part.unlink()
    return path.read_bytes()


def _write_new(path: Path, data: bytes) -> None:
    """For its owner alone. Raises FileExistsError where there is such a file."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(descriptor)
    except BaseException:
        path.unlink()
        raise
