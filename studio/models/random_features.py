"""Features of a fixed random network: nothing in them is learnt, so they share no blind spot with a trained judge."""

from __future__ import annotations

from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor

WIDTHS = (3, 16, 32, 48, 64)


class RandomFeatures:
    """Four strided convolutions with random weights from one seed: the same on every machine."""

    def __init__(self, seed: int = 0) -> None:
        generator = torch.Generator().manual_seed(seed)
        self._kernels = [
            torch.randn(outputs, inputs, 3, 3, generator=generator) * (2 / (9 * inputs)) ** 0.5
            for inputs, outputs in pairwise(WIDTHS)
        ]

    def __call__(self, images: Tensor) -> Tensor:
        """Float images [n, 3, height, width] in -1..1 to [n, 320]: means and deviations of every layer's maps."""
        maps = self.maps(images)
        return torch.cat([part for each in maps for part in (each.mean((2, 3)), each.std((2, 3), correction=0))], dim=1)

    @torch.inference_mode()
    def maps(self, images: Tensor) -> list[Tensor]:
        """Every layer's maps of float images [n, 3, height, width]: [n, width, height / 2, width / 2] and so on."""
        found: list[Tensor] = []
        hidden = images
        for kernel in self._kernels:
            hidden = F.leaky_relu(F.conv2d(hidden, kernel, stride=2, padding=1), 0.2)
            found.append(hidden)
        return found
