"""Renders plates: the scenes of the world, empty, for photographed products to be placed on.

    python -m studio.world.render.plates --out assets/plates

Each plate is a WebP and an entry of `index.json` (see `studio.editing.plates`): where a product of size 1 would stand
and how large it would be there, from where the light comes, and where the floor ends. The camera is focused on the
product, so that what is far behind is a little soft. What is in the folder already is kept.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import bpy
from bpy_extras.object_utils import world_to_camera_view
from mathutils import Vector
from PIL import Image

from studio.world.render.draw import _configure, _render
from studio.world.render.stage import bounds, build_backdrop, build_lights, frame
from studio.world.scene import Scene, sample_scene

WIDTH, HEIGHT = 1024, 682
SAMPLES = 6
QUALITY = 90
_FSTOP = 0.7
_VIEWS = {"standing": (12.0, 0.5), "lying": (89.9, 0.6)}  # degrees above the horizon, share of the height

#: From where the key light comes (degrees to the right and up), and how soft it is.
_SOFT, _HARD = (-52.0, 52.0, 0.75), (-42.0, 42.0, 0.12)

_STANDING = (
    *("sunlit wall", "concrete floor", "podium", "linen cloth", "window light", "black studio", "low key", "shelf"),
    *("colour gels", "grey studio", "white studio", "wooden table", "marble counter"),
)
_LYING = ("wooden table", "linen cloth", "concrete floor", "grey studio", "marble counter", "sunlit wall", "low key")
_SUNNY = ("window light", "sunlit wall")  # where the light has a shape


@dataclass(frozen=True, kw_only=True)
class Plate:
    """What is rendered: a scene, and how the product is seen in it."""

    scene: str
    view: str

    @property
    def name(self) -> str:
        return f"{self.view}-{self.scene}".replace(" ", "-")


PLATES = tuple(
    Plate(scene=scene, view=view) for view, scenes in (("standing", _STANDING), ("lying", _LYING)) for scene in scenes
)


def draw_plate(plate: Plate, threads: int = 1) -> tuple[Image.Image, dict[str, object]]:
    """An RGB image of WIDTH x HEIGHT and its entry in the index, but for the file's name."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    _configure(HEIGHT, threads)
    bpy.context.scene.render.resolution_x = WIDTH
    bpy.context.scene.cycles.denoising_prefilter = "ACCURATE"
    bpy.context.scene.cycles.denoising_quality = "BALANCED"
    scene = _scene_of(plate)
    frame(scene, _stand_in(lying=plate.view == "lying"))
    camera = bpy.context.scene.camera
    camera.data.sensor_fit = "VERTICAL"
    camera.data.dof.use_dof = True
    camera.data.dof.focus_distance = (camera.location - Vector((0, 0, 0.3))).length
    camera.data.dof.aperture_fstop = _FSTOP
    build_lights(scene)
    build_backdrop(scene)
    for part in bpy.data.objects["product"].children_recursive:
        part.hide_render = True
    with tempfile.TemporaryDirectory() as folder:
        pixels = _render(f"{folder}/plate.png", SAMPLES, True, False)[..., :3]
    left, right = (_seen((x, 0, 0)) for x in (-0.5, 0.5))
    entry = {
        "scene": plate.scene,
        "view": plate.view,
        "stand": [round(value, 4) for value in _seen((0, 0, 0))],
        "unit": round(right[0] - left[0], 4),
        "floor_end": _floor_end(scene),
        "camera": scene.elevation,
        "azimuth": scene.light_azimuth,
        "elevation": scene.light_elevation,
        "softness": scene.softness,
    }
    return Image.fromarray(pixels), entry


def _scene_of(plate: Plate) -> Scene:
    azimuth, light, softness = _HARD if plate.scene in _SUNNY else _SOFT
    elevation, fill = _VIEWS[plate.view]
    return replace(
        sample_scene(0),
        scene=plate.scene,
        azimuth=0.0,
        elevation=elevation,
        fill=fill,
        light_azimuth=azimuth,
        light_elevation=light,
        softness=softness,
        warmth=0.0,
    )


def _stand_in(*, lying: bool) -> list[bpy.types.Object]:
    """A box where the product would be, which is not rendered."""
    bpy.ops.mesh.primitive_cube_add(size=1)
    box = bpy.context.object
    box.scale = (1, 1, 0.04) if lying else (1, 0.6, 1)
    bounds([box])
    return [box]


def _seen(point: Sequence[float]) -> tuple[float, float]:
    """Where a point of the world is in the picture: from the left in widths, from the top in heights."""
    x, y, _ = world_to_camera_view(bpy.context.scene, bpy.context.scene.camera, Vector(point))
    return x, 1 - y


def _floor_end(scene: Scene) -> float | None:
    """Where the floor ends, from the top in heights; None where there is no such line."""
    bpy.context.view_layer.update()
    edges = {"wooden table": 1.5, "marble counter": 1.5, "concrete floor": 2.2, "low key": 2.2}
    near = {"window light": 0.4, "sunlit wall": 0.4, "shelf": 0.15}
    if scene.elevation > 60 or scene.scene not in {**edges, **near}:
        return None
    parts = bpy.data.objects["product"].children_recursive
    depth = edges.get(scene.scene) or bounds(parts)[1].y + near[scene.scene]
    return round(_seen((0, depth, 0))[1], 4)


def main() -> None:
    parser = argparse.ArgumentParser(description="Render the plates.")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--only", default="", help="those whose name has this in it")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    index = options.out / "index.json"
    entries: dict[str, dict[str, object]] = json.loads(index.read_text()) if index.exists() else {}
    for plate in PLATES:
        path = options.out / f"{plate.name}.webp"
        if path.exists() or options.only not in plate.name:
            continue
        image, entry = draw_plate(plate)
        image.save(path, "WEBP", quality=QUALITY, method=6)
        entries[plate.name] = entry
        index.write_text(json.dumps(entries, indent=1) + "\n")


if __name__ == "__main__":
    main()
