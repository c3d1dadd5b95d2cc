"""Squares cut from pictures, and how light and cameras change them."""

# torch's types leave much open.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from __future__ import annotations

import random
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor


def random_crops(sets: Sequence[Tensor], count: int, size: int, rng: random.Random) -> Tensor:
    """Squares of `size` as floats [count, 3, size, size] in -1..1, of any of the sets with pictures that are as large.

    `sets` hold uint8 pictures [n, 3, side, side], each of a side of its own; a set counts by its number of pictures.
    """
    large = [each for each in sets if each.shape[-1] >= size]
    chosen = rng.choices(large, [len(each) for each in large], k=count)
    return torch.stack([random_crop(each[rng.randrange(len(each))], size, rng) for each in chosen]).float() / 127.5 - 1


def random_crop(image: Tensor, size: int, rng: random.Random) -> Tensor:
    """A square of `size` of a picture, at its own scale or, where it is large enough, at half of it; maybe mirrored."""
    if image.shape[-1] >= 2 * size and rng.random() < 0.5:
        image = F.avg_pool2d(image.float(), 2).round().byte()
    y, x = (rng.randint(0, image.shape[-1] - size) for _ in range(2))
    square = image[:, y : y + size, x : x + size]
    return square.flip(2) if rng.random() < 0.5 else square
