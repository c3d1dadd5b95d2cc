"""Textures of materials, made of noise: how much lighter or darker, and how differently coloured, each place is.

They are made anew for each product at its own size, so that they are as sharp as it and weigh nothing; the same seed
gives the same texture.
"""

# scipy is typed in part.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.spatial import KDTree

from studio.editing.colour import Rgb
from studio.editing.membrane import gaussian

Floats = NDArray[np.floating[Any]]
#: Height and width in texture pixels.
Shape = tuple[int, int]


@dataclass(frozen=True, kw_only=True)
class Material:
    """How a material looks."""

    #: Makes relative lightness [height, width] of mean 0, where 0.1 is a tenth more of CIELAB's L + 16.
    texture: Callable[[Shape, np.random.Generator], Floats]
    #: What it is coloured like where no colour is asked for; None keeps the product's.
    colour: Rgb | None = None
    #: What lighter places have more of (CIELAB a and b, at a texture of 1), darker ones less.
    tint: tuple[float, float] = (0.0, 0.0)
    #: Factor on the contrast of light and shade: above 1 for what shines, below for what is dull.
    gloss: float = 1.0
    #: Whether the contrast has the bands of a metal that mirrors a studio.
    metal: bool = False


def fractal(
    shape: Shape, rng: np.random.Generator, *, across: float, down: float, octaves: int = 4, fall: float = 0.55
) -> Floats:
    """Smooth noise of deviation 1: so many lumps across and down, and octaves that are each `fall` times as strong."""
    total = np.zeros(shape, dtype=np.float32)
    for octave in range(octaves):
        rows, columns = (max(2, round(lumps * 2**octave)) for lumps in (down, across))
        if rows > 2 * shape[0] or columns > 2 * shape[1]:
            break
        grid = Image.fromarray(rng.standard_normal((rows, columns), dtype=np.float32))
        total += fall**octave * np.asarray(grid.resize((shape[1], shape[0]), Image.Resampling.BICUBIC))
    return (total - total.mean()) / max(float(total.std()), 1e-6)


def cells(shape: Shape, rng: np.random.Generator, count: float) -> tuple[Floats, Floats, NDArray[np.int_]]:
    """Cells round random points, `count` along the longer side: distances to the nearest and to the second nearest
    point in cells, and the number of the nearest (Worley 1996)."""
    step = max(shape) / count
    grid = np.mgrid[-1 : shape[0] / step + 2, -1 : shape[1] / step + 2].reshape(2, -1).T
    points = (grid + rng.uniform(-0.45, 0.45, grid.shape)) * step
    rows, columns = np.mgrid[0 : shape[0], 0 : shape[1]]
    places = np.stack([rows.ravel(), columns.ravel()], axis=-1)
    found: tuple[NDArray[np.floating[Any]], NDArray[np.int_]] = KDTree(points).query(places, k=2)  # pyright: ignore[reportAssignmentType]
    first, second = (found[0][:, i].reshape(shape).astype(np.float32) / np.float32(step) for i in (0, 1))
    return first, second, found[1][:, 0].reshape(shape)


def _leather(shape: Shape, rng: np.random.Generator) -> Floats:
    first, second, _ = cells(shape, rng, 75)
    creases = -np.exp(-(((second - first) / 0.16) ** 2))
    wear = fractal(shape, rng, across=5, down=5, octaves=3)
    return _centred(0.3 * creases - 0.1 * first + 0.03 * wear)


def _wood(shape: Shape, rng: np.random.Generator) -> Floats:
    grain = fractal(shape, rng, across=46, down=2.2, octaves=3, fall=0.6)
    broad = fractal(shape, rng, across=7, down=0.8, octaves=2)
    pores = np.clip(fractal(shape, rng, across=110, down=7, octaves=2) - 1.1, 0, None)
    return _centred(0.1 * grain + 0.09 * broad - 0.2 * pores)


def _walnut(shape: Shape, rng: np.random.Generator) -> Floats:
    field = fractal(shape, rng, across=2.2, down=0.7, octaves=2, fall=0.35)
    figure = np.cos(2 * math.pi * 3.2 * field)
    streaks = fractal(shape, rng, across=70, down=2.5, octaves=3)
    return _centred(0.1 * figure + 0.1 * streaks)


def _steel(shape: Shape, rng: np.random.Generator) -> Floats:
    lines = fractal(shape, rng, across=1.2, down=150, octaves=3, fall=0.8)
    return _centred(0.045 * lines + 0.03 * fractal(shape, rng, across=0.8, down=24, octaves=2))


def _brass(shape: Shape, rng: np.random.Generator) -> Floats:
    worn = np.tanh(1.5 * fractal(shape, rng, across=4, down=4, octaves=5))
    return _centred(0.07 * worn + 0.02 * fractal(shape, rng, across=60, down=60, octaves=2))


def _felt(shape: Shape, rng: np.random.Generator) -> Floats:
    fibres = fractal(shape, rng, across=130, down=45, octaves=2) + fractal(shape, rng, across=45, down=130, octaves=2)
    return _centred(0.055 * fibres + 0.035 * fractal(shape, rng, across=9, down=9, octaves=4))


def _weave(count: float, depth: float) -> Callable[[Shape, np.random.Generator], Floats]:
    def texture(shape: Shape, rng: np.random.Generator) -> Floats:
        rows, columns = np.mgrid[0 : shape[0], 0 : shape[1]].astype(np.float32) * np.float32(count / max(shape))
        bend = 0.12 * fractal(shape, rng, across=14, down=14, octaves=2)
        across, down = columns + bend, rows - bend
        over = np.cos(math.pi * across) * np.cos(math.pi * down)  # warp over weft, like a chessboard
        threads = np.where(over > 0, np.abs(np.sin(math.pi * across)), np.abs(np.sin(math.pi * down)))
        slubs = fractal(shape, rng, across=4, down=count, octaves=2) + fractal(
            shape, rng, across=count, down=4, octaves=2
        )
        return _centred(depth * threads + 0.1 * depth * np.sign(over) + 0.12 * depth * slubs)

    return texture


def _wicker(shape: Shape, rng: np.random.Generator) -> Floats:
    rows, columns = np.mgrid[0 : shape[0], 0 : shape[1]].astype(np.float32) / np.float32(max(shape))
    row = rows * 30 + 0.12 * fractal(shape, rng, across=9, down=9, octaves=2)
    odd = 2 * (np.floor(row) % 2) - 1
    stakes = np.cos(2 * math.pi * 9 * columns)
    over = 0.5 + 0.5 * stakes * odd
    cane = np.abs(np.sin(math.pi * row)) ** 0.7 * over
    stake = 0.55 * np.abs(stakes) ** 6
    fibres = fractal(shape, rng, across=6, down=150, octaves=2)
    return _centred(0.75 * np.maximum(cane, stake) + 0.03 * fibres)


def _marble(shape: Shape, rng: np.random.Generator) -> Floats:
    clouds = fractal(shape, rng, across=2.2, down=2.8, octaves=6, fall=0.5)
    finer = fractal(shape, rng, across=4, down=5, octaves=5, fall=0.55)
    veins = np.exp(-np.abs(clouds) / 0.035) + 0.6 * np.exp(-np.abs(finer) / 0.025)
    return _centred(-0.28 * veins * (0.6 + 0.4 * np.tanh(finer)) + 0.035 * clouds)


def _cork(shape: Shape, rng: np.random.Generator) -> Floats:
    first, second, nearest = cells(shape, rng, 55)
    tone = rng.standard_normal(int(nearest.max()) + 1).astype(np.float32)[nearest]
    dark = np.where(tone < -1.4, -0.3, 0)
    gaps = -np.exp(-(((second - first) / 0.12) ** 2))
    return _centred(0.06 * tone + dark + 0.12 * gaps + 0.03 * fractal(shape, rng, across=120, down=120, octaves=2))


def _ceramic(shape: Shape, rng: np.random.Generator) -> Floats:
    first, _, nearest = cells(shape, rng, 60)
    size = np.where(rng.random(int(nearest.max()) + 1) < 0.35, rng.uniform(0.06, 0.2, int(nearest.max()) + 1), 0)
    spots = np.clip((size[nearest] - first) / 0.05, 0, 1)
    return _centred((-0.3 * spots + 0.01 * fractal(shape, rng, across=8, down=8)).astype(np.float32))


def _rubber(shape: Shape, rng: np.random.Generator) -> Floats:
    return _centred(
        0.02 * fractal(shape, rng, across=150, down=150, octaves=2) + 0.02 * fractal(shape, rng, across=6, down=6)
    )


def _plain(shape: Shape, rng: np.random.Generator) -> Floats:
    return np.zeros(shape, dtype=np.float32)


def _centred(values: Floats) -> Floats:
    """Mean 0, with the finest steps softened as a lens does."""
    return gaussian((values - values.mean()).astype(np.float32), 0.5)


#: By the names of the vocabulary, and some that shops use besides.
MATERIALS: Mapping[str, Material] = {
    "leather": Material(texture=_leather, gloss=1.05),
    "wood": Material(texture=_wood, colour=(186, 138, 88), tint=(-8, 6)),
    "walnut": Material(texture=_walnut, colour=(104, 68, 44), tint=(6, 10)),
    "metal": Material(texture=_steel, colour=(142, 145, 150), gloss=1.15, metal=True),
    "brass": Material(texture=_brass, colour=(164, 122, 56), tint=(-4, 12), gloss=1.15, metal=True),
    "felt": Material(texture=_felt, gloss=0.65),
    "fabric": Material(texture=_weave(95, 0.22), gloss=0.75),
    "marble": Material(texture=_marble, colour=(226, 226, 224), gloss=1.1),
    "cork": Material(texture=_cork, colour=(190, 146, 98), tint=(4, 10), gloss=0.8),
    "wicker": Material(texture=_wicker, colour=(186, 140, 84), tint=(2, 16), gloss=0.9),
    "ceramic": Material(texture=_ceramic, gloss=1.15),
    "rubber": Material(texture=_rubber, gloss=0.7),
    "plastic": Material(texture=_plain, gloss=1.1),
}
