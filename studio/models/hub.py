"""Models of transformers that an installation may name: a folder, or a commit of the hub."""

from __future__ import annotations

import re
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from transformers.utils import logging as transformers_logging

from .errors import SnapshotError

_COMMIT = re.compile("[0-9a-f]{40}")
_FILES = ("*.json", "*.txt", "model.safetensors")


def folder_of(source: str, *, called: str) -> Path:
    """The folder of that name, or the one that a hub name and commit (`NAME@` and 40 hex digits) were downloaded to.

    Raises:
        SnapshotError: there is neither, or no commit is named; the words say so of what is `called` so.
    """
    folder = Path(source).expanduser()
    if folder.is_dir():
        return folder
    name, _, revision = source.partition("@")
    if not _COMMIT.fullmatch(revision):
        raise SnapshotError(
            f"There is no folder {source!r}. Of a {called} of the hub name the commit, too, since the files under a"
            " name may change: NAME@ and 40 hex digits."
        )
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    try:
        return Path(snapshot_download(name, revision=revision, allow_patterns=list(_FILES)))
    except (HFValidationError, HfHubHTTPError, LocalEntryNotFoundError, OSError) as error:
        raise SnapshotError(
            f"There is no {called} at {source!r}: neither a folder nor a commit of a model of the hub."
        ) from error


@contextmanager
def quietly() -> Generator[None]:
    """Models are loaded without a word of transformers, and without its bars."""
    verbosity = transformers_logging.get_verbosity()
    transformers_logging.set_verbosity_error()
    transformers_logging.disable_progress_bar()
    try:
        yield
    finally:
        transformers_logging.set_verbosity(verbosity)
