"""Shoes: surfaces between rings that lie round the foot, from the sole up to the collar.

Toe towards -x, one unit is about 25 cm. A place on a shoe is (u, t): u goes round from the toe (0) over the inner side
(0.5) to the heel (1) and back over the outer side (-0.5), t goes up from the sole (0) to the collar (1).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import bpy
from mathutils import Matrix, Vector

from studio.world.render.look import RUBBER, STEEL, Look
from studio.world.render.materials import plain
from studio.world.render.shapes import loft, rod, tube

Place = tuple[float, float]

_WHITE = ((0.8, 0.79, 0.76), 0.55, 0.0)
_LINING = ((0.33, 0.26, 0.2), 0.9, 0.0)
_DARK = ((0.03, 0.027, 0.025), 0.8, 0.0)
_STEPS = 56
_FRAME = (0.0, 0.06, 0.5, 0.94)


def _curve(values: Sequence[float], place: float) -> float:
    """A Catmull-Rom curve through evenly spaced values, at 0..1."""
    place = min(max(place, 0.0), 1.0) * (len(values) - 1)
    i = min(int(place), len(values) - 2)
    t = place - i
    b, c = values[i], values[i + 1]
    a = values[i - 1] if i > 0 else 2 * b - c
    d = values[i + 2] if i + 2 < len(values) else 2 * c - b
    return 0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t * t + (3 * b - a - 3 * c + d) * t * t * t)


def _solve(rising: Callable[[float], float], wanted: float, low: float, high: float) -> float:
    """Where a rising function has a value, or the nearer end."""
    for _ in range(24):
        middle = (low + high) / 2
        low, high = (middle, high) if rising(middle) < wanted else (low, middle)
    return (low + high) / 2


@dataclass(frozen=True)
class _Ring:
    """A closed line round the foot: from x to x, with half widths and heights from the toe end to the heel end."""

    x: tuple[float, float]
    wide: tuple[float, ...]
    z: tuple[float, ...]
    power: float = 2.3

    def at(self, u: float) -> Vector:
        turn = math.pi * u
        across = math.copysign(abs(math.sin(turn)) ** (2 / self.power), math.sin(turn))
        along = 0.5 - 0.5 * math.copysign(abs(math.cos(turn)) ** (2 / self.power), math.cos(turn))
        x = self.x[0] + (self.x[1] - self.x[0]) * along
        # The inner side is straight, the outer one curves in towards the toe.
        bend = 0.22 * max(-x - 0.1, 0.0) ** 2
        return Vector((x, across * _curve(self.wide, along) + bend, _curve(self.z, along)))


@dataclass(frozen=True)
class _Upper:
    rings: Sequence[_Ring]
    known: dict[float, tuple[tuple[float, ...], ...]] = field(default_factory=dict)

    def at(self, u: float, t: float) -> Vector:
        if u not in self.known:
            self.known[u] = tuple(zip(*(ring.at(u) for ring in self.rings), strict=True))
        return Vector([_curve(values, t) for values in self.known[u]])

    def lifted(self, u: float, t: float, lift: float) -> Vector:
        """The point above the surface."""
        step = 0.004
        around = self.at(u + step, t) - self.at(u - step, t)
        up = self.at(u, min(t + step, 1.0)) - self.at(u, max(t - step, 0.0))
        return self.at(u, t) + up.cross(around).normalized() * lift

    def across(self, y: float, t: float) -> float:
        """The u in front where the surface is so far from the middle."""
        middle = self.at(0, t).y
        return math.copysign(_solve(lambda u: self.at(u, t).y - middle, abs(y), 0, 0.5), y)

    def along(self, x: float, t: float, side: int) -> float:
        """The u on a side where the surface is at x."""
        return side * _solve(lambda u: self.at(u, t).x, x, 0, 1)

    def beside(self, x: float, z: float) -> Place:
        """The place on the inner side that is seen there from the side."""
        u = t = 0.5
        for _ in range(4):
            u = self.along(x, t, 1)
            t = _solve(lambda t, u=u: self.at(u, t).z, z, 0, 1)
        return u, t

    def level(self, x: float, count: int = 17) -> list[Place]:
        """The line over the foot at x from sole to sole."""
        end = _solve(lambda u: self.at(u, 0).x, x, 0, 1)
        us = [end * (2 * i / (count - 1) - 1) for i in range(count)]
        return [(u, _solve(lambda t, u=u: self.at(u, t).x, x, 0, 1)) for u in us]

    def shell(self, material: bpy.types.Material, lining: bpy.types.Material, *, floor: float) -> None:
        """The surface itself and what is seen inside it, down to a floor."""
        rows = (len(self.rings) - 1) * 4
        us = [2 * i / _STEPS for i in range(_STEPS)]
        loft([[self.at(u, row / rows) for u in us] for row in range(rows + 1)], material, caps=(True, False), crease=80)
        rim = [self.at(u, 1) for u in us]
        middle = sum(rim, Vector()) / len(rim)
        inside = [[middle.lerp(point, 0.985) for point in rim], [middle.lerp(point, 0.82) for point in rim]]
        inside[1] = [Vector((point.x, point.y, floor)) for point in inside[1]]
        loft(inside, lining, caps=(False, True))

    def panel(
        self,
        material: bpy.types.Material,
        a: Sequence[Place],
        b: Sequence[Place],
        *,
        lift: float = 0.008,
        steps: int = 6,
    ) -> None:
        """A raised piece between two lines with equally many places."""
        rows = [
            [(p[0] + (q[0] - p[0]) * i / steps, p[1] + (q[1] - p[1]) * i / steps) for i in range(steps + 1)]
            for p, q in zip(a, b, strict=True)
        ]
        rows = [[row[0], *row, row[-1]] for row in (rows[0], *rows, rows[-1])]
        last = (len(rows) - 1, steps + 2)
        loft(
            [
                [
                    self.lifted(*place, -0.006 if i in (0, last[0]) or j in (0, last[1]) else lift)
                    for j, place in enumerate(row)
                ]
                for i, row in enumerate(rows)
            ],
            material,
            closed=False,
        )

    def line(
        self,
        material: bpy.types.Material,
        places: Sequence[Place],
        radius: float,
        *,
        lift: float = 0.0,
        closed: bool = False,
    ) -> None:
        """A cord on the surface: a seam, piping, a lace."""
        tube([tuple(self.lifted(*place, lift)) for place in places], radius, material, closed=closed)

    def band(
        self,
        material: bpy.types.Material,
        a: Sequence[Place],
        b: Sequence[Place],
        *,
        thick: float = 0.022,
        steps: int = 3,
    ) -> None:
        """A strap between two lines with equally many places, thick enough to be seen from below."""
        rings: list[list[Vector]] = []
        for p, q in zip(a, b, strict=True):
            places = [(p[0] + (q[0] - p[0]) * i / steps, p[1] + (q[1] - p[1]) * i / steps) for i in range(steps + 1)]
            rings.append(
                [self.lifted(*place, thick) for place in places]
                + [self.lifted(*place, 0.0) for place in reversed(places)]
            )
        loft(rings, material)

    def buckle(self, material: bpy.types.Material, u: float, t: float, size: Place, lift: float) -> None:
        """A frame with a pin."""
        middle = self.lifted(u, t, lift)
        way = (self.at(u + 0.01, t) - self.at(u - 0.01, t)).normalized()
        up = (self.at(u, t + 0.02) - self.at(u, t - 0.02)).normalized()
        corners = [middle + way * size[0] * x + up * size[1] * z for x, z in ((-1, -1), (1, -1), (1, 1), (-1, 1))]
        corners = [
            a.lerp(b, share) for a, b in zip(corners, corners[1:] + corners[:1], strict=True) for share in _FRAME
        ]
        tube([tuple(corner) for corner in corners], 0.01, material, closed=True)
        tube([tuple(middle - up * size[1]), tuple(middle + up * size[1])], 0.007, material)

    def collar(self, material: bpy.types.Material, radius: float) -> None:
        self.line(material, [(2 * i / 40, 1.0) for i in range(40)], radius, closed=True)

    def laces(
        self,
        material: bpy.types.Material,
        spans: Sequence[float],
        half: float,
        *,
        radius: float = 0.011,
        bow: float = 0.1,
    ) -> None:
        """Bars over the tongue with crossings between them and a bow on top."""
        for i, t in enumerate(spans):
            ends = [self.lifted(self.across(side * half, t), t, 0.018) for side in (-1, 1)]
            over = self.lifted(0, t, 0.03)
            tube([tuple(point) for point in (ends[0], over, over, ends[1])], radius, material)
            if i + 1 < len(spans):
                for side in (-1, 1):
                    a = self.lifted(self.across(side * half, t), t, 0.02)
                    b = self.lifted(self.across(-side * half, spans[i + 1]), spans[i + 1], 0.02)
                    tube([tuple(a), tuple(a.lerp(b, 0.5) + Vector((-0.012, 0, 0.012))), tuple(b)], radius, material)
        top = self.lifted(0, spans[-1], 0.035)
        for side in (-1, 1) if bow else ():
            reach = Vector((-0.35 * bow, side * bow, 0.1 * bow))
            wing = Vector((-0.9 * bow, side * 0.5 * bow, -0.5 * bow))
            tube([tuple(top), tuple(top + reach), tuple(top + reach + wing), tuple(top)], radius, material)
            tube([tuple(top), tuple(top + 0.7 * reach), tuple(top + 0.6 * reach + 1.3 * wing)], radius, material)

    def tongue(self, material: bpy.types.Material, half: float, *, start: float, reach: float, lean: float) -> None:
        """A padded strip on the vamp that stands out beyond the collar."""
        sides = [-1 + i / 4 for i in range(9)]
        rings: list[list[Vector]] = []
        for i in range(9):
            t = start + (1 - start) * i / 8
            us = [self.across(side * half, t) for side in sides]
            rings.append([self.lifted(u, t, 0.014) for u in us] + [self.lifted(u, t, -0.02) for u in reversed(us)])
        way = Vector((math.sin(lean), 0, math.cos(lean))) * reach
        for share, shrink in ((0.4, 1.0), (0.85, 1.0), (1.0, 0.8)):
            middle = rings[8][4]
            rings.append(
                [
                    Vector((middle.x + (p.x - middle.x) * 0.6, middle.y + (p.y - middle.y) * shrink, p.z)) + way * share
                    for p in rings[8]
                ]
            )
        loft(rings, material, caps=(True, True), crease=70)

    def sole(
        self,
        material: bpy.types.Material,
        *,
        rise: float,
        grow: float,
        bottom: Sequence[float],
        wave: float = 0.0,
    ) -> None:
        """A slab under the lowest ring: its wall goes `rise` up over it, its underside has heights from toe to heel."""
        first = self.rings[0]
        rings: list[list[Vector]] = [[] for _ in range(6)]
        for i in range(_STEPS):
            u = 2 * i / _STEPS
            point = first.at(u)
            out = self._outwards(u)
            along = (point.x - first.x[0]) / (first.x[1] - first.x[0])
            low, high = _curve(bottom, along), point.z + rise + wave * math.sin(along * 5 * math.pi)
            edge = min(0.012, 0.2 * (high - low))
            for ring, (offset, z) in zip(
                rings,
                [
                    (grow - 2 * edge, low),
                    (grow - edge, low),
                    (grow, low + edge),
                    (grow, high - edge),
                    (grow - edge, high),
                    (-0.05, high - 0.02),
                ],
                strict=True,
            ):
                ring.append(Vector((point.x, point.y, 0)) + out * offset + Vector((0, 0, z)))
        loft(rings, material, caps=(True, True), crease=50)

    def _outwards(self, u: float) -> Vector:
        first = self.rings[0]
        along = first.at(u + 0.01) - first.at(u - 0.01)
        return Vector((-along.y, along.x, 0)).normalized() if along.length else Vector((0, 0, 0))

    def heel(
        self, material: bpy.types.Material, *, start: float, top: Sequence[float], grow: float, taper: float
    ) -> None:
        """A block under the sole behind x = start; `top` are the heights of the sole's underside from toe to heel."""
        first = self.rings[0]
        limit = abs(first.at(self.along(start, 0, 1)).y) + grow
        rings: list[list[Vector]] = [[], []]
        for i in range(_STEPS):
            u = 2 * i / _STEPS
            point = first.at(u) + self._outwards(u) * grow
            point = Vector((max(point.x, start), min(max(point.y, -limit), limit), 0))
            along = (point.x - first.x[0]) / (first.x[1] - first.x[0])
            middle = Vector(((start + first.x[1]) / 2, 0, 0))
            rings[0].append(middle.lerp(point, taper))
            rings[1].append(point + Vector((0, 0, _curve(top, along) + 0.01)))
        loft(rings, material, crease=40)


def _set_down(look: Look, *, width: float = 0.22, height: float = 0.1) -> None:
    """Slims or widens what was built, and turns its toe a little to the camera."""
    change = Matrix.Rotation(math.radians(22), 4, "Z") @ Matrix.Diagonal(
        (1, 1 + width * look.s[0], 1 + height * look.s[0], 1)
    )
    for item in bpy.context.scene.collection.objects:
        item.matrix_basis = change @ item.matrix_basis


def _steps(a: Place, b: Place, count: int) -> list[Place]:
    return [(a[0] + (b[0] - a[0]) * i / (count - 1), a[1] + (b[1] - a[1]) * i / (count - 1)) for i in range(count)]


def _toe_cap(upper: _Upper, material: bpy.types.Material, x: float, lift: float) -> None:
    edge = upper.level(x, 25)
    upper.panel(material, [(u, 0.0) for u, _ in edge], edge, lift=lift, steps=8)


def _stripe(
    upper: _Upper, material: bpy.types.Material, a: tuple[Place, Place], b: tuple[Place, Place], lift: float = 0.008
) -> None:
    """A raised stripe on both sides between two lines, whose ends are given as (x, t)."""
    for side in (-1, 1):
        upper.panel(
            material,
            [(upper.along(x, t, side), t) for x, t in _steps(*a, 7)],
            [(upper.along(x, t, side), t) for x, t in _steps(*b, 7)],
            lift=lift,
        )


def _heel_tab(upper: _Upper, material: bpy.types.Material, low: float, half: float = 0.1) -> None:
    edge = [t for _, t in _steps((0, low), (0, 1.0), 6)]
    upper.panel(material, [(1 - half, t) for t in edge], [(1 + half, t) for t in edge], lift=0.014)


def _facings(
    upper: _Upper, skin: bpy.types.Material, laces: bpy.types.Material, *, rows: int, start: float, reach: float = 0.09
) -> None:
    """Tongue, the two facings beside it, and laces."""
    eyelet = plain((0.05, 0.05, 0.052), 0.5)
    upper.tongue(skin, 0.062, start=start, reach=reach, lean=0.35)
    ts = [t for _, t in _steps((0, start + 0.04), (0, 0.97), rows)]
    for side in (-1, 1):
        inner = [(upper.across(side * 0.05, t), t) for t in (start - 0.04, *ts, 1.0)]
        upper.panel(skin, inner, [(u + side * 0.085, t) for u, t in inner], lift=0.016)
        for u, t in inner[1:-1]:
            hole = upper.lifted(u + side * 0.025, t, 0.014)
            rod(tuple(hole), tuple(upper.lifted(u + side * 0.025, t, 0.021)), 0.014, eyelet)
    upper.laces(laces, ts, 0.07)


def sneaker(look: Look) -> None:
    if look.silhouette == "high":
        _high_top(look)
    elif look.silhouette == "runner":
        _runner(look)
    else:
        _low_top(look)
    _set_down(look)


def _low_top(look: Look) -> None:
    s = look.s
    thick, up, toe = 0.1 + 0.025 * s[1], 0.05 * s[2], 0.03 * s[3]
    floor = (thick + 0.03, thick, thick, thick + 0.01, thick + 0.02)
    upper = _Upper(
        [
            _Ring((-0.585, 0.58), (0.16, 0.215, 0.17, 0.15, 0.14), floor),
            _Ring((-0.59, 0.59), (0.15, 0.21, 0.165, 0.15, 0.14), (0.19, 0.17, 0.18, 0.2, 0.22)),
            _Ring((-0.52, 0.575), (0.13, 0.18, 0.155, 0.14, 0.13), (0.265 + toe, 0.24 + toe, 0.24, 0.26, 0.3)),
            _Ring((-0.36, 0.56), (0.1, 0.14, 0.135, 0.125, 0.12), (0.315 + toe, 0.29, 0.28, 0.3, 0.36)),
            _Ring((-0.18, 0.565), (0.09, 0.11, 0.12, 0.115, 0.11), (0.385, 0.335, 0.3, 0.325, 0.4 + up)),
            _Ring((0.03, 0.57), (0.08, 0.1, 0.11, 0.105, 0.095), (0.475 + up, 0.385, 0.325, 0.36, 0.45 + up)),
        ]
    )
    white = plain(*_WHITE)
    upper.shell(look.skin, plain(*_LINING), floor=0.2)
    upper.collar(look.skin, 0.018)
    upper.sole(look.part(white), rise=0.035, grow=0.022, bottom=(0.035, 0.0, 0.0, 0.0, 0.008))
    _facings(upper, look.skin, white, rows=5, start=0.5)
    # A dark edge, so that it is seen on white shoes as well.
    _stripe(upper, plain((0.06, 0.06, 0.065), 0.6), ((-0.03, 0.08), (-0.01, 0.82)), ((0.15, 0.08), (0.12, 0.82)))
    _stripe(upper, white, ((0.0, 0.08), (0.02, 0.79)), ((0.12, 0.08), (0.09, 0.79)), 0.014)
    _heel_tab(upper, look.skin, 0.35)


def _high_top(look: Look) -> None:
    s = look.s
    thick, up, toe = 0.1 + 0.02 * s[1], 0.08 * s[2], 0.06 * s[3]
    floor = (thick + 0.025, thick, thick, thick, thick + 0.01)
    upper = _Upper(
        [
            _Ring((-0.585, 0.58), (0.16, 0.21, 0.17, 0.15, 0.14), floor),
            _Ring((-0.59, 0.585), (0.15, 0.205, 0.165, 0.15, 0.14), (0.18, 0.17, 0.18, 0.19, 0.2)),
            _Ring((-0.52, 0.575), (0.13, 0.175, 0.155, 0.14, 0.13), (0.25, 0.235, 0.25, 0.28, 0.3)),
            _Ring((-0.3, 0.56), (0.1, 0.14, 0.14, 0.13, 0.12), (0.315, 0.31, 0.33, 0.37, 0.42)),
            _Ring((-0.1, 0.55), (0.09, 0.11, 0.125, 0.12, 0.11), (0.43, 0.42, 0.44, 0.49, 0.54 + 0.5 * up)),
            _Ring(
                (0.05, 0.555), (0.09, 0.11, 0.125, 0.12, 0.1), (0.59 + up, 0.57 + up, 0.57 + up, 0.6 + up, 0.66 + up)
            ),
            _Ring((0.13, 0.56), (0.09, 0.11, 0.125, 0.12, 0.1), (0.74 + up, 0.71 + up, 0.7 + up, 0.73 + up, 0.78 + up)),
        ]
    )
    white = plain(*_WHITE)
    rubber = look.part(white)
    upper.shell(look.skin, plain(*_LINING), floor=0.4)
    upper.collar(look.skin, 0.012)
    upper.sole(rubber, rise=0.045, grow=0.02, bottom=(0.02, 0.0, 0.0, 0.0, 0.004))
    _toe_cap(upper, rubber, -0.42 + toe, 0.014)
    _facings(upper, look.skin, white, rows=7, start=0.46, reach=0.07)
    _patch(upper, white, 0.34, 0.55 + 0.7 * up, 0.075)
    _heel_tab(upper, look.skin, 0.3, 0.05)


def _patch(upper: _Upper, material: bpy.types.Material, x: float, z: float, radius: float) -> None:
    """A round badge on either side of the ankle."""
    turns = [math.pi * (0.04 + 0.92 * i / 12) for i in range(13)]
    a, b = (
        [upper.beside(x + radius * math.cos(turn), z + half * radius * math.sin(turn)) for turn in turns]
        for half in (1, -1)
    )
    for side in (-1, 1):
        upper.panel(material, [(side * u, t) for u, t in a], [(side * u, t) for u, t in b], lift=0.012)


def _runner(look: Look) -> None:
    s = look.s
    thick, up, toe = 0.15 + 0.035 * s[1], 0.04 * s[2], 0.04 * s[3]
    floor = (thick + 0.04, thick - 0.02, thick, thick + 0.05, thick + 0.08)
    upper = _Upper(
        [
            _Ring((-0.6, 0.57), (0.14, 0.205, 0.165, 0.15, 0.14), floor, 2.15),
            _Ring((-0.6, 0.585), (0.13, 0.2, 0.165, 0.15, 0.14), [z + 0.06 for z in floor], 2.15),
            _Ring((-0.53, 0.58), (0.12, 0.17, 0.155, 0.14, 0.13), (thick + 0.14, thick + 0.12, 0.27, 0.32, 0.37)),
            _Ring((-0.37, 0.56), (0.1, 0.135, 0.135, 0.125, 0.12), (thick + 0.185, thick + 0.16, 0.31, 0.35, 0.43)),
            _Ring((-0.18, 0.56), (0.085, 0.105, 0.115, 0.115, 0.11), (0.43, 0.38, 0.345, 0.37, 0.48 + up)),
            _Ring((0.04, 0.585), (0.075, 0.095, 0.105, 0.105, 0.09), (0.53 + up, 0.43, 0.37, 0.41, 0.56 + up)),
        ]
    )
    white = plain(*_WHITE)
    upper.shell(look.skin, plain(*_DARK), floor=0.25)
    upper.collar(look.skin, 0.024)
    bottom = (0.1, 0.035, 0.02, 0.045, 0.03, 0.03, 0.075)
    upper.sole(look.part(white), rise=0.03, grow=0.035, bottom=bottom, wave=0.018)
    lower = _Upper(
        [_Ring((-0.6, 0.57), (0.14, 0.205, 0.165, 0.15, 0.14), (0.11, 0.04, 0.02, 0.05, 0.035, 0.035, 0.08))]
    )
    lower.sole(plain(*RUBBER), rise=0.0, grow=0.03, bottom=(0.075, 0.0, 0.0, 0.005, 0.0, 0.0, 0.045))
    _toe_cap(upper, look.skin, -0.46 + toe, 0.012)
    _facings(upper, look.skin, white, rows=5, start=0.5)
    for x in (-0.08, 0.04, 0.16):
        _stripe(upper, white, ((x, 0.12), (x + 0.06, 0.7)), ((x + 0.055, 0.12), (x + 0.105, 0.7)))
    _heel_tab(upper, look.part(white), 0.3, 0.12)


def shoe(look: Look) -> None:
    if look.silhouette == "loafer":
        _loafer(look)
    else:
        _oxford(look)
    _set_down(look)


def _dress_sole(upper: _Upper, look: Look, height: float) -> None:
    """A thin welted sole on a stacked heel."""
    material = look.part(plain((0.045, 0.027, 0.018), 0.35))
    bottom = (0.035, 0.0, 0.01 + 0.4 * height, height, height + 0.003)
    upper.sole(material, rise=0.006, grow=0.026, bottom=bottom)
    upper.heel(material, start=0.24, top=bottom, grow=0.016, taper=0.98)


def _oxford(look: Look) -> None:
    s = look.s
    height, toe, up = 0.085 + 0.02 * s[1], 0.035 * s[2], 0.03 * s[3]
    floor = (0.075, 0.045, 0.055 + 0.5 * height, height + 0.045, height + 0.045)
    upper = _Upper(
        [
            _Ring((-0.62 - toe, 0.56), (0.13, 0.2, 0.15, 0.14, 0.13), floor),
            _Ring((-0.63 - toe, 0.57), (0.13, 0.195, 0.155, 0.14, 0.13), (0.14, 0.13, 0.18, 0.21, 0.22)),
            _Ring((-0.57 - toe, 0.565), (0.12, 0.175, 0.15, 0.135, 0.125), (0.205, 0.205, 0.24, 0.27, 0.29)),
            _Ring((-0.4 - toe, 0.55), (0.1, 0.145, 0.135, 0.12, 0.11), (0.255, 0.26, 0.29, 0.32, 0.35)),
            _Ring((-0.19, 0.545), (0.09, 0.11, 0.115, 0.11, 0.1), (0.35, 0.335, 0.335, 0.35, 0.4 + up)),
            _Ring((0.02, 0.55), (0.075, 0.095, 0.105, 0.1, 0.09), (0.46 + up, 0.405, 0.37, 0.385, 0.45 + up)),
        ]
    )
    cord, seam = plain((0.035, 0.022, 0.015), 0.7), plain(*_DARK)
    upper.shell(look.skin, plain(*_LINING), floor=0.24)
    upper.collar(look.skin, 0.01)
    _dress_sole(upper, look, height)
    _toe_cap(upper, look.skin, -0.36, 0.011)
    upper.line(seam, upper.level(-0.352, 25), 0.006, lift=0.004)
    _facings(upper, look.skin, cord, rows=5, start=0.56, reach=0.05)
    _heel_tab(upper, look.skin, 0.12, 0.2)


def _loafer(look: Look) -> None:
    s = look.s
    height, toe, strap = 0.075 + 0.02 * s[1], 0.03 * s[2], 0.05 + 0.012 * s[3]
    floor = (0.07, 0.045, 0.055 + 0.5 * height, height + 0.045, height + 0.045)
    upper = _Upper(
        [
            _Ring((-0.61 - toe, 0.56), (0.14, 0.205, 0.15, 0.14, 0.13), floor),
            _Ring((-0.62 - toe, 0.57), (0.135, 0.2, 0.155, 0.14, 0.13), (0.135, 0.12, 0.16, 0.18, 0.19)),
            _Ring((-0.56 - toe, 0.565), (0.12, 0.18, 0.15, 0.135, 0.125), (0.205, 0.2, 0.215, 0.23, 0.25)),
            _Ring((-0.43 - toe, 0.555), (0.105, 0.155, 0.135, 0.12, 0.115), (0.255, 0.245, 0.255, 0.27, 0.31)),
            _Ring((-0.25, 0.55), (0.095, 0.13, 0.12, 0.11, 0.105), (0.32, 0.29, 0.28, 0.295, 0.355)),
            _Ring((-0.1, 0.55), (0.09, 0.11, 0.11, 0.1, 0.09), (0.385, 0.325, 0.3, 0.315, 0.4)),
        ]
    )
    dark = plain(*_DARK)
    upper.shell(look.skin, plain(*_LINING), floor=0.2)
    upper.collar(look.skin, 0.012)
    _dress_sole(upper, look, height)
    seam = [(-0.42 + 0.84 * i / 28, 0.4 + 0.28 * abs(i / 14 - 1) ** 3) for i in range(29)]
    upper.line(look.skin, seam, 0.014, lift=0.004)
    upper.tongue(look.skin, 0.085, start=0.8, reach=0.06, lean=0.75)
    upper.band(look.skin, upper.level(-0.24 - strap), upper.level(-0.24 + strap), thick=0.024)
    t = _solve(lambda t: upper.at(0, t).x, -0.24, 0, 1)
    slot = [(upper.across(0.05 * (i / 4 - 1), t), t) for i in range(9)]
    upper.line(dark, slot, 0.014, lift=0.019)
    _heel_tab(upper, look.skin, 0.1, 0.1)


def sandal(look: Look) -> None:
    s = look.s
    thick, arch = 0.1 + 0.03 * s[1], 0.04 * s[2]
    floor = (thick + 0.02, thick, thick + 0.02, thick + 0.03, thick + 0.03)
    foot = _Upper(
        [
            _Ring((-0.58, 0.57), (0.165, 0.22, 0.185, 0.16, 0.15), floor),
            _Ring((-0.57, 0.565), (0.15, 0.215, 0.185, 0.16, 0.15), [z + 0.06 for z in floor]),
            _Ring((-0.5, 0.55), (0.12, 0.18, 0.155, 0.14, 0.13), (0.2, 0.235, 0.27, 0.27, 0.27)),
            _Ring((-0.33, 0.54), (0.1, 0.14, 0.135, 0.125, 0.12), (0.27 + arch, 0.29 + arch, 0.32, 0.34, 0.35)),
            _Ring((-0.12, 0.55), (0.09, 0.11, 0.12, 0.115, 0.11), (0.37 + arch, 0.37 + arch, 0.38, 0.4, 0.42)),
            _Ring((0.1, 0.555), (0.08, 0.1, 0.11, 0.105, 0.1), (0.52 + arch, 0.5, 0.47, 0.48, 0.5)),
        ]
    )
    straps, steel = look.part(look.skin), plain(*STEEL)
    bottom = (0.03, 0.0, 0.0, 0.0, 0.005)
    foot.sole(look.skin, rise=0.012, grow=0.025, bottom=[z + 0.045 for z in bottom])
    foot.sole(plain((0.045, 0.03, 0.022), 0.7), rise=0.045 - thick, grow=0.02, bottom=bottom)
    if look.silhouette == "slide":
        middle, half = -0.2, 0.15 + 0.03 * s[3]
        foot.band(straps, foot.level(middle - half), foot.level(middle + half), thick=0.03, steps=8)
    else:
        half = 0.058 + 0.012 * s[3]
        for x in (-0.33, -0.1):
            foot.band(straps, foot.level(x - half), foot.level(x + half))
            t = 0.36
            foot.buckle(steel, foot.along(x, t, -1), t, (0.036, half * 0.8), 0.03)
        foot.band(
            straps,
            [(0.5 + 1.0 * i / 24, 0.02 + 0.52 * math.sin(math.pi * i / 24)) for i in range(25)],
            [(0.5 + 1.0 * i / 24, 0.18 + 0.56 * math.sin(math.pi * i / 24)) for i in range(25)],
        )
    _set_down(look)


def boot(look: Look) -> None:
    if look.silhouette == "tall":
        _tall_boot(look)
    else:
        _chelsea(look)
    _set_down(look, height=0.0)


def _chelsea(look: Look) -> None:
    s = look.s
    height, up, stout = 0.11 + 0.03 * s[1], 0.1 * s[2] - 0.05 * s[0], 0.03 * s[0]
    low = 0.06
    upper = _Upper(
        [
            _Ring((-0.6, 0.56), (0.13, 0.2, 0.15, 0.14, 0.13), (0.085, low, 0.06 + 0.5 * height, *2 * (height + low,))),
            _Ring((-0.61, 0.57), (0.125, 0.195, 0.15, 0.14, 0.13), (0.15, 0.13, 0.18, 0.22, 0.25)),
            _Ring((-0.54, 0.565), (0.11, 0.175, 0.145, 0.135, 0.125), (0.225, 0.22, 0.26, 0.3, 0.34)),
            _Ring((-0.33, 0.55), (0.1, 0.14, 0.135, 0.125, 0.12), (0.28, 0.3, 0.35, 0.39, 0.44)),
            _Ring((-0.11 - stout, 0.54), (0.09, 0.115, 0.125, 0.12, 0.11), (0.39, 0.41, 0.46, 0.5, 0.55)),
            _Ring(
                (0.06 - stout, 0.545),
                (0.1, 0.125, 0.135, 0.125, 0.1),
                (0.56 + up, 0.57 + up, 0.6 + up, 0.63 + up, 0.66 + up),
            ),
            _Ring(
                (0.1 - stout, 0.57),
                (0.11, 0.135, 0.14, 0.13, 0.1),
                (0.78 + up, 0.77 + up, 0.75 + up, 0.78 + up, 0.8 + up),
            ),
        ]
    )
    upper.shell(look.skin, plain(*_LINING), floor=0.66 + up)
    upper.collar(look.skin, 0.012)
    _boot_sole(upper, look, height)
    elastic = plain((0.04, 0.04, 0.042), 0.9)
    lean = 0.05 * s[3]
    for side in (-1, 1):
        edge = [t for _, t in _steps((0, 0.6), (0, 0.995), 8)]
        a = [(side * (0.46 - (0.1 + lean) * (t - 0.6) / 0.4), t) for t in edge]
        b = [(side * (0.52 + (0.08 + lean) * (t - 0.6) / 0.4), t) for t in edge]
        upper.panel(elastic, a, b, lift=0.014)
        for share in (0.2, 0.4, 0.6, 0.8):
            upper.line(
                elastic, [(p[0] + (q[0] - p[0]) * share, p[1]) for p, q in zip(a, b, strict=True)], 0.008, lift=0.012
            )
    top = upper.at(1, 1)
    tube(
        [
            tuple(top + Vector(offset))
            for offset in ((0.012, 0, -0.12), (0.016, 0, 0.06), (0.0, 0, 0.1), (-0.025, 0, 0.06), (-0.02, 0, -0.1))
        ],
        0.008,
        look.skin,
        flat=4,
    )


def _boot_sole(upper: _Upper, look: Look, height: float) -> None:
    """A sturdy welted sole on a block heel."""
    material = look.part(plain((0.02, 0.018, 0.017), 0.5))
    bottom = (0.035, 0.0, 0.01 + 0.45 * height, height, height + 0.003)
    upper.sole(material, rise=0.008, grow=0.03, bottom=bottom)
    upper.heel(material, start=0.25, top=bottom, grow=0.02, taper=0.97)


def _tall_boot(look: Look) -> None:
    s = look.s
    height, up, stout = 0.11 + 0.03 * s[1], 0.14 * s[2], 0.05 * s[0]
    calf = 0.04 * s[3]
    low = 0.06
    upper = _Upper(
        [
            _Ring((-0.6, 0.56), (0.13, 0.2, 0.15, 0.14, 0.13), (0.085, low, 0.06 + 0.5 * height, *2 * (height + low,))),
            _Ring((-0.61, 0.57), (0.125, 0.195, 0.15, 0.14, 0.13), (0.15, 0.13, 0.18, 0.22, 0.25)),
            _Ring((-0.54, 0.565), (0.11, 0.175, 0.145, 0.135, 0.125), (0.225, 0.22, 0.26, 0.3, 0.34)),
            _Ring((-0.33, 0.55), (0.1, 0.14, 0.135, 0.125, 0.12), (0.28, 0.3, 0.35, 0.39, 0.44)),
            _Ring((-0.11 - stout, 0.54), (0.09, 0.115, 0.125, 0.12, 0.11), (0.39, 0.41, 0.46, 0.5, 0.55)),
            _Ring((0.07 - stout, 0.54 + stout), (0.11, 0.13, 0.135, 0.125, 0.11), (0.62, 0.62, 0.64, 0.66, 0.68)),
            _Ring((0.04 - stout, 0.6 + stout + calf), (0.14, 0.17, 0.175, 0.16, 0.14), [1.05 + up] * 5),
            _Ring(
                (0.03 - stout, 0.62 + stout + calf),
                (0.15, 0.18, 0.185, 0.17, 0.15),
                (1.5 + up, 1.48 + up, 1.45 + up, 1.42 + up, 1.41 + up),
            ),
        ]
    )
    steel = plain(*STEEL)
    upper.shell(look.skin, plain(*_LINING), floor=1.1)
    upper.collar(look.skin, 0.016)
    _boot_sole(upper, look, height)
    around = [i / 20 for i in range(41)]
    upper.band(look.skin, [(u, 0.925) for u in around], [(u, 0.965) for u in around], thick=0.016)
    upper.buckle(steel, -0.42, 0.945, (0.04, 0.05), 0.03)
    upper.line(look.skin, [(u, 0.57) for u in around], 0.01)
