"""Copies of what the library keeps, under names for people, where Gradio may serve them and deletes them again."""

from __future__ import annotations

import csv
import hashlib
import io
import secrets
import shutil
import threading
import zipfile
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast

from gradio.utils import get_upload_folder
from PIL import Image

from studio import imaging
from studio.errors import InputError

if TYPE_CHECKING:
    from studio.library.records import ImageRecord
    from studio.request import SavedImage


#: The longer side of pictures of which many are kept in memory.
SMALL = 480
_decoding = threading.BoundedSemaphore(4)  # pictures at once: one of 40 megapixels takes 300 MB


class Kept(Protocol):
    """What names a copy of an image of the library."""

    @property
    def sha256(self) -> str: ...

    @property
    def seed(self) -> int: ...

    @property
    def index(self) -> int: ...


def copy_of(image: Kept | ImageRecord, path: Path) -> Path:
    """The image's PNG at `path`, byte by byte, as NNN-SEED.png."""
    copy = _folder(image.sha256) / name_of(image)
    _write(copy, lambda part: shutil.copyfile(path, part))
    return copy


def file_of(data: bytes, name: str) -> Path:
    """A file with these bytes under this name."""
    path = _folder(hashlib.sha256(data).hexdigest()) / name
    _write(path, lambda part: part.write_bytes(data))
    return path


def uploaded(file: object) -> Image.Image:
    """The picture (RGB) in a file that a client uploaded, as it names it. Raises InputError for anything else."""
    return imaging.decode(uploaded_file(file).read_bytes())


def uploaded_file(file: object) -> Path:
    """A file that a client uploaded, as it names it. Raises InputError for anything else.

    Gradio looks at the paths of what says that it is a file; what doesn't say so may name any file of this machine.
    """
    named = cast("dict[str, object]", file).get("path") if isinstance(file, dict) else None
    path = Path(named).resolve() if isinstance(named, str) and "\0" not in named else None
    if path is None or not path.is_relative_to(Path(get_upload_folder()).resolve()) or not path.is_file():
        raise InputError("There is no picture.", "Upload a PNG, JPEG or WebP file.")
    return path


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


def zip_with_manifest(images: Sequence[tuple[ImageRecord, Path]], tags: Callable[[str], Sequence[str]]) -> Path:
    """One archive with every image as NNN-SEED.png in the order given, and a table of what they are."""
    path = _folder(_digest(images)) / f"images-{len(images)}.zip"
    table = io.StringIO()
    lines = csv.writer(table)
    lines.writerow(("file", "sha256", "prompt", "seed", "width", "height", "backend", "model", "made (UTC)", "tags"))

    def write(part: Path) -> None:
        with zipfile.ZipFile(part, "w") as archive:
            for number, (record, kept) in enumerate(images):
                name = f"{number:03d}-{record.seed}.png"
                archive.write(kept, name)
                row = (name, record.sha256, record.prompt, record.seed, record.width, record.height, record.backend)
                row += (record.model, record.created.isoformat(" ", "seconds"), ", ".join(tags(record.sha256)))
                lines.writerow([_no_formula(value) for value in row])
            # The first character tells spreadsheets that it is UTF-8.
            archive.writestr("manifest.csv", "\ufeff" + table.getvalue())

    _write(path, write)
    return path


def public_zip(images: Sequence[tuple[ImageRecord, Path]], public: Callable[[Path], bytes]) -> Path:
    """One archive with every image as NNN.png in the order given, as `public` gives its file to strangers."""
    path = _folder(_digest(images)) / f"public-{len(images)}.zip"

    def write(part: Path) -> None:
        with zipfile.ZipFile(part, "w") as archive:
            for number, (_, kept) in enumerate(images):
                archive.writestr(f"{number:03d}.png", public(kept))

    _write(path, write)
    return path


def _digest(images: Sequence[tuple[ImageRecord, Path]]) -> str:
    return hashlib.sha256("".join(record.sha256 for record, _ in images).encode()).hexdigest()


def _no_formula(value: object) -> object:
    """A prompt that begins like a formula would be one in a spreadsheet (OWASP, CSV injection)."""
    return f"'{value}" if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r")) else value


def small_webp(path: Path, side: int) -> bytes:
    """A small picture of a file that never changes, as its name is the hash of its content. Raises OSError."""
    return _small(path, side) if side <= SMALL else _large(path, side)


def _webp(path: Path, side: int) -> bytes:
    with _decoding, Image.open(path, formats=imaging.FORMATS) as image:
        return imaging.to_webp(image, side)


_small = lru_cache(maxsize=1024)(_webp)  # of 20 kB or so
_large = lru_cache(maxsize=64)(_webp)  # of some hundred


def name_of(image: Kept | ImageRecord) -> str:
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
