"""The upscaler: a picture at twice the size, sharper than interpolation makes it.

It adds to a bicubic picture what that lacks (Kim et al. 2016), worked out at the small size and laid out by pixel
shuffle (Shi et al. 2016). Its last layer starts at zero.
"""

from __future__ import annotations

from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .layers import Block, convolution
from .weights import Saved, load_weights

WIDTH = 64
BLOCKS = 6
#: How many pixels away one can be that has a say in what a pixel becomes: a tile with such a margin is like the whole.
REACH = 2 * BLOCKS + 2
TILE = 256  # pixels along a side, of the small picture


class Upscaler(nn.Module):
    """[n, 3, h, w] in -1..1 to [n, 3, 2h, 2w], which may be a little outside of -1..1."""

    def __init__(self) -> None:
        super().__init__()
        self.enter = convolution(3, WIDTH, 3)
        self.body = nn.Sequential(*(Block(WIDTH) for _ in range(BLOCKS)))
        self.leave = convolution(WIDTH, 12, 3, gain=0)

    def forward(self, image: Tensor) -> Tensor:
        h = self.enter(image)
        missing = F.pixel_shuffle(self.leave(F.relu(h + self.body(h))), 2)
        return enlarged(image) + missing


def enlarged(image: Tensor) -> Tensor:
    """[n, 3, h, w] to [n, 3, 2h, 2w], bicubic."""
    return F.interpolate(image, scale_factor=2, mode="bicubic", align_corners=False)


@torch.inference_mode()
def upscale(upscaler: Upscaler, image: Tensor, factor: int, *, tile: int = TILE) -> Tensor:
    """[3, h, w] in -1..1 of any size to [3, factor h, factor w] in -1..1; `factor` is 2, or 4, which is twice 2.

    It goes tile by tile, so that memory holds little more than the result; tiles overlap by `REACH`, and the result
    does not show where they met.

    Raises:
        ValueError: another factor.
    """
    if factor not in (2, 4):
        raise ValueError(f"A factor of 2 or 4, not {factor}.")
    if factor == 4:
        return upscale(upscaler, upscale(upscaler, image, 2, tile=tile), 2, tile=tile)
    _, height, width = image.shape
    larger = image.new_empty(3, 2 * height, 2 * width)
    for top in range(0, height, tile):
        for left in range(0, width, tile):
            bottom, right = min(top + tile, height), min(left + tile, width)
            y, x = max(top - REACH, 0), max(left - REACH, 0)
            piece = image[None, :, y : bottom + REACH, x : right + REACH]
            done = upscaler(piece.contiguous(memory_format=torch.channels_last))[0].clamp(-1, 1)
            inner = done[:, 2 * (top - y) : 2 * (bottom - y), 2 * (left - x) : 2 * (right - x)]
            larger[:, 2 * top : 2 * bottom, 2 * left : 2 * right] = inner
    return larger


def load_upscaler(path: Path) -> Saved[Upscaler]:
    """Reads an upscaler. Raises SnapshotError where it is missing, damaged or of another version."""
    return load_weights(path, Upscaler(), called="upscaler")
