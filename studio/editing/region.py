"""Inpainting at any size: which part of a photo a network sees, and how what it painted comes back into the photo.

A network works at a side of its own. For each group of holes `regions` gives a square-ish crop with some context, at
the photo's own resolution where the hole is small and scaled down where it is large; `repaint` scales what was painted
up, matches it to the photo along the seam and lays it on. Pixels where the mask is 0 come back byte for byte.
"""

# scipy is typed in part.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import binary_dilation, find_objects, label, maximum_filter, minimum_filter, uniform_filter

from studio.editing.masks import Box, required
from studio.editing.membrane import Pixels, membrane

#: Paints a crop (RGB) where the hole (L, 0 or 255) is; gives back an RGB image of the same size.
Paint = Callable[[Image.Image, Image.Image], Image.Image]

_CELLS = 512  # holes are found on a grid of at most so many cells a side
_STRIP = 256  # rows that are blended at once
_SEAM = 192  # side of the grid on which the seam is matched
_RING = 2  # cells beside the hole that say how far the patch is off
_FEATHER = 2  # pixels inside the hole over which the photo turns into the patch

_ANYTHING = [0] + [255] * 255  # for `Image.point`: 255 where a mask isn't 0
_NEIGHBOURS = np.ones((3, 3), bool)


@dataclass(frozen=True, kw_only=True)
class Region:
    """A part of a photo that a network sees at once."""

    #: Where it is in the photo.
    box: Box
    #: Width and height at which the network sees it, never larger than the box and at most the network's side.
    size: tuple[int, int]
    #: L, as large as the box: the holes that are filled in this region. Others that it shows belong to other regions.
    mask: Image.Image


def regions(mask: Image.Image, *, side: int, context: float = 0.5) -> tuple[Region, ...]:
    """The regions that fill the holes of a mask (L, above 0 = repaint), from the top.

    `side` is the network's, in pixels. `context` is what is seen on every side of a hole, as a share of its longer
    side; small holes get as much as fits in `side`. Far-apart holes are regions of their own, near ones share one where
    that doesn't make it coarser. An empty mask has none.
    """
    cell = max(1, math.ceil(max(mask.size) / _CELLS))
    cells = _largest(np.asarray(mask), cell) > 0
    numbered: tuple[NDArray[np.int32], int] = label(binary_dilation(cells, _NEIGHBOURS), _NEIGHBOURS)  # pyright: ignore[reportAssignmentType]
    labels = np.where(cells, numbered[0], 0)
    groups: list[tuple[Box, list[int]]] = []
    for number, place in enumerate(find_objects(labels), start=1):
        if place is not None:
            rows, columns = place
            box = (columns.start * cell, rows.start * cell, columns.stop * cell, rows.stop * cell)
            groups.append((_exact(mask, box), [number]))
    return tuple(
        _region(mask, labels, cell, hole, numbers, side, context)
        for hole, numbers in _merged(groups, mask.size, side, context)
    )


def cut(image: Image.Image, region: Region) -> Image.Image:
    """What the network sees of an RGB image."""
    return image.crop(region.box) if region.size == _size(region.box) else _shrunk(image, region)


def cut_mask(mask: Image.Image, region: Region) -> Image.Image:
    """The holes in what the network sees, those of other regions, too: L, 255 wherever a pixel is not wholly known."""
    return _holes(mask.crop(region.box), region.size)


def repaint(image: Image.Image, mask: Image.Image, paint: Paint, *, side: int, context: float = 0.5) -> Image.Image:
    """Fills the holes of an RGB image of any size region by region; each region sees what was filled before it.

    `mask` (L) is 255 where the image is repainted, softer where it is blended, and 0 where it stays byte for byte.
    `paint` should give back what its network says outside of the hole, too: by that the seam is matched. Raises
    InputError for a mask that covers nothing or everything or has another size, and for images of one pixel.
    """
    remaining = required(mask, image).copy()
    filled = image.copy()
    for region in regions(remaining, side=side, context=context):
        patch = paint(cut(filled, region), cut_mask(remaining, region))
        _lay(filled, patch, region.mask, region.box)
        remaining.paste(0, region.box[:2], region.mask.point(_ANYTHING))
    return filled


def _lay(image: Image.Image, patch: Image.Image, mask: Image.Image, box: Box) -> None:
    """Lays a painted patch (RGB, any size) on the box of an RGB image where the mask (L, the box's size) says.

    Along the hole the patch is moved to the colours that the photo has there; the correction fades smoothly into the
    hole (a membrane, as in Pérez et al. 2003, "Poisson image editing", on a coarse grid). Soft values of the mask mix
    the two; pixels where it is 0 are those of the image.
    """
    crop = image.crop(box)
    correction = _correction(crop, patch, mask)
    for top in range(0, crop.height, _STRIP):
        bottom = min(top + _STRIP, crop.height)
        # A few rows more on either side, so that edges are as soft as if all were done at once.
        above, below = max(top - 3 * _FEATHER, 0), min(bottom + 3 * _FEATHER, crop.height)
        alpha = _alpha(np.asarray(mask.crop((0, above, crop.width, below))))[top - above : bottom - above, :, None]
        if not alpha.any():
            continue
        strip = crop.crop((0, top, crop.width, bottom))
        source = np.asarray(strip, dtype=np.float32)
        painted = np.asarray(_stretched(patch, crop.size, top, bottom), dtype=np.float32)
        for channel in range(3):
            painted[..., channel] += np.asarray(_stretched(correction[channel], crop.size, top, bottom))
        mixed = np.where(alpha > 0, source + alpha * (painted - source), source)
        mixed = np.clip(mixed.round(), 0, 255).astype(np.uint8)
        image.paste(Image.fromarray(mixed), (box[0], box[1] + top))


def _alpha(mask: NDArray[np.uint8]) -> Pixels:
    """How much of the patch is seen, 0..1: the mask, with a soft edge inside of it where it isn't thinner than that."""
    width = 2 * _FEATHER + 1
    core = minimum_filter(mask, width, mode="nearest")
    thick = maximum_filter(core, width, mode="nearest").astype(np.float32)
    softer = uniform_filter(core.astype(np.float32), width, mode="nearest")
    return (mask - thick + np.minimum(softer, thick)) / 255


def _holes(mask: Image.Image, size: tuple[int, int]) -> Image.Image:
    """L, 255 wherever a pixel of that size has anything of the mask in it."""
    hole = mask.point(_ANYTHING)
    if size == hole.size:
        return hole
    # In 8 bit a pixel of some hundreds would be rounded away.
    shares = np.asarray(hole.convert("F").resize(size, Image.Resampling.BOX))
    return Image.fromarray(np.where(shares > 0, 255, 0).astype(np.uint8))


def _stretched(image: Image.Image, size: tuple[int, int], top: int, bottom: int) -> Image.Image:
    """Rows top .. bottom of an image scaled to a size."""
    if image.size == size:
        return image.crop((0, top, size[0], bottom))
    scale = image.height / size[1]
    return image.resize(
        (size[0], bottom - top), Image.Resampling.BICUBIC, box=(0, top * scale, image.width, bottom * scale)
    )


def _correction(crop: Image.Image, patch: Image.Image, mask: Image.Image) -> list[Image.Image]:
    """By how much the patch is off in each channel, smooth, as small images (mode F, in 0..255)."""
    scale = min(1.0, _SEAM / max(crop.size))
    size = (max(1, round(crop.width * scale)), max(1, round(crop.height * scale)))
    small, painted = (
        np.asarray(image.convert("RGB").resize(size, Image.Resampling.BOX), dtype=np.float32) for image in (crop, patch)
    )
    hole = np.asarray(_holes(mask, size)) > 0
    near: NDArray[np.bool_] = binary_dilation(hole, _NEIGHBOURS, iterations=_RING)  # pyright: ignore[reportAssignmentType]
    seam = near & ~hole
    smooth = membrane(small - painted, seam)
    return [Image.fromarray(np.ascontiguousarray(smooth[..., channel])) for channel in range(3)]


def _largest(values: NDArray[np.uint8], cell: int) -> NDArray[np.uint8]:
    """The largest value in every cell of `cell` x `cell` pixels."""
    if cell == 1:
        return values
    for axis in (0, 1):
        values = np.maximum.reduceat(values, np.arange(0, values.shape[axis], cell), axis=axis)
    return values


def _exact(mask: Image.Image, box: Box) -> Box:
    """The box round what is not 0 inside of a box."""
    left, top, _, _ = box
    inner = mask.crop(box).getbbox() or (0, 0, *_size(box))
    return left + inner[0], top + inner[1], left + inner[2], top + inner[3]


def _merged(
    groups: list[tuple[Box, list[int]]], size: tuple[int, int], side: int, context: float
) -> list[tuple[Box, list[int]]]:
    """Joins holes as long as the crop of both is seen as finely as that of the larger one."""
    merged: list[tuple[Box, list[int]]] = []
    for group in sorted(groups, key=lambda each: (each[0][1], each[0][0])):
        hole, numbers = group
        again = True
        while again:
            again = False
            for index, (other, others) in enumerate(merged):
                both = _around(hole, other)
                finest = max(side, *(max(_size(_crop(each, size, side, context))) for each in (hole, other)))
                if max(_size(_crop(both, size, side, context))) <= finest:
                    hole, numbers, again = both, [*others, *numbers], True
                    del merged[index]
                    break
        merged.append((hole, numbers))
    return merged


def _around(first: Box, second: Box) -> Box:
    left, top, right, bottom = zip(first, second, strict=True)
    return min(left), min(top), max(right), max(bottom)


def _crop(hole: Box, size: tuple[int, int], side: int, context: float) -> Box:
    """The square round a hole with its context, cut off where it doesn't fit into an image of that size."""
    left, top, right, bottom = hole
    span = max(side, math.ceil(max(right - left, bottom - top) * (1 + 2 * context)))
    along = [_span(low, high, span, end) for low, high, end in ((left, right, size[0]), (top, bottom, size[1]))]
    return along[0][0], along[1][0], along[0][1], along[1][1]


def _span(low: int, high: int, length: int, end: int) -> tuple[int, int]:
    """So much of 0 .. end round low .. high, moved inside."""
    length = min(length, end)
    begin = min(max((low + high - length) // 2, 0), end - length)
    return begin, begin + length


def _region(
    mask: Image.Image,
    labels: NDArray[np.int32],
    cell: int,
    hole: Box,
    numbers: list[int],
    side: int,
    context: float,
) -> Region:
    box = _crop(hole, mask.size, side, context)
    left, top, right, bottom = box
    rows, columns = (np.arange(begin, end) // cell for begin, end in ((top, bottom), (left, right)))
    own = np.isin(labels, numbers)[rows][:, columns]
    scale = min(1.0, side / max(_size(box)))
    size = (max(1, round((right - left) * scale)), max(1, round((bottom - top) * scale)))
    return Region(box=box, size=size, mask=Image.fromarray(np.asarray(mask.crop(box)) * own))


def _shrunk(image: Image.Image, region: Region) -> Image.Image:
    return image.resize(region.size, Image.Resampling.LANCZOS, box=region.box, reducing_gap=3.0)


def _size(box: Box) -> tuple[int, int]:
    return box[2] - box[0], box[3] - box[1]
