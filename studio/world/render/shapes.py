"""Meshes that products are built from. Units are the product's own: every product is scaled to fit the frame later."""

from __future__ import annotations

import math
from collections.abc import Sequence

import bmesh
import bpy
from mathutils import Vector

Point = tuple[float, float, float]


def _link(mesh: bpy.types.Mesh, material: bpy.types.Material) -> bpy.types.Object:
    mesh.polygons.foreach_set("use_smooth", [True] * len(mesh.polygons))
    mesh.materials.append(material)
    item = bpy.data.objects.new("part", mesh)
    bpy.context.scene.collection.objects.link(item)
    return item


def lathe(
    profile: Sequence[tuple[float, float]],
    material: bpy.types.Material,
    *,
    at: Point = (0, 0, 0),
    axis: str = "z",
    squash: tuple[float, float] = (1, 1),
    smooth: int = 3,
) -> bpy.types.Object:
    """Turns a profile of (radius, height) about an axis; `smooth` spline points are put between two given ones."""
    points = _spline(profile, smooth)
    steps = 56
    vertices = [
        (radius * math.cos(turn) * squash[0], radius * math.sin(turn) * squash[1], height)
        for radius, height in points
        for turn in (2 * math.pi * i / steps for i in range(steps))
    ]
    faces = [
        (row * steps + i, row * steps + (i + 1) % steps, (row + 1) * steps + (i + 1) % steps, (row + 1) * steps + i)
        for row in range(len(points) - 1)
        for i in range(steps)
    ]
    mesh = bpy.data.meshes.new("lathe")
    mesh.from_pydata(vertices, [], faces)
    work = bmesh.new()
    work.from_mesh(mesh)
    bmesh.ops.remove_doubles(work, verts=work.verts, dist=1e-5)
    bmesh.ops.recalc_face_normals(work, faces=work.faces)
    work.to_mesh(mesh)
    work.free()
    item = _link(mesh, material)
    if axis == "x":
        item.rotation_euler = (0, math.pi / 2, 0)
    elif axis == "y":
        item.rotation_euler = (math.pi / 2, 0, 0)
    item.location = at
    return item


def _spline(profile: Sequence[tuple[float, float]], smooth: int) -> list[tuple[float, float]]:
    """A Catmull-Rom curve through the profile. A point given twice in a row stays a sharp corner."""
    if smooth <= 1:
        return list(profile)
    points: list[tuple[float, float]] = []
    for i in range(len(profile) - 1):
        b, c = Vector(profile[i]), Vector(profile[i + 1])
        if b == c:
            continue
        a = Vector(profile[i - 1]) if i > 0 and Vector(profile[i - 1]) != b else b - (c - b)
        d = Vector(profile[i + 2]) if i + 2 < len(profile) and Vector(profile[i + 2]) != c else c + (c - b)
        for step in range(smooth):
            t = step / smooth
            p = 0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t * t + (3 * b - a - 3 * c + d) * t * t * t)
            points.append((max(p.x, 0.0), p.y))
    points.append(tuple(profile[-1]))
    return points


def tube(
    points: Sequence[Point],
    radius: float,
    material: bpy.types.Material,
    *,
    closed: bool = False,
    radii: Sequence[float] | None = None,
    flat: float | None = None,
) -> bpy.types.Object:
    """A round tube through the points; `radii` are factors at each; `flat` makes it a strap that many times as wide."""
    curve = bpy.data.curves.new("tube", "CURVE")
    curve.dimensions = "3D"
    curve.use_fill_caps = True
    curve.resolution_u = 8
    if flat is None:
        curve.bevel_depth = radius
        curve.bevel_resolution = 5
    else:
        curve.extrude = radius * flat
        curve.bevel_depth = radius
        curve.bevel_resolution = 3
    spline = curve.splines.new("NURBS")
    spline.points.add(len(points) - 1)
    spline.order_u = min(4, len(points))
    spline.use_cyclic_u = closed
    spline.use_endpoint_u = not closed
    for i, point in enumerate(points):
        spline.points[i].co = (*point, 1)
        spline.points[i].radius = radii[i] if radii else 1
    curve.materials.append(material)
    item = bpy.data.objects.new("part", curve)
    bpy.context.scene.collection.objects.link(item)
    return item


def box(
    size: Point,
    material: bpy.types.Material,
    *,
    at: Point = (0, 0, 0),
    bevel: float = 0.03,
    taper: tuple[float, float] = (1, 1),
    turn: Point = (0, 0, 0),
) -> bpy.types.Object:
    """A rounded box centred on `at`; `taper` scales its top in x and y."""
    mesh = bpy.data.meshes.new("box")
    work = bmesh.new()
    bmesh.ops.create_cube(work, size=1)
    for vertex in work.verts:
        top = vertex.co.z > 0
        vertex.co.x *= size[0] * (taper[0] if top else 1)
        vertex.co.y *= size[1] * (taper[1] if top else 1)
        vertex.co.z *= size[2]
    bevel = min(bevel, 0.49 * min(size))
    bmesh.ops.bevel(work, geom=work.edges[:], offset=bevel, segments=5, profile=0.5, affect="EDGES", clamp_overlap=True)
    work.to_mesh(mesh)
    work.free()
    item = _link(mesh, material)
    item.location = at
    item.rotation_euler = turn
    return item


def rod(start: Point, end: Point, radius: float, material: bpy.types.Material, *, top: float = 1) -> bpy.types.Object:
    """A straight round rod; `top` is the radius at the end as a factor."""
    a, b = Vector(start), Vector(end)
    length = (b - a).length
    r = radius * top
    edge = min(0.2 * radius, 0.2 * length)
    item = lathe(
        [(0, 0), (radius - edge, 0), (radius, edge), (r, length - edge), (r - edge * top, length), (0, length)],
        material,
        smooth=1,
    )
    item.rotation_mode = "QUATERNION"
    item.rotation_quaternion = (b - a).to_track_quat("Z", "Y")
    item.location = a
    return item


def arch(width: float, height: float, count: int = 13, power: float = 2.0) -> list[tuple[float, float]]:
    """Points (x, z) of half a super-ellipse from left to right, `height` above zero."""
    points = []
    for i in range(count):
        turn = math.pi * (1 - i / (count - 1))
        x, z = math.cos(turn), math.sin(turn)
        points.append((width / 2 * math.copysign(abs(x) ** (2 / power), x), height * abs(z) ** (2 / power)))
    return points
