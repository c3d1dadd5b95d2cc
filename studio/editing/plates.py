"""Plates: the empty scenes that photographed products are placed on, rendered by `studio.world.render.plates`."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from studio.editing.canvas import mirrored
from studio.editing.colour import Rgb, lab_of, rgb_of_lab, rounded
from studio.editing.masks import blurred
from studio.settings import packaged

#: Scenes that are even enough to go on at their edges as they end there; others go on mirrored.
_SMOOTH = frozenset({"white studio", "grey studio", "black studio", "colour gels", "podium", "low key"})
#: Rendered colour sweeps would be grey ones in another colour.
SWEEPS: Mapping[str, Rgb] = {"pink backdrop": (245, 186, 194), "blue backdrop": (150, 192, 232)}
_SWEEP = "grey studio"
_WIDEST = 1.6  # the scene is made larger by up to that factor before it is extended


@dataclass(frozen=True, kw_only=True)
class Plate:
    """An empty scene and what has to be known to put something in it. Angles in degrees."""

    name: str
    scene: str
    #: `standing`, seen from a little above, or `lying`, seen from above.
    view: str
    #: Where a product stands, as shares of width and height.
    stand: tuple[float, float]
    #: How large a product of size 1 is there, as a share of the width.
    unit: float
    #: Where the floor ends and a wall begins, as a share of the height; None where it has no end.
    floor_end: float | None
    #: The camera above the floor.
    camera: float
    #: From where the light comes: right of the camera, and above the floor; and how soft it is, 0..1.
    azimuth: float
    elevation: float
    softness: float
    #: Whether it is used mirrored.
    mirrored: bool = False

    def turned(self) -> Plate:
        """The plate in a mirror: its light comes from the other side."""
        return replace(
            self, mirrored=not self.mirrored, azimuth=-self.azimuth, stand=(1 - self.stand[0], self.stand[1])
        )


@lru_cache(maxsize=1)
def plates() -> Mapping[tuple[str, str], Plate]:
    """All plates, by scene and view."""
    entries: dict[str, dict[str, Any]] = json.loads((packaged("assets") / "plates" / "index.json").read_text("utf-8"))
    read = [Plate(name=name, stand=tuple(entry.pop("stand")), **entry) for name, entry in entries.items()]
    return {(plate.scene, plate.view): plate for plate in read}


def plate_of(scene: str, view: str) -> Plate:
    """The plate of a scene; sweeps of a colour have the grey one's, and what isn't seen from above has one without
    walls."""
    scene = _SWEEP if scene in SWEEPS else scene
    known = plates()
    return known.get((scene, view)) or known[_SWEEP, view]


@dataclass(frozen=True, kw_only=True)
class Fitted:
    """A plate behind a product: RGB of the size that was asked for, and the row where its floor ends."""

    image: Image.Image
    floor_end: float | None


def fit(plate: Plate, size: tuple[int, int], base: tuple[float, float], unit: float, colour: Rgb | None) -> Fitted:
    """The plate at `size` with its standing place at `base` and a product of `unit` pixels; never stretched.

    What is beyond its edges goes on as it ends, or mirrored. A `colour` (sRGB) makes it a sweep of that colour.
    """
    image = _load(plate.name)
    if plate.mirrored:
        image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    if colour is not None:
        image = _coloured(image, colour)
    stand = plate.stand[0] * image.width, plate.stand[1] * image.height
    scale = unit / (plate.unit * image.width)
    needed = [
        at / have
        for at, end, where, side in zip(base, size, stand, image.size, strict=True)
        for at, have in ((at, where), (end - at, side - where))
    ]
    scale = max(scale, min(max(needed), scale * _WIDEST))
    left, top = (where - at / scale for where, at in zip(stand, base, strict=True))
    right, bottom = left + size[0] / scale, top + size[1] / scale
    x0, x1, y0, y1 = math.floor(left) - 3, math.ceil(right) + 3, math.floor(top) - 3, math.ceil(bottom) + 3
    pixels = np.asarray(image)
    columns, rows = (
        _indices(low, high, side, plate.scene in _SMOOTH or colour is not None)
        for low, high, side in ((x0, x1, image.width), (y0, y1, image.height))
    )
    window = Image.fromarray(pixels[rows][:, columns])
    box = (left - x0, top - y0, right - x0, bottom - y0)
    floor_end = None if plate.floor_end is None else (plate.floor_end * image.height - top) * scale
    return Fitted(image=window.resize(size, Image.Resampling.BICUBIC, box=box), floor_end=floor_end)


@lru_cache(maxsize=4)
def _load(name: str) -> Image.Image:
    with Image.open(packaged("assets") / "plates" / f"{name}.webp") as image:
        return image.convert("RGB")


def _coloured(sweep: Image.Image, colour: Rgb) -> Image.Image:
    """A grey sweep in another colour: more or less light on it scales all of CIELAB's (L + 16, a, b)."""
    smooth = blurred(sweep, sweep.width / 100)
    lightness = lab_of(np.asarray(smooth))[..., 0]
    target = lab_of(np.array(colour, dtype=np.uint8))
    target[0] = min(target[0], 93.0)  # room for light
    light = (lightness + 16) / (np.median(lightness) + 16)
    light = np.minimum(1 + 0.7 * (light - 1), 98 / target[0] if target[0] > 60 else 1.6)[..., None]
    lab = np.concatenate([light * (target[0] + 16) - 16, light * target[1:]], axis=-1)
    return Image.fromarray(rounded(rgb_of_lab(lab.astype(np.float32))))


def _indices(low: int, high: int, side: int, smooth: bool) -> NDArray[np.int_]:
    """Pixels low .. high of a line of `side` that goes on for ever."""
    places = np.arange(low, high)
    if smooth:
        return np.clip(places, 0, side - 1)
    return mirrored(places, side)
