"""Composes the page: its looks, its header, its tabs."""
# Gradio is typed in part.
# pyright: reportUnknownMemberType=false, reportPrivateImportUsage=false

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import gradio as gr

from studio.errors import InputError
from studio.ui import markup
from studio.ui.advert_endpoint import campaign_endpoint
from studio.ui.adverts_tab import adverts_tab
from studio.ui.api import editing_endpoints
from studio.ui.create_tab import create_tab
from studio.ui.enhance_tab import enhance_tab
from studio.ui.inpaint_tab import inpaint_tab
from studio.ui.library_tab import OPENED, library_tab
from studio.ui.privacy_tab import privacy_tab
from studio.ui.queues import ENGINE
from studio.ui.restyle_tab import restyle_tab
from studio.ui.results import Result, chosen_of
from studio.ui.sending import connect_sends

if TYPE_CHECKING:
    from studio.service import Studio

_FOLDER = Path(__file__).parent
STYLE = _FOLDER / "page.css"
SCRIPT = _FOLDER / "page.js"

#: Seconds: how often the copies that Gradio served are looked through, and how old they get. The library keeps all.
_DELETE_CACHE = (3600, 24 * 3600)

#: Open pages whose state is kept, 600 kB each: with Gradio's 10,000 anybody could fill 6 GB with made-up sessions.
#: What is lost with the oldest page's state is only what it drew last.
_SESSIONS = 64

#: After every event Gradio would sum up the last 10,000 in a data frame, which costs more than a small picture. Nobody
#: reads those sums here, and this is the only way to be rid of them: once in so many events.
_NO_SUMS = {"GRADIO_ANALYTICS_CACHE_FREQUENCY": str(10**9)}


def build_page(studio: Studio) -> gr.Blocks:
    """The page over `studio`. Builds without loading the model."""
    os.environ.update(_NO_SUMS)
    with gr.Blocks(
        title="Product image studio", analytics_enabled=False, delete_cache=_DELETE_CACHE, fill_width=True
    ) as page:
        gr.HTML(markup.HEADER, elem_id="header")
        if studio.settings.open_to_all:
            create_tab(page, studio)
        else:
            with gr.Tabs(elem_id="tabs") as tabs:
                with gr.Tab("Create", id="create"):
                    create = create_tab(page, studio)
                with gr.Tab("Inpaint", id="inpaint"):
                    inpaint = inpaint_tab(page, studio)
                with gr.Tab("Restyle", id="restyle"):
                    restyle = restyle_tab(page, studio)
                with gr.Tab("Enhance", id="enhance"):
                    enhance = enhance_tab(studio)
                with gr.Tab("Adverts", id="adverts") as of_adverts:
                    adverts = adverts_tab(studio, of_adverts)
                with gr.Tab("Library", id="library") as of_library:
                    library = library_tab(studio, create, tabs, of_library)
                with gr.Tab("Privacy", id="privacy"):
                    privacy_tab(studio, adverts.runs)
            editing = {"inpaint": inpaint, "restyle": restyle, "enhance": enhance}
            destinations = {**{name: tab.easel for name, tab in editing.items()}, "adverts": adverts}
            connect_sends(create.sends, picked, [create.picked], destinations, tabs)
            connect_sends(library.sends, partial(kept, studio), [library.opened], destinations, tabs, js=OPENED)
            for tab in editing.values():
                connect_sends(tab.results.sends, result, [tab.results.made, tab.results.chosen], destinations, tabs)
            editing_endpoints(page, studio)
            gr.api(campaign_endpoint(page, adverts.runs), api_name="campaign", **ENGINE)
    page.state_session_capacity = _SESSIONS
    return page.queue(max_size=studio.settings.queue_size, api_open=False)


def picked(path: str) -> str:
    """The file of the picture that is looked at in the Create tab. Raises InputError where there is none."""
    if not path:
        raise InputError("No picture is chosen.", "Choose one first.")
    return path


def kept(studio: Studio, sha256: str) -> Path:
    """The file of an image of the library. Raises InputError where it is gone."""
    path = studio.file(sha256)
    if path is None:
        raise InputError("This image is not in the library any more.", "Search again.")
    return path


def result(made: tuple[Result, ...], chosen: int) -> Path:
    """The file of the result that is looked at. Raises InputError where there is none."""
    return chosen_of(made, chosen).path


def theme() -> gr.themes.Base:
    """Paper, ink and one green; system fonts only, since the page has to open on a machine without a network."""
    fonts = ("system-ui", "-apple-system", "Segoe UI", "Roboto", "Helvetica Neue", "Noto Sans", "sans-serif")
    return gr.themes.Base(
        primary_hue="emerald",
        secondary_hue="emerald",
        neutral_hue="stone",
        radius_size="lg",
        font=fonts,
        font_mono=("ui-monospace", "Consolas", "monospace"),
    ).set(
        body_background_fill="#faf9f7",
        body_background_fill_dark="#171614",
        body_text_color="#1f1d1a",
        body_text_color_dark="#f0eeea",
        body_text_color_subdued="#625d55",
        body_text_color_subdued_dark="#b3ada3",
        block_background_fill="transparent",
        block_background_fill_dark="transparent",
        block_border_width="0px",
        block_shadow="none",
        block_label_background_fill="transparent",
        block_label_background_fill_dark="transparent",
        block_label_border_width="0px",
        block_label_border_width_dark="0px",
        block_label_text_color="*body_text_color_subdued",
        block_label_text_color_dark="*body_text_color_subdued",
        block_title_text_color="*body_text_color",
        block_title_text_weight="600",
        block_padding="0px",
        input_background_fill="#ffffff",
        input_background_fill_dark="#24221f",
        input_border_color="#d8d3ca",
        input_border_color_dark="#45413a",
        input_border_color_focus="#0f766e",
        input_border_color_focus_dark="#5eead4",
        input_placeholder_color="#756f66",
        input_placeholder_color_dark="#a39d93",
        button_primary_background_fill="#1f1d1a",
        button_primary_background_fill_hover="#0f5f58",
        button_primary_background_fill_dark="#f0eeea",
        button_primary_background_fill_hover_dark="#99f6e4",
        button_primary_text_color="#ffffff",
        button_primary_text_color_dark="#1f1d1a",
        button_secondary_background_fill="#efece6",
        button_secondary_background_fill_hover="#e3dfd6",
        button_secondary_background_fill_dark="#2e2b27",
        button_secondary_background_fill_hover_dark="#3d3933",
        button_secondary_text_color="#1f1d1a",
        button_secondary_text_color_dark="#f0eeea",
        slider_color="#0f766e",
        slider_color_dark="#2dd4bf",
        checkbox_background_color_selected="#0f766e",
        checkbox_background_color_selected_dark="#0f766e",
        checkbox_label_background_fill_selected="#1f1d1a",
        checkbox_label_background_fill_selected_dark="#f0eeea",
        checkbox_label_text_color_selected="#ffffff",
        checkbox_label_text_color_selected_dark="#1f1d1a",
    )
