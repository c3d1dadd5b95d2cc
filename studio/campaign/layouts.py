"""Layouts: where product, words, call to action and logo go. `prompts/layouts.yaml` has and explains them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import combinations
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, TypeAdapter, field_validator, model_validator

from studio.campaign.box import Box
from studio.campaign.channels import Channel, with_names
from studio.errors import InputError
from studio.prompts import Entry, validated, words_file

FILE = "layouts.yaml"

Shape = Literal["strip", "landscape", "square", "portrait", "tower"]
#: Shapes by their least width / height.
_LEAST: dict[Shape, float] = {"strip": 2.6, "landscape": 1.15, "square": 0.8, "portrait": 0.42, "tower": 0}

#: What has a box in a layout.
_BOXES = ("product", "words", "action", "small_print", "logo")

#: What channels that take no words get: the product alone, on white where they want it; the logo alone.
PRODUCT, PACKSHOT, LOGO = "product", "packshot", "logo"


def _box(value: object) -> object:
    if isinstance(value, Box) or value is None:
        return value
    try:
        left, top, right, bottom = (float(share) for share in str(value).split())
    except ValueError:
        raise ValueError("should be left, top, right and bottom, such as 0 0 0.5 1") from None
    if not (0 <= left < right <= 1 and 0 <= top < bottom <= 1):
        raise ValueError("needs shares of 0 to 1, left before right and top before bottom")
    return Box(left=left, top=top, right=right, bottom=bottom)


_Box = Annotated[Box | None, BeforeValidator(_box)]


class Layout(Entry):
    """One layout, as `layouts.yaml` explains it. Boxes are shares of a channel's frame."""

    name: str
    title: str
    shapes: tuple[Shape, ...] = Field(min_length=1)
    ground: Literal["scene", "colour", "white"]
    product: _Box = None
    words: _Box = None
    action: _Box = None
    small_print: _Box = None
    logo: _Box = None
    align: Literal["start", "centre"] = "start"
    anchor: Literal["top", "middle", "bottom"] = "middle"
    panel: Literal["none", "block", "card"] = "none"
    size: float = Field(0.1, gt=0, le=1)
    face: Literal["sans", "serif"] = "sans"

    @model_validator(mode="after")
    def _nothing_covers_anything(self) -> Layout:
        boxes = {name: getattr(self, name) for name in _BOXES}
        given = {name: box for name, box in boxes.items() if box is not None}
        if "product" not in given and "logo" not in given:
            raise ValueError("needs room for a product, or for a logo alone")
        for (one, first), (other, second) in combinations(given.items(), 2):
            if first.overlaps(second):
                raise ValueError(f"{one} and {other} overlap")
        for name in ("action", "small_print"):
            if boxes[name] is not None and self.words is None:
                raise ValueError(f"{name} needs words")
        if self.panel != "none" and (self.words is None or self.product is None):
            raise ValueError("a panel needs words and a product")
        if self.panel == "block" and self.words and self.product and _side(self.words, self.product) is None:
            raise ValueError("a block needs words and product side by side, or one above the other")
        return self

    def mirrored(self) -> Layout:
        """The layout for languages that are written from right to left."""
        boxes = {name: getattr(self, name) for name in _BOXES}
        return self.model_copy(update={name: box and box.mirrored(1) for name, box in boxes.items()})

    def block(self, frame: Box, width: int, height: int) -> Box | None:
        """The block of colour on a canvas of this size, from the words' side to the edges; None without one."""
        if self.panel != "block" or self.words is None or self.product is None:
            return None
        words, product = frame.part(self.words), frame.part(self.product)
        side = _side(self.words, self.product)
        canvas = Box(left=0, top=0, right=width, bottom=height)
        middle_x = round((min(words.right, product.right) + max(words.left, product.left)) / 2)
        middle_y = round((min(words.bottom, product.bottom) + max(words.top, product.top)) / 2)
        ends = {"left": ("right", middle_x), "right": ("left", middle_x), "top": ("bottom", middle_y)}
        edge, middle = ends.get(side or "", ("top", middle_y))
        return Box(**{**vars(canvas), edge: middle})


def _side(words: Box, product: Box) -> Literal["left", "right", "top", "bottom"] | None:
    """On which side of the product the words are; None where they are neither beside nor above nor below it."""
    if words.right <= product.left:
        return "left"
    if words.left >= product.right:
        return "right"
    if words.bottom <= product.top:
        return "top"
    return "bottom" if words.top >= product.bottom else None


def shape_of(box: Box) -> Shape:
    """The shape of the part of a channel that is free."""
    ratio = box.width / box.height
    return next(shape for shape, least in _LEAST.items() if ratio >= least)


class _Layouts(Entry):
    layouts: dict[str, Layout]

    @field_validator("layouts", mode="before")
    @classmethod
    def _named(cls, value: object) -> object:
        return with_names(value)

    @field_validator("layouts")
    @classmethod
    def _one_for_everything(cls, layouts: dict[str, Layout]) -> dict[str, Layout]:
        for name in (PRODUCT, PACKSHOT, LOGO):
            if name not in layouts or set(layouts[name].shapes) != set(_LEAST):
                raise ValueError(f"there must be a layout “{name}”, for all shapes")
        for shape in _LEAST:
            if not any(shape in layout.shapes and layout.words for layout in layouts.values()):
                raise ValueError(f"there is no layout with words for the shape {shape}")
        return layouts


class Layouts:
    """All layouts by name."""

    def __init__(self, layouts: Mapping[str, Layout]) -> None:
        self.all = dict(layouts)

    def for_channel(self, channel: Channel, names: Sequence[str] = ()) -> list[Layout]:
        """Those of `names` that suit a channel, or else the first one that does; what takes no words gets the product
        alone. Raises InputError for names that there aren't."""
        for name in names:
            if name not in self.all:
                raise InputError(f"There is no layout “{name}”.", f"There are: {', '.join(self.all)}.")
        if channel.kind == "logo":
            return [self.all[LOGO]]
        if not channel.words:
            return [self.all[PACKSHOT if channel.background == "white" else PRODUCT]]
        shape = shape_of(channel.frame)
        suited = [layout for layout in self.all.values() if shape in layout.shapes and layout.product]
        chosen = [layout for layout in suited if layout.name in names]
        return chosen or [next(layout for layout in suited if layout.words)]


@lru_cache(maxsize=4)
def load_layouts(folder: Path | None = None) -> Layouts:
    """Reads `layouts.yaml`, the user's own in `folder` if there is one. Raises PromptsError."""
    file = words_file(FILE, folder)
    return Layouts(validated(file, TypeAdapter(_Layouts)).layouts)
