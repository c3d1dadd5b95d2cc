"""A rectangle on a picture. Pure arithmetic: it knows no pixels."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil, floor


@dataclass(frozen=True, kw_only=True)
class Box:
    """A rectangle in pixels or in shares of a picture: x from `left` to `right`, y from `top` down to `bottom`."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def width(self) -> float:
        return self.right - self.left

    @property
    def height(self) -> float:
        return self.bottom - self.top

    @property
    def pixels(self) -> tuple[int, int, int, int]:
        """The pixels that it touches, as Pillow names a box."""
        return floor(self.left), floor(self.top), ceil(self.right), ceil(self.bottom)

    def within(self, outer: Box, tolerance: float = 1e-6) -> bool:
        """Whether nothing of it sticks out of `outer`."""
        return (
            self.left >= outer.left - tolerance
            and self.top >= outer.top - tolerance
            and self.right <= outer.right + tolerance
            and self.bottom <= outer.bottom + tolerance
        )

    def overlaps(self, other: Box, tolerance: float = 1e-6) -> bool:
        """Whether both share more than an edge."""
        return (
            min(self.right, other.right) - max(self.left, other.left) > tolerance
            and min(self.bottom, other.bottom) - max(self.top, other.top) > tolerance
        )

    def part(self, shares: Box) -> Box:
        """The part of this box that has these shares of it."""
        return Box(
            left=self.left + shares.left * self.width,
            top=self.top + shares.top * self.height,
            right=self.left + shares.right * self.width,
            bottom=self.top + shares.bottom * self.height,
        )

    def grown(self, by: float) -> Box:
        """A box that is so much larger on each side."""
        return Box(left=self.left - by, top=self.top - by, right=self.right + by, bottom=self.bottom + by)

    def moved(self, right: float, down: float) -> Box:
        """The box as much further to the right and down."""
        return Box(left=self.left + right, top=self.top + down, right=self.right + right, bottom=self.bottom + down)

    def mirrored(self, width: float) -> Box:
        """The box as it lies in a picture of this width that is seen in a mirror."""
        return Box(left=width - self.right, top=self.top, right=width - self.left, bottom=self.bottom)


def around(boxes: Iterable[Box]) -> Box:
    """The smallest box with all of these in it; there must be one at least."""
    every = list(boxes)
    return Box(
        left=min(box.left for box in every),
        top=min(box.top for box in every),
        right=max(box.right for box in every),
        bottom=max(box.bottom for box in every),
    )
