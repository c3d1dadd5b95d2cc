"""The ways of a picture to the tabs that make something of it: buttons that send it there and go along."""
# Gradio is typed in part.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportPrivateImportUsage=false

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import gradio as gr

from studio.ui.errors import plain_words
from studio.ui.queues import ASKS

if TYPE_CHECKING:
    from gradio.components import Component


#: The tabs that take pictures, by their ids in the page's tabs.
DESTINATIONS = {"inpaint": "Inpaint", "restyle": "Restyle", "enhance": "Enhance", "adverts": "Adverts"}


class Destination(Protocol):
    """A tab that takes a picture: its id, the widgets that a new one sets, and their values for a file."""

    @property
    def name(self) -> str: ...

    @property
    def opened(self) -> list[Component]: ...

    def opening(self, path: str | Path) -> list[Any]: ...


def send_buttons(source: str, *, visible: bool = True) -> dict[str, gr.Button]:
    """Lays out a button for each tab that takes pictures, but for the `source` itself."""
    return {
        name: gr.Button(f"To {title}", size="sm", visible=visible, elem_id=f"{source}-to-{name}")
        for name, title in DESTINATIONS.items()
        if name != source
    }


def connect_sends(
    buttons: Mapping[str, gr.Button],
    find: Callable[..., str | Path],
    inputs: Sequence[Component],
    destinations: Mapping[str, Destination],
    tabs: gr.Tabs,
    *,
    js: str | None = None,
) -> None:
    """`find` says, of the values of `inputs`, which file is sent; `js` is what the browser does with them first."""
    for name, button in buttons.items():
        destination = destinations[name]
        button.click(
            partial(on_send, find, destination),
            inputs,
            [*destination.opened, tabs],
            js=js,
            show_progress="hidden",
            **ASKS,
        ).success(None, js="() => window.scrollTo({top: 0})")


def on_send(find: Callable[..., str | Path], destination: Destination, *values: Any) -> list[Any]:
    """Opens a picture in the tab that takes it. Where it is gone, all stays as it was."""
    with plain_words():
        return [*destination.opening(find(*values)), gr.Tabs(selected=destination.name)]
