"""Augmentation of what the discriminator sees: moved and cut out, never flipped or recoloured.

Flips and hue shifts would blind it to left and right and to colour, which prompts speak of.
"""

from __future__ import annotations

import torch
from torch import Tensor

#: Images in which the strength may go from 0 to 1.
ADAPTATION_IMAGES = 20_000

#: Images are always moved by fewer pixels than this. The discriminator's first steps take squares of 2 and then of 4
#: pixels together: were these always the same pixels, it would tell the generator about places in a square, and the
#: generator would draw a grid of 4 pixels (seen).
SQUARE = 4


def augment(real: Tensor, fake: Tensor, strength: float, seed: int) -> tuple[Tensor, Tensor]:
    """Moves images by an eighth of their size and cuts squares out of them, each with probability `strength`
    (DiffAugment, Zhao et al. 2020), and moves all by less than SQUARE pixels.

    Images [n, 3, size, size]. The same change for a pair keeps the features of fake and real comparable.
    """
    generator = torch.Generator().manual_seed(seed)
    n, _, size, _ = real.shape
    steps = torch.randint(SQUARE, (n, 2), generator=generator)
    moves = torch.randint(-(size // 8), size // 8 + 1, (n, 2), generator=generator)
    corners = torch.randint(0, size - size // 3, (n, 2), generator=generator)
    moved, cut = torch.rand(2, n, generator=generator) < strength
    places = torch.arange(size)
    from_corner = places - corners[:, :, None]
    inside = (from_corner >= 0) & (from_corner < size // 3) & cut[:, None, None]
    keep = ~(inside[:, 1, :, None] & inside[:, 0, None, :])[:, None].to(real.device)
    shifts = steps + moves * moved[:, None]
    down, across = ((places - shifts[:, :, None]) % size).to(real.device).unbind(1)
    rows, columns = (each.expand_as(real) for each in (down[:, None, :, None], across[:, None, None, :]))
    return real.gather(2, rows).gather(3, columns) * keep, fake.gather(2, rows).gather(3, columns) * keep


def adapted(strength: float, told_right: float, target: float, images: int) -> float:
    """The strength after a step of `images`, of whose pairs a share was `told_right` (ADA, Karras et al. 2020).

    A discriminator that is always right has learnt the images by heart, and teaches nothing.
    """
    change = images / ADAPTATION_IMAGES * (1 if told_right > target else -1)
    return min(max(strength + change, 0.0), 0.9)
