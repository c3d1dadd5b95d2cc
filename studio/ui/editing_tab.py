"""What the page knows of a tab that edits pictures, and what those share that edit with a model."""
# Gradio is typed in part.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportPrivateImportUsage=false

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, cast

import gradio as gr

from studio.backends.base import Editing
from studio.backends.diffusion import CONTROLS, SCHEDULER
from studio.errors import InputError
from studio.ui import markup
from studio.ui.controls import (
    control_widgets,
    fitting_choices,
    resting,
    rows_of,
    scheduler_dropdown,
    schedulers_of,
    set_by_hand,
)
from studio.ui.errors import plain_words
from studio.ui.grid import Making
from studio.ui.model_choice import looking_at, looks_later, model_dropdown, offered_at_once
from studio.ui.progress import beginning
from studio.ui.queues import DRAWS

if TYPE_CHECKING:
    from gradio.blocks import Block
    from gradio.components import Component

    from studio.backends.base import Capabilities
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


ANYTHING = Editing(size=0, keeps=("product", "shape", "nothing"), by_words=True)
NO_EDITING = "This model edits no pictures. Choose another one below."


@dataclass(frozen=True, kw_only=True)
class EditingTab:
    """The picture that is edited, and what was made of it."""

    easel: Easel
    results: Results


@dataclass(frozen=True, kw_only=True)
class Editor:
    """The widgets of the model that edits. `values` are those that a request takes, in the order of `settings_of`;
    `asked` and `shown` those that go in and out where a model is chosen, in the order of `on_model`."""

    model: gr.Dropdown
    status: gr.HTML
    about: gr.HTML
    drawing: gr.Accordion
    negative: gr.Textbox
    scheduler: gr.Dropdown
    controls: Sequence[Component]

    @property
    def values(self) -> list[Component]:
        return [self.model, self.negative, self.scheduler, *self.controls]

    @property
    def asked(self) -> list[Component]:
        return [self.model, self.scheduler, *self.controls[::2]]

    @property
    def shown(self) -> list[Component]:
        sliders = self.controls[1::2]
        choices = [self.negative, self.scheduler]
        parts = [self.status, self.about, self.drawing, *choices, *rows_of(sliders), *sliders]
        return cast("list[Component]", parts)


def negative_box(name: str) -> gr.Textbox:
    """Lays out what is not to be seen, for models that listen to it."""
    return gr.Textbox("", label="Not to be seen", max_lines=3, visible=False, elem_id=f"{name}-negative")


def editor_widgets(studio: Studio, name: str, negative: gr.Textbox) -> Editor:
    """Lays out the choice of a model, where there is one, and what is set of it by hand.

    Not offered is what is known to edit no pictures, but for the model of the settings.
    """
    first, *others = studio.offers
    offers = (first, *(offer for offer in others if offer.edits))
    offered = offered_at_once(studio)
    with gr.Accordion("Model", open=False, visible=len(offers) > 1, elem_id=f"{name}-models"):
        model = model_dropdown(offers, "Edited by", f"{name}-model")
        status = gr.HTML(visible=False)
        about = gr.HTML(markup.offer(first, offered if offered.sizes else None, editing=True))
    with gr.Accordion("Steps and guidance", open=False, visible=False, elem_id=f"{name}-drawing") as drawing:
        controls = control_widgets(CONTROLS)
        scheduler = scheduler_dropdown(f"{name}-scheduler")
    return Editor(
        model=model,
        status=status,
        about=about,
        drawing=drawing,
        negative=negative,
        scheduler=scheduler,
        controls=controls,
    )


def connect_editor(
    page: gr.Blocks,
    studio: Studio,
    editor: Editor,
    adapt: Callable[..., list[Any]],
    own: Sequence[Block],
    given: Sequence[Component] = (),
) -> None:
    """Adapts the tab to the model that is chosen: `adapt` makes the values of `own`, the tab's widgets that follow it,
    of its `Editing` and the values of `given`."""
    follows: dict[str, Any] = {
        "inputs": [*editor.asked, *given],
        "outputs": [*editor.shown, *own],
        "show_progress": "hidden",
        **DRAWS,
    }
    editor.model.change(partial(on_model, studio, adapt, len(own)), **follows)
    if looks_later(studio):
        page.load(partial(on_model, studio, adapt, len(own)), **follows)


def on_press(studio: Studio, newest: Making, count: int, model: str) -> tuple[Any, Any]:
    """What is going to be made, and what sets off the looking at it, so that it can be seen and stopped while it waits
    for its turn. Two at once would show each other's results and not their own."""
    with plain_words():
        if newest.in_progress:
            if newest.slow:
                raise InputError("A picture is being made here.", "Wait for it, or press Stop.")
            return gr.skip(), gr.skip()
        making = Making(count=count, slow=not studio.engine.capabilities(model or None).quick)
        return making, beginning(making)


def on_model(
    studio: Studio, adapt: Callable[..., list[Any]], own: int, name: str, scheduler: str, *values: Any
) -> Iterator[list[Any]]:
    """Shows how a model edits, and nothing else; what is typed and set by hand stays. `adapt` gives `own` values."""
    autos, given = values[: len(CONTROLS)], values[len(CONTROLS) :]
    nothing = [gr.skip()] * (3 + 2 * len(CONTROLS) + own)
    for status, about, offered in looking_at(studio, name, editing=True):
        said = [gr.HTML(status, visible=bool(status)), gr.skip() if about is None else about]
        if offered is None:
            yield [*said, *nothing]
        else:
            yield [*said, *_fitted(offered, scheduler, autos), *adapt(offered.editing, *given)]


def _fitted(offered: Capabilities, scheduler: str, autos: Sequence[bool]) -> list[Any]:
    """The values of `Editor.shown` from `drawing` on."""
    known = {control.name: control for control in (offered.editing.controls if offered.editing else ())}
    negative = offered.editing is not None and offered.negative_prompt
    sliders = [
        gr.Slider(value=resting(known[control.name])) if auto and control.name in known else gr.skip()
        for control, auto in zip(CONTROLS, autos, strict=True)
    ]
    return [
        gr.Accordion(visible=bool(known)),
        gr.Textbox(visible=negative),
        schedulers_of(offered, scheduler),
        *(gr.Row(visible=control.name in known) for control in CONTROLS),
        *sliders,
    ]


def settings_of(
    offered: Capabilities, model: str, negative: str, scheduler: str, *values: bool | float
) -> dict[str, Any]:
    """What a request takes of `Editor.values`, without what its model doesn't offer: widgets that are hidden keep what
    was set for another model."""
    known = {control.name for control in (offered.editing.controls if offered.editing else ())}
    controls = set_by_hand(CONTROLS, values)
    return {
        "backend": model or None,
        "negative_prompt": negative.strip() if offered.negative_prompt else "",
        "controls": {name: value for name, value in controls.items() if name in known},
        "choices": fitting_choices({SCHEDULER: scheduler}, offered),
    }


def editing_at_once(studio: Studio) -> Editing | None:
    """How the model of the settings edits; until that is known it may do anything."""
    return ANYTHING if looks_later(studio) else offered_at_once(studio).editing


def refusal(words: str) -> gr.HTML:
    """What a model can't do, "" if there is nothing."""
    return gr.HTML(markup.notice(words, kind="problem"), visible=bool(words))
