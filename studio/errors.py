"""Errors that a person is meant to read: what is wrong, and what to do about it."""

from __future__ import annotations

from pathlib import Path


class StudioError(Exception):
    """Base of every error that is shown to the user. `str()` is the message followed by the hint."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message, hint)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


class InputError(StudioError):
    """Something the user gave can't be used: a prompt, a number, an image."""


class WeightsError(StudioError):
    """The weights of a model are missing, incomplete or not the ones that were published."""


class PromptsError(StudioError):
    """A file of words is wrong; says which file, which line (from 1; 0 is the whole file) and which field."""

    def __init__(self, file: Path, line: int, field: str, problem: str) -> None:
        place = ", ".join(part for part in (str(file), f"line {line}" if line else "", field) if part)
        super().__init__(f"{place}: {problem}.", "Correct the file and try again.")
        self.file = file
        self.line = line
        self.field = field
