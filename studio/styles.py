"""Styles of the Restyle tab: a scene to be placed in, and a look."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from studio.request import Keep
from studio.world.scene import SCENES

Language = Literal["en", "zh", "de"]

_HEX = re.compile(r"#[0-9a-fA-F]{6}")

Share = Annotated[float, Field(ge=0, le=1)]
Change = Annotated[float, Field(ge=-1, le=1)]


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True, str_min_length=1)


class Look(_Entry):
    """What is done to colours and lines; `prompts/styles.yaml` explains the fields. 0 leaves things as they are."""

    exposure: Annotated[float, Field(ge=-2, le=2)] = 0
    contrast: Change = 0
    saturation: Change = 0
    warmth: Change = 0
    fade: Share = 0
    vignette: Share = 0
    grain: Share = 0
    glow: Share = 0
    toning: Share = 0
    duotone: Share = 0
    flat: Share = 0
    outline: Share = 0
    sketch: Share = 0
    #: #rrggbb for toning and duotone.
    shadows: str = "#000000"
    lights: str = "#ffffff"

    @field_validator("shadows", "lights")
    @classmethod
    def _a_colour(cls, colour: str) -> str:
        return _checked(colour)


class Style(_Entry):
    """One style, in the words of three languages."""

    en: tuple[str, ...] = Field(min_length=1)
    zh: tuple[str, ...] = Field(min_length=1)
    de: tuple[str, ...] = Field(min_length=1)
    #: What it suits, the usual first.
    keeps: tuple[Keep, ...] = Field(min_length=1)
    scene: str | None = None
    sweep: str | None = None
    look: Look = Look()

    @field_validator("scene")
    @classmethod
    def _a_scene(cls, scene: str | None) -> str | None:
        if scene is not None and scene not in SCENES:
            raise ValueError(f"“{scene}” is not one of {', '.join(SCENES)}")
        return scene

    @field_validator("sweep")
    @classmethod
    def _a_colour(cls, colour: str | None) -> str | None:
        return None if colour is None else _checked(colour)

    @model_validator(mode="after")
    def _has_what_it_keeps(self) -> Style:
        if self.scene and self.sweep:
            raise ValueError("a style has a scene or a sweep, not both")
        if "product" in self.keeps and not (self.scene or self.sweep):
            raise ValueError("a style that keeps the product needs a scene or a sweep")
        return self

    def title(self, language: Language) -> str:
        """What the page calls it."""
        words: tuple[str, ...] = getattr(self, language)
        return words[0]


class Words(_Entry):
    """Words and phrases that mean one thing in instructions."""

    en: tuple[str, ...]
    zh: tuple[str, ...]
    de: tuple[str, ...]


class Styles(_Entry):
    """The contents of `prompts/styles.yaml`."""

    styles: Mapping[str, Style] = Field(min_length=1)
    lying: Words
    filler: Words


def _checked(colour: str) -> str:
    if not _HEX.fullmatch(colour):
        raise ValueError(f"“{colour}” is not a colour such as #f6c9d2")
    return colour.lower()
