"""Masks: PIL L, 0..255 with soft edges. 255 is the product in a product mask, and what is repainted in an edit."""

# scipy is typed in part.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter, ImageOps
from scipy.ndimage import distance_transform_edt

from studio.errors import InputError
from studio.imaging import check_mask

#: Left, top, right and bottom in pixels; right and bottom are outside.
Box = tuple[int, int, int, int]

_HALF = 128


def of_size(mask: Image.Image, image: Image.Image) -> Image.Image:
    """The mask as L. Raises InputError where its size isn't the image's."""
    check_mask(mask, image.size)
    return mask if mask.mode == "L" else mask.convert("L")


def required(mask: Image.Image, image: Image.Image) -> Image.Image:
    """The mask as L, for an edit that needs something inside it and something outside.

    Raises InputError for an image or a mask with which nothing can be done.
    """
    if min(image.size) < 2:
        raise InputError(
            f"This image has {image.width} x {image.height} pixels: there is nothing to edit.", "Choose a larger one."
        )
    mask = of_size(mask, image)
    low, high = _extrema(mask)
    if high == 0:
        raise InputError("The mask covers nothing.", "Mark what is to change.")
    if low == 255:
        raise InputError("The mask covers the whole image: nothing would be left of it.", "Leave a part unmarked.")
    return mask


def invert(mask: Image.Image) -> Image.Image:
    return ImageOps.invert(mask)


def threshold(mask: Image.Image, level: int = _HALF) -> Image.Image:
    """255 where the mask is at least `level`, 0 elsewhere."""
    return mask.point([255 * (value >= level) for value in range(256)])


def inside(mask: Image.Image) -> Image.Image:
    """255 where the mask is full, 0 elsewhere: the pixels of a product that are certainly its own."""
    return threshold(mask, 255)


def outside(mask: Image.Image) -> Image.Image:
    """255 where the mask is 0, 0 elsewhere: the pixels that an edit must leave alone."""
    return mask.point([255 * (value == 0) for value in range(256)])


def grow(mask: Image.Image, pixels: float) -> Image.Image:
    """The mask grown by a disc of that radius; negative values shrink it. The edge of the picture stays open."""
    if pixels < 0:
        return invert(grow(invert(mask), -pixels))
    box = threshold(mask).getbbox()
    if pixels == 0 or box is None:
        return mask.copy()
    # Distances are float64: only near the mask, so that a small one on a large photo costs little.
    reach = math.ceil(pixels) + 1
    near = _grown_box(box, reach, mask.size)
    part = np.asarray(mask.crop(near))
    away: NDArray[np.floating[Any]] = distance_transform_edt(part < _HALF)  # pyright: ignore[reportAssignmentType]
    edge = np.clip(np.float32(pixels + 1) - away.astype(np.float32), 0, 1) * 255
    grown = mask.copy()
    grown.paste(Image.fromarray(np.maximum(part, edge.round().astype(np.uint8))), near[:2])
    return grown


def feather(mask: Image.Image, pixels: float) -> Image.Image:
    """The mask with an edge that is soft over about `pixels` on either side."""
    if pixels <= 0:
        return mask.copy()
    return blurred(mask, pixels / 2)


def blurred(image: Image.Image, radius: float) -> Image.Image:
    """A Gaussian blur of that standard deviation in pixels, as three box blurs: as fast for any radius."""
    return image.filter(ImageFilter.GaussianBlur(radius))


def floats(mask: Image.Image) -> NDArray[np.floating[Any]]:
    """The mask as float32 [height, width] in 0..1."""
    return np.asarray(mask, dtype=np.float32) / 255


def _grown_box(box: Box, by: int, size: tuple[int, int]) -> Box:
    left, top, right, bottom = box
    return max(left - by, 0), max(top - by, 0), min(right + by, size[0]), min(bottom + by, size[1])


def _extrema(mask: Image.Image) -> tuple[int, int]:
    low, high = mask.getextrema()
    return int(low), int(high)  # type: ignore[arg-type]
