"""What an edit did to the pixels that it had to leave alone, counted in 8 bit."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
from PIL import Image

from studio.editing.masks import of_size
from studio.editing.strips import strips_of
from studio.errors import InputError


@dataclass(frozen=True, kw_only=True)
class Proof:
    """Differences between an image and its edit, 0..255 a channel, inside the area that was locked."""

    #: Share of the image that was locked, 0..1.
    locked: float
    #: Largest difference of any channel of any locked pixel.
    largest: int
    #: Mean difference over the channels of all locked pixels.
    mean: float
    #: Share of all pixels of the image that changed at all, 0..1.
    changed: float

    @property
    def holds(self) -> bool:
        """Whether no locked pixel changed."""
        return self.largest == 0

    @property
    def sentence(self) -> str:
        """What was measured, for people."""
        changed = f"{self.changed:.1%} of the picture changed."
        if self.locked == 0:
            return f"Nothing was locked; {changed}"
        if self.holds:
            return f"Every locked pixel ({self.locked:.1%} of the picture) is exactly as it was; {changed}"
        return f"Locked pixels changed by up to {self.largest} of 255, {self.mean:.2f} on average; {changed}"

    def to_json(self) -> dict[str, float]:
        """The fields as JSON values."""
        return asdict(self)


def measure(before: Image.Image, after: Image.Image, locked: Image.Image) -> Proof:
    """Compares two RGB images of one size; `locked` (L) is 255 where nothing may change, other values count as free.

    Raises InputError where the sizes differ.
    """
    if before.size != after.size:
        raise InputError(
            f"The image had {before.width} x {before.height} pixels and has {after.width} x {after.height}.",
            "Compare images of one size.",
        )
    locked = of_size(locked, before)
    largest = total = count = changed = 0
    for box in strips_of(before.size):
        first, second = (np.asarray(image.crop(box).convert("RGB"), dtype=np.int16) for image in (before, after))
        difference = np.abs(first - second)
        changed += int(np.count_nonzero(difference.any(axis=2)))
        held = difference[np.asarray(locked.crop(box)) == 255]
        largest = max(largest, int(held.max(initial=0)))
        total += int(held.sum(dtype=np.int64))
        count += len(held)
    pixels = before.width * before.height
    return Proof(
        locked=count / pixels, largest=largest, mean=total / (3 * count) if count else 0.0, changed=changed / pixels
    )
