"""A toy product world: squares and discs in flat colours on two backdrops, drawn in no time."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from studio.world.scene import COLOURS, Scene, sample_scene

BACKDROPS = {"white studio": 235, "black studio": 10}


def toy_scene(seed: int) -> Scene:
    """A scene of few classes: mugs or bottles, red or blue, ceramic, glossy, on white or black."""
    return replace(
        sample_scene(seed),
        product=("mug", "bottle")[seed % 2],
        colour=("red", "blue")[seed // 2 % 2],
        material="ceramic",
        finish="glossy",
        scene=("white studio", "black studio")[seed // 4 % 2],
        accent=None,
        pattern=None,
        number=None,
        silhouette=0,
    )


def draw_toy(scene: Scene, size: int) -> Image.Image:
    """A mug is a disc, a bottle a tall box; alpha is where it is."""
    rng = np.random.default_rng(scene.seed)
    y, x = np.mgrid[:size, :size]
    centre_x, centre_y = size / 2 + rng.uniform(-3, 3, 2)
    if scene.product == "mug":
        mask = np.hypot(x - centre_x, y - centre_y) < 0.3 * size
    else:
        mask = (abs(x - centre_x) < 0.12 * size) & (abs(y - centre_y) < 0.4 * size)
    colour = np.where(mask[..., None], COLOURS[scene.colour], BACKDROPS[scene.scene])
    colour = np.clip(colour + rng.normal(0, 3, colour.shape), 0, 255)
    return Image.fromarray(np.dstack([colour, 255 * mask]).astype(np.uint8), "RGBA")


def write_toys(folder: Path, *, seeds: range, size: int = 32) -> Path:
    """Fills a folder as `studio world render` does."""
    (folder / "images").mkdir(parents=True)
    with (folder / "records.jsonl").open("w", encoding="utf-8") as records:
        for seed in seeds:
            scene = toy_scene(seed)
            name = f"images/{seed:08d}.png"
            draw_toy(scene, size).save(folder / name)
            records.write(json.dumps({"file": name} | scene.to_record()) + "\n")
    return folder
