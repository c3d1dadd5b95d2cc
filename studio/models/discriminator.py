"""The discriminator: the generator's mirror, with the text only in its head."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping

import torch.nn.functional as F
from torch import Tensor, nn

from .generator import LEAK, convolution
from .presets import PRESETS, TEXT_WIDTH, num_stages


class _Block(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        inner = width // 2
        self.reduce = convolution(width, inner, 1)
        self.spatial = convolution(inner, inner, 3)
        self.expand = convolution(inner, width, 1, gain=0)

    def forward(self, x: Tensor) -> Tensor:
        h = F.leaky_relu(self.reduce(F.leaky_relu(x, LEAK)), LEAK, inplace=True)
        return x + self.expand(F.leaky_relu(self.spatial(h), LEAK, inplace=True))


class Discriminator(nn.Module):
    """Image and prompt to a logit: unary(h) + <h, E(text)> / sqrt(d). The trunk never sees the text."""

    def __init__(self, preset: str, attributes: Mapping[str, tuple[str, ...]], width_factor: float = 1.0) -> None:
        """`width_factor` is the width of the maps in units of the generator's."""
        super().__init__()
        widths = [max(8, int(width_factor * width)) for width in PRESETS[preset][::-1]]
        self.from_rgb = nn.ModuleList(convolution(12, width, 3, gain=1) for width in widths[:-1])
        self.blocks = nn.ModuleList(_Block(width) for width in widths)
        self.widen = nn.ModuleList(convolution(a, b, 1, gain=1) for a, b in itertools.pairwise(widths))
        width = 256
        self.summary = nn.Linear(widths[-1] * 16, width)
        self.unary = nn.Linear(width, 1)
        self.text = nn.Linear(TEXT_WIDTH, width)
        self.heads = nn.ModuleDict({group: nn.Linear(width, len(classes) + 1) for group, classes in attributes.items()})

    def features(self, image: Tensor) -> tuple[Tensor, list[Tensor]]:
        """`image` [n, 3, size, size] to h [n, 256], and the maps of every scale for feature matching.

        An image smaller than the preset's enters at the stage of its size.
        """
        first = len(self.blocks) - num_stages(image.shape[-1])
        x = self.from_rgb[first](F.pixel_unshuffle(image, 2))
        maps: list[Tensor] = []
        for stage in range(first, len(self.blocks)):
            x = self.blocks[stage](x)
            maps.append(x)
            if stage < len(self.widen):
                x = self.widen[stage](_halve(x))
                if stage + 1 < len(self.from_rgb):
                    image = F.avg_pool2d(image, 2)
                    x = x + self.from_rgb[stage + 1](F.pixel_unshuffle(image, 2))
        h = F.leaky_relu(self.summary(F.leaky_relu(x, LEAK).flatten(1)), LEAK)
        return h, maps

    def logit(self, h: Tensor, sentence: Tensor) -> Tensor:
        """`h` [n, 256] and `sentence` [n, 256] to logits [n], in float32."""
        h = h.float()
        return self.unary(h)[:, 0] + (h * self.text(sentence.float())).sum(1) / math.sqrt(h.shape[1])

    def classify(self, h: Tensor) -> dict[str, Tensor]:
        """Logits of what is seen, for each attribute group [n, classes + 1], in float32; learnt from real images."""
        h = h.float()
        return {group: head(h) for group, head in self.heads.items()}


def _halve(x: Tensor) -> Tensor:
    """Means of 4 x 4, two apart: they overlap, so that no square of pixels is always seen together. A binomial blur
    (Zhang 2019), as a convolution, took half of the network's time on a CPU."""
    return F.avg_pool2d(x, 4, stride=2, padding=1)
