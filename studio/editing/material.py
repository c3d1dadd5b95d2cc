"""The product in another material, with its shape and its light."""

# scipy is typed in part.
# pyright: reportMissingTypeStubs=false, reportUnknownVariableType=false

from __future__ import annotations

from typing import Literal

import numpy as np
from PIL import Image
from scipy.ndimage import map_coordinates

from studio.editing.colour import Floats, Rgb, lab_of, rgb_of_lab, rounded
from studio.editing.foreground import foreground
from studio.editing.masks import required
from studio.editing.membrane import gaussian
from studio.editing.recolour import changed, fit, sample
from studio.editing.strips import rows_of, strips_of
from studio.editing.texture import MATERIALS, Material
from studio.errors import InputError

Finish = Literal["glossy", "matte"]

_TEXTURE = 900  # longest side of a texture
_SHADING = 256  # longest side on which light and shade are told from the old texture
_SOFT = 0.02  # of the product's size: what is finer is texture
_EDGE = (7.0, 22.0)  # differences of lightness that are texture at most, and edges at least
_WRAP = 0.55  # how far a texture goes round a product, from flat (0) to a cylinder (1)
_FINISHES = {"glossy": 1.3, "matte": 0.75}


def rematerial(
    image: Image.Image,
    product_mask: Image.Image,
    material: str,
    *,
    colour: Rgb | None = None,
    finish: Finish | None = None,
    strength: float = 1.0,
    seed: int = 0,
) -> Image.Image:
    """An RGB image whose product (mask L, 255) is of another material, in its colour or the one asked for.

    The product's soft light and shade and its strong edges stay, its fine texture goes; that of the material is laid
    on, narrower towards the sides as if it went round the product, and bent a little where light says that the surface
    bends. What shines gets more contrast, what is dull less. `strength` 0..1. Outside of the mask nothing changes.

    What it can't do: it knows no geometry. Grain doesn't follow a handle or a sleeve, one texture covers all parts of
    the product with the same scale, labels included, glass can't be looked through, and nothing is mirrored that
    wasn't. Raises InputError for an unknown material and as `masks.required` does.
    """
    if material not in MATERIALS:
        raise InputError(f"Nothing can be made of “{material}” here.", f"Choose one of: {', '.join(MATERIALS)}.")
    mask = required(product_mask, image)
    look = MATERIALS[material]
    own = foreground(image, mask)
    textured = _textured(own, mask, look, look.gloss * _FINISHES.get(finish or "", 1.0), seed)
    target = colour or look.colour
    if target is None:
        mean = rounded(rgb_of_lab(sample(own, mask).mean(0)))
        target = int(mean[0]), int(mean[1]), int(mean[2])
    curve = fit(textured, mask, target, kept=1.0)
    return changed(
        image, own, mask, lambda strip: rgb_of_lab(curve(lab_of(np.asarray(textured.crop(strip))))), strength
    )


def _textured(own: Image.Image, mask: Image.Image, look: Material, gloss: float, seed: int) -> Image.Image:
    """A near-grey copy of the product in the new texture, lit as the old one."""
    box = mask.getbbox() or (0, 0, *mask.size)
    product, alpha = own.crop(box), mask.crop(box)
    shading, mean = _shading(product, alpha)
    texture = _laid(look, alpha, np.asarray(shading), seed)
    result = own.copy()
    for strip in strips_of(product.size):
        lightness = lab_of(np.asarray(product.crop(strip)))[..., 0]
        soft = rows_of(shading, product.size, strip)
        grain = rows_of(texture, product.size, strip)
        fine = lightness - soft
        size = np.clip((np.abs(fine) - _EDGE[0]) / (_EDGE[1] - _EDGE[0]), 0, 1)
        away = gloss * (soft - mean)
        if look.metal:
            away = away + 6 * np.sin(away / 6)  # the bands of a studio's lights
        lit = mean + away + fine * (0.12 + 0.88 * size)
        lit = (lit + 16) * np.maximum(1 + grain * (1 - 0.6 * size), 0.05) - 16
        chroma = np.stack([grain * part for part in look.tint], axis=-1) * 2
        lab = np.concatenate([np.clip(lit, 1, 99)[..., None], chroma], axis=-1).astype(np.float32)
        result.paste(Image.fromarray(rounded(rgb_of_lab(lab))), (box[0], box[1] + strip[1]))
    return result


def _shading(product: Image.Image, alpha: Image.Image) -> tuple[Image.Image, float]:
    """The lightness of the product without its texture, as a small image in mode F, and its mean."""
    scale = min(1.0, _SHADING / max(product.size))
    size = (max(2, round(product.width * scale)), max(2, round(product.height * scale)))
    share = np.asarray(alpha.resize(size, Image.Resampling.BOX), dtype=np.float32) / 255 + 1e-4
    lightness = lab_of(np.asarray(product.resize(size, Image.Resampling.BOX)))[..., 0]
    soft = max(_SOFT * max(size), 0.7)
    smooth = gaussian(lightness * share, soft) / gaussian(share, soft)
    return Image.fromarray(smooth.astype(np.float32)), float((lightness * share).sum() / share.sum())


def _laid(look: Material, alpha: Image.Image, shading: Floats, seed: int) -> Image.Image:
    """The texture over the product's box, as an image in mode F: round it, and bent by its light."""
    scale = min(1.0, _TEXTURE / max(alpha.size))
    size = (max(2, round(alpha.width * scale)), max(2, round(alpha.height * scale)))
    side = max(size)
    flat = look.texture((round(side * 1.25), round(side * 1.25)), np.random.default_rng(seed))
    solid = np.asarray(alpha.resize(size, Image.Resampling.BOX)) > 127
    left = np.where(solid.any(1), solid.argmax(1), 0).astype(np.float32)
    right = np.where(solid.any(1), size[0] - solid[:, ::-1].argmax(1), size[0]).astype(np.float32)
    left, right = (gaussian(each[None], 0.03 * side)[0][:, None] for each in (left, right))
    rows, columns = np.mgrid[0 : size[1], 0 : size[0]].astype(np.float32)
    half = np.maximum((right - left) / 2, 1)
    across = np.clip((columns - (left + right) / 2) / half, -1, 1)
    round_it = half * (np.arcsin(across * 0.97) - across)
    light = np.asarray(Image.fromarray(shading).resize(size, Image.Resampling.BICUBIC))
    light = gaussian(light, 0.01 * side)
    down, over = np.gradient(light)
    bend = 0.12 * side / 100
    places = (
        rows + np.clip(bend * down * side / 60, -0.04 * side, 0.04 * side),
        columns + _WRAP * round_it + np.clip(bend * over * side / 60, -0.04 * side, 0.04 * side) + 0.1 * side,
    )
    laid = np.asarray(map_coordinates(flat, places, order=1, mode="mirror"), dtype=np.float32)
    return Image.fromarray(laid)
