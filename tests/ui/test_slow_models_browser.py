"""A real pipeline of diffusers, tiny and slowed down, beside a quick model: chosen, watched and stopped in Chromium."""

import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml
from PIL import Image

from studio import imaging
from studio.backends.base import Backend, Step, Watch
from studio.backends.registry import open_backend
from studio.prompts import Prompts
from studio.request import Recipe, Request, SavedImage
from studio.service import Studio
from studio.settings import Settings
from tests.backends import pipelines
from tests.fakes import FakeBackend, FakeRetoucher
from tests.ui.conftest import CHROMIUM, TIMEOUT
from tests.ui.test_editing_browser import drag, open_tab, said, upload

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium; name it in CHROMIUM"),
]

SIZE = (180, 120)
STEPS = 20
TITLE, TOLD = "A tiny one", "One that edits as it is told"


class PacedStudio(Studio):
    """Waits after each step of an image, as a big model would."""

    #: Seconds.
    pause = 0.1

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings, backends=self._open, retoucher=FakeRetoucher())
        #: While it is set, nothing waits.
        self.hurry = threading.Event()
        #: While it isn't set, the model goes on being loaded.
        self.loaded = threading.Event()
        self.loaded.set()

    def _open(self, name: str) -> Backend:
        if name == "gan":
            return FakeBackend()
        return open_backend(name, settings=self.settings, prompts=self.prompts)

    def stream(self, request: Request, watch: Watch | None = None) -> Iterator[SavedImage]:
        return super().stream(request, partial(self._wait, watch) if watch else None)

    def _wait(self, watch: Watch, step: Step) -> None:
        watch(step)
        if step.stage == "loading":
            assert self.loaded.wait(TIMEOUT / 1000)
        self.hurry.wait(self.pause)

    def made(self) -> list[Recipe]:
        """The recipes of what the tiny model made, newest first."""
        records = [record for record, _ in self.recent(100) if record.backend == "diffusion"]
        return [recipe for record in records if (recipe := self.library.recipe(record.sha256))]


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory, prompts: Prompts) -> Iterator[PacedStudio]:
    folder, models = tmp_path_factory.mktemp("words"), tmp_path_factory.mktemp("models")
    about = {
        "good_for": "Nothing but to be looked at",
        "licence": "openrail++",
        "allows": "anything",
        "steps": STEPS,
        "guidance": 7.5,
        "size": pipelines.SIZE,
        "dtype": "float32",
        "download_gb": 0.1,
        "memory_gb": 0.1,
    }
    listed = [
        {"name": str(pipelines.write(kind, models / name)), "title": title, **about}
        for kind, name, title in (("sd", "tiny", TITLE), ("klein", "told", TOLD))
    ]
    (folder / "models.yaml").write_text(yaml.safe_dump(listed), encoding="utf-8")
    made = PacedStudio(Settings(data_dir=tmp_path_factory.mktemp("data"), prompts_dir=folder, device="cpu"))
    yield made
    made.library.close()


def choose_model(page: "Page", tab: str, box: str) -> None:
    """Opens what is folded away in a tab, and chooses the tiny model."""
    page.locator(f"{tab} .label-wrap").first.click()
    page.locator(f"{box} input").click()
    page.get_by_role("option", name=TITLE).click()
    playwright.expect(page.locator(tab).get_by_text("openrail++: anything")).to_be_visible()


def test_a_grid_that_is_stopped_keeps_what_is_finished(page: "Page", studio: PacedStudio) -> None:
    before = len(studio.made())
    choose_model(page, "#settings", "#model")
    page.get_by_label("Describe the product").fill("a red mug")
    playwright.expect(page.locator("#settings").get_by_text("Steps and size")).to_be_visible()
    page.get_by_role("button", name="Generate", exact=True).click()

    forming = page.locator("#stage .forming")
    playwright.expect(forming).to_contain_text(f"of {STEPS}")
    playwright.expect(forming.get_by_alt_text("What there is of the picture")).to_be_visible()
    playwright.expect(forming).to_contain_text("Picture 2 of 4, step")
    page.locator("#create-stop").click()

    playwright.expect(forming).to_be_hidden()
    playwright.expect(page.locator("#download")).to_be_visible()
    playwright.expect(page.locator("#results .gallery-item")).to_have_count(1)
    (recipe,) = studio.made()[: len(studio.made()) - before]
    assert (recipe.kind, recipe.prompt, recipe.index) == ("generate", "a red mug", 0)


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "photo.png"
    Image.linear_gradient("L").resize(SIZE).convert("RGB").save(path)
    return path


def test_what_is_stopped_while_the_model_is_loaded_is_not_made(page: "Page", studio: PacedStudio, photo: Path) -> None:
    before = len(studio.made())
    open_tab(page, "Restyle")
    upload(page, "restyle", photo)
    choose_model(page, "#restyle-models", "#restyle-model")
    page.get_by_label("How should it look?").fill("on pink")
    studio.loaded.clear()
    page.get_by_role("button", name="Restyle", exact=True).click()

    forming, stop = page.locator(".workbench .forming"), page.locator("#restyle-stop")
    playwright.expect(forming).to_contain_text("Loading the model")
    playwright.expect(stop).to_be_in_viewport()
    page.get_by_role("button", name="Restyle", exact=True).click()
    playwright.expect(page.get_by_text("A picture is being made here")).to_be_visible()
    stop.click()
    playwright.expect(stop).to_be_disabled()
    studio.loaded.set()
    playwright.expect(forming).to_be_hidden()
    assert len(studio.made()) == before

    # The button is free again.
    studio.hurry.set()
    page.get_by_role("button", name="Restyle", exact=True).click()
    playwright.expect(page.locator("#restyle-said")).to_contain_text("is exactly as it was")
    assert [recipe.kind for recipe in studio.made()[: len(studio.made()) - before]] == ["restyle"]


def test_the_tab_shows_what_the_chosen_model_takes(page: "Page") -> None:
    open_tab(page, "Restyle")
    variants, strength = page.locator("#restyle-variants"), page.get_by_label("number input for Strength")
    scheduler = page.locator("#restyle-scheduler")
    choose_model(page, "#restyle-models", "#restyle-model")
    page.get_by_role("button", name="Steps and guidance").click()
    page.get_by_role("button", name="Strength and variants").click()
    playwright.expect(strength).to_be_visible()
    playwright.expect(scheduler.locator("input")).to_have_value("The model's own: DDIM")

    page.locator("#restyle-model input").click()
    page.get_by_role("option", name=TOLD).click()
    playwright.expect(variants).not_to_contain_text("Strength")
    playwright.expect(variants).to_contain_text("Variants")
    playwright.expect(strength).to_be_hidden()
    playwright.expect(scheduler).to_be_hidden()


def test_an_edit_that_is_stopped_keeps_what_is_finished(page: "Page", studio: PacedStudio, photo: Path) -> None:
    before = len(studio.made())
    open_tab(page, "Inpaint")
    canvas = upload(page, "inpaint", photo)
    drag(page, canvas, (0.3, 0.5), (0.6, 0.5))
    playwright.expect(said(page, "inpaint")).to_contain_text("will be filled")
    choose_model(page, "#inpaint-models", "#inpaint-model")
    page.get_by_label("In its place").fill("a handle")
    page.locator("#inpaint .pills label, .workbench .pills label").get_by_text("4", exact=True).first.click()
    page.get_by_role("button", name="Fill what is marked").click()

    forming = page.locator(".workbench .forming")
    playwright.expect(forming).to_contain_text("Picture 1 of 4, step")
    playwright.expect(forming.get_by_alt_text("What there is of the picture")).to_be_visible()
    playwright.expect(forming).to_contain_text("Picture 2 of 4, step")
    open_tab(page, "Create")  # and back: nothing is lost on the way
    open_tab(page, "Inpaint")
    page.locator("#inpaint-stop").click()

    playwright.expect(forming).to_be_hidden()
    playwright.expect(page.locator("#inpaint-said")).to_contain_text("is exactly as it was")
    playwright.expect(page.locator("#inpaint-slider img").first).to_be_visible()
    playwright.expect(said(page, "inpaint")).to_contain_text("will be filled")
    (recipe,) = studio.made()[: len(studio.made()) - before]
    assert (recipe.kind, recipe.prompt, recipe.index, recipe.model) == ("inpaint", "a handle", 0, "tiny")

    # The button is free again, and what it makes now is made to its end.
    studio.hurry.set()
    page.get_by_role("button", name="Fill what is marked").click()
    playwright.expect(page.locator("#inpaint-made .gallery-item")).to_have_count(5)
    path = studio.file(studio.recent(1)[0][0].sha256)
    assert path is not None and imaging.decode(path.read_bytes()).size == SIZE
