"""Brand kits on the page: made, kept, chosen by their names."""
# Gradio is typed in part.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportPrivateImportUsage=false

from __future__ import annotations

import re
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr

from studio.campaign.brand_kit import BrandKit, BrandKits, brand_kit
from studio.campaign.colours import hex_of
from studio.errors import InputError
from studio.ui.errors import plain_words
from studio.ui.markup import data_url, notice
from studio.ui.queues import ASKS

if TYPE_CHECKING:
    from studio.service import Studio

NO_KIT = "No brand kit"
#: Typefaces as people call them, and what they are to a kit.
FACES = {"As the layout has it": None, "Without serifs": "sans", "With serifs": "serif"}
_LOGO_SIDE = 160  # pixels on the page
_RGB = re.compile(r"rgba?\(\s*([\d.]+)[,\s]+([\d.]+)[,\s]+([\d.]+).*\)")

SURE = "() => confirm('Delete this brand kit for good?')"
PRESS_LOOK = "() => document.querySelector('#adverts-look').click()"


def brand_kit_form(studio: Studio) -> gr.Dropdown:
    """Lays the form out; returns where a kit is chosen."""
    kits = BrandKits(studio.settings.data_dir)
    kit = gr.Dropdown([NO_KIT, *kits.names()], value=NO_KIT, label="Brand kit", elem_id="adverts-kit")
    with gr.Accordion("Make or change a kit", open=False, elem_id="adverts-kit-form"):
        name = gr.Textbox(label="Brand", placeholder="Tide & Clay", max_lines=1, elem_id="adverts-kit-name")
        with gr.Row():
            colour = gr.ColorPicker(label="Colour of grounds", elem_id="adverts-kit-colour", min_width=120)
            accent = gr.ColorPicker(label="Colour of buttons", elem_id="adverts-kit-accent", min_width=120)
        own_colours = gr.Checkbox(False, label="Use these colours, not the product's")
        logo = gr.File(
            label="Logo (PNG, best with transparency)",
            file_types=["image"],
            height=96,
            elem_id="adverts-kit-logo",
            elem_classes="photo-drop",
        )
        seen = gr.HTML()
        no_logo = gr.Checkbox(False, label="Without a logo")
        face = gr.Radio(list(FACES), value=next(iter(FACES)), label="Typeface", elem_classes="pills")
        font = gr.File(
            label="Own font (TTF or OTF)",
            file_types=[".ttf", ".otf"],
            height=96,
            elem_id="adverts-kit-font",
            elem_classes="photo-drop font-drop",
        )
        never = gr.Textbox(
            label="Words that the brand never uses", placeholder="cheap, bargain", lines=1, elem_id="adverts-kit-never"
        )
        said = gr.HTML()
        with gr.Row(elem_classes="next-steps"):
            keep = gr.Button("Keep kit", size="sm", elem_id="adverts-kit-keep")
            delete = gr.Button("Delete kit", size="sm")
    sure = gr.Checkbox(visible="hidden")

    quiet: dict[str, Any] = {"show_progress": "hidden", **ASKS}
    form = [name, colour, accent, own_colours, logo, no_logo, face, font, never]
    shown = [*form, seen, said]
    kit.input(partial(on_kit, kits), kit, shown, **quiet).success(None, js=PRESS_LOOK)
    keep.click(partial(on_keep_kit, kits), form, [kit, said, seen, logo, font], **quiet).success(None, js=PRESS_LOOK)
    delete.click(partial(on_delete_kit, kits), [sure, kit], [kit, said], js=f"(_, kit) => [({SURE})(), kit]", **quiet)
    return kit


def on_kit(kits: BrandKits, name: str) -> list[Any]:
    """Puts the kit of this name into the form."""
    with plain_words():
        if name == NO_KIT:
            return ["", None, None, False, None, False, next(iter(FACES)), None, "", "", ""]
        kit = kits.load(name)
        words = kit.words
        face = next(label for label, style in FACES.items() if style == words.style)
        coloured = words.colour is not None or words.accent is not None
        form = [words.name, words.colour, words.accent, coloured, None, False, face, None, ", ".join(words.never)]
        font = notice(f"It has a font of its own ({kit.font.suffix[1:].upper()}).") if kit.font else ""
        return [*form, _logo(kit), font]


def on_keep_kit(
    kits: BrandKits,
    name: str,
    colour: str | None,
    accent: str | None,
    own_colours: bool,
    logo: str | None,
    no_logo: bool,
    face: str,
    font: str | None,
    never: str,
) -> list[Any]:
    """Keeps the form's kit, instead of the one that had its name: logo and font stay unless others are given."""
    with plain_words():
        kit = brand_kit(
            name=(name or "").strip(),
            colour=read_colour(colour) if own_colours else None,
            accent=read_colour(accent) if own_colours else None,
            style=FACES.get(face),  # pyright: ignore[reportArgumentType]
            never=[word.strip() for word in (never or "").replace("\n", ",").split(",")],
            logo=Path(logo) if logo and not no_logo else None,
            font=Path(font) if font else None,
        )
        before = kits.load(kit.name) if kit.name in kits.names() else None
        if before is not None:
            kept_logo = None if no_logo else kit.logo or before.logo
            kit = replace(kit, logo=kept_logo, font=kit.font or before.font)
        kits.save(kit)
        chosen = gr.Dropdown([NO_KIT, *kits.names()], value=kit.name)
        return [chosen, notice(f"“{kit.name}” is kept, and chosen."), _logo(kit), None, None]


def on_delete_kit(kits: BrandKits, sure: bool, name: str) -> tuple[Any, Any]:
    """Deletes the kit that is chosen, where the user is sure."""
    with plain_words():
        if sure is not True:
            return gr.skip(), gr.skip()
        if name == NO_KIT:
            raise InputError("No brand kit is chosen.", "Choose one first.")
        kits.delete(name)
        return gr.Dropdown([NO_KIT, *kits.names()], value=NO_KIT), notice(f"“{name}” is deleted.")


def read_colour(text: str | None) -> str | None:
    """A colour as the page's picker gives it, as #RRGGBB. Raises nothing: what is no colour is found out later."""
    if not text:
        return None
    found = _RGB.fullmatch(text.strip())
    if not found:
        return text
    red, green, blue = (min(255, round(float(value))) for value in found.groups())
    return hex_of((red, green, blue))


def _logo(kit: BrandKit) -> str:
    if kit.logo is None:
        return ""
    small = kit.logo.copy()
    small.thumbnail((_LOGO_SIDE, _LOGO_SIDE))
    from PIL import Image

    ground = Image.new("RGB", small.size, "white")
    ground.paste(small, (0, 0), small)
    return f'<p class="advert-logo"><img src="{data_url(ground)}" alt="The brand\'s logo"></p>'
