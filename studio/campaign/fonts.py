"""Fonts: which one has the letters of a text.

Inter, Fraunces, Noto Sans Arabic and Noto Sans Hebrew come with the studio. For other scripts, Chinese and Japanese
first of all, the fonts of the computer are looked through; where none has a letter, that is an error and never an empty
box.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

from fontTools.ttLib import TTCollection, TTFont, TTLibError  # pyright: ignore[reportMissingTypeStubs]
from PIL import ImageFont, features

from studio.errors import InputError
from studio.settings import packaged

Style = Literal["sans", "serif"]

#: Where systems keep their fonts.
SYSTEM_FOLDERS = (
    Path("/usr/share/fonts"),
    Path("/usr/local/share/fonts"),
    Path.home() / ".local/share/fonts",
    Path.home() / ".fonts",
    Path("/System/Library/Fonts"),
    Path("/Library/Fonts"),
    Path("C:/Windows/Fonts"),
)
#: Good fonts for many letters, which are looked at before others. The first group has Chinese and Japanese.
_LIKELY = re.compile(
    r"CJK|SourceHan|PingFang|Hiragino|STHeiti|Songti|msyh|simhei|simsun|YuGoth|meiryo|malgun|wqy|DroidSansFallback"
    r"|NotoSans|Arial ?Unicode",
    re.IGNORECASE,
)
_SERIF = re.compile(r"serif|song|ming|mincho|simsun", re.IGNORECASE)
_BOLD = re.compile(r"bold|black|heavy|bd\.|-w[67]", re.IGNORECASE)
_ITALIC = re.compile(r"italic|oblique|mono", re.IGNORECASE)
#: The face of a collection that has a language's own forms of the letters.
_COLLECTION_FACES = {"zh": "SC", "ja": "JP", "ko": "KR"}
#: What a shaper wants to know of a language (BCP 47), so that it takes its forms of shared letters.
SHAPER_LANGUAGES = {"zh": "zh-Hans"}

_MARKS = frozenset({"Cc", "Cf", "Zs", "Zl", "Zp"})
_MOST_FONTS = 400  # of a computer's are looked at


@dataclass(frozen=True, kw_only=True)
class Face:
    """One face of a font file; `index` counts the faces of a collection."""

    path: Path
    index: int = 0


class Fonts:
    """Finds faces for texts."""

    def __init__(self, folder: Path | None = None, system: Sequence[Path] = SYSTEM_FOLDERS) -> None:
        """`folder` has the fonts that come with the studio, `system` those of the computer."""
        self._folder = folder or packaged("assets") / "fonts"
        self._system = tuple(system)
        self._faces = lru_cache(maxsize=4096)(self._find)

    def face(
        self, text: str, *, bold: bool = False, style: Style = "sans", language: str = "en", own: Path | None = None
    ) -> Face:
        """The first face that has all letters of `text`: of the brand's `own` font, then the studio's, then the
        computer's. Raises InputError, which names the letters that no font has."""
        return self._faces(frozenset(letters(text)), bold, style, language, own)

    def _find(self, needed: frozenset[str], bold: bool, style: Style, language: str, own: Path | None) -> Face:
        missing = needed
        for face in self._candidates(bold, style, language, own):
            lacking = frozenset(letter for letter in needed if ord(letter) not in covered(face))
            if not lacking:
                if is_shaped(needed) and not features.check("raqm"):
                    raise InputError(
                        "Arabic and Hebrew can't be set here: the library FriBiDi is missing.",
                        "Install it (Debian: apt install libfribidi0), or leave these languages out.",
                    )
                return face
            missing = min(missing, lacking, key=len)
        named = " ".join(sorted(missing)[:12])
        _installed.cache_clear()  # one may be installed now
        raise InputError(
            f"No font on this computer has: {named}.",
            "Install one that does (Debian: apt install fonts-noto-cjk), or leave these letters out.",
        )

    def _candidates(self, bold: bool, style: Style, language: str, own: Path | None) -> Iterator[Face]:
        if own is not None:
            yield Face(path=own)
        weight = "Bold" if bold else "Regular"
        families = ("Fraunces", "Inter") if style == "serif" else ("Inter",)
        for family in (*families, "NotoSansArabic", "NotoSansHebrew"):
            yield Face(path=self._folder / f"{family}-{weight}.ttf")
        for path in _installed(self._system, bold, style):
            yield _in_collection(path, language) if path.suffix.lower() in (".ttc", ".otc") else Face(path=path)


def letters(text: str) -> set[str]:
    """What has to be drawn of a text: without spaces, joiners and marks of direction."""
    return {
        letter for letter in text if unicodedata.category(letter) not in _MARKS and not "\ufe00" <= letter <= "\ufe0f"
    }


def is_right_to_left(text: str, otherwise: bool = False) -> bool:
    """Whether the first letter that has a direction is written from right to left (Unicode UAX 9, P2 and P3);
    `otherwise` where none has one."""
    for letter in text:
        direction = unicodedata.bidirectional(letter)
        if direction in ("R", "AL"):
            return True
        if direction == "L":
            return False
    return otherwise


def is_shaped(text: frozenset[str] | str) -> bool:
    """Whether there are letters that only a shaper puts right."""
    return any(unicodedata.bidirectional(letter) in ("R", "AL") for letter in text)


@lru_cache(maxsize=1024)
def sized(face: Face, size: int) -> ImageFont.FreeTypeFont:
    """A face in a size in pixels."""
    return ImageFont.truetype(str(face.path), size, index=face.index)


@lru_cache(maxsize=256)
def covered(face: Face) -> frozenset[int]:
    """The code points for which a face has a glyph; none for a file that can't be read."""
    try:
        with TTFont(face.path, fontNumber=face.index, lazy=True) as font:
            return frozenset(font.getBestCmap() or ())
    except (OSError, TTLibError, KeyError, ValueError, AssertionError):
        return frozenset()


@lru_cache(maxsize=64)
def _in_collection(path: Path, language: str) -> Face:
    """The face of a collection for a language, the first one where none is named after it."""
    wanted = _COLLECTION_FACES.get(language, "SC")
    try:
        with TTCollection(path, lazy=True) as collection:
            names = [str(font["name"].getDebugName(1) or "") for font in collection.fonts]  # pyright: ignore[reportUnknownMemberType, reportAttributeAccessIssue, reportUnknownArgumentType, reportUnknownVariableType]
    except (OSError, TTLibError, KeyError, ValueError, AssertionError):
        return Face(path=path)
    index = next((i for i, name in enumerate(names) if name.endswith(f" {wanted}") and "Mono" not in name), 0)
    return Face(path=path, index=index)


@lru_cache(maxsize=8)
def _installed(folders: tuple[Path, ...], bold: bool, style: Style) -> tuple[Path, ...]:
    """The font files of the computer, those first that are likely to do: with many letters, upright, of the weight and
    the style."""
    found = [
        path
        for folder in folders
        if folder.is_dir()
        for path in folder.rglob("*")
        if path.suffix.lower() in (".ttf", ".otf", ".ttc", ".otc")
    ]

    def unlikely(path: Path) -> tuple[bool, bool, bool, bool, str]:
        name = path.name
        return (
            _LIKELY.search(name) is None,
            _ITALIC.search(name) is not None,
            (_SERIF.search(name) is not None) != (style == "serif"),
            (_BOLD.search(name) is not None) != bold,
            name,
        )

    return tuple(sorted(found, key=unlikely)[:_MOST_FONTS])
