"""What the page knows of a tab that edits pictures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from studio.errors import StudioError

if TYPE_CHECKING:
    from studio.backends.base import Editing
    from studio.service import Studio
    from studio.ui.easel import Easel
    from studio.ui.results import Results

#: Shapes that channels ask for, as width and height.
ASPECTS: dict[str, tuple[int, int]] = {
    "Square 1:1": (1, 1),
    "Portrait 4:5": (4, 5),
    "Story 9:16": (9, 16),
    "Wide 16:9": (16, 9),
    "Link 1.91:1": (191, 100),
}


@dataclass(frozen=True, kw_only=True)
class EditingTab:
    """The picture that is edited, and what was made of it."""

    easel: Easel
    results: Results


def editing_of(studio: Studio) -> Editing | None:
    """How the backend edits pictures; None where it doesn't, or there is no model."""
    try:
        return studio.capabilities.editing
    except StudioError:  # the page opens all the same, and the Create tab says what is wrong
        return None
