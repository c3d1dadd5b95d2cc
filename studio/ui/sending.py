"""The ways of a picture to the tabs that edit: buttons that send it there and go along."""
# Gradio is typed in part.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportPrivateImportUsage=false

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr

from studio.ui.errors import plain_words
from studio.ui.queues import ASKS

if TYPE_CHECKING:
    from gradio.components import Component

    from studio.ui.easel import Easel

#: The tabs that edit, by their ids in the page's tabs.
DESTINATIONS = {"inpaint": "Inpaint", "restyle": "Restyle", "enhance": "Enhance"}


def send_buttons(source: str, *, visible: bool = True) -> dict[str, gr.Button]:
    """Lays out a button for each tab that edits, but for the `source` itself."""
    return {
        name: gr.Button(f"To {title}", size="sm", visible=visible, elem_id=f"{source}-to-{name}")
        for name, title in DESTINATIONS.items()
        if name != source
    }


def connect_sends(
    buttons: Mapping[str, gr.Button],
    find: Callable[..., str | Path],
    inputs: Sequence[Component],
    easels: Mapping[str, Easel],
    tabs: gr.Tabs,
    *,
    js: str | None = None,
) -> None:
    """`find` says, of the values of `inputs`, which file is sent; `js` is what the browser does with them first."""
    for name, button in buttons.items():
        easel = easels[name]
        button.click(
            partial(on_send, find, easel), inputs, [*easel.opened, tabs], js=js, show_progress="hidden", **ASKS
        ).success(None, js="() => window.scrollTo({top: 0})")


def on_send(find: Callable[..., str | Path], easel: Easel, *values: Any) -> list[Any]:
    """Opens a picture where it is edited. Where it is gone, all stays as it was."""
    with plain_words():
        return [*easel.opening(find(*values)), gr.Tabs(selected=easel.name)]
