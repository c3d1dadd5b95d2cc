"""Random holes in pictures, as people paint them: strokes, and boxes."""

# numpy and torch are typed in part.
# pyright: reportUnknownMemberType=false

from __future__ import annotations

import math
import random
from typing import Literal, get_args

import numpy as np
import torch
from PIL import Image, ImageDraw
from torch import Tensor

Kind = Literal["thin", "medium", "thick"]
KINDS: tuple[Kind, ...] = get_args(Kind)

#: Widths of strokes as shares of the picture's side, and how much of a picture holes of a kind cover at most.
WIDTHS: dict[Kind, tuple[float, float]] = {"thin": (0.01, 0.03), "medium": (0.04, 0.09), "thick": (0.12, 0.25)}
COVER: dict[Kind, float] = {"thin": 0.15, "medium": 0.3, "thick": 0.45}
LEAST = 0.005  # of a picture
MARGINS = 0.1  # of the holes that are trained on


def random_hole(size: int, kind: Kind, rng: random.Random) -> np.ndarray:
    """Bool [size, size], True = hole: strokes that wander, of a width of the kind; one thick hole in three is boxes."""
    while True:
        mask = Image.new("1", (size, size))
        draw = ImageDraw.Draw(mask)
        boxes = kind == "thick" and rng.random() < 1 / 3
        for _ in range(rng.randint(1, 2 if kind == "thick" else 4)):
            if boxes:
                _box(draw, size, rng)
            else:
                _stroke(draw, size, rng.uniform(*WIDTHS[kind]) * size, rng)
        hole = np.asarray(mask.convert("L")) > 0
        if LEAST <= hole.mean() <= COVER[kind]:
            return hole


def hole_batch(count: int, size: int, rng: random.Random) -> Tensor:
    """Float [count, 1, size, size] of 0 and 1, 1 = hole, of all kinds alike, and margins, as of a larger canvas."""
    holes = [
        random_margin(size, rng) if rng.random() < MARGINS else random_hole(size, rng.choice(KINDS), rng)
        for _ in range(count)
    ]
    return torch.from_numpy(np.stack(holes))[:, None].float()


def random_margin(size: int, rng: random.Random) -> np.ndarray:
    """Bool [size, size], True = hole: all that is beyond one side of a picture, or beyond two that face each other."""
    places = np.arange(size)
    width = rng.uniform(0.05, 0.45) * size
    beyond = places < width
    if rng.random() < 0.3:
        beyond = (places < width / 2) | (places >= size - width / 2)
    return np.rot90(np.broadcast_to(beyond, (size, size)), rng.randrange(4))


def _stroke(draw: ImageDraw.ImageDraw, size: int, width: float, rng: random.Random) -> None:
    x, y = rng.uniform(0, size), rng.uniform(0, size)
    angle, radius = rng.uniform(0, 2 * math.pi), width / 2
    for _ in range(rng.randint(1, 7)):
        angle += rng.gauss(0, 0.8)
        length = rng.uniform(0.05, 0.25) * size
        end = x + length * math.cos(angle), y + length * math.sin(angle)
        draw.line([(x, y), end], fill=1, width=max(1, round(width)))
        for cx, cy in ((x, y), end):  # round ends and joints
            draw.ellipse([cx - radius, cy - radius, cx + radius, cy + radius], fill=1)
        x, y = end


def _box(draw: ImageDraw.ImageDraw, size: int, rng: random.Random) -> None:
    width, height = rng.uniform(0.12, 0.5) * size, rng.uniform(0.12, 0.5) * size
    x, y = rng.uniform(0, size - width), rng.uniform(0, size - height)
    draw.rectangle([x, y, x + width, y + height], fill=1)
