"""Renders scenes to RGBA files: colour as seen, alpha as the product mask."""

from __future__ import annotations

import json
import os
import random
import tempfile
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

import bpy
import numpy as np
from PIL import Image

from studio.world.render.materials import look_of, scale_textures
from studio.world.render.products import BUILDERS
from studio.world.render.stage import bounds, build_backdrop, build_lights, frame, second_of_pair
from studio.world.scene import PRODUCTS, Scene, sample_edit, sample_scene

SAMPLES = 4
EDIT_EVERY = 4
#: The size of the product that textures are made for.
TEXTURED_SIZE = 1.2


def _clear() -> None:
    """Takes all out of Blender that an earlier scene left. Its factory settings, read anew, would do so too; but that
    takes a quarter of a small picture's time, and each reading leaves handlers behind, which the next ones call."""
    _read_factory_settings()
    data = bpy.data
    for kind in (data.objects, data.meshes, data.curves, data.materials, data.lights, data.cameras, data.worlds):
        data.batch_remove(list(kind))
    bpy.context.view_layer.material_override = None


@cache
def _read_factory_settings() -> None:
    """Once in a process."""
    bpy.ops.wm.read_factory_settings(use_empty=True)


def _configure(size: int, threads: int) -> None:
    scene = bpy.context.scene
    scene.render.engine = "CYCLES"
    scene.render.resolution_x = scene.render.resolution_y = size
    scene.render.resolution_percentage = 100
    scene.render.image_settings.file_format = "PNG"
    scene.render.image_settings.color_mode = "RGBA"
    scene.render.image_settings.compression = 0
    scene.render.threads_mode = "FIXED"
    scene.render.threads = threads
    scene.cycles.device = "CPU"
    scene.cycles.use_adaptive_sampling = False
    scene.cycles.use_light_tree = False  # for the few lights here it costs a fifth of the time and gains nothing
    scene.cycles.max_bounces = 6
    scene.cycles.diffuse_bounces = 2
    scene.cycles.glossy_bounces = 3
    scene.cycles.transmission_bounces = 5
    scene.cycles.caustics_reflective = scene.cycles.caustics_refractive = False
    scene.cycles.seed = 0
    scene.cycles.denoiser = "OPENIMAGEDENOISE"
    scene.cycles.denoising_prefilter = "FAST"
    scene.cycles.denoising_quality = "FAST"
    # Khronos' neutral tone map keeps the base colour of products, which filmic ones wash out.
    scene.view_settings.view_transform = "Khronos PBR Neutral"


def _render(path: str, samples: int, denoise: bool, transparent: bool) -> np.ndarray:
    scene = bpy.context.scene
    scene.cycles.samples = samples
    scene.cycles.use_denoising = denoise
    scene.render.film_transparent = transparent
    scene.render.filepath = path
    bpy.ops.render.render(write_still=True)
    with Image.open(path) as image:
        return np.asarray(image.convert("RGBA"))


def draw_scene(scene: Scene, size: int, threads: int = 1) -> Image.Image:
    """Renders one scene as an RGBA image of `size` x `size`; alpha is the product mask."""
    _clear()
    _configure(size, threads)
    BUILDERS[scene.product](look_of(scene))
    parts = list(bpy.context.scene.collection.objects)
    low, high = bounds(parts)
    scale_textures(TEXTURED_SIZE / max(high - low))
    if scene.number == "pair":
        parts += second_of_pair(parts)
    frame(scene, parts)
    build_lights(scene)
    build_backdrop(scene)
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "image.png")
        colour = _render(path, SAMPLES, True, False)[..., :3]
        for item in bpy.context.scene.objects:
            item.hide_render = item.name.startswith("backdrop")
        bpy.context.view_layer.material_override = bpy.data.materials.new("mask")
        mask = _render(path, 4, False, True)[..., 3:]
    return Image.fromarray(np.concatenate([colour, mask], axis=2), "RGBA")


def draw_many(
    *,
    count: int,
    seed: int,
    size: int,
    out: Path,
    held_out: bool = False,
    products: Sequence[str] = tuple(PRODUCTS),
    threads: int = 1,
    on_done: Callable[[], None] | None = None,
) -> None:
    """Renders the scenes of seeds `seed` .. `seed + count - 1` into `out`; what is there is kept.

    A quarter of them are drawn a second time with one thing changed, into `out/edits` and `edits.jsonl`. Several
    processes can share a folder: each goes through the seeds in an order of its own and skips what another has
    finished. A file appears under its name only when it is whole; its record is one line of `records.jsonl`.
    """
    for folder in ("images", "edits"):
        (out / folder).mkdir(parents=True, exist_ok=True)
    seeds = list(range(seed, seed + count))
    random.Random(os.getpid()).shuffle(seeds)
    for each in seeds:
        scene = sample_scene(each, held_out=held_out, products=products)
        drawn = _draw_once(scene, size, threads, out / "images", out / "records.jsonl")
        if each % EDIT_EVERY == 0:
            _draw_once(sample_edit(scene), size, threads, out / "edits", out / "edits.jsonl")
        if drawn and on_done:
            on_done()


def _draw_once(scene: Scene, size: int, threads: int, folder: Path, records: Path) -> bool:
    """Whether it had still to be drawn."""
    path = folder / f"{scene.seed:08d}.png"
    if path.exists():
        return False
    image = draw_scene(scene, size, threads)
    partial = path.with_suffix(f".{os.getpid()}.partial")
    image.save(partial, "PNG")
    line = json.dumps({"file": f"{folder.name}/{path.name}"} | scene.to_record()) + "\n"
    with open(records, "a", encoding="utf-8") as file:
        file.write(line)
    partial.rename(path)
    return True
