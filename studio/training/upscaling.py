"""Trains the upscaler on pictures that were made half as large."""

from __future__ import annotations

import random
from collections.abc import Sequence

import torch
from torch import Tensor

from studio.data.crops import random_crops
from studio.data.degraded import halved
from studio.models.upscaler import Upscaler, enlarged
from studio.training.pictures import Example


class Upscaling:
    """Sets of uint8 pictures [n, 3, side, side], each of a side of its own, become examples; every picture counts
    alike. `held_out` are such sets for measuring."""

    name = "upscaler"
    doing = "enlarging"

    def __init__(self, pictures: Sequence[Tensor], held_out: Sequence[Tensor] = ()) -> None:
        self.pictures, self.held_out = pictures, held_out or pictures
        self.largest = min(max(each.shape[-1] for each in sets) for sets in (self.pictures, self.held_out))

    def network(self) -> Upscaler:
        return Upscaler()

    def example(self, count: int, size: int, rng: random.Random, *, held_out: bool) -> Example:
        image = random_crops(self.held_out if held_out else self.pictures, count, size, rng)
        small = torch.stack([halved(each, rng) for each in image])
        return Example(inputs=(small,), target=image, weight=torch.ones(count, 1, size, size))

    def losses(self, output: Tensor, example: Example) -> dict[str, Tensor]:
        return {"off": (output - example.target).abs().mean()}

    def figures(self, output: Tensor, example: Example) -> dict[str, Tensor]:
        """How far off it is as a share of how far off bicubic interpolation is."""
        (small,) = example.inputs
        bicubic = (enlarged(small) - example.target).abs().mean()
        return {"of_bicubic": (output - example.target).abs().mean() / bicubic}

    def rows(self, output: Tensor, example: Example) -> list[Tensor]:
        """Bicubic, ours, and as they were."""
        return [enlarged(example.inputs[0]), output, example.target]
