"""Copies of what the library keeps, under names for people, where Gradio may serve them and deletes them again."""

from __future__ import annotations

import hashlib
import secrets
import shutil
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from gradio.utils import get_upload_folder

if TYPE_CHECKING:
    from studio.library.records import ImageRecord
    from studio.request import SavedImage


def copy_of(image: SavedImage | ImageRecord, path: Path) -> Path:
    """The image's PNG at `path`, byte by byte, as NNN-SEED.png."""
    copy = _folder(image.sha256) / name_of(image)
    _write(copy, lambda part: shutil.copyfile(path, part))
    return copy


def zip_of(images: Sequence[SavedImage]) -> Path:
    """One archive with every image as NNN-SEED.png."""
    digest = hashlib.sha256("".join(image.sha256 for image in images).encode()).hexdigest()
    path = _folder(digest) / f"concepts-{images[0].seed}.zip"

    def write(part: Path) -> None:
        with zipfile.ZipFile(part, "w") as archive:  # PNG doesn't compress further
            for image in images:
                archive.write(image.path, name_of(image))

    _write(path, write)
    return path


def name_of(image: SavedImage | ImageRecord) -> str:
    """As the command line names its files."""
    return f"{image.index:03d}-{image.seed}.png"


def _write(path: Path, write: Callable[[Path], object]) -> None:
    """In one step, since an earlier copy under this name may be on its way to a browser."""
    part = path.with_name(f".{secrets.token_hex(8)}.part")
    write(part)
    part.replace(path)


def _folder(digest: str) -> Path:
    folder = Path(get_upload_folder()) / digest
    folder.mkdir(parents=True, exist_ok=True)
    return folder
