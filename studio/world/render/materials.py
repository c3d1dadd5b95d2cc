"""Materials as Blender node trees. Textures sit in object space, so that a scene record fixes every grain."""

from __future__ import annotations

import colorsys
from collections.abc import Sequence

import bpy

from studio.world.scene import COLOURS, Scene

Colour = tuple[float, float, float]
Triple = tuple[float, float, float]


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
    """A material's node tree with a Principled BSDF, and the few calls that wire one."""

    def __init__(self, name: str) -> None:
        self.material = bpy.data.materials.new(name)
        self.material.use_nodes = True
        self.tree = self.material.node_tree
        self.shader = self.tree.nodes["Principled BSDF"]
        self.coordinates = self.add("ShaderNodeTexCoord").outputs["Object"]

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

    def colour(self, colour: Colour | bpy.types.NodeSocket) -> None:
        if isinstance(colour, bpy.types.NodeSocket):
            self.wire(colour, self.shader.inputs["Base Color"])
        else:
            self.shader.inputs["Base Color"].default_value = (*colour, 1)

    def bump(self, height: bpy.types.NodeSocket, strength: float, distance: float = 0.02) -> None:
        node = self.add("ShaderNodeBump", strength=strength, distance=distance)
        self.wire(height, node.inputs["Height"])
        self.wire(node.outputs["Normal"], self.shader.inputs["Normal"])


def _scaled(colour: Colour, factor: float) -> Colour:
    return tuple(min(c * factor, 1.0) for c in colour)  # type: ignore[return-value]


def _mixed(a: Colour, b: Colour, share: float) -> Colour:
    return tuple(x + (y - x) * share for x, y in zip(a, b, strict=True))  # type: ignore[return-value]


def ceramic(colour: Colour, glossy: bool) -> bpy.types.Material:
    """Stoneware: a glaze with small dark speckles."""
    nodes = Nodes("ceramic")
    spots = nodes.texture("ShaderNodeTexVoronoi", scale=30)
    dark = _mixed(_scaled(colour, 0.25), (0.05, 0.03, 0.02), 0.4)
    nodes.colour(nodes.ramp(spots.outputs["Distance"], [(0.0, dark), (0.13, dark), (0.2, colour), (1.0, colour)]))
    nodes.set(roughness=0.08 if glossy else 0.6, coat_weight=1.0 if glossy else 0.0, coat_roughness=0.03)
    return nodes.material


def glass(colour: Colour, glossy: bool) -> bpy.types.Material:
    nodes = Nodes("glass")
    nodes.colour(_mixed(colour, (1, 1, 1), 0.12))
    nodes.set(roughness=0.0 if glossy else 0.38, transmission_weight=0.94, ior=1.45)
    return nodes.material


def metal(colour: Colour, glossy: bool) -> bpy.types.Material:
    """Polished, or brushed with fine grooves round the height."""
    nodes = Nodes("metal")
    nodes.colour(_mixed(colour, (1, 1, 1), 0.06))
    nodes.set(metallic=0.92, roughness=0.14 if glossy else 0.42)
    if not glossy:
        grooves = nodes.texture("ShaderNodeTexNoise", (1, 1, 40), scale=3, detail=3)
        nodes.bump(grooves.outputs["Fac"], 0.35)
    return nodes.material


def leather(colour: Colour, glossy: bool) -> bpy.types.Material:
    nodes = Nodes("leather")
    grain = nodes.texture("ShaderNodeTexVoronoi", scale=32)
    nodes.colour(
        nodes.ramp(
            grain.outputs["Distance"], [(0.0, colour), (0.5, _scaled(colour, 0.88)), (0.9, _scaled(colour, 0.6))]
        )
    )
    nodes.bump(grain.outputs["Distance"], 0.4, 0.02)
    nodes.set(roughness=0.25 if glossy else 0.62, coat_weight=0.5 if glossy else 0.0, coat_roughness=0.12)
    return nodes.material


def wood(colour: Colour, glossy: bool, size: float = 1.0) -> bpy.types.Material:
    nodes = Nodes("wood")
    grain = nodes.texture("ShaderNodeTexWave", (1, 1, 0.12), scale=6.5 / size, distortion=4, detail=3, detail_scale=1.6)
    dark = _mixed(_scaled(colour, 0.55), (0.09, 0.045, 0.02), 0.2)
    nodes.colour(nodes.ramp(grain.outputs["Fac"], [(0.0, dark), (0.45, colour), (1.0, _scaled(colour, 1.12))]))
    nodes.bump(grain.outputs["Fac"], 0.15)
    nodes.set(roughness=0.22 if glossy else 0.65, coat_weight=0.7 if glossy else 0.0)
    return nodes.material


def plastic(colour: Colour, glossy: bool) -> bpy.types.Material:
    nodes = Nodes("plastic")
    nodes.colour(colour)
    nodes.set(roughness=0.16 if glossy else 0.55, subsurface_weight=0.05)
    return nodes.material


def fabric(colour: Colour, glossy: bool) -> bpy.types.Material:
    """A coarse plain weave; glossy is satin."""
    nodes = Nodes("fabric")
    warp = nodes.texture("ShaderNodeTexWave", scale=14, distortion=0.6, detail=1)
    weft = nodes.texture("ShaderNodeTexWave", scale=14, distortion=0.6, detail=1, bands_direction="Z")
    weave = nodes.add("ShaderNodeMath", operation="MULTIPLY")
    nodes.wire(warp.outputs["Fac"], weave.inputs[0])
    nodes.wire(weft.outputs["Fac"], weave.inputs[1])
    nodes.colour(
        nodes.ramp(weave.outputs[0], [(0.0, _scaled(colour, 0.5)), (0.6, colour), (1.0, _scaled(colour, 1.15))])
    )
    nodes.bump(weave.outputs[0], 0.6, 0.03)
    nodes.set(roughness=0.42 if glossy else 0.95, sheen_weight=0.2 if glossy else 0.5)
    return nodes.material


def plain(colour: Colour, roughness: float = 0.4, metallic: float = 0.0) -> bpy.types.Material:
    """Small parts that keep their own look: buckles, feet, dials."""
    nodes = Nodes("plain")
    nodes.colour(colour)
    nodes.set(roughness=roughness, metallic=metallic)
    return nodes.material


def of_scene(scene: Scene) -> bpy.types.Material:
    draw = {
        "ceramic": ceramic,
        "glass": glass,
        "metal": metal,
        "leather": leather,
        "wood": wood,
        "plastic": plastic,
        "fabric": fabric,
    }[scene.material]
    return draw(scene_colour(scene), scene.finish == "glossy")
