"""Where a campaign's product pictures come from: drawn from words, a photo, or the library."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from studio import imaging
from studio.errors import InputError

#: Photos are made smaller than this, in pixels of the longer side: no channel is larger.
MAX_SIDE = 4096


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A picture of a product (RGB). `concept`: no photo is behind it. `attributes`: group -> class of the vocabulary;
    `origin`: what its recipe says of it."""

    image: Image.Image
    concept: bool
    attributes: Mapping[str, str]
    origin: Mapping[str, object]


@dataclass(frozen=True, kw_only=True)
class Darkroom:
    """What a campaign needs of the rest of the studio; each may raise StudioError.

    `draw` gives a picture for a prompt and a seed, `kept` one of the library by its sha256; `product_mask` says where
    the product is (L, 255 = product); `upscale` enlarges 2 or 4 times, None where there is no upscaler; `read` gives
    the attributes that a description names. `model` names what draws, so that a campaign notices another one.
    """

    draw: Callable[[str, int], Picture]
    kept: Callable[[str], Picture]
    product_mask: Callable[[Image.Image], Image.Image]
    read: Callable[[str], Mapping[str, str]]
    model: str
    upscale: Callable[[Image.Image, int], Image.Image] | None = None
    max_bytes: int = 32 * 2**20


def read_photo(path: Path, limit: int) -> tuple[bytes, str]:
    """The bytes of a photo and their sha256. Raises InputError where it can't be read or has more than `limit` bytes."""
    try:
        with path.open("rb") as file:
            data = file.read(limit + 1)
    except OSError as error:
        raise InputError(f"The image {path.name} can't be read: {error.strerror}.", "Name another file.") from error
    if len(data) > limit:
        raise InputError(f"The image {path.name} is larger than {limit // 2**20} MB.", "Make it smaller first.")
    return data, hashlib.sha256(data).hexdigest()


def photo(data: bytes, name: str, sha256: str, attributes: Mapping[str, str]) -> Picture:
    """A photo of untrusted bytes. Raises InputError."""
    image = imaging.decode(data)
    image.thumbnail((MAX_SIDE, MAX_SIDE), Image.Resampling.LANCZOS)
    return Picture(image=image, concept=False, attributes=attributes, origin={"photo": name, "sha256": sha256})
