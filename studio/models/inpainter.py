"""The inpainter: a photo with a hole in, the photo with the hole filled out.

A smooth fill carries the colours in from the rim; a U-Net with attention adds what the fill lacks. Its last layer
starts at zero, so that it begins with the fill and can only get better than that.
"""

from __future__ import annotations

import hashlib
import itertools
import math
from pathlib import Path
from typing import NamedTuple

import torch
import torch.nn.functional as F
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor, nn

from .errors import SnapshotError
from .snapshot import write_whole

#: Channels at 1/2, 1/4, 1/8 and 1/16 of the picture; both sides of a picture are multiples of `MULTIPLE`.
WIDTHS = (48, 96, 192, 256)
BLOCKS = (2, 2, 2, 3)
MULTIPLE = 16
#: Of the smooth fill at each scale.
SWEEPS = 4
HEADS = 4


def smooth_fill(image: Tensor, mask: Tensor, sweeps: int = SWEEPS) -> Tensor:
    """The image [n, 3, h, w] with the hole (mask [n, 1, h, w], 1 = hole) filled from its rim, smoothly.

    Solves Laplace's equation in the hole, coarse to fine: at each scale what is unknown begins with the scale above
    and becomes the mean of its neighbours, `sweeps` times. Where nothing at all is known it is grey.
    """
    values, known = image * (1 - mask), 1 - mask
    levels: list[tuple[Tensor, Tensor]] = []
    while True:
        levels.append((values / known.clamp(min=1e-6), known == 0))
        if max(values.shape[-2:]) == 1:
            break
        values, known = (F.avg_pool2d(each, 2, ceil_mode=True, count_include_pad=False) for each in (values, known))
    filled = levels[-1][0]
    for values, unknown in reversed(levels[:-1]):
        coarse = F.interpolate(filled, size=values.shape[-2:], mode="bilinear", align_corners=False)
        filled = torch.where(unknown, coarse, values)
        for _ in range(sweeps):
            padded = F.pad(filled, (1, 1, 1, 1), mode="replicate")
            beside = padded[..., 1:-1, :-2] + padded[..., 1:-1, 2:] + padded[..., :-2, 1:-1] + padded[..., 2:, 1:-1]
            filled = torch.where(unknown, beside / 4, filled)
    return filled


class Inpainter(nn.Module):
    """[n, 3, h, w] in -1..1 and a hole [n, 1, h, w] of 0 and 1 to the whole picture; what is outside stays as it is."""

    def __init__(self) -> None:
        super().__init__()
        self.enter = _convolution(16, WIDTHS[0], 3, gain=1)
        self.down = nn.ModuleList(_blocks(width, count) for width, count in zip(WIDTHS, BLOCKS, strict=True))
        self.wider = nn.ModuleList(_convolution(a, b, 1, gain=1) for a, b in itertools.pairwise(WIDTHS))
        self.attention = nn.ModuleList(_Attention(WIDTHS[-1]) for _ in range(2))
        self.middle = nn.ModuleList(_blocks(WIDTHS[-1], 2) for _ in range(2))
        self.narrower = nn.ModuleList(_convolution(b, a, 1, gain=1) for a, b in itertools.pairwise(WIDTHS))
        self.up = nn.ModuleList(_blocks(width, count) for width, count in zip(WIDTHS[:-1], BLOCKS[:-1], strict=True))
        self.leave = _convolution(WIDTHS[0], 12, 3, gain=0)

    def forward(self, image: Tensor, mask: Tensor) -> Tensor:
        base = smooth_fill(image, mask)
        h = self.enter(F.pixel_unshuffle(torch.cat([base, 2 * mask - 1], dim=1), 2))
        skips: list[Tensor] = []
        for stage, blocks in enumerate(self.down):
            if stage:
                h = self.wider[stage - 1](F.avg_pool2d(h, 2))
            h = blocks(h)
            skips.append(h)
        known = 1 - F.adaptive_max_pool2d(mask, skips[-1].shape[-2:])
        for attention, blocks in zip(self.attention, self.middle, strict=True):
            h = blocks(attention(h, known))
        for stage in reversed(range(len(self.up))):
            h = F.interpolate(self.narrower[stage](h), scale_factor=2, mode="bilinear", align_corners=False)
            h = self.up[stage]((h + skips[stage]) / math.sqrt(2))
        return torch.where(mask > 0, base + F.pixel_shuffle(self.leave(F.leaky_relu(h, 0.2)), 2), image)


class _Block(nn.Module):
    """1x1 to half the width, 3x3, 1x1 back, beside a skip; the last convolution starts at zero."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.reduce = _convolution(width, width // 2, 1)
        self.spatial = _convolution(width // 2, width // 2, 3)
        self.expand = _convolution(width // 2, width, 1, gain=0)

    def forward(self, x: Tensor) -> Tensor:
        h = F.leaky_relu(self.reduce(F.leaky_relu(x, 0.2)), 0.2)
        return x + self.expand(F.leaky_relu(self.spatial(h), 0.2))


class _Attention(nn.Module):
    """Every place looks for something that would fit at all that is known: softmax(s cos(q, k)) v over known places."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.ask = _convolution(width, 3 * width // 2, 1, gain=1)
        self.out = _convolution(width // 2, width, 1, gain=0)
        self.log_scale = nn.Parameter(torch.full((HEADS, 1, 1), math.log(10.0)))

    def forward(self, x: Tensor, known: Tensor) -> Tensor:
        n, _, height, width = x.shape
        q, k, v = self.ask(F.leaky_relu(x, 0.2)).view(n, 3, HEADS, -1, height * width).transpose(-1, -2).unbind(1)
        q = F.normalize(q, dim=-1) * self.log_scale.exp()
        # Where nothing is known everything is: an empty softmax is not a number.
        where = known.view(n, 1, 1, -1) + (known.amax((2, 3), keepdim=True).view(n, 1, 1, 1) == 0)
        h = F.scaled_dot_product_attention(q, F.normalize(k, dim=-1), v, attn_mask=where > 0, scale=1.0)
        return x + self.out(h.transpose(-1, -2).reshape(n, -1, height, width))


def _blocks(width: int, count: int) -> nn.Sequential:
    return nn.Sequential(*(_Block(width) for _ in range(count)))


def _convolution(inputs: int, outputs: int, kernel: int, *, gain: float = math.sqrt(2)) -> nn.Conv2d:
    """Outputs have the variance of the inputs after a leaky ReLU (He et al. 2015)."""
    layer = nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2)
    nn.init.normal_(layer.weight, std=gain / math.sqrt(inputs * kernel * kernel))
    nn.init.zeros_(layer.bias)  # type: ignore[arg-type]
    return layer


class SavedInpainter(NamedTuple):
    """An inpainter that was saved, ready to fill, and the hash of its file."""

    inpainter: Inpainter
    sha256: str


def save_inpainter(path: Path, inpainter: Inpainter, *, note: str) -> None:
    """Writes the weights in half precision, with a note of how they came about. Raises OSError."""
    tensors = {name: value.half().contiguous() for name, value in inpainter.state_dict().items()}
    write_whole(path, save(tensors, {"note": note}))


def load_inpainter(path: Path) -> SavedInpainter:
    """Reads an inpainter. Raises SnapshotError where it is missing, damaged or of another version."""
    inpainter = Inpainter()
    try:
        data = path.read_bytes()
        inpainter.load_state_dict(load(data))
    except (OSError, SafetensorError) as error:
        raise SnapshotError(f"The inpainter {path} can't be read: {error}.") from error
    except RuntimeError as error:
        raise SnapshotError(f"The inpainter {path} is of another version.") from error
    inpainter.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
    inpainter.eval().requires_grad_(False)
    return SavedInpainter(inpainter=inpainter, sha256=hashlib.sha256(data).hexdigest())
