"""Sets words into a box: finds their size, breaks their lines, says where each line stands. Draws nothing yet.

Boxes are what the ink really covers as the font reports it, so what fits here fits on the picture.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from math import ceil, floor
from pathlib import Path
from textwrap import shorten
from typing import Literal, TypedDict

from PIL import features

from studio.campaign.box import Box, around
from studio.campaign.fonts import SHAPER_LANGUAGES, Face, Fonts, Style, is_right_to_left, sized
from studio.campaign.line_breaks import balanced, pieces, torn
from studio.errors import InputError

Role = Literal["brand", "headline", "subline", "price", "cta", "disclaimer"]

#: Sizes as shares of the headline's.
SCALE: dict[Role, float] = {
    "brand": 0.40,
    "headline": 1.0,
    "subline": 0.43,
    "price": 0.62,
    "cta": 0.42,
    "disclaimer": 0.25,
}
#: No letters are set smaller, in pixels and as a share of the picture's size: they could not be read. On a telephone,
#: which shows a square of 1440 pixels 390 points wide, these are 10 points, and 7 for small print.
LEAST_PIXELS = 9
LEAST_SHARE = 0.026
_LEAST_DISCLAIMER = 0.018
_BOLD: frozenset[Role] = frozenset({"brand", "headline", "price", "cta"})
_MOST_LINES: dict[Role, int] = {"brand": 1, "headline": 4, "subline": 4, "price": 1, "cta": 1, "disclaimer": 4}
_LEADING: dict[Role, float] = {"headline": 1.12, "subline": 1.28, "disclaimer": 1.25}
#: Space above each, in its own size.
_SPACE: dict[Role, float] = {
    "headline": 0.0,
    "subline": 0.95,
    "price": 0.8,
    "cta": 1.1,
    "disclaimer": 2.0,
    "brand": 0.0,
}
#: A button is so much larger than its words, in their size.
PADDING_X, PADDING_Y = 1.15, 0.72
#: What gives way where there is no room, the first first. The others have to be there.
_GIVES_WAY: tuple[Role, ...] = ("subline", "price", "cta")
_QUOTED = 80  # characters of what has no room
_HANGS = "，。、！？：；"
_SMALL = 48  # pixels
#: Of two sizes of the headline the smaller one is taken, down to this share, where it has fewer lines; or where it ends
#: fewer of them inside a phrase of a script without spaces.
_WORTH_A_LINE, _WORTH_A_PHRASE = 0.84, 0.7
_SET_AT = 100  # pixels: widths are measured once at this size, and scale with it


@dataclass(frozen=True, kw_only=True)
class Line:
    """One line of text: where its baseline begins, from the left, and the box of its ink."""

    text: str
    x: float
    y: float
    ink: Box
    right_to_left: bool


@dataclass(frozen=True, kw_only=True)
class Setting:
    """One element as it is set: its lines, their face and size in pixels; `box` is all that it covers, with the button
    that a call to action has."""

    role: Role
    face: Face
    size: int
    lines: tuple[Line, ...]
    box: Box
    language: str

    @property
    def ink(self) -> Box:
        return around(line.ink for line in self.lines)


@dataclass(frozen=True, kw_only=True)
class Set:
    """Words in their box, and what had to be left out for want of room."""

    settings: tuple[Setting, ...]
    left_out: tuple[Role, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Typesetter:
    """Sets words of one language with one typeface; `right_to_left` says how what has no letters is written, such as a
    price; `own` is the brand's font file, `whole` are words of scripts without spaces that aren't broken."""

    fonts: Fonts
    style: Style = "sans"
    language: str = "en"
    right_to_left: bool = False
    own: Path | None = None
    whole: frozenset[str] = frozenset()

    def set(
        self,
        words: Mapping[Role, str],
        box: Box,
        *,
        largest: float,
        picture: float,
        align: Literal["start", "centre"] = "start",
        anchor: Literal["top", "middle", "bottom"] = "middle",
    ) -> Set:
        """Sets `words`, one under the other in their order, as large as `box` allows and `largest` (the headline's
        size in pixels) permits. `picture` is the picture's size, the square root of its area, which says what is too
        small to read.

        Raises InputError where it can't be done: the words are too long, or no font has their letters.
        """
        words = {role: " ".join(text.split()) for role, text in words.items() if text.strip()}
        if not words:
            return Set(settings=())
        faces: dict[Role, Face] = {role: self._face(role, text) for role, text in words.items()}
        left_out: list[Role] = []
        while True:
            settings = self._largest(words, faces, box, largest=largest, picture=picture, align=align)
            if settings is not None:
                return Set(settings=tuple(_anchored(settings, box, anchor)), left_out=tuple(left_out))
            able: list[Role] = [role for role in _GIVES_WAY if role in words and len(words) > 1]
            spare: Role | None = able[0] if able else None
            if spare is None:
                role = max(words, key=lambda role: len(words[role]))
                said = shorten(words[role], _QUOTED, placeholder=" …")
                raise InputError(f"There is no room for the {NAMES[role]} “{said}”.", "Make it shorter.")
            rest: dict[Role, str] = {role: text for role, text in words.items() if role != spare}
            words = rest
            left_out.append(spare)

    def _face(self, role: Role, text: str) -> Face:
        style = self.style if role in ("headline", "brand") else "sans"
        return self.fonts.face(text, bold=role in _BOLD, style=style, language=self.language, own=self.own)

    def _largest(
        self,
        words: Mapping[Role, str],
        faces: Mapping[Role, Face],
        box: Box,
        *,
        largest: float,
        picture: float,
        align: Literal["start", "centre"],
    ) -> list[Setting] | None:
        """The words at the largest headline size at which they fit, None where they don't at any that can be read."""
        least = max(LEAST_PIXELS, int(LEAST_SHARE * picture))
        low, high = least - 1, int(largest / 0.995) + 1  # low fits or is too small, high doesn't
        best: list[Setting] | None = None
        while high - low > max(1, high // 40):
            size = (low + high) // 2
            settings = self._at(words, faces, box, size=size, picture=picture, align=align)
            if settings is None:
                high = size
            else:
                low, best = size, settings
        if best is None or best[0].role != "headline":
            return best
        # Fewer lines are worth a little size: words are torn apart less.
        lines, phrases = len(best[0].lines), torn([line.text for line in best[0].lines])
        for size in range(low - 1, max(least, int(low * _WORTH_A_PHRASE)), -max(1, low // 40)):
            settings = self._at(words, faces, box, size=size, picture=picture, align=align)
            if settings is None:
                continue
            found = settings[0].lines
            if torn([line.text for line in found]) < phrases or (len(found) < lines and size > low * _WORTH_A_LINE):
                return settings
        return best

    def _at(
        self,
        words: Mapping[Role, str],
        faces: Mapping[Role, Face],
        box: Box,
        *,
        size: int,
        picture: float,
        align: Literal["start", "centre"],
    ) -> list[Setting] | None:
        """The words at one headline size, from the top of the box; None where they don't fit."""
        settings: list[Setting] = []
        top = box.top
        for role, text in words.items():
            own = round(max(size * SCALE[role], _least(role, picture)))
            if role != "headline" and "headline" in words and own > size:
                own = size
            if settings:
                top += _SPACE[role] * own
            setting = self._element(role, text, faces[role], own, box, top, align)
            if setting is None:
                return None
            if role == "cta" and settings and settings[-1].role == "price":
                row = _in_a_row(settings[-1], setting, box, align)
                if row is not None:
                    settings[-1:] = row
                    top = max(each.box.bottom for each in row)
                    continue
            settings.append(setting)
            top = setting.box.bottom
        return settings if around(setting.box for setting in settings).bottom <= box.bottom else None

    def _element(
        self, role: Role, text: str, face: Face, size: int, box: Box, top: float, align: Literal["start", "centre"]
    ) -> Setting | None:
        """One element with its top at `top`, None where it is too wide or takes too many lines."""
        is_button = role == "cta"
        pad_x, pad_y = (PADDING_X * size, PADDING_Y * size) if is_button else (0.0, 0.0)
        width = box.width - 2 * pad_x - 1  # letters stand on whole pixels
        lines = balanced(pieces(text, self.whole), lambda piece: _width(face, piece) * size / _SET_AT, width)
        if lines is None or len(lines) > _MOST_LINES[role]:
            return None
        from_right = is_right_to_left(text, self.right_to_left)
        baseline: float | None = None
        below = top + pad_y
        found: list[Line] = []
        for line in lines:
            left, above, right, under = _ink(face, size, line, from_right, self.language)
            if right - left > width:
                return None
            if baseline is None:
                baseline = below + max(-above, 0.73 * size)
            else:
                baseline = max(baseline + _LEADING.get(role, 1.2) * size, below - above + 0.04 * size)
            if align == "centre":
                # Wide punctuation at the end hangs, where there is room: seen in the middle is what comes before it.
                first, _, last, _ = _ink(face, size, line.rstrip(_HANGS) or line, from_right, self.language)
                x = round((box.left + box.right) / 2 - (first + last) / 2)
                x = min(x, floor(box.right - pad_x - right))
            elif from_right:
                x = floor(box.right - pad_x - right)
            else:
                x = ceil(box.left + pad_x - left)
            baseline = round(baseline)
            ink = Box(left=x + left, top=baseline + above, right=x + right, bottom=baseline + under)
            found.append(Line(text=line, x=x, y=baseline, ink=ink, right_to_left=from_right))
            below = baseline + under
        if baseline is None:
            return None
        ink = around(line.ink for line in found)
        covered = Box(left=ink.left, top=top, right=ink.right, bottom=max(ink.bottom, baseline))
        if is_button:
            covered = Box(left=ink.left - pad_x, top=top, right=ink.right + pad_x, bottom=covered.bottom + pad_y)
        return Setting(role=role, face=face, size=size, lines=tuple(found), box=covered, language=self.language)


#: What people call the elements.
NAMES: dict[Role, str] = {
    "brand": "brand's name",
    "headline": "headline",
    "subline": "subline",
    "price": "price",
    "cta": "call to action",
    "disclaimer": "small print",
}


def shifted(setting: Setting, x: float, y: float) -> Setting:
    """The same a little further to the right and down."""
    lines = (replace(line, x=line.x + x, y=line.y + y, ink=line.ink.moved(x, y)) for line in setting.lines)
    return replace(setting, lines=tuple(lines), box=setting.box.moved(x, y))


def _in_a_row(price: Setting, button: Setting, box: Box, align: str) -> list[Setting] | None:
    """The price with the button beside it, in their order of reading; None where there is no room."""
    gap = round(0.9 * button.size)
    width = price.box.width + gap + button.box.width
    if width > box.width - 2:  # both are shifted by whole pixels
        return None
    from_right = button.lines[0].right_to_left
    first, second = (button, price) if from_right else (price, button)
    if align == "centre":
        left = (box.left + box.right - width) / 2
    else:
        left = box.right - width if from_right else box.left
    top = price.box.top
    down = max(0.0, button.box.height - price.ink.height) / 2
    placed = {
        "price": shifted(price, 0, round(top + down - price.ink.top)),
        "cta": shifted(button, 0, round(top - button.box.top)),
    }
    placed[first.role] = shifted(placed[first.role], round(left - first.box.left), 0)
    right = placed[first.role].box.right + gap
    placed[second.role] = shifted(placed[second.role], round(right - second.box.left), 0)
    return [placed["price"], placed["cta"]]


def _anchored(settings: Sequence[Setting], box: Box, anchor: str) -> list[Setting]:
    spare = box.bottom - around(setting.box for setting in settings).bottom
    down = floor({"top": 0.0, "middle": spare / 2, "bottom": spare}[anchor])  # whole pixels, as letters are drawn on
    return [shifted(setting, 0, down) for setting in settings]


def _least(role: Role, picture: float) -> float:
    share = _LEAST_DISCLAIMER if role == "disclaimer" else LEAST_SHARE
    return max(LEAST_PIXELS, share * picture)


@lru_cache(maxsize=16384)
def _width(face: Face, piece: str) -> float:
    """The advance width of a piece at 100 pixels."""
    return sized(face, _SET_AT).getlength(piece)


@lru_cache(maxsize=8192)
def _ink(face: Face, size: int, line: str, from_right: bool, language: str) -> tuple[float, float, float, float]:
    """The ink of a line around the start of its baseline: left, top, right, bottom."""
    times = detail(size)
    font = sized(face, size * times)
    left, top, right, bottom = font.getbbox(line, anchor="ls", **shaping(from_right, language))
    return left / times, top / times, right / times, bottom / times


def detail(size: int) -> int:
    """How many times as large letters of a size in pixels are drawn: fonts keep to whole pixels, which small ones
    can't."""
    return 4 if size < _SMALL else 1


class Shaping(TypedDict, total=False):
    """What the shaper is told, as arguments of Pillow's functions."""

    language: str
    direction: Literal["rtl"]


def shaping(from_right: bool, language: str) -> Shaping:
    """What the shaper is told of a line; nothing where there is no shaper."""
    if not features.check("raqm"):
        return {}
    language = SHAPER_LANGUAGES.get(language, language)
    return {"language": language, "direction": "rtl"} if from_right else {"language": language}
