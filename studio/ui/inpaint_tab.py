"""The Inpaint tab: what is marked in a photo is filled or repainted, and photos are extended to other shapes."""
# Gradio is typed in part.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportPrivateImportUsage=false

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

import gradio as gr

from studio.errors import InputError
from studio.request import InpaintRequest, OutpaintRequest
from studio.ui import easel as easels
from studio.ui.controls import read_seed
from studio.ui.easel import Look, connect_upload, easel_widgets, mask_buttons
from studio.ui.editing_tab import (
    ASPECTS,
    NO_EDITING,
    EditingTab,
    connect_editor,
    editing_at_once,
    editor_widgets,
    negative_box,
    on_press,
    refusal,
    settings_of,
)
from studio.ui.errors import plain_words
from studio.ui.grid import Making
from studio.ui.picture import Picture, decoded, full_mask
from studio.ui.progress import connect_progress, progress_widgets
from studio.ui.queues import ASKS, DRAWS
from studio.ui.results import NOTHING_NEW, UNATTENDED, Result, connect_results, results_widgets, run

if TYPE_CHECKING:
    from studio.backends.base import Editing
    from studio.service import Studio

VARIANTS = (1, 2, 4)

LOOK = Look(
    tools=("brush", "eraser", "rectangle", "include", "exclude"),
    colour="#e11d48",
    marked="{share} of the picture is marked and will be filled.",
    nothing="Nothing is marked yet: paint over what should go.",
)

BY_WORDS = "What should be there? Leave it empty to fill from what is around."
NO_FILLING = "This model fills no holes. Choose another one below."
NOT_BY_WORDS = "It fills from what is around the mark; this model takes no words for it."


def inpaint_tab(page: gr.Blocks, studio: Studio) -> EditingTab:
    """Lays the tab out inside `page`, which is being built, and connects it to `studio`."""
    editing = editing_at_once(studio)

    # 1. Layout: what and how on the left, the picture and what was made of it on the right.
    with gr.Row(elem_classes="workbench"):
        with gr.Column(elem_classes="words"):
            easel = easel_widgets("inpaint", LOOK, "Drop a picture to mend")
            prompt = gr.Textbox(
                "",
                label="In its place",
                placeholder=BY_WORDS,
                lines=2,
                visible=_by_words(editing),
                elem_id="inpaint-prompt",
            )
            negative = negative_box("inpaint")
            wordless = gr.HTML(f'<p class="faint small">{NOT_BY_WORDS}</p>', visible=_wordless(editing))
            count = gr.Radio(
                [number for number in VARIANTS if number <= studio.settings.max_count],
                value=1,
                label="Variants",
                elem_classes="pills",
            )
            with gr.Row(elem_classes="actions"):
                fill = gr.Button("Fill what is marked", variant="primary", elem_id="inpaint-run")
        with gr.Column(elem_classes="stage"):
            refused = refusal(_refused(editing))
            progress = progress_widgets("inpaint")
            easel.view.render()
            mask_buttons(studio, easel, background=True)
        with gr.Column(elem_classes="settings"):
            editor = editor_widgets(studio, "inpaint", negative)
            with gr.Accordion("Extend to another shape", open=False, elem_id="inpaint-extend"):
                gr.HTML('<p class="faint small">More surroundings are painted; the picture itself stays as it is.</p>')
                aspect = gr.Radio(list(ASPECTS), value="Square 1:1", label="Shape", elem_classes="pills")
                extend = gr.Button("Extend", elem_id="inpaint-extend-run")
            with gr.Accordion("Seed", open=False):
                seed = gr.Textbox(
                    "", label="Seed", placeholder="New each time", max_lines=1, info="The same seed fills the same way."
                )
        results = results_widgets("inpaint")
        newest = gr.State(Making())

    # 2. Events.
    connect_upload(easel)
    pressed: dict[str, Any] = {
        "fn": partial(on_press, studio),
        "inputs": [newest, count, editor.model],
        "outputs": [newest, progress.begun],
        "show_progress": "hidden",
        **ASKS,
    }
    making: dict[str, Any] = {"show_progress_on": easel.view, "trigger_mode": "always_last", **DRAWS}
    fill.click(**pressed).success(
        partial(on_inpaint, studio),
        [easel.drawn, easel.picture, results.made, prompt, count, seed, newest, *editor.values],
        results.shown,
        js=easel.with_mask,
        **making,
    ).success(None, js=results.scroll)
    extend.click(**pressed).success(
        partial(on_extend, studio),
        [easel.picture, results.made, aspect, prompt, count, seed, newest, *editor.values],
        results.shown,
        **making,
    ).success(None, js=results.scroll)
    connect_progress(progress, newest)
    connect_editor(page, studio, editor, _adapted, [prompt, wordless, refused])
    connect_results(results, easel)
    return EditingTab(easel=easel, results=results)


def _adapted(editing: Editing | None) -> list[Any]:
    """What of this tab changes with the model."""
    return [gr.Textbox(visible=_by_words(editing)), gr.HTML(visible=_wordless(editing)), refusal(_refused(editing))]


def _by_words(editing: Editing | None) -> bool:
    return editing is not None and editing.fills and editing.by_words


def _wordless(editing: Editing | None) -> bool:
    return editing is not None and editing.fills and not editing.by_words


def _refused(editing: Editing | None) -> str:
    if editing is None:
        return NO_EDITING
    return "" if editing.fills else NO_FILLING


def on_inpaint(
    studio: Studio,
    drawn: str,
    picture: Picture | None,
    made: tuple[Result, ...],
    prompt: str,
    count: int,
    seed: str,
    newest: Making,
    model: str,
    *values: Any,
) -> Iterator[list[Any]]:
    """Fills what is marked. A mask that marks nothing, or all, is refused in words."""
    with plain_words(), newest.turn() as is_first:
        if not is_first:
            yield NOTHING_NEW
            return
        if picture is None:
            raise easels.NO_PICTURE
        if not drawn:
            raise InputError("Nothing is marked.", "Paint over what should go, or select the product.")
        offered = studio.engine.capabilities(model or None)
        request = InpaintRequest(
            image=decoded(picture.path),
            mask=full_mask(picture, drawn),
            prompt=prompt if _by_words(offered.editing) else "",
            count=count,
            seed=read_seed(seed),
            **settings_of(offered, model, *values),
        )
        yield from run(studio, UNATTENDED, request, picture.path, made, "Inpainted", newest)


def on_extend(
    studio: Studio,
    picture: Picture | None,
    made: tuple[Result, ...],
    aspect: str,
    prompt: str,
    count: int,
    seed: str,
    newest: Making,
    model: str,
    *values: Any,
) -> Iterator[list[Any]]:
    """Paints more surroundings, up to a shape."""
    with plain_words(), newest.turn() as is_first:
        if not is_first:
            yield NOTHING_NEW
            return
        if picture is None:
            raise easels.NO_PICTURE
        if aspect not in ASPECTS:
            raise InputError("There is no such shape.", "Choose one of the list.")
        offered = studio.engine.capabilities(model or None)
        request = OutpaintRequest(
            image=decoded(picture.path),
            aspect=ASPECTS[aspect],
            prompt=prompt if _by_words(offered.editing) else "",
            count=count,
            seed=read_seed(seed),
            **settings_of(offered, model, *values),
        )
        caption = f"Extended to {aspect.rpartition(' ')[2]}"
        yield from run(studio, UNATTENDED, request, picture.path, made, caption, newest)
