"""One function a product: proportions in -1..1 in, parts standing on z = 0 with the hero side towards -y out.

`s` are the scene's proportions: `s[0]` is slim to wide for every product, the others are named where they are used.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import bpy

from studio.world.render.materials import plain, wood
from studio.world.render.shapes import arch, box, lathe, rod, tube

Builder = Callable[[bpy.types.Material, Sequence[float]], None]

STEEL = ((0.75, 0.75, 0.77), 0.25, 1.0)
GOLD = ((0.83, 0.6, 0.22), 0.22, 1.0)
RUBBER = ((0.02, 0.02, 0.022), 0.6, 0.0)
CLAY = ((0.5, 0.33, 0.22), 0.9, 0.0)


def mug(skin: bpy.types.Material, s: Sequence[float]) -> None:
    height, taper, grip = 0.95 - 0.22 * s[0], 0.07 * s[1], 1 + 0.22 * s[2]
    r = 0.42
    foot, top = r - 0.06 - taper, r + taper
    lathe(
        [(0, 0.03), (0, 0.03), (foot - 0.05, 0.03), (foot, 0.03), (foot, 0.03), (foot + 0.05, 0.1), (r, 0.3 * height)]
        + [(top, height - 0.02), (top - 0.015, height), (top - 0.035, height - 0.02), (r - 0.05, 0.3 * height)]
        + [(foot - 0.04, 0.1), (foot - 0.04, 0.1), (0, 0.09)],
        skin,
    )
    lathe([(0, 0), (foot - 0.03, 0), (foot - 0.01, 0.01), (foot - 0.01, 0.035)], plain(*CLAY), smooth=1)
    reach, span, middle = 0.3 * grip, 0.27 * height * grip, 0.52 * height
    points = [(r - 0.05, 0.0, middle + span), (r + 0.25 * reach, 0.0, middle + span * 1.1)]
    points += [(r + reach * 1.1, 0.0, middle + span * 0.9), (r + reach * 1.15, 0.0, middle)]
    points += [(r + reach * 0.9, 0.0, middle - span * 0.8), (r + 0.2 * reach, 0.0, middle - span * 1.05)]
    points += [(r - 0.06, 0.0, middle - span)]
    tube(points, 0.062 + 0.012 * s[3], skin)


def bottle(skin: bpy.types.Material, s: Sequence[float]) -> None:
    r, height = 0.26 + 0.07 * s[0], 1.35
    shoulder = height * (0.58 + 0.08 * s[1])
    neck, rise = 0.09 + 0.02 * s[3], height * (0.8 + 0.05 * s[2])
    outer = [
        (0, 0.02),
        (0, 0.02),
        (r - 0.05, 0.0),
        (r - 0.01, 0.02),
        (r, 0.07),
        (r, 0.07),
        (r, shoulder),
        (r, shoulder),
    ]
    outer += [(r * 0.86, shoulder + 0.09), (neck + 0.03, rise - 0.05), (neck, rise), (neck, rise), (neck, height)]
    lathe(outer, skin)
    label = 0.46 * shoulder
    paper = plain((0.86, 0.84, 0.78), 0.8)
    lathe([(r + 0.006, label * 0.55), (r + 0.006, label * 1.5)], paper, smooth=1)
    lathe([(r + 0.008, label * 1.1), (r + 0.008, label * 1.22)], plain((0.08, 0.08, 0.09), 0.8), smooth=1)
    cap = [(0, height + 0.12), (neck + 0.01, height + 0.12), (neck + 0.03, height + 0.1), (neck + 0.03, height - 0.04)]
    lathe([*cap, (0, height - 0.04)], plain((0.03, 0.03, 0.033), 0.35), smooth=1)


def handbag(skin: bpy.types.Material, s: Sequence[float]) -> None:
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
        tube(line, 0.032, skin)
        for x in (-width * 0.25, width * 0.25):
            lathe([(0, -0.02), (0.05, -0.02), (0.05, 0.02), (0, 0.02)], gold, at=(x, y, height), smooth=1)


def lamp(skin: bpy.types.Material, s: Sequence[float]) -> None:
    stem, belly = 0.75 - 0.12 * s[0], 0.16 + 0.06 * s[2]
    wide, narrow, tall = 0.46 + 0.09 * s[0], 0.28 + 0.1 * s[1], 0.5 + 0.06 * s[3]
    lathe(
        [(0, 0), (0, 0), (0.26, 0), (0.27, 0.03), (0.1, 0.06), (0.06, 0.12), (belly, 0.3 * stem), (belly, 0.5 * stem)]
        + [(0.05, 0.82 * stem), (0.035, stem), (0.035, stem), (0.035, stem + 0.2)],
        skin,
    )
    low, high = stem + 0.02, stem + 0.02 + tall
    lathe([(wide, low), (narrow, high), (narrow - 0.012, high), (wide - 0.012, low), (wide, low)], skin, smooth=1)
    brass = plain(*GOLD)
    rod((0, 0, stem + 0.1), (0, 0, high + 0.06), 0.018, brass)
    lathe([(0, high + 0.05), (0.03, high + 0.07), (0.035, high + 0.09), (0, high + 0.12)], brass)


def vase(skin: bpy.types.Material, s: Sequence[float]) -> None:
    height, belly = 1.15, 0.33 + 0.09 * s[0]
    level, neck, lip = 0.4 + 0.12 * s[1], 0.14 + 0.05 * s[2], 0.22 + 0.07 * s[3]
    foot = 0.18
    outer = [(0, 0), (0, 0), (foot, 0), (foot + 0.01, 0.02), (belly, level * height), (neck, 0.83 * height)]
    outer += [(lip, height - 0.01), (lip - 0.015, height), (lip - 0.035, height - 0.015), (neck - 0.03, 0.83 * height)]
    lathe([*outer, (belly - 0.04, level * height), (foot - 0.03, 0.06), (0, 0.05)], skin, smooth=5)


def bowl(skin: bpy.types.Material, s: Sequence[float]) -> None:
    r, height = 0.6, 0.42 - 0.1 * s[0]
    foot, flare, ring = 0.26 + 0.06 * s[2], 0.78 + 0.09 * s[1], 0.06 + 0.02 * s[3]
    lathe(
        [
            (0, ring),
            (foot - 0.05, ring),
            (foot - 0.05, 0),
            (foot, 0),
            (foot, 0),
            (foot + 0.01, ring),
            (foot + 0.01, ring),
        ]
        + [(r * flare, ring + 0.35 * height), (r, ring + height), (r - 0.02, ring + height + 0.015)]
        + [(r - 0.045, ring + height), (r * flare - 0.05, ring + 0.36 * height), (foot, ring + 0.06), (0, ring + 0.05)],
        skin,
    )


def teapot(skin: bpy.types.Material, s: Sequence[float]) -> None:
    r, height = 0.45, 0.62 - 0.12 * s[0]
    lathe(
        [(0, 0), (0, 0), (0.28, 0), (0.3, 0.03), (r, 0.45 * height), (0.34, 0.88 * height), (0.22, height)]
        + [(0.22, height), (0.2, height - 0.01), (0, height - 0.03)],
        skin,
    )
    lathe([(0, height - 0.02), (0.2, height), (0.16, height + 0.06), (0.05, height + 0.09), (0, height + 0.09)], skin)
    knob = height + 0.12 + 0.02 * s[3]
    lathe([(0, knob - 0.05), (0.035, knob - 0.04), (0.06, knob), (0.035, knob + 0.045), (0, knob + 0.05)], skin)
    reach = 0.34 + 0.08 * s[1]
    tube(
        [(-r + 0.08, 0, 0.3 * height), (-r - 0.1, 0, 0.36 * height), (-r - 0.6 * reach, 0, 0.65 * height)]
        + [(-r - 0.75 * reach, 0, 0.95 * height), (-r - reach, 0, 1.06 * height)],
        0.1,
        skin,
        radii=[1.25, 1, 0.7, 0.5, 0.42],
    )
    grip = 0.3 + 0.06 * s[2]
    tube(
        [(r - 0.13, 0, 0.88 * height), (r + 0.3 * grip, 0, 1.0 * height), (r + grip, 0, 0.85 * height)]
        + [(r + grip * 1.05, 0, 0.5 * height), (r + 0.4 * grip, 0, 0.22 * height), (r - 0.06, 0, 0.25 * height)],
        0.045,
        skin,
    )


def chair(skin: bpy.types.Material, s: Sequence[float]) -> None:
    width, depth, level = 0.52 + 0.08 * s[0], 0.5, 0.48
    back, splay, gap = 0.55 + 0.12 * s[1], 0.05 + 0.05 * s[2], 0.1 + 0.05 * s[3]
    box((width, depth, 0.07), skin, at=(0, 0, level), bevel=0.03)
    legs = wood((0.35, 0.2, 0.1), False)
    for x in (-1, 1):
        for y in (-1, 1):
            top = (x * (width / 2 - 0.06), y * (depth / 2 - 0.06), level - 0.03)
            rod((top[0] + x * splay, top[1] + y * splay, 0), top, 0.022, legs, top=1.4)
    lean = 0.16
    for x in (-1, 1):
        start = (x * (width / 2 - 0.05), depth / 2 - 0.04, level)
        rod(start, (start[0], start[1] + lean * back, level + back), 0.022, legs)
    height = back - gap - 0.02
    middle = level + gap + height / 2
    box(
        (width, 0.055, height),
        skin,
        at=(0, depth / 2 - 0.05 + lean * (middle - level), middle),
        bevel=0.026,
        turn=(-math.atan(lean), 0, 0),
    )


def suitcase(skin: bpy.types.Material, s: Sequence[float]) -> None:
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


def headphones(skin: bpy.types.Material, s: Sequence[float]) -> None:
    span, cup = 0.86 + 0.1 * s[0], 0.25 + 0.04 * s[1]
    level = cup + 0.01
    black, steel = plain(*RUBBER), plain(*STEEL)
    rise = 0.86 + 0.08 * s[2]
    line = [(x, 0, level + 0.1 + z) for x, z in arch(span, rise - 0.1, power=2.3)]
    tube(line, 0.026, skin, flat=2.4 + 0.8 * s[3])
    inner = [(x, 0, level + 0.12 + z) for x, z in arch(span - 0.09, rise - 0.17, power=2.3)][3:-3]
    tube(inner, 0.03, black, flat=1.8)
    for side in (-1, 1):
        x = side * span / 2
        rod((x, 0, level), (x, 0, level + 0.24), 0.028, steel)
        shell = [(0, 0.12), (cup * 0.6, 0.115), (cup * 0.92, 0.07), (cup, 0.0), (cup * 0.98, -0.03), (0, -0.03)]
        item = lathe(shell, skin, at=(x, 0, level), squash=(1.12, 0.9))
        item.rotation_euler = (0, side * math.pi / 2, 0)
        pad = [(cup * 0.5, -0.12), (cup * 0.8, -0.13), (cup * 0.95, -0.08), (cup * 0.95, -0.03), (cup * 0.4, -0.03)]
        cushion = lathe([(cup * 0.4, -0.03), *pad], black, at=(x, 0, level), squash=(1.12, 0.9))
        cushion.rotation_euler = (0, side * math.pi / 2, 0)


def watch(skin: bpy.types.Material, s: Sequence[float]) -> None:
    strap, r = 0.3 + 0.06 * s[0], 0.33 + 0.05 * s[1]
    tall, deep = 0.62 + 0.06 * s[2], 0.5
    # The strap stands as a closed loop about the x axis, the case in front of it.
    thick = 0.035
    ring = [
        (1.0, -strap),
        (1.0 + thick * 2, -strap + 0.03),
        (1.0 + thick * 2, strap - 0.03),
        (1.0, strap),
        (1.0, -strap),
    ]
    loop = lathe([(radius, h * 0.62) for radius, h in ring], skin, axis="x", smooth=1)
    loop.scale = (tall, deep, 1)
    centre = tall * (1 + 2 * thick)
    loop.location = (0, 0, centre)
    steel = plain(*STEEL)
    front = -deep * (1 + thick)
    case = [
        (0, -0.06),
        (r, -0.06),
        (r, -0.06),
        (r + 0.02, 0.0),
        (r, 0.08),
        (r, 0.08),
        (r - 0.05, 0.09),
        (r - 0.06, 0.075),
    ]
    lathe([*case], steel, at=(0, front, centre), axis="y")
    dial = plain((0.85, 0.85, 0.83), 0.5) if s[3] > 0 else plain((0.015, 0.015, 0.018), 0.4)
    lathe([(0, 0.076), (r - 0.055, 0.076)], dial, at=(0, front, centre), axis="y", smooth=1)
    ink = plain((0.02, 0.02, 0.02), 0.5) if s[3] > 0 else plain((0.9, 0.9, 0.88), 0.5)
    face = front - 0.082
    for hour in range(12):
        turn = hour * math.pi / 6
        x, z = math.sin(turn), math.cos(turn)
        box(
            (0.022, 0.006, 0.06),
            ink,
            at=(x * (r - 0.11), face, centre + z * (r - 0.11)),
            bevel=0.002,
            turn=(0, turn, 0),
        )
    for turn, length in ((-0.95, 0.5), (1.05, 0.72)):
        x, z = math.sin(turn) * r * length / 2, math.cos(turn) * r * length / 2
        box((0.028, 0.006, r * length), ink, at=(x, face - 0.005, centre + z), bevel=0.002, turn=(0, turn, 0))
    rod((r, front, centre), (r + 0.07, front, centre), 0.04, steel)
    for z in (-1, 1):
        box((strap * 0.9, 0.1, 0.1), steel, at=(0, front + 0.04, centre + z * (r + 0.01)), bevel=0.03)


def jar(skin: bpy.types.Material, s: Sequence[float]) -> None:
    r, height = 0.4 + 0.06 * s[0], 0.82 - 0.12 * s[0]
    neck, lid = r * (0.84 + 0.06 * s[1]), 0.13 + 0.03 * s[2]
    outer = [
        (0, 0.01),
        (0, 0.01),
        (r - 0.06, 0),
        (r, 0.06),
        (r, 0.5 * height),
        (r, height - 0.12),
        (neck, height - 0.03),
    ]
    inner = [
        (neck - 0.04, height),
        (neck - 0.04, height - 0.03),
        (r - 0.05, height - 0.14),
        (r - 0.05, 0.07),
        (0, 0.05),
    ]
    lathe([*outer, (neck, height), (neck, height), *inner], skin)
    oak = wood((0.52, 0.33, 0.17), False)
    cover = neck + 0.03
    lathe(
        [(0, height - 0.01), (cover - 0.01, height - 0.01), (cover, height), (cover, height + lid - 0.02)]
        + [(cover - 0.02, height + lid), (0, height + lid)],
        oak,
        smooth=1,
    )
    knob = 0.07 + 0.02 * s[3]
    lathe([(0, height + lid), (knob * 0.6, height + lid), (knob, height + lid + 0.06), (0, height + lid + 0.11)], oak)


BUILDERS: dict[str, Builder] = {
    "mug": mug,
    "bottle": bottle,
    "handbag": handbag,
    "lamp": lamp,
    "vase": vase,
    "bowl": bowl,
    "teapot": teapot,
    "chair": chair,
    "suitcase": suitcase,
    "headphones": headphones,
    "watch": watch,
    "jar": jar,
}
