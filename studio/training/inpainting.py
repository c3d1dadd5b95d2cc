"""Trains the inpainter on pictures with holes cut into them, from photos and renders of any size."""

from __future__ import annotations

import random
from collections.abc import Sequence

from torch import Tensor

from studio.data.crops import random_crops
from studio.data.holes import hole_batch
from studio.models.inpainter import Inpainter, smooth_fill
from studio.training.losses import in_hole
from studio.training.pictures import Example


class Inpainting:
    """Sets of uint8 pictures [n, 3, side, side], each of a side of its own, become examples; every picture counts
    alike. `held_out` are such sets for measuring."""

    name = "inpainter"
    doing = "filling holes"

    def __init__(self, pictures: Sequence[Tensor], held_out: Sequence[Tensor] = ()) -> None:
        self.pictures, self.held_out = pictures, held_out or pictures
        self.largest = min(max(each.shape[-1] for each in sets) for sets in (self.pictures, self.held_out))

    def network(self) -> Inpainter:
        return Inpainter()

    def example(self, count: int, size: int, rng: random.Random, *, held_out: bool) -> Example:
        image = random_crops(self.held_out if held_out else self.pictures, count, size, rng)
        hole = hole_batch(count, size, rng)
        return Example(inputs=(image, hole), target=image, weight=hole)

    def losses(self, output: Tensor, example: Example) -> dict[str, Tensor]:
        return {"off": in_hole(output, example.target, example.weight)}

    def figures(self, output: Tensor, example: Example) -> dict[str, Tensor]:
        """How far off it is as a share of how far off a smooth fill is."""
        image, hole = example.inputs
        smooth = in_hole(smooth_fill(image, hole), image, hole)
        return {"of_smooth_fill": in_hole(output, example.target, example.weight) / smooth}

    def rows(self, output: Tensor, example: Example) -> list[Tensor]:
        """With holes, smoothly filled, filled, and as they were."""
        image, hole = example.inputs
        return [image * (1 - hole), smooth_fill(image, hole), output, image]
