"""The Privacy tab: what is kept, where, for how long, and a button that deletes it."""
# Gradio is typed in part.
# pyright: reportUnknownMemberType=false, reportPrivateImportUsage=false

from __future__ import annotations

import shutil
from functools import partial
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

import gradio as gr

from studio.campaign.brand_kit import FOLDER
from studio.library.library import TRASH_DAYS
from studio.ui import library_markup
from studio.ui.advert_request import CAMPAIGNS, TABLES
from studio.ui.errors import plain_words
from studio.ui.markup import notice
from studio.ui.queues import ASKS

if TYPE_CHECKING:
    from studio.service import Studio
    from studio.ui.advert_runs import Runs

SURE = "() => confirm('Delete every picture, project, link, campaign and brand kit here for good?')"

KEPT = Path(__file__).with_name("privacy.html")


def privacy_tab(studio: Studio, runs: Runs) -> None:
    """Lays the tab out inside the one that is being built; `runs` are the campaigns that may be going on."""
    gr.HTML(KEPT.read_text(encoding="utf-8").format(days=TRASH_DAYS, folder=escape(str(studio.settings.data_dir))))
    said = gr.HTML()
    wipe = gr.Button("Delete everything", size="sm", elem_id="wipe")
    sure = gr.Checkbox(visible="hidden")
    wipe.click(partial(on_wipe, studio, runs), sure, said, js=SURE, show_progress="hidden", **ASKS)


def on_wipe(studio: Studio, runs: Runs, sure: bool) -> str:
    """Deletes all that the library has, where the user is sure."""
    with plain_words():
        if sure is not True:  # an endpoint may be given anything
            return ""
        runs.stop_all()
        for folder in (CAMPAIGNS, TABLES, FOLDER):
            shutil.rmtree(studio.settings.data_dir / folder, ignore_errors=True)
        count = studio.library.wipe()
        gone = library_markup.images(count)
        return notice(f"{gone} and all links were deleted for good, and so were all campaigns and brand kits.")
