"""A picture on the page to paint a mask on, with the buttons that select, grow and soften what is marked.

Why not Gradio's own editor: it decodes what browsers send without a limit, sends the whole picture back at every
stroke, has no rectangle, and a selection made on the server can't be painted on.
"""
# Gradio is typed in part.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportPrivateImportUsage=false

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

import gradio as gr

from studio.backends.base import Hints
from studio.errors import InputError
from studio.imaging import check_mask, decode_mask
from studio.settings import MAX_PICTURE_BYTES
from studio.ui.errors import plain_words
from studio.ui.picture import Picture, decoded, full_mask, mask_of, open_picture, read_mask, select
from studio.ui.queues import ASKS, DRAWS
from studio.untrusted import read_file

if TYPE_CHECKING:
    from gradio.components import Component
    from PIL import Image

    from studio.service import Studio

_SCRIPT = Path(__file__).with_name("easel.js").read_text(encoding="utf-8")

#: One press of Grow, Shrink or Soften, as a share of the shorter side: what a finger sees.
STEP = 0.01

#: Tools by the names of easel.js.
Tool = Literal["brush", "eraser", "rectangle", "include", "exclude"]
_LABELS: dict[Tool, str] = {
    "brush": "Brush",
    "eraser": "Eraser",
    "rectangle": "Rectangle",
    "include": "+ Product",
    "exclude": "− Not product",
}
_HELP: dict[Tool, str] = {
    "brush": "Paint over what is meant",
    "eraser": "Take paint away",
    "rectangle": "Drag a rectangle",
    "include": "Click what belongs to the product",
    "exclude": "Click what does not belong to the product",
}

PERMISSION = "Use pictures that you may use, and of people only with their consent."
NO_PICTURE = InputError("There is no picture yet.", "Choose one, or send one from another tab.")


@dataclass(frozen=True, kw_only=True)
class Look:
    """What an easel's mask means: `marked` and `nothing` say it (`{share}` is how much is marked), `colour` shows it.

    `select`: the product is marked as soon as there is a picture. Without tools the picture is only looked at.
    """

    tools: tuple[Tool, ...] = ()
    colour: str = "#000000"
    marked: str = ""
    nothing: str = ""
    select: bool = False


@dataclass(frozen=True, kw_only=True)
class Easel:
    """The widgets of an easel. `opened` are those that a new picture sets, in the order of `opening`."""

    name: str
    look: Look
    picture: gr.State
    view: gr.HTML
    upload: gr.File
    #: The mask travels in it from the browser, by the script in `with_mask`.
    drawn: gr.Textbox
    hints: gr.Textbox
    #: And back, by `shows_mask`.
    put: gr.Textbox

    @property
    def opened(self) -> list[Component]:
        return [self.picture, self.view, self.upload]

    def opening(self, path: str | Path) -> list[Any]:
        """The values of `opened` for the picture at `path`. Raises InputError where it is none."""
        picture = open_picture(path)
        return [picture, markup(picture, self.look), None]

    @property
    def with_mask(self) -> str:
        """For the browser: what is painted goes in place of the first value."""
        return f"(_, ...others) => [window.easels?.[{json.dumps(self.name)}]?.mask() ?? '', ...others]"

    @property
    def with_hints(self) -> str:
        """For the browser: what was clicked on goes in place of the first value."""
        return f"(_, ...others) => [window.easels?.[{json.dumps(self.name)}]?.hints() ?? '[]', ...others]"

    @property
    def shows_mask(self) -> dict[str, Any]:
        """For the browser: shows the mask that the server made."""
        return {"fn": None, "inputs": self.put, "js": f"(mask) => window.easels[{json.dumps(self.name)}].put(mask)"}


def easel_widgets(name: str, look: Look, label: str) -> Easel:
    """Lays out the box for a picture's file; `view` and the rest are rendered where `place` is called."""
    upload = gr.File(
        label=label,
        file_types=["image"],
        height=96,
        elem_id=f"{name}-upload",
        elem_classes="photo-drop",
    )
    gr.HTML(f'<p class="faint small">{PERMISSION}</p>')
    script = f"const NAME = {json.dumps(name)};\n{_SCRIPT}"
    return Easel(
        name=name,
        look=look,
        picture=gr.State(None),
        view=gr.HTML(EMPTY, js_on_load=script, elem_id=f"{name}-easel", render=False),
        upload=upload,
        drawn=gr.Textbox("", visible="hidden"),
        hints=gr.Textbox("", visible="hidden"),
        put=gr.Textbox("", visible="hidden"),
    )


EMPTY = '<div class="easel empty"><p class="nothing">The picture will be here.</p></div>'


def markup(picture: Picture, look: Look) -> str:
    """The picture with its tools, as easel.js takes it."""
    width, height = picture.shown_size
    tools = "".join(
        f'<button type="button" data-tool="{tool}" aria-pressed="false" title="{_HELP[tool]}">{_LABELS[tool]}</button>'
        for tool in look.tools
    )
    data = base64.b64encode(picture.shown).decode()
    frame = (
        f'<div class="easel-picture" data-key="{picture.key}" style="--shape: {width / height:.5f}">'
        f'<img src="data:image/webp;base64,{data}"'
        ' alt="The picture that is edited" draggable="false">'
    )
    if not look.tools:
        return f'<div class="easel">{frame}</div></div>'
    return (
        f'<div class="easel{" select" if look.select else ""}">'
        '<div class="easel-tools" role="toolbar" aria-label="Tools to mark with">'
        f"{tools}"
        '<label class="easel-size">Size'
        ' <input type="range" min="0.5" max="20" step="0.5" aria-label="Size of the brush"></label>'
        '<button type="button" data-do="undo" disabled>Undo</button>'
        '<button type="button" data-do="clear">Clear</button></div>'
        f'{frame}<canvas width="{width}" height="{height}" tabindex="0" data-colour="{look.colour}"'
        f' data-said="{escape(look.marked)}" data-nothing="{escape(look.nothing)}"'
        ' role="img" aria-label="What is marked in the picture"></canvas>'
        '<ul class="easel-points" aria-hidden="true"></ul><span class="easel-ring" aria-hidden="true"></span>'
        '</div><p class="easel-said" role="status"></p></div>'
    )


def mask_buttons(studio: Studio, easel: Easel, *, background: bool) -> None:
    """Lays out the buttons that change the mask, and connects them. `background`: whether it may be selected too."""
    name = easel.name
    with gr.Row(elem_classes="easel-buttons"):
        product = gr.Button("Select product", size="sm", elem_id=f"{name}-select-product")
        behind = gr.Button("Select background", size="sm", visible=background, elem_id=f"{name}-select-background")
        invert = gr.Button("Invert", size="sm")
        grow = gr.Button("Grow", size="sm")
        shrink = gr.Button("Shrink", size="sm")
        soften = gr.Button("Soften", size="sm")
        own = gr.UploadButton("Use a mask file", file_types=["image"], size="sm", elem_id=f"{name}-mask-file")

    for button, what in ((product, on_select_product), (behind, on_select_background)):
        button.click(
            partial(what, studio),
            [easel.hints, easel.picture],
            easel.put,
            js=easel.with_hints,
            show_progress_on=easel.view,
            trigger_mode="always_last",
            **DRAWS,
        ).success(**easel.shows_mask)
    look: dict[str, Any] = {"js": easel.with_mask, "show_progress": "hidden", **ASKS}
    changes: list[tuple[gr.Button, Callable[[str, Picture | None], str]]] = [
        (invert, on_invert),
        (grow, on_grow),
        (shrink, on_shrink),
        (soften, on_soften),
    ]
    for button, change in changes:
        button.click(change, [easel.drawn, easel.picture], easel.put, **look).success(**easel.shows_mask)
    own.upload(on_mask_file, [own, easel.picture], easel.put, show_progress_on=easel.view, **ASKS).success(
        **easel.shows_mask
    )


def connect_upload(easel: Easel) -> None:
    """Opens what is uploaded; a file that can't be read leaves the box empty for the next one."""
    easel.upload.upload(
        partial(on_upload, easel), easel.upload, easel.opened, show_progress_on=easel.view, **ASKS
    ).failure(None, outputs=easel.upload, js="() => null")


def on_upload(easel: Easel, path: str | None) -> list[Any]:
    """Opens a picture that somebody chose. One that can't be read leaves the one before where it was."""
    with plain_words():
        if not path:
            raise NO_PICTURE
        return easel.opening(path)


def on_select_product(studio: Studio, hints: str, picture: Picture | None) -> str:
    """Marks the product; `hints` says what was clicked on."""
    with plain_words():
        if picture is None:
            raise NO_PICTURE
        return select(picture, studio.product_mask(decoded(picture.path), read_hints(hints, picture)))


def on_select_background(studio: Studio, hints: str, picture: Picture | None) -> str:
    """Marks all but the product."""
    with plain_words():
        if picture is None:
            raise NO_PICTURE
        mask = studio.product_mask(decoded(picture.path), read_hints(hints, picture))
        return select(picture, _inverted(mask))


def on_invert(drawn: str, picture: Picture | None) -> str:
    with plain_words():
        if picture is None:
            raise NO_PICTURE
        return select(picture, _inverted(full_mask(picture, drawn)))


def on_grow(drawn: str, picture: Picture | None) -> str:
    return _changed(drawn, picture, lambda mask, step: _masks().grow(mask, step))


def on_shrink(drawn: str, picture: Picture | None) -> str:
    return _changed(drawn, picture, lambda mask, step: _masks().grow(mask, -step))


def on_soften(drawn: str, picture: Picture | None) -> str:
    return _changed(drawn, picture, lambda mask, step: _masks().feather(mask, step))


def on_mask_file(path: str | None, picture: Picture | None) -> str:
    """Takes a mask from a file, white on black, as large as the picture."""
    with plain_words():
        if picture is None or not path:
            raise NO_PICTURE
        hint = "Choose it again."
        mask = decode_mask(read_file(Path(path), MAX_PICTURE_BYTES, hint=hint, called="This mask"))
        check_mask(mask, picture.size)
        return select(picture, mask)


def read_hints(text: str, picture: Picture) -> Hints:
    """What was clicked on, as easel.js tells it. Raises InputError for anything else."""
    width, height = picture.size
    points: dict[bool, list[tuple[float, float]]] = {True: [], False: []}
    try:
        for point in cast("list[dict[str, Any]]", json.loads(text)):
            x, y = float(point["x"]), float(point["y"])
            if not (0 <= x <= 1 and 0 <= y <= 1):
                continue  # a click that slid off the picture
            points[bool(point["include"])].append((min(x * width, width - 1), min(y * height, height - 1)))
    except (ValueError, TypeError, KeyError) as error:
        raise InputError("The page is out of step with the studio.", "Reload it.") from error
    return Hints(include=tuple(points[True]), exclude=tuple(points[False]))


def _changed(drawn: str, picture: Picture | None, change: Callable[[Image.Image, float], Image.Image]) -> str:
    """The mask on the page after a change by a step, which is in its pixels."""
    with plain_words():
        if picture is None:
            raise NO_PICTURE
        return mask_of(picture, change(read_mask(picture, drawn), STEP * min(picture.shown_size)))


def _inverted(mask: Image.Image) -> Image.Image:
    return _masks().invert(mask)


def _masks() -> Any:
    from studio.editing import masks  # SciPy takes a moment, and the page opens without it

    return masks
