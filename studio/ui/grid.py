"""Images that are being made, from the press of a button until the last one is there."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from PIL import Image

    from studio.backends.base import Step
    from studio.request import GenerationRequest, Request, SavedImage
    from studio.service import Studio

logger = logging.getLogger(__name__)

#: Seconds between two looks at an image that forms.
LOOK = 1.0


class Stopped(Exception):
    """Nobody wants the rest; raised between the steps of an image."""


@dataclass(eq=False, kw_only=True)
class Making:
    """Images that are being made, one after the other. An open page keeps its newest, and marks the one before.

    Threads share it: one makes the images while others look at how far they are, or stop them.
    """

    #: How many there will be; 0 before the first press.
    count: int = 0
    #: Whether its model takes its time, so that the page shows how far it has come.
    slow: bool = False
    state: Literal["asked", "drawing", "drawn", "stopped", "failed"] = "asked"
    #: Something newer was asked for in its place: nobody wants the rest.
    superseded: bool = False
    #: Somebody pressed Stop.
    stopped: bool = False
    #: How many images are there, how far the next one has come, and what it looked like a moment ago.
    done: int = 0
    step: Step | None = None
    forming: Image.Image | None = None
    _looked: float = 0.0

    @property
    def in_progress(self) -> bool:
        return self.count > 0 and self.state in ("asked", "drawing")

    @contextmanager
    def turn(self) -> Generator[bool]:
        """Whether to make it now: not where it was stopped while it waited, or two presses came to one. What goes wrong
        inside ends it."""
        is_first = self.state == "asked"
        if is_first:
            self.state = "drawing"
        try:
            yield is_first
        except Exception:
            self.state = "failed"
            raise

    def make(self, studio: Studio, request: Request) -> Iterator[SavedImage]:
        """Makes and keeps one image after the other, until all are there or it is superseded or stopped, which ends
        within one step of an image. Raises StudioError."""
        try:
            for image in studio.stream(request, self._watch):
                self.done, self.step, self.forming = image.index + 1, None, None
                yield image
                if self.superseded or self.stopped:
                    break
        except Stopped:
            pass
        self.state = "stopped" if self.stopped and self.done < self.count else "drawn"

    def _watch(self, step: Step) -> None:
        if self.superseded or self.stopped:
            raise Stopped
        self.step = step
        if step.preview and time.monotonic() - self._looked >= LOOK:
            self.forming = step.preview()
            self._looked = time.monotonic()


@dataclass(eq=False)
class Grid(Making):
    """What one press of Generate asked for."""

    #: With its seed; None before the first press.
    request: GenerationRequest | None = None
    #: Whether its model draws others near a picture.
    near: bool = True

    def __post_init__(self) -> None:
        self.count = self.request.count if self.request else 0

    def draw(self, studio: Studio) -> Iterator[SavedImage]:
        """Makes what was asked for."""
        assert self.request is not None
        return self.make(studio, self.request)


class Unattended:
    """Finishes what was begun for pages that were closed: up to `most` grids at a time, and no further ones."""

    def __init__(self, most: int) -> None:
        self._free = threading.BoundedSemaphore(most)

    def finish(self, images: Iterator[object]) -> None:
        """Draws the rest of `images` in a thread of its own, which does not keep the studio from closing.

        Nothing waits for its turn: while `most` are being finished, the rest of another one is not drawn. Otherwise
        somebody who opens and closes pages could pile up grids past the limits of the queue.
        """
        if self._free.acquire(blocking=False):
            threading.Thread(target=self._run, args=(images,), daemon=True).start()

    def _run(self, images: Iterator[object]) -> None:
        try:
            for _ in images:
                pass
        except Exception:
            logger.exception("a grid could not be finished after its page was closed")
        finally:
            self._free.release()
