"""The plain improvements that a shop needs, each with a strength, in an order that is fixed.

1. straighten; 2. crop; 3. denoise; 4. white balance, exposure and contrast, as one table of levels; 5. sharpen;
6. white background. Geometry is first, so that nothing is worked on that is cut off; noise goes before contrast and
sharpening would make it louder; white is last, so that it is exactly 255.
"""

# scipy is typed in part.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter
from scipy.ndimage import uniform_filter

from studio.editing import shadow
from studio.editing.colour import Floats, linear_of, luminance_of, rounded, srgb_of
from studio.editing.foreground import foreground
from studio.editing.masks import Box, required
from studio.editing.membrane import gaussian
from studio.editing.plates import plate_of
from studio.editing.strips import rows_of, small_of, strips_of
from studio.errors import InputError

_SMALL = 384  # longest side on which things are measured
_CAST = (0.75, 1.33)  # gains of white balance: more is a coloured floor rather than the light
_BRIGHT = 0.86  # where the lightest hundredth of a well exposed photo is, in linear light
_RADIUS = 3  # pixels within which noise is told from edges
_EPSILON = (0.0018, 0.012)  # variance of noise that goes at full strength, in lightness and in colour (0..1)
_TILTED = 8.0  # degrees a photo may be tilted by accident
_CLEAR = 2.2  # how much more often the tilt must be seen than others

_RANGES: dict[str, tuple[float, float]] = {
    "exposure": (-2, 2),
    "white_balance": (0, 1),
    "warmth": (-1, 1),
    "contrast": (-1, 1),
    "denoise": (0, 1),
    "sharpen": (0, 1),
    "straighten": (-15, 15),
    "fill": (0, 1),
    "white_background": (0, 1),
    "shadow": (0, 1),
}


@dataclass(frozen=True, kw_only=True)
class EnhanceSettings:
    """What is done to a photo; 0 leaves it. Raises InputError for values out of their range."""

    #: Stops, -2..2.
    exposure: float = 0.0
    #: How far the measured tint of the light is taken away, 0..1.
    white_balance: float = 0.0
    #: Cooler or warmer by hand, -1..1.
    warmth: float = 0.0
    #: -1..1.
    contrast: float = 0.0
    denoise: float = 0.0
    sharpen: float = 0.0
    #: Degrees anticlockwise, -15..15; the corners are cut off.
    straighten: float = 0.0
    #: Width and height of the crop; None keeps the photo's.
    aspect: tuple[float, float] | None = None
    #: Share of the frame that the product is to fill, 0..1; needs a mask.
    fill: float = 0.0
    #: 1 makes all but the product 255 (needs a mask); less mixes white in.
    white_background: float = 0.0
    #: Strength of a soft shadow at the product's feet on the white, 0..1: a new one, as the photo's own is on a floor.
    shadow: float = 0.0

    def __post_init__(self) -> None:
        for name, (low, high) in _RANGES.items():
            value = getattr(self, name)
            if not low <= value <= high:
                raise InputError(
                    f"{name.replace('_', ' ').capitalize()} can't be {value:g}.", f"Choose {low} to {high}."
                )
        if self.aspect is not None and not (min(self.aspect) > 0 and 1 / 8 <= self.aspect[0] / self.aspect[1] <= 8):
            raise InputError("There is no such aspect to crop to.", "Give one such as 1:1, 4:5 or 16:9.")

    @property
    def needs_product(self) -> bool:
        """Whether it has to be known where the product is."""
        return bool(self.fill or self.white_background)


def settings_of(values: Mapping[str, object]) -> EnhanceSettings:
    """Settings by their names, as requests have them. Raises InputError for names and values that there aren't."""
    names = [field.name for field in fields(EnhanceSettings)]
    if unknown := [name for name in values if name not in names]:
        raise InputError(f"There is no improvement {unknown[0]!r}.", f"There are: {', '.join(names)}.")
    aspect = values.get("aspect")
    given: dict[str, Any] = dict(values) | ({"aspect": tuple(cast("list[float]", aspect))} if aspect else {})
    try:
        return EnhanceSettings(**given)
    except (TypeError, ValueError) as error:
        raise InputError("The improvements have values that are no numbers.", "Give numbers.") from error


@dataclass(frozen=True, kw_only=True)
class Enhanced:
    """A photo (RGB) and the mask of its product (L), which was turned and cropped with it."""

    image: Image.Image
    mask: Image.Image | None


def enhance(image: Image.Image, settings: EnhanceSettings, product_mask: Image.Image | None = None) -> Enhanced:
    """Improves an RGB photo of up to 40 megapixels.

    Raises InputError where a setting needs a mask (L, 255 = product) that isn't there, and as `masks.required` does.
    """
    if product_mask is None and settings.needs_product:
        raise InputError("It isn't known where the product is.", "Select the product first.")
    mask = None if product_mask is None else required(product_mask, image)
    box = _upright(image.size, settings.straighten)
    if settings.straighten:
        image = image.rotate(settings.straighten, Image.Resampling.BICUBIC).crop(box)
        mask = mask.rotate(settings.straighten, Image.Resampling.BICUBIC).crop(box) if mask else None
    if settings.aspect or settings.fill:
        box = _crop(image.size, mask.getbbox() if mask else None, settings)
        image, mask = image.crop(box), mask.crop(box) if mask else None
    if settings.denoise:
        image = _denoised(image, settings.denoise)
    levels = _levels(image, settings)
    if levels:
        image = image.point(levels)
    if settings.sharpen:
        radius = min(max(max(image.size) / 1500, 0.8), 3)
        image = image.filter(ImageFilter.UnsharpMask(radius, round(160 * settings.sharpen), 2))
    if mask and settings.white_background:
        image = _on_white(image, mask, settings)
    return Enhanced(image=image, mask=mask)


def measured(image: Image.Image) -> EnhanceSettings:
    """What would do an RGB photo good: exposure, white balance, contrast, denoise, sharpen and straighten."""
    small = small_of(image, _SMALL)
    luminance = luminance_of(np.asarray(small))
    high, low = (float(np.percentile(luminance, share)) for share in (99, 1))
    exposure = float(np.clip(math.log2(_BRIGHT / max(high, 0.02)), -0.4, 1.2))
    spread = math.sqrt(high * 2**exposure) - math.sqrt(low)
    noise = noise_of(image)
    return EnhanceSettings(
        exposure=round(exposure, 2),
        white_balance=0.7,
        contrast=round(float(np.clip(0.6 * (0.8 - spread), 0, 0.3)), 2),
        denoise=round(float(np.clip((noise - 1.5) / 8, 0, 1)), 2),
        sharpen=round(float(np.clip(0.45 - noise / 20, 0.1, 0.45)), 2),
        straighten=_tilt(small),
    )


def _upright(size: tuple[int, int], degrees: float) -> Box:
    """The largest box of the photo's aspect that a turned photo fills."""
    turn = math.radians(abs(degrees))
    width, height = size
    share = 1 / (math.cos(turn) + math.sin(turn) * max(width / height, height / width))
    inner = max(1, math.floor(width * share)), max(1, math.floor(height * share))
    left, top = (width - inner[0]) // 2, (height - inner[1]) // 2
    return left, top, left + inner[0], top + inner[1]


def _crop(size: tuple[int, int], product: Box | None, settings: EnhanceSettings) -> Box:
    """A box of the aspect round the product, as large as it has to be for the product to fill its share."""
    ratio = settings.aspect[0] / settings.aspect[1] if settings.aspect else size[0] / size[1]
    width, height = min(size[0], size[1] * ratio), min(size[1], size[0] / ratio)
    middle = size[0] / 2, size[1] / 2
    if product:
        left, top, right, bottom = product
        middle = (left + right) / 2, (top + bottom) / 2
        if settings.fill:
            needed = max((right - left) / settings.fill, (bottom - top) / settings.fill * ratio)
            # No smaller than the product, no larger than the photo.
            width = min(max(needed, right - left, (bottom - top) * ratio), width)
            height = width / ratio
    sides = max(1, round(width)), max(1, round(height))
    left, top = (
        min(max(round(centre - side / 2), 0), end - side) for centre, side, end in zip(middle, sides, size, strict=True)
    )
    return left, top, left + sides[0], top + sides[1]


def _levels(image: Image.Image, settings: EnhanceSettings) -> list[int]:
    """Tables of 256 levels for red, green and blue; empty where nothing changes."""
    if not (settings.exposure or settings.white_balance or settings.warmth or settings.contrast):
        return []
    gains = np.ones(3)
    if settings.white_balance:
        gains = _neutral(image) ** settings.white_balance
    gains = gains * np.array([1 + 0.2 * settings.warmth, 1.0, 1 - 0.22 * settings.warmth])
    linear = linear_of(np.arange(256, dtype=np.uint8))[:, None] * gains * 2**settings.exposure
    # Above middle grey lights are bent so that they arrive at white instead of being cut off there.
    top = float(linear.max())
    if top > 1:
        knee = 0.5
        over = np.maximum(linear - knee, 0)
        room, reach = 1 - knee, top - knee
        bend = (reach / room - 1) / reach
        linear = np.where(linear > knee, knee + over / (1 + bend * over), linear)
    levels = srgb_of(linear.astype(np.float32)) / 255
    levels = levels - 0.16 * settings.contrast * np.sin(2 * np.pi * levels)
    return [int(value) for value in rounded(255 * levels).T.ravel()]


def _neutral(image: Image.Image) -> NDArray[np.floating[Any]]:
    """Gains that make the light of a photo neutral (shades of grey, Finlayson and Trezzi 2004)."""
    linear = linear_of(np.asarray(small_of(image, _SMALL))).reshape(-1, 3).astype(np.float64)
    unclipped = linear[(linear.max(1) < 0.98) & (linear.min(1) > 0.002)]
    if len(unclipped) < 16:
        return np.ones(3)
    light = (unclipped**5).mean(0) ** (1 / 5)
    gains = np.clip(light.mean() / light, *_CAST)
    return gains / (gains @ np.array([0.2126, 0.7152, 0.0722]))  # as bright as before


def _denoised(image: Image.Image, strength: float) -> Image.Image:
    """Lightness smoothed by itself, colour by lightness (guided filter, He et al. 2013)."""
    halo = 2 * _RADIUS + 1
    result = image.copy()
    for left, top, right, bottom in strips_of(image.size):
        above, below = max(top - halo, 0), min(bottom + halo, image.height)
        pixels = np.asarray(image.crop((left, above, right, below)), dtype=np.float32) / 255
        grey = pixels @ np.array([0.299, 0.587, 0.114], dtype=np.float32)
        light = _guided(grey, grey, _EPSILON[0] * strength)
        rows = slice(top - above, bottom - above)
        smooth = np.empty_like(pixels[rows])
        for channel in range(3):
            tint = _guided(grey, pixels[..., channel] - grey, _EPSILON[1] * strength)
            smooth[..., channel] = (light + tint)[rows]
        share = min(1.0, 2 * strength)
        mixed = pixels[rows] + share * (smooth - pixels[rows])
        result.paste(Image.fromarray(rounded(255 * mixed)), (0, top))
    return result


def _guided(guide: Floats, values: Floats, epsilon: float) -> Floats:
    side = 2 * _RADIUS + 1

    def mean(field: Floats) -> Floats:
        return np.asarray(uniform_filter(field, side, mode="nearest"), dtype=np.float32)

    of_guide, of_values = mean(guide), mean(values)
    slope = (mean(guide * values) - of_guide * of_values) / (mean(guide * guide) - of_guide**2 + np.float32(epsilon))
    return mean(slope) * guide + mean(of_values - slope * of_guide)


def noise_of(image: Image.Image) -> float:
    """Standard deviation of noise in levels, from the evenest parts of the photo's middle."""
    left, top = max(image.width // 2 - 512, 0), max(image.height // 2 - 512, 0)
    grey = np.asarray(image.crop((left, top, left + 1024, top + 1024)).convert("L"), dtype=np.float32)
    high, wide = (grey.shape[0] - 2) // 8, (grey.shape[1] - 2) // 8
    if min(high, wide) < 1:
        return 0.0
    fine = (grey[1:-1, 1:-1] * 4 - grey[:-2, 1:-1] - grey[2:, 1:-1] - grey[1:-1, :-2] - grey[1:-1, 2:]) / 20**0.5
    blocks: Floats = np.std(fine[: high * 8, : wide * 8].reshape(high, 8, wide, 8), axis=(1, 3))
    return float(np.percentile(blocks, 20))


def _tilt(small: Image.Image) -> float:
    """Degrees by which a photo has to be turned for its long edges to stand upright; 0 where it can't be told."""
    grey = gaussian(np.asarray(small.convert("L"), dtype=np.float32), 2.0)
    if min(grey.shape) < 32:
        return 0.0
    down, across = np.gradient(grey)
    strength = np.hypot(down, across)
    off = np.mod(np.degrees(np.arctan2(down, across)) + 45, 90) - 45
    strong = (strength > np.percentile(strength, 90)) & (strength > 4) & (np.abs(off) <= 2 * _TILTED)
    counts, edges = np.histogram(off[strong], bins=128, range=(-2 * _TILTED, 2 * _TILTED), weights=strength[strong])
    counts = np.convolve(counts, np.array([1, 2, 3, 2, 1]) / 9, mode="same")
    best = int(counts.argmax())
    angle = float((edges[best] + edges[best + 1]) / 2)
    if counts[best] < _CLEAR * max(float(np.median(counts)), 1.0) or not 0.3 <= abs(angle) <= _TILTED:
        return 0.0
    return round(angle, 1)


def _on_white(image: Image.Image, mask: Image.Image, settings: EnhanceSettings) -> Image.Image:
    """The product on white, with a shadow where it is wanted."""
    own = foreground(image, mask)
    shade = _shade(mask, settings.shadow) if settings.shadow else None
    result = image.copy()
    for strip in strips_of(image.size):
        white = np.full((strip[3] - strip[1], strip[2], 3), 255, dtype=np.float32)
        if shade:
            white *= np.clip(rows_of(shade, image.size, strip), 0, 1)[..., None]
        share = np.asarray(mask.crop(strip), dtype=np.float32)[..., None] / 255
        pixels = np.asarray(image.crop(strip), dtype=np.float32)
        product = np.asarray(own.crop(strip), dtype=np.float32)
        placed = white + share * (product - white)
        result.paste(Image.fromarray(rounded(pixels + settings.white_background * (placed - pixels))), strip[:2])
    return result


def _shade(mask: Image.Image, strength: float) -> Image.Image:
    """What a soft shadow at the product's feet leaves of the white, 0..1: a small image in mode F."""
    hidden = shadow.cast(mask, plate_of("white studio", "standing"), None)
    left = (1 - 0.35 * strength * hidden.key) * (1 - 0.75 * strength * hidden.sky)
    return Image.fromarray(np.sqrt(left).astype(np.float32))
