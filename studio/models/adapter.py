"""The trainable part between the frozen text encoder and the networks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .presets import TEXT_WIDTH


@dataclass(frozen=True, kw_only=True)
class Conditioning:
    """An encoded prompt.

    `sentence` [n, 256]; `tokens` [n, length, 256]; `mask` [n, length], True = a token; `logits` for each attribute
    group [n, classes + 1], of which the last class is "not said".
    """

    sentence: Tensor
    tokens: Tensor
    mask: Tensor
    logits: Mapping[str, Tensor]


class _Layer(nn.Module):
    """A pre-norm transformer layer (Vaswani et al. 2017; Xiong et al. 2020)."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm_attention = nn.LayerNorm(width)
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.norm_mlp = nn.LayerNorm(width)
        self.mlp = nn.Sequential(nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width))

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        n, length, width = x.shape
        q, k, v = self.qkv(self.norm_attention(x)).view(n, length, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        attended = F.scaled_dot_product_attention(q, k, v, attn_mask=mask[:, None, None, :])
        x = x + self.out(attended.transpose(1, 2).reshape(n, length, width))
        return x + self.mlp(self.norm_mlp(x))


class TextAdapter(nn.Module):
    """Binds words to each other (red *cap*, white *bottle*) and says which attributes it read."""

    def __init__(self, attributes: Mapping[str, tuple[str, ...]], encoder_width: int = 384) -> None:
        super().__init__()
        self.project = nn.Linear(encoder_width, TEXT_WIDTH)
        self.summary = nn.Parameter(torch.randn(TEXT_WIDTH) * 0.02)
        self.layers = nn.ModuleList(_Layer(TEXT_WIDTH, heads=4) for _ in range(2))
        self.norm = nn.LayerNorm(TEXT_WIDTH)
        self.heads = nn.ModuleDict(
            {group: nn.Linear(TEXT_WIDTH, len(classes) + 1) for group, classes in attributes.items()}
        )

    def forward(self, states: Tensor, mask: Tensor) -> Conditioning:
        """`states` [n, length, encoder width] and `mask` [n, length] as the text encoder gives them."""
        x = torch.cat([self.summary.expand(len(states), 1, -1), self.project(states)], dim=1)
        seen = torch.cat([mask.new_ones(len(mask), 1), mask], dim=1)
        for layer in self.layers:
            x = layer(x, seen)
        x = self.norm(x)
        sentence = x[:, 0]
        logits = {group: head(sentence) for group, head in self.heads.items()}
        return Conditioning(sentence=sentence, tokens=x[:, 1:], mask=mask, logits=logits)
