"""Bags."""

from __future__ import annotations

import math
from collections.abc import Sequence

import bpy

from studio.world.render.look import GOLD, RUBBER, STEEL, Look
from studio.world.render.materials import plain
from studio.world.render.shapes import Point, arch, box, lathe, loft, rod, tube


def handbag(look: Look) -> None:
    if look.silhouette == "tote":
        _tote(look)
    elif look.silhouette == "bucket":
        _bucket(look)
    else:
        _flap_bag(look)


def _flap_bag(look: Look) -> None:
    skin, s = look.skin, look.s
    width, depth, height = 1.05 + 0.15 * s[0], 0.38, 0.72 - 0.1 * s[0]
    flap, loop = 0.45 + 0.15 * s[2], 0.42 + 0.16 * s[1]
    box((width, depth, height), skin, at=(0, 0, height / 2), bevel=0.09, taper=(0.82 + 0.06 * s[3], 0.6))
    lean = math.atan2(depth * 0.2, height)
    cover = height * flap
    box(
        (width * 0.86, 0.05, cover),
        skin,
        at=(0, -depth * 0.5 * (1 - 0.4 * (1 - flap / 2)) - 0.015, height - cover / 2 + 0.01),
        bevel=0.024,
        turn=(-lean, 0, 0),
        taper=(0.97, 1),
    )
    gold = plain(*GOLD)
    front = -depth * 0.5 * (1 - 0.4 * (1 - flap)) - 0.05
    box((0.13, 0.04, 0.1), gold, at=(0, front, height - cover + 0.07), bevel=0.015)
    for side, y in ((-1, -0.08), (1, 0.08)):
        line = [(x, y + 0.02 * side, height - 0.08 + z) for x, z in arch(width * 0.5, loop + 0.08, power=2.6)]
        tube(line, 0.032, look.part(skin))
        for x in (-width * 0.25, width * 0.25):
            lathe([(0, -0.02), (0.05, -0.02), (0.05, 0.02), (0, 0.02)], gold, at=(x, y, height), smooth=1)


def suitcase(look: Look) -> None:
    if look.silhouette == "vintage":
        _vintage_case(look)
    else:
        _trolley(look)


def _trolley(look: Look) -> None:
    skin, s = look.skin, look.s
    width, depth, height = 0.66 + 0.09 * s[0], 0.3 + 0.05 * s[1], 0.95 - 0.06 * s[0]
    foot = 0.09
    box((width, depth, height), skin, at=(0, 0, foot + height / 2), bevel=0.075)
    count = 5
    for i in range(count):
        x = (i - (count - 1) / 2) * width * 0.17
        for y in (-1, 1):
            box((width * 0.07, 0.03, height * 0.8), skin, at=(x, y * depth / 2, foot + height / 2), bevel=0.014)
    black, steel = plain(*RUBBER), plain(*STEEL)
    box((width + 0.004, 0.022, height + 0.004), black, at=(0, 0, foot + height / 2), bevel=0.01)
    for x in (-1, 1):
        for y in (-1, 1):
            lathe(
                [(0, -0.03), (0.05, -0.03), (0.055, 0), (0.05, 0.03), (0, 0.03)],
                black,
                at=(x * (width / 2 - 0.08), y * (depth / 2 - 0.06), 0.055),
                axis="x",
                smooth=1,
            )
    corners = look.part(black)
    for x, z in ((-1, -1), (1, -1), (1, 1), (-1, 1)):
        place = (x * (width / 2 - 0.062), 0, foot + height / 2 + z * (height / 2 - 0.062))
        box((0.15, depth + 0.022, 0.15), corners, at=place, bevel=0.07)
    pull = 0.28 + 0.12 * s[2]
    for x in (-1, 1):
        rod(
            (x * width * 0.2, depth * 0.3, foot + height - 0.02),
            (x * width * 0.2, depth * 0.3, foot + height + pull),
            0.018,
            steel,
        )
    box((width * 0.48, 0.06, 0.05), black, at=(0, depth * 0.3, foot + height + pull), bevel=0.02)
    grip = [(x, 0, foot + height - 0.01 + z) for x, z in arch(width * (0.42 + 0.05 * s[3]), 0.08, power=4)]
    tube(grip, 0.022, black)


def _rounded(width: float, depth: float, z: float, power: float = 5.0, count: int = 48) -> list[Point]:
    """A level ring: a rectangle with round corners."""
    ring: list[Point] = []
    for i in range(count):
        x, y = (math.cos(2 * math.pi * i / count), math.sin(2 * math.pi * i / count))
        grow = (abs(x) ** power + abs(y) ** power) ** (-1 / power)
        ring.append((width / 2 * x * grow, depth / 2 * y * grow, z))
    return ring


def _front(width: float, height: float, top: float, count: int = 48) -> list[tuple[float, float]]:
    """The outline (x, z) of a bag seen from its front, standing on z = 0; `top` 2 is a round top, 6 a square one."""
    outline: list[tuple[float, float]] = []
    for i in range(count):
        x, z = (math.cos(2 * math.pi * i / count), math.sin(2 * math.pi * i / count))
        power = top if z > 0 else 5.0
        grow = (abs(x) ** power + abs(z) ** power) ** (-1 / power)
        outline.append((width / 2 * x * grow, height / 2 * (1 + z * grow)))
    return outline


def _cushion(
    outline: Sequence[tuple[float, float]],
    y: tuple[float, float],
    edge: float,
    material: bpy.types.Material,
    *,
    lift: float = 0.0,
) -> None:
    """A padded body with that outline, from y (front) to y (back)."""
    middle = max(z for _, z in outline) / 2
    half = max(x for x, _ in outline)
    quarter = [(edge * (1 - math.cos(turn)), math.sin(turn)) for turn in (math.pi / 10 * i for i in range(6))]
    places = [(y[0] + depth, share) for depth, share in quarter]
    places += [(y[1] - depth, share) for depth, share in reversed(quarter)]
    rings = []
    for depth, share in places:
        inset = edge * (1 - share)
        rings.append(
            [(x * (1 - inset / half), depth, lift + middle + (z - middle) * (1 - inset / middle)) for x, z in outline]
        )
    loft(rings, material, crease=60)


def _zip(points: Sequence[Point], steel: bpy.types.Material) -> None:
    """A dark closure with a pull at its end."""
    tube(points, 0.013, plain(*RUBBER))
    x, y, z = points[-1]
    tube([(x, y - 0.012, z), (x, y - 0.03, z - 0.03), (x, y - 0.03, z - 0.09)], 0.011, steel)


def _strap(points: Sequence[Point], width: float, thick: float, material: bpy.types.Material) -> None:
    """A flat band along points, its width across x."""
    rings: list[list[Point]] = []
    for i, (x, y, z) in enumerate(points):
        a, b = points[max(i - 1, 0)], points[min(i + 1, len(points) - 1)]
        length = math.hypot(b[1] - a[1], b[2] - a[2]) or 1.0
        ny, nz = -(b[2] - a[2]) / length * thick, (b[1] - a[1]) / length * thick
        rings.append(
            [(x - width / 2, y - ny, z - nz), (x + width / 2, y - ny, z - nz)]
            + [(x + width / 2, y + ny, z + nz), (x - width / 2, y + ny, z + nz)]
        )
    loft(rings, material, smooth=4)


def backpack(look: Look) -> None:
    skin, s = look.skin, look.s
    width, depth, height = 0.72 * (1 + 0.16 * s[0]), 0.34 + 0.04 * s[1], 1.05 - 0.05 * s[0]
    share = 0.42 + 0.05 * s[2]
    steel, black = plain(*STEEL), plain(*RUBBER)
    front, back = -depth / 2, depth / 2
    if look.silhouette == "roll top":
        _roll_top(look, width, depth, height, steel, black)
    else:
        square = look.silhouette == "square"
        outline = _front(width, height, 6.0 if square else 2.3)
        _cushion(outline, (front, back), 0.06 if square else 0.1, skin)
        rim = [(x, z) for x, z in outline if z > 0.52 * height]
        inset = 0.95 if square else 0.93
        _zip(
            [
                (x * inset, front + (0.025 if square else 0.035), 0.5 * height + (z - 0.5 * height) * inset)
                for x, z in rim
            ],
            steel,
        )
    pocket = _front(width * 0.78, height * share, 4.0 if look.silhouette != "round" else 2.8)
    outer = front - 0.11
    _cushion(pocket, (outer, front + 0.05), 0.045, look.part(skin), lift=0.05)
    level = 0.05 + height * share * 0.78
    _zip([(width * 0.33 * (1 - i / 4), outer - 0.002, level) for i in range(9)][:8], steel)
    top = height - (0.08 if look.silhouette == "round" else 0.03)
    hook = [(x, back - 0.08, top + z) for x, z in arch(0.2, 0.15 + 0.02 * s[3], power=2.6)]
    tube(hook, 0.022, skin)
    for side in (-1, 1):
        x = side * width * 0.24
        line = [(x, back - 0.02, height * 0.88), (x * 1.15, back + 0.09, height * 0.9)]
        line += [(side * width * 0.47, back + 0.14, height * 0.66), (side * width * 0.57, back + 0.13, height * 0.42)]
        line += [(side * width * 0.55, back + 0.06, height * 0.22), (side * width * 0.42, back - 0.04, height * 0.08)]
        _strap(line, 0.11, 0.02, skin)


def _roll_top(
    look: Look, width: float, depth: float, height: float, steel: bpy.types.Material, black: bpy.types.Material
) -> None:
    """Straight up, flat at the top and rolled to the front there, held by two straps."""
    skin = look.skin
    sizes = [(0.9, 0.86, 0.0), (0.98, 0.97, 0.025), (1.0, 1.0, 0.08), (1.0, 1.0, 0.5), (1.0, 0.9, 0.72)]
    sizes += [(1.0, 0.62, 0.86), (1.0, 0.36, 0.96), (1.0, 0.2, 1.02)]
    loft([_rounded(width * x, depth * y, height * z) for x, y, z in sizes], skin, smooth=3)
    level = height * 1.03
    lathe(
        [(0, -width / 2 - 0.01), (0.085, -width / 2 - 0.01), (0.085, width / 2 + 0.01), (0, width / 2 + 0.01)],
        skin,
        at=(0, -0.03, level),
        axis="x",
        squash=(0.9, 1.15),
        smooth=1,
    )
    for side in (-1, 1):
        x = side * width * 0.27
        line = [(x, 0.09, level - 0.06), (x, 0.07, level + 0.07), (x, -0.03, level + 0.1), (x, -0.13, level + 0.05)]
        line += [(x, -0.15, level - 0.06), (x, -depth * 0.43, height * 0.76), (x, -depth * 0.52, height * 0.5)]
        _strap(line, 0.06, 0.012, skin)
        box((0.1, 0.04, 0.075), steel, at=(x, -depth * 0.5 - 0.004, height * 0.66), bevel=0.015)


def _tote(look: Look) -> None:
    skin, s = look.skin, look.s
    width, depth, height = 0.86 * (1 + 0.14 * s[0]), 0.3 + 0.04 * s[1], 0.78 - 0.1 * s[0]
    flare, loop = 1.12 + 0.07 * s[3], 0.42 + 0.12 * s[2]
    sizes = [(0.93, 0.9, 0.0), (0.99, 0.98, 0.02), (1.01, 1.0, 0.08), ((1 + flare) / 2, 0.9, 0.55), (flare, 0.72, 1.0)]
    loft([_rounded(width * x, depth * y, height * z, 6) for x, y, z in sizes], skin, caps=(True, False), smooth=3)
    inside = [(flare, 0.72, 1.0), (flare - 0.02, 0.66, 0.995), (flare - 0.05, 0.6, 0.8)]
    lining = plain((0.2, 0.16, 0.13), 0.9)
    loft([_rounded(width * x, depth * y, height * z, 6) for x, y, z in inside], lining, caps=(False, True))
    tube(_rounded(width * flare, depth * 0.72, height), 0.013, skin, closed=True)
    handles, gold = look.part(skin), plain(*GOLD)
    for side in (-1, 1):
        top = side * (depth * 0.36 + 0.008)
        low = side * (depth * 0.405 + 0.012)
        spread = width * 0.25
        line = [(-spread * 1.04, low, height * 0.72), (-spread, top, height)]
        line += [(x, top * 0.9, height + z) for x, z in arch(spread * 1.9, loop, power=2.5)]
        line += [(spread, top, height), (spread * 1.04, low, height * 0.72)]
        tube(line, 0.024, handles)
        for x in (-1, 1):
            box((0.085, 0.022, 0.16), handles, at=(x * spread * 1.04, low, height * 0.76), bevel=0.008)
            lathe(
                [(0, -0.016), (0.018, -0.014), (0.018, 0.014), (0, 0.016)],
                gold,
                at=(x * spread * 1.04, low + side * 0.006, height * 0.72),
                axis="y",
                smooth=1,
            )


def _bucket(look: Look) -> None:
    skin, s = look.skin, look.s
    r, height = 0.36 * (1 + 0.14 * s[0]), 0.78 - 0.08 * s[0]
    flare, loop = 1.08 + 0.06 * s[1], 0.42 + 0.14 * s[2]
    neck = 0.9 + 0.06 * s[3]

    def ring(radius: float, z: float, fold: float) -> list[Point]:
        turns = [2 * math.pi * i / 96 for i in range(96)]
        out = [r * radius * (1 + fold * math.cos(12 * turn)) for turn in turns]
        return [(a * math.cos(turn), 0.82 * a * math.sin(turn), z * height) for a, turn in zip(out, turns, strict=True)]

    rows = [(0.93, 0.0, 0.0), (0.99, 0.02, 0.0), (1.0, 0.06, 0.0), (flare, 0.5, 0.005), (flare, 0.68, 0.015)]
    rows += [(neck, 0.84, 0.04), (neck + 0.06, 0.94, 0.055), (neck + 0.12, 1.0, 0.06)]
    loft([ring(*row) for row in rows], skin, caps=(True, False), smooth=3)
    lining = plain((0.2, 0.16, 0.13), 0.9)
    loft(
        [ring(neck + 0.115, 1.0, 0.06), ring(neck - 0.04, 0.84, 0.04), ring(neck - 0.04, 0.2, 0.0)],
        lining,
        caps=(False, True),
    )
    tube(ring(1.0, 0.03, 0.0)[::4], 0.018, look.part(skin), closed=True)
    cord, gold = look.part(skin), plain(*GOLD)
    tube([(1.05 * x, 1.05 * y, z) for x, y, z in ring(neck, 0.84, 0.02)], 0.016, cord, closed=True)
    front = -0.82 * r * neck * 1.1
    for side in (-1, 1):
        line = [(0.02 * side, front, 0.84 * height), (0.07 * side, front - 0.06, 0.78 * height)]
        line += [(0.08 * side, front - 0.075, 0.6 * height), (0.07 * side, front - 0.08, 0.5 * height)]
        tube(line, 0.014, cord)
        lathe(
            [(0, -0.1), (0.03, -0.1), (0.022, 0.0), (0, 0.02)],
            cord,
            at=(0.07 * side, front - 0.08, 0.5 * height),
            smooth=1,
        )
    half = r * (neck + 0.05)
    line = [(-half, 0.0, 0.72 * height), (-half, 0.0, height)]
    line += [(x, 0, height * 0.95 + z) for x, z in arch(2 * half, loop, power=2.4)]
    line += [(half, 0.0, height), (half, 0.0, 0.72 * height)]
    tube(line, 0.028, cord)
    for side in (-1, 1):
        box((0.03, 0.11, 0.15), cord, at=(side * (half + 0.016), 0, 0.88 * height), bevel=0.01)
        lathe(
            [(0, -0.02), (0.03, -0.02), (0.03, 0.02), (0, 0.02)],
            gold,
            at=(side * (half + 0.03), 0, 0.88 * height),
            axis="x",
            smooth=1,
        )


def _vintage_case(look: Look) -> None:
    skin, s = look.skin, look.s
    width, depth, height = 1.15 * (1 + 0.13 * s[0]), 0.36 + 0.05 * s[1], 0.78 - 0.07 * s[0]
    box((width, depth, height), skin, at=(0, 0, height / 2), bevel=0.05)
    brown, gold, dark = plain((0.09, 0.04, 0.018), 0.5), plain(*GOLD), plain(*RUBBER)
    corners = look.part(brown)
    size = 0.2 + 0.03 * s[2]
    for x in (-1, 1):
        for y in (-1, 1):
            for z in (-1, 1):
                place = (x * (width - size) / 2, y * (depth - 0.12) / 2, height / 2 + z * (height - size) / 2)
                grown = (place[0] + x * 0.01, place[1] + y * 0.01, place[2] + z * 0.01)
                box((size, 0.12, size), corners, at=grown, bevel=0.05)
                lathe(
                    [(0, -0.012), (0.02, -0.01), (0.016, 0.006), (0, 0.01)],
                    gold,
                    at=(grown[0] + x * 0.01, y * (depth / 2 + 0.012), grown[2] + z * 0.01),
                    axis="y",
                    smooth=1,
                )
    box((width + 0.006, 0.02, height + 0.006), dark, at=(0, 0, height / 2), bevel=0.008)
    for x in (-1, 1):
        place = x * width * (0.26 + 0.02 * s[3])
        box((0.085, depth + 0.03, height + 0.03), brown, at=(place, 0, height / 2), bevel=0.045)
        front = -depth / 2 - 0.02
        frame = [(-0.06, -0.045), (0.06, -0.045), (0.06, 0.045), (-0.06, 0.045)]
        ring = [(place + a, front, height * 0.66 + b) for a, b in frame]
        tube([p for point in ring for p in (point, point)], 0.011, gold, closed=True)
        tube([(place, front, height * 0.66 - 0.045), (place, front, height * 0.66 + 0.03)], 0.008, gold)
        latch = x * width * 0.14
        box((0.1, 0.1, 0.025), gold, at=(latch, -0.0, height + 0.006), bevel=0.01)
    for x in (-1, 1):
        box((0.05, 0.07, 0.04), gold, at=(x * 0.14, 0, height + 0.012), bevel=0.012)
    line = [(x, 0, height + z) for x, z in arch(0.29, 0.12, power=3.2)]
    tube(line, 0.026, brown)
