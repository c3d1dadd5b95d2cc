"""The shadow of a product of which only a photo is known: its outline gets a depth, and light from many directions.

A standing product is taken for a body with the photo's outline whose sections are ellipses, a lying one for a slab.
What part of the key light and of the sky each place of the floor doesn't see is counted over samples of their
directions, so that a shadow is dark and sharp where the product touches the floor and softer the further away it falls.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from studio.editing.membrane import gaussian
from studio.editing.plates import Plate

Floats = NDArray[np.floating[Any]]

_SIDE = 224  # of the grid on which shadows are counted
_LEVELS = 24  # heights at which a product has a section
_KEY_SAMPLES, _SKY_SAMPLES = 16, 20
_DEPTH = 0.26  # half of a standing product's, as a share of its smaller side
_THICKNESS = 0.045  # of a lying product, as a share of its smaller side
_FLATTEST = 0.25  # sine of the angle at which a floor is seen at least: photos are taken from higher than our plates
_RISE = 0.25  # how far up feet may stand that stand further back, as a share of the smaller side


class Shadow(NamedTuple):
    """Shares 0..1 of the key light and of the sky that are hidden from the floor, as small arrays of the canvas."""

    key: Floats
    sky: Floats


class Ground(NamedTuple):
    """Where a standing product meets the floor: the row of each column, on a small grid of `scale` to the canvas."""

    rows: Floats
    scale: float


def cast(mask: Image.Image, plate: Plate, floor_end: float | None) -> Shadow:
    """The shadow that the product of a mask (L) casts on the floor of a plate that is fitted behind it.

    `floor_end` is the row of the mask where a wall begins, or None.
    """
    scale = min(1.0, _SIDE / max(mask.size))
    size = (max(2, round(mask.width * scale)), max(2, round(mask.height * scale)))
    small = np.asarray(mask.resize(size, Image.Resampling.BOX), dtype=np.float32) / 255
    key, sky = _key_directions(plate), _sky_directions()
    if plate.view == "lying":
        return Shadow(_lying(small, key), gaussian(_lying(small, sky), 1.5))
    ground = _ground(small)
    end = None if floor_end is None else floor_end * size[1] / mask.height
    return Shadow(_standing(small, ground, plate, key, end), _standing(small, ground, plate, sky, end))


def ground(mask: Image.Image) -> Ground:
    """Where the product of a mask (L) meets the floor that it stands on."""
    scale = min(1.0, _SIDE / max(mask.size))
    size = (max(2, round(mask.width * scale)), max(2, round(mask.height * scale)))
    return Ground(_ground(np.asarray(mask.resize(size, Image.Resampling.BOX), dtype=np.float32) / 255), scale)


def _key_directions(plate: Plate) -> NDArray[np.floating[Any]]:
    """[n, 2]: how far to the right and to the back a shadow moves per unit of height."""
    count = np.arange(_KEY_SAMPLES) + 0.5
    radius, turn = np.sqrt(count / _KEY_SAMPLES), count * 2.399963  # a sunflower's disc
    spread = 2 + 20 * plate.softness  # degrees either way
    azimuth = np.radians(plate.azimuth + spread * radius * np.cos(turn))
    elevation = np.radians(np.clip(plate.elevation + spread * radius * np.sin(turn), 12, 88))
    return np.stack([-np.sin(azimuth), np.cos(azimuth)], axis=-1) / np.tan(elevation)[:, None]


def _sky_directions() -> NDArray[np.floating[Any]]:
    """[n, 2] as above, for an even sky: cosine-weighted, without what is near the horizon."""
    count = np.arange(_SKY_SAMPLES) + 0.5
    sine = np.sqrt(0.8 * count / _SKY_SAMPLES)  # of the angle to the zenith
    turn = count * 2.399963
    return (sine / np.sqrt(1 - sine**2))[:, None] * np.stack([np.cos(turn), np.sin(turn)], axis=-1)


def _lying(mask: Floats, directions: NDArray[np.floating[Any]]) -> Floats:
    rows, columns = np.nonzero(mask > 0.5)
    if len(rows) == 0:
        return np.zeros_like(mask)
    thick = _THICKNESS * max(4, min(np.ptp(rows), np.ptp(columns)))
    hidden = np.zeros_like(mask)
    for right, back in directions:
        one = np.zeros_like(mask)
        reach = thick * math.hypot(right, back)
        steps = max(2, math.ceil(reach))
        for height in np.linspace(0, thick, steps):
            _lay(one, mask, right * height, -back * height)
        hidden += one
    return gaussian(hidden / len(directions), 0.7)


def _ground(mask: Floats) -> Floats:
    """Where each column of a standing product stands, in rows from the top; what hangs over stands between its feet."""
    solid = mask > 0.5
    columns = np.nonzero(solid.any(axis=0))[0]
    if len(columns) == 0:
        return np.full_like(mask[0], len(mask))
    lowest: NDArray[np.int_] = mask.shape[0] - np.argmax(solid[::-1], axis=0)[columns]
    top = int(np.nonzero(solid.any(axis=1))[0][0])
    smaller = min(len(columns), lowest.max() - top)
    feet = lowest >= lowest.max() - max(_RISE * smaller, 1)
    every, standing = np.arange(mask.shape[1], dtype=np.float64), columns[feet].astype(np.float64)
    rows = np.asarray(np.interp(every, standing, lowest[feet].astype(np.float64)), np.float32)
    return gaussian(rows[None, :], max(0.015 * len(columns), 0.5))[0]


def _standing(
    mask: Floats, ground_rows: Floats, plate: Plate, directions: NDArray[np.floating[Any]], floor_end: float | None
) -> Floats:
    height, width = mask.shape
    sections, heights, depth = _sections(mask, ground_rows)
    if not len(heights):
        return np.zeros_like(mask)
    # The floor as seen from above: `front` rows nearer than where the product stands, the others behind it.
    front = max(8, round(0.8 * depth + 0.25 * heights.max()))
    back = max(16, round(2.5 * depth + 1.2 * heights.max()))
    floor = np.zeros((front + back, width), dtype=np.float32)
    away = np.arange(-front, back, dtype=np.float32)[:, None]
    filled = [np.clip(half - np.abs(away - middle) + 0.5, 0, 1) for middle, half in sections]
    for right, behind in directions:
        one = np.zeros_like(floor)
        for level, section in zip(heights, filled, strict=True):
            _lay(one, section, right * level, behind * level)
        floor += one
    floor = gaussian(floor / len(directions), 1.2) * np.clip(2 - 2 * away / back, 0, 1)
    # Seen by the camera, depth is shortened.
    short = max(math.sin(math.radians(plate.camera)), _FLATTEST)
    rows = np.arange(height, dtype=np.float32)[:, None] + 0.5
    deep = (ground_rows[None, :] - rows) / short + front
    hidden = _at_rows(floor, deep)
    if floor_end is not None:
        wall = _on_wall(mask, float(ground_rows.max()) - floor_end, depth, short, directions)
        hidden = np.where(rows < floor_end, wall, hidden)
    return hidden.astype(np.float32)


def _sections(mask: Floats, ground_rows: Floats) -> tuple[list[tuple[Floats, Floats]], Floats, float]:
    """Per level: where the middle of the product's section is behind its front, and half its depth, for each column."""
    height, width = mask.shape
    solid = mask > 0.5
    columns = np.nonzero(solid.any(axis=0))[0]
    if len(columns) == 0:
        return [], np.zeros(0, dtype=np.float32), 0.0
    rows = np.nonzero(solid.any(axis=1))[0]
    tall = float(ground_rows[columns].max() - rows[0])
    wide = float(len(columns))
    depth = _DEPTH * min(tall, wide)
    x = np.arange(width, dtype=np.float32)
    round_it = np.sqrt(np.clip(1 - ((x - columns.mean()) / (wide / 2 + 0.5)) ** 2, 0, 1))
    middle = (depth * np.maximum(round_it, 0.25)).astype(np.float32)
    heights = np.linspace(0, tall, max(2, min(_LEVELS, math.ceil(tall))), dtype=np.float32)
    sections: list[tuple[Floats, Floats]] = []
    for level in heights:
        at = np.clip(np.rint(ground_rows - 1 - level), 0, height - 1).astype(int)
        filled = mask[at, np.arange(width)]
        span = np.nonzero(filled > 0.5)[0]
        half = np.zeros(width, dtype=np.float32)
        if len(span):
            own = (span[-1] - span[0] + 1) / 2
            round_own = np.sqrt(np.clip(1 - ((x - (span[0] + span[-1]) / 2) / (own + 0.5)) ** 2, 0, 1))
            half = (depth * min(1.0, 1.4 * own / (wide / 2)) * np.maximum(round_own, 0.3)).astype(np.float32)
        sections.append((middle, np.where(filled > 0.5, half, -1).astype(np.float32)))
    return sections, heights, depth


def _on_wall(
    mask: Floats, rows_of_floor: float, depth: float, short: float, directions: NDArray[np.floating[Any]]
) -> Floats:
    """The shadow on a wall behind the product."""
    distance = max(rows_of_floor / short - depth, 1.0)
    hidden = np.zeros_like(mask)
    for right, behind in directions:
        if behind > 0.05:  # the light comes from the front
            one = np.zeros_like(mask)
            _lay(one, mask, distance * right / behind, distance / behind - rows_of_floor)
            hidden += one
    return gaussian(hidden / len(directions), 0.02 * distance + 0.5)


def _at_rows(floor: Floats, rows: Floats) -> Floats:
    """Values of each column at fractional rows; zero beyond."""
    low = np.floor(rows).astype(int)
    share = rows - low
    columns: NDArray[np.int_] = np.arange(int(floor.shape[1]))[None, :]
    padded = np.pad(floor, ((1, 2), (0, 0)))
    first = padded[np.clip(low + 1, 0, len(padded) - 1), columns]
    second = padded[np.clip(low + 2, 0, len(padded) - 1), columns]
    return first + share * (second - first)


def _lay(onto: Floats, values: Floats, right: float, down: float) -> None:
    """The larger of both arrays, `values` moved by whole cells, in place."""
    across, along = round(right), round(down)
    height, width = values.shape
    if abs(across) < width and abs(along) < height:
        there = onto[max(along, 0) : height + min(along, 0), max(across, 0) : width + min(across, 0)]
        here = values[max(-along, 0) : height - max(along, 0), max(-across, 0) : width - max(across, 0)]
        np.maximum(there, here, out=there)
