"""Backdrop, lights and camera round a product."""

from __future__ import annotations

import math

import bpy
from mathutils import Vector

from studio.world.render.materials import Nodes, linear
from studio.world.scene import Scene

FIELD_OF_VIEW = math.radians(24)

_SWEEPS = {
    "white studio": (0.9, 0.9, 0.9),
    "grey studio": linear((0.52, 0.53, 0.54)),
    "black studio": (0.006, 0.006, 0.007),
    "pink backdrop": linear((0.96, 0.70, 0.74)),
    "blue backdrop": linear((0.55, 0.74, 0.92)),
}
_WALLS = {
    "wooden table": linear((0.86, 0.82, 0.75)),
    "marble counter": linear((0.60, 0.67, 0.64)),
    "concrete floor": linear((0.50, 0.46, 0.42)),
}


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
    mix = nodes.add("ShaderNodeMix", data_type="RGBA", blend_type="MULTIPLY")
    mix.inputs["Factor"].default_value = 1
    nodes.wire(planks.outputs["Color"], mix.inputs[6])
    nodes.wire(tint, mix.inputs[7])
    nodes.colour(mix.outputs[2])
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


def _sheet(name: str, profile: list[tuple[float, float]], material: bpy.types.Material, half_width: float = 9) -> None:
    vertices = [(x, y, z) for y, z in profile for x in (-half_width, half_width)]
    faces = [(2 * i, 2 * i + 1, 2 * i + 3, 2 * i + 2) for i in range(len(profile) - 1)]
    mesh = bpy.data.meshes.new(name)
    mesh.from_pydata(vertices, [], faces)
    mesh.polygons.foreach_set("use_smooth", [True] * len(faces))
    mesh.materials.append(material)
    bpy.context.scene.collection.objects.link(bpy.data.objects.new("backdrop", mesh))


def build_backdrop(scene: Scene) -> None:
    """A seamless sweep, or a table in front of a wall."""
    if scene.scene in _SWEEPS:
        back, radius = 2.6, 1.4
        curve = [
            (back - radius + radius * math.sin(turn), radius - radius * math.cos(turn))
            for turn in (math.pi / 2 * i / 16 for i in range(17))
        ]
        _sheet("sweep", [(-9, 0), *curve, (back, 7)], _sweep_material(scene.scene))
        return
    table = {"wooden table": _wood_table, "marble counter": _marble, "concrete floor": _concrete}[scene.scene]()
    back = 1.5 if scene.scene != "concrete floor" else 2.2
    _sheet("table", [(-9, 0), (back, 0)], table)
    wall = Nodes("wall")
    wall.colour(_WALLS[scene.scene])
    wall.set(roughness=0.9)
    _sheet("wall", [(back + 0.6, -3), (back + 0.6, 7)], wall.material)


def _light(direction: tuple[float, float], size: float, energy: float, colour: tuple[float, float, float]) -> None:
    """An area light 3.2 units away; direction as (azimuth, elevation) in degrees, energy in W for a size of 1."""
    azimuth, elevation = (math.radians(angle) for angle in direction)
    place = Vector(
        (math.sin(azimuth) * math.cos(elevation), -math.cos(azimuth) * math.cos(elevation), math.sin(elevation))
    )
    lamp = bpy.data.lights.new("key", "AREA")
    lamp.shape = "DISK"
    lamp.size = size
    lamp.energy = energy
    lamp.color = colour
    item = bpy.data.objects.new("key", lamp)
    item.location = place * 3.2 + Vector((0, 0, 0.4))
    item.rotation_euler = place.to_track_quat("Z", "Y").to_euler()
    bpy.context.scene.collection.objects.link(item)


def build_lights(scene: Scene) -> None:
    warm = scene.warmth
    tint = (1.0, 1.0 - 0.16 * max(warm, 0), 1.0 - 0.42 * max(warm, 0))
    if warm < 0:
        tint = (1.0 + 0.32 * warm, 1.0 + 0.1 * warm, 1.0)
    dark = scene.scene == "black studio"
    hard = 1 - scene.softness
    _light((scene.light_azimuth, scene.light_elevation), 0.12 + 2.4 * scene.softness, 210 + 70 * hard, tint)
    # A strip on either side gives glossy and metal surfaces an edge to reflect.
    for azimuth in (-75, 75):
        _light((azimuth, 28), 1.2, 44 if dark else 16, (1, 1, 1))
    world = bpy.data.worlds.new("world")
    world.use_nodes = True
    fill = 0.2 if dark else 0.42 - 0.2 * hard
    world.node_tree.nodes["Background"].inputs["Strength"].default_value = fill
    world.node_tree.nodes["Background"].inputs["Color"].default_value = (*(0.5 + 0.5 * c for c in tint), 1)
    world.cycles.sampling_method = "NONE"  # an even fill needs no importance map
    bpy.context.scene.world = world


def frame(scene: Scene, parts: list[bpy.types.Object]) -> None:
    """Turns the product, scales it to the size of the stage and moves the camera so that it fills its share."""
    bpy.context.view_layer.update()
    corners = [part.matrix_world @ Vector(corner) for part in parts for corner in part.bound_box]
    low = Vector(min(corner[i] for corner in corners) for i in range(3))
    high = Vector(max(corner[i] for corner in corners) for i in range(3))
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
