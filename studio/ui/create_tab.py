"""The Create tab: words become product images."""
# Gradio is typed in part.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportPrivateImportUsage=false

from __future__ import annotations

import json
import random
import secrets
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr

from studio.backends import diffusion, scene_reader
from studio.errors import InputError, StudioError
from studio.provenance import read_recipe
from studio.request import PHOTO, GenerationRequest, SavedImage
from studio.settings import packaged
from studio.ui import markup
from studio.ui.api import generate_endpoint
from studio.ui.controls import (
    NEW_SEED,
    control_widgets,
    fitting,
    from_request,
    new_seed,
    own_or,
    request_of,
    resting,
    rows_of,
    scheduler_dropdown,
    schedulers_of,
    to_request,
)
from studio.ui.errors import plain_words
from studio.ui.grid import Grid, Unattended
from studio.ui.library_markup import title
from studio.ui.model_choice import looking_at, looks_later, model_dropdown, offered_at_once
from studio.ui.progress import beginning, connect_progress, progress_widgets
from studio.ui.queues import ASKS, DRAWS, ENGINE, RUNNING
from studio.ui.sending import send_buttons
from studio.ui.served import copy_of, zip_of
from studio.world.captions import caption
from studio.world.scene import ATTRIBUTES, CORE_ATTRIBUTES, sample_core

if TYPE_CHECKING:
    from gradio.components import Component

    from studio.backends.base import Capabilities, Control
    from studio.service import Studio

DICE = str(Path(__file__).with_name("dice.svg"))
COUNTS = (1, 4, 8, 16)
PREVIEWS = 4
EXAMPLES = 5
LATELY = 12
STEP = 0.4  # seconds between two looks at a grid that grows; each costs about as much as an image
CONCEPTS = "Concepts: drawn by AI, not photos of a real item"

#: For the browser: several buttons end in one event, so that it never runs twice at once in a page.
PRESS_GENERATE = "() => document.querySelector('#generate').click()"
PRESS_PREVIEW = "() => document.querySelector('#preview-now').click()"


@dataclass(frozen=True, kw_only=True)
class CreateTab:
    """What other tabs set: the widgets of a request, in the order of `from_request`, and the lock of the seed.

    And what they take: the file of the picture that is looked at is in `picked`, `sends` are the buttons that send it.
    """

    controls: Sequence[Control]
    request: Sequence[Component]
    lock: Component
    picked: gr.State
    sends: Mapping[str, gr.Button]


def create_tab(page: gr.Blocks, studio: Studio) -> CreateTab:
    """Lays the tab out inside `page`, which is being built, and connects it to `studio`."""
    controls = _controls(studio)
    offers, offered = studio.offers, offered_at_once(studio)
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
            with gr.Row(visible=_reads_freely(offered), elem_id="look-row") as look_row:
                look = gr.Dropdown(list(studio.prompts.looks), label="Look", elem_id="look", scale=2)
                expand = gr.Button("Expand", size="sm", elem_id="expand")
            negative = gr.Textbox(
                "", label="Not to be seen", max_lines=3, visible=offered.negative_prompt, elem_id="negative"
            )
            with gr.Row(visible=False, elem_id="near-row") as near_row:
                near = gr.Textbox(
                    "", label="Close to the picture with seed", interactive=False, max_lines=1, elem_id="near", scale=2
                )
                let_go = gr.Button("Let go", size="sm", elem_id="let-go")
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
            progress = progress_widgets("create")
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
            with gr.Row(elem_id="afterwards"):
                more = gr.Button("More like the one chosen", visible=False, size="sm", elem_id="more")
                download = gr.DownloadButton("Download all (ZIP)", visible=False, size="sm", elem_id="download")
                with gr.Row(visible=False, elem_id="create-send") as send_row:
                    sends = {} if studio.settings.open_to_all else send_buttons("create")
        with gr.Column(elem_id="settings"):
            with gr.Accordion("Model", open=False, visible=len(offers) > 1):
                model = model_dropdown(offers, "Drawn by", "model")
                about = gr.HTML(markup.offer(offers[0], offered if offered.sizes else None))
            with gr.Accordion(
                "Camera and light", open=False, visible=_any_of(scene_reader.CONTROLS, offered)
            ) as camera:
                camera_values = control_widgets([each for each in controls if each not in diffusion.CONTROLS])
            with gr.Accordion("Steps and size", open=False, visible=_any_of(diffusion.CONTROLS, offered)) as drawing:
                size = gr.Dropdown(
                    [("The model's own", "")], value="", label="Size in pixels", allow_custom_value=True, elem_id="size"
                )
                drawing_values = control_widgets([each for each in controls if each in diffusion.CONTROLS])
                scheduler = scheduler_dropdown("scheduler")
            control_values = [*camera_values, *drawing_values]
            with gr.Accordion("Seed", open=False):
                gr.Markdown("The same words and seed give the same pictures.")
                with gr.Row(elem_id="seed-row"):
                    seed = gr.Textbox("", label="Seed", max_lines=1, elem_id="seed")
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
        newest, chosen, picked = gr.State(Grid()), gr.State(0), gr.State("")

    # 2. Events. `request` are the widgets that make a request, in the order of `to_request` and `from_request`.
    request = [prompt, count, seed, near, model, size, scheduler, negative, *control_values]
    autos, sliders = control_values[::2], control_values[1::2]
    follows: dict[str, Any] = {
        "inputs": [model, size, scheduler, *autos],
        "outputs": [status, about, look_row, negative, camera, drawing, size, scheduler, *rows_of(sliders), *sliders],
        "show_progress": "hidden",
        **DRAWS,
    }
    model.change(partial(on_model, studio, controls), **follows).success(None, js=PRESS_PREVIEW)
    expand.click(
        partial(on_expand, studio), [look, prompt, negative], [prompt, negative], show_progress="hidden", **ASKS
    ).success(None, js=PRESS_PREVIEW)
    page.load(None, outputs=seed, js=NEW_SEED)
    page.load(
        partial(on_open, studio, show_example=not samples),
        outputs=[status, previews],
        show_progress="hidden",
        **DRAWS,
    )
    if not studio.settings.open_to_all:
        page.load(partial(on_load, studio), outputs=gallery, show_progress="hidden", **ASKS)
    if looks_later(studio):  # what it offers isn't known at once
        page.load(partial(on_model, studio, controls), **follows)
    dice.click(None, outputs=seed, js=NEW_SEED)
    preview_now.click(  # by page.js, a moment after the last key or slider movement
        partial(on_preview, studio, controls),
        inputs=[newest, *request],
        outputs=[previews, understood],
        show_progress="hidden",
        trigger_mode="always_last",
        **DRAWS,
    )
    # What was asked for is fixed and said at once. Then it is drawn, which touches nothing but the pictures: whatever
    # is typed meanwhile stays. A newer request stops the one before, and `always_last` waits until it has stopped.
    generate.click(
        partial(on_ask, studio, controls),
        inputs=[newest, lock, *request],
        outputs=[newest, seed, previews, understood, gallery, download, more, progress.begun, send_row],
        show_progress_on=gallery,
        trigger_mode="always_last",
        **ASKS,
    ).success(
        partial(on_draw, studio, Unattended(RUNNING)),
        inputs=newest,
        outputs=[gallery, download],
        show_progress_on=gallery,
        trigger_mode="always_last",
        **DRAWS,
    )
    connect_progress(progress, newest)
    gallery.select(on_choose, newest, [chosen, more, picked, send_row], show_progress="hidden", **ASKS)
    more.click(
        partial(on_more, controls), [newest, chosen], [*request, lock, more], show_progress="hidden", **ASKS
    ).success(None, js=PRESS_GENERATE)
    near.change(on_near, near, near_row, show_progress="hidden", **ASKS)
    let_go.click(None, outputs=near, js="() => ''").then(None, js=PRESS_PREVIEW)
    for text, example in examples.items():
        example.click(None, outputs=[prompt, near], js=f"() => [{json.dumps(text)}, '']").then(None, js=PRESS_GENERATE)
    surprise.click(partial(on_surprise, studio), model, [prompt, near], show_progress="hidden", **ASKS).success(
        None, js=PRESS_GENERATE
    )
    restored = dropped.upload(
        partial(on_drop, studio, controls),
        inputs=dropped,
        outputs=[*request, lock, verdict, dropped],
        show_progress_on=verdict,
        **DRAWS,
    )
    restored.success(None, js=PRESS_PREVIEW)
    restored.failure(None, outputs=[verdict, dropped], js="() => ['', null]")  # a full box takes no further picture
    gr.api(generate_endpoint(page, studio), api_name="generate", **ENGINE)
    return CreateTab(controls=controls, request=request, lock=lock, picked=picked, sends=sends)


def on_ask(
    studio: Studio,
    controls: Sequence[Control],
    last: Grid,
    lock: bool,
    prompt: str,
    count: int,
    seed: str,
    near: str,
    *values: Any,
) -> tuple[object, ...]:
    """Fixes what is to be drawn, and stops the grid before it.

    It is drawn with the seed of the box, which the previews had too. Asked for what was just drawn it takes a new seed,
    unless the seed is locked; asked for what is being drawn it changes nothing.
    """
    with plain_words():
        request = to_request(controls, prompt, count, seed, near, *values)
        understood = markup.chips(studio.understand(prompt, request.backend))
        offered = studio.engine.capabilities(request.backend)
        request = fitting(request, offered)
        again = request == last.request
        if again and last.state == "drawing":
            return gr.skip(), gr.skip(), "", understood, gr.skip(), gr.skip(), gr.skip(), gr.skip(), gr.skip()
        if request.seed is None or (again and last.state == "drawn" and not lock):
            request = replace(request, seed=new_seed())
        last.superseded = True
        hidden = gr.DownloadButton(visible=False)
        gallery, more, send = gr.Gallery(selected_index=None), gr.Button(visible=False), gr.Row(visible=False)
        grid = Grid(request, near=offered.near, slow=not offered.quick)
        return grid, str(request.seed), "", understood, gallery, hidden, more, beginning(grid), send


def on_draw(studio: Studio, unattended: Unattended, grid: Grid) -> Iterator[tuple[object, ...]]:
    """Draws the grid, image by image, and keeps it; where the page is closed meanwhile, `unattended` has the rest."""
    with plain_words(), grid.turn() as is_first:
        if grid.request is None:
            raise InputError("Nothing was asked for.", "Press Generate.")
        if not is_first:
            yield gr.skip(), gr.skip()
            return
        drawing, count = grid.draw(studio), grid.request.count
        images: list[SavedImage] = []
        shown: list[tuple[str, str]] = []
        next_step = 0.0
        try:
            for image in drawing:
                images.append(image)
                shown.append((str(copy_of(image, image.path)), f"Seed {image.seed}"))
                if time.monotonic() >= next_step and len(shown) < count:
                    # Every step says everything, since the browser may skip one that the next one overtakes.
                    yield _gallery(shown, CONCEPTS, count), gr.DownloadButton(visible=False)
                    next_step = time.monotonic() + STEP
            if grid.superseded or not shown:
                yield gr.skip(), gr.skip()
            else:
                yield _gallery(shown, CONCEPTS, count), gr.DownloadButton(value=str(zip_of(images)), visible=True)
        except GeneratorExit:  # Gradio closes the events of a page that was closed
            unattended.finish(drawing)
            raise


def on_preview(
    studio: Studio,
    controls: Sequence[Control],
    last: Grid,
    prompt: str,
    count: int,
    seed: str,
    near: str,
    *values: Any,
) -> tuple[Any, Any]:
    """The first few images of the grid that Generate would draw, and what was understood; nothing is kept.

    No images of the grid that was asked for last, which is on the page in full, nor of a model that takes its time.
    """
    if not prompt.strip():
        return "", ""
    with plain_words():
        try:
            request = to_request(controls, prompt, count, seed, near, *values)
            understood = markup.chips(studio.understand(prompt, request.backend))
            offered = studio.engine.capabilities(request.backend)
            request = fitting(request, offered)
            if not offered.quick or (request == last.request and last.state != "failed"):
                said = "", understood
            else:
                few = replace(request, count=min(count, PREVIEWS))
                said = markup.previews("Preview, not kept", studio.preview(few)), understood
        except StudioError as error:  # in the page rather than as a message that pops up at every key
            said = "", markup.notice(str(error), kind="problem")
    return (gr.skip(), gr.skip()) if last.superseded else said  # Generate was pressed before this was ready


def on_model(
    studio: Studio, controls: Sequence[Control], name: str, size: str, scheduler: str, *autos: bool
) -> Iterator[tuple[Any, ...]]:
    """Shows what a model offers, and nothing else. A model of the hub is downloaded first, where it isn't here yet.

    What is set by hand stays; a slider on "Auto" moves to where the model has it.
    """
    looks, nothing = looking_at(studio, name), [gr.skip()] * (6 + 2 * len(controls))
    for status, about, offered in looks:
        said = status, gr.skip() if about is None else about
        yield *said, *(nothing if offered is None else _fitted(controls, offered, size, scheduler, autos))


def _fitted(
    controls: Sequence[Control], offered: Capabilities, size: str, scheduler: str, autos: Sequence[bool]
) -> list[Any]:
    """What `on_model` shows of a model, from `look_row` on."""
    known = {control.name: control for control in offered.controls}
    rows = [gr.Row(visible=control.name in known) for control in controls]
    sliders = [
        gr.Slider(value=resting(known[control.name])) if auto and control.name in known else gr.skip()
        for control, auto in zip(controls, autos, strict=True)
    ]
    return [
        gr.Row(visible=_reads_freely(offered)),
        gr.Textbox(visible=offered.negative_prompt),
        gr.Accordion(visible=_any_of(scene_reader.CONTROLS, offered)),
        gr.Accordion(visible=_any_of(diffusion.CONTROLS, offered)),
        own_or([str(side) for side in offered.sizes], size, visible=len(offered.sizes) > 1),
        schedulers_of(offered, scheduler),
        *rows,
        *sliders,
    ]


def on_expand(studio: Studio, look: str, prompt: str, negative: str) -> tuple[str, str]:
    """The prompt as a look has it, in English where the studio knows the words; what is not to be seen stays where
    somebody wrote it."""
    with plain_words():
        if not prompt.strip():
            raise InputError("There is nothing to expand.", "Say what the product is.")
        if look not in studio.prompts.looks:
            raise InputError("No look is chosen.", "Choose one.")
        chosen = studio.prompts.looks[look]
        return chosen.expand(studio.prompts.canonical(prompt)), negative or chosen.negative


def on_choose(grid: Grid, chosen: gr.SelectData) -> tuple[int, Any, str, Any]:
    """The place in its grid of the picture that is looked at, and its file; of earlier pictures there is no grid here.

    Gradio has seen to it that the file is one that it served itself.
    """
    more = gr.Button(visible=grid.request is not None and grid.near)
    return int(chosen.index), more, str(chosen.value["image"]["path"]), gr.Row(visible=True)


def on_more(controls: Sequence[Control], grid: Grid, chosen: int) -> list[object]:
    """Asks for pictures that are a small step away from one in the grid."""
    with plain_words():
        request = grid.request
        if request is None or request.seed is None or not 0 <= chosen < request.count:
            raise InputError("No picture is chosen.", "Generate some, and choose one.")
        like = replace(
            request, near=(*request.near, request.seed + chosen), seed=new_seed(), count=max(request.count, 4)
        )
        return [*from_request(controls, like), False, gr.Button(visible=False)]


def on_near(near: str) -> Any:
    """Says that pictures stay near another one, while they do."""
    return gr.Row(visible=bool(near))


def on_surprise(studio: Studio, model: str) -> tuple[str, str]:
    """A random prompt that the model can draw, near no other picture."""
    rng = random.Random(secrets.randbits(64))
    with plain_words():
        offered = studio.engine.capabilities(model or None).attributes or ATTRIBUTES
    if any(not set(offered.get(group, ("",))) <= set(ATTRIBUTES[group]) for group in CORE_ATTRIBUTES):
        return " ".join(rng.choice(classes) for classes in offered.values()), ""  # a shop's model has words of its own
    return caption(sample_core(rng, {}, offered), rng, studio.prompts), ""


def on_drop(studio: Studio, controls: Sequence[Control], path: str) -> list[object]:
    """Puts the settings of a picture made here back on the page, its seed locked, and says whether they still hold."""
    with plain_words():
        data = Path(path).read_bytes()
        recipe = read_recipe(data)
        request = request_of(recipe, studio.offers)
        _, verdict = studio.recipe(data, request.backend)
        said = markup.verdict(verdict, studio.signature(data))
    settings = from_request(controls, request)
    if recipe.kind != GenerationRequest.kind:  # an edit: its settings are none of this tab
        return [*[gr.skip()] * len(settings), gr.skip(), said, None]
    return [*settings, True, said, None]


def on_load(studio: Studio) -> Any:
    """What was made here last, newest first, with its words; the samples stay where nothing was."""
    with plain_words():
        made = [
            (str(copy_of(record, path)), title(record))
            for record, path in studio.recent(LATELY)
            if record.kind != PHOTO
        ]
        return _gallery(made, "Made here lately", len(made)) if made else gr.skip()


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


def _gallery(shown: list[tuple[str, str]], label: str, count: int) -> gr.Gallery:
    """`count` is how many there will be, which decides on their size."""
    size = "one" if count == 1 else "few" if count <= 4 else "many"
    return gr.Gallery(shown, label=label, visible=True, elem_classes=size)


def _controls(studio: Studio) -> tuple[Control, ...]:
    """Those of any model that can be chosen: first camera and light, then how diffusion draws."""
    own = offered_at_once(studio).controls
    camera = {control.name: control for control in (*scene_reader.CONTROLS, *own)}
    return (
        *(control for name, control in camera.items() if name not in _names(diffusion.CONTROLS)),
        *diffusion.CONTROLS,
    )


def _names(controls: Sequence[Control]) -> set[str]:
    return {control.name for control in controls}


def _any_of(controls: Sequence[Control], offered: Capabilities) -> bool:
    return bool(_names(controls) & _names(offered.controls))


def _reads_freely(offered: Capabilities) -> bool:
    """Whether the model reads any description, rather than knows a list of things."""
    return bool(offered.sizes) and not offered.attributes and not offered.quick


def _samples() -> list[tuple[str, str]]:
    """Pictures that come with the installation; a name such as 01-red-mug.png is captioned "red mug"."""
    paths = sorted(path for path in (packaged("assets") / "samples").glob("*") if path.suffix in (".png", ".webp"))
    return [(str(path), path.stem.lstrip("0123456789-").replace("-", " ")) for path in paths]
