"""Product pictures drawn from shapes, with exact masks, and a darkroom that serves them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from studio.campaign.sources import Darkroom, Picture
from studio.campaign.subject import Subject
from studio.errors import InputError

RED = (200, 30, 40)


def scene(width: int = 160, height: int = 160, seed: int = 0) -> Image.Image:
    """A grainy wall above a darker floor, with light from the left."""
    random = np.random.default_rng(seed)
    pixels = np.empty((height, width, 3))
    pixels[: height * 6 // 10] = (205, 200, 190)
    pixels[height * 6 // 10 :] = (150, 120, 95)
    pixels += np.linspace(15, -15, width)[None, :, None] + random.normal(0, 3, (height, width, 1))
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


def product(
    width: int = 160, height: int = 160, box: tuple[int, int, int, int] = (50, 40, 110, 130), seed: int = 0
) -> tuple[Image.Image, Image.Image]:
    """A picture with a red disc with a blue stripe in `box`, and its mask."""
    image, mask = scene(width, height, seed), Image.new("L", (width, height), 0)
    left, top, right, bottom = box
    ImageDraw.Draw(mask).ellipse((left, top, right - 1, bottom - 1), fill=255)
    thing = Image.new("RGB", (width, height), RED)
    ImageDraw.Draw(thing).rectangle((0, (top + bottom) // 2 - 6, width, (top + bottom) // 2 + 6), fill=(30, 40, 160))
    image.paste(thing, mask=mask)
    return image, mask


def subject() -> Subject:
    return Subject(*product())


def by_colour(image: Image.Image) -> Image.Image:
    """Where the disc is: what is far redder or bluer than grey. Raises InputError where there is none."""
    pixels = np.asarray(image.convert("RGB")).astype(int)
    found = (np.ptp(pixels, axis=-1) > 90).astype(np.uint8) * 255
    if not found.any():
        raise InputError("No product was found.", "Take another picture.")
    return Image.fromarray(found)


@dataclass
class FakeDarkroom:
    """Draws discs; remembers for which prompts and seeds it was asked."""

    attributes: Mapping[str, str] = field(default_factory=lambda: {"product": "mug", "colour": "red"})
    drawn: list[tuple[str, int]] = field(default_factory=list[tuple[str, int]])
    masks: int = 0

    def draw(self, prompt: str, seed: int) -> Picture:
        if "dragon" in prompt:
            raise InputError("This studio doesn't draw dragons.", "Leave out “dragon”.")
        self.drawn.append((prompt, seed))
        image, _ = product(seed=seed)
        return Picture(image=image, origin="drawn", attributes=self.attributes, made={"prompt": prompt, "seed": seed})

    def kept(self, sha256: str) -> Picture:
        image, _ = product()
        return Picture(image=image, origin="altered", attributes={}, made={"sha256": sha256})

    def product_mask(self, image: Image.Image) -> Image.Image:
        self.masks += 1
        return by_colour(image)

    def restage(self, image: Image.Image, mask: Image.Image, text: str, seed: int) -> Image.Image:
        return Image.composite(image, Image.new("RGB", image.size, (90, 140, 100)), mask)

    @property
    def darkroom(self) -> Darkroom:
        return Darkroom(
            draw=self.draw,
            kept=self.kept,
            known=lambda pixels_sha256: None,
            product_mask=self.product_mask,
            restage=self.restage,
            read=lambda text: {"product": "mug"} if "mug" in text else {},
            model="fake",
        )


def save_photo(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    product()[0].save(path)
    return path
