"""A picture in the colours and with the grain of another one."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from studio.editing.colour import oklab_of, rgb_of_oklab, rounded
from studio.editing.masks import blurred, of_size
from studio.editing.strips import small_of, strips_of

_SMALL = 256  # longest side on which colours are counted
_GAIN = (0.55, 1.8)  # by how much colours are drawn together or apart
_FLOOR = 2e-4  # variance in OKLab below which a picture counts as having one colour
_BEND = (0.65, 1.5)  # exponents of lightness
_BLACK = 0.5  # lightness from which on colours move all the way; black stays black
_FINE = 1 / 500  # of the longer side: what is finer is grain

Matrix = NDArray[np.floating[Any]]


def like(
    image: Image.Image,
    reference: Image.Image,
    *,
    strength: float = 1.0,
    texture: float = 0.5,
    locked: Image.Image | None = None,
) -> Image.Image:
    """An RGB image in the palette of another one of any size, and by `texture` 0..1 with the contrast of its grain.

    Hues (OKLab a, b) are moved by the linear map between the two clouds of colours that moves them least (Pitié and
    Kokaram 2007, "The linear Monge-Kantorovitch linear colour mapping"), with limited gains, so that a grey picture
    doesn't take all colour away; lightness by a power, so that black and white stay. `strength` 0..1. Where `locked`
    (L) is 255 the image stays byte for byte. It takes over colours and grain, not motifs or brush strokes. Raises
    InputError where `locked` has another size.
    """
    source, target = _colours(image), _colours(reference)
    away = _mapping(_covariance(source[:, 1:]), _covariance(target[:, 1:])).astype(np.float32)
    middle, goal = source[:, 1:].mean(0).astype(np.float32), target[:, 1:].mean(0).astype(np.float32)
    light, aim = (float(np.clip(colours[:, 0].mean(), 0.05, 0.95)) for colours in (source, target))
    power = float(np.clip(math.log(aim) / math.log(light), *_BEND))
    detail = texture * (float(np.clip(_grain(reference) / max(_grain(image), 0.2), 0.4, 2.5)) - 1)
    grey = image.convert("L")
    around = blurred(grey, max(max(image.size) * _FINE, 0.7))
    result = image.copy()
    for strip in strips_of(image.size):
        pixels = np.asarray(image.crop(strip))
        lab = oklab_of(pixels)
        moved = (lab[..., 1:] - middle) @ away.T + goal
        share = np.clip(lab[..., :1] / _BLACK, 0, 1)
        lab[..., 1:] += share * (moved - lab[..., 1:])
        lab[..., 0] = np.clip(lab[..., 0], 0, 1) ** np.float32(power)
        painted = rgb_of_oklab(lab)
        fine = np.asarray(grey.crop(strip), dtype=np.float32) - np.asarray(around.crop(strip), dtype=np.float32)
        painted = painted + detail * fine[..., None]
        result.paste(Image.fromarray(rounded(pixels + strength * (painted - pixels))), strip[:2])
    if locked is not None:
        result.paste(image, mask=of_size(locked, image))
    return result


def _colours(image: Image.Image) -> Matrix:
    return oklab_of(np.asarray(small_of(image, _SMALL))).reshape(-1, 3).astype(np.float64)


def _covariance(colours: Matrix) -> Matrix:
    away = colours - colours.mean(0)
    return away.T @ away / len(away) + _FLOOR * np.eye(colours.shape[1])


def _mapping(source: Matrix, target: Matrix) -> Matrix:
    """S^-1/2 (S^1/2 T S^1/2)^1/2 S^-1/2 of two covariances, with its gains limited."""
    root, inverse = _power(source, 0.5), _power(source, -0.5)
    gains, axes = np.linalg.eigh(inverse @ _power(root @ target @ root, 0.5) @ inverse)
    limited: Matrix = np.clip(gains, *_GAIN)
    return axes @ np.diag(limited) @ axes.T


def _power(matrix: Matrix, exponent: float) -> Matrix:
    values, axes = np.linalg.eigh(matrix)
    powers: Matrix = np.maximum(values, 1e-12) ** exponent
    return axes @ np.diag(powers) @ axes.T


def _grain(image: Image.Image) -> float:
    """Mean strength of what is finer than a five-hundredth of a picture, in levels."""
    grey = small_of(image, 1000).convert("L")
    around = blurred(grey, max(max(grey.size) * _FINE, 0.7))
    return float(np.abs(np.asarray(grey, dtype=np.float32) - np.asarray(around, dtype=np.float32)).mean())
