"""The recipe inside a PNG: how an image was made travels with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from studio import imaging
from studio.errors import InputError
from studio.request import Recipe

if TYPE_CHECKING:
    from PIL import Image

KEY = "studio-recipe"  # keyword of the iTXt chunk
MAX_RECIPE_BYTES = 64 * 1024


def to_png(image: Image.Image, recipe: Recipe) -> bytes:
    """PNG bytes of `image` with its recipe inside."""
    return imaging.to_png(image, {KEY: recipe.to_json()})


def read_recipe(data: bytes) -> Recipe:
    """The recipe in an untrusted file; raises InputError where there is none or it is damaged."""
    text = imaging.open_header(data).info.get(KEY)
    if not isinstance(text, str):
        raise InputError(
            "There is no recipe in this file.",
            "Only a PNG as the studio saved it has one; many programs drop it when they save an image again.",
        )
    if len(text) > MAX_RECIPE_BYTES:
        raise InputError("The recipe in this file is too long to be one of the studio's.")
    return Recipe.from_json(text)
