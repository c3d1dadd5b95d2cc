"""Materials as Blender node trees. Textures sit in object space, so that a scene record fixes every grain."""

from __future__ import annotations

import colorsys
import math
from collections.abc import Sequence
from dataclasses import dataclass

import bpy

from studio.world.render.look import Look
from studio.world.scene import COLOURS, GRAINED, PRODUCTS, Scene

Colour = tuple[float, float, float]
Triple = tuple[float, float, float]


@dataclass(frozen=True)
class Pattern:
    """What a skin is painted with instead of one colour; `main` covers more than half of it."""

    kind: str
    main: Colour
    second: Colour


Paint = Colour | Pattern

#: The node that all texture coordinates come through.
_TEXTURE_SCALE = "texture scale"


def linear(rgb: Sequence[float]) -> Colour:
    """sRGB in 0..1 to linear light (IEC 61966-2-1)."""
    r, g, b = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in rgb)
    return r, g, b


def scene_colour(scene: Scene) -> Colour:
    """The named colour, moved a little in lightness and chroma as the record says; linear light."""
    r, g, b = (c / 255 for c in COLOURS[scene.colour])
    hue, lightness, saturation = colorsys.rgb_to_hls(r, g, b)
    lightness = min(max(lightness * (1 + 0.12 * scene.lightness), 0.0), 0.97)
    saturation = min(saturation * (1 + 0.12 * scene.chroma), 1.0)
    return linear(colorsys.hls_to_rgb(hue, lightness, saturation))


class Nodes:
    """A material's node tree with a Principled BSDF, and the few calls that wire one.

    Wherever two colours are mixed, the first is the main one: `shapes.colour_of` finds it there.
    """

    def __init__(self, name: str) -> None:
        self.material = bpy.data.materials.new(name)
        self.material.use_nodes = True
        self.tree = self.material.node_tree
        self.shader = self.tree.nodes["Principled BSDF"]
        coordinates = self.add("ShaderNodeTexCoord").outputs
        scale = self.add("ShaderNodeVectorMath", operation="SCALE", name=_TEXTURE_SCALE, scale=1.0)
        self.wire(coordinates["Object"], scale.inputs[0])
        self.coordinates, self.normal = scale.outputs[0], coordinates["Normal"]

    def add(self, kind: str, **values: object) -> bpy.types.Node:
        node = self.tree.nodes.new(kind)
        for name, value in values.items():
            socket = name.replace("_", " ").title()
            if socket in node.inputs:
                node.inputs[socket].default_value = value
            else:
                setattr(node, name, value)
        return node

    def wire(self, source: bpy.types.NodeSocket, target: bpy.types.NodeSocket) -> None:
        self.tree.links.new(source, target)

    def feed(self, value: bpy.types.NodeSocket | Colour | float, target: bpy.types.NodeSocket) -> None:
        if isinstance(value, bpy.types.NodeSocket):
            self.wire(value, target)
        else:
            target.default_value = (*value, 1) if isinstance(value, tuple) else value

    def set(self, **values: float | Sequence[float]) -> None:
        for name, value in values.items():
            self.shader.inputs[name.replace("_", " ").title().replace("Ior", "IOR")].default_value = value

    def texture(
        self, kind: str, stretch: Triple = (1, 1, 1), *, at: Triple = (0, 0, 0), **values: object
    ) -> bpy.types.Node:
        """A texture node over object space, stretched and moved."""
        mapping = self.add("ShaderNodeMapping")
        mapping.inputs["Scale"].default_value = stretch
        mapping.inputs["Location"].default_value = at
        self.wire(self.coordinates, mapping.inputs["Vector"])
        node = self.add(kind, **values)
        self.wire(mapping.outputs["Vector"], node.inputs["Vector"])
        return node

    def noise(self, stretch: Triple = (1, 1, 1), **values: object) -> bpy.types.NodeSocket:
        return self.texture("ShaderNodeTexNoise", stretch, **values).outputs["Fac"]

    def math(self, operation: str, *values: bpy.types.NodeSocket | float) -> bpy.types.NodeSocket:
        node = self.add("ShaderNodeMath", operation=operation)
        for value, target in zip(values, node.inputs, strict=False):
            self.feed(value, target)
        return node.outputs[0]

    def wave(self, place: bpy.types.NodeSocket, frequency: float) -> bpy.types.NodeSocket:
        return self.math("COSINE", self.math("MULTIPLY", place, 2 * math.pi * frequency))

    def surface(self) -> tuple[bpy.types.NodeSocket, bpy.types.NodeSocket]:
        """Where on the surface a point lies: across and up, or across and back where the surface lies flat.

        What is even in both has no seam on a round part: there the first changes from x to y where they are as large.
        """
        place, normal = self.add("ShaderNodeSeparateXYZ"), self.add("ShaderNodeSeparateXYZ")
        self.wire(self.coordinates, place.inputs[0])
        self.wire(self.normal, normal.inputs[0])
        x, y, z = place.outputs
        facing_x, facing_y, facing_z = (self.math("ABSOLUTE", each) for each in normal.outputs)
        flat = self.math("GREATER_THAN", facing_z, 0.8)
        side = self.math("GREATER_THAN", facing_x, self.math("ADD", facing_y, flat))
        return (
            self.math("MULTIPLY_ADD", side, self.math("SUBTRACT", y, x), x),
            self.math("MULTIPLY_ADD", flat, self.math("SUBTRACT", y, z), z),
        )

    def ramp(self, factor: bpy.types.NodeSocket, stops: Sequence[tuple[float, Colour]]) -> bpy.types.NodeSocket:
        node = self.add("ShaderNodeValToRGB")
        elements = node.color_ramp.elements
        while len(elements) < len(stops):
            elements.new(0.5)
        for element, (position, colour) in zip(elements, stops, strict=True):
            element.position = position
            element.color = (*colour, 1)
        self.wire(factor, node.inputs["Fac"])
        return node.outputs["Color"]

    def mixed(
        self,
        a: bpy.types.NodeSocket | Colour,
        b: bpy.types.NodeSocket | Colour,
        share: bpy.types.NodeSocket | float,
        blend: str = "MIX",
    ) -> bpy.types.NodeSocket:
        node = self.add("ShaderNodeMix", data_type="RGBA", blend_type=blend)
        for value, target in zip((share, a, b), (0, 6, 7), strict=True):
            self.feed(value, node.inputs[target])
        return node.outputs[2]

    def paint(self, paint: Paint | bpy.types.NodeSocket) -> bpy.types.NodeSocket | Colour:
        if not isinstance(paint, Pattern):
            return paint
        across, up = self.surface()
        if paint.kind == "stripes":
            share = self.math("LESS_THAN", self.wave(up, 7.5), -0.45)
        elif paint.kind == "dots":
            share = self.math("LESS_THAN", self.math("MULTIPLY", self.wave(across, 4.5), self.wave(up, 4.5)), -0.38)
        elif paint.kind == "checks":
            bands = [self.math("LESS_THAN", self.wave(place, 6.0), -0.66) for place in (across, up)]
            share = self.math("MULTIPLY", self.math("ADD", *bands), 0.5)
        else:
            # Blocks that lie half a block higher on the right than on the left.
            place = self.add("ShaderNodeSeparateXYZ")
            self.wire(self.coordinates, place.inputs[0])
            right = self.math("GREATER_THAN", place.outputs[0], 0.0)
            moved = self.math("MULTIPLY_ADD", right, 1 / 3, up)
            share = self.math("LESS_THAN", self.wave(moved, 1.5), -0.5)
        return self.mixed(paint.main, paint.second, share)

    def colour(self, colour: Paint | bpy.types.NodeSocket) -> None:
        self.feed(self.paint(colour), self.shader.inputs["Base Color"])

    def shade(
        self,
        colour: Paint | bpy.types.NodeSocket,
        factor: bpy.types.NodeSocket,
        stops: Sequence[tuple[float, float | Colour]],
    ) -> None:
        """The colour, lighter and darker along a texture."""
        levels = self.ramp(factor, [(at, level if isinstance(level, tuple) else (level,) * 3) for at, level in stops])
        self.colour(self.mixed(self.paint(colour), levels, 1.0, "MULTIPLY"))

    def bump(self, height: bpy.types.NodeSocket, strength: float, distance: float = 0.02) -> None:
        node = self.add("ShaderNodeBump", strength=strength, distance=distance)
        self.wire(height, node.inputs["Height"])
        self.wire(node.outputs["Normal"], self.shader.inputs["Normal"])


def _mixed(a: Colour, b: Colour, share: float) -> Colour:
    return tuple(x + (y - x) * share for x, y in zip(a, b, strict=True))  # type: ignore[return-value]


def ceramic(colour: Paint, glossy: bool) -> bpy.types.Material:
    """Stoneware: a glaze with small dark speckles."""
    nodes = Nodes("ceramic")
    spots = nodes.texture("ShaderNodeTexVoronoi", scale=30)
    nodes.shade(colour, spots.outputs["Distance"], [(0.13, 0.2), (0.2, 1.0)])
    nodes.set(roughness=0.08 if glossy else 0.6, coat_weight=1.0 if glossy else 0.0, coat_roughness=0.03)
    return nodes.material


def glass(colour: Colour, glossy: bool) -> bpy.types.Material:
    nodes = Nodes("glass")
    nodes.colour(_mixed(colour, (1, 1, 1), 0.12))
    nodes.set(roughness=0.0 if glossy else 0.38, transmission_weight=0.94, ior=1.45)
    return nodes.material


def metal(colour: Colour, glossy: bool) -> bpy.types.Material:
    """Steel in the colour, brushed round its height; glossy is polished until the grooves are faint."""
    nodes = Nodes("metal")
    grooves = nodes.noise((1, 1, 28), scale=1.6, detail=3)
    low, high = (0.85, 1.08) if glossy else (0.55, 1.3)
    nodes.shade(_mixed(colour, (1, 1, 1), 0.06), grooves, [(0.3, low), (0.7, high)])
    nodes.set(metallic=0.92, roughness=0.14 if glossy else 0.36)
    if not glossy:
        nodes.bump(grooves, 0.35)
    return nodes.material


def brass(colour: Colour, glossy: bool) -> bpy.types.Material:
    """A coloured patina, worn through to the brass in places."""
    nodes = Nodes("brass")
    worn = nodes.ramp(nodes.noise(scale=3.6, detail=5, distortion=0.4), [(0.53, (0, 0, 0)), (0.6, (1, 1, 1))])
    nodes.colour(nodes.mixed(colour, (0.87, 0.56, 0.17), worn))
    nodes.wire(nodes.math("MULTIPLY_ADD", worn, 0.35, 0.65), nodes.shader.inputs["Metallic"])
    rough, bare = (0.26, 0.12) if glossy else (0.55, 0.3)
    nodes.wire(nodes.math("MULTIPLY_ADD", worn, bare - rough, rough), nodes.shader.inputs["Roughness"])
    return nodes.material


def leather(colour: Paint, glossy: bool) -> bpy.types.Material:
    nodes = Nodes("leather")
    grain = nodes.texture("ShaderNodeTexVoronoi", scale=32).outputs["Distance"]
    nodes.shade(colour, grain, [(0.0, 1.0), (0.5, 0.88), (0.9, 0.6)])
    nodes.bump(grain, 0.25, 0.02)
    nodes.set(roughness=0.25 if glossy else 0.62, coat_weight=0.5 if glossy else 0.0, coat_roughness=0.12)
    return nodes.material


def wood(colour: Colour, glossy: bool) -> bpy.types.Material:
    """Oak: straight light grain along the height, with fine dark pores."""
    nodes = Nodes("wood")
    across, up = nodes.surface()
    place = nodes.add("ShaderNodeCombineXYZ")
    nodes.wire(across, place.inputs[0])
    nodes.wire(nodes.math("MULTIPLY", up, 0.05), place.inputs[1])
    noise = nodes.add("ShaderNodeTexNoise", scale=24, detail=3)
    nodes.wire(place.outputs[0], noise.inputs["Vector"])
    grain = noise.outputs["Fac"]
    nodes.shade(colour, grain, [(0.3, (0.45, 0.36, 0.28)), (0.45, 0.82), (0.55, 1.06), (0.68, 1.25)])
    nodes.bump(grain, 0.15)
    nodes.set(roughness=0.22 if glossy else 0.65, coat_weight=0.7 if glossy else 0.0)
    return nodes.material


def walnut(colour: Colour, glossy: bool) -> bpy.types.Material:
    """Arched dark figure under fine streaks."""
    nodes = Nodes("walnut")
    # Level lines of a stretched noise are the arches of a plain-sawn board.
    figure = nodes.wave(nodes.noise((1, 0.7, 0.22), scale=2.2, detail=2, roughness=0.35), 9.0)
    streaks = nodes.noise((1, 1, 0.06), scale=30, detail=2)
    grain = nodes.math("ADD", nodes.math("MULTIPLY_ADD", figure, 0.4, 0.25), nodes.math("MULTIPLY", streaks, 0.5))
    dark, deep = (0.34, 0.25, 0.19), (0.66, 0.6, 0.55)
    nodes.shade(colour, grain, [(0.12, dark), (0.38, deep), (0.55, 1.0), (0.9, 1.12)])
    nodes.set(roughness=0.2 if glossy else 0.55, coat_weight=0.8 if glossy else 0.0)
    return nodes.material


def marble(colour: Colour, glossy: bool) -> bpy.types.Material:
    """Clouded stone in the colour; its veins are pale, or dark where the colour is pale."""
    nodes = Nodes("marble")
    pale = sum(colour) > 1.2
    clouds = nodes.noise((1, 1, 0.8), scale=2.2, detail=4, roughness=0.45, distortion=1.2)
    levels = nodes.ramp(clouds, [(0.32, (0.5,) * 3), (0.5, (1.0,) * 3), (0.62, (1.2,) * 3)])
    ridge = nodes.math("ABSOLUTE", nodes.math("SUBTRACT", clouds, 0.5))
    veins = nodes.ramp(ridge, [(0.005, (1, 1, 1)), (0.03, (0, 0, 0))])
    stone = nodes.mixed(colour, levels, 1.0, "MULTIPLY")
    nodes.colour(nodes.mixed(stone, (0.09, 0.09, 0.1) if pale else (0.85, 0.84, 0.82), veins))
    nodes.set(roughness=0.07 if glossy else 0.4, coat_weight=0.8 if glossy else 0.2, coat_roughness=0.05)
    return nodes.material


def cork(colour: Colour, glossy: bool) -> bpy.types.Material:
    """Stained granules pressed together, some of them dark."""
    nodes = Nodes("cork")
    granules = nodes.texture("ShaderNodeTexVoronoi", (1, 1, 1.2), scale=25)
    kind = nodes.add("ShaderNodeSeparateXYZ")
    nodes.wire(granules.outputs["Color"], kind.inputs[0])
    pale = nodes.math("MULTIPLY", nodes.math("GREATER_THAN", kind.outputs[1], 0.88), 0.6)
    stained = nodes.mixed(colour, (0.5, 0.31, 0.16), pale)
    nodes.shade(stained, kind.outputs[0], [(0.0, 0.2), (0.16, 0.42), (0.24, 0.75), (0.7, 1.02), (1.0, 1.35)])
    nodes.bump(granules.outputs["Distance"], 0.3)
    nodes.set(roughness=0.4 if glossy else 0.9, specular_ior_level=0.5 if glossy else 0.25)
    return nodes.material


def wicker(colour: Colour, glossy: bool) -> bpy.types.Material:
    """Canes woven in front of and behind upright stakes."""
    nodes = Nodes("wicker")
    across, up = nodes.surface()
    row = nodes.math("MULTIPLY", up, 17.0)
    odd = nodes.math(
        "SUBTRACT", nodes.math("MULTIPLY", nodes.math("FLOORED_MODULO", nodes.math("FLOOR", row), 2.0), 2), 1
    )
    cane = nodes.math("ABSOLUTE", nodes.math("SINE", nodes.math("MULTIPLY", row, math.pi)))
    stakes = nodes.wave(across, 5.0)
    over = nodes.math("MULTIPLY_ADD", nodes.math("MULTIPLY", stakes, odd), 0.5, 0.5)
    stake = nodes.math("MULTIPLY", nodes.math("POWER", nodes.math("ABSOLUTE", stakes), 6.0), 0.55)
    height = nodes.math("MAXIMUM", nodes.math("MULTIPLY", cane, over), stake)
    nodes.shade(colour, height, [(0.0, 0.06), (0.25, 0.45), (0.6, 1.1), (1.0, 1.35)])
    nodes.bump(height, 0.8, 0.04)
    nodes.set(roughness=0.3 if glossy else 0.6)
    return nodes.material


def plastic(colour: Paint, glossy: bool) -> bpy.types.Material:
    nodes = Nodes("plastic")
    nodes.colour(colour)
    nodes.set(roughness=0.14 if glossy else 0.42, subsurface_weight=0.05)
    return nodes.material


def rubber(colour: Paint, glossy: bool) -> bpy.types.Material:
    """Dull and a little chalky, with broad highlights."""
    nodes = Nodes("rubber")
    nodes.shade(colour, nodes.noise(scale=9, detail=4), [(0.3, 0.86), (0.7, 1.05)])
    nodes.set(
        roughness=0.5 if glossy else 0.72,
        specular_ior_level=0.4,
        sheen_weight=0.12,
        sheen_roughness=0.5,
    )
    return nodes.material


def fabric(colour: Paint, glossy: bool) -> bpy.types.Material:
    """Canvas: a coarse plain weave of lighter warp and darker weft; glossy is satin."""
    nodes = Nodes("fabric")
    across, up = nodes.surface()
    weave = nodes.math("MULTIPLY", nodes.wave(across, 21.0), nodes.wave(up, 21.0))
    threads = nodes.math("MULTIPLY_ADD", weave, 0.5, 0.5)
    nodes.shade(colour, threads, [(0.0, 0.82), (0.2, 0.8), (0.45, 0.42), (0.7, 1.1), (1.0, 1.2)])
    nodes.bump(nodes.math("ABSOLUTE", weave), 0.6, 0.03)
    nodes.set(roughness=0.42 if glossy else 0.95, sheen_weight=0.2 if glossy else 0.4)
    return nodes.material


def felt(colour: Paint, glossy: bool) -> bpy.types.Material:
    """Matted fibres that catch the light at the edges; glossy is pressed."""
    nodes = Nodes("felt")
    fibres = nodes.noise(scale=15, detail=4, roughness=0.7, distortion=3.0)
    nodes.shade(colour, fibres, [(0.36, 0.58), (0.5, 0.98), (0.63, 1.32)])
    nodes.bump(fibres, 0.25, 0.03)
    nodes.set(
        roughness=0.7 if glossy else 1.0,
        specular_ior_level=0.3 if glossy else 0.1,
        sheen_weight=0.2 if glossy else 0.5,
        sheen_roughness=0.4,
    )
    return nodes.material


def scale_textures(factor: float) -> None:
    """Makes the textures of all materials so far that many times finer: products are built in sizes of their own."""
    for material in bpy.data.materials:
        if node := material.node_tree.nodes.get(_TEXTURE_SCALE):
            node.inputs["Scale"].default_value = factor


def plain(colour: Colour, roughness: float = 0.4, metallic: float = 0.0) -> bpy.types.Material:
    """Small parts that keep their own look: buckles, feet, dials."""
    nodes = Nodes("plain")
    nodes.colour(colour)
    nodes.set(roughness=roughness, metallic=metallic)
    return nodes.material


_MATERIALS = {
    "ceramic": ceramic,
    "glass": glass,
    "metal": metal,
    "leather": leather,
    "wood": wood,
    "plastic": plastic,
    "fabric": fabric,
    "brass": brass,
    "felt": felt,
    "walnut": walnut,
    "marble": marble,
    "rubber": rubber,
    "cork": cork,
    "wicker": wicker,
}

_CHARCOAL = (0.035, 0.037, 0.04)


def _paint_of(scene: Scene) -> Paint:
    main = scene_colour(scene)
    if not scene.pattern or scene.material in GRAINED:
        return main
    if scene.accent:
        return Pattern(scene.pattern, main, linear([c / 255 for c in COLOURS[scene.accent]]))
    pale = scene.colour in ("white", "beige", "yellow")
    return Pattern(scene.pattern, main, _CHARCOAL if pale else linear([c / 255 for c in COLOURS["white"]]))


def look_of(scene: Scene) -> Look:
    """The materials and proportions of a scene's product."""
    return Look(
        skin=_MATERIALS[scene.material](_paint_of(scene), scene.finish == "glossy"),
        accent=plain(linear([c / 255 for c in COLOURS[scene.accent]]), 0.3) if scene.accent else None,
        s=scene.shape,
        silhouette=PRODUCTS[scene.product].silhouettes[scene.silhouette],
    )
