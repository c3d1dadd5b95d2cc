"""Toys and sport."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import bpy
from mathutils import Matrix, Vector

from studio.world.render.look import RUBBER, STEEL, Look
from studio.world.render.materials import plain
from studio.world.render.shapes import (
    Point,
    bake,
    box,
    colour_of,
    crisp,
    cushion,
    is_light,
    lathe,
    loft,
    rod,
    slab,
    tube,
    word,
)

BEECH = ((0.62, 0.4, 0.2), 0.5)
PANE = ((0.05, 0.09, 0.13), 0.1)
LIGHT = ((0.95, 0.85, 0.5), 0.2)
WHITE = ((0.88, 0.88, 0.87), 0.4)
BLACK = ((0.02, 0.02, 0.022), 0.4)

Outline = list[tuple[float, float]]


def toy_car(look: Look) -> None:
    if look.silhouette == "racer":
        _racer(look)
    elif look.silhouette == "van":
        _van(look)
    else:
        _car(look)


def _wheel(look: Look, r: float, at: Point, thick: float = 0.13) -> None:
    tyre = [(0, -thick / 2), (r * 0.6, -thick / 2), (r * 0.62, -thick * 0.4), (r * 0.66, -thick / 2)]
    tyre += [(r - 0.03, -thick / 2), (r, -thick / 2 + 0.03)]
    crisp(
        lathe([*tyre, *((x, -z) for x, z in reversed(tyre))], look.part(plain(*RUBBER)), at=at, axis="y", smooth=1), 50
    )
    hub = [(0, -thick / 2 - 0.025), (r * 0.2, -thick / 2 - 0.02), (r * 0.28, -thick / 2), (r * 0.28, thick / 2)]
    hub += [(r * 0.2, thick / 2 + 0.02), (0, thick / 2 + 0.025)]
    lathe(hub, plain(*BEECH), at=at, axis="y", smooth=1)


def _axles(look: Look, r: float, places: Sequence[float], width: float) -> None:
    for x in places:
        rod((x, -width / 2 - 0.06, r), (x, width / 2 + 0.06, r), 0.03, plain(*BEECH))
        for side in (-1, 1):
            _wheel(look, r, (x, side * (width / 2 + 0.075), r))


def _lamps(front: float, rear: float, level: float, width: float) -> None:
    for y in (-1, 1):
        lamp = [(0, -0.03), (0.055, -0.03), (0.06, 0), (0.055, 0.03), (0, 0.035)]
        lathe(lamp, plain(*LIGHT), at=(front, y * width * 0.3, level), axis="x", smooth=1)
        box((0.04, 0.1, 0.06), plain((0.6, 0.03, 0.03), 0.3), at=(rear, y * width * 0.3, level), bevel=0.015)


def _inset(corners: Outline, share: float) -> Outline:
    """An outline drawn in towards its middle."""
    x = sum(corner[0] for corner in corners) / len(corners)
    z = sum(corner[1] for corner in corners) / len(corners)
    return [(x + (a - x) * share, z + (b - z) * share) for a, b in corners]


def _pane(low: tuple[float, float], high: tuple[float, float], width: float) -> None:
    """A window across the car, on the slope between two points of its outline."""
    a, b = Vector(low), Vector(high)
    along = b - a
    out = Vector((-along.y, along.x)).normalized() * 0.006
    start, end = a + along * 0.14, a + along * 0.86
    corners = [start - out, end - out, end + out, start + out]
    slab([(c.x, c.y) for c in corners], width * 0.78, plain(*PANE), bevel=0)


def _car(look: Look) -> None:
    s = look.s
    long, width, r = 0.6 + 0.08 * s[0], 0.46 + 0.05 * s[0], 0.165 + 0.02 * s[1]
    low, belt, roof = r * 0.75, r + 0.25, r + 0.52 + 0.05 * s[2]
    shift = 0.05 * s[3]
    front, rear = (-0.27 + shift, belt + 0.01), (0.43 + shift, belt + 0.01)
    front_top, rear_top = (-0.1 + shift, roof), (0.27 + shift, roof)
    nose = [(-long, low), (-long, belt - 0.1), (-long + 0.05, belt - 0.03)]
    tail = [(long - 0.03, belt - 0.02), (long, belt - 0.07), (long, low)]
    slab([*nose, front, front_top, (0.09 + shift, roof + 0.02), rear_top, rear, *tail], width, look.skin, bevel=0.05)
    middle = (front_top[0] + rear_top[0]) / 2
    foot, top = belt + 0.03, roof - 0.05
    for corners in (
        [(front[0] + 0.08, foot), (front_top[0] + 0.04, top), (middle - 0.025, top), (middle - 0.025, foot)],
        [(middle + 0.025, foot), (middle + 0.025, top), (rear_top[0] - 0.04, top), (rear[0] - 0.1, foot)],
    ):
        slab(corners, width + 0.008, plain(*PANE), bevel=0)
    _pane(front, front_top, width)
    _pane(rear_top, rear, width)
    _lamps(-long, long, (low + belt) / 2 + 0.04, width)
    for x in (-long, long):
        box((0.07, width * 0.98, 0.06), plain(*STEEL), at=(x, 0, low + 0.05), bevel=0.025)
    _axles(look, r, (-long * 0.6, long * 0.62), width)


def _van(look: Look) -> None:
    s = look.s
    long, width, r = 0.6 + 0.08 * s[0], 0.48 + 0.05 * s[0], 0.15 + 0.02 * s[1]
    low, belt, roof = r * 0.75, r + 0.3, r + 0.68 + 0.06 * s[2]
    slope = 0.13 + 0.04 * s[3]
    front, front_top = (-long + 0.015, belt), (-long + slope, roof - 0.05)
    nose = [(-long - 0.01, low), (-long - 0.01, belt - 0.12), front, front_top, (-long + slope + 0.07, roof)]
    slab([*nose, (long - 0.07, roof), (long, roof - 0.06), (long, low)], width, look.skin, bevel=0.05)
    foot, top = belt + 0.02, roof - 0.08
    start = -long + slope + 0.03
    step = (long - 0.07 - start) / 3
    for i in range(3):
        left, right = start + i * step, start + (i + 1) * step - 0.05
        corners = [(left - (0.08 if i == 0 else 0), foot), (left, top), (right, top), (right, foot)]
        slab(corners, width + 0.008, plain(*PANE), bevel=0)
    _pane(front, front_top, width)
    box((0.012, width * 0.7, top - foot), plain(*PANE), at=(long, 0, (foot + top) / 2), bevel=0.004)
    _lamps(-long - 0.01, long, (low + belt) / 2, width)
    for x in (-long, long):
        box((0.07, width * 0.98, 0.06), plain(*STEEL), at=(x, 0, low + 0.04), bevel=0.025)
    box((2 * long - 0.14, width + 0.012, 0.022), plain(*WHITE), at=(0.02, 0, belt - 0.05), bevel=0.004)
    _axles(look, r, (-long * 0.58, long * 0.62), width)


def _racer(look: Look) -> None:
    """A cigar on big wheels with a wooden driver in it."""
    s = look.s
    long, r, wide = 0.68 + 0.09 * s[0], 0.19 + 0.02 * s[1], 0.19 + 0.025 * s[0]
    level = r + 0.05
    body = [(0, -long), (0.07, -long + 0.01), (wide * 0.72, -0.72 * long), (wide, -0.2 * long), (wide, 0.25 * long)]
    lathe([*body, (wide * 0.6, 0.75 * long), (0.05, long), (0, long)], look.skin, at=(0, 0, level), axis="x", smooth=4)
    seat = 0.12 + 0.05 * s[3]
    rim, dark = level + wide - 0.02, plain(*BLACK)
    lathe([(0, 0), (0.13, 0), (0.14, 0.025), (0.12, 0.035), (0, 0.035)], dark, at=(seat, 0, rim), squash=(1.35, 0.95))
    head = 0.105 + 0.01 * s[2]
    lathe([(0, 0), (0.1, 0), (0.085, 0.1), (0.05, 0.13), (0, 0.13)], plain(*WHITE), at=(seat, 0, rim), smooth=3)
    cushion((2 * head,) * 3, plain(*BEECH), at=(seat, 0, rim + 0.12 + head * 0.9), corner=2, puff=2)
    dome = [(head * 1.08 * math.sin(t), head * 1.08 * math.cos(t)) for t in (math.pi / 2 * i / 8 for i in range(9))]
    lathe(dome, look.part(dark), at=(seat, 0, rim + 0.13 + head * 0.9), smooth=1)
    slab(
        [(seat + 0.17, rim - 0.06), (seat + 0.2, rim + 0.14), (seat + 0.28, rim + 0.13), (seat + 0.5, rim - 0.14)],
        0.07,
        look.skin,
        bevel=0.025,
    )
    pane = [(seat - 0.24, rim - 0.02), (seat - 0.18, rim + 0.09), (seat - 0.165, rim + 0.09), (seat - 0.21, rim - 0.02)]
    slab(pane, wide * 1.1, plain(*PANE), bevel=0.004)
    crisp(
        lathe(
            [(0, -wide - 0.006), (0.115, -wide - 0.006), (0.115, wide + 0.006), (0, wide + 0.006)],
            plain(*WHITE),
            at=(-0.22 * long, 0, level),
            axis="y",
            smooth=1,
        )
    )
    word(str(1 + round(4.4 * (s[3] + 1))), 0.14, dark, at=(-0.22 * long, -wide - 0.01, level))
    lathe(
        [(0.035, -0.012), (0.075, -0.012), (0.075, 0.012), (0.035, 0.012)],
        plain(*STEEL),
        at=(-long + 0.01, 0, level),
        axis="x",
        smooth=1,
    )
    _axles(look, r, (-0.55 * long, 0.55 * long), 2 * wide + 0.06)


def ball(look: Look) -> None:
    if look.silhouette == "football":
        parts = _football(look)
    elif look.silhouette == "basketball":
        parts = _basketball(look)
    else:
        parts = _beach_ball(look)
    wide = 0.5 * (1 + 0.1 * look.s[0])
    stand = Matrix.Translation((0, 0, 0.5)) @ Matrix.Diagonal((wide, wide, 0.5, 1))
    for item, tilt in parts:
        bake(item, stand @ Matrix.Rotation(tilt, 4, "X"))


Placed = list[tuple[bpy.types.Object, float]]


def _football(look: Look) -> Placed:
    """Twelve pentagons and twenty hexagons: an icosahedron with its corners cut off at a third of every edge."""
    golden = (1 + math.sqrt(5)) / 2
    corners = [Vector(p) for a in (-1, 1) for b in (-golden, golden) for p in ((0, a, b), (a, b, 0), (b, 0, a))]
    edges = [(a, b) for a in corners for b in corners if abs((a - b).length - 2) < 0.1]
    panels: list[tuple[bool, list[Vector]]] = []
    for corner in corners:
        panels.append((True, [a + (b - a) / 3 for a, b in edges if a == corner]))
    triples = {
        tuple(sorted((corners.index(a), corners.index(b), i)))
        for a, b in edges
        for i, c in enumerate(corners)
        if abs((a - c).length - 2) < 0.1 and abs((b - c).length - 2) < 0.1
    }
    for triple in sorted(triples):
        three = [corners[i] for i in triple]
        panels.append((False, [a + (b - a) / 3 for a in three for b in three if a != b]))
    spots = look.part(plain(*(BLACK if is_light(look.skin) else WHITE)))
    depth = 0.03 + 0.008 * look.s[2]
    tilt = math.radians(40 + 18 * look.s[1])
    rows, shape = (0.0, 0.4, 0.7, 0.87, 0.95, 1.0), (0, 0, 0, 0.06, 0.3, 1)
    found = []
    for is_pentagon, points in panels:
        middle = sum(points, Vector()) / len(points)
        side = middle.orthogonal().normalized()
        up = middle.normalized().cross(side)
        points.sort(key=lambda p, m=middle, x=side, y=up: math.atan2((p - m).dot(y), (p - m).dot(x)))
        rim = [a.lerp(b, i / 4) for a, b in pairwise([*points, points[0]]) for i in range(4)]
        rings = [
            [tuple(middle.lerp(p, row).normalized() * (1 - depth * low)) for p in rim]
            for row, low in zip(rows, shape, strict=True)
        ]
        found.append((loft(rings, spots if is_pentagon else look.skin, caps=(False, False), crease=180), tilt))
    return found


def _basketball(look: Look) -> Placed:
    """Two great circles, and an oval on either side that comes nearest to the front."""
    s = look.s
    tilt = math.radians(14 + 14 * s[1])
    black = plain(*BLACK) if sum(colour_of(look.skin)) > 0.12 else plain((0.5, 0.5, 0.5), 0.5)
    panel = look.part(look.skin)
    steps, found = 64, []

    def point(side: int, turn: float, away: float) -> Point:
        return side * math.cos(away), math.sin(away) * math.sin(turn), math.sin(away) * math.cos(turn)

    for side in (-1, 1):
        oval = [math.radians(51 + 4 * s[3] - 9 * math.cos(4 * math.pi * i / steps)) for i in range(steps)]
        turns = [2 * math.pi * i / steps for i in range(steps)]
        for low, high, material in ((0.0, 1.0, panel), (1.0, 2.0, look.skin)):
            rings = []
            for row in range(13):
                share = low + (high - low) * row / 12
                away = [a * share if share <= 1 else a + (math.pi / 2 - a) * (share - 1) for a in oval]
                rings.append([point(side, turn, a) for turn, a in zip(turns, away, strict=True)])
            found.append(loft(rings, material, caps=(False, False), crease=180))
        seam = [point(side, turn, away) for turn, away in zip(turns, oval, strict=True)]
        found.append(tube(seam, 0.022 + 0.005 * s[2], black, closed=True))
    for across in (False, True):
        circle = [2 * math.pi * i / steps for i in range(steps)]
        seam = [(math.cos(t), math.sin(t), 0.0) if across else (0.0, math.cos(t), math.sin(t)) for t in circle]
        found.append(tube(seam, 0.022 + 0.005 * s[2], black, closed=True))
    return [(item, tilt) for item in found]


def _beach_ball(look: Look) -> Placed:
    s = look.s
    tilt = math.radians(24 + 14 * s[1])
    other = look.part(plain(*WHITE) if not is_light(look.skin) else plain((0.42, 0.43, 0.45), 0.3))
    found, count = [], 6
    crease, cap = 0.02 + 0.006 * s[2], math.radians(15 + 3 * s[3])
    for i in range(count):
        columns = [j / 10 for j in range(11)]
        rings = []
        for row in range(17):
            away = cap * 0.8 + (math.pi - 1.6 * cap) * row / 16
            ring = []
            for column in columns:
                turn = -math.pi / 2 + 2 * math.pi * (i + column - 0.5) / count
                reach = 1 - crease * abs(2 * column - 1) ** 6 * math.sin(away)
                flat = reach * math.sin(away)
                ring.append((flat * math.cos(turn), flat * math.sin(turn), reach * math.cos(away)))
            rings.append(ring)
        found.append(loft(rings, other if i % 2 else look.skin, closed=False, crease=180))
    for pole in (-1, 1):
        rows = [(1.004 * math.sin(cap * i / 6), pole * 1.004 * math.cos(cap * i / 6)) for i in range(7)]
        found.append(lathe([*rows, (0.97 * rows[-1][0], 0.97 * rows[-1][1])], other, smooth=1))
    return [(item, tilt) for item in found]


def toy_blocks(look: Look) -> None:
    if look.silhouette == "tower":
        _tower(look)
    else:
        _pyramid(look)


def _relatives(look: Look) -> tuple[bpy.types.Material, bpy.types.Material]:
    """A pale and a deep relative of the skin's colour."""
    colour = Vector(colour_of(look.skin))
    pale = colour.lerp(Vector((0.9, 0.87, 0.8)), 0.6)
    deep = colour * 0.35 if colour.length > 0.2 else colour.lerp(Vector((0.9, 0.9, 0.9)), 0.25)
    return plain(tuple(pale), 0.4), plain(tuple(deep), 0.4)


def _cube(size: Point, material: bpy.types.Material, at: Point, letter: str, turn: float = 0.0) -> None:
    """A block with the letter on the four sides that are seen."""
    crisp(box(size, material, at=at, bevel=0.028, turn=(0, 0, turn)), 60)
    ink = plain(*(BLACK if is_light(material) else WHITE))
    for quarter in range(4):
        facing = turn + quarter * math.pi / 2
        reach = size[1 if quarter % 2 == 0 else 0] / 2 + 0.004
        place = (at[0] + reach * math.sin(facing), at[1] - reach * math.cos(facing), at[2])
        word(letter, 0.5 * size[2], ink, at=place, turn=(0, 0, facing))


def _tower(look: Look) -> None:
    s = look.s
    pale, deep = _relatives(look)
    wide, tall, twist = 0.36 + 0.06 * s[0], 0.34, math.radians(9 + 6 * s[1])
    _cube((wide, wide, tall), look.skin, (0, 0, tall / 2), "A", -twist)
    _cube((wide, wide, tall), pale, (0.02, 0, tall * 1.5), "B", twist * 1.4)
    r, drum = wide * 0.46, tall * (0.8 + 0.15 * s[2])
    level = 2 * tall
    side = [(r - 0.02, level), (r, level + 0.02), (r, level + drum - 0.02), (r - 0.02, level + drum)]
    crisp(lathe([(0, level), *side, (0, level + drum)], deep, at=(0.01, 0, 0), smooth=1))
    level += drum
    _cube((wide, wide, tall), look.skin, (-0.01, 0, level + tall / 2), "C", -twist * 0.6)
    level += tall
    half, high = wide * 0.56, tall * (0.75 + 0.2 * s[3])
    slab([(-half, 0), (0, high), (half, 0)], wide * 0.9, look.part(pale), at=(0, 0, level), bevel=0.02)


def _pyramid(look: Look) -> None:
    s = look.s
    pale, deep = _relatives(look)
    wide, tall, twist = 0.36 + 0.06 * s[0], 0.34 + 0.03 * s[1], math.radians(7 * s[2])
    gap = wide * (1.06 + 0.05 * s[3])
    rows = (((-1, look.skin, "A"), (0, pale, "B"), (1, look.skin, "C")), ((-0.5, deep, "D"), (0.5, look.skin, "E")))
    for level, row in enumerate(rows):
        for place, material, letter in row:
            at = (place * gap, 0, tall * (level + 0.5))
            _cube((wide, wide, tall), material, at, letter, twist * (place + 0.4 * (-1) ** level))
    _cube((wide, wide, tall), look.part(pale), (0, 0, tall * 2.5), "F", twist)
