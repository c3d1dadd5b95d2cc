"""The product mask: a picture, and where the product is in it.

A U-Net with attention looks at the picture at 256 pixels; what the picture's own colours say is added; a guided filter
takes it to the picture's size and edges. Clicks reach the network as discs in two more channels.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .colour_model import by_colour
from .guided_filter import guided
from .layers import UNet, convolution
from .weights import Saved, load_weights

#: Channels at 1/2, 1/4, 1/8, 1/16 and 1/32 of the picture; both sides of what it is given are multiples of `MULTIPLE`.
WIDTHS = (32, 64, 96, 128, 192)
BLOCKS = (1, 1, 1, 1)
MULTIPLE = 32
SIZE = 256  # of the longer side that the network looks at
DISC = 6  # pixels of that, the radius of a click
#: How much the colours of the picture count. With earlier weights IoU was on 24 real photos 0.898 with 0, 0.921 with 1,
#: 0.925 with 1.5 and 0.928 with 2.5, on renders 0.908, 0.905 and 0.902 with 0, 1 and 1.5.
COLOUR = 1.5
#: Of the guided filter: the longer side of the picture that edges are looked for in, and its own settings there.
GUIDE = 1024
RADIUS = 6
EPSILON = 4e-4  # of colours in -1..1

#: The network is seldom wholly sure, and what is done to a product needs to know: beyond these shares a pixel is all
#: product or none of it, and edges are soft in between.
LOW, HIGH = 0.24, 0.76

#: A place in a picture, (x, y) from its left upper corner as shares of its width and height.
Place = tuple[float, float]


class ProductMask(nn.Module):
    """[n, 3, h, w] in -1..1 and clicks [n, 2, h, w] of 0 and 1 (on the product; beside it) to logits [n, 1, h, w]."""

    def __init__(self) -> None:
        super().__init__()
        self.enter = convolution(20, WIDTHS[0], 3)
        self.body = UNet(WIDTHS, BLOCKS, middle=2)
        self.leave = convolution(WIDTHS[0], 4, 3, gain=0)

    def forward(self, image: Tensor, clicks: Tensor) -> Tensor:
        h = self.enter(F.pixel_unshuffle(torch.cat([image, clicks], dim=1), 2))
        return F.pixel_shuffle(self.leave(F.relu(self.body(h))), 2)


@torch.inference_mode()
def product_mask(
    network: ProductMask, image: Tensor, include: Sequence[Place] = (), exclude: Sequence[Place] = ()
) -> Tensor:
    """How much of every pixel is product: [3, h, w] in -1..1 of any size to [1, h, w] in 0..1.

    `include` are places on the product, `exclude` places beside it, where a user clicked.
    """
    seen = _with_longer_side(image, SIZE)
    _, height, width = seen.shape
    clicks = torch.stack([discs(places, height, width) for places in (include, exclude)])
    padding = (0, -width % MULTIPLE, 0, -height % MULTIPLE)
    given = (F.pad(each[None], padding, mode="replicate") for each in (seen, clicks))
    return finished(image, by_colour(seen, network(*given)[0, :, :height, :width], COLOUR))


def finished(image: Tensor, rough: Tensor) -> Tensor:
    """A rough mask [1, h, w] in 0..1 of a picture [3, H, W] at its size, with its edges: soft there, sure elsewhere."""
    guide = _with_longer_side(image, min(GUIDE, max(image.shape[1:])))
    rough = F.interpolate(rough[None], size=guide.shape[1:], mode="bilinear", align_corners=False)[0]
    alpha = guided(guide, rough, image, radius=RADIUS, epsilon=EPSILON)
    return ((alpha - LOW) / (HIGH - LOW)).clamp_(0, 1)


def discs(places: Sequence[Place], height: int, width: int, radius: float = DISC) -> Tensor:
    """1 round each of the places, 0 elsewhere: [height, width]."""
    y, x = torch.arange(height)[:, None] + 0.5, torch.arange(width)[None] + 0.5
    found = torch.zeros(height, width)
    for across, down in places:
        found[(x - across * width) ** 2 + (y - down * height) ** 2 <= radius**2] = 1
    return found


def _with_longer_side(image: Tensor, side: int) -> Tensor:
    height, width = image.shape[1:]
    if max(height, width) == side:
        return image
    scale = side / max(height, width)
    size = max(1, round(height * scale)), max(1, round(width * scale))
    return F.interpolate(image[None], size=size, mode="bilinear", align_corners=False, antialias=True)[0]


def load_product_mask(path: Path) -> Saved[ProductMask]:
    """Reads a network. Raises SnapshotError where it is missing, damaged or of another version."""
    return load_weights(path, ProductMask(), called="network for product masks")
