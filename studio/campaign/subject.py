"""The product of an advert: its picture, where it is in it, what is behind it. Made ready once for many adverts."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops, ImageFilter

from studio.campaign.box import Box
from studio.campaign.colours import Palette, palette_of
from studio.errors import InputError
from studio.imaging import check_mask

Upscale = Callable[[Image.Image, int], Image.Image]
Floats = NDArray[np.floating[Any]]

#: What has this much of the mask, of 255, is product.
SOLID = 24
#: Less of the picture than this is no product that was found, and more than this is no mask.
_LEAST_SHARE, _MOST_SHARE = 0.004, 0.97
#: Enlarged more than this, what was drawn goes through the upscaler.
_SOFT = 1.2
_ODD = 2  # pixels
_PLATE_SIDE = 512  # pixels: what is behind the product is needed where the picture is extended alone, and that is soft


class Subject:
    """A picture of a product (RGB) with its mask (L, white = product, same size), made ready. Any number of threads may
    use it."""

    def __init__(self, image: Image.Image, mask: Image.Image, upscale: Upscale | None = None) -> None:
        """`upscale` enlarges twice or four times what is shown larger than it is; without it pixels are resampled.

        Raises InputError where the mask has no product in it, or nothing else.
        """
        check_mask(mask, image.size)
        solid = mask.point([255 if value >= SOLID else 0 for value in range(256)])
        found = solid.getbbox()
        share = solid.histogram()[255] / (solid.width * solid.height)
        if found is None or share < _LEAST_SHARE:
            raise InputError("No product was found in the picture.", "Take one with the product on a calm ground.")
        if share > _MOST_SHARE:
            raise InputError("The picture shows nothing but product.", "Take one with some ground around it.")
        self.image = image
        self.mask = mask
        self.box = Box(left=found[0], top=found[1], right=found[2], bottom=found[3])
        self._upscale = upscale
        self._enlarged: dict[int, tuple[Image.Image, Image.Image]] = {}
        self._lock = threading.RLock()

    @property
    def touches_edge(self) -> bool:
        """Whether the photo cuts the product off."""
        return (
            self.box.left <= 0
            or self.box.top <= 0
            or self.box.right >= self.image.width
            or self.box.bottom >= self.image.height
        )

    @cached_property
    def foot(self) -> Box:
        """Where it touches the ground: the lowest eighth of it."""
        top = round(self.box.bottom - max(1.0, self.box.height / 8))
        part = self.mask.crop((0, top, self.mask.width, round(self.box.bottom)))
        left, _, right, _ = (
            part.point([255 if value > 128 else 0 for value in range(256)]).getbbox()
            or part.getbbox()
            or (0, 0, self.mask.width, 0)
        )
        return Box(left=left, top=top, right=right, bottom=self.box.bottom)

    @cached_property
    def soft_mask(self) -> Image.Image:
        """The mask for enlarging: without the steps of its pixels."""
        return self.mask.filter(ImageFilter.GaussianBlur(0.6))

    @cached_property
    def palette(self) -> Palette:
        return palette_of(self.image, self.mask)

    @cached_property
    def plate(self) -> Image.Image:
        """The scene without the product, at most 512 pixels wide and high: the hole is filled smoothly."""
        scale = min(1.0, _PLATE_SIDE / max(self.image.size))
        size = max(1, round(self.image.width * scale)), max(1, round(self.image.height * scale))
        small = self.image.resize(size, Image.Resampling.BOX)
        grown = max(3, round(max(size) * 0.05)) // 2 * 2 + 1
        hole = self.mask.resize(size, Image.Resampling.BOX).point([255 if value > 4 else 0 for value in range(256)])
        hole = hole.filter(ImageFilter.MaxFilter(grown))
        known = 1 - np.asarray(hole, dtype=np.float32) / 255
        # The outermost pixels are often odd, and would be seen again and again where the scene goes on.
        known[:_ODD], known[-_ODD:], known[:, :_ODD], known[:, -_ODD:] = 0, 0, 0, 0
        return _to_image(filled(np.asarray(small, dtype=np.float32), known))

    @cached_property
    def cutout(self) -> Image.Image:
        """The product's own colours, carried on a little over its edge, so that no scene shows through a soft edge."""
        whole = self.mask.point([255 if value >= 250 else 0 for value in range(256)])
        solid = whole.filter(ImageFilter.MinFilter(3))
        if self._upscale is not None:  # what was drawn is soft for two pixels at its edge, but thin parts are all edge
            thick = whole.filter(ImageFilter.MinFilter(5))
            solid = ImageChops.lighter(thick, ImageChops.subtract(solid, thick.filter(ImageFilter.MaxFilter(5))))
        scale = min(1.0, _PLATE_SIDE / max(self.image.size))
        size = max(1, round(self.image.width * scale)), max(1, round(self.image.height * scale))
        inside = np.asarray(solid.resize(size, Image.Resampling.BOX), dtype=np.float32) / 255
        if not inside.any():
            return self.image
        colours = filled(np.asarray(self.image.resize(size, Image.Resampling.BOX), dtype=np.float32), inside)
        carried_on = _to_image(colours).resize(self.image.size, Image.Resampling.BILINEAR)
        # Softly, or the upscaler would draw the seam as a line.
        seam = ImageChops.darker(solid.filter(ImageFilter.GaussianBlur(0.8)), self.mask)
        return Image.composite(self.image, carried_on, seam)

    @cached_property
    def backdrop(self) -> Image.Image:
        """The picture with its scene carried on under the product's edge, so that no product shines through a soft
        edge."""
        covered = self.mask.point([255 if value > 4 else 0 for value in range(256)]).filter(ImageFilter.MaxFilter(7))
        known = 1 - np.asarray(covered.filter(ImageFilter.GaussianBlur(1)), dtype=np.float32) / 255
        return _to_image(filled(np.asarray(self.image, dtype=np.float32), known)) if known.any() else self.image

    def factor(self, scale: float) -> int:
        """How many times the upscaler enlarges, where the picture is to be shown `scale` times as large: 1, 2 or 4."""
        if self._upscale is None or scale <= _SOFT:
            return 1
        return 2 if scale <= 2 * _SOFT else 4

    def enlarged(self, factor: int) -> tuple[Image.Image, Image.Image]:
        """Picture and cut-out, enlarged by the upscaler. Made once.

        Scene and product are enlarged apart and put together along the mask, or the steps of small pixels would be
        seen along the product's edge.
        """
        with self._lock:
            if factor not in self._enlarged:
                if factor == 1 or self._upscale is None:
                    self._enlarged[factor] = self.image, self.cutout
                else:
                    scene, cutout = self._upscale(self.backdrop, factor), self._upscale(self.cutout, factor)
                    edge = steeper(self.soft_mask.resize(scene.size, Image.Resampling.BICUBIC), factor)
                    self._enlarged[factor] = Image.composite(cutout, scene, edge), cutout
            return self._enlarged[factor]


def steeper(mask: Image.Image, times: float) -> Image.Image:
    """A mask that was enlarged so many times, its soft edge drawn together again."""
    return mask.point([round(min(255.0, max(0.0, (value - 140) * times + 140))) for value in range(256)])


def filled(pixels: Floats, known: Floats) -> Floats:
    """Fills what isn't known (weights 0 to 1) from what is around it, the smoother the farther away it is.

    The push-pull algorithm of Gortler et al., "The Lumigraph" (1996), 4.3: averages of what is known at ever coarser
    sizes, then back from the coarsest.
    """
    height, width = known.shape
    if height <= 2 or width <= 2:
        total = float(known.sum())
        mean = (pixels * known[..., None]).sum((0, 1)) / total if total else pixels.mean((0, 1))
        return np.where(known[..., None] > 0, pixels, mean).astype(np.float32)
    even = pixels[: height // 2 * 2, : width // 2 * 2] * known[: height // 2 * 2, : width // 2 * 2, None]
    weight = _halved(known[: height // 2 * 2, : width // 2 * 2, None])
    coarse = _halved(even) / np.maximum(weight, 1e-6)
    coarse = filled(coarse.astype(np.float32), np.minimum(weight[..., 0] * 4, 1))
    back = _resized(coarse, (width, height))
    return (pixels * known[..., None] + back * (1 - known[..., None])).astype(np.float32)


def _halved(pixels: Floats) -> Floats:
    return (pixels[::2, ::2] + pixels[1::2, ::2] + pixels[::2, 1::2] + pixels[1::2, 1::2]) / 4


def _resized(pixels: Floats, size: tuple[int, int]) -> Floats:
    planes = [
        np.asarray(Image.fromarray(pixels[..., channel]).resize(size, Image.Resampling.BILINEAR))
        for channel in range(pixels.shape[2])
    ]
    return np.stack(planes, axis=-1)


def _to_image(pixels: Floats) -> Image.Image:
    return Image.fromarray(pixels.round().clip(0, 255).astype(np.uint8))
