"""Trains the network that finds the product, on renders and on composites of renders and photos."""

from __future__ import annotations

import random

import torch
import torch.nn.functional as F
from torch import Tensor

from studio.data.composites import Sources, composite_batch
from studio.models.product_mask import SIZE, ProductMask
from studio.training.pictures import Example

EDGE_WEIGHT = 4.0  # beside 1 elsewhere


class ProductMasking:
    """Renders with their masks, and photos, become examples. `held_out` are those for measuring."""

    name = "product_mask"
    doing = "finding products"
    largest = SIZE

    def __init__(self, sources: Sources, held_out: Sources | None = None) -> None:
        self.sources, self.held_out = sources, held_out or sources

    def network(self) -> ProductMask:
        return ProductMask()

    def example(self, count: int, size: int, rng: random.Random, *, held_out: bool) -> Example:
        sources = self.held_out if held_out else self.sources
        image, mask, clicks, weight = composite_batch(sources, count, size, rng)
        return Example(inputs=(image, clicks), target=mask, weight=weight)

    def losses(self, output: Tensor, example: Example) -> dict[str, Tensor]:
        """Cross-entropy, in which edges count more, and one minus the soft IoU of every picture."""
        mask, weight = example.target, example.weight
        edges = F.max_pool2d(mask, 7, stride=1, padding=3) + F.max_pool2d(-mask, 7, stride=1, padding=3)
        counts = weight * (1 + EDGE_WEIGHT * edges * (weight == 1))
        entropy = (F.binary_cross_entropy_with_logits(output, mask, reduction="none") * counts).sum() / counts.sum()
        return {"entropy": entropy, "overlap": 0.5 * (1 - _overlap(output.sigmoid(), mask, weight)).mean()}

    def figures(self, output: Tensor, example: Example) -> dict[str, Tensor]:
        """The mean IoU over pictures whose whole mask is known."""
        known = example.weight.amin((1, 2, 3)) > 0
        overlap = _overlap((output > 0).float(), (example.target > 0.5).float(), example.weight)[known]
        return {"overlap_right": overlap.mean()} if len(overlap) else {}

    def rows(self, output: Tensor, example: Example) -> list[Tensor]:
        """The pictures with their clicks, masks found, masks as they are (grey where nobody knows)."""
        image, clicks = example.inputs
        on, beside = clicks[:, :1], clicks[:, 1:]
        marked = torch.where(on > 0, -1.0, torch.where(beside > 0, 1.0, image))
        true = torch.where(example.weight > 0, 2 * example.target - 1, torch.zeros(()))
        return [marked, (2 * output.sigmoid() - 1).expand_as(image), true.expand_as(image)]


def _overlap(found: Tensor, true: Tensor, weight: Tensor) -> Tensor:
    """Intersection over union of each of n, 1 where both are empty; soft where they are."""
    both = (weight * found * true).sum((1, 2, 3))
    either = (weight * (found + true - found * true)).sum((1, 2, 3))
    return (both + 1) / (either + 1)
