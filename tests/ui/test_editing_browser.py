"""The tabs that edit, in real Chromium, on a desk and on a phone: a stroke is drawn, and what comes of it."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from studio import imaging, provenance
from studio.request import GenerationRequest
from tests.fakes import SlowStudio
from tests.ui.conftest import CHROMIUM

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium; name it in CHROMIUM"),
]

SIZE = (180, 120)


@pytest.fixture
def photo(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "photo.png"
    Image.linear_gradient("L").resize(SIZE).convert("RGB").save(path)
    yield path


def open_tab(page: "Page", name: str) -> None:
    page.get_by_role("tab", name=name, exact=True).click()


def upload(page: "Page", name: str, path: Path) -> "Locator":
    """Chooses a picture in a tab that is open; its canvas."""
    box = page.locator(f"#{name}-upload input[type=file]")
    box.wait_for(state="attached")
    box.set_input_files(path)
    canvas = page.locator(f"#{name}-easel canvas")
    canvas.wait_for()
    return canvas


def drag(page: "Page", canvas: "Locator", begin: tuple[float, float], end: tuple[float, float]) -> None:
    """From one place to another, as shares of the picture's width and height."""
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    assert box is not None
    for step, (x, y) in enumerate((begin, end)):
        page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"], steps=1 + 5 * step)
        page.mouse.down() if step == 0 else page.mouse.up()


def said(page: "Page", name: str) -> "Locator":
    return page.locator(f"#{name}-easel .easel-said")


def test_a_stroke_is_filled_and_nothing_else(page: "Page", studio: SlowStudio, photo: Path) -> None:
    open_tab(page, "Inpaint")
    canvas = upload(page, "inpaint", photo)
    playwright.expect(said(page, "inpaint")).to_contain_text("Nothing is marked yet")
    drag(page, canvas, (0.3, 0.5), (0.6, 0.5))
    playwright.expect(said(page, "inpaint")).to_contain_text("will be filled")
    page.get_by_label("In its place").fill("a handle")

    page.get_by_role("button", name="Fill what is marked").click()

    playwright.expect(page.locator("#inpaint-said")).to_contain_text("is exactly as it was")
    playwright.expect(page.locator("#inpaint-slider").get_by_alt_text("After")).to_be_visible()
    playwright.expect(page.locator("#inpaint-slider")).to_be_in_viewport(ratio=0.3)  # it lay below the picture
    slider = page.get_by_role("slider", name="Where before ends and after begins")
    slider.focus()
    box = slider.bounding_box()
    slider.press("ArrowRight")
    playwright.expect(slider).to_have_attribute("aria-valuenow", "55")
    moved = slider.bounding_box()
    assert box and moved and moved["x"] > box["x"] + 5
    with page.expect_download() as download:
        page.locator("#inpaint-next").get_by_text("Download PNG").click()
    data = download.value.path().read_bytes()
    before, after = imaging.decode(photo.read_bytes()), imaging.decode(data)
    assert (after.size, provenance.read_recipe(data).prompt) == (SIZE, "a handle")
    width, height = SIZE
    stroke = (round(0.32 * width), round(0.49 * height), round(0.58 * width), round(0.51 * height))
    assert imaging.max_difference(before.crop(stroke), after.crop(stroke)) > 0
    for beside in ((0, 0, width, round(0.4 * height)), (0, round(0.6 * height), width, height)):
        assert imaging.max_difference(before.crop(beside), after.crop(beside)) == 0


def test_marks_are_made_changed_and_undone(page: "Page", photo: Path) -> None:
    open_tab(page, "Inpaint")
    canvas = upload(page, "inpaint", photo)
    words = said(page, "inpaint")

    page.get_by_role("button", name="Rectangle").click()
    drag(page, canvas, (0.5, 0.03), (1.0, 1.0))
    playwright.expect(words).to_contain_text("49%")  # but for a strip at the top
    page.get_by_role("button", name="Eraser").click()
    drag(page, canvas, (0.6, 0.5), (0.9, 0.5))
    playwright.expect(words).not_to_contain_text("49%")
    page.locator("#inpaint-easel [data-do=undo]").click()
    playwright.expect(words).to_contain_text("49%")
    page.get_by_role("button", name="Invert").click()
    playwright.expect(words).to_contain_text(re.compile("5[12]%"))
    page.get_by_role("button", name="Grow").click()
    playwright.expect(words).to_contain_text(re.compile("5[34]%"))
    page.get_by_role("button", name="Select product").click()
    playwright.expect(words).to_contain_text("25%")
    page.get_by_role("button", name="Select background").click()
    playwright.expect(words).to_contain_text("75%")
    page.get_by_role("button", name="− Not product").click()
    drag(page, canvas, (0.5, 0.5), (0.5, 0.5))
    playwright.expect(page.locator("#inpaint-easel .easel-points .exclude")).to_have_count(1)
    playwright.expect(words).to_contain_text("25%")
    page.locator("#inpaint-easel [data-do=clear]").click()
    playwright.expect(words).to_contain_text("Nothing is marked yet")


def test_nothing_is_lost_when_an_edit_fails_or_the_tab_changes(page: "Page", photo: Path, tmp_path: Path) -> None:
    open_tab(page, "Inpaint")
    canvas = upload(page, "inpaint", photo)
    page.get_by_role("button", name="Fill what is marked").click()
    playwright.expect(page.get_by_text("Nothing is marked.")).to_be_visible()
    page.get_by_role("button", name="Rectangle").click()
    drag(page, canvas, (0.25, 0.25), (0.75, 0.75))
    page.get_by_role("button", name="Fill what is marked").click()
    playwright.expect(page.locator("#inpaint-said")).to_contain_text("is exactly as it was")
    (tmp_path / "broken.png").write_bytes(b"not a picture")
    page.locator("#inpaint-upload input[type=file]").set_input_files(tmp_path / "broken.png")
    playwright.expect(page.get_by_text("not a PNG, JPEG or WebP")).to_be_visible()

    page.locator("#inpaint-to-restyle").click()
    playwright.expect(said(page, "restyle")).to_contain_text("25% of the picture")  # the product, found by itself
    page.get_by_label("How should it look?").fill("on a pink sweep")
    page.get_by_role("button", name="Restyle", exact=True).click()
    playwright.expect(page.locator("#restyle-said")).to_contain_text("is exactly as it was")

    open_tab(page, "Inpaint")
    playwright.expect(said(page, "inpaint")).to_contain_text("25%")
    playwright.expect(page.locator("#inpaint-said")).to_contain_text("is exactly as it was")
    page.locator("#inpaint-again").click()
    playwright.expect(said(page, "inpaint")).to_contain_text("Nothing is marked yet")


def test_pictures_are_sent_from_where_they_were_made_and_kept(page: "Page", studio: SlowStudio) -> None:
    studio.generate(GenerationRequest(prompt="a mug to send", count=1, seed=1))
    page.get_by_label("Describe the product").fill("a mug to mend")
    page.get_by_role("button", name="Generate", exact=True).click()
    playwright.expect(page.locator("#download")).to_be_visible()
    page.get_by_label(re.compile("Thumbnail 1 of")).first.click()
    page.locator("#create-to-enhance").click()
    playwright.expect(page.locator("#enhance-preview img").first).to_be_visible()
    page.locator("#enhance-improve").click()
    playwright.expect(page.locator("#enhance-said")).to_contain_text("pixels")

    open_tab(page, "Library")
    page.get_by_label("Search", exact=True).fill("a mug to send")
    page.get_by_label("Open: a mug to send").first.click()
    page.locator("#library-to-inpaint").click()
    playwright.expect(page.locator("#inpaint-easel canvas")).to_be_visible()
