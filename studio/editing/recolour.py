"""The product in another colour, with its shape and its shading."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from studio.editing.colour import Floats, Rgb, lab_of, rgb_of_lab, rounded
from studio.editing.foreground import foreground
from studio.editing.masks import Box, floats, required

_STRIP = 256  # rows that are changed at once
_SAMPLE = 60_000  # pixels that the curve is fitted to
_ROUNDS = 8  # of fitting
#: Mean lightness of the darkest and lightest products: shading needs room on either side.
_DARKEST, _LIGHTEST = 11.0, 84.0
_GIVES_WAY = 11.0  # by how much lightness may be below the colour's at most: 7 to 8 in dE2000 where it is light
_BLACK, _WHITE = 2.0, 97.0  # lightness where shading ends
_CORRELATION = 0.93  # of luminance before and after, at least, wherever 8 bit allow it
_KEPT = 0.15  # of the differences of hue within the product


@dataclass(frozen=True, kw_only=True)
class Curve:
    """How CIELAB values inside a product change; fitted to one product and one colour."""

    #: Mean of the product, and the colour that its mean becomes.
    mean: Floats
    target: Floats
    #: Factor on what is darker and on what is lighter than the mean, and from where on lights are compressed.
    darks: float
    lights: float
    knee: float
    #: From here on lights turn white; a product that is itself light has no other.
    shine: float
    #: How much of the differences of hue within the product stays, 0..1.
    kept: float

    def __call__(self, lab: Floats) -> Floats:
        away = lab[..., 0] - self.mean[0]
        room = max(_WHITE - self.target[0], 1.0)
        lifted = self.lights * np.maximum(away, 0)
        start = self.knee * room
        # Linear up to the knee, then y = 1 - 1 / (1 + x) towards white: it never clips.
        over = np.maximum(lifted - start, 0)
        rest = room - start
        lifted = np.minimum(lifted, start) + rest * over / (over + rest + 1e-6)
        lightness = self.target[0] + lifted + self.darks * np.minimum(away, 0)
        lightness = np.clip(lightness, 0, 100)
        # Less light on a colour scales all of CIELAB's (L + 16, a, b); more light than it can show turns it white.
        shade = np.minimum((lightness + 16) / (self.target[0] + 16), 1.15)
        white = np.clip((lightness - self.shine) / (102 - self.shine), 0, 1)
        scale = (shade * (1 - white))[..., None]
        chroma = (self.target[1:] + self.kept * (lab[..., 1:] - self.mean[1:])) * scale
        return np.concatenate([lightness[..., None], chroma], axis=-1)


def recolour(image: Image.Image, product_mask: Image.Image, colour: Rgb, *, strength: float = 1.0) -> Image.Image:
    """An RGB image with its product (L, 255) in another colour; the mean of the product is about that colour.

    Light and shade stay: luminance before and after correlate by 0.9 or more, as far as 8 bits can tell. What is not
    in the mask stays byte for byte; soft edges change by as much of them as is product. `strength` 0..1 is how far the
    colour goes. White and black products keep some room for their shading: their mean is about L 84 and L 11, and less
    for light colours where the photo has strong lights.

    It is one colour for the whole product: labels and parts of other colours are tinted with it. Prints and seams stay
    visible as lighter and darker. It doesn't know what a material would reflect: red light that a red product cast
    on the floor stays red, and highlights of coloured metal turn white. Raises InputError as `masks.required` does.
    """
    mask = required(product_mask, image)
    own = foreground(image, mask)
    curve = fit(own, mask, colour)
    return changed(image, own, mask, lambda strip: rgb_of_lab(curve(lab_of(np.asarray(own.crop(strip))))), strength)


def changed(
    image: Image.Image,
    own: Image.Image,
    mask: Image.Image,
    new: Callable[[Box], Floats],
    strength: float,
) -> Image.Image:
    """Puts the `new` colours of a product (sRGB 0..255, asked for strip by strip) in the place of its `own`.

    I = a F + (1 - a) B becomes I + a (F' - F), without knowing B; where the mask is 0 nothing changes.
    """
    result = image.copy()
    box = mask.getbbox()
    if box is None:
        return result
    left, top, right, bottom = box
    for upper in range(top, bottom, _STRIP):
        strip = (left, upper, right, min(upper + _STRIP, bottom))
        pixels = np.asarray(image.crop(strip))
        product = np.asarray(own.crop(strip))
        alpha = strength * floats(mask.crop(strip))[..., None]
        difference = new(strip) - product
        mixed = rounded(pixels + alpha * difference)
        result.paste(Image.fromarray(np.where(alpha > 0, mixed, pixels)), strip[:2])
    return result


def sample(own: Image.Image, mask: Image.Image) -> Floats:
    """CIELAB values [n, 3] of pixels all over the product: those that are wholly its own, where there are some."""
    alpha = np.asarray(mask)
    rows, columns = np.nonzero(alpha == alpha.max())
    step = max(1, len(rows) // _SAMPLE)
    return lab_of(np.asarray(own)[rows[::step], columns[::step]])


def fit(own: Image.Image, mask: Image.Image, colour: Rgb, *, kept: float = _KEPT) -> Curve:
    """The curve that brings the mean of the product to the colour and keeps its shading."""
    lab = sample(own, mask)
    wanted = lab_of(np.array(colour, dtype=np.uint8))
    mean = lab.mean(0)
    aim = wanted.copy()
    aim[0] = np.clip(aim[0], _DARKEST, _LIGHTEST)
    low, high = np.percentile(lab[:, 0], (1, 99)) - mean[0]
    # As much more or less light as the colour reflects scales L + 16. Highlights don't grow with it: a little less.
    natural = float(np.clip(((aim[0] + 16) / (mean[0] + 16)) ** 0.8, 0.45, 2.0))
    # Light colours give way a little where there is more light in the photo than they leave room for.
    crowded = natural * high - (_WHITE - aim[0])
    aim[0] = min(aim[0], max(wanted[0] - _GIVES_WAY, aim[0] - 0.4 * max(crowded, 0)))
    darks = min(natural, (aim[0] - _BLACK) / max(-low, 1e-3))
    straight = min(natural, (_WHITE - aim[0]) / max(high, 1e-3))
    glint = max(float(aim[0]) + 12, 62.0)
    best, fits = None, -1.0
    # From full contrast with compressed lights to a line on which the lightest are just white, at last without a tint
    # of white in the lights: the first that keeps the shading, or the one that keeps most of it.
    early = float(aim[0]) - 6  # deep blue has no lighter shade of itself
    tried = (
        *((1.0, glint, 1.0), (0.6, glint, 1.0), (0.6, early, 1.0), (0.3, early, 1.0), (0.0, glint, 1.0)),
        *((0.3, early, 0.85), (0.0, 101.0, 0.85), (-0.5, 101.0, 0.75)),  # less vivid, so that there is room for shading
    )
    for bend, shine, vivid in tried:
        goal = aim * np.array([1, vivid, vivid], dtype=np.float32)
        level = straight + bend * (max(natural, straight) - straight) if bend >= 0 else straight / 2
        curve = Curve(
            mean=mean,
            target=goal,
            darks=darks if bend == 1 else min(level, darks),
            lights=level,
            knee=1.0 - 0.5 * max(bend, 0),
            shine=shine,
            kept=kept * min(1.0, float(np.hypot(aim[1], aim[2])) / 30) if kept < 1 else kept,  # white is white all over
        )
        curve = _centred(curve, lab, goal)
        after = rounded(rgb_of_lab(curve(lab)))
        kept = _correlation(_luma(rounded(rgb_of_lab(lab))), _luma(after))
        if kept > fits:
            best, fits = curve, kept
        if kept >= _CORRELATION:
            break
    assert best is not None
    return best


def _luma(rgb: NDArray[np.uint8]) -> Floats:
    """Brightness as a greyscale picture has it (ITU-R 601), 0..255."""
    return rgb @ np.array([0.299, 0.587, 0.114], dtype=np.float32)


def _centred(curve: Curve, lab: Floats, aim: Floats) -> Curve:
    """The curve moved until the mean of what it gives, in 8 bit, is the colour that was wanted."""
    target = aim.copy()
    for _ in range(_ROUNDS):
        moved = replace(curve, target=target)
        off = aim - lab_of(rounded(rgb_of_lab(moved(lab)))).mean(0)
        target = np.clip(target + 0.8 * off, (1, -128, -128), (98, 128, 128)).astype(np.float32)
        curve = moved
    return curve


def _correlation(first: Floats, second: Floats) -> float:
    """Pearson's; 1 where there is no shading to keep."""
    first, second = first - first.mean(), second - second.mean()
    size = float(np.sqrt((first**2).sum() * (second**2).sum()))
    return float((first * second).sum()) / size if (first**2).mean() > 0.3 and size > 0 else 1.0
