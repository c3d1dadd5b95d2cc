"""Channels: the places where adverts go, and what picture each of them takes. They stand in `prompts/channels.yaml`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Literal

from pydantic import Field, TypeAdapter, field_validator, model_validator

from studio.campaign.box import Box
from studio.errors import InputError
from studio.prompts import Entry, validated, words_file

FILE = "channels.yaml"

Format = Literal["jpg", "png", "webp"]
Kind = Literal["listing", "ad", "banner", "logo"]

#: Words and products keep this share of the shorter side away from the edge.
MARGIN = 0.055
#: Of a strip, which is low, every pixel is needed.
STRIP_MARGIN = 0.1
_SMALLEST, _LARGEST = 16, 4096  # pixels of a side
_SIZE = re.compile(r"(\d+) ?[x×] ?(\d+)")


class Fill(Entry):
    """How much of the frame the product takes: its longer side as a share of the frame's, the longer of both ways."""

    least: float = Field(0, ge=0, le=1)
    most: float = Field(1, ge=0, le=1)


class Clear(Entry):
    """What the place covers with its own buttons, as shares of height and width."""

    top: float = Field(0, ge=0, lt=0.5)
    bottom: float = Field(0, ge=0, lt=0.5)
    sides: float = Field(0, ge=0, lt=0.5)


class Channel(Entry):
    """One place, as `channels.yaml` explains it. `size` is width and height in pixels."""

    name: str
    title: str
    kind: Kind
    size: tuple[int, int]
    formats: tuple[Format, ...] = Field(min_length=1)
    background: Literal["any", "white"] = "any"
    fill: Fill | None = None
    clear: Clear = Clear(top=0, bottom=0, sides=0)
    words: bool = True
    max_bytes: int = Field(ge=1000)
    evidence: Literal["official", "secondary", "unverified"]
    note: str = ""

    @field_validator("size", mode="before")
    @classmethod
    def _width_and_height(cls, value: object) -> object:
        found = _SIZE.fullmatch(value) if isinstance(value, str) else None
        if not found or not all(_SMALLEST <= int(side) <= _LARGEST for side in found.groups()):
            raise ValueError(f"should be two sides of {_SMALLEST} to {_LARGEST} pixels, such as 1200x628")
        return tuple(map(int, found.groups()))

    @property
    def width(self) -> int:
        return self.size[0]

    @property
    def height(self) -> int:
        return self.size[1]

    @property
    def safe(self) -> Box:
        """The part of the picture that the place doesn't cover, in pixels."""
        return Box(
            left=self.width * self.clear.sides,
            top=self.height * self.clear.top,
            right=self.width * (1 - self.clear.sides),
            bottom=self.height * (1 - self.clear.bottom),
        )

    @property
    def frame(self) -> Box:
        """Where product and words belong, in pixels: the safe part less a margin where it reaches the edge."""
        short, long = sorted(self.size)
        margin = short * (STRIP_MARGIN if long > 2.5 * short else MARGIN)
        safe = self.safe
        return Box(
            left=max(safe.left, margin),
            top=max(safe.top, margin),
            right=min(safe.right, self.width - margin),
            bottom=min(safe.bottom, self.height - margin),
        )


class _Channels(Entry):
    standard: tuple[str, ...] = Field(min_length=1)
    channels: dict[str, Channel]

    @field_validator("channels", mode="before")
    @classmethod
    def _named(cls, value: object) -> object:
        return with_names(value)

    @model_validator(mode="after")
    def _standard_is_known(self) -> _Channels:
        if unknown := [name for name in self.standard if name not in self.channels]:
            raise ValueError(f"standard names {unknown[0]}, which is not among the channels")
        return self


def with_names(value: object) -> object:
    """Entries of a mapping with their own names in them; pydantic complains of whatever isn't a mapping."""
    if not isinstance(value, Mapping):
        return value
    entries: dict[object, object] = {}
    for name, entry in value.items():  # pyright: ignore[reportUnknownVariableType]
        entries[name] = {**entry, "name": name} if isinstance(entry, Mapping) else entry  # pyright: ignore[reportUnknownArgumentType]
    return entries


class Channels:
    """All channels by name, and those that are made where none are named."""

    def __init__(self, channels: Mapping[str, Channel], standard: Sequence[str]) -> None:
        self.all = dict(channels)
        self.standard = tuple(standard)

    def chosen(self, names: Sequence[str] = ()) -> list[Channel]:
        """The channels of these names, each once; the standard ones where there are none. Raises InputError."""
        for name in names:
            if name not in self.all:
                raise InputError(f"There is no channel “{name}”.", f"There are: {', '.join(self.all)}.")
        return [self.all[name] for name in dict.fromkeys(names or self.standard)]


@lru_cache(maxsize=4)
def load_channels(folder: Path | None = None) -> Channels:
    """Reads `channels.yaml`, the user's own in `folder` if there is one. Raises PromptsError."""
    read = validated(words_file(FILE, folder), TypeAdapter(_Channels))
    return Channels(read.channels, read.standard)
