"""The choice of a model: which there are, what each is worth, and the look at one that was chosen."""
# Gradio is typed in part.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportPrivateImportUsage=false

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

import gradio as gr

from studio.backends.base import Capabilities, Step
from studio.backends.registry import DIFFUSION
from studio.errors import StudioError
from studio.ui import markup
from studio.ui.grid import Stopped

if TYPE_CHECKING:
    from studio.backends.registry import Offer
    from studio.service import Studio

PAUSE = 0.3  # seconds between two words on how far a download has come


class Look(NamedTuple):
    """A moment of looking at a model: `status` and `about` are for people (None: as it was), `offered` ends it."""

    status: str
    about: str | None
    offered: Capabilities | None


def model_dropdown(offers: Sequence[Offer], label: str, name: str) -> gr.Dropdown:
    """Lays out the choice; its value is "" for the first one, that of the settings."""
    choices = [(_title(offer), offer.name if index else "") for index, offer in enumerate(offers)]
    return gr.Dropdown(choices, value="", label=label, elem_id=name)


def offered_at_once(studio: Studio) -> Capabilities:
    """What the backend of the settings offers, as far as that is known without a look at a library that is slow to
    import: nothing where it isn't, or where there is no model."""
    nothing = Capabilities(sizes=(), controls=(), licence="")
    try:
        return nothing if looks_later(studio) else studio.capabilities
    except StudioError:  # the page opens all the same, and the Create tab says what is wrong
        return nothing


def looks_later(studio: Studio) -> bool:
    """Whether it takes a library that is slow to import to say what the backend of the settings offers."""
    return studio.settings.backend.startswith(DIFFUSION)


def looking_at(studio: Studio, name: str, *, editing: bool = False) -> Iterator[Look]:
    """Looks at what a model offers, in the tabs that edit with `editing`; one of the hub is downloaded first, where it
    isn't here yet.

    The last look has what it offers, or says what is wrong.
    """
    offer = next((each for each in studio.offers if each.name == name), studio.offers[0])
    yield Look(markup.notice("Looking at the model…", kind="busy"), markup.offer(offer, None, editing=editing), None)
    try:
        for step in _downloading(studio, name or None):
            words = f"Downloading: {step.done:,} of {step.total:,} MB"
            yield Look(markup.notice(words, kind="busy"), None, None)
        offered = studio.engine.capabilities(name or None)
    except StudioError as error:
        yield Look(markup.notice(str(error), kind="problem"), None, None)
        return
    yield Look("", markup.offer(offer, offered, editing=editing), offered)


def _downloading(studio: Studio, name: str | None) -> Iterator[Step]:
    """Brings a model here in a thread of its own, and says how far it has come. Where the page is closed meanwhile, the
    download ends at its next step, and nothing waits for it. Raises StudioError."""
    come: list[Step] = []
    failed: list[Exception] = []
    closed = threading.Event()

    def watch(step: Step) -> None:
        if closed.is_set():
            raise Stopped
        come.append(step)

    def fetch() -> None:
        try:
            studio.engine.fetch(name, watch)
        except Exception as error:  # noqa: BLE001 - it is raised below
            failed.append(error)

    thread = threading.Thread(target=fetch, daemon=True)
    thread.start()
    try:
        while thread.is_alive():
            time.sleep(PAUSE / 10)
            if come:
                step = come[-1]
                come.clear()
                yield step
                time.sleep(PAUSE)
    finally:
        closed.set()  # and no join: Gradio closes this in the thread that serves all pages
    if failed:
        raise failed[0]


def _title(offer: Offer) -> str:
    return offer.title if offer.here else f"{offer.title} (to be downloaded)"
