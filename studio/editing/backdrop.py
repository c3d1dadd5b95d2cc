"""Other surroundings for a photographed product, whose own pixels stay as they are.

The surroundings are an empty scene of our own world, fitted and toned to the photo; on it falls a shadow from the
product's outline, and where the floor is glossy its reflection. Where the product's mask is 255 every pixel is that of
the photo. Where its edge is soft, the old background is taken out of it first.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from studio.editing import shadow
from studio.editing.colour import Floats, Rgb, linear_of, luminance_of, rounded, srgb_of
from studio.editing.enhance import noise_of
from studio.editing.foreground import foreground
from studio.editing.masks import inside, required
from studio.editing.membrane import gaussian
from studio.editing.plates import SWEEPS, Fitted, Plate, fit, plate_of
from studio.editing.proof import Proof, measure
from studio.editing.strips import rows_of, small_of, strips_of
from studio.errors import InputError
from studio.imaging import MAX_PIXELS
from studio.world.scene import SCENES

Side = Literal["left", "right"]
View = Literal["standing", "lying"]

_SMALL = 256  # side of what tones and noise are measured on
_TONED = 0.3  # of the tint of the photo's own surroundings that the new ones take on
_MOST_TINT = 0.06

#: Share of the light that comes from the key light and casts the shadow; elsewhere 0.5.
_KEY = {
    "window light": 0.78,
    "sunlit wall": 0.78,
    "low key": 0.6,
    "colour gels": 0.35,
    "white studio": 0.42,
    "podium": 0.32,
}
#: How much of the product the floor reflects near its feet; elsewhere nothing.
_GLOSS = {"marble counter": 0.2, "black studio": 0.2, "low key": 0.12, "wooden table": 0.05}


@dataclass(frozen=True, kw_only=True)
class Placed:
    """A product in new surroundings. All three have the output's size."""

    image: Image.Image
    #: The product's mask, L.
    mask: Image.Image
    #: The photo that it was, black where it didn't reach.
    source: Image.Image

    def proof(self) -> Proof:
        """Compares the product's pixels with those of the photo."""
        return measure(self.source, self.image, inside(self.mask))


def place(
    image: Image.Image,
    product_mask: Image.Image,
    *,
    scene: str = "white studio",
    colour: Rgb | None = None,
    side: Side | None = None,
    view: View = "standing",
    seed: int = 0,
    size: tuple[int, int] | None = None,
    shadow_strength: float = 1.0,
    reflection: float | None = None,
) -> Placed:
    """Puts the product of an RGB photo (mask L, 255 = product) into a scene.

    `scene` is one of `studio.world.scene.SCENES`; with a `colour` (sRGB) it is a seamless sweep of that colour. `side`
    is where the light comes from, by default where it comes from in the photo. `view` is whether the product stands
    before the camera or lies below it, as clothes on a floor do. `size` (width, height) is the output's, by default the
    photo's: the product is moved to a good place on it, never scaled. `shadow_strength` 0..1; `reflection` 0..1 on the
    floor, by default as its material has it. `seed` is that of the grain.

    Raises InputError for an unknown scene, masks with which nothing can be done (`masks.required`), and a size into
    which the product doesn't fit.
    """
    if scene not in SCENES:
        raise InputError(f"There is no scene “{scene}”.", f"Choose one of: {', '.join(SCENES)}.")
    photo, mask = _on_canvas(image, required(product_mask, image), size, view)
    plate = plate_of("grey studio" if colour else scene, view)
    if (side or _light_side(photo, mask)) == "right":
        plate = plate.turned()
    own = foreground(photo, mask)
    box = mask.getbbox() or (0, 0, *mask.size)
    unit = max(box[2] - box[0], box[3] - box[1])
    base = ((box[0] + box[2]) / 2, box[3] if view == "standing" else (box[1] + box[3]) / 2)
    fitted = fit(plate, photo.size, base, unit, colour or SWEEPS.get(scene))
    tint = np.ones(3, np.float32) if colour or scene == "white studio" else _tint(photo, mask)
    light = _light(mask, plate, fitted, _KEY.get(scene, 0.5), shadow_strength)
    gloss = 0.0 if view == "lying" or colour else _GLOSS.get(scene, 0.0)
    mirror = _Mirror(own, mask, gloss if reflection is None else reflection)
    grain = _grain(photo)
    rng = np.random.default_rng(seed)
    result = photo.copy()
    for strip in strips_of(photo.size):
        alpha = np.asarray(mask.crop(strip))[..., None]
        linear = linear_of(np.asarray(fitted.image.crop(strip))) * tint
        linear = mirror.on(linear, strip)
        linear *= rows_of(light, photo.size, strip)[..., None]
        noise = rng.normal(0, grain, alpha.shape).astype(np.float32)
        behind = srgb_of(linear) + noise
        share = alpha.astype(np.float32) / 255
        mixed = rounded(behind + share * (np.asarray(own.crop(strip)) - behind))
        result.paste(Image.fromarray(np.where(alpha == 255, np.asarray(photo.crop(strip)), mixed)), strip[:2])
    return Placed(image=result, mask=mask, source=photo)


def _on_canvas(
    image: Image.Image, mask: Image.Image, size: tuple[int, int] | None, view: View
) -> tuple[Image.Image, Image.Image]:
    """The photo and its mask on the output's canvas, the product in the middle and its feet low."""
    if size is None or size == image.size:
        return image, mask
    left, top, right, bottom = mask.getbbox() or (0, 0, *mask.size)
    width, height = right - left, bottom - top
    if size[0] * size[1] > MAX_PIXELS or min(size) < 2:
        raise InputError(f"An image can't have {size[0]} x {size[1]} pixels.", "At most 40 megapixels can be made.")
    if width > size[0] or height > size[1]:
        raise InputError(
            f"The product has {width} x {height} pixels and doesn't fit into {size[0]} x {size[1]}.",
            "Make the photo smaller first, or ask for a larger image.",
        )
    below = round((size[1] - height) * (0.36 if view == "standing" else 0.5))
    origin = ((size[0] - width) // 2 - left, size[1] - below - height - top)
    photo, moved = Image.new("RGB", size), Image.new("L", size)
    photo.paste(image, origin)
    moved.paste(mask, origin)
    return photo, moved


def _light_side(photo: Image.Image, mask: Image.Image) -> Side:
    """From where the light seems to come: the side on which the product is brighter."""
    small = small_of(photo, _SMALL)
    alpha = np.asarray(mask.resize(small.size, Image.Resampling.BOX)) > 200
    rows, columns = np.nonzero(alpha)
    if len(columns) < 9 or np.ptp(columns) == 0:
        return "left"
    bright = luminance_of(np.asarray(small)[rows, columns])
    if bright.std() < 1e-4:
        return "left"
    return "right" if np.corrcoef(columns, bright)[0, 1] > 0.05 else "left"


def _tint(photo: Image.Image, mask: Image.Image) -> Floats:
    """Factors on linear light that bring the surroundings nearer to the light of the photo (shades of grey, Finlayson
    and Trezzi 2004), told from what isn't the product."""
    small = small_of(photo, _SMALL)
    around = np.asarray(mask.resize(small.size, Image.Resampling.BOX)) < 20
    linear = linear_of(np.asarray(small)[around]).astype(np.float64)
    if not len(linear):
        return np.ones(3, dtype=np.float32)
    seen = (linear**6).mean(0) ** (1 / 6) + 1e-4
    tint = 1 + _TONED * (seen / seen.mean() - 1)
    return np.clip(tint, 1 - _MOST_TINT, 1 + _MOST_TINT).astype(np.float32)


def _grain(photo: Image.Image) -> float:
    """Standard deviation of the photo's noise in levels, at most 4; some even where there is none, against bands."""
    return min(max(noise_of(photo), 0.6), 4.0)


def _light(mask: Image.Image, plate: Plate, fitted: Fitted, key: float, strength: float) -> Image.Image:
    """What is left of the light on each place of the surroundings, 0..1: a small image in mode F."""
    hidden = shadow.cast(mask, plate, fitted.floor_end)
    # Light that the floor throws back brightens shadows; right at the feet there is none.
    left = (1 - strength * key * hidden.key) * (1 - strength * 0.9 * hidden.sky**0.8 * (1 - key * 0.3))
    return Image.fromarray(left.astype(np.float32))


class _Mirror:
    """The product in a floor that shines by `gloss` 0..1: upside down from its feet on, and fainter further away."""

    def __init__(self, own: Image.Image, mask: Image.Image, gloss: float) -> None:
        self._gloss = gloss
        if gloss <= 0:
            return
        scale = min(1.0, 640 / max(own.size))
        self._size = own.size
        size = (max(2, round(own.width * scale)), max(2, round(own.height * scale)))
        alpha = np.asarray(mask.resize(size, Image.Resampling.BOX), dtype=np.float32) / 255
        light = linear_of(np.asarray(own.resize(size, Image.Resampling.BOX)))
        feet = shadow.ground(mask)
        columns = (np.arange(size[0]) + 0.5) * feet.scale / scale - 0.5
        ground = np.interp(columns, np.arange(len(feet.rows)), feet.rows) * scale / feet.scale
        rows = np.arange(size[1])[:, None]
        above = np.rint(2 * ground[None, :] - 1 - rows).astype(int)  # what is as far above the floor as this is below
        seen = (above >= 0) & (above < size[1]) & (rows >= ground[None, :] - 0.5)
        at = np.clip(above, 0, size[1] - 1), np.arange(size[0])[None, :]
        tall = max(1.0, float(np.ptp(np.nonzero(alpha.max(1) > 0.5)[0])) if (alpha > 0.5).any() else 1.0)
        fade = np.exp(-np.maximum(rows - ground[None, :], 0) / (0.3 * tall))
        share = gloss * alpha[at] * seen * fade
        self._share = _softened(share, 0.004 * size[1])
        self._light = [_softened(light[..., i][at] * share, 0.004 * size[1]) for i in range(3)]

    def on(self, linear: Floats, strip: tuple[int, int, int, int]) -> Floats:
        """Rows of the surroundings in linear light with the reflection on them."""
        if self._gloss <= 0:
            return linear
        share = np.clip(rows_of(self._share, self._size, strip), 0, 1)[..., None]
        light = np.stack([rows_of(channel, self._size, strip) for channel in self._light], axis=-1)
        return np.maximum(linear * (1 - share) + light, 0)


def _softened(values: NDArray[np.floating[Any]], by: float) -> Image.Image:
    return Image.fromarray(gaussian(values.astype(np.float32), by))
