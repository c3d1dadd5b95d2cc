"""Colours that can be read: contrast as WCAG 2.2 defines it, and a palette from a product or a brand."""

from __future__ import annotations

import cmath
import colorsys
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from studio.errors import InputError

Colour = tuple[int, int, int]

#: WCAG 2.2, 1.4.3: text against what is behind it.
CONTRAST = 4.5
#: What is aimed at, as JPEG moves colours by a few steps.
AIM = 4.9

WHITE: Colour = (255, 255, 255)
_HEX = re.compile(r"#?([0-9a-fA-F]{6})")
#: Of 8 bit sRGB to linear light, as WCAG has it.
_LINEAR = np.array([v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in np.arange(256) / 255])
_WEIGHTS = (0.2126, 0.7152, 0.0722)


def colour_of(text: str) -> Colour:
    """A colour such as #1A2B3C. Raises InputError."""
    found = _HEX.fullmatch(text.strip())
    if not found:
        raise InputError(f"“{text}” is not a colour.", "Write it as # and six digits, such as #1A2B3C.")
    value = int(found[1], 16)
    return value >> 16, value >> 8 & 255, value & 255


def hex_of(colour: Colour) -> str:
    return "#{:02X}{:02X}{:02X}".format(*colour)


def luminance(colour: Colour) -> float:
    """Relative luminance, 0 (black) to 1 (white)."""
    return float(sum(weight * _LINEAR[value] for weight, value in zip(_WEIGHTS, colour, strict=True)))


def luminances(pixels: NDArray[np.uint8]) -> NDArray[np.floating[Any]]:
    """The same of pixels [..., 3]."""
    red, green, blue = (_LINEAR[pixels[..., channel]] * _WEIGHTS[channel] for channel in range(3))
    return red + green + blue


def contrast_of(first: float, second: float) -> float:
    """The contrast ratio of two luminances, 1 to 21."""
    return (max(first, second) + 0.05) / (min(first, second) + 0.05)


def contrast(first: Colour, second: Colour) -> float:
    """The contrast ratio of two colours, 1 to 21."""
    return contrast_of(luminance(first), luminance(second))


@dataclass(frozen=True, kw_only=True)
class Palette:
    """Colours that go together: `ground` and the `deep` one for surfaces, `ink` for words, `accent` for buttons."""

    ground: Colour
    deep: Colour
    ink: Colour
    accent: Colour


def palette_of(image: Image.Image, mask: Image.Image) -> Palette:
    """A palette from a product's own colour: a pale ground and a dark ink of its hue, its colour for buttons."""
    small = image.resize((48, 48), Image.Resampling.BOX)
    inside = np.asarray(mask.resize((48, 48), Image.Resampling.BOX)) > 200
    pixels = np.asarray(small)[inside]
    hue, saturation, value = 0.6, 0.0, 0.5
    if len(pixels):
        hsv = np.array([colorsys.rgb_to_hsv(*(pixel / 255)) for pixel in pixels[:: max(1, len(pixels) // 400)]])
        weight = hsv[:, 1] * hsv[:, 2] + 1e-6  # what is colourful says what colour it is
        around = complex((weight * np.exp(2j * np.pi * hsv[:, 0])).sum())
        hue = cmath.phase(around) / (2 * cmath.pi) % 1
        saturation = float(np.average(hsv[:, 1], weights=weight))
        value = float(np.median(hsv[:, 2]))
    tint = min(1.0, saturation * 1.6)  # greys stay grey
    return Palette(
        ground=_hls(hue, 0.925, 0.42 * tint),
        deep=_hls(hue, 0.24, 0.45 * tint),
        ink=_hls(hue, 0.10, 0.35 * tint),
        accent=_hls(hue, min(max(value * 0.5, 0.26), 0.42), 0.72 * tint),
    )


def palette_around(colour: Colour, accent: Colour | None = None) -> Palette:
    """A palette around a brand's colour: its surfaces are tints of it, and where white can be read on it, itself."""
    hue, _, saturation = colorsys.rgb_to_hls(*(value / 255 for value in colour))
    deep = colour if contrast(WHITE, colour) >= AIM else _hls(hue, 0.24, min(saturation, 0.8))
    return Palette(
        ground=_hls(hue, 0.94, min(saturation, 0.45)),
        deep=deep,
        ink=_hls(hue, 0.10, min(saturation, 0.4)),
        accent=accent or colour,
    )


@lru_cache(maxsize=4096)
def readable(behind: tuple[float, float], wanted: tuple[Colour, ...], least: float = AIM) -> Colour | None:
    """The first of the `wanted` colours, then a near black, then white, that can be read on everything between the
    two luminances; None where nothing can."""
    for colour in (*wanted, (17, 17, 17), (0, 0, 0), WHITE):
        own = luminance(colour)
        if min(contrast_of(own, behind[0]), contrast_of(own, behind[1])) >= least and not behind[0] < own < behind[1]:
            return colour
    return None


def _hls(hue: float, light: float, saturation: float) -> Colour:
    red, green, blue = colorsys.hls_to_rgb(hue, light, saturation)
    return round(red * 255), round(green * 255), round(blue * 255)
