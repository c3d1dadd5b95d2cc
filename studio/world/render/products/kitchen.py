"""Kitchen and table."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from studio.world.render.look import CLAY, Look
from studio.world.render.materials import plain, wood
from studio.world.render.shapes import crisp, lathe, square_lathe, tube

Profile = list[tuple[float, float]]


def mug(look: Look) -> None:
    skin, s = look.skin, look.s
    height = {"straight": 0.95, "round": 0.86, "tall": 1.22}[look.silhouette] - 0.22 * s[0]
    r, taper, grip = 0.42, 0.07 * s[1], 1 + 0.22 * s[2]
    if look.silhouette == "round":
        r, foot, top = 0.47, 0.27 + 0.04 * s[1], 0.37 + 0.05 * s[1]
        belly = [(r * 0.9, 0.2 * height), (r, 0.45 * height), (r * 0.94, 0.72 * height)]
    elif look.silhouette == "tall":
        r, foot, top = 0.38, 0.24 + 0.03 * s[1], 0.44 + 0.04 * s[1]
        belly = [(foot + 0.06, 0.2 * height), (r, 0.62 * height)]
    else:
        foot, top = r - 0.06 - taper, r + taper
        belly = [(foot + 0.05, 0.1), (r, 0.3 * height)]
    inner = [(x - 0.05, z) for x, z in reversed(belly)]
    lathe(
        [(0, 0.03), (0, 0.03), (foot - 0.05, 0.03), (foot, 0.03), (foot, 0.03), *belly, (top, height - 0.02)]
        + [(top - 0.015, height), (top - 0.035, height - 0.02), *inner, (foot - 0.03, 0.1), (foot - 0.03, 0.1)]
        + [(0, 0.09)],
        skin,
    )
    lathe([(0, 0), (foot - 0.03, 0), (foot - 0.01, 0.01), (foot - 0.01, 0.035)], plain(*CLAY), smooth=1)
    reach, middle = 0.3 * grip, 0.52 * height
    span = min(0.27 * height * grip, 0.3)
    points = [(r - 0.05, 0.0, middle + span), (r + 0.25 * reach, 0.0, middle + span * 1.1)]
    points += [(r + reach * 1.1, 0.0, middle + span * 0.9), (r + reach * 1.15, 0.0, middle)]
    points += [(r + reach * 0.9, 0.0, middle - span * 0.8), (r + 0.2 * reach, 0.0, middle - span * 1.05)]
    points += [(_radius_at(belly, middle - span) - 0.03, 0.0, middle - span)]
    tube(points, 0.062 + 0.012 * s[3], look.part(skin))


def _radius_at(profile: Sequence[tuple[float, float]], height: float) -> float:
    """How far a rising profile stands out at a height."""
    for (x, low), (end, high) in pairwise(profile):
        if low <= height <= high and high > low:
            return x + (end - x) * (height - low) / (high - low)
    return profile[0][0] if height < profile[0][1] else profile[-1][0]


def bowl(look: Look) -> None:
    skin, s = look.skin, look.s
    r, height, ring = 0.6, 0.42 - 0.1 * s[0], 0.06 + 0.02 * s[3]
    foot, flare = 0.26 + 0.06 * s[2], 0.78 + 0.09 * s[1]
    stand = [(foot - 0.05, ring), (foot - 0.05, 0), (foot, 0), (foot, 0), (foot + 0.01, ring), (foot + 0.01, ring)]
    wall = [(r * flare, ring + 0.35 * height)]
    if look.silhouette == "straight":
        foot, ring = 0.46 + 0.05 * s[2], 0.0
        stand = [(foot - 0.03, 0), (foot - 0.03, 0), (foot + 0.01, 0.03)]
        wall = [(foot + (r - foot) * 0.55 + 0.02 * s[1], 0.5 * height)]
    elif look.silhouette == "footed":
        foot, ring = 0.27 + 0.05 * s[2], 0.27 + 0.05 * s[3]
        stand = [(foot - 0.03, 0), (foot - 0.03, 0), (foot, 0.02), (foot, 0.02), (0.1, ring - 0.1)]
        stand += [(0.1, ring - 0.03), (0.2, ring)]
    floor, top = ring + 0.06, ring + height
    # A point close below the rim keeps the curve from overshooting it.
    near = r - 0.8 * (r - wall[-1][0]) * 0.07 / (top - wall[-1][1])
    wall.append((near, top - 0.07))
    inner = [(x - 0.05, z + 0.01) for x, z in reversed(wall)]
    rim = [(r, top), (r - 0.02, top + 0.015), (r - 0.045, top)]
    lathe(
        [(0, stand[0][1]), *stand, *wall, *rim, *inner, (min(foot, 0.5) * 0.9, floor), (0, floor - 0.01)],
        skin,
    )
    if look.accent:
        edge = [(near - 0.012, top - 0.09), (near + 0.01, top - 0.075), (r + 0.012, top), (r - 0.02, top + 0.03)]
        lathe([*edge, (r - 0.06, top), (near - 0.062, top - 0.075), (near - 0.04, top - 0.09)], look.accent, smooth=2)


def teapot(look: Look) -> None:
    skin, s = look.skin, look.s
    height = {"round": 0.62, "tall": 0.98, "straight": 0.66}[look.silhouette] - 0.12 * s[0]
    if look.silhouette == "tall":
        r, mouth = 0.38, 0.2
        wall = [(0.32, 0.03), (r, 0.28 * height), (0.28, 0.8 * height), (mouth, height)]
    elif look.silhouette == "straight":
        r, mouth = 0.42, 0.27
        wall = [(0.4, 0.02), (r, 0.06), (r, 0.06), (r, 0.84 * height), (r, 0.84 * height)]
        wall += [(r - 0.05, 0.91 * height), (mouth, height)]
    else:
        r, mouth = 0.45, 0.22
        wall = [(0.3, 0.03), (r, 0.45 * height), (0.34, 0.88 * height), (mouth, height)]
    rim = [(mouth, height), (mouth - 0.02, height - 0.01), (0, height - 0.03)]
    lathe([(0, 0), (0, 0), (wall[0][0] - 0.02, 0), *wall, *rim], skin)
    lid, cover = look.part(skin), mouth - 0.015
    lathe(
        [(0, height - 0.02), (cover, height - 0.01), (cover, height + 0.01), (cover * 0.8, height + 0.06)]
        + [(cover * 0.3, height + 0.09), (0, height + 0.095)],
        lid,
    )
    knob = height + 0.13 + 0.02 * s[3]
    lathe([(0, knob - 0.06), (0.035, knob - 0.04), (0.06, knob), (0.035, knob + 0.045), (0, knob + 0.05)], lid)
    reach, low = 0.34 + 0.08 * s[1], _radius_at(wall, 0.3 * height)
    tube(
        [(-low + 0.08, 0, 0.3 * height), (-low - 0.1, 0, 0.36 * height), (-low - 0.6 * reach, 0, 0.65 * height)]
        + [(-low - 0.75 * reach, 0, 0.92 * height), (-low - reach, 0, 1.03 * height)],
        0.1,
        skin,
        radii=[1.25, 1, 0.7, 0.5, 0.42],
    )
    grip, high = 0.3 + 0.06 * s[2], _radius_at(wall, 0.82 * height)
    tube(
        [(high - 0.05, 0, 0.82 * height), (r + 0.3 * grip, 0, 0.97 * height), (r + grip, 0, 0.85 * height)]
        + [(r + grip * 1.05, 0, 0.5 * height), (r + 0.4 * grip, 0, 0.2 * height), (r - 0.06, 0, 0.25 * height)],
        0.045,
        skin,
    )


def jar(look: Look) -> None:
    skin, s = look.skin, look.s
    r, height = 0.4 + 0.06 * s[0], 0.82 - 0.12 * s[0]
    neck, lid = r * (0.84 + 0.06 * s[1]), 0.13 + 0.03 * s[2]
    wall = [(r - 0.06, 0.0), (r, 0.06), (r, 0.5 * height), (r, height - 0.12)]
    if look.silhouette == "round":
        neck = r * (0.7 + 0.05 * s[1])
        wall = [(r - 0.14, 0.0), (r - 0.04, 0.1 * height), (r + 0.05, 0.42 * height), (r - 0.02, 0.76 * height)]
    inside = [(x - 0.05, max(z, 0.05)) for x, z in reversed(wall)]
    rim = [(neck, height - 0.03), (neck, height), (neck, height), (neck - 0.04, height), (neck - 0.04, height)]
    profile = [(0, 0.01), (0, 0.01), *wall, *rim, (neck - 0.04, height - 0.03), *inside, (0, 0.05)]
    square = look.silhouette == "square"
    if square:
        square_lathe(profile, skin, power=7)
    else:
        lathe(profile, skin)
    cover = neck + 0.03
    top, oak = height + lid, look.part(wood((0.52, 0.33, 0.17), False))
    outline = [(0, height - 0.01), (cover - 0.01, height - 0.01), (cover, height), (cover, top - 0.02)]
    outline += [(cover - 0.02, top), (0, top)]
    if square:
        square_lathe(outline, oak, power=7, smooth=1, crease=35)
    else:
        crisp(lathe(outline, oak, smooth=1))
        knob = 0.07 + 0.02 * s[3]
        lathe([(0, top), (knob * 0.6, top), (knob, top + 0.06), (0, top + 0.11)], oak)


def vase(look: Look) -> None:
    skin, s = look.skin, look.s
    height, belly = 1.15 if look.silhouette != "round" else 0.98, 0.38 + 0.09 * s[0]
    level, neck, lip = 0.4 + 0.12 * s[1], 0.14 + 0.05 * s[2], 0.22 + 0.07 * s[3]
    foot = 0.18
    if look.silhouette == "slender":
        belly, foot, level = 0.21 + 0.06 * s[0], 0.11 + 0.02 * s[0], 0.68 + 0.06 * s[1]
        neck, lip = belly * (0.58 + 0.1 * s[2]), belly * (0.78 + 0.1 * s[3])
        rise = 0.92
        wall = [(belly * 0.78, 0.4 * height), (belly, level * height)]
    elif look.silhouette == "cylinder":
        belly = 0.3 + 0.08 * s[0]
        foot, neck = belly - 0.015, belly * (0.62 + 0.12 * s[2])
        lip, rise = neck + 0.1 + 0.03 * s[3], 0.86
        level = 0.69 + 0.04 * s[1]
        wall = [(belly, 0.05), (belly, 0.05), (belly, level * height), (belly, level * height)]
        wall += [(belly * 0.94, (level + 0.045) * height)]
    elif look.silhouette == "bottle":
        belly, foot = 0.36 + 0.09 * s[0], 0.24 + 0.06 * s[0]
        level = 0.27 + 0.05 * s[1]
        neck, lip, rise = 0.075 + 0.02 * s[2], 0.1 + 0.03 * s[3], 0.62
        wall = [(belly, level * height)]
    else:
        rise = 0.83
        wall = [(belly, level * height)]
    thick = min(0.035, neck * 0.35)
    inner = [(x - thick, z) for x, z in reversed(wall)]
    outer = [(0, 0), (0, 0), (foot, 0), (foot + 0.01, 0.02), *wall, (neck, rise * height), (lip, height - 0.01)]
    outer += [(lip - 0.015, height), (lip - thick, height - 0.015), (neck - thick, rise * height)]
    lathe([*outer, *inner, (foot - 0.03, 0.06), (0, 0.05)], skin, smooth=5)
    if look.accent:
        _neck_band(wall[-1], (neck, rise * height), (lip, height), look)


def _neck_band(belly: tuple[float, float], neck: tuple[float, float], lip: tuple[float, float], look: Look) -> None:
    """A sleeve of the second colour over what is above the belly."""
    (b, low), (n, middle), (top, height) = belly, neck, lip
    start = middle - 0.06 * (middle - low)
    rim = [(top + 0.006, height - 0.01), (top - 0.01, height + 0.008), (top - 0.04, height - 0.01)]
    lathe([(n + (b - n) * 0.012 + 0.004, start), (n + 0.006, middle), *rim, (n - 0.03, middle)], look.part(look.skin))


def glass(look: Look) -> None:
    s = look.s
    base = look.part(look.skin)
    if look.silhouette == "wine":
        _wine_glass(look)
        return
    tall = look.silhouette == "highball"
    top, height = (0.27 + 0.05 * s[0], 1.02) if tall else (0.38 + 0.06 * s[0], 0.78 - 0.06 * s[0])
    foot, bottom = top * (0.86 + 0.07 * s[1] if tall else 0.78 + 0.08 * s[1]), 0.11 + 0.04 * s[2]
    wall = 0.024 + 0.006 * s[3]
    foot_top = foot + (top - foot) * bottom / height
    crisp(
        lathe(
            [(0, 0), (foot - 0.03, 0), (foot - 0.01, 0.008), (foot, 0.03), (foot_top, bottom), (0, bottom)],
            base,
            smooth=1,
        ),
        50,
    )
    rim = [(top, height - 0.01), (top - wall / 2, height), (top - wall, height - 0.01)]
    inner = [(foot_top - wall, bottom + 0.03), (foot_top - wall - 0.03, bottom + 0.012), (0, bottom + 0.01)]
    crisp(
        lathe([(0, bottom + 0.003), (foot_top, bottom + 0.003), *rim, *inner], look.skin, smooth=1),
        50,
    )


def _wine_glass(look: Look) -> None:
    s = look.s
    r, bowl_height = 0.27 + 0.06 * s[0], 0.52 + 0.06 * s[1]
    stem, mouth, foot = 0.46 + 0.08 * s[2], 0.74 + 0.08 * s[3], 0.26 + 0.03 * s[0]
    top = stem + bowl_height
    base = [(0, 0), (foot - 0.01, 0), (foot, 0.008), (foot - 0.01, 0.016), (0.07, 0.035), (0.026, 0.09)]
    base += [(0.02, 0.3 * stem), (0.02, 0.75 * stem), (0.032, stem - 0.04), (0, stem - 0.01)]
    lathe(base, look.part(look.skin))
    outer = [(0.034, stem - 0.035), (r * 0.72, stem + 0.14 * bowl_height), (r, stem + 0.42 * bowl_height)]
    outer += [(r * 0.93, stem + 0.72 * bowl_height), (r * mouth + 0.02, top - 0.008), (r * mouth + 0.012, top)]
    inner = [(r * mouth + 0.002, top - 0.008), (r * 0.93 - 0.018, stem + 0.72 * bowl_height)]
    inner += [(r - 0.018, stem + 0.42 * bowl_height), (r * 0.7 - 0.016, stem + 0.16 * bowl_height), (0, stem + 0.015)]
    lathe([(0, stem - 0.04), *outer, *inner], look.skin)
