"""What the editing tabs made: before and after, all results of the page, and where a result may go next."""
# Gradio is typed in part.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportPrivateImportUsage=false

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import gradio as gr
from PIL import Image

from studio import imaging
from studio.errors import InputError
from studio.ui.easel import Easel
from studio.ui.errors import plain_words
from studio.ui.grid import Making, Unattended
from studio.ui.markup import notice
from studio.ui.picture import decoded, side_by_side
from studio.ui.queues import ASKS, RUNNING
from studio.ui.sending import send_buttons
from studio.ui.served import copy_of

if TYPE_CHECKING:
    from gradio.components import Component

    from studio.request import Edit, Recipe, SavedImage
    from studio.service import Studio

#: So many results stay in reach in an open page; the library keeps all.
KEPT = 24
_THUMB = 256


@dataclass(frozen=True, kw_only=True)
class Result:
    """One edited picture of the library: `before` is the file that it was made of."""

    before: str
    path: Path
    sha256: str
    seed: int
    index: int
    #: What was measured, or "".
    said: str
    #: What was done, in a word.
    caption: str
    #: A small WebP.
    thumb: bytes


@dataclass(frozen=True, kw_only=True)
class Results:
    """The widgets of what a tab made. `shown` are those that a new result sets, in the order of `showing`."""

    name: str
    made: gr.State
    chosen: gr.State
    slider: gr.ImageSlider
    said: gr.HTML
    actions: gr.Row
    download: gr.DownloadButton
    again: gr.Button
    sends: Mapping[str, gr.Button]
    gallery: gr.Gallery

    @property
    def shown(self) -> list[Component]:
        return [
            self.made,
            self.chosen,
            self.slider,
            self.said,
            cast("Component", self.actions),
            self.download,
            self.gallery,
        ]

    @property
    def scroll(self) -> str:
        """For the browser: shows the results, which lie below the picture, once they are on the page; where it was
        stopped before the first one they never are."""
        return f"""() => {{
          const show = (looks) => {{
            const results = document.querySelector("#{self.name}-results:has(#{self.name}-slider)");
            if (results) results.scrollIntoView({{behavior: "smooth"}});
            else if (looks) setTimeout(show, 100, looks - 1);
          }};
          show(30);
        }}"""


def results_widgets(name: str) -> Results:
    """Lays out where results will be shown."""
    with gr.Column(elem_classes="results", elem_id=f"{name}-results"):
        slider = gr.ImageSlider(
            label="Before and after",
            interactive=False,
            visible=False,
            buttons=["fullscreen"],
            max_height=640,
            elem_id=f"{name}-slider",
        )
        said = gr.HTML(elem_id=f"{name}-said")
        with gr.Row(visible=False, elem_classes="next-steps", elem_id=f"{name}-next") as actions:
            download = gr.DownloadButton("Download PNG", size="sm", variant="primary")
            again = gr.Button("Go on with this result", size="sm", elem_id=f"{name}-again")
            sends = send_buttons(name)
        gallery = gr.Gallery(
            label="Made here",
            columns=6,
            object_fit="cover",
            height="auto",
            interactive=False,
            preview=False,
            allow_preview=False,
            buttons=[],
            visible=False,
            elem_id=f"{name}-made",
            elem_classes="made",
        )
    return Results(
        name=name,
        made=gr.State(()),
        chosen=gr.State(0),
        slider=slider,
        said=said,
        actions=actions,
        download=download,
        again=again,
        sends=sends,
        gallery=gallery,
    )


def connect_results(results: Results, easel: Easel) -> None:
    """What is chosen in the gallery is shown; "go on" makes it the picture that is edited."""
    quiet: dict[str, Any] = {"show_progress": "hidden", **ASKS}

    def on_choose(made: tuple[Result, ...], choice: gr.SelectData) -> list[Any]:  # Gradio finds no choice in a partial
        with plain_words():
            return showing(made, int(choice.index))

    results.gallery.select(on_choose, results.made, results.shown, **quiet)
    results.again.click(
        partial(on_go_on, easel), [results.made, results.chosen], easel.opened, show_progress_on=easel.view, **ASKS
    ).success(None, js=f"() => document.querySelector('#{easel.name}-easel').scrollIntoView({{behavior: 'smooth'}})")


def on_go_on(easel: Easel, made: tuple[Result, ...], chosen: int) -> list[Any]:
    """Makes a result the picture that is edited; the results stay."""
    with plain_words():
        return easel.opening(chosen_of(made, chosen).path)


def chosen_of(made: tuple[Result, ...], chosen: int) -> Result:
    """The result that is looked at. Raises InputError where there is none."""
    if not made or not 0 <= chosen < len(made):
        raise InputError("There is no result yet.", "Make one first.")
    return made[chosen]


def run(
    studio: Studio,
    unattended: Unattended,
    request: Edit,
    before: str,
    made: tuple[Result, ...],
    caption: str,
    making: Making,
) -> Iterator[list[Any]]:
    """Makes what is asked for, one picture after the other; the values of `Results.shown` for each.

    By `making` the page looks at it, and can stop it: what is finished stays. Where the page is closed meanwhile,
    `unattended` makes the rest. Raises StudioError, and what was made stays shown.
    """
    images = making.make(studio, request)
    try:
        for image in images:
            made = (_result(image, before, caption), *made)[:KEPT]
            yield showing(made, 0, (request.image, image.image))
    except GeneratorExit:
        unattended.finish(images)
        raise


#: The values of `Results.shown` where nothing is made.
NOTHING_NEW: list[Any] = [gr.skip()] * 7

#: For all tabs of all pages.
UNATTENDED = Unattended(RUNNING)


def showing(made: tuple[Result, ...], chosen: int, pair: tuple[Image.Image, Image.Image] | None = None) -> list[Any]:
    """The values of `Results.shown`; `pair` are before and after, where they are at hand."""
    result = chosen_of(made, chosen)
    before, after = pair or (decoded(result.before), decoded(result.path))
    return [
        made,
        chosen,
        gr.ImageSlider(side_by_side(before, after), visible=True),
        notice(result.said, kind="proof"),
        gr.Row(visible=True),
        gr.DownloadButton(value=str(copy_of(result, result.path)), visible=True),
        gr.Gallery(
            [(Image.open(BytesIO(each.thumb)), each.caption) for each in made],
            selected_index=chosen,
            visible=len(made) > 1,
        ),
    ]


def said_of(recipe: Recipe) -> str:
    """What was measured of an edit, for people."""
    from studio.editing.proof import Proof

    proof = recipe.parameters.get("proof")
    said: Sequence[str] = (
        Proof(**cast("dict[str, Any]", proof)).sentence if isinstance(proof, dict) else "",
        f"{recipe.dimensions[0]} x {recipe.dimensions[1]} pixels.",
    )
    return " ".join(sentence for sentence in said if sentence)


def _result(image: SavedImage, before: str, caption: str) -> Result:
    return Result(
        before=before,
        path=image.path,
        sha256=image.sha256,
        seed=image.seed,
        index=image.index,
        said=said_of(image.recipe),
        caption=caption,
        thumb=imaging.to_webp(image.image, _THUMB),
    )
