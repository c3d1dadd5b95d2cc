"""Reads folders of renders: `records.jsonl`, one scene record a line, and RGBA files; alpha is the product mask."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from studio.data.renders import read_records as read_folder
from studio.errors import InputError
from studio.world.scene import CORE_ATTRIBUTES, EXTRA_ATTRIBUTES, Scene


@dataclass(frozen=True, kw_only=True)
class Records:
    """Scenes and the files that show them, in the order of their seeds."""

    scenes: tuple[Scene, ...]
    files: tuple[Path, ...]


@dataclass(frozen=True, kw_only=True)
class Renders:
    """Scenes with their pixels: `images` [n, 3, size, size] and `masks` [n, size, size], both uint8."""

    scenes: tuple[Scene, ...]
    images: Tensor
    masks: Tensor


def read_records(folders: Sequence[Path]) -> Records:
    """The records of all folders whose files are there, by seed; of a folder named twice, once.

    Raises InputError where there are none.
    """
    found = [pair for folder in dict.fromkeys(folders) for pair in read_folder(folder)]
    found.sort(key=lambda pair: (pair[1].seed, pair[0]))
    return Records(scenes=tuple(scene for _, scene in found), files=tuple(path for path, _ in found))


def description(scene: Scene) -> dict[str, str]:
    """The attributes of a scene that no camera or light changes, as a caption says them: one that says no second
    colour, pattern or pair is of a scene without."""
    return {group: name for group in CORE_ATTRIBUTES + EXTRA_ATTRIBUTES if (name := getattr(scene, group))}


def twins(scenes: Sequence[Scene], count: int, *, seed: int) -> list[tuple[int, int]]:
    """Places of `count` pairs of scenes of one description, or of all there are, each scene in one pair at most."""
    waiting: dict[tuple[tuple[str, str], ...], int] = {}
    pairs: list[tuple[int, int]] = []
    for place, scene in enumerate(scenes):
        described = tuple(description(scene).items())
        if described in waiting:
            pairs.append((waiting.pop(described), place))
        else:
            waiting[described] = place
    random.Random(seed).shuffle(pairs)
    return pairs[:count]


def read_image(path: Path, size: int) -> Tensor:
    """An RGBA render as uint8 [4, size, size], scaled down with an antialiasing filter where it is larger.

    Colour and alpha are scaled apart: alpha is a label here, and must not weight the colour. Raises InputError where it
    is smaller, as it would be blurred.
    """
    with Image.open(path) as opened:
        image = opened.convert("RGBA")
    if min(image.size) < size:
        raise InputError(
            f"{path} is {image.width} px, and {size} px are needed.", f"Render with --size {size} or more."
        )
    colour, mask = image.convert("RGB"), image.getchannel("A")
    if image.size != (size, size):
        colour = colour.resize((size, size), Image.Resampling.LANCZOS)
        mask = mask.resize((size, size), Image.Resampling.BOX)
    pixels = np.concatenate([np.asarray(colour), np.asarray(mask)[..., None]], axis=2)
    return torch.from_numpy(pixels).permute(2, 0, 1)  # pyright: ignore[reportUnknownMemberType]


def read_renders(records: Records, size: int) -> Renders:
    pixels = torch.stack([read_image(path, size) for path in records.files])
    return Renders(scenes=records.scenes, images=pixels[:, :3].contiguous(), masks=pixels[:, 3].contiguous())


def to_float(images: Tensor) -> Tensor:
    """uint8 0..255 to float -1..1."""
    return images.float() / 127.5 - 1
