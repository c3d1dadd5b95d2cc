"""The form of the Adverts tab: its widgets, and the request that they show."""
# Gradio is typed in part.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportPrivateImportUsage=false

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import gradio as gr

from studio.campaign.advert import Words
from studio.campaign.channels import Channel, load_channels
from studio.campaign.copywriting import LANGUAGES, load_copy
from studio.campaign.layouts import Layout, load_layouts
from studio.ui import adverts_markup as markup
from studio.ui.advert_request import MAX_VARIANTS, OTHERS, PANES, AdvertRequest
from studio.ui.brand_kit_form import NO_KIT, brand_kit_form
from studio.ui.controls import read_seed

if TYPE_CHECKING:
    from gradio.components import Component

    from studio.service import Studio

SOURCES = {"Described in words": "words", "In pictures": "pictures", "A table of products": "table"}

#: Headlines may be several, one a line, which make adverts of their own.
PARTS = ("headline", "subline", "price", "cta", "disclaimer")

#: Groups of channels, as marketers think of them.
GROUPS = ("Feeds and posts", "Stories and reels", "Banners and logos", "Shop listings")
#: Ads that are this much higher than wide are stories.
_STORY = 1.6


@dataclass(frozen=True, kw_only=True)
class Pane:
    """The words in one language, and what is said of them."""

    words: Sequence[gr.Textbox]
    flags: gr.HTML


@dataclass(frozen=True, kw_only=True)
class Form:
    """The widgets; `inputs` are those that make a request, in the order of `to_request`."""

    source: gr.Radio
    by_words: gr.Column
    by_pictures: gr.Column
    by_table: gr.Column
    own_words: gr.Column
    name: gr.Textbox
    description: gr.Textbox
    upload: gr.File
    pictures: gr.State
    products: gr.HTML
    clear: gr.Button
    table_files: gr.File
    table: gr.State
    table_said: gr.HTML
    languages: gr.CheckboxGroup
    tones: gr.Dropdown
    audience: gr.Dropdown
    write: gr.Button
    panes: Sequence[Pane]
    usual: gr.Button
    channels: Sequence[gr.CheckboxGroup]
    inputs: Sequence[Component]


def group_of(channel: Channel) -> str:
    """Where people look for a channel."""
    if channel.kind == "listing":
        return GROUPS[3]
    if channel.kind in ("banner", "logo"):
        return GROUPS[2]
    return GROUPS[1] if channel.height >= _STORY * channel.width else GROUPS[0]


def grouped(channels: Mapping[str, Channel]) -> dict[str, list[Channel]]:
    """All channels by their groups."""
    return {group: [each for each in channels.values() if group_of(each) == group] for group in GROUPS}


def chosen_layouts(layouts: Mapping[str, Layout]) -> list[Layout]:
    """Those that people choose among; the rest come with channels that take no words."""
    return [layout for layout in layouts.values() if layout.words is not None]


def advert_form(studio: Studio) -> Form:
    """Lays the form out, from top to bottom: the product, what it says, where it goes, how it looks."""
    folder = studio.settings.prompts_dir
    copy, channels, layouts = load_copy(folder), load_channels(folder), load_layouts(folder)

    # 1. The product.
    gr.HTML("<h2>1. The product</h2>")
    source = gr.Radio(
        list(SOURCES.items()), value="words", show_label=False, elem_id="adverts-source", elem_classes="pills"
    )
    with gr.Column() as by_words:
        description = gr.Textbox(
            label="Describe it",
            placeholder="A glossy red ceramic mug",
            lines=2,
            max_lines=4,
            max_length=1000,
            elem_id="adverts-description",
        )
        scenes = gr.Dropdown(
            [(term.word, term.phrase) for term in studio.prompts.vocabulary.get("scene", {}).values()],
            value=[],
            multiselect=True,
            allow_custom_value=True,
            label="Scenes (each makes adverts of its own)",
            elem_id="adverts-scenes",
        )
        with gr.Row():
            variants = gr.Slider(1, MAX_VARIANTS, value=1, step=1, label="Drawings", buttons=[])
            seed = gr.Textbox("1", label="Seed", max_lines=1, elem_id="adverts-seed", min_width=90)
    with gr.Column(visible=False) as by_pictures:
        upload = gr.File(
            label="Photos of the product",
            file_types=["image"],
            file_count="multiple",
            height=96,
            elem_id="adverts-upload",
            elem_classes="photo-drop",
        )
        products = gr.HTML()
        with gr.Row(elem_classes="next-steps"):
            clear = gr.Button("Other pictures", size="sm", visible=False)
        gr.HTML(
            '<p class="faint small">A picture keeps its own scene. Give it others in Restyle, and send what comes out'
            " here.</p>"
        )
    with gr.Column(visible=False) as by_table:
        table_files = gr.File(
            label="A CSV, and the pictures that it names",
            file_types=[".csv", "image"],
            file_count="multiple",
            height=96,
            elem_id="adverts-table",
            elem_classes="photo-drop table-drop",
        )
        gr.HTML(
            '<p class="faint small">Columns: sku, name, description, image, headline, subline, cta, price. All but sku'
            " and one of description and image may be missing; words that are missing are written.</p>"
        )
        table_said = gr.HTML()

    # 2. What it says.
    gr.HTML("<h2>2. What it says</h2>")
    name = gr.Textbox(
        label="The product's name (optional)",
        placeholder="Harbour mug",
        max_lines=1,
        max_length=80,
        elem_id="adverts-name",
    )
    languages = gr.CheckboxGroup(
        [(PANES[language], language) for language in LANGUAGES],
        value=["en"],
        label="Languages",
        elem_id="adverts-languages",
        elem_classes="pills",
    )
    with gr.Row(elem_id="adverts-writing"):
        tones = gr.Dropdown(
            [(title, tone) for tone, title in copy.tones.items()],
            value=[next(iter(copy.tones))],
            multiselect=True,
            label="Tones",
            min_width=150,
            elem_id="adverts-tones",
        )
        audience = gr.Dropdown(
            [(title, audience) for audience, title in copy.audiences.items()],
            value=next(iter(copy.audiences)),
            label="For",
            min_width=150,
            elem_id="adverts-audience",
        )
    with gr.Column() as own_words:
        with gr.Row(elem_classes="next-steps"):
            write = gr.Button("Write it for me", size="sm", elem_id="adverts-write")
        panes: list[Pane] = []
        others: list[gr.Dropdown] = []
        with gr.Tabs(elem_id="adverts-words"):
            for language, title in PANES.items():
                with gr.Tab(title, id=language or "other"):
                    if not language:
                        others.append(gr.Dropdown(list(OTHERS.items()), value="fr", label="Language"))
                    panes.append(_pane(language or "other"))

    # 3. Where.
    gr.HTML("<h2>3. Where it goes</h2>")
    with gr.Row(elem_classes="next-steps"):
        usual = gr.Button("The usual six", size="sm")
    ticked: list[gr.CheckboxGroup] = []
    for number, (group, members) in enumerate(grouped(channels.all).items()):
        with gr.Accordion(group, open=number < 2, elem_classes="advert-group"):
            ticked.append(
                gr.CheckboxGroup(
                    [(f"{each.title} · {each.width} x {each.height}", each.name) for each in members],
                    value=[each.name for each in members if each.name in channels.standard],
                    show_label=False,
                    elem_classes="lines advert-channels",
                )
            )
    concepts = gr.Checkbox(False, label="Allow drawn products in shop listings (they should show the real item)")

    # 4. How it looks.
    gr.HTML("<h2>4. How it looks</h2>")
    kit = brand_kit_form(studio)
    with gr.Accordion("Layouts: by itself the first that suits each channel", open=False):
        several = chosen_layouts(layouts.all)
        layout = gr.CheckboxGroup(
            [(each.title, each.name) for each in several],
            value=[],
            show_label=False,
            elem_id="adverts-layouts",
            elem_classes="lines",
        )
        gr.HTML(markup.layout_icons(several, "#adverts-layouts"))

    pictures, table = gr.State(()), gr.State("")
    inputs: list[Any] = [source, name, description, pictures, table, languages, tones, audience, scenes, variants, seed]
    inputs += [layout, kit, concepts, *ticked, *others, *(part for pane in panes for part in pane.words)]
    return Form(
        source=source,
        by_words=by_words,
        by_pictures=by_pictures,
        by_table=by_table,
        own_words=own_words,
        name=name,
        description=description,
        upload=upload,
        pictures=pictures,
        products=products,
        clear=clear,
        table_files=table_files,
        table=table,
        table_said=table_said,
        languages=languages,
        tones=tones,
        audience=audience,
        write=write,
        panes=panes,
        usual=usual,
        channels=ticked,
        inputs=inputs,
    )


def _pane(name: str) -> Pane:
    headline = gr.Textbox(
        label="Headline (one a line: each makes adverts of its own)",
        lines=2,
        max_lines=6,
        elem_id=f"adverts-{name}-headline",
    )
    flags = gr.HTML()
    subline = gr.Textbox(label="Subline", max_lines=2, elem_id=f"adverts-{name}-subline")
    with gr.Row():
        price = gr.Textbox(label="Price", max_lines=1, min_width=100, elem_id=f"adverts-{name}-price")
        cta = gr.Textbox(label="Call to action", max_lines=1, min_width=140, elem_id=f"adverts-{name}-cta")
    disclaimer = gr.Textbox(label="Small print", max_lines=2, elem_id=f"adverts-{name}-disclaimer")
    return Pane(words=(headline, subline, price, cta, disclaimer), flags=flags)


def to_request(
    source: Any,
    name: str,
    description: str,
    pictures: tuple[str, ...],
    table: str,
    languages: list[Any],
    tones: list[str],
    audience: str,
    scenes: list[str],
    variants: float,
    seed: str,
    layouts: list[str],
    kit: str,
    concepts: bool,
    *rest: Any,
) -> AdvertRequest:
    """The request that the form shows. `rest` are the channels of each group, the other language, and the words of each
    pane. Raises InputError for a seed that is none."""
    groups, (other, *texts) = rest[: len(GROUPS)], rest[len(GROUPS) :]
    return AdvertRequest(
        source=source,
        name=(name or "").strip(),
        description=(description or "").strip() if source == "words" else "",
        pictures=tuple(pictures) if source == "pictures" else (),
        table=table if source == "table" else "",
        words=() if source == "table" else tuple(words for each in words_of(other, texts) for words in each),
        languages=tuple(languages or ("en",)),
        tones=tuple(tones or ("plain",)),
        audience=audience,
        scenes=tuple(scene.strip() for scene in scenes or () if scene.strip()) if source == "words" else (),
        channels=tuple(channel for group in groups for channel in group or ()),
        layouts=tuple(layouts or ()),
        seed=read_seed(seed or "") or 0,
        variants=int(variants) if source == "words" else 1,
        brand="" if kit == NO_KIT else kit,
        concepts_in_listings=bool(concepts),
    )


def words_of(other: str, texts: Sequence[str]) -> list[list[Words]]:
    """What the panes say, for each of them: once for every headline, or once without one where all else is to go with
    what is written. `texts` are those of PARTS, pane after pane."""
    said: list[list[Words]] = []
    for place, language in enumerate(PANES):
        headline, subline, price, cta, disclaimer = (
            text or "" for text in texts[place * len(PARTS) : (place + 1) * len(PARTS)]
        )
        rest = Words(
            language=language or other,
            subline=subline.strip(),
            price=price.strip(),
            cta=cta.strip(),
            disclaimer=disclaimer.strip(),
        )
        lines = [line.strip() for line in headline.splitlines() if line.strip()]
        said.append([replace(rest, headline=line) for line in lines or [""] if line or rest.by_role])
    return said
