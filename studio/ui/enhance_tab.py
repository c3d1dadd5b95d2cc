"""The Enhance tab: what a shop's photos need, in one press or by hand, and more pixels."""
# Gradio is typed in part.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportPrivateImportUsage=false

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import gradio as gr

from studio.errors import InputError
from studio.request import EnhanceRequest
from studio.ui import easel as easels
from studio.ui.easel import Look, connect_upload, easel_widgets
from studio.ui.editing_tab import ASPECTS, EditingTab
from studio.ui.errors import plain_words
from studio.ui.grid import Making
from studio.ui.picture import Picture, decoded, decoded_bytes, select, selection_of, side_by_side, smaller
from studio.ui.queues import ASKS, DRAWS
from studio.ui.results import UNATTENDED, Result, connect_results, results_widgets, run

if TYPE_CHECKING:
    from PIL import Image

    from studio.service import Studio


@dataclass(frozen=True, kw_only=True)
class Adjustment:
    """A slider: the name of a field of EnhanceSettings, and its range; 0 does nothing."""

    name: str
    label: str
    low: float
    high: float
    step: float


LIGHT = (
    Adjustment(name="exposure", label="Brighter", low=-2, high=2, step=0.01),
    Adjustment(name="contrast", label="Contrast", low=-1, high=1, step=0.01),
    Adjustment(name="white_balance", label="Neutral light", low=0, high=1, step=0.01),
    Adjustment(name="warmth", label="Warmer", low=-1, high=1, step=0.01),
)
DETAIL = (
    Adjustment(name="denoise", label="Less noise", low=0, high=1, step=0.01),
    Adjustment(name="sharpen", label="Sharper", low=0, high=1, step=0.01),
    Adjustment(name="straighten", label="Straighten (degrees)", low=-15, high=15, step=0.1),
    Adjustment(name="fill", label="Product fills the frame", low=0, high=1, step=0.05),
    Adjustment(name="shadow", label="Shadow left on the white", low=0, high=1, step=0.05),
)
ADJUSTMENTS = (*LIGHT, *DETAIL)

AS_IT_IS = "As it is"
ENLARGE = {AS_IT_IS: 1, "x2": 2, "x4": 4}


def enhance_tab(studio: Studio) -> EditingTab:
    """Lays the tab out where it is called, and connects it to `studio`."""
    # 1. Layout: one press, or sliders, on the left; the picture as it will be, and what was made, on the right.
    with gr.Row(elem_classes="workbench"):
        with gr.Column(elem_classes="words"):
            easel = easel_widgets("enhance", Look(), "Drop a picture to improve")
            white = gr.Checkbox(label="Pure white background", elem_id="enhance-white")
            enlarge = gr.Radio(list(ENLARGE), value=AS_IT_IS, label="Enlarge", elem_classes="pills")
            with gr.Row(elem_classes="actions"):
                improve = gr.Button("Improve", variant="primary", elem_id="enhance-improve")
                make = gr.Button("Apply", elem_id="enhance-run")
        with gr.Column(elem_classes="stage"):
            easel.view.render()
            preview = gr.ImageSlider(
                label="Preview, not kept: before and after",
                interactive=False,
                visible=False,
                buttons=[],
                max_height=640,
                elem_id="enhance-preview",
            )
        with gr.Column(elem_classes="settings"):
            with gr.Accordion("Light and colour", open=True):
                sliders = [_slider(adjustment) for adjustment in LIGHT]
            with gr.Accordion("Detail and frame", open=False):
                sliders += [_slider(adjustment) for adjustment in DETAIL]
                crop = gr.Radio([AS_IT_IS, *ASPECTS], value=AS_IT_IS, label="Crop to", elem_classes="pills")
        results = results_widgets("enhance")

    # 2. Events.
    connect_upload(easel)
    values = [white, crop, *sliders]
    looking: dict[str, Any] = {"show_progress": "hidden", "trigger_mode": "always_last", **DRAWS}
    easel.view.change(partial(on_preview, studio), [easel.picture, *values], preview, **looking)
    for value in values:
        value.input(partial(on_preview, studio), [easel.picture, *values], preview, **looking)
    making: dict[str, Any] = {"show_progress_on": preview, "trigger_mode": "once", **DRAWS}
    request = [easel.picture, results.made, enlarge, *values]
    improve.click(on_measure, [easel.picture], sliders, show_progress="hidden", **ASKS).success(
        partial(on_enhance, studio), request, results.shown, **making
    ).success(None, js=results.scroll).then(partial(on_preview, studio), [easel.picture, *values], preview, **looking)
    make.click(partial(on_enhance, studio), request, results.shown, **making).success(None, js=results.scroll)
    connect_results(results, easel)
    return EditingTab(easel=easel, results=results)


def on_measure(picture: Picture | None) -> list[float]:
    """What the picture needs, as it was measured: values for the sliders."""
    with plain_words():
        if picture is None:
            raise easels.NO_PICTURE
        found = measured(decoded_bytes(picture.shown))
        return [found.get(adjustment.name, 0.0) for adjustment in ADJUSTMENTS]


def measured(image: Image.Image) -> dict[str, float]:
    """What a picture needs, by the names of ADJUSTMENTS; what it doesn't need is left out."""
    from studio.editing import enhance

    found = enhance.measured(image)
    values = {adjustment.name: float(getattr(found, adjustment.name)) for adjustment in ADJUSTMENTS}
    return {name: value for name, value in values.items() if value}


def on_preview(studio: Studio, picture: Picture | None, white: bool, crop: str, *values: float) -> Any:
    """The small copy as it would become; the product is looked for once, where its background is to be white."""
    with plain_words():
        if picture is None:
            raise easels.NO_PICTURE
        from studio.editing.enhance import enhance, settings_of

        before, mask = decoded_bytes(picture.shown), None
        chosen = settings_of(settings(white, crop, *values))
        if chosen.needs_product:
            if picture.selection is None:
                select(picture, studio.product_mask(decoded(picture.path)))
            mask = smaller(selection_of(picture))
        after = enhance(before, chosen, mask).image
        return gr.ImageSlider(side_by_side(before, after), visible=True)


def on_enhance(
    studio: Studio,
    picture: Picture | None,
    made: tuple[Result, ...],
    enlarge: str,
    white: bool,
    crop: str,
    *values: float,
) -> Iterator[list[Any]]:
    """Makes the picture as it was set, at its own size or larger."""
    with plain_words():
        if picture is None:
            raise easels.NO_PICTURE
        request = EnhanceRequest(
            image=decoded(picture.path), settings=settings(white, crop, *values), upscale=ENLARGE.get(enlarge, 1)
        )
        yield from run(studio, UNATTENDED, request, picture.path, made, "Enhanced", Making())


def settings(white: bool, crop: str, *values: float) -> dict[str, object]:
    """The settings of a request that the widgets show, without what does nothing."""
    if crop not in (AS_IT_IS, *ASPECTS):
        raise InputError("There is no such shape.", "Choose one of the list.")
    chosen: dict[str, object] = {
        adjustment.name: float(value) for adjustment, value in zip(ADJUSTMENTS, values, strict=True) if value
    }
    if crop != AS_IT_IS:
        chosen["aspect"] = list(ASPECTS[crop])
    return chosen | ({"white_background": 1.0} if white else {})


def _slider(adjustment: Adjustment) -> gr.Slider:
    return gr.Slider(
        adjustment.low, adjustment.high, value=0, step=adjustment.step, label=adjustment.label, buttons=["reset"]
    )
