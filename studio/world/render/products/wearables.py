"""Watches, eyewear and caps."""

from __future__ import annotations

import math

import bpy
from mathutils import Vector

from studio.world.render.look import STEEL, Look
from studio.world.render.materials import plain
from studio.world.render.shapes import Point, box, is_light, lathe, loft, rod, tube


def watch(look: Look) -> None:
    skin, s = look.skin, look.s
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
    front = -deep * (1 + thick)
    steel = plain(*STEEL)
    usual = plain((0.85, 0.85, 0.83), 0.5) if s[3] > 0 else plain((0.015, 0.015, 0.018), 0.4)
    dial = look.part(usual)
    ink = plain((0.02, 0.02, 0.02), 0.5) if is_light(dial) else plain((0.9, 0.9, 0.88), 0.5)
    face = front - 0.082
    if look.silhouette == "square":
        half = (r * 0.84, r * 0.98)
        box((2 * half[0] + 0.04, 0.14, 2 * half[1] + 0.04), steel, at=(0, front - 0.02, centre), bevel=0.05)
        box((2 * half[0] - 0.06, 0.02, 2 * half[1] - 0.06), dial, at=(0, front - 0.086, centre), bevel=0.008)
        face = front - 0.1
    else:
        half = (r, r)
        case = [(0, -0.06), (r, -0.06), (r, -0.06), (r + 0.02, 0.0), (r, 0.08), (r, 0.08)]
        lathe([*case, (r - 0.05, 0.09), (r - 0.06, 0.075)], steel, at=(0, front, centre), axis="y")
        lathe([(0, 0.076), (r - 0.055, 0.076)], dial, at=(0, front, centre), axis="y", smooth=1)
    for hour in range(12):
        turn = hour * math.pi / 6
        x, z = math.sin(turn), math.cos(turn)
        reach = 1.0 if look.silhouette == "round" else 1 / max(abs(x), abs(z))
        place = (x * (half[0] - 0.11) * reach, face, centre + z * (half[1] - 0.11) * reach)
        box((0.022, 0.006, 0.06), ink, at=place, bevel=0.002, turn=(0, turn, 0))
    for turn, length in ((-0.95, 0.5), (1.05, 0.72)):
        x, z = math.sin(turn) * r * length / 2, math.cos(turn) * r * length / 2
        box((0.028, 0.006, r * length), ink, at=(x, face - 0.005, centre + z), bevel=0.002, turn=(0, turn, 0))
    rod((half[0], front, centre), (half[0] + 0.07, front, centre), 0.04, steel)
    for z in (-1, 1):
        box((strap * 0.9, 0.1, 0.1), steel, at=(0, front + 0.04, centre + z * (half[1] + 0.01)), bevel=0.03)


def sunglasses(look: Look) -> None:
    s = look.s
    half, tall = 0.27 * (1 + 0.16 * s[0]), 0.21 * (1 + 0.14 * s[1])
    rim, gap = 0.026 + 0.008 * s[2], 0.1 * (1 + 0.12 * s[0])
    if look.silhouette == "round":
        tall, power, drop = 0.25 * (1 + 0.06 * s[1]), 2.0, 0.0
    elif look.silhouette == "aviator":
        tall, power, drop, rim = tall * 1.2, 2.5, 0.55, rim * 0.55
    else:
        power, drop = 4.0, 0.08
    lens = look.part(plain((0.012, 0.012, 0.014), 0.06))
    level, reach = tall + rim, 1.25 + 0.1 * s[3]
    for side in (-1, 1):
        outline = [_lens_point(turn, half, tall, power, drop) for turn in (2 * math.pi * i / 40 for i in range(40))]
        centre = half + gap
        rings = [
            [_wrapped(side * (centre + x * share), level + z * share, -0.02 * (1 - share)) for x, z in outline]
            for share in (1.0, 0.7, 0.35, 0.05)
        ]
        loft(rings, lens, caps=(False, True))
        tube(rings[0], rim, look.skin, closed=True)
        corner = _wrapped(side * (centre + half * 1.0), level + 0.5 * tall, 0)
        hinge = (side * (centre + half + 0.05), corner[1] + 0.05, corner[2])
        tube([corner, (hinge[0], corner[1], corner[2]), hinge, (hinge[0], hinge[1] + 0.1, hinge[2])], 0.022, look.skin)
        _temple(look.skin, hinge, reach, 0.3 if look.silhouette == "aviator" else 1.0)
    inner = gap + half * (1 - _lens_reach(0.35, power))
    for height, arched in ((0.35, 0.05), (0.78, 0.0)) if look.silhouette == "aviator" else ((0.35, 0.07),):
        z = level + height * tall
        x = inner + (0.18 * half if height > 0.5 else 0)
        line = [_wrapped(x, z, 0), _wrapped(0.4 * x, z + arched, -0.02), _wrapped(-0.4 * x, z + arched, -0.02)]
        tube([*line, _wrapped(-x, z, 0)], max(rim, 0.016), look.skin)


def _lens_point(turn: float, half: float, tall: float, power: float, drop: float) -> tuple[float, float]:
    """On the outline of a lens whose nose side is at -x; `drop` takes from the lower corner at the nose."""
    x = math.copysign(abs(math.cos(turn)) ** (2 / power), math.cos(turn))
    z = math.copysign(abs(math.sin(turn)) ** (2 / power), math.sin(turn))
    low = max(-z, 0.0)
    return half * (x * (1 - drop * low * 0.6) + drop * 0.45 * low), tall * z


def _lens_reach(height: float, power: float) -> float:
    return (1 - height**power) ** (1 / power)


def _wrapped(x: float, z: float, y: float) -> Point:
    """Frames bend round the face."""
    return (x, y + 0.16 * x * x, z)


def _temple(material: bpy.types.Material, start: Point, reach: float, width: float) -> None:
    """An arm that goes back and bends down behind the ear."""
    path = [(0.0, 0.0), (0.35, 0.005), (0.68, 0.0), (0.8, -0.03), (0.92, -0.12), (1.0, -0.22)]
    rings: list[list[Point]] = []
    for i, (along, drop) in enumerate(path):
        thick, tall = 0.016, (0.02 + 0.022 * abs(1 - 2 * along)) * (0.4 + 0.6 * width)
        x = start[0] - math.copysign(0.06 * along, start[0])
        y, z = start[1] + along * reach, start[2] + drop
        back = 0.6 * tall if i > 2 else 0.0
        rings.append(
            [(x - thick, y - back, z - tall), (x + thick, y - back, z - tall)]
            + [(x + thick, y + back, z + tall), (x - thick, y + back, z + tall)]
        )
    loft(rings, material, smooth=4)


def cap(look: Look) -> None:
    s = look.s
    wide, deep = 0.42 * (1 + 0.12 * s[0]), 0.48
    tall, reach = 0.45 * (1 - 0.08 * s[0]) + 0.03 * s[1], 0.46 + 0.06 * s[2]
    base, curve = 0.14, 0.1 + 0.035 * s[3]
    trucker = look.silhouette == "trucker"

    def crown(turn: float, height: float, lift: float = 0.0) -> Point:
        """`turn` is 0 in front, in right angles; the front stands up straighter than the back."""
        angle = turn * math.pi / 2
        front = max(math.cos(angle), 0.0)
        power = 2.3 + (1.6 if trucker else 0.9) * front
        share = max(1 - height**power, 0.0) ** (1 / 2.2) + lift
        rise = 0.04 * front if trucker else 0.0
        z = base + (tall + rise * (1 - height)) * (height + lift * height)
        return (wide * share * math.sin(angle), -deep * share * math.cos(angle), z)

    heights = [0.0, 0.12, 0.25, 0.38, 0.5, 0.62, 0.73, 0.82, 0.9, 0.955, 0.99, 1.0]
    turns = [4 * i / 48 for i in range(48)]
    loft([[crown(turn, height) for turn in turns] for height in heights], look.skin, caps=(False, False), crease=180)
    if trucker:
        white = plain((0.82, 0.81, 0.78), 0.8)
        front = [-0.68 + 1.36 * i / 14 for i in range(15)]
        loft(
            [[crown(turn, height, 0.012) for turn in front] for height in heights[:-1]], white, closed=False, crease=180
        )
        net = loft(
            [[crown(0.7 + 2.6 * i / 36, j / 16, 0.006) for i in range(37)] for j in range(1, 16)],
            look.skin,
            closed=False,
        )
        net.modifiers.new("net", "WIREFRAME").thickness = 0.014
    seams = (0, 0.667, 1.333, 2, 2.667, 3.333)
    for turn in seams:
        tube([crown(turn, height, 0.006) for height in heights], 0.011, look.skin)
    eyelet = plain((0.07, 0.07, 0.072), 0.5)
    for turn in (0.333, 1, 1.667, 2.333, 3, 3.667):
        middle = Vector(crown(turn, 0.72, 0.004))
        out = (middle - Vector((0, 0, base))).normalized()
        rod(tuple(middle - out * 0.02), tuple(middle + out * 0.014), 0.017, eyelet)
    lathe([(0, -0.02), (0.05, -0.015), (0.045, 0.015), (0, 0.025)], look.part(look.skin), at=(0, 0, base + tall))
    tube([crown(turn, 0.01, -0.01) for turn in turns], 0.016, look.skin, closed=True)

    def brim(across: float, out: float, lift: float) -> Point:
        angle = across * 1.22
        x, y = wide * math.sin(angle), -deep * math.cos(angle)
        bend = math.sin(angle) ** 2
        ahead = reach * (1 - across * across) ** 0.55
        z = base + 0.012 - out * (0.03 + curve * bend) - 0.06 * bend * (1 - out) * out + lift
        return (x * (1 + 0.05 * out), y - out * ahead + 0.02 * (1 - out), z)

    outs = [0.0, 0.25, 0.5, 0.75, 0.95, 1.0]
    visor = look.part(look.skin)
    loft(
        [
            [brim(-1 + i / 14, out, 0.012) for out in outs] + [brim(-1 + i / 14, out, -0.012) for out in reversed(outs)]
            for i in range(29)
        ],
        visor,
        crease=60,
    )
    for out in (0.5, 0.68, 0.86):
        tube([brim(-0.9 + 1.8 * i / 20, out, 0.013) for i in range(21)], 0.005, visor)
