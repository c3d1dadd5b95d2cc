"""Bottles and cosmetics."""

from __future__ import annotations

import math

import bpy

from studio.world.render.look import GOLD, STEEL, Look
from studio.world.render.materials import plain
from studio.world.render.shapes import (
    Point,
    box,
    brand,
    crisp,
    is_light,
    lathe,
    loft,
    ribbed,
    rod,
    square_lathe,
    tube,
    word,
    wrap,
)

PAPER = ((0.86, 0.84, 0.78), 0.8)
INK = ((0.02, 0.02, 0.025), 0.7)
BLACK = ((0.02, 0.02, 0.022), 0.3)
WHITE = ((0.88, 0.88, 0.87), 0.35)


def _against(material: bpy.types.Material) -> bpy.types.Material:
    """Black or white, whichever stands out."""
    return plain(*(BLACK if is_light(material) else WHITE))


def _round_label(look: Look, r: float, low: float, high: float) -> None:
    """A paper label round a cylinder, with the brand and a line under it."""
    wrap(r + 0.006, low, high, 150, plain(*PAPER))
    ink, tall = plain(*INK), min(0.3 * (high - low), 0.34 * r)
    word(brand(look.s[3]), tall, ink, at=(0, 0, low + 0.6 * (high - low)), radius=r + 0.009)
    line = low + 0.24 * (high - low)
    wrap(r + 0.008, line, line + 0.12 * tall, 70, ink)


def _flat_label(look: Look, width: float, height: float, at: Point) -> None:
    """A paper label on a flat front, with the brand and a line under it."""
    box((width, 0.012, height), plain(*PAPER), at=at, bevel=0.002)
    ink, tall = plain(*INK), min(0.3 * height, 0.26 * width)
    word(brand(look.s[3]), tall, ink, at=(at[0], at[1] - 0.009, at[2] + 0.1 * height))
    box((0.5 * width, 0.004, 0.12 * tall), ink, at=(at[0], at[1] - 0.008, at[2] - 0.26 * height), bevel=0.001)


def bottle(look: Look) -> None:
    if look.silhouette == "wine":
        _wine_bottle(look)
    elif look.silhouette == "sports":
        _sports_bottle(look)
    elif look.silhouette == "round":
        _round_bottle(look)
    else:
        _square_bottle(look)


def _wine_bottle(look: Look) -> None:
    s = look.s
    r, height = 0.26 + 0.07 * s[0], 1.35
    shoulder = height * (0.58 + 0.08 * s[1])
    neck, rise = 0.09 + 0.02 * s[3], height * (0.8 + 0.05 * s[2])
    foot = [(0, 0.02), (0, 0.02), (r - 0.05, 0.0), (r - 0.01, 0.02), (r, 0.07), (r, 0.07)]
    rest = [(r * 0.86, shoulder + 0.09), (neck + 0.03, rise - 0.05), (neck, rise), (neck, rise)]
    lathe([*foot, (r, shoulder), (r, shoulder), *rest, (neck, height), (neck, height), (0, height)], look.skin)
    _round_label(look, r, 0.26 * shoulder, 0.74 * shoulder)
    foil = [(neck + 0.006, rise + 0.03), (neck + 0.006, height - 0.05), (neck + 0.02, height - 0.045)]
    foil += [(neck + 0.02, height), (neck + 0.006, height + 0.012), (0, height + 0.012)]
    crisp(lathe(foil, look.part(plain(*BLACK)), smooth=1))


def _sports_bottle(look: Look) -> None:
    s = look.s
    r, height = 0.29 + 0.05 * s[0], 0.95 + 0.08 * s[1]
    waist = r * (0.86 + 0.06 * s[2])
    foot = [(0, 0), (0, 0), (r - 0.04, 0), (r, 0.05), (r, 0.13 * height), (r, 0.3 * height), (r, 0.37 * height)]
    grip = [(waist, 0.48 * height), (waist, 0.66 * height), (r, 0.78 * height), (r, 0.88 * height)]
    lathe([*foot, *grip, (r * 0.86, height), (0, height)], look.skin)
    for z in (0.52, 0.57, 0.62):
        level = z * height
        ridge = [(waist - 0.02, level - 0.016), (waist + 0.014, level), (waist - 0.02, level + 0.016)]
        lathe(ridge, look.skin, smooth=2)
    word(brand(s[3]), 0.11, _against(look.skin), at=(0, 0, 0.215 * height), radius=r + 0.004)
    cap, wide = look.part(plain(*BLACK)), r * 0.92
    side = [(wide - 0.01, height - 0.03), (wide, height - 0.02), (wide, height + 0.09), (wide - 0.03, height + 0.115)]
    crisp(lathe([(0, height - 0.03), *side, (0.13, height + 0.16), (0, height + 0.165)], cap, smooth=1))
    ribbed(wide, height - 0.015, height + 0.085, cap, count=30)
    spout, top = height + 0.15, height + 0.33 + 0.02 * s[3]
    neck = [(0.1, spout), (0.08, spout + 0.04), (0.075, top - 0.09), (0.1, top - 0.07), (0.1, top - 0.03)]
    lathe([(0, spout), *neck, (0.06, top), (0, top)], plain(*(BLACK if look.accent else WHITE)))


def _round_bottle(look: Look) -> None:
    s = look.s
    r, height, deep = 0.4 + 0.07 * s[0], 0.74 + 0.06 * s[1], 0.62
    neck, top = 0.1 + 0.02 * s[2], height + 0.16 + 0.06 * s[3]
    belly = [(r * 0.66, 0), (r * 0.92, 0.14 * height), (r, 0.42 * height), (r * 0.84, 0.76 * height)]
    outline = [(0, 0), (0, 0), *belly, (neck + 0.06, height - 0.02)]
    lathe([*outline, (neck + 0.04, height + 0.02), (0, height + 0.02)], look.skin, squash=(1, deep))
    crisp(lathe([(neck, height - 0.04), (neck, top), (0, top)], look.skin, smooth=1))
    _flat_label(look, r * 0.95, 0.34 * height, (0, -r * deep - 0.004, 0.42 * height))
    _screw_cap(look, neck + 0.03, top - 0.08, top + 0.1)


def _square_bottle(look: Look) -> None:
    s = look.s
    r, height = 0.27 + 0.06 * s[0], 0.84 + 0.1 * s[1]
    neck, top = 0.1 + 0.015 * s[2], height + 0.2 + 0.05 * s[3]
    foot = [(0, 0), (0, 0), (r - 0.03, 0), (r, 0.04), (r, 0.04), (r, height - 0.1)]
    square_lathe([*foot, (r * 0.94, height - 0.03), (neck + 0.05, height + 0.02), (0, height + 0.03)], look.skin)
    crisp(lathe([(neck, height - 0.02), (neck, top), (0, top)], look.skin, smooth=1))
    _flat_label(look, r * 1.5, 0.42 * height, (0, -r - 0.004, 0.42 * height))
    _screw_cap(look, neck + 0.03, top - 0.1, top + 0.08)


def _screw_cap(look: Look, r: float, low: float, high: float) -> None:
    cap = look.part(plain(*BLACK))
    side = [(r - 0.005, low), (r, low + 0.01), (r, high - 0.02), (r - 0.02, high)]
    crisp(lathe([(0, low), *side, (0, high)], cap, smooth=1))
    ribbed(r, low + 0.01, high - 0.02, cap, depth=0.06)


def perfume_bottle(look: Look) -> None:
    """A thick wall of glass, with a block of the same glass in it for what it holds."""
    s = look.s
    gold, tall = plain(*GOLD), look.silhouette == "tall"
    cap = look.part(plain(*BLACK))
    if look.silhouette == "round":
        r, deep, thick = 0.4 + 0.05 * s[0], 0.6 + 0.08 * s[2], 0.07
        height = 0.72 - 0.03 * s[0] + 0.04 * s[1]
        belly = [(r * 0.62, 0), (r * 0.94, 0.2 * height), (r, 0.48 * height), (r * 0.78, 0.84 * height)]
        lathe([(0, 0), (0, 0), *belly, (0.12, height), (0, height)], look.skin, squash=(1, deep))
        inner = [(0.3 * r, thick + 0.03), (r - thick - 0.05, 0.26 * height), (r - thick, 0.48 * height)]
        lathe([(0, thick + 0.02), *inner, (r - thick - 0.04, 0.66 * height), (0, 0.7 * height)], look.skin)
        front = r * deep
    else:
        r = 0.23 + 0.04 * s[0] if tall else 0.36 + 0.06 * s[0]
        deep, thick = (0.9, 0.05) if tall else (0.5 + 0.1 * s[2], 0.06)
        height = (0.92 if tall else 0.66) + 0.08 * s[1]
        wall = [(r - 0.02, 0), (r, 0.02), (r, height - 0.04), (r - 0.02, height - 0.01), (r - 0.06, height)]
        power = 4 if tall else 9
        square_lathe([(0, 0), *wall, (0, height)], look.skin, squash=(1, deep), power=power, smooth=1, crease=50)
        inner, level = r - thick, 0.76 * height
        squash = (1, (r * deep - thick) / inner)
        filling = [(inner, thick + 0.03), (inner, level), (0, level)]
        square_lathe([(0, thick + 0.03), *filling], look.skin, squash=squash, power=power, smooth=1, crease=50)
        front = r * deep
    label = 0.46 * height
    word(brand(s[3]), 0.13 * min(r / 0.36, 1), gold, at=(0, -front - 0.003, label))
    top = height - 0.02
    ring = [(0.12, top), (0.13, top + 0.015), (0.13, top + 0.05), (0.1, top + 0.06), (0.1, top + 0.1), (0, top + 0.1)]
    crisp(lathe([(0, top), *ring], gold, smooth=1))
    low = top + 0.075
    if look.silhouette == "square":
        wide, high = 0.27 + 0.05 * s[3], 0.24 + 0.04 * s[1]
        box((wide, min(wide, 1.6 * r * deep), high), cap, at=(0, 0, low + high / 2), bevel=0.02)
    elif look.silhouette == "round":
        ball = 0.16 + 0.02 * s[3]
        lathe([(ball * math.sin(t), low + ball * 0.94 - ball * math.cos(t)) for t in _turns(0.35)], cap, smooth=1)
    else:
        wide, high = 0.145 + 0.015 * s[3], 0.36 + 0.06 * s[2]
        side = [(wide - 0.01, low), (wide, low + 0.01), (wide, low + high - 0.015), (wide - 0.015, low + high)]
        crisp(lathe([(0, low), *side, (0, low + high)], cap, smooth=1))


def _turns(first: float) -> list[float]:
    """Angles from just off one pole to the other."""
    return [0, *(first + (math.pi - first) * i / 16 for i in range(17))]


def can(look: Look) -> None:
    s, steel = look.s, plain(*STEEL)
    slim = look.silhouette == "slim"
    r, height = (0.26 + 0.03 * s[0], 1.3 + 0.05 * s[1]) if slim else (0.33 + 0.04 * s[0], 1.16 + 0.05 * s[1])
    lid = r * (0.83 + 0.03 * s[2])
    crisp(lathe([(0, 0.03), (r - 0.07, 0.0), (r - 0.05, 0), (r - 0.045, 0.012)], steel, smooth=1))
    neck = [(r - 0.008, height - 0.13), (lid + 0.012, height - 0.045), (lid, height - 0.03)]
    lathe([(r - 0.046, 0.012), (r - 0.01, 0.05), (r, 0.085), (r, 0.085), (r, height - 0.15), *neck], look.skin)
    rim = [(lid, height - 0.035), (lid + 0.014, height - 0.025), (lid + 0.014, height - 0.006), (lid + 0.004, height)]
    recess = [(lid - 0.012, height - 0.006), (lid - 0.022, height - 0.04), (lid - 0.045, height - 0.04)]
    crisp(lathe([*rim, *recess, (lid - 0.055, height - 0.028), (0, height - 0.028)], steel, smooth=1))
    _pull_tab(lid, height - 0.026, steel)
    low, high = 0.34 * height, (0.62 + 0.05 * s[3]) * height
    band = look.part(look.skin)
    if look.accent:
        lathe([(r - 0.01, low), (r + 0.003, low), (r + 0.003, high), (r - 0.01, high)], band, smooth=1)
    ink = _against(band)
    for level in (low, high):
        lathe([(r + 0.004, level - 0.008), (r + 0.004, level + 0.008)], ink, smooth=1)
    word(brand(s[3]), 0.5 * r, ink, at=(0, 0, (low + high) / 2 + 0.02), radius=r + 0.006)
    wrap(r + 0.005, (low + high) / 2 - 0.42 * r, (low + high) / 2 - 0.36 * r, 60, ink)


def _pull_tab(lid: float, level: float, steel: bpy.types.Material) -> None:
    """The tab lies on its rivet, its ring towards the back, the mouth under its nose."""
    size = lid * 0.42
    loop = [(size * 0.42 * math.sin(t), size * (0.55 - 0.5 * math.cos(t)), level + 0.022) for t in _circle(12)]
    tube(loop, 0.014, steel, closed=True, flat=None)
    box((size * 0.72, size * 0.6, 0.016), steel, at=(0, -size * 0.1, level + 0.018), bevel=0.007)
    lathe([(0, 0), (0.03, 0), (0.03, 0.03), (0, 0.035)], steel, at=(0, 0, level), smooth=1)
    mouth = [(lid * 0.34 * math.sin(t), -lid * 0.5 + lid * 0.28 * math.cos(t), level + 0.004) for t in _circle(14)]
    tube(mouth, 0.006, plain((0.3, 0.3, 0.31), 0.4, 1.0), closed=True)


def _circle(count: int) -> list[float]:
    return [2 * math.pi * i / count for i in range(count)]


def cosmetic_tube(look: Look) -> None:
    s, lying = look.s, look.silhouette == "lying"
    r, length = 0.19 + 0.035 * s[0], 0.86 + 0.08 * s[1]
    cap_length, cap_r = 0.2 + 0.05 * s[2], (0.19 + 0.035 * s[0]) * (0.88 + 0.06 * s[3])
    cap = look.part(plain(*(BLACK if is_light(look.skin) else WHITE)))
    # The foil keeps its girth, so the round end is narrower than the flat one.
    flat, shoulder = r * 1.42, 0.05

    def halves(along: float) -> tuple[float, float]:
        return r + (flat - r) * along, r * (1 - along) + 0.012 * along

    def place(x: float, y: float, along: float, down: float) -> Point:
        """`down` is how far the bottom of a cross-section lies from its middle."""
        return (along, x, y + down) if lying else (x, y, along)

    rings = []
    sections = [(0.62 * r, 0.62 * r, 0.0), (0.93 * r, 0.93 * r, 0.3 * shoulder), (r, r, shoulder)]
    sections += [(*halves(i / 10), shoulder + length * i / 10) for i in range(1, 11)]
    sections += [(flat, 0.012, shoulder + length + 0.07)]
    for wide, thick, along in sections:
        ring = []
        for turn in _circle(48):
            x, y = wide * math.cos(turn), thick * math.sin(turn)
            ring.append(place(x, y, cap_length + along, max(thick, 0.012) if along > 0.5 * shoulder else r))
        rings.append(ring)
    loft(rings, look.skin, crease=60)
    for i in range(5):
        along = cap_length + shoulder + length + 0.008 + 0.013 * i
        rod(place(-flat + 0.02, 0, along, 0.012), place(flat - 0.02, 0, along, 0.012), 0.0145, look.skin)
    side = [(cap_r - 0.012, 0), (cap_r, 0.012), (cap_r + 0.012, cap_length - 0.005), (cap_r, cap_length + 0.004)]
    cap_at, axis = ((0, 0, r), "x") if lying else ((0, 0, 0), "z")
    crisp(lathe([(0, 0), *side, (0, cap_length + 0.004)], cap, smooth=1, axis=axis, at=cap_at))
    ribbed(cap_r, 0.015, cap_length - 0.03, cap, count=26, depth=0.05, at=cap_at, axis=axis)
    ink, size = _against(look.skin), 0.55 * r
    share = 0.36
    wide, thick = halves(share)
    along, lean = cap_length + shoulder + length * share, math.atan2(r, length)
    if lying:
        side_turn = math.radians(52)
        y, z = -wide * math.cos(side_turn), thick + thick * math.sin(side_turn)
        facing = math.atan2(math.sin(side_turn) / thick, math.cos(side_turn) / wide)
        word(brand(s[3]), size, ink, at=(along, y - 0.004, z + 0.012), turn=(-facing, 1.3 * lean, 0))
        return
    bend = wide * wide / thick
    y, z = -thick - 0.004 + bend * math.cos(lean), along - bend * math.sin(lean)
    word(brand(s[3]), size, ink, at=(0, y, z), radius=bend, turn=(-lean, 0, 0))
    for offset in (0.13, 0.17):
        y = -halves(share + offset + 0.06)[1] - 0.006
        z = along + length * (offset + 0.06)
        box((wide * (1.0 if offset < 0.15 else 0.6), 0.006, 0.014), ink, at=(0, y, z), turn=(-lean, 0, 0), bevel=0.002)


def dispenser(look: Look) -> None:
    s = look.s
    r, height = 0.3 + 0.05 * s[0], 0.78 + 0.08 * s[1]
    pump = look.part(plain(*(BLACK if is_light(look.skin) else WHITE)))
    foot = [(0, 0), (0, 0), (r - 0.03, 0), (r, 0.04), (r, 0.04), (r, height - 0.14), (r, height - 0.14)]
    shoulder = [(r * 0.93, height - 0.05), (0.14, height), (0.12, height + 0.02), (0, height + 0.03)]
    if look.silhouette == "square":
        square_lathe([*foot, *shoulder], look.skin, power=7)
        _flat_label(look, r * 1.35, 0.4 * height, (0, -r - 0.004, 0.46 * height))
    else:
        lathe([*foot, *shoulder], look.skin)
        _round_label(look, r, 0.26 * height, 0.66 * height)
    collar, rise = height + 0.12, height + 0.24 + 0.06 * s[2]
    side = [(0.125, height), (0.135, height + 0.01), (0.135, collar - 0.02), (0.115, collar)]
    crisp(lathe([(0, height), *side, (0.06, collar + 0.01), (0.05, collar + 0.03), (0, collar + 0.03)], pump, smooth=1))
    rod((0, 0, collar), (0, 0, rise + 0.02), 0.033, pump)
    head = [(0.07, rise), (0.085, rise + 0.015), (0.085, rise + 0.06), (0.06, rise + 0.085), (0, rise + 0.09)]
    lathe([(0, rise), (0.07, rise), *head], pump, smooth=2)
    reach = 0.34 + 0.06 * s[3]
    nozzle = [(0, 0, rise + 0.05), (-0.4 * reach, 0, rise + 0.052), (-0.9 * reach, 0, rise + 0.045)]
    tube(
        [*nozzle, (-reach, 0, rise + 0.02), (-reach - 0.01, 0, rise - 0.035)],
        0.036,
        pump,
        radii=[1.5, 1.2, 0.9, 0.8, 0.75],
    )
