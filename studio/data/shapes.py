"""Outlines of things that shops sell laid flat: shirts, trousers, dresses, pairs of shoes, and smooth blobs."""

# torch's types leave much open.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from __future__ import annotations

import math
import random
from collections.abc import Callable

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image, ImageDraw, ImageFilter
from torch import Tensor

Point = tuple[float, float]  # in a square of side 2 round the origin, y down
Outline = list[Point]


def random_shape(size: int, rng: random.Random) -> Tensor:
    """How much of every pixel belongs to a thing in the middle: [size, size] in 0..1, edges soft and a bit wavy."""
    outlines = rng.choices(_THINGS, _WEIGHTS)[0](rng)
    angle = rng.gauss(0, 0.15) if rng.random() < 0.8 else rng.uniform(-math.pi, math.pi)
    cos, sin = math.cos(angle), math.sin(angle)
    wide, high = rng.uniform(0.75, 1.0), rng.uniform(0.75, 1.0)
    picture = Image.new("L", (size, size))
    draw = ImageDraw.Draw(picture)
    for outline in outlines:
        turned = [(wide * x * cos - high * y * sin, wide * x * sin + high * y * cos) for x, y in outline]
        draw.polygon([(size / 2 + 0.47 * size * x, size / 2 + 0.47 * size * y) for x, y in turned], fill=255)
    return _softened(picture, rng)


def _softened(picture: Image.Image, rng: random.Random) -> Tensor:
    """Corners are rounded by a blur and a steep step; the outline is bent by smooth noise."""
    size = picture.width
    radius = max(1, round(size * rng.uniform(0.006, 0.015)))
    pixels = np.array(picture.filter(ImageFilter.GaussianBlur(radius)))
    blurred = torch.from_numpy(pixels)[None, None].float() / 255
    noise = torch.randn(1, 2, 6, 6, generator=torch.Generator().manual_seed(rng.getrandbits(62)))
    bend = F.interpolate(noise, size=(size, size), mode="bicubic") * rng.uniform(0.0, 0.035)
    middles = (2 * torch.arange(size) + 1) / size - 1
    grid = torch.stack(torch.broadcast_tensors(middles, middles[:, None]), dim=-1)[None] + bend.permute(0, 2, 3, 1)
    bent = F.grid_sample(blurred, grid, mode="bilinear", padding_mode="zeros", align_corners=False)[0, 0]
    return ((bent - 0.5) * 2 * radius + 0.5).clamp(0, 1)


def _mirrored(right: Outline) -> Outline:
    """An outline whose right half goes from the top to the bottom, with the left half that belongs to it."""
    return right + [(-x, y) for x, y in reversed(right)]


def _top(rng: random.Random) -> list[Outline]:
    """A shirt, jumper, jacket or dress, from the neck down; with sleeves of any length, or none."""
    neck, shoulder = rng.uniform(0.12, 0.28), rng.uniform(0.4, 0.55)
    hem, bottom = rng.uniform(0.35, 0.75), rng.uniform(0.7, 1.0)
    sleeve, droop = rng.choice((0.0, rng.uniform(0.15, 0.4), rng.uniform(0.6, 1.1))), rng.uniform(0.1, 1.4)
    width = rng.uniform(0.15, 0.25)
    dip = rng.uniform(0.0, 0.25)
    armpit = (shoulder - 0.05, -0.55)
    right = [(0.0, -0.95 + dip), (neck, -0.95), (shoulder, -0.82)]
    if sleeve:
        x, y = shoulder + sleeve * math.cos(droop), -0.82 + sleeve * math.sin(droop)
        right += [(x, y), (x - width * math.sin(droop), y + width * math.cos(droop))]
    right += [armpit, (rng.uniform(0.3, 0.5), 0.0), (hem, bottom)]
    return [_mirrored(right)]


def _trousers(rng: random.Random) -> list[Outline]:
    """From shorts to long ones, and skirts, whose legs are one."""
    waist, hip, bottom = rng.uniform(0.28, 0.5), rng.uniform(0.4, 0.6), rng.uniform(0.1, 1.0)
    inner, outer = rng.uniform(0.0, 0.2), rng.uniform(0.4, 0.75)
    if rng.random() < 0.25:
        return [_mirrored([(0, -0.9), (waist, -0.9), (hip, -0.4), (outer + 0.15, bottom), (0, bottom + 0.05)])]
    right = [(0, -0.9), (waist, -0.9), (hip, -0.35), (outer, bottom), (inner, bottom + 0.03), (0.0, -0.2)]
    return [_mirrored(right)]


def _pair(rng: random.Random) -> list[Outline]:
    """Two shoes, boots or gloves side by side."""
    apart, turn = rng.uniform(0.25, 0.5), rng.uniform(-0.5, 0.5)
    found: list[Outline] = []
    for side in (-1, 1):
        blob = _round(rng, across=rng.uniform(0.16, 0.3), down=rng.uniform(0.5, 0.9), roughness=0.12)
        lean = turn * side if rng.random() < 0.8 else turn
        found.append(
            [
                (side * apart + x * math.cos(lean) - y * math.sin(lean), x * math.sin(lean) + y * math.cos(lean))
                for x, y in blob
            ]
        )
    return found


def _lying(rng: random.Random) -> list[Outline]:
    """A shoe or boot from the side."""
    heel, shaft = rng.uniform(0.0, 0.3), rng.uniform(0.2, 0.9)
    high, toe = -shaft, rng.uniform(0.15, 0.35)
    outline = [(-0.8, high), (-0.2, high + rng.uniform(0, 0.1)), (0.0, 0.0), (0.7, toe), (0.9, toe + 0.2), (0.85, 0.5)]
    outline += [(0.1, 0.5), (-0.2, 0.5 - heel), (-0.4, 0.5), (-0.85, 0.5), (-0.9, 0.0)]
    side = rng.choice((-1, 1))
    return [[(side * x, y) for x, y in outline]]


def _blob(rng: random.Random) -> list[Outline]:
    """Anything: hats, bags, folded clothes."""
    across, down = rng.uniform(0.45, 1.0), rng.uniform(0.45, 1.0)
    return [_round(rng, across=across, down=down, roughness=rng.uniform(0.0, 0.35))]


def _folded(rng: random.Random) -> list[Outline]:
    """A four-sided thing."""
    across, down = rng.uniform(0.5, 0.95), rng.uniform(0.5, 0.95)
    return [
        [
            (x * across + rng.gauss(0, 0.06), y * down + rng.gauss(0, 0.06))
            for x, y in ((-1, -1), (1, -1), (1, 1), (-1, 1))
        ]
    ]


def _round(rng: random.Random, *, across: float, down: float, roughness: float) -> Outline:
    """An ellipse whose radius wavers."""
    waves = [(rng.gauss(0, roughness / k), rng.uniform(0, 2 * math.pi)) for k in (1, 2, 3, 4)]
    outline: Outline = []
    for step in range(48):
        angle = 2 * math.pi * step / 48
        radius = 1 + sum(size * math.cos((k + 2) * angle + phase) for k, (size, phase) in enumerate(waves))
        outline.append((across * radius * math.cos(angle), down * radius * math.sin(angle)))
    return outline


_THINGS: tuple[Callable[[random.Random], list[Outline]], ...] = (_top, _trousers, _pair, _lying, _blob, _folded)
_WEIGHTS = (0.38, 0.2, 0.1, 0.1, 0.16, 0.06)
