"""Backdrop, lights and camera round a product."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import bpy
from mathutils import Matrix, Vector

from studio.world.render.materials import Nodes, linear
from studio.world.scene import Scene

FIELD_OF_VIEW = math.radians(24)

_SWEEPS = {
    "white studio": (0.9, 0.9, 0.9),
    "grey studio": linear((0.52, 0.53, 0.54)),
    "black studio": (0.006, 0.006, 0.007),
    "pink backdrop": linear((0.96, 0.70, 0.74)),
    "blue backdrop": linear((0.55, 0.74, 0.92)),
    "podium": linear((0.74, 0.79, 0.70)),
    "colour gels": (0.1, 0.1, 0.1),
}
_WALLS = {
    "wooden table": linear((0.86, 0.82, 0.75)),
    "marble counter": linear((0.60, 0.67, 0.64)),
    "concrete floor": linear((0.50, 0.46, 0.42)),
    "shelf": linear((0.76, 0.79, 0.80)),
    "window light": linear((0.88, 0.86, 0.82)),
    "sunlit wall": linear((0.90, 0.74, 0.58)),
    "low key": (0.035, 0.036, 0.04),
}


class _Mood(NamedTuple):
    """How a scene is lit: factors on the key light, W of the strips on either side, and the even fill."""

    key: float = 1.0
    sides: float = 16.0
    fill: float | None = None  # follows the softness of the key where it is not given
    sun: tuple[float, float] | None = None  # the key is far away, and so many degrees wide at its hardest and softest


_MOODS = {
    "black studio": _Mood(sides=44, fill=0.2),
    "window light": _Mood(key=0.9, sides=5, fill=0.2, sun=(0.5, 5)),
    "sunlit wall": _Mood(key=0.82, sides=5, fill=0.22, sun=(0.3, 4)),
    "colour gels": _Mood(key=0.62, sides=0, fill=0.07),
    "low key": _Mood(key=0.36, sides=0, fill=0.03),
}
_MAGENTA, _CYAN = (1.0, 0.03, 0.6), (0.0, 0.65, 1.0)


def _sweep_material(name: str) -> bpy.types.Material:
    nodes = Nodes("sweep")
    nodes.colour(_SWEEPS[name])
    nodes.set(roughness=0.3 if name == "black studio" else 0.75)
    return nodes.material


def _wood_table() -> bpy.types.Material:
    """Planks across the picture with grain along them."""
    nodes = Nodes("table")
    planks = nodes.texture(
        "ShaderNodeTexBrick", at=(17, 0, 0), scale=1.0, mortar_size=0.012, brick_width=40.0, row_height=0.42
    )
    planks.offset = 0
    planks.inputs["Color1"].default_value = (0.36, 0.19, 0.085, 1)
    planks.inputs["Color2"].default_value = (0.27, 0.135, 0.06, 1)
    planks.inputs["Mortar"].default_value = (0.04, 0.02, 0.01, 1)
    grain = nodes.texture("ShaderNodeTexNoise", (1.2, 14, 1), scale=2.2, detail=4, distortion=0.6)
    tint = nodes.ramp(grain.outputs["Fac"], [(0.3, (0.5, 0.5, 0.5)), (0.65, (1.25, 1.2, 1.15))])
    nodes.colour(nodes.mixed(planks.outputs["Color"], tint, 1.0, "MULTIPLY"))
    nodes.set(roughness=0.42)
    return nodes.material


def _marble() -> bpy.types.Material:
    nodes = Nodes("marble")
    veins = nodes.texture("ShaderNodeTexNoise", (0.9, 1.5, 1), scale=1.5, detail=6, distortion=1.8)
    white, grey = (0.86, 0.86, 0.85), (0.2, 0.21, 0.23)
    nodes.colour(
        nodes.ramp(
            veins.outputs["Fac"],
            [(0.42, white), (0.49, (0.62, 0.63, 0.64)), (0.505, grey), (0.53, (0.7, 0.7, 0.7)), (0.6, white)],
        )
    )
    nodes.set(roughness=0.12, coat_weight=0.5)
    return nodes.material


def _concrete() -> bpy.types.Material:
    nodes = Nodes("concrete")
    stain = nodes.texture("ShaderNodeTexNoise", scale=2.4, detail=9)
    nodes.colour(
        nodes.ramp(
            stain.outputs["Fac"], [(0.3, (0.17, 0.17, 0.165)), (0.5, (0.25, 0.25, 0.245)), (0.7, (0.33, 0.33, 0.32))]
        )
    )
    nodes.bump(stain.outputs["Fac"], 0.4)
    nodes.set(roughness=0.85)
    return nodes.material


def _oak() -> bpy.types.Material:
    nodes = Nodes("oak")
    grain = nodes.noise((0.08, 1, 1), scale=14, detail=3)
    nodes.shade((0.5, 0.3, 0.15), grain, [(0.36, 0.55), (0.5, 1.0), (0.65, 1.15)])
    nodes.set(roughness=0.5)
    return nodes.material


def _slate() -> bpy.types.Material:
    nodes = Nodes("slate")
    layers = nodes.noise((1, 2.2, 1), scale=3.2, detail=7, roughness=0.65, distortion=0.5)
    nodes.shade((0.035, 0.038, 0.044), layers, [(0.35, 0.4), (0.5, 1.0), (0.65, 1.7)])
    nodes.bump(layers, 0.5)
    nodes.set(roughness=0.5)
    return nodes.material


def _linen() -> bpy.types.Material:
    """Flax with thick and thin threads both ways."""
    nodes = Nodes("linen")
    threads = [nodes.noise(stretch, scale=9, detail=3) for stretch in ((0.3, 5, 5), (5, 0.3, 0.3))]
    weave = nodes.math("MULTIPLY", nodes.math("ADD", *threads), 0.5)
    nodes.shade(linear((0.72, 0.66, 0.57)), weave, [(0.38, 0.84), (0.5, 1.0), (0.6, 1.08)])
    nodes.set(roughness=0.95, sheen_weight=0.2)
    return nodes.material


def _plaster(name: str, strength: float) -> bpy.types.Material:
    nodes = Nodes("plaster")
    nodes.colour(_WALLS[name])
    nodes.bump(nodes.noise(scale=4, detail=5), strength)
    nodes.set(roughness=0.9)
    return nodes.material


def _shape(
    vertices: Sequence[Sequence[float]],
    faces: Sequence[Sequence[int]],
    material: bpy.types.Material | None = None,
    crease: float = 32,
) -> bpy.types.Object:
    """A mesh that is not product; edges that fold by more than `crease` degrees stay sharp."""
    mesh = bpy.data.meshes.new("backdrop")
    mesh.from_pydata(vertices, [], faces)
    mesh.polygons.foreach_set("use_smooth", [True] * len(faces))
    mesh.set_sharp_from_angle(angle=math.radians(crease))
    if material:
        mesh.materials.append(material)
    item = bpy.data.objects.new("backdrop", mesh)
    bpy.context.scene.collection.objects.link(item)
    return item


def _sheet(profile: Sequence[tuple[float, float]], material: bpy.types.Material) -> None:
    """A profile of (y, z) drawn out across the picture. It takes no light from a lamp that stands behind it."""
    vertices = [(x, y, z) for y, z in profile for x in (-9, 9)]
    faces = [(2 * i, 2 * i + 1, 2 * i + 3, 2 * i + 2) for i in range(len(profile) - 1)]
    _shape(vertices, faces, material).visible_shadow = False


def _bend(back: float, radius: float, floor: float = 0.0) -> list[tuple[float, float]]:
    """The quarter circle between a floor and what rises behind it."""
    turns = (math.pi / 2 * i / 16 for i in range(17))
    return [(back - radius + radius * math.sin(t), floor + radius - radius * math.cos(t)) for t in turns]


def _footprint() -> tuple[float, float, float]:
    """The front and the back of the product, and how far it reaches from the origin."""
    bpy.context.view_layer.update()
    parts = bpy.data.objects["product"].children_recursive
    corners = [part.matrix_world @ Vector(corner) for part in parts for corner in part.bound_box]
    ys = [corner.y for corner in corners]
    return min(ys), max(ys), max(math.hypot(corner.x, corner.y) for corner in corners)


def _plinth(radius: float, floor: float) -> None:
    """A round plinth under the product, and a paler disc far behind it."""
    steps = 64
    turns = [2 * math.pi * i / steps for i in range(steps)]
    edge = 0.015
    rings = [(radius - edge, 0.0), (radius, -edge), (radius, floor)]
    vertices = [(r * math.cos(t), r * math.sin(t), z) for r, z in rings for t in turns]
    faces = [
        (row * steps + i, row * steps + (i + 1) % steps, (row + 1) * steps + (i + 1) % steps, (row + 1) * steps + i)
        for row in range(len(rings) - 1)
        for i in range(steps)
    ]
    paint = Nodes("plinth")
    paint.colour(linear((0.93, 0.88, 0.80)))
    paint.set(roughness=0.6)
    _shape(vertices, [*faces, range(steps)], paint.material)
    disc = [(0.95 * math.cos(t), 1.75, 0.3 + 0.95 * math.sin(t)) for t in turns]
    pale = Nodes("disc")
    pale.colour(linear((0.90, 0.80, 0.70)))
    pale.set(roughness=0.8)
    _shape(disc, [range(steps)], pale.material).visible_shadow = False


def _board(front: float, back: float) -> None:
    """A shelf board with its top at zero."""
    edge, thick = 0.008, 0.07
    profile = [(back, 0), (front + edge, 0), (front, -edge), (front, edge - thick), (front + edge, -thick)]
    vertices = [(x, y, z) for y, z in [*profile, (back, -thick)] for x in (-9, 9)]
    _shape(vertices, [(2 * i, 2 * i + 1, 2 * i + 3, 2 * i + 2) for i in range(5)], _oak())


def _cloth(reach: float) -> None:
    """Linen laid out under the product and hung up behind it; its folds only go down from where the product stands."""
    bend = _bend(2.2, 0.9)
    path = [(-4 + 5.3 * (i / 60) ** 0.6, 0.0) for i in range(60)] + bend + [(2.2, 0.9 + 0.15 * i) for i in range(1, 20)]
    across = [3.5 * math.copysign(abs(i / 40) ** 1.4, i) for i in range(-40, 41)]
    vertices = []
    for i, (y, z) in enumerate(path):
        turn = math.pi / 2 * min(max(i - 60, 0) / 16, 1)
        along = y + z
        for x in across:
            free = min(max((math.hypot(x, along) - reach) / 0.25, 0), 1)
            first = abs(math.sin(4.6 * (0.9 * x + 0.55 * along) + 1.1 * math.sin(2.1 * along - 0.9 * x)))
            second = 0.5 + 0.5 * math.sin(8.0 * x - 6.0 * along * math.cos(turn) + 1.5 * math.sin(2.3 * x + along))
            depth = free * free * (3 - 2 * free) * (0.17 * first**0.8 + 0.035 * second)
            vertices.append((x, y + depth * math.sin(turn), z - depth * math.cos(turn)))
    count = len(across)
    faces = [
        (row * count + i, row * count + i + 1, (row + 1) * count + i + 1, (row + 1) * count + i)
        for row in range(len(path) - 1)
        for i in range(count - 1)
    ]
    _shape(vertices, faces, _linen(), crease=180)


Outline = Sequence[tuple[float, float]]


def _panes() -> list[Outline]:
    """What is not pane of a window three panes wide: bars between them, and the wall round it."""
    left, right, low, high, half = -1.05, 1.05, -0.9, 1.5, 0.038
    spans = [(x - half, x + half, low, high) for x in (-0.35, 0.35)]
    spans += [(left, right, y - half, y + half) for y in (-0.3, 0.3, 0.9)]
    spans += [(-6, left, -6, 6), (right, 6, -6, 6), (left, right, high, 6), (left, right, -6, low)]
    return [((x, y), (to_x, y), (to_x, to_y), (x, to_y)) for x, to_x, y, to_y in spans]


def _fronds() -> list[Outline]:
    """Palm leaves that hang in from above and both sides."""
    leaves: list[Outline] = []
    fronds = (
        (-1, (1.5, 1.4), 200, 20),
        (1, (1.6, 1.2), 190, 22),
        (1, (0.5, 2.0), 235, 10),
        (-1, (2.1, 0.5), 182, 6),
        (1, (2.2, 0.3), 176, 6),
        (1, (1.7, -0.75), 178, 4),
    )
    for side, root, heading, bend in fronds:
        x, y = root
        for i in range(10):
            turn = math.radians(heading + bend * i / 5)
            x, y = x + 0.14 * math.cos(turn), y + 0.14 * math.sin(turn)
            length = 0.6 * math.sin(math.pi * (i + 2) / 13)
            for lean in (-52, 52):
                leaf = turn + math.radians(lean)
                ahead, aside = (math.cos(leaf), math.sin(leaf)), (-math.sin(leaf) * 0.05, math.cos(leaf) * 0.05)
                places = ((0, 0), (0.4, 1), (1, 0), (0.4, -1))
                leaves.append(
                    [
                        (side * (x + length * a * ahead[0] + b * aside[0]), y + length * a * ahead[1] + b * aside[1])
                        for a, b in places
                    ]
                )
    return leaves


def _shade(scene: Scene, outlines: Sequence[Outline]) -> None:
    """Outlines that stand square in the key light and are seen by nothing but it."""
    vertices = [(x, y, 0) for outline in outlines for x, y in outline]
    item = _shape(vertices, [range(4 * i, 4 * i + 4) for i in range(len(outlines))])
    item.visible_camera = item.visible_diffuse = item.visible_glossy = item.visible_transmission = False
    place = _direction(scene.light_azimuth, scene.light_elevation)
    item.location = 1.6 * place + Vector((0, 0, 0.4))
    item.rotation_euler = place.to_track_quat("Z", "Y").to_euler()


def build_backdrop(scene: Scene) -> None:
    """What the product stands on and before: a seamless sweep, or a surface in front of a wall."""
    name = scene.scene
    front, back, reach = _footprint()
    if name in _SWEEPS:
        floor = -0.5 if name == "podium" else 0.0
        _sheet([(-9, floor), *_bend(2.6, 1.4, floor), (2.6, 7)], _sweep_material(name))
        if name == "podium":
            _plinth(1.04 * reach, floor)
    elif name == "linen cloth":
        _cloth(reach)
    elif name == "shelf":
        _board(front - 0.1, back + 0.15)
        _sheet([(back + 0.15, -5), (back + 0.15, 7)], _plaster(name, 0.05))
    elif name in ("window light", "sunlit wall"):
        wall = back + 0.4
        _sheet([(-9, 0), (wall, 0)], _plaster(name, 0.1))
        _sheet([(wall, 0), (wall, 7)], _plaster(name, 0.1 if name == "window light" else 0.35))
        _shade(scene, _panes() if name == "window light" else _fronds())
    else:
        tables = {
            "wooden table": _wood_table,
            "marble counter": _marble,
            "concrete floor": _concrete,
            "low key": _slate,
        }
        end = 1.5 if name in ("wooden table", "marble counter") else 2.2
        _sheet([(-9, 0), (end, 0)], tables[name]())
        _sheet([(end + 0.6, -3), (end + 0.6, 7)], _plaster(name, 0.0))


def _direction(azimuth: float, elevation: float) -> Vector:
    """Towards a light, by its angles in degrees."""
    a, e = math.radians(azimuth), math.radians(elevation)
    return Vector((math.sin(a) * math.cos(e), -math.cos(a) * math.cos(e), math.sin(e)))


def _lamp(kind: str, place: Vector, energy: float, colour: tuple[float, float, float]) -> bpy.types.Light:
    """A lamp 3.2 units away in the direction of `place`."""
    lamp = bpy.data.lights.new("key", kind)
    lamp.energy = energy
    lamp.color = colour
    item = bpy.data.objects.new("key", lamp)
    item.location = place * 3.2 + Vector((0, 0, 0.4))
    item.rotation_euler = place.to_track_quat("Z", "Y").to_euler()
    bpy.context.scene.collection.objects.link(item)
    return lamp


def _light(direction: tuple[float, float], size: float, energy: float, colour: tuple[float, float, float]) -> None:
    """An area light; direction as (azimuth, elevation) in degrees, energy in W for a size of 1."""
    lamp = _lamp("AREA", _direction(*direction), energy, colour)
    lamp.shape = "DISK"
    lamp.size = size


def build_lights(scene: Scene) -> None:
    warm = scene.warmth
    tint = (1.0, 1.0 - 0.16 * max(warm, 0), 1.0 - 0.42 * max(warm, 0))
    if warm < 0:
        tint = (1.0 + 0.32 * warm, 1.0 + 0.1 * warm, 1.0)
    mood = _MOODS.get(scene.scene, _Mood())
    hard = 1 - scene.softness
    if mood.sun:
        narrow, wide = mood.sun
        sun = _lamp("SUN", _direction(scene.light_azimuth, scene.light_elevation), 7 * mood.key, tint)
        sun.angle = math.radians(narrow + (wide - narrow) * scene.softness)
    else:
        energy = (210 + 70 * hard) * mood.key
        _light((scene.light_azimuth, scene.light_elevation), 0.12 + 2.4 * scene.softness, energy, tint)
    if mood.sides:
        # A strip on either side gives glossy and metal surfaces an edge to reflect.
        for azimuth in (-75, 75):
            _light((azimuth, 28), 1.2, mood.sides, (1, 1, 1))
    if scene.scene == "colour gels":
        _light((-125, 18), 1.2, 200, _MAGENTA)
        _light((125, 18), 1.2, 200, _CYAN)
    if scene.scene == "low key":
        # The rim comes from behind, on the other side than the key light.
        _light((math.copysign(140, -scene.light_azimuth), 35), 1.1, 240, (1, 1, 1))
    world = bpy.data.worlds.new("world")
    world.use_nodes = True
    fill = 0.42 - 0.2 * hard if mood.fill is None else mood.fill
    world.node_tree.nodes["Background"].inputs["Strength"].default_value = fill
    world.node_tree.nodes["Background"].inputs["Color"].default_value = (*(0.5 + 0.5 * c for c in tint), 1)
    world.cycles.sampling_method = "NONE"  # an even fill needs no importance map
    bpy.context.scene.world = world


def bounds(parts: list[bpy.types.Object]) -> tuple[Vector, Vector]:
    """The lowest and the highest corner of the box round all parts."""
    bpy.context.view_layer.update()
    corners = [part.matrix_world @ Vector(corner) for part in parts for corner in part.bound_box]
    low, high = (Vector(pick(corner[i] for corner in corners) for i in range(3)) for pick in (min, max))
    return low, high


def second_of_pair(parts: list[bpy.types.Object]) -> list[bpy.types.Object]:
    """A copy of the product beside it, or behind it where it is longer than deep, and turned a little."""
    low, high = bounds(parts)
    width, depth, _ = high - low
    shift = (0.15 * width, 0.95 * depth, 0) if width > 1.5 * depth else (1.12 * width, 0.3 * depth, 0)
    placed = Matrix.Translation(shift) @ Matrix.Rotation(math.radians(-12), 4, "Z")
    copies: list[bpy.types.Object] = []
    for part in parts:
        copy = part.copy()
        copy.matrix_world = placed @ part.matrix_world
        bpy.context.scene.collection.objects.link(copy)
        copies.append(copy)
    return copies


def frame(scene: Scene, parts: list[bpy.types.Object]) -> None:
    """Turns the product, scales it to the size of the stage and moves the camera so that it fills its share."""
    low, high = bounds(parts)
    middle = (low + high) / 2
    scale = 1.0 / max(high - low)
    turn = math.radians(scene.azimuth)
    root = bpy.data.objects.new("product", None)
    bpy.context.scene.collection.objects.link(root)
    for part in parts:
        part.parent = root
    root.scale = (scale,) * 3
    root.rotation_euler = (0, 0, turn)
    shift = Vector((middle.x, middle.y, 0)) * scale
    shift.rotate(root.rotation_euler)
    root.location = (-shift.x, -shift.y, -low.z * scale)
    bpy.context.view_layer.update()

    points = [part.matrix_world @ Vector(corner) for part in parts for corner in part.bound_box]
    target = Vector((0, 0, (high.z - low.z) * scale / 2))
    elevation = math.radians(scene.elevation)
    towards = Vector((0, -math.cos(elevation), math.sin(elevation)))
    rotation = towards.to_track_quat("Z", "Y")
    half = math.tan(FIELD_OF_VIEW / 2) * scene.fill
    seen = [rotation.inverted() @ (point - target) for point in points]
    # Centre the outline, then step back until every corner lies within its share of the frame.
    offset = Vector(
        (
            (max(p.x for p in seen) + min(p.x for p in seen)) / 2,
            (max(p.y for p in seen) + min(p.y for p in seen)) / 2,
            0,
        )
    )
    distance = max(max(abs(p.x - offset.x), abs(p.y - offset.y)) / half + p.z for p in seen)
    camera = bpy.data.cameras.new("camera")
    camera.angle = FIELD_OF_VIEW
    camera.clip_start = 0.01
    item = bpy.data.objects.new("camera", camera)
    item.location = target + rotation @ offset + towards * distance
    item.rotation_euler = rotation.to_euler()
    bpy.context.scene.collection.objects.link(item)
    bpy.context.scene.camera = item
