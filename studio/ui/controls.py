"""Between the widgets of the page and requests: the same values, in the same order, both ways."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

import gradio as gr

from studio.errors import InputError
from studio.request import GenerationRequest

if TYPE_CHECKING:
    from gradio.components import Component

    from studio.backends.base import Control

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
                value=_middle(control),
                step=control.step,
                label=label,
                buttons=[],
            )
            auto = gr.Checkbox(value=True, label="Auto", elem_classes="auto", container=False)
        slider.input(None, outputs=auto, js="() => false")
        widgets += [auto, slider]
    return widgets


def to_request(
    controls: Sequence[Control], prompt: str, count: int, seed: str, near: str, *values: bool | float
) -> GenerationRequest:
    """The request that the widgets show; `values` are those of `control_widgets`. An empty seed box is no seed, and
    `near` has the seeds of the image to stay near, if there is one."""
    pairs = zip(controls, values[::2], values[1::2], strict=True)
    return GenerationRequest(
        prompt=prompt,
        count=count,
        seed=read_seed(seed),
        near=tuple(number for each in near.split() if (number := read_seed(each)) is not None),
        controls={control.name: value for control, auto, value in pairs if not auto},
    )


def from_request(controls: Sequence[Control], request: GenerationRequest) -> list[str | int | bool | float]:
    """The values of the widgets that show `request`: the inverse of `to_request`."""
    values: list[str | int | bool | float] = [
        request.prompt,
        request.count,
        "" if request.seed is None else str(request.seed),
        " ".join(str(seed) for seed in request.near),
    ]
    for control in controls:
        values += [control.name not in request.controls, request.controls.get(control.name, _middle(control))]
    return values


def read_seed(text: str) -> int | None:
    """The seed typed in the box, None if there is none; raises InputError for anything but a whole number."""
    if not text.strip():
        return None
    if not re.fullmatch(r"\s*[0-9]{1,19}\s*", text):
        raise InputError("The seed must be a whole number.", "Press the dice for a new one.")
    return int(text)


def new_seed() -> int:
    """A seed as NEW_SEED gives them."""
    return random.randrange(10**6)


def _middle(control: Control) -> float:
    steps = round((control.high - control.low) / control.step / 2)
    return round(control.low + steps * control.step, 6)
