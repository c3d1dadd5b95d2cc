"""Augmentation of what the discriminator sees: moved and cut out, never flipped or recoloured.

Flips and hue shifts would blind it to left and right and to colour, which prompts speak of.
"""

from __future__ import annotations

import torch
from torch import Tensor


def augment(real: Tensor, fake: Tensor, seed: int) -> tuple[Tensor, Tensor]:
    """Moves both by the same few pixels and cuts the same square out of both (DiffAugment, Zhao et al. 2020).

    Images [n, 3, size, size]. The same change for a pair keeps the features of fake and real comparable.
    """
    generator = torch.Generator().manual_seed(seed)
    size = real.shape[-1]
    reach = size // 16
    dx, dy = (int(torch.randint(-reach, reach + 1, (), generator=generator)) for _ in range(2))
    moved = [torch.roll(image, (dy, dx), dims=(2, 3)) for image in (real, fake)]
    if torch.rand((), generator=generator) < 0.5:
        side = size // 3
        x, y = (int(torch.randint(0, size - side, (), generator=generator)) for _ in range(2))
        keep = torch.ones_like(real[:1, :1])
        keep[..., y : y + side, x : x + side] = 0
        moved = [image * keep for image in moved]
    return moved[0], moved[1]
