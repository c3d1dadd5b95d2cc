"""Meshes that products are built from. Units are the product's own: every product is scaled to fit the frame later."""

from __future__ import annotations

import math
from collections.abc import Sequence

import bmesh
import bpy
from mathutils import Matrix, Vector

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


def loft(
    rings: Sequence[Sequence[Point]],
    material: bpy.types.Material,
    *,
    closed: bool = True,
    caps: tuple[bool, bool] = (True, True),
    smooth: int = 1,
    crease: float = 42,
) -> bpy.types.Object:
    """A skin over cross-sections with equally many points each; `smooth` spline steps lie between two sections.

    Sections that are not `closed` give a sheet. Caps join the two halves of a ring point by point, so that rings need
    not be flat. Edges that fold by more than `crease` degrees stay sharp.
    """
    rows = [[Vector(point) for point in ring] for ring in rings]
    if smooth > 1:
        rows = [_between(rows, i + step / smooth) for i in range(len(rows) - 1) for step in range(smooth)] + [rows[-1]]
    count = len(rows[0])
    faces = [
        (row * count + i, row * count + (i + 1) % count, (row + 1) * count + (i + 1) % count, (row + 1) * count + i)
        for row in range(len(rows) - 1)
        for i in range(count if closed else count - 1)
    ]
    for wanted, start in zip(caps, (0, (len(rows) - 1) * count), strict=True):
        if wanted and closed:
            faces += [
                tuple(dict.fromkeys(start + j % count for j in (i, i + 1, count - i - 1, count - i)))
                for i in range(count // 2)
            ]
    mesh = bpy.data.meshes.new("loft")
    mesh.from_pydata([point for row in rows for point in row], [], faces)
    work = bmesh.new()
    work.from_mesh(mesh)
    bmesh.ops.remove_doubles(work, verts=work.verts, dist=1e-5)
    bmesh.ops.recalc_face_normals(work, faces=work.faces)
    work.to_mesh(mesh)
    work.free()
    item = _link(mesh, material)
    mesh.set_sharp_from_angle(angle=math.radians(crease))
    return item


def _between(rows: Sequence[Sequence[Vector]], place: float) -> list[Vector]:
    """The cross-section at a place between given ones, on Catmull-Rom curves through them."""
    i = min(int(place), len(rows) - 2)
    t = place - i
    before, after = rows[max(i - 1, 0)], rows[min(i + 2, len(rows) - 1)]
    return [
        0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t * t + (3 * b - a - 3 * c + d) * t * t * t)
        for a, b, c, d in zip(before, rows[i], rows[i + 1], after, strict=True)
    ]


def crisp(item: bpy.types.Object, degrees: float = 35) -> bpy.types.Object:
    """Shades the edges sharper than this as edges, not as curves."""
    item.data.set_sharp_from_angle(angle=math.radians(degrees))
    return item


def square_lathe(
    profile: Sequence[tuple[float, float]],
    material: bpy.types.Material,
    *,
    at: Point = (0, 0, 0),
    squash: tuple[float, float] = (1, 1),
    power: float = 6,
    smooth: int = 3,
    crease: float = 180,
) -> bpy.types.Object:
    """Like `lathe`, with a rounded square for the circle: `power` 2 is round, 10 nearly square."""
    steps = 64
    rings = []
    for radius, height in _spline(profile, smooth):
        ring = []
        for i in range(steps):
            turn = 2 * math.pi * (i + 0.5) / steps
            x, y = math.cos(turn), math.sin(turn)
            reach = max(radius, 1e-4) / (abs(x) ** power + abs(y) ** power) ** (1 / power)
            ring.append((at[0] + x * reach * squash[0], at[1] + y * reach * squash[1], at[2] + height))
        rings.append(ring)
    return loft(rings, material, crease=crease)


def slab(
    outline: Sequence[tuple[float, float]],
    depth: float,
    material: bpy.types.Material,
    *,
    at: Point = (0, 0, 0),
    bevel: float = 0.03,
) -> bpy.types.Object:
    """An outline of (x, z) made `depth` thick along y, with rounded edges."""
    mesh = bpy.data.meshes.new("slab")
    work = bmesh.new()
    face = work.faces.new([work.verts.new((x, -depth / 2, z)) for x, z in outline])
    grown = bmesh.ops.extrude_face_region(work, geom=[face])["geom"]
    bmesh.ops.translate(work, verts=[v for v in grown if isinstance(v, bmesh.types.BMVert)], vec=(0, depth, 0))
    bmesh.ops.recalc_face_normals(work, faces=work.faces)
    if bevel:
        rims = [edge for edge in work.edges if abs(edge.verts[0].co.y - edge.verts[1].co.y) < 1e-6]
        bmesh.ops.bevel(work, geom=rims, offset=bevel, segments=3, profile=0.5, affect="EDGES", clamp_overlap=True)
    work.to_mesh(mesh)
    work.free()
    item = crisp(_link(mesh, material), 32)
    item.location = at
    return item


def cushion(
    size: Point,
    material: bpy.types.Material,
    *,
    at: Point = (0, 0, 0),
    corner: float = 6,
    puff: float = 3,
    turn: Point = (0, 0, 0),
    cuts: int = 13,
) -> bpy.types.Object:
    """A puffed-up box centred on `at`: `corner` squares its outline from above, `puff` its section; 2 is round."""
    mesh = bpy.data.meshes.new("cushion")
    work = bmesh.new()
    bmesh.ops.create_cube(work, size=2)
    bmesh.ops.subdivide_edges(work, edges=work.edges[:], cuts=cuts, use_grid_fill=True)
    for vertex in work.verts:
        # Tangents spread the points evenly, so that the corners have enough of them.
        x, y, z = (math.tan(c * 0.9) / math.tan(0.9) for c in vertex.co)
        flat = (abs(x) ** corner + abs(y) ** corner) ** (1 / corner)
        reach = (flat**puff + abs(z) ** puff) ** (1 / puff)
        vertex.co = (x / reach * size[0] / 2, y / reach * size[1] / 2, z / reach * size[2] / 2)
    work.to_mesh(mesh)
    work.free()
    item = _link(mesh, material)
    item.location = at
    item.rotation_euler = turn
    return item


def wrap(
    radius: float, low: float, high: float, degrees: float, material: bpy.types.Material, *, at: Point = (0, 0, 0)
) -> bpy.types.Object:
    """A label: part of a cylinder's wall about the z axis, that many degrees wide and centred towards -y."""
    steps = 24
    turns = [math.radians(degrees) * (i / steps - 0.5) - math.pi / 2 for i in range(steps + 1)]
    rings = [
        [(at[0] + radius * math.cos(t), at[1] + radius * math.sin(t), at[2] + z) for t in turns] for z in (low, high)
    ]
    return loft(rings, material, closed=False)


def word(
    text: str,
    size: float,
    material: bpy.types.Material,
    *,
    at: Point = (0, 0, 0),
    radius: float | None = None,
    turn: Point = (0, 0, 0),
) -> bpy.types.Object:
    """A word with capitals `size` high, read from -y and centred on `at`. With a `radius` it is bent round a vertical
    axis through `at` and lies that far in front of it."""
    curve = bpy.data.curves.new("word", "FONT")
    curve.body, curve.size, curve.offset = text, size / 0.7, 0.012 * size
    curve.align_x = "CENTER"
    draft = bpy.data.objects.new("word", curve)
    bpy.context.scene.collection.objects.link(draft)
    mesh = bpy.data.meshes.new_from_object(draft.evaluated_get(bpy.context.evaluated_depsgraph_get()))
    bpy.data.objects.remove(draft)
    work = bmesh.new()
    work.from_mesh(mesh)
    if radius:
        reach = max(abs(vertex.co.x) for vertex in work.verts)
        for i in range(-8, 9):
            everything = [*work.verts, *work.edges, *work.faces]
            bmesh.ops.bisect_plane(work, geom=everything, plane_co=(i * reach / 8, 0, 0), plane_no=(1, 0, 0))
    for vertex in work.verts:
        x, z = vertex.co.x, vertex.co.y - size / 2
        angle = x / radius if radius else 0
        vertex.co = (radius * math.sin(angle), -radius * math.cos(angle), z) if radius else (x, 0, z)
    work.to_mesh(mesh)
    work.free()
    mesh.materials.clear()
    item = _link(mesh, material)
    item.location = at
    item.rotation_euler = turn
    return item


#: Words that read the same in a mirror, as do the products that bear them.
BRANDS = ("AVA", "OTO", "VIV", "AHA", "OHO", "UTU", "TOT", "OVO")


def brand(value: float) -> str:
    """The made-up brand that goes with a proportion in -1..1."""
    return BRANDS[min(int((value + 1) / 2 * len(BRANDS)), len(BRANDS) - 1)]


def colour_of(material: bpy.types.Material) -> Point:
    """The main colour of a material, in linear light."""
    socket = material.node_tree.nodes["Principled BSDF"].inputs["Base Color"]
    while socket.is_linked:
        node = socket.links[0].from_node
        if node.type == "VALTORGB":
            elements = node.color_ramp.elements
            return tuple(elements[len(elements) // 2].color[:3])
        colours = [each for each in node.inputs if each.type == "RGBA"]
        if not colours:
            return 0.4, 0.4, 0.4
        socket = colours[0]
    return tuple(socket.default_value[:3])


def is_light(material: bpy.types.Material) -> bool:
    r, g, b = colour_of(material)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.35


def ribbed(
    radius: float,
    low: float,
    high: float,
    material: bpy.types.Material,
    *,
    count: int = 28,
    depth: float = 0.04,
    at: Point = (0, 0, 0),
    axis: str = "z",
) -> bpy.types.Object:
    """A cylinder with grip ribs along it; `depth` is theirs as a share of the radius."""
    edge = min(depth * radius, 0.2 * (high - low))
    rings = []
    for grow, height in ((0, low), (1, low + edge), (1, high - edge), (0, high)):
        ring = []
        for i in range(count * 4):
            turn = math.tau * i / (count * 4)
            reach = radius * (1 + (grow * depth if i % 4 in (1, 2) else 0))
            ring.append((reach * math.cos(turn), reach * math.sin(turn), height))
        rings.append(ring)
    item = loft(rings, material, crease=30)
    if axis != "z":
        item.rotation_euler = (0, math.pi / 2, 0) if axis == "x" else (math.pi / 2, 0, 0)
    item.location = at
    return item


def bake(item: bpy.types.Object, placement: Matrix | None = None) -> bpy.types.Object:
    """Moves a part's placement, and another on top of it, into its mesh or curve.

    The box round a turned object is larger than the object, and a turned object cannot be squashed.
    """
    item.data.transform((placement or Matrix.Identity(4)) @ item.matrix_basis)
    item.matrix_basis = Matrix.Identity(4)
    return item
