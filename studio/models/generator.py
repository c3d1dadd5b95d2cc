"""The generator: noise and an encoded prompt in, an image out. Convolutions after R3GAN (arXiv 2501.05441)."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .adapter import Conditioning
from .presets import EPS_WIDTH, PRESETS, STYLE_WIDTH, TEXT_WIDTH

LEAK = 0.2


def convolution(inputs: int, outputs: int, kernel: int, *, gain: float = math.sqrt(2)) -> nn.Conv2d:
    """A convolution whose outputs have the variance of its inputs after a leaky ReLU (He et al. 2015)."""
    layer = nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2)
    nn.init.normal_(layer.weight, std=gain / math.sqrt(inputs * kernel * kernel))
    nn.init.zeros_(layer.bias)  # type: ignore[arg-type]
    return layer


class _Block(nn.Module):
    """FiLM(w) -> LeakyReLU -> 1x1 -> 3x3 -> 1x1 beside a skip; the last convolution starts at zero."""

    def __init__(self, width: int) -> None:
        super().__init__()
        inner = width // 2
        self.film = nn.Linear(STYLE_WIDTH, 2 * width)
        nn.init.normal_(self.film.weight, std=0.5 / math.sqrt(STYLE_WIDTH))
        nn.init.zeros_(self.film.bias)
        self.reduce = convolution(width, inner, 1)
        self.spatial = convolution(inner, inner, 3)
        self.expand = convolution(inner, width, 1, gain=0)

    def forward(self, x: Tensor, style: Tensor) -> Tensor:
        scale, shift = self.film(style)[:, :, None, None].chunk(2, dim=1)
        h = F.leaky_relu(x * (1 + scale) + shift, LEAK)
        h = F.leaky_relu(self.reduce(h), LEAK)
        h = F.leaky_relu(self.spatial(h), LEAK)
        return x + self.expand(h)


class _CrossAttention(nn.Module):
    """Every place looks at the words: softmax(s * cos(q, k)) v, with learned temperature s (Henry et al. 2020)."""

    def __init__(self, width: int, heads: int = 4) -> None:
        super().__init__()
        self.heads = heads
        self.query = nn.Conv2d(width, TEXT_WIDTH // 2, 1)
        self.key = nn.Linear(TEXT_WIDTH, TEXT_WIDTH // 2)
        self.value = nn.Linear(TEXT_WIDTH, TEXT_WIDTH // 2)
        self.out = convolution(TEXT_WIDTH // 2, width, 1, gain=0)
        self.log_scale = nn.Parameter(torch.full((heads, 1, 1), math.log(8.0)))

    def forward(self, x: Tensor, tokens: Tensor, mask: Tensor) -> Tensor:
        n, _, height, width = x.shape
        q = self.query(x).reshape(n, self.heads, -1, height * width).transpose(2, 3)
        k = self.key(tokens).view(n, tokens.shape[1], self.heads, -1).transpose(1, 2)
        v = self.value(tokens).view(n, tokens.shape[1], self.heads, -1).transpose(1, 2)
        q = F.normalize(q, dim=-1) * self.log_scale.exp()
        h = F.scaled_dot_product_attention(q, F.normalize(k, dim=-1), v, attn_mask=mask[:, None, None, :], scale=1.0)
        return x + self.out(h.transpose(2, 3).reshape(n, -1, height, width))


class Generator(nn.Module):
    """z = [u, eps] and a prompt to an image of the preset's size.

    `u` are the known continuous values of a scene (camera, light, proportions), `eps` is Gaussian.
    """

    def __init__(self, preset: str, u_width: int, eps_width: int = EPS_WIDTH) -> None:
        super().__init__()
        widths = PRESETS[preset]
        self.mapping = nn.Sequential(
            nn.Linear(u_width + eps_width + TEXT_WIDTH, STYLE_WIDTH),
            nn.LeakyReLU(LEAK),
            nn.Linear(STYLE_WIDTH, STYLE_WIDTH),
            nn.LeakyReLU(LEAK),
            nn.Linear(STYLE_WIDTH, STYLE_WIDTH),
        )
        with torch.no_grad():  # eps has no effect until adversarial training gives it one
            self.mapping[0].weight[:, u_width : u_width + eps_width] = 0  # type: ignore[index]
        # The style also sets the 4x4 start: where things stand is then not left to FiLM alone.
        self.constant = nn.Parameter(torch.randn(widths[0], 4, 4))
        self.start = nn.Linear(STYLE_WIDTH, widths[0] * 16)
        self.blocks = nn.ModuleList(nn.ModuleList(_Block(width) for _ in range(2)) for width in widths)
        self.attention = nn.ModuleDict(
            {str(stage): _CrossAttention(widths[stage]) for stage in (1, 2) if stage < len(widths)}
        )
        self.narrow = nn.ModuleList(convolution(a, b, 1, gain=1) for a, b in itertools.pairwise(widths))
        self.to_rgb = nn.ModuleDict(
            {str(stage): convolution(width, 12, 3, gain=0.3) for stage, width in enumerate(widths) if stage >= 1}
        )

    @torch.no_grad()
    def take_over(self, smaller: Generator, places: Sequence[int]) -> None:
        """Takes the weights of a generator whose widths this one's begin with, and whose entries of u are at `places`
        of this one's; stages and entries beyond add nothing at first, so that it draws the smaller one's images,
        enlarged."""
        taken = smaller.state_dict()
        theirs = taken["mapping.0.weight"]
        first = theirs.new_zeros(self.mapping[0].weight.shape)  # type: ignore[arg-type]
        first[:, list(places)] = theirs[:, : len(places)]
        others = theirs.shape[1] - len(places)  # eps and words
        first[:, -others:] = theirs[:, len(places) :]
        self.load_state_dict(self.state_dict() | taken | {"mapping.0.weight": first})
        for name, layer in self.to_rgb.items():
            if name not in smaller.to_rgb:
                for each in layer.parameters():
                    each.zero_()

    def forward(self, z: Tensor, conditioning: Conditioning, stages: int | None = None) -> Tensor:
        """`z` [n, u + eps] to images [n, 3, size, size], about -1..1 (not clamped).

        With `stages` below the preset's number, only that many are run and the image is the smaller one they give.
        """
        style = self.mapping(torch.cat([z, conditioning.sentence], dim=1))
        x = self.constant + self.start(style).view(-1, *self.constant.shape)
        x = x.to(style.dtype).contiguous(memory_format=torch.channels_last)  # half precision where autocast says so
        image: Tensor | None = None
        last = (stages or len(self.blocks)) - 1
        for stage, blocks in enumerate(self.blocks[: last + 1]):  # type: ignore[arg-type]
            for block in blocks:  # type: ignore[attr-defined]
                x = block(x, style)
            name = str(stage)
            if name in self.attention:
                x = self.attention[name](x, conditioning.tokens, conditioning.mask)
            if name in self.to_rgb:
                rgb = F.pixel_shuffle(self.to_rgb[name](x), 2)
                image = rgb if image is None else rgb + _double(image)
            if stage < last:
                x = _double(self.narrow[stage](x))
        assert image is not None
        return image


def _double(x: Tensor) -> Tensor:
    return F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
