"""The generator: noise and an encoded prompt in, an image out. Convolutions after R3GAN (arXiv 2501.05441)."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .adapter import Conditioning
from .presets import EPS_WIDTH, PRESETS, STYLE_WIDTH, TEXT_WIDTH

LEAK = 0.2

#: The style is made from u, from so many sines and cosines of each of its entries (Tancik et al. 2020), and from the
#: attributes that were read, all made larger: beside the 256 numbers of a sentence they would be learnt from slowly.
U_WAVES = 2
U_GAIN = 4.0
READ_GAIN = 8.0


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
        h = F.leaky_relu(x * (1 + scale) + shift, LEAK, inplace=True)
        h = F.leaky_relu(self.reduce(h), LEAK, inplace=True)
        h = F.leaky_relu(self.spatial(h), LEAK, inplace=True)
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

    `u` are the known continuous values of a scene (camera, light, proportions), `eps` is Gaussian. `attributes` are
    those of the adapter that reads the prompt: what it read is told beside the sentence, and u once more for each class
    of the first of them, as u turns a chair in other ways than a shoe.
    """

    def __init__(
        self,
        preset: str,
        u_width: int,
        eps_width: int = EPS_WIDTH,
        *,
        attributes: Mapping[str, tuple[str, ...]],
    ) -> None:
        super().__init__()
        widths = PRESETS[preset]
        self.u_width, self.eps_width, self.attributes = u_width, eps_width, attributes
        inputs = self._inputs(range(u_width))
        self.mapping = nn.Sequential(
            nn.Linear(len(inputs), STYLE_WIDTH),
            nn.LeakyReLU(LEAK),
            nn.Linear(STYLE_WIDTH, STYLE_WIDTH),
            nn.LeakyReLU(LEAK),
            nn.Linear(STYLE_WIDTH, STYLE_WIDTH),
        )
        with torch.no_grad():  # eps has no effect until adversarial training gives it one
            self.mapping[0].weight[:, [i for i, (kind, *_) in enumerate(inputs) if kind == "eps"]] = 0  # type: ignore[index]
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
    def take_over(self, other: Generator, places: Sequence[int]) -> None:
        """Takes the weights of a generator of the same widths, as far as both have them, whose entries of u are at
        `places` of this one's; stages and entries beyond add nothing at first, so that it draws the other one's images,
        smaller or enlarged."""
        own = self.state_dict()
        taken = {name: value for name, value in other.state_dict().items() if name in own}
        theirs = taken["mapping.0.weight"]
        first = theirs.new_zeros(self.mapping[0].weight.shape)  # type: ignore[arg-type]
        columns = {told: column for column, told in enumerate(self._inputs(range(self.u_width)))}
        for told, weights in zip(other._inputs(places), theirs.T, strict=True):
            if told in columns:
                first[:, columns[told]] = weights
        self.load_state_dict(own | taken | {"mapping.0.weight": first})
        for name, layer in self.to_rgb.items():
            if name not in other.to_rgb:
                for each in layer.parameters():
                    each.zero_()

    @torch.no_grad()
    def emphasise(self, group: str, factor: float) -> None:
        """Has each class of an attribute told `factor` times as far from "not said" as it was learnt, in place.

        What a generator is shy of shows then: guidance (Ho & Salimans 2022) by what is told instead of what is drawn.
        """
        told = self._inputs(range(self.u_width))
        columns = [column for column, of in enumerate(told) if of[:2] == ("read", group)]
        first: nn.Linear = self.mapping[0]  # type: ignore[assignment]
        classes = first.weight[:, columns]
        first.weight[:, columns] = torch.lerp(classes[:, -1:], classes, factor)  # "not said" is the last one

    def forward(self, z: Tensor, conditioning: Conditioning, stages: int | None = None, *, fixed: int = 0) -> Tensor:
        """`z` [n, u + eps] to images [n, 3, size, size], about -1..1 (not clamped).

        With `stages` below the preset's number, only that many are run and the image is the smaller one they give. The
        first `fixed` of them and the style get no gradient: the rest learns to enlarge what they draw.
        """
        learns = torch.is_grad_enabled()
        with torch.set_grad_enabled(learns and not fixed):
            u, eps = z.split([self.u_width, self.eps_width], dim=1)
            style = self.mapping(self._told(u, eps, conditioning))
            x = self.constant + self.start(style).view(-1, *self.constant.shape)
            x = x.to(style.dtype).contiguous(memory_format=torch.channels_last)  # half precision where autocast says so
        image: Tensor | None = None
        for stage, blocks in enumerate(self.blocks[:stages]):  # type: ignore[arg-type]
            with torch.set_grad_enabled(learns and stage >= fixed):
                if stage:
                    x = _double(self.narrow[stage - 1](x))
                for block in blocks:  # type: ignore[attr-defined]
                    x = block(x, style)
                name = str(stage)
                if name in self.attention:
                    x = self.attention[name](x, conditioning.tokens, conditioning.mask)
                if name in self.to_rgb:
                    rgb = F.pixel_shuffle(self.to_rgb[name](x), 2)
                    image = rgb if image is None else rgb + _double(_smooth(image))
        assert image is not None
        return image

    def _told(self, u: Tensor, eps: Tensor, conditioning: Conditioning) -> Tensor:
        """What the style is made from, [n, inputs], in the order of `_inputs`."""
        angles = [math.pi / 2 * (wave + 1) * u for wave in range(U_WAVES)]
        waves = U_GAIN * torch.cat([u, *(of(angle) for angle in angles for of in (torch.sin, torch.cos))], dim=1)
        read = [conditioning.logits[group].softmax(1) for group in self.attributes]
        of_each = [(read[0][:, :, None] * waves[:, None, :]).flatten(1)] if read else []
        return torch.cat([waves, *of_each, eps, conditioning.sentence, *(READ_GAIN * each for each in read)], dim=1)

    def _inputs(self, places: Sequence[int]) -> list[tuple[object, ...]]:
        """What each number is that the style is made from, with entries of u called by their `places`."""
        words = [("eps", i) for i in range(self.eps_width)] + [("sentence", i) for i in range(TEXT_WIDTH)]
        waves = [(wave, place) for wave in range(1 + 2 * U_WAVES) for place in places]
        read = [(group, each) for group, classes in self.attributes.items() for each in (*classes, None)]
        first = [each for each in read if each[0] == read[0][0]]
        return [
            *(("u", *wave) for wave in waves),
            *(("u of", *each, *wave) for each in first for wave in waves),
            *words,
            *(("read", *each) for each in read),
        ]


def _smooth(image: Tensor) -> Tensor:
    """Each pixel with its neighbours, 1 : 2 : 1 either way. A pixel shuffle can leave a pattern of every other pixel,
    which doubled would be a grid in the larger picture (Odena et al. 2016); these weights make it nought."""
    means = F.avg_pool2d(image, 2, stride=1, padding=1, count_include_pad=False)
    return F.avg_pool2d(means, 2, stride=1)


def _double(x: Tensor) -> Tensor:
    return F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
