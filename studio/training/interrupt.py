"""Ctrl+C ends a run between two steps, so that a checkpoint of whole steps can be kept."""

from __future__ import annotations

import signal
import threading
from contextlib import AbstractContextManager
from types import FrameType


class Interrupt(AbstractContextManager["Interrupt"]):
    """While it is entered, the first Ctrl+C is noted in `asked`; the second one ends the program at once, as ever."""

    def __init__(self) -> None:
        self.asked = False

    def __enter__(self) -> Interrupt:
        if threading.current_thread() is threading.main_thread():  # no other thread is told of signals
            self._before = signal.signal(signal.SIGINT, self._ask)
        return self

    def _ask(self, number: int, frame: FrameType | None) -> None:
        self.asked = True
        signal.signal(signal.SIGINT, self._before)

    def __exit__(self, *_: object) -> None:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, self._before)
