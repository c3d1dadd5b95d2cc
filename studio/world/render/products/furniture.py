"""Lamps and furniture."""

from __future__ import annotations

import math

import bpy

from studio.world.render.look import GOLD, RUBBER, STEEL, Look
from studio.world.render.materials import plain, wood
from studio.world.render.shapes import Point, box, crisp, cushion, lathe, loft, rod, tube

OPAL = (0.92, 0.88, 0.8)
OAK = (0.35, 0.2, 0.1)


def lamp(look: Look) -> None:
    if look.silhouette == "dome":
        _dome_lamp(look)
    elif look.silhouette == "globe":
        _globe_lamp(look)
    else:
        _table_lamp(look)


def _table_lamp(look: Look) -> None:
    skin, s = look.skin, look.s
    stem, belly = 0.75 - 0.12 * s[0], 0.16 + 0.06 * s[2]
    wide, narrow, tall = 0.46 + 0.09 * s[0], 0.28 + 0.1 * s[1], 0.5 + 0.06 * s[3]
    foot = [(0, 0), (0, 0), (0.26, 0), (0.27, 0.03), (0.1, 0.06), (0.06, 0.12), (belly, 0.3 * stem)]
    lathe([*foot, (belly, 0.5 * stem), (0.05, 0.82 * stem), (0.035, stem), (0.035, stem), (0.035, stem + 0.2)], skin)
    low, high = stem + 0.02, stem + 0.02 + tall
    shade = look.part(skin)
    crisp(
        lathe([(wide, low), (narrow, high), (narrow - 0.012, high), (wide - 0.012, low), (wide, low)], shade, smooth=1)
    )
    brass = plain(*GOLD)
    rod((0, 0, stem + 0.1), (0, 0, high + 0.06), 0.018, brass)
    for turn in range(3):
        x, y = math.cos(turn * math.tau / 3), math.sin(turn * math.tau / 3)
        rod((0, 0, high - 0.03), (x * (narrow - 0.01), y * (narrow - 0.01), high - 0.03), 0.008, brass)
    lathe([(0, high + 0.05), (0.03, high + 0.07), (0.035, high + 0.09), (0, high + 0.12)], brass)


def _glowing() -> bpy.types.Material:
    """Opal glass with the lamp switched on."""
    material = plain(OPAL, 0.3)
    shader = material.node_tree.nodes["Principled BSDF"]
    shader.inputs["Emission Color"].default_value = (1.0, 0.86, 0.62, 1)
    shader.inputs["Emission Strength"].default_value = 0.45
    return material


def _dome_lamp(look: Look) -> None:
    """A desk lamp whose neck bends over to the front."""
    skin, s = look.skin, look.s
    r, deep = 0.33 + 0.07 * s[0], 0.26 + 0.05 * s[2]
    high, reach = 0.98 + 0.1 * s[1] - 0.06 * s[0], 0.3 + 0.06 * s[3]
    foot, back = 0.25 + 0.04 * s[0], 0.1
    base = [(0, 0), (foot - 0.01, 0), (foot, 0.012), (foot, 0.03), (foot - 0.015, 0.045), (0.05, 0.05), (0.03, 0.075)]
    crisp(lathe([*base, (0, 0.08)], skin, at=(0, back, 0), smooth=1), 50)
    neck = [(0, back, 0.04), (0, back, 0.4 * high), (0, back, high), (0, back - 0.1, high + 0.17)]
    neck += [(0, back - reach * 0.8, high + 0.16), (0, back - reach, high + 0.06), (0, back - reach, high - 0.06)]
    tube(neck, 0.02, skin)
    top, front = high - 0.02, back - reach
    dome = [(r * math.sin(t), top - deep + deep * math.cos(t)) for t in (math.pi / 2 * i / 12 for i in range(13))]
    inner = [(max(x - 0.014, 0), z - 0.014) for x, z in reversed(dome[:-1])]
    shade = look.part(skin)
    crisp(lathe([*dome, (r - 0.012, top - deep), *inner], shade, at=(0, front, 0), smooth=1), 60)
    crisp(
        lathe([(0.055, top - 0.03), (0.055, top + 0.03), (0.03, top + 0.05), (0, top + 0.05)], shade, at=(0, front, 0))
    )
    bulb = [(0, top - deep - 0.015), (0.07, top - deep + 0.02), (0.085, top - deep + 0.08), (0.04, top - 0.1)]
    lathe([*bulb, (0.035, top - 0.03)], _glowing(), at=(0, front, 0))


def _globe_lamp(look: Look) -> None:
    skin, s = look.skin, look.s
    r = 0.32 + 0.04 * s[0]
    foot, stem = 0.25 + 0.05 * s[0] + 0.02 * s[1], 0.36 - 0.14 * s[0] + 0.05 * s[2]
    collar = 0.1 + 0.03 * s[3]
    base = [(0, 0), (0, 0), (foot - 0.01, 0), (foot, 0.02), (foot, 0.07), (foot, 0.07), (foot - 0.02, 0.09)]
    base += [(foot - 0.02, 0.09), (0.045, 0.1), (0.045, 0.1), (0.045, stem - 0.06), (0.045, stem - 0.06)]
    lathe([*base, (collar, stem), (collar + 0.02, stem + 0.05), (0, stem + 0.05)], skin, smooth=2)
    crisp(
        lathe([(collar + 0.02, stem + 0.045), (collar + 0.03, stem + 0.05), (collar + 0.03, stem + 0.07)], plain(*GOLD))
    )
    middle = stem + 0.03 + math.sqrt(max(r * r - (collar + 0.01) ** 2, 0))
    globe = [(r * math.sin(t), middle - r * math.cos(t)) for t in (math.pi * i / 24 for i in range(25))]
    lathe(globe, look.part(_glowing()), smooth=1)


def chair(look: Look) -> None:
    if look.silhouette == "shell":
        _shell_chair(look)
    elif look.silhouette == "armchair":
        _armchair(look)
    else:
        _dining_chair(look)


def _dining_chair(look: Look) -> None:
    skin, s = look.skin, look.s
    width, depth, level = 0.52 + 0.08 * s[0], 0.5, 0.48
    back, splay, gap = 0.55 + 0.12 * s[1], 0.05 + 0.05 * s[2], 0.1 + 0.05 * s[3]
    box((width, depth, 0.07), skin, at=(0, 0, level), bevel=0.03)
    legs = look.part(wood(OAK, False))
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
    place = (0, depth / 2 - 0.05 + lean * (middle - level), middle)
    box((width, 0.055, height), skin, at=place, bevel=0.026, turn=(-math.atan(lean), 0, 0))


def _shell_chair(look: Look) -> None:
    """One bent sheet for seat and back, on four thin legs with braces."""
    s = look.s
    wide, back, splay = 0.5 + 0.08 * s[0], 0.42 + 0.08 * s[1], 0.06 + 0.03 * s[2]
    curl, level = 0.085 + 0.025 * s[3], 0.45
    spine = [(-0.26, level - 0.03), (-0.235, level), (-0.12, level + 0.005), (0.02, level - 0.012)]
    spine += [(0.13, level + 0.005), (0.2, level + 0.07), (0.235, level + 0.17), (0.27, level + 0.55 * back)]
    spine += [(0.3, level + 0.86 * back), (0.315, level + back)]
    widths = (0.8, 0.93, 1.0, 1.0, 0.97, 0.93, 0.9, 0.9, 0.82, 0.62)
    lifts = (0.1, 0.3, 0.7, 1.0, 1.2, 1.5, 1.5, 1.2, 0.9, 0.8)
    rings = []
    for i, ((y, z), share, lift) in enumerate(zip(spine, widths, lifts, strict=True)):
        before, after = spine[max(i - 1, 0)], spine[min(i + 1, len(spine) - 1)]
        along = (after[0] - before[0], after[1] - before[1])
        length = math.hypot(*along)
        normal = (-along[1] / length, along[0] / length)
        ring = []
        for step in range(17):
            u = step / 8 - 1
            rise = curl * lift * abs(u) ** 2.6
            ring.append((u * wide * share / 2, y + normal[0] * rise, z + normal[1] * rise))
        rings.append(ring)
    shell = loft(rings, look.skin, closed=False, smooth=4, crease=180)
    wall = shell.modifiers.new("wall", "SOLIDIFY")
    wall.thickness, wall.offset = 0.018, 0
    legs, steel = look.part(wood(OAK, False)), plain(*RUBBER)
    feet = {}
    for x in (-1, 1):
        for y in (-1, 1):
            top = (x * wide * 0.3, 0.15 * y - 0.04, level - 0.03)
            foot = (top[0] + x * (splay + 0.02), top[1] + y * splay, 0)
            rod(foot, top, 0.013, legs, top=1.5)
            feet[x, y] = [f + (t - f) * 0.62 for f, t in zip(foot, top, strict=True)]
            rod(top, (top[0] * 0.8, top[1], level + 0.012), 0.02, steel)
    for a, b in (((-1, -1), (1, 1)), ((-1, 1), (1, -1)), ((-1, -1), (1, -1)), ((-1, 1), (1, 1))):
        rod(tuple(feet[a]), tuple(feet[b]), 0.007, steel)


def _short_legs(look: Look, wide: float, deep: float, height: float, lean: float = 0.02) -> None:
    legs = look.part(wood(OAK, False)) if look.silhouette == "armchair" else wood(OAK, False)
    for x in (-1, 1):
        for y in (-1, 1):
            top = (x * wide / 2, y * deep / 2, height + 0.04)
            rod((top[0] + x * lean, top[1] + y * lean, 0), top, 0.018, legs, top=1.8)


def _armchair(look: Look) -> None:
    skin, s = look.skin, look.s
    wide, deep, leg = 0.78 + 0.1 * s[0], 0.72, 0.17 + 0.04 * s[3]
    arm, high, arm_high = 0.12 + 0.02 * s[1], 0.8 + 0.08 * s[2], 0.56 + 0.03 * s[1]
    seat = wide - 2 * arm
    box((wide - 0.06, deep - 0.06, 0.14), skin, at=(0, 0, leg + 0.08), bevel=0.04)
    cushion((seat + 0.02, deep - 0.06, 0.19), skin, at=(0, -0.06, leg + 0.22), corner=9, puff=3.4)
    for x in (-1, 1):
        place = (x * (wide - arm) / 2, -0.02, (leg + 0.02 + arm_high) / 2)
        cushion((arm + 0.02, deep - 0.06, arm_high - leg - 0.02), skin, at=place, corner=5, puff=5)
    rear, low = deep / 2 - 0.1, leg + 0.03
    cushion((wide - 0.1, 0.2, high - low), skin, at=(0, rear, (high + low) / 2), corner=5, puff=5, turn=(-0.14, 0, 0))
    back = high - leg - 0.31
    place = (0, rear - 0.13, leg + 0.3 + back / 2)
    cushion((seat, 0.17, back), skin, at=place, corner=5, puff=3, turn=(-0.16, 0, 0))
    _short_legs(look, wide - 0.16, deep - 0.18, leg, 0.04)


def office_chair(look: Look) -> None:
    skin, s = look.skin, look.s
    high = look.silhouette == "high"
    wide, level = 0.5 + 0.07 * s[0], 0.48 + 0.03 * s[1]
    back = (0.72 + 0.06 * s[2]) if high else (0.4 + 0.05 * s[2])
    black, steel = plain(*RUBBER), plain(*STEEL)
    _star_base(look.part(black), level, 0.33 + 0.03 * s[0])
    rod((0, 0, 0.14), (0, 0, level - 0.06), 0.024, steel)
    box((0.2, 0.24, 0.06), black, at=(0, 0, level - 0.06), bevel=0.02)
    cushion((wide, 0.5, 0.12), skin, at=(0, -0.02, level + 0.02), corner=4.5, puff=3)
    lean, gap = 0.13, 0.1 if high else 0.16
    rear = 0.24
    bar = [(0, 0.06, level - 0.06), (0, rear + 0.02, level - 0.06), (0, rear + 0.1, level)]
    tube([*bar, (0, rear + 0.1, level + 0.2), (0, rear + 0.09 + lean * 0.3, level + gap + 0.2)], 0.018, black, flat=1.8)
    _bent_back(look, wide * (0.94 if high else 0.9), back, (rear, level + gap), lean)
    if high:
        top = level + gap + back
        cushion((wide * 0.56, 0.08, 0.16), skin, at=(0, rear + lean * (back + 0.05), top + 0.09), corner=4, puff=3)
        for x in (-0.07, 0.07):
            start = (x, rear + 0.05 + lean * back, top - 0.06)
            rod(start, (x, rear + 0.02 + lean * (back + 0.1), top + 0.08), 0.012, steel)
    rise = level + 0.2 + 0.03 * s[3]
    for x in (-1, 1):
        side = x * (wide / 2 + 0.045)
        post = [(x * 0.08, 0.03, level - 0.05), (x * wide * 0.4, 0.03, level - 0.055), (side, 0.03, level - 0.04)]
        tube([*post, (side, 0.03, level + 0.05), (side, 0.03, rise)], 0.016, black, flat=1.6)
        cushion((0.075, 0.27, 0.04), black, at=(side, -0.01, rise + 0.01), corner=4, puff=4)


def _star_base(material: bpy.types.Material, level: float, reach: float) -> None:
    """Five arms with a castor each, one of them towards the front, and the foot of the gas lift."""
    crisp(
        lathe(
            [(0, 0.075), (0.05, 0.075), (0.055, 0.14), (0.04, 0.16), (0.036, level * 0.6), (0, level * 0.6)],
            material,
            smooth=1,
        )
    )
    black = plain(*RUBBER)
    for i in range(5):
        turn = -math.pi / 2 + math.tau * i / 5
        x, y = math.cos(turn), math.sin(turn)
        rod((0.02 * x, 0.02 * y, 0.12), (reach * x, reach * y, 0.085), 0.034, material, top=0.6)
        rod((reach * x, reach * y, 0.04), (reach * x, reach * y, 0.09), 0.014, black)
        for side in (-1, 1):
            start = (reach * x - side * 0.008 * y, reach * y + side * 0.008 * x, 0.036)
            end = (reach * x - side * 0.034 * y, reach * y + side * 0.034 * x, 0.036)
            rod(start, end, 0.036, black)


def _bent_back(look: Look, wide: float, tall: float, foot: tuple[float, float], lean: float) -> None:
    """A padded back that bends round the sitter, with a small of the back."""
    rows, columns = 12, 32
    rings = []
    for row in range(rows + 1):
        v = row / rows
        z = foot[1] + tall * v
        edge = (1 - abs(2 * v - 1) ** 5) ** (1 / 3)
        half, thick = wide / 2 * (0.86 + 0.14 * edge), 0.012 + 0.04 * edge
        middle = foot[0] + lean * tall * v - 0.03 * math.sin(math.pi * min(v * 1.6, 1)) + 0.04
        ring = []
        for i in range(columns):
            turn = math.tau * i / columns
            x, y = math.cos(turn), math.sin(turn)
            reach = (abs(x) ** 4 + abs(y) ** 4) ** -0.25
            u = x * reach
            ring.append((u * half, middle + y * reach * thick - 0.07 * abs(u) ** 2.2, z))
        rings.append(ring)
    loft(rings, look.skin, crease=75)


def couch(look: Look) -> None:
    if look.silhouette == "rounded":
        _rounded_couch(look)
    elif look.silhouette == "chesterfield":
        _chesterfield(look)
    else:
        _box_couch(look)


def _seat_cushions(look: Look, wide: float, deep: float, at: Point, thick: float, count: int = 2) -> None:
    material, each = look.part(look.skin), wide / count
    for i in range(count):
        x = (i - (count - 1) / 2) * each
        cushion((each - 0.008, deep, thick), material, at=(x, at[1], at[2]), corner=10, puff=4)


def _pillow(look: Look, size: Point, at: Point, lean: float = 0.17) -> None:
    """A back cushion that leans: `size` is its width, height and thickness."""
    turn = (math.pi / 2 - lean, 0, 0)
    cushion(size, look.part(look.skin), at=at, corner=5, puff=2.4, turn=turn)


def _box_couch(look: Look) -> None:
    skin, s = look.skin, look.s
    wide, deep, leg = 1.85 + 0.3 * s[0], 0.86, 0.11 + 0.03 * s[3]
    arm, high, arm_high = 0.17 + 0.04 * s[1], 0.76 + 0.06 * s[2], 0.58 + 0.04 * s[2]
    box((wide - 0.04, deep - 0.04, 0.2), skin, at=(0, 0, leg + 0.1), bevel=0.025)
    for x in (-1, 1):
        place = (x * (wide - arm) / 2, 0, (leg + arm_high) / 2)
        box((arm, deep, arm_high - leg), skin, at=place, bevel=0.04)
    box((wide - 2 * arm + 0.02, 0.2, high - leg - 0.04), skin, at=(0, deep / 2 - 0.1, (high + leg) / 2), bevel=0.05)
    seat = wide - 2 * arm
    _seat_cushions(look, seat, deep - 0.17, (0, -0.075, leg + 0.28), 0.18)
    tall = high - leg - 0.28
    for x in (-0.25, 0.25):
        _pillow(look, (seat / 2 - 0.015, tall, 0.2), (x * seat, deep / 2 - 0.27, leg + 0.34 + tall / 2))
    _short_legs(look, wide - 0.2, deep - 0.2, leg, 0.0)


def _rounded_couch(look: Look) -> None:
    """Back and arms are one bolster that runs round the seat."""
    skin, s = look.skin, look.s
    wide, deep, leg = 1.75 + 0.28 * s[0], 0.84, 0.12 + 0.03 * s[3]
    thick, high, arm = 0.2 + 0.03 * s[1], 0.74 + 0.05 * s[2], 0.56 + 0.04 * s[2]
    bend = 0.36
    half, front, rear = (wide - thick) / 2, -deep / 2 + thick / 2, (deep - thick) / 2
    path = [(-half, front + (rear - bend - front) * i / 5) for i in range(5)]
    path += [(-half + bend - bend * math.cos(t), rear - bend + bend * math.sin(t)) for t in _quarter(8)]
    path += [(-x, y) for x, y in reversed(path)]
    rings = []
    for i, (x, y) in enumerate(path):
        before, after = path[max(i - 1, 0)], path[min(i + 1, len(path) - 1)]
        along = (after[0] - before[0], after[1] - before[1])
        length = math.hypot(*along)
        across = (along[1] / length, -along[0] / length)
        share = min(max((y - front) / (rear - front), 0), 1)
        top = arm + (high - arm) * share**1.5
        rings.append(_bolster((x, y), across, thick, leg, top))
    for place, sign in ((0, -1), (-1, 1)):
        end = path[place]
        caps = []
        for grow, out in ((0.93, 0.035), (0.75, 0.065), (0.45, 0.085)):
            middle = (leg + arm) / 2
            ring = _bolster((end[0], end[1] - out), (1.0, 0.0) if sign < 0 else (-1.0, 0.0), thick * grow, leg, arm)
            caps.append([(x, y, middle + (z - middle) * grow) for x, y, z in ring])
        rings = [*reversed(caps), *rings] if sign < 0 else [*rings, *caps]
    loft(rings, skin, crease=180)
    seat = wide - 2 * thick
    cushion((seat + 0.1, deep - 0.1, 0.2), skin, at=(0, 0, leg + 0.11), corner=6, puff=6)
    _seat_cushions(look, seat + 0.03, deep - thick + 0.02, (0, -0.08, leg + 0.27), 0.19)
    for x in (-0.5, 0.5):
        _pillow(look, (0.46, 0.4, 0.2), (x * seat * 0.64, rear - 0.17, leg + 0.55), 0.28)
    _short_legs(look, wide - 0.3, deep - 0.22, leg, 0.03)


def _quarter(count: int) -> list[float]:
    return [math.pi / 2 * i / count for i in range(count + 1)]


def _bolster(
    at: tuple[float, float], across: tuple[float, float], thick: float, low: float, high: float
) -> list[Point]:
    """An upright rounded cross-section of a bolster."""
    ring = []
    for i in range(28):
        turn = math.tau * i / 28
        x, z = math.cos(turn), math.sin(turn)
        reach = (abs(x) ** 4 + abs(z) ** 4) ** -0.25
        u = x * reach * thick / 2
        ring.append((at[0] + across[0] * u, at[1] + across[1] * u, (low + high) / 2 + z * reach * (high - low) / 2))
    return ring


def _chesterfield(look: Look) -> None:
    """Arms and back of one height end in a roll, the back is buttoned."""
    skin, s = look.skin, look.s
    wide, deep, leg = 1.85 + 0.3 * s[0], 0.86, 0.1 + 0.02 * s[3]
    arm, high, roll = 0.2 + 0.03 * s[1], 0.66 + 0.05 * s[2], 0.105 + 0.01 * s[1]
    seat, rear = wide - 2 * arm, deep / 2 - 0.14
    box((wide - 0.06, deep - 0.06, 0.22), skin, at=(0, 0, leg + 0.11), bevel=0.03)
    box((wide - 0.1, 0.2, high - leg - 0.02), skin, at=(0, rear + 0.03, (high + leg) / 2), bevel=0.03)
    for x in (-1, 1):
        box(
            (arm - 0.03, deep - 0.03, high - leg - 0.02),
            skin,
            at=(x * (wide - arm) / 2, 0, (high + leg) / 2),
            bevel=0.03,
        )
        side = x * (wide - arm + 0.02) / 2
        rod((side, -deep / 2 - 0.01, high), (side, deep / 2, high), roll, skin)
        scroll = [(0, 0), (roll * 0.82, 0), (roll * 0.72, 0.02), (0, 0.024)]
        lathe(scroll, skin, at=(side, -deep / 2 - 0.008, high), axis="y", smooth=2)
        for z in range(6):
            _stud((x * (wide - arm * 1.5) / 2, -deep / 2 + 0.012, leg + 0.06 + (high - leg - roll - 0.06) * z / 6))
    rod((-wide / 2 + arm / 2, rear + 0.04, high), (wide / 2 - arm / 2, rear + 0.04, high), roll, skin)
    low, count = leg + 0.3, 7
    rows, columns, rings = 18, 84, []
    for row in range(rows + 1):
        v = row / rows
        ring = []
        for column in range(columns + 1):
            u = column / columns
            a, b = (u * count + v * 1.5) * math.pi, (u * count - v * 1.5) * math.pi
            puff = abs(math.sin(a) * math.sin(b)) ** 0.5
            z = low + (high - low + 0.04) * v
            ring.append((-seat / 2 + seat * u, rear - 0.075 - 0.055 * puff - 0.03 * v * v, z))
        rings.append(ring)
    loft(rings, skin, closed=False, crease=180)
    for k in range(count + 1):
        _button(look, (-seat / 2 + seat * k / count, rear - 0.103, low + (high - low + 0.04) * 2 / 3), seat)
    for k in range(count):
        v = 1 / 3
        x = -seat / 2 + seat * (k + 0.5) / count
        _button(look, (x, rear - 0.09 - 0.03 * v * v, low + (high - low + 0.04) * v), seat)
    _seat_cushions(look, seat, deep - 0.3, (0, -0.1, leg + 0.29), 0.17)
    feet = wood(OAK, False)
    for x in (-1, 1):
        for y in (-1, 1):
            foot = [(0, 0), (0.03, 0), (0.045, 0.03), (0.05, leg), (0, leg + 0.02)]
            lathe(foot, feet, at=(x * (wide / 2 - 0.12), y * (deep / 2 - 0.1), 0))


def _button(look: Look, at: Point, seat: float) -> None:
    if abs(at[0]) < seat / 2 - 0.05:
        cushion((0.034, 0.026, 0.034), look.skin, at=at, corner=2, puff=2, cuts=3)


def _stud(at: Point) -> None:
    cushion((0.022, 0.016, 0.022), plain(*GOLD), at=at, corner=2, puff=2, cuts=3)
