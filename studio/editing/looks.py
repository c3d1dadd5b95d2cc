"""Looks: what a style does to the colours and lines of a picture.

Order: flat areas and pencil strokes first, then exposure, contrast, warmth, saturation, toning, duotone, glow, fading,
vignette, outlines and at last grain, which nothing after it softens.
"""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageChops, ImageFilter, ImageOps
from skimage.restoration import denoise_tv_chambolle  # pyright: ignore[reportMissingTypeStubs, reportUnknownVariableType]

from studio.editing.colour import Floats, lab_of, linear_of, parse, rgb_of_lab, rounded, srgb_of
from studio.editing.masks import Box, blurred
from studio.editing.strips import rows_of, small_of, strips_of
from studio.styles import Look

_DRAWN = 900  # longest side at which flat areas are found
_STEPS = 7  # of lightness in an illustration


def apply(image: Image.Image, look: Look, *, strength: float = 1.0, seed: int = 0) -> Image.Image:
    """An RGB image in a look; `strength` 0..1 mixes it with the original. `seed` is that of the grain."""
    if strength <= 0 or look == Look():
        return image.copy()
    drawn = image
    if look.flat:
        drawn = Image.blend(drawn, _flat(image), look.flat)
    if look.sketch:
        drawn = Image.blend(drawn, _sketch(image), look.sketch)
    glow = _glow(drawn) if look.glow else None
    lines = _lines(image) if look.outline else None
    rng = np.random.default_rng(seed)
    coarse = _grain(image.size, rng) if look.grain else None
    result = image.copy()
    for strip in strips_of(image.size):
        rgb = _graded(np.asarray(drawn.crop(strip)), look)
        if glow:
            light = np.stack([rows_of(channel, image.size, strip) for channel in glow], axis=-1)
            rgb = 255 - (255 - rgb) * (255 - look.glow * np.clip(light, 0, 255)) / 255
        rgb += look.fade * 0.22 * (np.array([255, 250, 245], np.float32) * 0.75 - rgb)
        rgb *= 1 - look.vignette * 0.75 * _distance(image.size, strip)[..., None] ** 2.2
        if lines:
            rgb *= 1 - look.outline * (1 - np.asarray(lines.crop(strip), dtype=np.float32)[..., None] / 255)
        if coarse:
            fine = rng.standard_normal(rgb.shape[:2], dtype=np.float32)
            noise = 0.5 * fine + rows_of(coarse, image.size, strip)
            rgb += look.grain * 14 * (noise * (1 - np.abs(rgb.mean(-1) / 127.5 - 1) ** 2))[..., None]
        before = np.asarray(image.crop(strip), dtype=np.float32)
        result.paste(Image.fromarray(rounded(before + strength * (rgb - before))), strip[:2])
    return result


def _graded(pixels: np.ndarray[tuple[int, ...], np.dtype[np.uint8]], look: Look) -> Floats:
    """Exposure and colours, sRGB 0..255."""
    warm = np.array([1 + 0.22 * look.warmth, 1 + 0.02 * look.warmth, 1 - 0.25 * look.warmth], dtype=np.float32)
    linear = linear_of(pixels) * np.float32(2**look.exposure) * warm
    if look.exposure > 0:
        linear = linear * (1 + linear / 6) / (1 + linear / 3)  # lights roll off rather than clip
    lab = lab_of(rounded(srgb_of(linear)))
    lightness = lab[..., 0]
    if look.contrast:
        curve = lightness - 14 * look.contrast * np.sin(2 * np.pi * lightness / 100)
        lightness = np.clip(curve, 0, 100)
    chroma = lab[..., 1:] * (1 + look.saturation)
    if look.toning:
        share = (lightness / 100)[..., None]
        dark, light = (lab_of(np.array(parse(colour), np.uint8))[1:] for colour in (look.shadows, look.lights))
        weight = 4 * share * (1 - share)  # black and white stay
        chroma = chroma + 0.55 * look.toning * weight * ((1 - share) * dark + share * light)
    toned = rgb_of_lab(np.concatenate([lightness[..., None], chroma], axis=-1).astype(np.float32))
    if look.duotone:
        dark, light = (lab_of(np.array(parse(colour), np.uint8)) for colour in (look.shadows, look.lights))
        share = (lightness / 100)[..., None]
        two = rgb_of_lab((dark + share * (light - dark)).astype(np.float32))
        toned = toned + look.duotone * (two - toned)
    return toned.astype(np.float32)


def _flat(image: Image.Image) -> Image.Image:
    """Even areas with clear borders: total variation (Chambolle 2004), then few steps of lightness."""
    small = image.copy()
    small.thumbnail((_DRAWN, _DRAWN), Image.Resampling.LANCZOS, reducing_gap=2.0)
    pixels = np.asarray(small, dtype=np.float32) / 255
    even: Floats = np.asarray(denoise_tv_chambolle(pixels, weight=0.18, channel_axis=-1, max_num_iter=60), np.float32)
    lab = lab_of(rounded(even * 255))
    level = lab[..., 0] / 100 * _STEPS
    step = np.floor(level) + 1 / (1 + np.exp(-14 * (level - np.floor(level) - 0.5)))
    lab[..., 0] = step / _STEPS * 100
    return Image.fromarray(rounded(rgb_of_lab(lab))).resize(image.size, Image.Resampling.BICUBIC)


def _sketch(image: Image.Image) -> Image.Image:
    """A pencil drawing: grey divided by its own blur leaves the edges, and a little tone where it is dark."""
    grey = image.convert("L")
    around = blurred(grey, max(image.size) / 160)
    lines = Image.new("L", image.size)
    for strip in strips_of(image.size):
        tone, near = (np.asarray(each.crop(strip), dtype=np.float32) for each in (grey, around))
        stroke = np.clip((tone + 4) / (near + 4), 0, 1) ** 2.2
        shade = 0.62 + 0.38 * np.clip(tone / 150, 0, 1)
        lines.paste(Image.fromarray(rounded(252 * stroke * shade)), strip[:2])
    return lines.convert("RGB")


def _lines(image: Image.Image) -> Image.Image:
    """Dark lines at strong edges, L."""
    radius = max(image.size) / 500
    grey = blurred(image.convert("L"), max(radius, 0.6))
    edges = ImageChops.subtract(grey.filter(ImageFilter.MaxFilter(3)), grey.filter(ImageFilter.MinFilter(3)))
    edges = edges.point([min(255, max(0, round((value - 9) * 9 / max(1.0, 1 / radius)))) for value in range(256)])
    return ImageOps.invert(blurred(edges, max(radius * 0.5, 0.4)))


def _glow(image: Image.Image) -> list[Image.Image]:
    """The light that bright parts spread, as small images in mode F, one a channel."""
    small = small_of(image, 256)
    bright = small.point([max(0, round((value - 150) * 255 / 105)) for value in range(256)] * 3)
    return [channel.convert("F") for channel in blurred(bright, max(small.size) / 20).split()]


def _grain(size: tuple[int, int], rng: np.random.Generator) -> Image.Image:
    """Grain of the size that film has, which grows with the picture."""
    scale = max(max(size) / 1400, 1.0)
    rows, columns = max(2, round(size[1] / scale / 1.5)), max(2, round(size[0] / scale / 1.5))
    return Image.fromarray(rng.standard_normal((rows, columns), dtype=np.float32))


def _distance(size: tuple[int, int], strip: Box) -> Floats:
    """Distance from the middle, 1 in the corners."""
    x = (np.arange(strip[0], strip[2], dtype=np.float32) + 0.5) / size[0] * 2 - 1
    y = (np.arange(strip[1], strip[3], dtype=np.float32) + 0.5) / size[1] * 2 - 1
    return np.hypot(x[None, :], y[:, None]) / np.float32(2**0.5)
