"""The Restyle tab: a photo in another place, colour, material or style, with the product kept as far as is asked."""
# Gradio is typed in part.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportPrivateImportUsage=false

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

import gradio as gr

from studio.errors import InputError, StudioError
from studio.request import Keep, RestyleRequest
from studio.ui import easel as easels
from studio.ui.controls import read_seed
from studio.ui.easel import Look, connect_upload, easel_widgets, mask_buttons
from studio.ui.editing_tab import (
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

KEEPS: dict[Keep, str] = {
    "product": "The product exactly: change what is around it",
    "shape": "Its shape: change colour or material",
    "nothing": "Nothing: change the whole picture",
}

#: Instructions to begin with, and what they keep.
EXAMPLES: dict[str, Keep] = {
    "on a marble counter": "product",
    "on a pastel pink sweep": "product",
    "on a wooden table, from above": "product",
    "make it navy leather": "shape",
    "golden hour": "nothing",
}
#: What the groups of styles are called, by what they usually keep.
GROUPS: dict[Keep, str] = {"product": "Surroundings", "shape": "Of the product", "nothing": "Looks"}

LOOK = Look(
    tools=("include", "exclude", "brush", "eraser"),
    colour="#0f766e",
    marked="The product as it was found, {share} of the picture. Click or paint to put it right.",
    nothing="No product is marked: it will be looked for.",
    select=True,
)


def restyle_tab(page: gr.Blocks, studio: Studio) -> EditingTab:
    """Lays the tab out inside `page`, which is being built, and connects it to `studio`."""
    editing = editing_at_once(studio)
    keeps = _keeps(editing)

    # 1. Layout: what and how on the left, the picture and what was made of it on the right.
    with gr.Row(elem_classes="workbench"):
        with gr.Column(elem_classes="words"):
            easel = easel_widgets("restyle", LOOK, "Drop a picture to restyle")
            prompt = gr.Textbox(
                "",
                label="How should it look?",
                placeholder="On a pastel pink sweep",
                lines=2,
                max_lines=4,
                elem_id="restyle-prompt",
            )
            with gr.Row(elem_classes="examples"):
                presets = [(text, gr.Button(text, size="sm", elem_classes="example")) for text in EXAMPLES]
            negative = negative_box("restyle")
            keep = gr.Radio(
                keeps,
                value=keeps[0][1] if keeps else None,
                label="What stays as it is?",
                elem_id="restyle-keep",
                elem_classes="lines",
            )
            with gr.Row(elem_classes="actions"):
                restyle = gr.Button("Restyle", variant="primary", elem_id="restyle-run")
        with gr.Column(elem_classes="stage"):
            refused = refusal("" if editing else NO_EDITING)
            progress = progress_widgets("restyle")
            easel.view.render()
            mask_buttons(studio, easel, background=False)
        with gr.Column(elem_classes="settings"):
            editor = editor_widgets(studio, "restyle", negative)
            with gr.Accordion("All styles", open=False, elem_id="restyle-styles"):
                for group, styles in grouped(studio).items():
                    gr.HTML(f'<p class="faint small">{GROUPS[group]}</p>')
                    with gr.Row(elem_classes="examples"):
                        presets += [(text, gr.Button(text, size="sm", elem_classes="example")) for text in styles]
            with gr.Accordion(_title(editing), open=False, elem_id="restyle-variants") as variants:
                strength = gr.Slider(
                    0,
                    1,
                    value=1,
                    step=0.05,
                    label="Strength",
                    info="0 leaves the picture as it is.",
                    buttons=[],
                    visible=_takes_strength(editing),
                )
                count = gr.Radio(
                    [number for number in VARIANTS if number <= studio.settings.max_count],
                    value=1,
                    label="Variants",
                    elem_classes="pills",
                )
                seed = gr.Textbox("", label="Seed", placeholder="New each time", max_lines=1)
            with gr.Accordion("Like another picture", open=False):
                gr.HTML('<p class="faint small">Colours and texture are taken from it.</p>')
                reference = gr.File(
                    label="Picture to be like",
                    file_types=["image"],
                    height=96,
                    elem_id="restyle-reference",
                    elem_classes="photo-drop",
                )
        results = results_widgets("restyle")
        newest = gr.State(Making())

    # 2. Events.
    connect_upload(easel)
    for text, button in presets:
        button.click(partial(on_example, studio, text), editor.model, [prompt, keep], show_progress="hidden", **ASKS)
    request = [prompt, keep, strength, count, seed, reference, newest, *editor.values]
    restyle.click(
        partial(on_press, studio),
        [newest, count, editor.model],
        [newest, progress.begun],
        show_progress="hidden",
        **ASKS,
    ).success(
        partial(on_restyle, studio),
        [easel.drawn, easel.picture, results.made, *request],
        results.shown,
        js=easel.with_mask,
        show_progress_on=easel.view,
        trigger_mode="always_last",
        **DRAWS,
    ).success(None, js=results.scroll)
    connect_progress(progress, newest)
    connect_editor(page, studio, editor, _adapted, [keep, variants, strength, refused], given=[keep])
    connect_results(results, easel)
    return EditingTab(easel=easel, results=results)


def _adapted(editing: Editing | None, keep: str | None) -> list[Any]:
    """What of this tab changes with the model; what is kept stays where it can be."""
    keeps = _keeps(editing)
    kept = keep if keep in dict(keeps).values() else keeps[0][1] if keeps else None
    return [
        gr.Radio(keeps, value=kept),
        gr.Accordion(label=_title(editing)),
        gr.Slider(visible=_takes_strength(editing)),
        refusal("" if editing else NO_EDITING),
    ]


def _keeps(editing: Editing | None) -> list[tuple[str, Keep]]:
    return [(KEEPS[keep], keep) for keep in (editing.keeps if editing else ())]


def _takes_strength(editing: Editing | None) -> bool:
    return editing is not None and editing.strength


def _title(editing: Editing | None) -> str:
    return "Strength and variants" if _takes_strength(editing) else "Variants"


def grouped(studio: Studio) -> dict[Keep, dict[str, Keep]]:
    """The names of the styles, in the groups of what they usually keep, and that."""
    groups: dict[Keep, dict[str, Keep]] = {}
    for style in studio.prompts.styles.styles.values():
        groups.setdefault(style.keeps[0], {})[style.title("en")] = style.keeps[0]
    return groups


def on_example(studio: Studio, text: str, model: str) -> tuple[str, Any]:
    """Fills the box, and chooses what the instruction keeps, where the model can keep it."""
    try:
        editing = studio.engine.capabilities(model or None).editing
    except StudioError:  # the choice of the model has said what is wrong
        editing = None
    keep = {name: keep for group in (EXAMPLES, *grouped(studio).values()) for name, keep in group.items()}[text]
    return text, keep if editing and keep in editing.keeps else gr.skip()


def on_restyle(
    studio: Studio,
    drawn: str,
    picture: Picture | None,
    made: tuple[Result, ...],
    prompt: str,
    keep: str | None,
    strength: float,
    count: int,
    seed: str,
    reference: str | None,
    newest: Making,
    model: str,
    *values: Any,
) -> Iterator[list[Any]]:
    """Restyles the picture as the words or the other picture say."""
    with plain_words(), newest.turn() as is_first:
        if not is_first:
            yield NOTHING_NEW
            return
        if picture is None:
            raise easels.NO_PICTURE
        if keep not in KEEPS:
            raise InputError("It isn't said what stays as it is.", "Choose one of the list.")
        offered = studio.engine.capabilities(model or None)
        request = RestyleRequest(
            image=decoded(picture.path),
            prompt=prompt,
            keep=keep,
            strength=strength if _takes_strength(offered.editing) else 1.0,
            mask=full_mask(picture, drawn) if drawn else None,
            reference=decoded(reference) if reference else None,
            count=count,
            seed=read_seed(seed),
            **settings_of(offered, model, *values),
        )
        yield from run(studio, UNATTENDED, request, picture.path, made, "Restyled", newest)
