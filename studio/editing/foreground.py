"""What colour a product has where its edge is soft: there a photo shows it mixed with what was behind it."""

from __future__ import annotations

import numpy as np
from PIL import Image

from studio.editing.masks import Box
from studio.editing.membrane import Pixels, membrane

_TILE = 192  # only tiles with an edge in them are worked on
_HALO = 32
_SWEEPS = 2
_TRUSTED = 0.5  # from this share of the product on, what is seen says something of its colour


def foreground(image: Image.Image, mask: Image.Image) -> Image.Image:
    """A copy of an RGB image with the product's own colour where the mask (L) is neither 0 nor 255.

    Inverts I = a F + (1 - a) B with B spread from outside of the mask, and mixes it with what is spread from the
    inside the more, the less of the product is in a pixel (after Germer et al. 2020, "Fast multi-level foreground
    estimation", on one level). All other pixels stay.
    """
    result = image.copy()
    for top in range(0, image.height, _TILE):
        for left in range(0, image.width, _TILE):
            tile = (left, top, min(left + _TILE, image.width), min(top + _TILE, image.height))
            low, high = mask.crop(tile).getextrema()
            if (low, high) not in ((0, 0), (255, 255)):
                result.paste(_tile(image, mask, tile), tile[:2])
    return result


def _tile(image: Image.Image, mask: Image.Image, tile: Box) -> Image.Image:
    left, top, right, bottom = tile
    wide = (
        max(left - _HALO, 0),
        max(top - _HALO, 0),
        min(right + _HALO, image.width),
        min(bottom + _HALO, image.height),
    )
    pixels = np.asarray(image.crop(wide))
    alpha = np.asarray(mask.crop(wide))
    seen = pixels.astype(np.float32)
    inner = membrane(seen, alpha >= (255 if (alpha == 255).any() else alpha.max()), sweeps=_SWEEPS)
    outer = membrane(seen, alpha == 0, sweeps=_SWEEPS)
    share = alpha[..., None].astype(np.float32) / 255
    own: Pixels = np.clip((seen - (1 - share) * outer) / np.maximum(share, _TRUSTED), 0, 255)
    trust = np.clip((share - _TRUSTED) / (1 - _TRUSTED), 0, 1) ** 2
    estimated = np.rint(inner + trust * (own - inner)).astype(np.uint8)
    soft = (alpha > 0) & (alpha < 255)
    whole = Image.fromarray(np.where(soft[..., None], estimated, pixels))
    return whole.crop((left - wide[0], top - wide[1], right - wide[0], bottom - wide[1]))
