"""The Create tab: words become product images."""
# Gradio is typed in part.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportPrivateImportUsage=false

from __future__ import annotations

import hashlib
import json
import random
import secrets
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr

from studio.errors import StudioError
from studio.request import GenerationRequest, SavedImage
from studio.settings import packaged
from studio.ui import markup
from studio.ui.api import generate_endpoint
from studio.ui.controls import NEW_SEED, control_widgets, from_request, new_seed, to_request
from studio.ui.errors import plain_words
from studio.ui.served import copy_of, zip_of
from studio.world.captions import caption
from studio.world.scene import sample_core

if TYPE_CHECKING:
    from studio.backends.base import Control
    from studio.prompts import Prompts
    from studio.service import Studio

DICE = str(Path(__file__).with_name("dice.svg"))
COUNTS = (1, 4, 8, 16)
PREVIEWS = 4
EXAMPLES = 5
REQUEST = 3  # widgets of a request, before two for each control
RUNNING = 2
STEP = 0.4  # seconds between two looks at a grid that grows; each costs about as much as an image
CONCEPTS = "Concepts: drawn by AI, not photos of a real item"

#: All that draws waits in one queue, so that nobody's grid starves: first come, first served, and the engine takes
#: turns image by image between the two that run.
ENGINE: dict[str, Any] = {"concurrency_id": "engine", "concurrency_limit": RUNNING}
#: What belongs to the page only: on the queue like everything, but no part of the documented API.
PAGE_ONLY: dict[str, Any] = {**ENGINE, "api_visibility": "private"}


def create_tab(page: gr.Blocks, studio: Studio) -> None:
    """Lays the tab out inside `page`, which is being built, and connects it to `studio`."""
    controls = _controls(studio)
    samples = _samples()

    # 1. Layout: words, pictures, settings (side by side on a desk, one below the other on a phone).
    with gr.Row(elem_id="studio"):
        with gr.Column(elem_id="words"):
            prompt = gr.Textbox(
                label="Describe the product",
                placeholder="A glossy red ceramic mug on a marble counter",
                lines=2,
                max_lines=6,
                elem_id="prompt",
            )
            with gr.Row(elem_id="actions"):
                generate = gr.Button("Generate", variant="primary", elem_id="generate")
                surprise = gr.Button("Surprise me", elem_id="surprise")
            count = gr.Radio(
                [number for number in COUNTS if number <= studio.settings.max_count],
                value=max(number for number in COUNTS if number <= min(4, studio.settings.max_count)),
                label="How many",
                elem_id="count",
            )
            with gr.Row(elem_id="examples"):
                examples = {
                    text: gr.Button(text, size="sm", elem_classes="example")
                    for text in studio.prompts.examples[:EXAMPLES]
                }
        with gr.Column(elem_id="stage"):
            status = gr.HTML(markup.notice("Getting the model ready…", kind="busy"))
            understood = gr.HTML()
            previews = gr.HTML()
            gallery = gr.Gallery(
                value=samples,
                label="Samples: drawn by AI in this studio",
                format="png",
                columns=4,
                object_fit="cover",
                height="auto",
                interactive=False,
                buttons=["download", "fullscreen"],
                visible=bool(samples),
                elem_id="results",
            )
            download = gr.DownloadButton("Download all (ZIP)", visible=False, size="sm", elem_id="download")
        with gr.Column(elem_id="settings"):
            with gr.Accordion("Camera and light", open=False):
                control_values = control_widgets(controls)
            with gr.Accordion("Seed", open=False):
                gr.Markdown("The same words and seed give the same pictures.")
                with gr.Row(elem_id="seed-row"):
                    seed = gr.Textbox(label="Seed", max_lines=1, elem_id="seed")
                    dice = gr.Button("New seed", icon=DICE, elem_id="dice")
                    lock = gr.Checkbox(label="Lock", elem_classes="lock", container=False)
            dropped = gr.File(
                label="Drop a picture made here to restore it",
                file_types=[".png"],
                height=110,
                elem_id="restore",
            )
            verdict = gr.HTML()
        preview_now = gr.Button(visible="hidden", elem_id="preview-now")
        drawn = gr.State("")

    # 2. Events. `request` are the widgets that make a request, in the order of `to_request` and `from_request`.
    request = [prompt, count, seed, *control_values]
    draw: dict[str, Any] = {
        "fn": partial(on_generate, studio, controls),
        "inputs": [drawn, lock, *request],
        "outputs": [gallery, download, seed, drawn, previews, understood],
        "show_progress_on": gallery,
        **PAGE_ONLY,
    }
    preview: dict[str, Any] = {
        "fn": partial(on_preview, studio, controls),
        "inputs": request,
        "outputs": [previews, understood],
        "show_progress": "hidden",
        "trigger_mode": "always_last",
        **PAGE_ONLY,
    }
    page.load(None, outputs=seed, js=NEW_SEED)
    dice.click(None, outputs=seed, js=NEW_SEED)
    preview_now.click(**preview)  # by page.js, a moment after the last key or slider movement
    generate.click(**draw)
    for text, example in examples.items():
        example.click(None, outputs=prompt, js=f"() => {json.dumps(text)}").then(**draw)
    surprise.click(partial(on_surprise, studio.prompts), outputs=prompt, show_progress="hidden", **PAGE_ONLY).then(
        **draw
    )
    dropped.upload(
        partial(on_drop, studio, controls),
        inputs=dropped,
        outputs=[*request, lock, verdict, dropped],
        show_progress_on=verdict,
        **PAGE_ONLY,
    ).success(**preview)
    page.load(
        partial(on_open, studio, show_example=not samples),
        outputs=[status, previews],
        show_progress="hidden",
        **PAGE_ONLY,
    )
    gr.api(generate_endpoint(page, studio), api_name="generate", **ENGINE)


def on_generate(
    studio: Studio,
    controls: Sequence[Control],
    drawn: str,
    lock: bool,
    prompt: str,
    count: int,
    seed: str,
    *values: bool | float,
) -> Iterator[tuple[object, ...]]:
    """Draws the grid, image by image, and keeps it.

    It is drawn with the seed of the box, which the previews had too. Asked for the same again (`drawn` tells what was
    drawn last) it takes a new seed, unless the seed is locked.
    """
    with plain_words():
        request = to_request(controls, prompt, count, seed, *values)
        if request.seed is None or (not lock and _fingerprint(request) == drawn):
            request = replace(request, seed=new_seed())
        # Every step says everything, since the browser may skip one that the next one overtakes.
        said = (str(request.seed), _fingerprint(request), "", markup.chips(studio.understand(prompt)))
        images: list[SavedImage] = []
        shown: list[tuple[str, str]] = []
        next_step = 0.0
        for image in studio.stream(request):
            images.append(image)
            shown.append((str(copy_of(image)), f"Seed {image.seed}"))
            if time.monotonic() >= next_step and len(shown) < request.count:
                yield (_grid(shown), gr.DownloadButton(visible=False), *said)
                next_step = time.monotonic() + STEP
        yield (_grid(shown), gr.DownloadButton(value=str(zip_of(images)), visible=True), *said)


def on_preview(
    studio: Studio, controls: Sequence[Control], prompt: str, count: int, seed: str, *values: bool | float
) -> tuple[str, str]:
    """The first few images of the grid that Generate would draw, and what was understood; nothing is kept."""
    if not prompt.strip():
        return "", ""
    with plain_words():
        try:
            understood = markup.chips(studio.understand(prompt))
            request = to_request(controls, prompt, min(count, PREVIEWS), seed, *values)
            return markup.previews("Preview, not kept", studio.preview(request)), understood
        except StudioError as error:  # in the page rather than as a message that pops up at every key
            return "", markup.notice(str(error), kind="problem")


def on_surprise(prompts: Prompts) -> str:
    """A random prompt that the model can draw."""
    rng = random.Random(secrets.randbits(64))
    return caption(sample_core(rng, {}), rng, prompts)


def on_drop(studio: Studio, controls: Sequence[Control], path: str) -> list[object]:
    """Puts the settings of a picture made here back on the page, its seed locked, and says whether they still hold."""
    try:
        with plain_words():
            recipe, verdict = studio.recipe(Path(path))
    except gr.Error as error:  # said, not raised: the box has to be emptied, or it takes no further picture
        gr.Warning(error.message)
        return [*[gr.skip()] * (REQUEST + 2 * len(controls)), gr.skip(), "", None]
    return [*from_request(controls, recipe.request), True, markup.verdict(verdict), None]


def on_open(studio: Studio, *, show_example: bool) -> tuple[str, Any]:
    """Waits for the model; then an example, where no sample pictures came with the installation."""
    with plain_words():
        try:
            studio.warm()
            if not show_example:
                return "", gr.skip()
            request = GenerationRequest(prompt=studio.prompts.examples[0], count=PREVIEWS, seed=1)
            return "", markup.previews(f"For example: {request.prompt}", studio.preview(request))
        except StudioError as error:
            return markup.notice(str(error), kind="problem"), gr.skip()


def _grid(shown: list[tuple[str, str]]) -> gr.Gallery:
    return gr.Gallery(shown, label=CONCEPTS, visible=True, selected_index=None)


def _fingerprint(request: GenerationRequest) -> str:
    return hashlib.sha256(repr(request).encode()).hexdigest()


def _controls(studio: Studio) -> tuple[Control, ...]:
    try:
        return studio.capabilities.controls
    except StudioError:  # no model: the page opens all the same, and `on_open` says what is wrong
        return ()


def _samples() -> list[tuple[str, str]]:
    """Pictures that come with the installation; a name such as 01-red-mug.png is captioned "red mug"."""
    paths = sorted(path for path in (packaged("assets") / "samples").glob("*") if path.suffix in (".png", ".webp"))
    return [(str(path), path.stem.lstrip("0123456789-").replace("-", " ")) for path in paths]
