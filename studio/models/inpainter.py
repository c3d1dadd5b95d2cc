"""The inpainter: a photo with a hole in, the photo with the hole filled out.

A smooth fill carries the colours in from the rim; a U-Net with attention adds what the fill lacks. Its last layer
starts at zero, so that it begins with the fill and can only get better than that.
"""

from __future__ import annotations

from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .layers import UNet, convolution
from .weights import Saved, load_weights

#: Channels at 1/2, 1/4, 1/8 and 1/16 of the picture; both sides of what it is given are multiples of `MULTIPLE`.
WIDTHS = (64, 96, 128, 160)
BLOCKS = (1, 2, 1)
MULTIPLE = 16
#: Of the smooth fill at each scale.
SWEEPS = 4
#: Pixels: of the thickest hole that is filled at its own size, of the squares that are filled one after the other, and
#: of what is seen round them.
THICKEST, TILE, ROUND = 128, 256, 128


def smooth_fill(image: Tensor, mask: Tensor, sweeps: int = SWEEPS) -> Tensor:
    """The image [n, 3, h, w] with the hole (mask [n, 1, h, w], 1 = hole) filled from its rim, smoothly.

    Solves Laplace's equation in the hole, coarse to fine: at each scale what is unknown begins with the scale above
    and becomes the mean of its neighbours, `sweeps` times. Where nothing at all is known it is grey.
    """
    values, known = image * (1 - mask), 1 - mask
    levels: list[tuple[Tensor, Tensor]] = []
    while True:
        levels.append((values / known.clamp(min=1e-6), known == 0))
        if max(values.shape[-2:]) == 1:
            break
        values, known = (F.avg_pool2d(each, 2, ceil_mode=True, count_include_pad=False) for each in (values, known))
    filled = levels[-1][0]
    for values, unknown in reversed(levels[:-1]):
        coarse = F.interpolate(filled, size=values.shape[-2:], mode="bilinear", align_corners=False)
        filled = torch.where(unknown, coarse, values)
        for _ in range(sweeps):
            padded = F.pad(filled, (1, 1, 1, 1), mode="replicate")
            beside = padded[..., 1:-1, :-2] + padded[..., 1:-1, 2:] + padded[..., :-2, 1:-1] + padded[..., 2:, 1:-1]
            filled = torch.where(unknown, beside / 4, filled)
    return filled


class Inpainter(nn.Module):
    """[n, 3, h, w] in -1..1 and a hole [n, 1, h, w] of 0 and 1 to the whole picture; what is outside stays as it is."""

    def __init__(self) -> None:
        super().__init__()
        self.enter = convolution(16, WIDTHS[0], 3)
        self.body = UNet(WIDTHS, BLOCKS, middle=2)
        self.leave = convolution(WIDTHS[0], 12, 3, gain=0)

    def forward(self, image: Tensor, mask: Tensor) -> Tensor:
        base = smooth_fill(image, mask)
        h = self.enter(F.pixel_unshuffle(torch.cat([base, 2 * mask - 1], dim=1), 2))
        missing = F.pixel_shuffle(self.leave(F.relu(self.body(h, 1 - mask))), 2)
        return torch.where(mask > 0, base + missing, image)


@torch.inference_mode()
def fill(inpainter: Inpainter, image: Tensor, mask: Tensor) -> Tensor:
    """The image [3, h, w] in -1..1, of any size, with the hole (mask [1, h, w] of 0 and 1, 1 = hole) filled.

    What is outside the hole is returned as it is, bit by bit. Squares of `TILE` are filled one after the other, and
    what is filled is known to the next, so that memory and time follow the hole and not the photo. Where the hole is
    thicker than the network was ever shown, it is filled on a smaller picture, and the result enlarged.
    """
    hole = mask > 0
    if not hole.any():
        return image.clone()
    top, left, bottom, right = _round_about(hole, 1)
    scale = min(1.0, THICKEST / thickness(hole[:, top:bottom, left:right]))
    top, left, bottom, right = _round_about(hole, round(ROUND / scale))
    part, hole = image[:, top:bottom, left:right], hole[:, top:bottom, left:right]
    if scale < 1:
        filled = _filled_small(inpainter, part, hole, scale)
    else:
        filled = _filled(inpainter, part, hole)
    whole = image.clone()
    whole[:, top:bottom, left:right] = torch.where(hole, filled.clamp(-1, 1), part)
    return whole


def _filled_small(inpainter: Inpainter, image: Tensor, hole: Tensor, scale: float) -> Tensor:
    """What is known is averaged over without the hole, which would bleed into it."""
    size = tuple(max(MULTIPLE, round(each * scale)) for each in hole.shape[1:])
    known = (~hole).float()

    def smaller(x: Tensor) -> Tensor:
        return F.interpolate(x[None], size=size, mode="bilinear", align_corners=False, antialias=True)[0]

    share = smaller(known)
    small = torch.where(share > 0, smaller(image * known) / share.clamp(min=1e-6), torch.zeros(()))
    filled = _filled(inpainter, small, share < 0.5)
    return F.interpolate(filled[None], size=hole.shape[1:], mode="bicubic", align_corners=False)[0]


def _filled(inpainter: Inpainter, image: Tensor, hole: Tensor) -> Tensor:
    """Square by square, at the size of the image."""
    image, hole = image.clone(), hole.clone()
    _, height, width = hole.shape
    for y in range(0, height, TILE):
        for x in range(0, width, TILE):
            if not hole[:, y : y + TILE, x : x + TILE].any():
                continue
            top, left = max(y - ROUND, 0), max(x - ROUND, 0)
            seen = (slice(None), slice(top, y + TILE + ROUND), slice(left, x + TILE + ROUND))
            filled = _once(inpainter, image[seen], hole[seen])
            inner = (slice(None), slice(y - top, y - top + TILE), slice(x - left, x - left + TILE))
            square = (slice(None), slice(y, y + TILE), slice(x, x + TILE))
            image[square] = filled[inner]
            hole[square] = False
    return image


def _once(inpainter: Inpainter, image: Tensor, hole: Tensor) -> Tensor:
    _, height, width = hole.shape
    padding = (0, -width % MULTIPLE, 0, -height % MULTIPLE)
    padded = F.pad(image[None], padding, mode="replicate").contiguous(memory_format=torch.channels_last)
    return inpainter(padded, F.pad(hole[None].float(), padding, value=1))[0, :, :height, :width].clamp(-1, 1)


def thickness(hole: Tensor) -> float:
    """Twice how far the innermost pixel of a hole [1, h, w] is from its rim, in pixels, roughly; the border of the
    picture is no rim."""
    eaten, step, thickness = hole[None].float(), 1, 0
    while eaten.any() and thickness < 2 * max(hole.shape):  # one over everything has no rim
        thickness += 2 * step
        eaten = 1 - F.max_pool2d(1 - eaten, 3, stride=1, padding=1)
        if thickness >= 16 * step and max(eaten.shape[2:]) > 64:
            # Half the size is enough for how thick a thick one is.
            eaten, step = F.max_pool2d(eaten, 2, ceil_mode=True), 2 * step
    return float(thickness)


def _round_about(hole: Tensor, margin: int) -> tuple[int, int, int, int]:
    """Top, left, bottom and right of what holds the hole, and a margin round it."""
    rows, columns = hole[0].any(1).nonzero(), hole[0].any(0).nonzero()
    top, bottom = int(rows[0]) - margin, int(rows[-1]) + 1 + margin
    left, right = int(columns[0]) - margin, int(columns[-1]) + 1 + margin
    return max(top, 0), max(left, 0), min(bottom, hole.shape[1]), min(right, hole.shape[2])


def load_inpainter(path: Path) -> Saved[Inpainter]:
    """Reads an inpainter. Raises SnapshotError where it is missing, damaged or of another version."""
    return load_weights(path, Inpainter(), called="inpainter")
