"""One advert: a product, words, a layout and a channel become a picture.

Words are real type, set where the product is not, in colours that can be read on the pixels that are behind them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import sqrt
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops, ImageDraw, ImageFilter

from studio.campaign import ground
from studio.campaign.box import Box, around
from studio.campaign.channels import Channel
from studio.campaign.colours import (
    CONTRAST,
    WHITE,
    Colour,
    Palette,
    contrast,
    contrast_of,
    luminance,
    luminances,
    palette_around,
    readable,
)
from studio.campaign.fonts import Fonts, Style, is_right_to_left, sized
from studio.campaign.layouts import LOGO, Layout
from studio.campaign.subject import Subject
from studio.campaign.typesetting import NAMES, SCALE, Line, Role, Setting, Typesetter, detail, shaping
from studio.errors import InputError

#: A button is seen when it stands out this much from what is behind it, and a logo when it does this much.
_BUTTON_SEEN, _LOGO_SEEN = 2.5, 1.7
#: The brand's name is smaller than the headline, or it would be one more.
_NAME = 0.5
#: Small print at the foot is so large at most, as a share of the picture's size.
_SMALL_PRINT = 0.02
#: Shares of a packshot's canvas that the product may take, where the channel doesn't say.
_PACKSHOT = (0.80, 0.97)
_SCRIMS = (0.4, 0.6, 0.8, 0.92, 1.0)
_PERCENTILES = (0.5, 99.5)  # of the pixels behind words: less than one in a hundred may be grain
_SAMPLES = 160  # pixels a side are looked at


@dataclass(frozen=True, kw_only=True)
class Words:
    """What an advert says, in one language (en, zh, de, ar …). Only the headline has to be there."""

    language: str = "en"
    headline: str = ""
    subline: str = ""
    price: str = ""
    cta: str = ""
    disclaimer: str = ""

    @property
    def by_role(self) -> dict[Role, str]:
        """Those that there are, in the order in which they stand."""
        said: dict[Role, str] = {
            "headline": self.headline,
            "subline": self.subline,
            "price": self.price,
            "cta": self.cta,
            "disclaimer": self.disclaimer,
        }
        return {role: text for role, text in said.items() if text.strip()}


@dataclass(frozen=True, kw_only=True)
class Look:
    """How a brand's adverts look: what is None or empty is chosen to suit the product."""

    name: str = ""
    colour: Colour | None = None
    accent: Colour | None = None
    logo: Image.Image | None = None  # RGBA
    font: Path | None = None
    style: Style | None = None


@dataclass(frozen=True, kw_only=True)
class Painted:
    """Words on the picture, and the colour that they have there. `plate` is what is right behind a button's words."""

    setting: Setting
    colour: Colour
    plate: Colour | None = None


@dataclass(frozen=True, kw_only=True)
class Advert:
    """An advert: its pixels (RGB), and where everything is on it. `notes` say what a person should know."""

    image: Image.Image
    channel: Channel
    layout: str
    words: tuple[Painted, ...] = ()
    product: Box | None = None
    mask: Image.Image | None = None
    logo: Box | None = None
    scale: float = 1
    factor: int = 1
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Composer:
    """Draws adverts. `whole` are words of scripts without spaces that no line tears apart."""

    fonts: Fonts = field(default_factory=Fonts)
    look: Look = field(default_factory=Look)
    whole: frozenset[str] = frozenset()

    def draw(self, subject: Subject | None, words: Words, layout: Layout, channel: Channel) -> Advert:
        """One advert; without a subject it is one with a logo alone. Raises InputError where it can't be done."""
        # 1. Languages that are written from right to left are laid out from right to left.
        said = words.by_role if channel.words else {}
        if is_right_to_left(words.headline):
            layout = layout.mirrored()
        if layout.words is not None and channel.words and "headline" not in said:
            raise InputError("There is no headline.", "Give one, or a name or a description to make one of.")

        # 2. The product on its ground.
        if subject is None or layout.product is None:
            return self._logo_alone(layout, channel)
        palette = self._palette(subject)
        placed, block = _grounded(subject, layout, channel, palette)
        canvas = placed.canvas
        notes = _notes(subject, placed.scale, placed.factor)
        surface = palette.deep if block is not None else palette.ground if layout.ground == "colour" else None

        # 3. The words, set but not drawn.
        foot = self._at_the_foot(said, words, layout, channel)
        for setting in foot:
            del said[setting.role]
        settings, left_out = self._set(said, words, layout, channel) if layout.words else ((), ())
        notes += [f"no room for the {NAMES[role]}, which is left out" for role in left_out]

        # 4. What is behind them: a card, or a scrim where nothing could be read on the bare scene.
        if layout.panel == "card" and settings:
            surface = _paint_card(canvas, settings, placed.box, channel, palette)
        inks = (palette.ink, WHITE) if surface is None or luminance(surface) > 0.3 else (WHITE, palette.ink)
        ink = _ink(canvas, settings, inks, placed) if settings else inks[0]
        foot_ink = _ink(canvas, foot, (palette.ink, WHITE), placed) if foot else ink

        # 5. Draw them.
        painted = [_paint(canvas, setting, ink, palette) for setting in settings]
        painted += [_paint(canvas, setting, foot_ink, palette) for setting in foot]
        headline = settings[0].size if settings else None
        logo, name = self._paint_logo(canvas, layout, channel, words, palette, headline)
        return Advert(
            image=canvas,
            channel=channel,
            layout=layout.name,
            words=(*painted, *name),
            product=placed.box,
            mask=placed.mask,
            logo=logo,
            scale=placed.scale,
            factor=placed.factor,
            notes=tuple(notes),
        )

    def _palette(self, subject: Subject) -> Palette:
        return subject.palette if self.look.colour is None else palette_around(self.look.colour, self.look.accent)

    def _set(
        self, said: Mapping[Role, str], words: Words, layout: Layout, channel: Channel
    ) -> tuple[tuple[Setting, ...], tuple[Role, ...]]:
        """The words in the layout's boxes, and what was left out."""
        frame = channel.frame
        if layout.words is None:
            return (), ()
        setter = self._setter(words, layout)
        size = sqrt(channel.width * channel.height)
        largest = layout.size * min(frame.width, frame.height)
        action: dict[Role, str] = {}
        if layout.action is not None:
            action = {role: text for role, text in said.items() if role in ("price", "cta")}
            said = {role: text for role, text in said.items() if role not in action}
        room = frame.part(layout.words)
        if layout.panel == "card":
            room = room.grown(-_card_padding(channel))
        found = setter.set(said, room, largest=largest, picture=size, align=layout.align, anchor=layout.anchor)
        headline = next((setting.size for setting in found.settings if setting.role == "headline"), largest)
        if not action or layout.action is None:
            return found.settings, found.left_out
        # A button can be as large as a small headline, so that it is seen.
        acting = setter.set(
            action, frame.part(layout.action), largest=headline * 1.5, picture=size, align="centre", anchor="middle"
        )
        return (*found.settings, *acting.settings), (*found.left_out, *acting.left_out)

    def _at_the_foot(
        self, said: Mapping[Role, str], words: Words, layout: Layout, channel: Channel
    ) -> tuple[Setting, ...]:
        """Small print in the place that the layout has for it; nothing where it has none, or not room enough: then it
        stands among the words."""
        text = said.get("disclaimer")
        if layout.small_print is None or not text:
            return ()
        room, size = channel.frame.part(layout.small_print), sqrt(channel.width * channel.height)
        try:
            found = self._setter(words, layout).set(
                {"disclaimer": text},
                room,
                largest=_SMALL_PRINT * size / SCALE["disclaimer"],
                picture=size,
                align=layout.align,
                anchor="bottom",
            )
        except InputError:
            return ()
        return found.settings

    def _setter(self, words: Words, layout: Layout) -> Typesetter:
        return Typesetter(
            fonts=self.fonts,
            style=self.look.style or layout.face,
            language=words.language,
            right_to_left=is_right_to_left(words.headline),
            own=self.look.font,
            whole=self.whole,
        )

    def _paint_logo(
        self,
        canvas: Image.Image,
        layout: Layout,
        channel: Channel,
        words: Words,
        palette: Palette,
        headline: int | None,
    ) -> tuple[Box | None, tuple[Painted, ...]]:
        """The logo, or else the brand's name, where the layout has room for it. `headline` is the size of that."""
        if layout.logo is None or not channel.words or not (self.look.logo or self.look.name):
            return None, ()
        room = channel.frame.part(layout.logo)
        if self.look.logo is not None:
            is_mirrored = is_right_to_left(words.headline)
            return _paste_logo(canvas, self.look.logo, room, layout.align, is_mirrored=is_mirrored), ()
        try:
            largest = min(room.height * 0.8, _NAME * headline if headline else room.height) / SCALE["brand"]
            found = self._setter(words, layout).set(
                {"brand": self.look.name},
                room,
                largest=largest,
                picture=sqrt(channel.width * channel.height),
                align=layout.align,
            )
        except InputError:
            return None, ()  # too small a picture for one
        ink = _ink(canvas, found.settings, (palette.ink, WHITE), None)
        return None, tuple(_paint(canvas, setting, ink, palette) for setting in found.settings)

    def _logo_alone(self, layout: Layout, channel: Channel) -> Advert:
        if layout.name != LOGO or layout.logo is None:
            raise InputError("This layout needs a product.", "Take another layout.")
        if self.look.logo is None:
            raise InputError("This channel shows a logo, and the brand has none.", "Add a logo to the brand kit.")
        canvas = Image.new("RGB", channel.size, WHITE)
        box = _paste_logo(canvas, self.look.logo, channel.frame.part(layout.logo), "centre", is_mirrored=False)
        return Advert(image=canvas, channel=channel, layout=layout.name, logo=box)


def _grounded(subject: Subject, layout: Layout, channel: Channel, palette: Palette) -> tuple[ground.Placed, Box | None]:
    """The product where the layout wants it, and the block of colour that is beside it, if there is one."""
    frame = channel.frame
    if layout.ground == "white":
        return ground.on_colour(subject, channel.size, _packshot_room(channel), WHITE), None
    assert layout.product is not None
    room = frame.part(layout.product)
    if layout.ground == "colour":
        return ground.on_colour(subject, channel.size, room, palette.ground), None
    block = layout.block(frame, channel.width, channel.height)
    if block is None:
        return ground.in_scene(subject, channel.size, room), None
    rest = _beside(block, channel)
    x, y, right, bottom = rest.pixels
    part = ground.in_scene(subject, (right - x, bottom - y), room.moved(-x, -y))
    canvas = Image.new("RGB", channel.size, palette.deep)
    canvas.paste(part.canvas, (x, y))
    mask = Image.new("L", channel.size, 0)
    mask.paste(part.mask, (x, y))
    return replace(part, canvas=canvas, mask=mask, box=part.box.moved(x, y)), block


def _beside(block: Box, channel: Channel) -> Box:
    """What a block leaves of the canvas."""
    whole = Box(left=0, top=0, right=channel.width, bottom=channel.height)
    if block.height < channel.height:
        return replace(whole, top=block.bottom) if block.top == 0 else replace(whole, bottom=block.top)
    return replace(whole, left=block.right) if block.left == 0 else replace(whole, right=block.left)


def _packshot_room(channel: Channel) -> Box:
    """The middle of the canvas, as large as the product may be."""
    least, most = (channel.fill.least, channel.fill.most) if channel.fill else (0.0, 1.0)
    share = (max(least, _PACKSHOT[0]) + min(most, _PACKSHOT[1])) / 2
    return Box(
        left=channel.width * (1 - share) / 2,
        top=channel.height * (1 - share) / 2,
        right=channel.width * (1 + share) / 2,
        bottom=channel.height * (1 + share) / 2,
    )


def _notes(subject: Subject, scale: float, factor: int) -> list[str]:
    notes: list[str] = []
    if subject.touches_edge:
        notes.append("the picture cuts the product off at its edge")
    enlarged = scale / factor
    if enlarged > 2:
        notes.append(f"the picture is small: it is shown {scale:.1f} times as large")
    return notes


def _card_padding(channel: Channel) -> float:
    return min(channel.size) * 0.035


def _paint_card(
    canvas: Image.Image, settings: Sequence[Setting], product: Box, channel: Channel, palette: Palette
) -> Colour:
    """A card behind the words, never over the product; returns its colour."""
    padding = _card_padding(channel)
    box = around(setting.box for setting in settings).grown(padding)
    colour = WHITE if luminance(palette.ground) > 0.3 else palette.deep
    radius = round(padding * 0.5)
    shade = Image.new("L", canvas.size, 0)
    left, top, right, bottom = box.pixels
    if not box.overlaps(product):
        ImageDraw.Draw(shade).rounded_rectangle((left, top, right - 1, bottom - 1), radius, fill=255)
        canvas.paste(colour, (0, 0), shade)
    return colour


def _ink(
    canvas: Image.Image, settings: Sequence[Setting], wanted: Iterable[Colour], placed: ground.Placed | None
) -> Colour:
    """A colour that can be read behind all of the words; where there is none, the ground under them is calmed first."""
    wanted = tuple(wanted)
    boxes = [setting.ink.grown(3) for setting in settings]
    found = readable(_behind(canvas, boxes), wanted)
    if found is not None:
        return found
    colour = (10, 10, 12) if _behind(canvas, boxes, (50, 50))[0] < 0.22 else WHITE
    part, shade = _shade(canvas, around(boxes), placed and placed.box, placed and placed.mask)
    bare = canvas.crop(part)
    for strength in _SCRIMS:
        veil = shade.point([round(value * strength) for value in range(256)])
        canvas.paste(Image.composite(Image.new("RGB", bare.size, colour), bare, veil), part[:2])
        found = readable(_behind(canvas, boxes), wanted)
        if found is not None:
            return found
    raise InputError("The words can't be read on this picture.", "Take a layout with a block or a card.")


def _behind(
    canvas: Image.Image, boxes: Iterable[Box], percentiles: tuple[float, float] = _PERCENTILES
) -> tuple[float, float]:
    """The darkest and the lightest luminance behind words, grains aside."""
    found: list[NDArray[np.floating[Any]]] = []
    bounds = Box(left=0, top=0, right=canvas.width, bottom=canvas.height)
    for box in boxes:
        left, top, right, bottom = box.pixels
        left, top = max(left, 0), max(top, 0)
        right, bottom = min(right, int(bounds.right)), min(bottom, int(bounds.bottom))
        part = canvas.crop((left, top, max(right, left + 1), max(bottom, top + 1)))
        size = min(part.width, _SAMPLES), min(part.height, _SAMPLES)
        found.append(luminances(np.asarray(part.resize(size, Image.Resampling.NEAREST))).ravel())
    low, high = np.percentile(np.concatenate(found), percentiles)
    return float(low), float(high)


def _shade(
    canvas: Image.Image, words: Box, product: Box | None, mask: Image.Image | None
) -> tuple[tuple[int, int, int, int], Image.Image]:
    """A scrim's shape: all from the words to the edges of the picture, fading towards the product, and nothing of it.
    And the part of the canvas that it covers."""
    soft = 0.16 * min(canvas.size)
    region = words.grown(soft * 0.4)
    if product is not None:
        region = _to_the_edges(region, words, product, far=2 * max(canvas.size))
    left, top, right, bottom = region.grown(soft).pixels
    left, top, right, bottom = max(left, 0), max(top, 0), min(right, canvas.width), min(bottom, canvas.height)
    small = max(1, round(max(canvas.size) / 320))  # what is soft is drawn small
    # Drawn with a rim, so that the blur finds the same beyond an edge of the picture as within it.
    rim = round(soft / small) + 1
    shade = Image.new("L", ((right - left) // small + 2 * rim + 1, (bottom - top) // small + 2 * rim + 1), 0)
    corners = (region.left - left, region.top - top, region.right - left, region.bottom - top)
    ImageDraw.Draw(shade).rectangle([max(-9.0, min(corner / small + rim, 9999.0)) for corner in corners], fill=255)
    shade = shade.filter(ImageFilter.GaussianBlur(soft / 2.5 / small))
    wanted = (rim, rim, rim + (right - left) / small, rim + (bottom - top) / small)
    shade = shade.resize((right - left, bottom - top), Image.Resampling.BICUBIC, box=wanted)
    if mask is not None:
        shade = ImageChops.multiply(shade, ImageChops.invert(mask.crop((left, top, right, bottom))))
    return (left, top, right, bottom), shade


def _to_the_edges(region: Box, words: Box, product: Box, far: float) -> Box:
    """A region that goes on on all sides but the one towards the product."""
    whole = Box(left=-far, top=-far, right=far, bottom=far)
    if words.bottom <= product.top:
        return replace(whole, bottom=region.bottom)
    if words.top >= product.bottom:
        return replace(whole, top=region.top)
    return replace(whole, right=region.right) if words.right <= product.left else replace(whole, left=region.left)


def _paint(canvas: Image.Image, setting: Setting, ink: Colour, palette: Palette) -> Painted:
    """Draws one element; a call to action with its button."""
    colour, plate = ink, None
    if setting.role == "cta":
        plate = _button_colour(canvas, setting, palette, ink)
        colour = next(c for c in (WHITE, palette.ink, (0, 0, 0)) if contrast(c, plate) >= CONTRAST)
        _button(canvas, setting.box, plate)
    elif setting.role == "price":
        behind = _behind(canvas, [setting.ink.grown(3)])
        accent = palette.accent
        ranked = readable(behind, (accent,))
        colour = accent if ranked == accent else ink
    for line in setting.lines:
        _draw_line(canvas, setting, line, colour)
    return Painted(setting=setting, colour=colour, plate=plate)


def _draw_line(canvas: Image.Image, setting: Setting, line: Line, colour: Colour) -> None:
    """Draws a line of text. Small letters are drawn larger and made smaller: between pixels they keep their places."""
    times = detail(setting.size)
    font = sized(setting.face, setting.size * times)
    given = shaping(line.right_to_left, setting.language)
    if times == 1:
        ImageDraw.Draw(canvas).text((line.x, line.y), line.text, colour, font, anchor="ls", **given)
        return
    left, top, right, bottom = line.ink.grown(1).pixels
    letters = Image.new("L", ((right - left) * times, (bottom - top) * times), 0)
    origin = ((line.x - left) * times, (line.y - top) * times)
    ImageDraw.Draw(letters).text(origin, line.text, 255, font, anchor="ls", **given)
    canvas.paste(colour, (left, top), letters.reduce(times))


def _button_colour(canvas: Image.Image, setting: Setting, palette: Palette, ink: Colour) -> Colour:
    """The brand's accent, or whatever else stands out from what is behind the button."""
    behind = _behind(canvas, [setting.box], (50, 50))[0]

    def stands_out(colour: Colour) -> float:
        return contrast_of(luminance(colour), behind)

    readable_ones = [c for c in (palette.accent, palette.deep, ink) if _has_label(c, palette)]
    found = next((c for c in readable_ones if stands_out(c) >= _BUTTON_SEEN), None)
    return found or max((*readable_ones, WHITE, (17, 17, 17)), key=stands_out)


def _has_label(plate: Colour, palette: Palette) -> bool:
    return any(contrast(colour, plate) >= CONTRAST for colour in (WHITE, palette.ink, (0, 0, 0)))


def _button(canvas: Image.Image, box: Box, colour: Colour) -> None:
    """A pill, drawn larger and made smaller for smooth ends."""
    left, top, right, bottom = box.pixels
    size, times = (right - left, bottom - top), 4
    shape = Image.new("L", (size[0] * times, size[1] * times), 0)
    ImageDraw.Draw(shape).rounded_rectangle(
        (0, 0, shape.width - 1, shape.height - 1), radius=shape.height / 2, fill=255
    )
    canvas.paste(colour, (left, top), shape.resize(size, Image.Resampling.BOX))


def _paste_logo(
    canvas: Image.Image, logo: Image.Image, room: Box, align: Literal["start", "centre"], *, is_mirrored: bool
) -> Box:
    """The logo as large as there is room, on a plate where it would not be seen."""
    scale = min(room.width / logo.width, room.height / logo.height)
    size = max(1, round(logo.width * scale)), max(1, round(logo.height * scale))
    small = logo.resize(size, Image.Resampling.LANCZOS)
    x = {"start": room.right - size[0] if is_mirrored else room.left}.get(align, (room.left + room.right - size[0]) / 2)
    left, top = round(x), round((room.top + room.bottom - size[1]) / 2)
    box = Box(left=left, top=top, right=left + size[0], bottom=top + size[1])
    alpha = np.asarray(small.getchannel("A"), dtype=np.float64).ravel()
    own = float(np.average(luminances(np.asarray(small.convert("RGB"))).ravel(), weights=alpha + 1e-9))
    behind = _behind(canvas, [box], (50, 50))[0]
    if contrast_of(own, behind) < _LOGO_SEEN:
        pad = max(2, round(size[1] * 0.2))
        plate = (17, 17, 17) if own > 0.4 else WHITE
        ImageDraw.Draw(canvas).rounded_rectangle(
            (left - pad, top - pad, left + size[0] + pad, top + size[1] + pad), radius=pad, fill=plate
        )
    canvas.paste(small, (left, top), small)
    return box
