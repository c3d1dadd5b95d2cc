"""Electronics."""

from __future__ import annotations

import math

import bpy

from studio.world.render.look import RUBBER, STEEL, Look
from studio.world.render.materials import plain
from studio.world.render.shapes import (
    Point,
    arch,
    bake,
    box,
    brand,
    crisp,
    cushion,
    lathe,
    ribbed,
    rod,
    slab,
    tube,
    word,
)

LENS = ((0.012, 0.014, 0.035), 0.04)
GLOW = ((0.7, 0.9, 0.95), 0.3)


def headphones(look: Look) -> None:
    if look.silhouette == "on-ear":
        _on_ear(look)
    else:
        _over_ear(look)


def _over_ear(look: Look) -> None:
    skin, s = look.skin, look.s
    span, cup = 0.86 + 0.1 * s[0], 0.25 + 0.04 * s[1]
    level = cup + 0.01
    steel, pads = plain(*STEEL), look.part(plain(*RUBBER))
    rise = 0.86 + 0.08 * s[2]
    line = [(x, 0, level + 0.1 + z) for x, z in arch(span, rise - 0.1, power=2.3)]
    tube(line, 0.026, skin, flat=2.4 + 0.8 * s[3])
    inner = [(x, 0, level + 0.12 + z) for x, z in arch(span - 0.09, rise - 0.17, power=2.3)][3:-3]
    tube(inner, 0.03, pads, flat=1.8)
    for side in (-1, 1):
        x = side * span / 2
        rod((x, 0, level), (x, 0, level + 0.24), 0.028, steel)
        shell = [(0, 0.12), (cup * 0.6, 0.115), (cup * 0.92, 0.07), (cup, 0.0), (cup * 0.98, -0.03), (0, -0.03)]
        item = lathe(shell, skin, at=(x, 0, level), squash=(1.12, 0.9))
        item.rotation_euler = (0, side * math.pi / 2, 0)
        pad = [(cup * 0.4, -0.03), (cup * 0.5, -0.12), (cup * 0.8, -0.13), (cup * 0.95, -0.08), (cup * 0.95, -0.03)]
        cover = lathe([*pad, (cup * 0.4, -0.03)], pads, at=(x, 0, level), squash=(1.12, 0.9))
        cover.rotation_euler = (0, side * math.pi / 2, 0)


def _on_ear(look: Look) -> None:
    """Small flat cups on a thin steel bow with a padded top."""
    skin, s = look.skin, look.s
    span, cup = 0.8 + 0.09 * s[0], 0.19 + 0.025 * s[1]
    level, rise = cup, 0.82 + 0.07 * s[2]
    steel, pads = plain(*STEEL), look.part(plain(*RUBBER))
    line = [(x, 0, level + 0.06 + z) for x, z in arch(span + 0.06, rise, power=2.4, count=17)]
    tube(line, 0.014, steel, flat=2.2)
    tube([(x, y, z + 0.006) for x, y, z in line[4:-4]], 0.03, skin, flat=1.9 + 0.4 * s[3])
    for side in (-1, 1):
        x = side * (span / 2 - 0.03)
        outer = side * (span / 2 + 0.03)
        box((0.05, 0.1, 0.2), skin, at=(outer, 0, level + 0.2), bevel=0.02)
        rod((outer, 0, level + 0.14), (outer, 0, level), 0.02, steel)
        rod((x, 0, level), (outer + side * 0.02, 0, level), 0.05, steel)
        shell = [(0, 0.05), (cup * 0.7, 0.048), (cup * 0.96, 0.03), (cup, 0.0), (cup, -0.02), (0, -0.02)]
        pad = [(0, -0.02), (cup * 0.96, -0.02), (cup * 1.02, -0.05), (cup * 0.94, -0.1), (cup * 0.6, -0.105)]
        for outline, material in ((shell, skin), ([*pad, (0, -0.085)], pads)):
            item = lathe(outline, material, at=(x, 0, level))
            item.rotation_euler = (0, side * math.pi / 2 + side * 0.06, 0)
            bake(item)


def speaker(look: Look) -> None:
    if look.silhouette == "cylinder":
        _cylinder_speaker(look)
    elif look.silhouette == "ball":
        _ball_speaker(look)
    else:
        _box_speaker(look)


def _driver(r: float, at: Point) -> None:
    """A loudspeaker in its frame, seen from the front."""
    crisp(
        lathe(
            [(r * 0.86, 0), (r, 0), (r, 0.014), (r * 0.95, 0.022), (r * 0.86, 0.022), (r * 0.86, 0)],
            plain(*STEEL),
            at=at,
            axis="y",
            smooth=1,
        )
    )
    lathe([(r * 0.88, 0.012), (r * 0.8, 0.03), (r * 0.7, 0.008)], plain(*RUBBER), at=at, axis="y")
    cone = plain((0.07, 0.07, 0.075), 0.45)
    lathe([(r * 0.72, 0.01), (r * 0.3, 0.002), (r * 0.3, 0.002), (0, 0.002)], cone, at=at, axis="y", smooth=1)
    lathe([(r * 0.32, 0.002), (r * 0.24, 0.025), (0, 0.038)], plain((0.2, 0.2, 0.21), 0.25), at=at, axis="y")


def _box_speaker(look: Look) -> None:
    s = look.s
    wide, deep, high = 0.5 + 0.08 * s[0], 0.42 + 0.04 * s[3], 0.84 - 0.04 * s[0] + 0.06 * s[1]
    foot = 0.025
    box((wide, deep, high), look.skin, at=(0, 0, foot + high / 2), bevel=0.025)
    front = -deep / 2
    panel = (0, front - 0.002, foot + high / 2)
    box((wide - 0.06, 0.016, high - 0.06), look.part(plain(*RUBBER)), at=panel, bevel=0.006)
    front -= 0.01
    woofer = min(0.4 * (wide - 0.06), 0.23 * high) * (1 + 0.06 * s[2])
    tweeter = woofer * 0.5
    _driver(woofer, (0, front, foot + 0.07 + woofer))
    _driver(tweeter, (0, front, foot + high - 0.09 - tweeter))
    box((0.1, 0.006, 0.016), plain(*STEEL), at=(0, front, foot + 0.05), bevel=0.002)
    for x in (-1, 1):
        for y in (-1, 1):
            rod(
                (x * (wide / 2 - 0.06), y * (deep / 2 - 0.06), 0),
                (x * (wide / 2 - 0.06), y * (deep / 2 - 0.06), 0.05),
                0.03,
                plain(*RUBBER),
            )


def _mesh(profile: list[tuple[float, float]], material: bpy.types.Material, depth: float = 0.006) -> None:
    """A wall of cloth or wire: every second ring of the profile lies a little deeper."""
    rings = [(r - (depth if i % 2 else 0), z) for i, (r, z) in enumerate(profile)]
    crisp(lathe(rings, material, smooth=1), 20)


def _buttons(r: float, level: float, material: bpy.types.Material) -> None:
    """Plus, minus and play on the top."""
    for x, y in ((-0.45, 0.0), (0.45, 0.0), (0.0, -0.45), (0.0, 0.45)):
        lathe(
            [(0, 0), (0.13 * r, 0), (0.13 * r, 0.006), (0.1 * r, 0.01), (0, 0.01)],
            material,
            at=(x * r, y * r, level),
            smooth=1,
        )


def _cylinder_speaker(look: Look) -> None:
    s = look.s
    r, high = 0.3 + 0.05 * s[0], 0.86 - 0.1 * s[0] + 0.08 * s[1]
    low, cap = 0.09, 0.12 + 0.04 * s[2]
    grille, dark = look.part(look.skin), plain(*RUBBER)
    base = [(0, 0), (r - 0.03, 0), (r - 0.01, 0.012), (r - 0.006, 0.035)]
    crisp(lathe([*base, (0, 0.035)], dark, smooth=1))
    crisp(lathe([(0, 0.033), (r - 0.01, 0.033), (r, 0.043), (r, low), (0, low)], look.skin, smooth=1), 50)
    top = high - cap
    count = 2 * round(16 + 4 * s[3])
    _mesh([(r - 0.004, low + (top - low) * i / count) for i in range(count + 1)], grille)
    rim = [(r, top), (r, top), (r, high - 0.03), (r - 0.012, high - 0.008), (r - 0.035, high), (r - 0.035, high)]
    lathe([(0, top), *rim, (r - 0.06, high - 0.012), (0, high - 0.012)], look.skin, smooth=2)
    crisp(
        lathe([(r - 0.075, high - 0.011), (r - 0.06, high - 0.009), (r - 0.05, high - 0.011)], plain(*GLOW), smooth=1)
    )
    _buttons(r * 0.75, high - 0.013, dark)
    box((0.012, 0.004, 0.03), plain(*GLOW), at=(0, -r - 0.001, low - 0.025), bevel=0.001)
    word(brand(s[3]), 0.07, plain(*STEEL), at=(0, 0, top + cap * 0.45), radius=r + 0.003)


def _ball_speaker(look: Look) -> None:
    """A ball cut off at the front, where a driver sits amid its grille."""
    s = look.s
    wide, r, foot = 1 + 0.13 * s[0], 0.42, 0.05
    opening, tilt = math.radians(50 + 5 * s[1]), 0.16 + 0.1 * s[2]
    edge, level = r * math.sin(opening), r * math.cos(opening)
    shell = [(r * math.sin(t), r * math.cos(t)) for t in (opening + (math.pi - opening) * i / 22 for i in range(23))]
    rim = [(edge - 0.025, level - 0.01), (edge - 0.02, level + 0.012), (edge - 0.004, level + 0.012)]
    count = 16
    inner = edge * (0.56 + 0.05 * s[3])
    mesh = [
        (edge - 0.02 - (edge - 0.02 - inner) * i / count, level - 0.012 * i / count - (0.007 if i % 2 else 0))
        for i in range(count + 1)
    ]
    ring = [(inner + 0.004, level - 0.03), (inner + 0.004, level + 0.006), (inner - 0.02, level + 0.006)]
    cone = [(inner - 0.02, level - 0.01), (inner * 0.35, level - 0.07), (inner * 0.35, level - 0.07)]
    cap = [(inner * 0.38, level - 0.07), (inner * 0.3, level - 0.035), (0, level - 0.02)]
    black = plain(*RUBBER)
    for outline, material in (
        ([(edge - 0.004, level + 0.012), *shell], look.skin),
        (rim, plain(*STEEL)),
        (mesh, look.part(black)),
        ([*ring, (inner - 0.03, level - 0.03)], plain(*STEEL)),
        (cone, plain((0.07, 0.07, 0.075), 0.45)),
        (cap, plain((0.2, 0.2, 0.21), 0.25)),
    ):
        item = crisp(lathe(outline, material, smooth=1, squash=(wide, 1)), 30)
        item.rotation_euler = (math.pi / 2 - tilt, 0, 0)
        item.location = (0, 0, foot + r * 0.97)
        bake(item)
    for turn in (math.pi / 2, -math.pi / 6, math.pi * 7 / 6):
        x, y = 0.17 * math.cos(turn), 0.17 * math.sin(turn)
        rod((1.25 * x, 1.25 * y, 0), (x, y, foot + 0.06), 0.028, black, top=1.3)


def camera(look: Look) -> None:
    if look.silhouette == "reflex":
        _reflex(look)
    else:
        _compact(look)


def _lens(look: Look, r: float, long: float, at: Point) -> None:
    """A barrel with a ribbed ring, its glass sunk in at the front."""
    barrel, steel = look.part(plain(*RUBBER)), plain(*STEEL)
    crisp(
        lathe([(r * 1.12, 0), (r * 1.12, 0.02), (r * 1.04, 0.03), (r * 1.04, 0.04)], steel, at=at, axis="y", smooth=1)
    )
    body = [(r, 0), (r, long * 0.3), (r * 0.94, long * 0.33), (r * 0.94, long * 0.42), (r, long * 0.45)]
    body += [(r, long * 0.93), (r * 0.97, long), (r * 0.86, long), (r * 0.8, long - 0.035), (r * 0.62, long - 0.06)]
    crisp(lathe([*body, (0, long - 0.06)], barrel, at=at, axis="y", smooth=1), 30)
    ribbed(r, long * 0.5, long * 0.84, barrel, count=36, at=at, axis="y")
    crisp(
        lathe(
            [(r * 0.8, long - 0.034), (r * 0.84, long - 0.022), (r * 0.86, long - 0.01)],
            steel,
            at=at,
            axis="y",
            smooth=1,
        )
    )
    glass = [(r * 0.76, long - 0.05), (r * 0.5, long - 0.02), (r * 0.2, long - 0.005), (0, long - 0.003)]
    lathe(glass, plain(*LENS), at=at, axis="y", smooth=3)
    gleam = [(0, 0), (r * 0.15, 0), (r * 0.15, 0.003), (0, 0.004)]
    lathe(gleam, plain((0.25, 0.2, 0.6), 0.1), at=(at[0] + r * 0.22, at[1] - long + 0.012, at[2] + r * 0.22), axis="y")


def _dial(r: float, at: Point, tall: float = 0.06) -> None:
    outline = [(0, 0), (r, 0), (r, tall - 0.01), (r - 0.01, tall), (0, tall)]
    crisp(lathe(outline, plain(*STEEL), at=at, smooth=1))
    ribbed(r, 0.005, tall - 0.012, plain(*RUBBER), count=20, depth=0.08, at=at)


def _lugs(wide: float, level: float) -> None:
    steel = plain(*STEEL)
    for side in (-1, 1):
        x = side * wide / 2
        rod((x - side * 0.02, 0, level), (x + side * 0.05, 0, level), 0.022, steel)
        ring = [(x + side * 0.045, 0.04 * math.cos(t), level - 0.03 + 0.04 * math.sin(t)) for t in _turns(10)]
        tube(ring, 0.008, steel, closed=True)


def _turns(count: int) -> list[float]:
    return [math.tau * i / count for i in range(count)]


def _compact(look: Look) -> None:
    """A viewfinder camera: plates of steel above and below a covered body."""
    s = look.s
    wide, deep, high = 1.14 + 0.12 * s[0], 0.32, 0.68 + 0.04 * s[3]
    plate, steel, dark = 0.15, plain(*STEEL), plain(*RUBBER)
    box((wide, deep, high - 0.02), look.skin, at=(0, 0, high / 2), bevel=0.11)
    box((wide + 0.008, deep + 0.008, plate), steel, at=(0, 0, high - plate / 2), bevel=0.05)
    box((wide + 0.006, deep + 0.006, 0.075), steel, at=(0, 0, 0.0375), bevel=0.03)
    front = -deep / 2
    r = 0.235 + 0.025 * s[1]
    _lens(look, min(r, (high - plate) / 2 - 0.02), 0.24 + 0.06 * s[2], (0.03, front + 0.005, 0.05 + (high - plate) / 2))
    level = high - plate / 2
    x = wide / 2 - 0.17
    box((0.17, 0.03, 0.1), dark, at=(x, front - 0.002, level), bevel=0.012)
    box((0.11, 0.01, 0.06), plain(*LENS), at=(x, front - 0.017, level), bevel=0.004)
    box((0.09, 0.02, 0.05), dark, at=(0.1, front, level), bevel=0.01)
    word(brand(s[3]), 0.055, dark, at=(-0.12, front - 0.006, level))
    lathe(
        [(0, 0), (0.045, 0), (0.045, 0.012), (0, 0.014)],
        plain((0.8, 0.5, 0.2), 0.3),
        at=(-wide / 2 + 0.17, front, level),
        axis="y",
        smooth=1,
    )
    _dial(0.085, (-wide / 2 + 0.34, 0.02, high), 0.055)
    lathe(
        [(0, 0), (0.07, 0), (0.07, 0.02), (0.04, 0.025), (0.04, 0.05), (0.03, 0.058), (0, 0.058)],
        steel,
        at=(-wide / 2 + 0.16, -0.02, high),
        smooth=1,
    )
    box((0.16, 0.14, 0.02), dark, at=(0.05, 0.02, high + 0.008), bevel=0.006)
    _dial(0.07, (wide / 2 - 0.16, 0.02, high), 0.04)
    _lugs(wide, high - plate - 0.05)
    box((wide * 0.55, 0.02, high * 0.55), dark, at=(-0.04, -front + 0.004, high * 0.42), bevel=0.008)


def _reflex(look: Look) -> None:
    """A prism above a long lens, and a grip for the right hand, which is on the picture's left."""
    s = look.s
    wide, deep, high = 1.1 + 0.12 * s[0], 0.36, 0.68 + 0.03 * s[3]
    steel, dark, front = plain(*STEEL), plain(*RUBBER), -0.18
    shoulder = [(-wide / 2, 0.0), (-wide / 2, high - 0.05), (-wide / 2 + 0.06, high), (wide / 2 - 0.06, high)]
    slab([*shoulder, (wide / 2, high - 0.05), (wide / 2, 0.0)], deep, look.skin, bevel=0.05)
    cushion(
        (0.26, 0.36, high - 0.04), look.skin, at=(-wide / 2 + 0.14, front + 0.02, high / 2 + 0.005), corner=4, puff=7
    )
    middle, hump = 0.07, 0.2 + 0.04 * s[3]
    prism = [(middle - 0.29, high - 0.06), (middle - 0.17, high + hump - 0.03), (middle - 0.13, high + hump)]
    prism += [(2 * middle - x, z) for x, z in reversed(prism)]
    slab(prism, deep + 0.1, look.skin, at=(0, -0.03, 0), bevel=0.035)
    word(brand(s[3]), 0.075, plain((0.85, 0.85, 0.85), 0.4), at=(middle, front - 0.082, high + hump * 0.42))
    box((0.16, 0.18, 0.025), dark, at=(middle, 0.06, high + hump + 0.008), bevel=0.006)
    box((0.26, 0.06, 0.14), dark, at=(middle, deep / 2 + 0.02, high + hump * 0.4), bevel=0.03)
    r = min(0.29 + 0.02 * s[1], high / 2 - 0.02)
    _lens(look, r, 0.46 + 0.13 * s[2], (middle, front + 0.005, high / 2))
    _dial(0.095, (wide / 2 - 0.15, 0.03, high - 0.005), 0.07)
    lathe(
        [(0, 0), (0.06, 0), (0.065, 0.02), (0.045, 0.035), (0, 0.04)],
        steel,
        at=(-wide / 2 + 0.14, front - 0.04, high - 0.045),
        smooth=1,
    )
    _dial(0.06, (-wide / 2 + 0.18, 0.08, high - 0.005), 0.04)
    _lugs(wide, high - 0.12)
    box((wide * 0.5, 0.02, high * 0.55), dark, at=(0.02, deep / 2 + 0.004, high * 0.42), bevel=0.008)
