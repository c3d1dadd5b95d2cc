"""Colours as numbers: 8-bit sRGB, linear light, CIELAB and OKLab, all as float32 arrays of three channels."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from studio.errors import InputError
from studio.world.scene import COLOURS

#: sRGB, 0..255 each.
Rgb = tuple[int, int, int]
#: [..., 3]
Floats = NDArray[np.floating[Any]]

_HEX = re.compile(r"#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6})")
_LEVELS = np.arange(256, dtype=np.float32) / 255
#: sRGB levels 0..255 as linear light 0..1 (IEC 61966-2-1).
_LINEAR = np.where(_LEVELS <= 0.04045, _LEVELS / 12.92, ((_LEVELS + 0.055) / 1.055) ** 2.4).astype(np.float32)

# sRGB to XYZ relative to D65, IEC 61966-2-1.
_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
_TO_XYZ: NDArray[np.floating[Any]] = _XYZ / _XYZ.sum(axis=1, keepdims=True)
_FROM_XYZ: NDArray[np.floating[Any]] = np.linalg.inv(_TO_XYZ)
_DELTA = 6 / 29

# Ottosson 2020, "A perceptual color space for image processing".
_TO_LMS = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
_TO_OKLAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)
_FROM_LMS: NDArray[np.floating[Any]] = np.linalg.inv(_TO_LMS)
_FROM_OKLAB: NDArray[np.floating[Any]] = np.linalg.inv(_TO_OKLAB)


def parse(text: str) -> Rgb:
    """A colour of the vocabulary by its name, or #rgb or #rrggbb. Raises InputError."""
    if text in COLOURS:
        return COLOURS[text]
    match = _HEX.fullmatch(text.strip())
    if not match:
        raise InputError(f"“{text}” is not a colour.", f"Give one as #rrggbb, or one of: {', '.join(COLOURS)}.")
    digits = match[1] if len(match[1]) == 6 else "".join(2 * digit for digit in match[1])
    red, green, blue = bytes.fromhex(digits)
    return red, green, blue


def linear_of(rgb: NDArray[np.uint8]) -> Floats:
    """8-bit sRGB to linear light 0..1."""
    return _LINEAR[rgb]


def srgb_of(linear: Floats) -> Floats:
    """Linear light to sRGB 0..255, not rounded; what is out of range is clipped."""
    linear = np.clip(linear, 0, 1)
    curve = 1.055 * linear ** np.float32(1 / 2.4) - 0.055
    return (255 * np.where(linear <= 0.0031308, 12.92 * linear, curve)).astype(np.float32)


def lab_of(rgb: NDArray[np.uint8]) -> Floats:
    """8-bit sRGB to CIELAB (D65, 2 degrees), L 0..100."""
    ratio = linear_of(rgb) @ _TO_XYZ.T.astype(np.float32)
    x, y, z = np.moveaxis(np.where(ratio > _DELTA**3, np.cbrt(ratio), ratio / (3 * _DELTA**2) + 4 / 29), -1, 0)
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1).astype(np.float32)


def rgb_of_lab(lab: Floats) -> Floats:
    """CIELAB to sRGB 0..255, not rounded; colours that sRGB doesn't have are clipped."""
    y = (lab[..., 0] + 16) / 116
    roots = np.stack([y + lab[..., 1] / 500, y, y - lab[..., 2] / 200], axis=-1).astype(np.float32)
    ratio = np.where(roots > _DELTA, roots**3, np.float32(3 * _DELTA**2) * (roots - np.float32(4 / 29)))
    return srgb_of(ratio @ _FROM_XYZ.T.astype(np.float32))


def oklab_of(rgb: NDArray[np.uint8]) -> Floats:
    """8-bit sRGB to OKLab, L 0..1."""
    return np.cbrt(linear_of(rgb) @ _TO_LMS.T.astype(np.float32)) @ _TO_OKLAB.T.astype(np.float32)


def rgb_of_oklab(oklab: Floats) -> Floats:
    """OKLab to sRGB 0..255, not rounded; colours that sRGB doesn't have are clipped."""
    return srgb_of((oklab @ _FROM_OKLAB.T.astype(np.float32)) ** 3 @ _FROM_LMS.T.astype(np.float32))


def luminance_of(rgb: NDArray[np.uint8]) -> Floats:
    """Relative luminance Y, 0..1, without the last axis."""
    return linear_of(rgb) @ np.array([0.2126, 0.7152, 0.0722], dtype=np.float32)


def rounded(rgb: Floats) -> NDArray[np.uint8]:
    """sRGB 0..255 to 8 bit."""
    return np.clip(np.rint(rgb), 0, 255).astype(np.uint8)
