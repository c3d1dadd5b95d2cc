"""What the tests of the editing tabs share: a studio whose model draws at once, and a photo."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr
from PIL import Image, ImageDraw

from studio.backends.diffusion import CONTROLS
from studio.service import Studio
from studio.settings import Settings
from studio.ui.editing_tab import EditingTab
from studio.ui.picture import Picture, mask_url, open_picture
from tests.fakes import FakeBackend, FakeRetoucher

#: The values of the widgets of the model that edits: that of the settings, with nothing set by hand.
UNSET: list[Any] = ["", "", "", *[True, 0.0] * len(CONTROLS)]
SIZE = (90, 70)
BOX = (30, 20, 49, 39)


@dataclass
class Bench:
    """A studio, and a photo that somebody uploaded."""

    studio: Studio
    path: Path

    @property
    def picture(self) -> Picture:
        return open_picture(self.path)

    def tab(self, build: Callable[[gr.Blocks, Studio], EditingTab]) -> EditingTab:
        return laid_out(build, self.studio)[0]


def laid_out(build: Callable[[gr.Blocks, Studio], EditingTab], studio: Studio) -> tuple[EditingTab, gr.Blocks]:
    """A tab on a page of its own, built where an event loop runs: elsewhere Gradio leaves loops open."""

    async def lay_out() -> tuple[EditingTab, gr.Blocks]:
        with gr.Blocks(analytics_enabled=False) as page:
            return build(page, studio), page

    with ThreadPoolExecutor(1) as aside:
        return aside.submit(lambda: asyncio.run(lay_out())).result()


def bench_in(folder: Path, **settings: Any) -> Bench:
    studio = Studio(
        Settings(data_dir=folder / "data", **settings), backends=lambda _: FakeBackend(), retoucher=FakeRetoucher()
    )
    path = folder / "photo.png"
    Image.effect_noise(SIZE, 80).convert("RGB").save(path)
    return Bench(studio, path)


def stroke(box: tuple[int, int, int, int] = BOX, size: tuple[int, int] = SIZE) -> str:
    """A mask with a rectangle, as the browser sends it."""
    mask = Image.new("L", size)
    ImageDraw.Draw(mask).rectangle(box, fill=255)
    return mask_url(mask)
