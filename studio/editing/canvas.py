"""A larger canvas round a photo, for a network to paint what is beyond its edges."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from studio.editing.masks import Box, blurred
from studio.errors import InputError
from studio.imaging import MAX_PIXELS

_SAME = 0.005  # relative difference of two aspects that nobody sees
_LONGEST = 8.0  # no canvas is that many times longer than wide


@dataclass(frozen=True, kw_only=True)
class Extended:
    """A photo on a larger canvas, at its own resolution."""

    #: RGB. What is new is a blurred mirror image of the photo, for networks that begin with something.
    image: Image.Image
    #: L, 255 where there was nothing; all else is the photo.
    mask: Image.Image
    #: Where the photo lies.
    box: Box


def extend(image: Image.Image, aspect: tuple[float, float], *, anchor: tuple[float, float] = (0.5, 0.5)) -> Extended:
    """Puts an RGB image on the smallest canvas with that aspect (width, height) that holds it.

    `anchor` says where on it, 0 left or top, 1 right or bottom. Raises InputError where the image has the aspect
    already, and where the canvas would be too long or larger than 40 megapixels.
    """
    wide, high = aspect
    if not (wide > 0 and high > 0 and math.isfinite(wide / high)) or max(wide / high, high / wide) > _LONGEST:
        raise InputError(f"A canvas can't have the aspect {wide:g}:{high:g}.", "Give one such as 4:5, 1:1 or 16:9.")
    ratio = wide / high
    width, height = image.width, max(image.height, round(image.width / ratio))
    if height == image.height:
        width = max(image.width, round(image.height * ratio))
    if (width, height) == image.size or abs(image.width / image.height / ratio - 1) < _SAME:
        raise InputError(f"This image has the aspect {wide:g}:{high:g} already.", "Choose another one.")
    if width * height > MAX_PIXELS:
        raise InputError(
            f"The canvas would have {width} x {height} pixels; at most 40 megapixels can be made.",
            "Make the image smaller first.",
        )
    left, top = (round((new - old) * at) for new, old, at in zip((width, height), image.size, anchor, strict=True))
    box = (left, top, left + image.width, top + image.height)
    canvas = _surroundings(image, (width, height), (left, top))
    canvas.paste(image, (left, top))
    mask = Image.new("L", (width, height), 255)
    mask.paste(0, box)
    return Extended(image=canvas, mask=mask, box=box)


def _surroundings(image: Image.Image, size: tuple[int, int], origin: tuple[int, int]) -> Image.Image:
    """The image mirrored at its edges as often as it takes, blurred: colours that fit, and nothing to recognise."""
    scale = min(1.0, 256 / max(image.size))
    small = image.resize([max(1, round(side * scale)) for side in image.size], Image.Resampling.BOX)
    pixels = np.asarray(small)
    across, down = (
        mirrored((np.arange(math.ceil(new * scale)) - begin * scale).astype(int), count)
        for new, begin, count in zip(size, origin, small.size, strict=True)
    )
    wide = Image.fromarray(pixels[down][:, across])
    return blurred(wide, max(wide.size) / 50).resize(size, Image.Resampling.BICUBIC)


def mirrored(places: NDArray[np.int_], count: int) -> NDArray[np.int_]:
    """Places on an endless line, folded into 0 .. count - 1."""
    folded = np.mod(places, 2 * count)
    return np.where(folded < count, folded, 2 * count - 1 - folded)
