"""What the networks that work on pictures are made of."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

HEADS = 4


def convolution(inputs: int, outputs: int, kernel: int, *, gain: float = 1.0) -> nn.Conv2d:
    """Outputs have `gain` times the deviation of the inputs; sqrt(2) makes up for a ReLU before (He et al. 2015)."""
    layer = nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2)
    nn.init.normal_(layer.weight, std=gain / math.sqrt(inputs * kernel * kernel))
    nn.init.zeros_(layer.bias)  # type: ignore[arg-type]
    return layer


class Block(nn.Module):
    """x + conv(relu(conv(x))), as in EDSR (Lim et al. 2017): no norms, one activation; it begins as x alone.

    Two full convolutions of 3x3 are less work for a CPU with matrix units than 1x1, 3x3, 1x1 of a fifth of the FLOPs.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.enter = convolution(width, width, 3)
        self.leave = convolution(width, width, 3, gain=0)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.leave(F.relu(self.enter(x), inplace=True))


class Attention(nn.Module):
    """Every place looks for something that would fit at all that is known: softmax(s cos(q, k)) v over known places."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.ask = convolution(width, 3 * width // 2, 1)
        self.out = convolution(width // 2, width, 1, gain=0)
        self.log_scale = nn.Parameter(torch.full((HEADS, 1, 1), math.log(10.0)))

    def forward(self, x: Tensor, known: Tensor | None = None) -> Tensor:
        """`x` [n, width, h, w]; `known` [n, 1, h, w], 1 = known, everything by default."""
        n, _, height, width = x.shape
        q, k, v = self.ask(F.relu(x)).view(n, 3, HEADS, -1, height * width).transpose(-1, -2).unbind(1)
        q, k = F.normalize(q, dim=-1) * self.log_scale.exp(), F.normalize(k, dim=-1)
        where = None
        if known is not None:
            # Where nothing is known everything is: an empty softmax is not a number.
            where = (known.view(n, 1, 1, -1) + (known.amax((2, 3), keepdim=True).view(n, 1, 1, 1) == 0)) > 0
        h = F.scaled_dot_product_attention(q.to(v.dtype), k.to(v.dtype), v, attn_mask=where, scale=1.0)
        return x + self.out(h.transpose(-1, -2).reshape(n, -1, height, width))


class UNet(nn.Module):
    """Maps [n, widths[0], h, w] to maps of the same shape, by way of maps of half the size each (Ronneberger 2015)."""

    def __init__(self, widths: Sequence[int], blocks: Sequence[int], *, middle: int) -> None:
        """`widths` from the full size down; `blocks` on the way down and on the way up, of all scales but the smallest;
        at the smallest `middle` times attention and a block."""
        super().__init__()
        self.down = nn.ModuleList(_blocks(width, count) for width, count in zip(widths[:-1], blocks, strict=True))
        self.wider = nn.ModuleList(convolution(a, b, 1) for a, b in itertools.pairwise(widths))
        self.attention = nn.ModuleList(Attention(widths[-1]) for _ in range(middle))
        self.middle = nn.ModuleList(Block(widths[-1]) for _ in range(middle))
        self.narrower = nn.ModuleList(convolution(b, a, 1) for a, b in itertools.pairwise(widths))
        self.up = nn.ModuleList(_blocks(width, count) for width, count in zip(widths[:-1], blocks, strict=True))

    def forward(self, h: Tensor, known: Tensor | None = None) -> Tensor:
        """`known` [n, 1, any size]: 1 where attention may look, everywhere by default."""
        skips: list[Tensor] = []
        for blocks, wider in zip(self.down, self.wider, strict=True):
            h = blocks(h)
            skips.append(h)
            h = wider(F.avg_pool2d(h, 2))
        if known is not None:
            known = 1 - F.adaptive_max_pool2d(1 - known, h.shape[-2:])
        for attention, block in zip(self.attention, self.middle, strict=True):
            h = block(attention(h, known))
        for stage in reversed(range(len(self.up))):
            h = F.interpolate(self.narrower[stage](h), scale_factor=2, mode="bilinear", align_corners=False)
            h = self.up[stage]((h + skips[stage]) / math.sqrt(2))
        return h


def _blocks(width: int, count: int) -> nn.Sequential:
    return nn.Sequential(*(Block(width) for _ in range(count)))
