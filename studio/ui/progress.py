"""How far what is being made has come, what there is of it, and the button that stops it."""
# Gradio is typed in part.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportPrivateImportUsage=false

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import gradio as gr

from studio.ui import markup
from studio.ui.queues import LOOKS

if TYPE_CHECKING:
    from studio.ui.grid import Making

LOOK = 0.3  # seconds between two looks at how far an image has come

#: For the browser: brings the row in which the image forms into sight, once it is there, in the tab that is open.
SHOW = """() => {
  const show = (looks) => {
    const row = [...document.querySelectorAll(".forming-row")].find((each) => each.offsetParent);
    const top = row?.getBoundingClientRect().top;
    if (top < 0 || top > innerHeight - 200) row.scrollIntoView({behavior: "smooth"});
    else if (!row && looks) setTimeout(show, 100, looks - 1);
  };
  show(50);
}"""


@dataclass(frozen=True, kw_only=True)
class Progress:
    """The widgets, which show nothing until anything new in `begun` sets off the looking."""

    begun: gr.HTML
    row: gr.Row
    forming: gr.HTML
    stop: gr.Button


def progress_widgets(name: str) -> Progress:
    """Lays out where the image will form."""
    begun = gr.HTML(visible="hidden", elem_classes="begun")
    with gr.Row(visible=False, elem_classes="forming-row") as row:
        forming = gr.HTML()
        stop = gr.Button("Stop", size="sm", elem_id=f"{name}-stop")
    return Progress(begun=begun, row=row, forming=forming, stop=stop)


def connect_progress(progress: Progress, newest: gr.State) -> None:
    """Looks at, and stops, the `Making` in `newest`."""
    shown = [progress.forming, progress.row, progress.stop]
    progress.begun.change(None, js=SHOW)
    progress.begun.change(on_look, newest, shown, show_progress="hidden", **LOOKS)
    progress.stop.click(on_stop, newest, progress.stop, show_progress="hidden", **LOOKS)


def beginning(making: Making) -> str:
    """What to put into `begun`: nothing where there is nothing to look at."""
    return secrets.token_hex(8) if making.slow else ""


async def on_look(making: Making) -> AsyncIterator[tuple[Any, ...]]:
    """How far it has come, while it is being made; it waits in a coroutine, so that no thread does."""
    said = ""
    await asyncio.sleep(LOOK)  # what is refused at once needn't flash
    while making.slow and making.in_progress and not making.superseded:
        words = markup.forming(making)
        if words != said:
            said = words
            yield words, gr.Row(visible=True), gr.Button(interactive=not making.stopped)
        await asyncio.sleep(LOOK)
    if not making.superseded:
        yield "", gr.Row(visible=False), gr.Button(interactive=True)


def on_stop(making: Making) -> Any:
    """Ends it within one step, or before it has begun; what is finished stays."""
    making.stopped = True
    if making.state == "asked":
        making.state = "stopped"
    return gr.Button(interactive=False)
