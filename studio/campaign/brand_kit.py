"""Brand kits: a brand's name, colours, logo, font, and the words that it never uses. Kept in the data folder."""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import shutil
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from io import BytesIO
from pathlib import Path

import yaml
from PIL import Image, ImageFont, ImageOps
from pydantic import TypeAdapter, field_validator

from studio import imaging
from studio.campaign.advert import Look
from studio.campaign.claims import Flag
from studio.campaign.colours import colour_of
from studio.campaign.fonts import Face, Style, covered
from studio.errors import InputError, StudioError
from studio.prompts import Entry, validated
from studio.refusals import Refusal
from studio.settings import MAX_PICTURE_BYTES
from studio.untrusted import read_file

FOLDER = "brand_kits"
_FILE, _LOGO, _FONT = "kit.yaml", "logo.png", "font"
_FONT_ENDINGS = (".ttf", ".otf")
MAX_LOGO_SIDE = 2000  # pixels that are kept
MAX_FONT_BYTES = 20 * 2**20
_SVG = re.compile(rb"\s*(<\?xml[^>]*>\s*)?(<!--.*?-->\s*)*(<!DOCTYPE[^>]*>\s*)?<svg", re.IGNORECASE | re.DOTALL)


class BrandWords(Entry):
    """What of a brand is written down: `colour` and `accent` such as #1A2B3C, `style` of its typeface, and the words
    `never` to use."""

    name: str
    colour: str | None = None
    accent: str | None = None
    style: Style | None = None
    never: tuple[str, ...] = ()

    @field_validator("colour", "accent")
    @classmethod
    def _is_a_colour(cls, value: str | None) -> str | None:
        if value is not None:
            try:
                colour_of(value)
            except InputError as error:
                raise ValueError(str(error)) from None
        return value


@dataclass(frozen=True, kw_only=True)
class BrandKit:
    """A brand: its `words`, the `logo` (RGBA) and the file of its own `font`, where it has them."""

    words: BrandWords
    logo: Image.Image | None = None
    font: Path | None = None

    @property
    def name(self) -> str:
        return self.words.name

    @cached_property
    def look(self) -> Look:
        """How its adverts look."""
        words = self.words
        return Look(
            name=words.name,
            colour=colour_of(words.colour) if words.colour else None,
            accent=colour_of(words.accent) if words.accent else None,
            logo=self.logo,
            font=self.font,
            style=words.style,
        )

    def flags(self, text: str) -> list[Flag]:
        """The words in a text that the brand never uses."""
        never = Refusal(subject="the brand", reason="the brand never uses it", words=self.words.never)
        found = never.found_in(text) if never.words else None
        return [Flag(word=found, reason=never.reason)] if found else []

    @cached_property
    def digest(self) -> str:
        """A hash of all that is seen of it."""
        parts = [self.words.model_dump_json()]
        if self.logo is not None:
            parts.append(hashlib.sha256(self.logo.tobytes()).hexdigest())
        if self.font is not None:
            parts.append(hashlib.sha256(self.font.read_bytes()).hexdigest())
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()


class BrandKits:
    """The kits that are kept in a data folder, one folder each."""

    def __init__(self, data_dir: Path) -> None:
        self._folder = data_dir / FOLDER

    def names(self) -> list[str]:
        """All kits, in alphabetical order."""
        found: list[str] = []
        for file in sorted(self._folder.glob(f"*/{_FILE}")) if self._folder.is_dir() else ():
            with suppress(StudioError):
                found.append(validated(file, TypeAdapter(BrandWords)).name)
        return sorted(found, key=str.casefold)

    def load(self, name: str) -> BrandKit:
        """The kit of this name. Raises InputError where there is none."""
        folder = self._folder / _slug(name)
        if not (folder / _FILE).is_file():
            there = ", ".join(self.names()) or "none yet"
            raise InputError(f"There is no brand kit “{name}”.", f"There are: {there}.")
        logo = folder / _LOGO
        font = next((file for file in sorted(folder.glob(f"{_FONT}*")) if file.suffix in _FONT_ENDINGS), None)
        return BrandKit(
            words=validated(folder / _FILE, TypeAdapter(BrandWords)),
            logo=read_logo(logo.read_bytes()) if logo.is_file() else None,
            font=font,
        )

    def save(self, kit: BrandKit) -> None:
        """Keeps a kit, instead of the one that had its name."""
        folder = self._folder / _slug(kit.name)
        part = self._folder / f"{secrets.token_hex(8)}.partial"
        try:
            part.mkdir(parents=True)
            text = yaml.safe_dump(kit.words.model_dump(exclude_none=True, mode="json"), allow_unicode=True)
            (part / _FILE).write_text(text, encoding="utf-8")
            if kit.logo is not None:
                kit.logo.save(part / _LOGO)
            if kit.font is not None:
                # Named after what is in it: what is known of a font is remembered by its path.
                data = kit.font.read_bytes()
                name = f"{_FONT}-{hashlib.sha256(data).hexdigest()[:8]}{kit.font.suffix.lower()}"
                (part / name).write_bytes(data)
            shutil.rmtree(folder, ignore_errors=True)
            os.replace(part, folder)
        except OSError as error:
            shutil.rmtree(part, ignore_errors=True)
            raise StudioError(
                f"The brand kit can't be kept: {error.strerror}.", "Make room in the data folder."
            ) from error

    def delete(self, name: str) -> None:
        """Deletes a kit, if it is there."""
        shutil.rmtree(self._folder / _slug(name), ignore_errors=True)


def brand_kit(
    *,
    name: str,
    colour: str | None = None,
    accent: str | None = None,
    style: Style | None = None,
    never: Sequence[str] = (),
    logo: Path | None = None,
    font: Path | None = None,
) -> BrandKit:
    """A kit of what somebody gave: the files of a logo and a font. Raises InputError for what can't be used."""
    for colours in (colour, accent):
        if colours:
            colour_of(colours)
    if not name.strip():
        raise InputError("The brand has no name.", "Type one.")
    words = BrandWords(
        name=name, colour=colour or None, accent=accent or None, style=style, never=tuple(filter(str.strip, never))
    )
    shown = read_file(logo, MAX_PICTURE_BYTES, hint="Choose another file.", called="The logo") if logo else None
    return BrandKit(words=words, logo=read_logo(shown) if shown else None, font=checked_font(font) if font else None)


def read_logo(data: bytes) -> Image.Image:
    """A logo with its transparency (RGBA), without its empty rim; a logo on white stays on white. Raises InputError."""
    if _SVG.match(data[:4096]):
        raise InputError("SVG can't be used for a logo, as it may have programs in it.", "Export it as a PNG.")
    header = imaging.open_header(data)
    if not header.has_transparency_data:
        logo = imaging.decode(data).convert("RGBA")
    else:
        try:
            ImageOps.exif_transpose(header, in_place=True)
            logo = imaging.to_srgb(header.convert("RGBA"), header.info.get("icc_profile"))
            logo.info.clear()
        except (OSError, SyntaxError, ValueError) as error:
            raise InputError("The logo is damaged or incomplete.", "Save it again.") from error
    box = logo.getchannel("A").getbbox()
    if box is None:
        raise InputError("The logo is wholly transparent.", "Choose another file.")
    logo = logo.crop(box)
    logo.thumbnail((MAX_LOGO_SIDE, MAX_LOGO_SIDE), Image.Resampling.LANCZOS)
    return logo


def checked_font(path: Path) -> Path:
    """A font's file, if it can be used. Raises InputError."""
    hint = "Give a TTF or OTF file of at most 20 MB."
    if path.suffix.lower() not in _FONT_ENDINGS:
        raise InputError("The font can't be used.", hint)
    data = read_file(path, MAX_FONT_BYTES, hint=hint, smaller=hint, called="The font")
    try:
        ImageFont.truetype(BytesIO(data), 20)
    except OSError as error:
        raise InputError("The font can't be read.", hint) from error
    if not covered(Face(path=path)):
        raise InputError("The font has no letters.", "Choose another file.")
    return path


def _slug(name: str) -> str:
    """A name of a folder for a kit's name."""
    plain = re.sub(r"[^\w]+", "-", name.strip().casefold()).strip("-")[:40] or "kit"
    return f"{plain}-{hashlib.sha256(name.strip().casefold().encode()).hexdigest()[:6]}"
