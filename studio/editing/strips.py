"""Large images in strips of rows, or in small, so that floats of the whole image are never in memory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from studio.editing.masks import Box

ROWS = 256


def strips_of(size: tuple[int, int]) -> Iterator[Box]:
    """The strips of an image of a size, from the top."""
    for top in range(0, size[1], ROWS):
        yield 0, top, size[0], min(top + ROWS, size[1])


def small_of(image: Image.Image, side: int) -> Image.Image:
    """A copy of an image to measure on, neither side longer than `side` pixels."""
    small = image.copy()
    small.thumbnail((side, side), Image.Resampling.BOX, reducing_gap=2.0)
    return small


def rows_of(small: Image.Image, size: tuple[int, int], strip: Box) -> NDArray[np.floating[Any]]:
    """A strip of a small image in mode F that is scaled to a size; strips fit together."""
    scale = small.height / size[1]
    box = (0, strip[1] * scale, small.width, strip[3] * scale)
    return np.asarray(small.resize((size[0], strip[3] - strip[1]), Image.Resampling.BICUBIC, box=box))
