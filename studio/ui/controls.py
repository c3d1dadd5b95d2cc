"""Between the widgets of the page and requests: the same values, in the same order, both ways."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import gradio as gr

from studio.backends.diffusion import SCHEDULER
from studio.backends.registry import maker_of
from studio.errors import InputError
from studio.request import GenerationRequest

if TYPE_CHECKING:
    from gradio.components import Component

    from studio.backends.base import Capabilities, Control
    from studio.backends.registry import Offer
    from studio.request import Recipe

#: For the browser: a seed that is short enough to read out.
NEW_SEED = "() => String(Math.floor(Math.random() * 1e6))"


def control_widgets(controls: Sequence[Control]) -> list[Component]:
    """Two widgets a control, in the order that `to_request` reads: whether it is left to prompt and seed, its value.

    Moving a slider unticks its "Auto".
    """
    widgets: list[Component] = []
    for control in controls:
        label = f"{control.label} ({control.unit})" if control.unit else control.label
        with gr.Row(elem_classes="control"):
            slider = gr.Slider(
                control.low,
                control.high,
                value=resting(control),
                step=control.step,
                label=label,
                buttons=[],
            )
            auto = gr.Checkbox(value=True, label="Auto", elem_classes="auto", container=False)
        slider.input(None, outputs=auto, js="() => false")
        widgets += [auto, slider]
    return widgets


def scheduler_dropdown(name: str) -> gr.Dropdown:
    """Lays out the choice of a scheduler, for models that offer one; its value is "" for the model's own."""
    return gr.Dropdown(
        [("The model's own", "")],
        value="",
        label="Scheduler",
        allow_custom_value=True,
        visible=False,
        elem_id=name,
    )


def schedulers_of(offered: Capabilities, value: str) -> gr.Dropdown:
    """The choice of a model's schedulers; `value` stays where it is one of them."""
    values = next((choice.values for choice in offered.choices if choice.name == SCHEDULER), ())
    return own_or(values, value, visible=len(values) > 1)


def own_or(values: Sequence[str], value: str, *, visible: bool) -> gr.Dropdown:
    """A choice of words, the first of which is what the model has by itself."""
    own = f"The model's own: {values[0]}" if values else "The model's own"
    choices = [(own, ""), *((each, each) for each in values[1:])]
    return gr.Dropdown(choices, value=value if value in values[1:] else "", visible=visible)


def rows_of(widgets: Sequence[Component]) -> list[gr.Row]:
    """The rows that widgets of `control_widgets` are in, to show and hide them."""
    rows: list[gr.Row] = []
    for widget in widgets:
        block = widget.parent
        while block is not None and not isinstance(block, gr.Row):  # Gradio puts a form between the two
            block = block.parent
        assert block is not None
        rows.append(block)
    return rows


def to_request(
    controls: Sequence[Control],
    prompt: str,
    count: int,
    seed: str,
    near: str,
    model: str = "",
    size: str = "",
    scheduler: str = "",
    negative_prompt: str = "",
    *values: bool | float,
) -> GenerationRequest:
    """The request that the widgets show; `values` are those of `control_widgets`. An empty seed box is no seed, and
    `near` has the seeds of the image to stay near, if there is one. "" is what settings and model have by themselves.
    """
    return GenerationRequest(
        prompt=prompt,
        negative_prompt=negative_prompt.strip(),
        count=count,
        seed=read_seed(seed),
        backend=model or None,
        size=read_size(size),
        choices={SCHEDULER: scheduler} if scheduler else {},
        near=tuple(number for each in near.split() if (number := read_seed(each)) is not None),
        controls=set_by_hand(controls, values),
    )


def set_by_hand(controls: Sequence[Control], values: Sequence[bool | float]) -> dict[str, float]:
    """The controls that aren't left to prompt and seed; `values` are those of `control_widgets`."""
    pairs = zip(controls, values[::2], values[1::2], strict=True)
    return {control.name: value for control, auto, value in pairs if not auto}


def from_request(controls: Sequence[Control], request: GenerationRequest) -> list[str | int | bool | float]:
    """The values of the widgets that show `request`: the inverse of `to_request`."""
    values: list[str | int | bool | float] = [
        request.prompt,
        request.count,
        "" if request.seed is None else str(request.seed),
        " ".join(str(seed) for seed in request.near),
        request.backend or "",
        "" if request.size is None else str(request.size),
        request.choices.get(SCHEDULER, ""),
        request.negative_prompt,
    ]
    for control in controls:
        values += [control.name not in request.controls, request.controls.get(control.name, resting(control))]
    return values


def fitting(request: GenerationRequest, offered: Capabilities) -> GenerationRequest:
    """The request without what its model doesn't offer: widgets that are hidden keep what was set for another model.

    Raises InputError for a size that isn't offered where there is a choice of several.
    """
    sizes = offered.sizes
    if len(sizes) > 1 and request.size is not None and request.size not in sizes:
        others = ", ".join(str(size) for size in sizes)
        raise InputError(f"The model can't draw images of {request.size} pixels.", f"It offers: {others}.")
    controls = {each.name for each in offered.controls}
    return replace(
        request,
        negative_prompt=request.negative_prompt if offered.negative_prompt else "",
        size=request.size if request.size in sizes[1:] else None,
        near=request.near if offered.near else (),
        controls={name: value for name, value in request.controls.items() if name in controls},
        choices=fitting_choices(request.choices, offered),
    )


def fitting_choices(choices: Mapping[str, str], offered: Capabilities) -> dict[str, str]:
    """The choices that a model offers."""
    known = {each.name: each.values for each in offered.choices}
    return {name: value for name, value in choices.items() if value in known.get(name, ())}


def request_of(recipe: Recipe, offers: Sequence[Offer]) -> GenerationRequest:
    """Asks for the recipe's image again, of the model that made it where that is offered."""
    return replace(recipe.request, backend=maker_of(offers, recipe))


def read_seed(text: str) -> int | None:
    """The seed typed in the box, None if there is none; raises InputError for anything but a whole number."""
    return _whole(text, 19, InputError("The seed must be a whole number.", "Press the dice for a new one."))


def read_size(text: str) -> int | None:
    """The side in pixels that is chosen or typed, None for the model's own; raises InputError for anything else."""
    return _whole(text, 5, InputError("The size must be a whole number of pixels.", "Choose one of the list."))


def _whole(text: str, digits: int, otherwise: InputError) -> int | None:
    if not text.strip():
        return None
    if not re.fullmatch(rf"\s*[0-9]{{1,{digits}}}\s*", text):
        raise otherwise
    return int(text)


def new_seed() -> int:
    """A seed as NEW_SEED gives them."""
    return random.randrange(10**6)


def resting(control: Control) -> float:
    """Where a slider on "Auto" rests: at what the model does then, or in the middle."""
    if control.default is not None:
        return control.default
    steps = round((control.high - control.low) / control.step / 2)
    return round(control.low + steps * control.step, 6)
