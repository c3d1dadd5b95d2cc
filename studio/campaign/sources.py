"""Where a campaign's product pictures come from: drawn from words, a photo, or the library."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from studio import imaging
from studio.errors import InputError, StudioError
from studio.request import GenerationRequest, Recipe

if TYPE_CHECKING:
    from studio.service import Studio

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
    """The bytes of a photo and their sha256. Raises InputError where it can't be read or is larger than `limit`."""
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


def darkroom_of(studio: Studio) -> Darkroom:
    """The darkroom of a studio. What is drawn is kept in its library."""

    def draw(prompt: str, seed: int) -> Picture:
        (saved,) = studio.generate(GenerationRequest(prompt=prompt, count=1, seed=seed))
        return _of_recipe(saved.image, saved.recipe, saved.sha256)

    def kept(sha256: str) -> Picture:
        path, recipe = studio.library.path(sha256), studio.library.recipe(sha256)
        if path is None or recipe is None:
            raise InputError(f"The library has no picture {sha256[:12]}.", "Choose another.")
        data, _ = read_photo(path, studio.settings.max_upload_bytes)
        return _of_recipe(imaging.decode(data), recipe, sha256)

    def missing(image: Image.Image) -> Image.Image:
        raise StudioError("There is no network that finds the product.", "Install the studio again.")

    return Darkroom(
        draw=draw,
        kept=kept,
        product_mask=getattr(studio, "product_mask", missing),
        read=studio.prompts.known,
        model=studio.settings.backend,
        upscale=getattr(studio, "upscale", None),
        max_bytes=studio.settings.max_upload_bytes,
    )


def _of_recipe(image: Image.Image, recipe: Recipe, sha256: str) -> Picture:
    """A picture that the studio made; it is a concept unless it was made of a photo."""
    return Picture(
        image=image,
        concept=not getattr(recipe, "photo", False),
        attributes=recipe.attributes,
        origin={
            "prompt": recipe.prompt,
            "seed": recipe.seed,
            "model": recipe.model,
            "model_sha256": recipe.model_sha256,
            "sha256": sha256,
        },
    )
