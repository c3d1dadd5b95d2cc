"""What the product stands on: its own scene, extended to a canvas of any shape, a colour, or white.

Nothing is stretched: the picture keeps its proportions, and where it ends its scene goes on. Nothing is cut through the
product: its mask lies in the box that the layout gives it.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops, ImageDraw, ImageFilter

from studio.campaign.box import Box
from studio.campaign.colours import WHITE, Colour
from studio.campaign.subject import SOLID, Subject, steeper
from studio.editing.canvas import mirrored

#: Scenes are continued at no more than this many pixels a side, then enlarged: what is farther away is softer.
_WORKING_SIDE = 720
_SOFT_EDGE = 1.5  # times: a mask that is enlarged more has soft edges
#: The picture's edge blends over this share of its shorter side.
_SEAM = 0.05
#: Shares of a side, across and down: over which light and colour at an edge are averaged; how deep the texture is that
#: is mirrored (a horizon should not be); after which it has faded to a third.
_NEAR = (0.2, 0.06)
_DEEP = (1.0, 0.18)
_FADE = (6.0, 1.0)
#: Going up and down, the same for what of the texture runs along the edge: mirrored again and again it makes stripes.
_RUN_FADE = 0.08

Floats = NDArray[np.floating[Any]]


@dataclass(frozen=True, kw_only=True)
class Placed:
    """A product on a canvas: the picture (RGB), the product's mask on it (L) and its box in pixels; `scale` says how
    many pixels of the canvas one pixel of the picture takes, `factor` how often the upscaler enlarged it."""

    canvas: Image.Image
    mask: Image.Image
    box: Box
    scale: float
    factor: int


def in_scene(subject: Subject, size: tuple[int, int], room: Box) -> Placed:
    """The product in its own scene on a canvas of `size`, its mask as large as `room` allows and in its middle."""
    scale, left, top = _place(subject, room)
    factor = subject.factor(scale)
    picture, _ = subject.enlarged(factor)
    shown = Box(left=left, top=top, right=left + subject.image.width * scale, bottom=top + subject.image.height * scale)
    visible = _cut(shown, size)
    sharp = _part(picture, shown, visible, scale / factor)
    mask = _mask(subject, shown, visible, size, scale)
    canvas = sharp
    if visible.pixels != (0, 0, *size):
        canvas = _extended(subject.plate, shown, size)
        seam = _seam(visible, size, _SEAM * min(shown.width, shown.height))
        x, y = visible.pixels[:2]
        seam = ImageChops.lighter(seam, mask.crop(visible.pixels))
        canvas.paste(sharp, (x, y), seam)
    return Placed(canvas=canvas, mask=mask, box=_moved(subject.box, scale, left, top), scale=scale, factor=factor)


def on_colour(subject: Subject, size: tuple[int, int], room: Box, colour: Colour, *, shadow: bool = True) -> Placed:
    """The product, cut out, on a canvas of one colour, lighter in the middle, with a soft shadow at its foot."""
    scale, left, top = _place(subject, room)
    box = _moved(subject.box, scale, left, top)
    canvas = Image.new("RGB", size, colour) if colour == WHITE else _lit(size, colour, box)
    if shadow and colour != WHITE:
        _cast_shadow(canvas, _moved(subject.foot, scale, left, top))
    factor = subject.factor(scale)
    _, cutout = subject.enlarged(factor)
    shown = Box(left=left, top=top, right=left + subject.image.width * scale, bottom=top + subject.image.height * scale)
    visible = _cut(shown, size)
    mask = _mask(subject, shown, visible, size, scale)
    canvas.paste(_part(cutout, shown, visible, scale / factor), visible.pixels[:2], mask.crop(visible.pixels))
    return Placed(canvas=canvas, mask=mask, box=box, scale=scale, factor=factor)


def _place(subject: Subject, room: Box) -> tuple[float, float, float]:
    """Scale, left and top of the picture, such that the product's box fills `room` one way and is in its middle."""
    product = subject.box
    # A pixel of air all round: masks are resampled.
    scale = min((room.width - 2) / product.width, (room.height - 2) / product.height)
    left = (room.left + room.right) / 2 - (product.left + product.right) / 2 * scale
    top = (room.top + room.bottom) / 2 - (product.top + product.bottom) / 2 * scale
    return scale, left, top


def _moved(box: Box, scale: float, left: float, top: float) -> Box:
    """A box of the picture on the canvas."""
    return Box(
        left=left + box.left * scale,
        top=top + box.top * scale,
        right=left + box.right * scale,
        bottom=top + box.bottom * scale,
    )


def _cut(shown: Box, size: tuple[int, int]) -> Box:
    """The whole pixels of the canvas that lie in the picture."""
    return Box(
        left=max(0, ceil(shown.left)),
        top=max(0, ceil(shown.top)),
        right=min(size[0], floor(shown.right)),
        bottom=min(size[1], floor(shown.bottom)),
    )


def _part(image: Image.Image, shown: Box, visible: Box, scale: float) -> Image.Image:
    """The part of the picture that is visible, at its size on the canvas."""
    left, top, right, bottom = visible.pixels
    box = (
        max(0.0, (left - shown.left) / scale),
        max(0.0, (top - shown.top) / scale),
        min(float(image.width), (right - shown.left) / scale),
        min(float(image.height), (bottom - shown.top) / scale),
    )
    kind = Image.Resampling.BICUBIC if scale > 1 else Image.Resampling.LANCZOS
    return image.resize((right - left, bottom - top), kind, box=box, reducing_gap=2.0)


def _mask(subject: Subject, shown: Box, visible: Box, size: tuple[int, int], scale: float) -> Image.Image:
    """The product's mask on the canvas."""
    enlarged = scale > _SOFT_EDGE
    part = _part(subject.soft_mask if enlarged else subject.mask, shown, visible, scale)
    # An edge that was enlarged is soft: it is drawn together again. What is less than solid isn't product, and is cut
    # off, so that the product's box is that of what is.
    edge = steeper(part, min(scale, 5.0)) if enlarged else part
    mask = Image.new("L", size, 0)
    mask.paste(edge.point([0 if value < SOLID else value for value in range(256)]), visible.pixels[:2])
    return mask


def _seam(visible: Box, size: tuple[int, int], width: float) -> Image.Image:
    """White inside, black at those edges of the picture that are within the canvas."""
    left, top, right, bottom = visible.pixels
    across = _ramp(right - left, left > 0, right < size[0], width)
    down = _ramp(bottom - top, top > 0, bottom < size[1], width)
    return Image.fromarray((np.minimum.outer(down, across) * 255).astype(np.uint8))


def _ramp(length: int, at_start: bool, at_end: bool, width: float) -> Floats:
    place = np.arange(length, dtype=np.float32) + 0.5
    ramp = np.ones(length, dtype=np.float32)
    if at_start:
        ramp = np.minimum(ramp, place / max(width, 1))
    if at_end:
        ramp = np.minimum(ramp, place[::-1] / max(width, 1))
    return (ramp * ramp * (3 - 2 * ramp)).astype(np.float32)


def _extended(plate: Image.Image, shown: Box, size: tuple[int, int]) -> Image.Image:
    """The scene without its product, gone on to the whole canvas."""
    working = min(1.0, _WORKING_SIDE / max(size), max(plate.size) / max(shown.width, shown.height))
    width, height = max(1, round(shown.width * working)), max(1, round(shown.height * working))
    left, top = round(-shown.left * working), round(-shown.top * working)
    full_width, full_height = max(1, round(size[0] * working)), max(1, round(size[1] * working))
    pixels = np.asarray(plate.resize((width, height), Image.Resampling.BILINEAR), dtype=np.float32)
    pixels = _gone_on(pixels, before=-left, after=full_width + left - width, across=True)
    pixels = pixels[:, max(0, left) : max(0, left) + full_width]
    pixels = _gone_on(pixels.transpose(1, 0, 2), before=-top, after=full_height + top - height, across=False)
    pixels = pixels[:, max(0, top) : max(0, top) + full_height].transpose(1, 0, 2)
    small = Image.fromarray(pixels.round().clip(0, 255).astype(np.uint8))
    return small.resize(size, Image.Resampling.BICUBIC)


def _gone_on(pixels: Floats, *, before: int, after: int, across: bool) -> Floats:
    """Rows of pixels [rows, columns, 3], gone on by so many columns on both ends (less than 1 is none).

    Light and colour go on as they are at the edge, the texture is mirrored there and fades. Going up and down, what is
    next to each other at the edge also runs together with the distance, so that no shadow becomes a stripe, and lines
    along the edge fade soon, so that no shadow's rim becomes many; across, a horizon stays one.
    """
    rows, columns = pixels.shape[:2]
    near, deep, fade = (_NEAR[0], _DEEP[0], _FADE[0]) if across else (_NEAR[1], _DEEP[1], _FADE[1])
    light = _averaged(pixels, max(1, round(columns * near)))
    texture = pixels - light

    def end(count: int, edge: Floats, mirrored: Floats) -> Floats:
        """The columns that follow an edge, the next first."""
        distance = np.arange(max(0, count), dtype=np.float32)
        edge = _calmed(edge, rows // 40) if across else edge
        faded = np.exp(-distance / (fade * columns))[None, :, None]
        found = edge + _mirrored(mirrored, len(distance)) * faded
        if not across:
            even = _averaged_along(edge, rows // 12)
            found += (even - edge) * np.minimum(distance / max(1.0, columns * 0.3), 1)[None, :, None]
            soon_faded = np.exp(-distance / (_RUN_FADE * columns))[None, :, None]
            found -= _mirrored(_averaged_along(mirrored, rows // 40), len(distance)) * (faded - soon_faded)
        return found

    reach = max(1, round(columns * deep))
    first = end(before, light[:, :1], texture[:, :reach])[:, ::-1]
    last = end(after, light[:, -1:], texture[:, ::-1][:, :reach])
    return np.concatenate([first, pixels, last], axis=1)


def _calmed(edge: Floats, radius: int) -> Floats:
    """The running median down an edge [rows, 1, 3]: grain would become stripes, and a horizon stays sharp."""
    padded = np.pad(edge[:, 0], ((radius, radius), (0, 0)), mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * radius + 1, axis=0)
    return np.median(windows, axis=-1).astype(np.float32)[:, None]


def _mirrored(pixels: Floats, count: int) -> Floats:
    """The first `count` columns of pixels, their mirror image, the pixels again, and so on."""
    return pixels[:, mirrored(np.arange(count), pixels.shape[1])]


def _averaged(pixels: Floats, radius: int) -> Floats:
    """Running means along the columns, over `radius` to each side; edges are gone on."""
    padded = np.pad(pixels, ((0, 0), (radius + 1, radius), (0, 0)), mode="edge")
    sums = padded.cumsum(axis=1, dtype=np.float64)
    return ((sums[:, 2 * radius + 1 :] - sums[:, : -2 * radius - 1]) / (2 * radius + 1)).astype(np.float32)


def _averaged_along(pixels: Floats, radius: int) -> Floats:
    """Running means down the rows, along an edge."""
    return _averaged(pixels.transpose(1, 0, 2), max(1, radius)).transpose(1, 0, 2)


def _lit(size: tuple[int, int], colour: Colour, box: Box) -> Image.Image:
    """A colour with light on it: brighter around the product, a little darker away from it."""
    side = 256
    x = (np.arange(side) + 0.5) / side * size[0] - (box.left + box.right) / 2
    y = (np.arange(side) + 0.5) / side * size[1] - (box.top + box.bottom) / 2
    distance = np.sqrt(np.add.outer(y**2, x**2)) / (0.55 * max(size))
    gain = 1.035 - 0.07 * np.clip(distance, 0, 1.3)
    pixels = (np.array(colour)[None, None] * gain[..., None]).round().clip(0, 255).astype(np.uint8)
    return Image.fromarray(pixels).resize(size, Image.Resampling.BICUBIC)


def _cast_shadow(canvas: Image.Image, foot: Box) -> None:
    """A soft shadow where the product touches the ground: a wide faint one and a narrow dark one."""
    small = max(1, round(max(canvas.size) / 360))  # shadows are soft: they are drawn small
    size = max(1, canvas.width // small), max(1, canvas.height // small)
    shade = Image.new("L", size, 0)
    middle, ground, width = (foot.left + foot.right) / 2, foot.bottom, foot.width
    for share, height, strength in ((0.62, 0.06, 60), (0.5, 0.03, 85)):
        layer = Image.new("L", size, 0)
        sides = (middle - share * width, ground - height * width, middle + share * width, ground + height * width * 0.7)
        ImageDraw.Draw(layer).ellipse([value / small for value in sides], fill=strength)
        layer = layer.filter(ImageFilter.GaussianBlur(max(0.6, width * 0.04 / small)))
        shade = ImageChops.lighter(shade, layer)
    canvas.paste((20, 18, 22), (0, 0), shade.resize(canvas.size, Image.Resampling.BICUBIC))
