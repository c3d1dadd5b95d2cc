"""The page in real Chromium, on a desk and on a phone, with a model that draws at once."""

import re
from pathlib import Path
from typing import TYPE_CHECKING
from zipfile import ZipFile

import pytest

from studio import provenance
from tests.fakes import SlowStudio
from tests.ui.conftest import CHROMIUM

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

DROP = """async ([name, bytes]) => {
    const carried = new DataTransfer();
    carried.items.add(new File([new Uint8Array(bytes)], name, {type: "image/png"}));
    document.querySelector("#header").dispatchEvent(
        new DragEvent("drop", {bubbles: true, cancelable: true, dataTransfer: carried}));
}"""

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium; name it in CHROMIUM"),
]


def prompt_box(page: "Page") -> "Locator":
    return page.get_by_label("Describe the product")


def pictures(page: "Page") -> "Locator":
    """Those of a grid: the samples, and what was made before, are captioned otherwise."""
    grid = page.locator(".caption-label", has_text=re.compile(r"^\s*Seed \d+\s*$"))
    return page.locator("#results .gallery-item", has=grid).locator("img")


def words(page: "Page") -> list[str]:
    """The prompts that the pictures on the page were made of, as their files tell."""
    sources = [picture.get_attribute("src") or "" for picture in page.locator("#results .gallery-item img").all()]
    return [provenance.read_recipe(page.request.get(source).body()).prompt for source in sources]


def wait_for_pictures(page: "Page", more: int) -> None:
    """Waits for the next steps of a grid that is not finished."""
    count = pictures(page).count()
    assert count + more < 8
    playwright.expect(pictures(page).nth(count + more - 1)).to_be_visible()


def start_slow_grid(page: "Page", prompt: str) -> None:
    """Asks for eight pictures, and waits for the first."""
    page.get_by_text("8", exact=True).click()
    prompt_box(page).fill(prompt)
    prompt_box(page).press("Enter")
    playwright.expect(pictures(page).first).to_be_visible()


def drop(page: "Page", name: str, data: bytes) -> None:
    page.locator("#restore input[type=file]").wait_for(state="attached")  # on a busy machine a moment after the page
    page.evaluate(DROP, [name, list(data)])


def shown(locator: "Locator", count: int) -> None:
    playwright.expect(locator).to_have_count(count)


def kept(studio: SlowStudio) -> int:
    return len(list((studio.settings.data_dir / "files").rglob("*.png")))


def open_settings(page: "Page", name: str) -> None:
    page.locator("#settings").get_by_text(name, exact=True).click()


def test_it_opens_with_pictures(page: "Page") -> None:
    playwright.expect(page.locator("#stage img").first).to_be_visible()
    playwright.expect(page.get_by_role("button", name="Generate", exact=True)).to_be_in_viewport()


def test_previews_follow_the_typing_and_are_not_kept(page: "Page", studio: SlowStudio) -> None:
    before = kept(studio)
    prompt_box(page).press_sequentially("a red mug", delay=30)

    shown(page.get_by_alt_text(re.compile("Preview of: a red mug,")), 4)
    playwright.expect(page.locator(".chip.sure")).to_contain_text("mug")
    first = page.locator(".previews img").first.get_attribute("src")

    prompt_box(page).fill("a blue mug with a dragon")  # as when it is pasted
    shown(page.get_by_alt_text(re.compile("Preview of: a blue mug with a dragon,")), 4)
    assert page.locator(".previews img").first.get_attribute("src") != first
    playwright.expect(page.locator(".chip.unknown")).to_have_text("dragon")
    assert kept(studio) == before


def test_generate_keeps_a_grid_that_is_labelled_as_concepts(page: "Page", studio: SlowStudio) -> None:
    before = kept(studio)
    prompt_box(page).fill("a green mug")
    page.get_by_text("8", exact=True).click()
    page.get_by_role("button", name="Generate", exact=True).click()

    shown(pictures(page), 8)
    playwright.expect(page.locator("#results")).to_contain_text("Concepts: drawn by AI, not photos of a real item")
    shown(page.locator("#results .caption-label", has_text=re.compile(r"Seed \d+")), 8)
    assert kept(studio) == before + 8


def test_the_grid_is_what_the_preview_showed_and_the_next_one_is_new(page: "Page") -> None:
    prompt_box(page).fill("a mug")
    shown(page.get_by_alt_text(re.compile("Preview of: a mug,")), 4)
    previewed = re.findall(r"seed (\d+)", page.locator(".previews img").first.get_attribute("alt") or "")[0]
    generate = page.get_by_role("button", name="Generate", exact=True)
    first = page.locator("#results .caption-label").first

    generate.click()
    playwright.expect(first).to_have_text(f"Seed {previewed}")
    playwright.expect(page.locator("#download")).to_be_visible()
    generate.click()
    playwright.expect(first).not_to_have_text(f"Seed {previewed}")


def test_a_locked_seed_stays(page: "Page") -> None:
    open_settings(page, "Seed")
    playwright.expect(page.get_by_role("textbox", name="Seed")).not_to_have_value("")  # a new page draws one
    page.get_by_role("textbox", name="Seed").fill("4711")
    page.get_by_label("Lock").check()
    prompt_box(page).fill("a locked mug")
    for count in (4, 8):
        page.get_by_text(str(count), exact=True).click()
        page.get_by_role("button", name="Generate", exact=True).click()
        shown(pictures(page), count)
        playwright.expect(page.locator("#results .caption-label").first).to_have_text("Seed 4711")
    assert page.get_by_role("textbox", name="Seed").input_value() == "4711"

    page.get_by_role("button", name="New seed").click()
    playwright.expect(page.get_by_role("textbox", name="Seed")).not_to_have_value("4711")


def test_what_is_typed_while_a_grid_draws_stays(page: "Page", studio: SlowStudio) -> None:
    open_settings(page, "Seed")
    seed = page.get_by_role("textbox", name="Seed")
    start_slow_grid(page, "a slow mug")

    prompt_box(page).fill("a slow dragon")
    shown(page.get_by_alt_text(re.compile("Preview of: a slow dragon,")), 4)
    old = seed.input_value()
    page.get_by_role("button", name="New seed").click()
    playwright.expect(seed).not_to_have_value(old)
    shown(page.get_by_alt_text(f"Preview of: a slow dragon, seed {seed.input_value()}", exact=True), 1)
    wait_for_pictures(page, 1)

    def typed() -> tuple[str, str, int, str]:
        return (
            prompt_box(page).input_value(),
            seed.input_value(),
            page.get_by_alt_text(re.compile("Preview of: a slow dragon,")).count(),
            page.locator(".chip").inner_text(),
        )

    while_drawing = typed()
    assert while_drawing[2:] == (4, "dragon")
    studio.hurry.set()
    shown(pictures(page), 8)
    playwright.expect(page.locator("#download")).to_be_visible()
    assert words(page) == ["a slow mug"] * 8
    assert typed() == while_drawing


def test_the_newest_request_wins(page: "Page", studio: SlowStudio) -> None:
    prompt = f"a slow mug that nobody waits for at {page.viewport_size}"
    start_slow_grid(page, prompt)

    example = page.locator(".example").first
    text = example.inner_text()
    example.click()

    playwright.expect(page.locator("#download")).to_be_visible()
    assert words(page) == [text] * 8
    studio.hurry.set()
    page.wait_for_timeout(500)
    assert words(page) == [text] * 8
    assert 1 <= [record.prompt for record in studio.library.recent(1000)].count(prompt) < 8


def test_pressed_twice_it_draws_once(page: "Page", studio: SlowStudio) -> None:
    before = kept(studio)
    start_slow_grid(page, "a slow and steady mug")
    first = page.locator("#results .caption-label").first.inner_text()
    page.get_by_role("button", name="Generate", exact=True).click()
    wait_for_pictures(page, 2)
    studio.hurry.set()

    shown(pictures(page), 8)
    playwright.expect(page.locator("#download")).to_be_visible()
    assert page.locator("#results .caption-label").first.inner_text() == first
    assert kept(studio) == before + 8


def test_a_picture_that_is_looked_at_stays_large_while_the_grid_grows(page: "Page", studio: SlowStudio) -> None:
    start_slow_grid(page, "a slow mug to look at")
    page.get_by_label("Thumbnail 1 of").click()
    large = page.locator("#results .preview")
    playwright.expect(large).to_be_visible()

    playwright.expect(large.locator(".thumbnail-item").nth(2)).to_be_visible()
    studio.hurry.set()
    playwright.expect(page.locator("#download")).to_be_visible()  # or its last pictures would fall into the next test


def test_what_was_made_is_there_after_a_reload(page: "Page", studio: SlowStudio) -> None:
    prompt = "a mug <b>to keep</b>"
    prompt_box(page).fill(prompt)
    prompt_box(page).press("Enter")
    playwright.expect(page.locator("#download")).to_be_visible()

    page.reload()
    playwright.expect(page.locator("#results > label")).to_have_text("Made here lately")
    playwright.expect(page.locator("#results .caption-label").first).to_have_text(prompt)
    lately = [record.prompt for record in studio.library.recent(12)]
    assert words(page) == lately
    assert lately[:4] == [prompt] * 4


@pytest.mark.parametrize("keys", ["Enter", "Control+Enter", "Meta+Enter"])
def test_the_keyboard_generates(page: "Page", keys: str) -> None:
    prompt_box(page).fill("a mug by keyboard")
    prompt_box(page).press(keys)

    shown(pictures(page), 4)
    assert prompt_box(page).input_value() == "a mug by keyboard"


def test_a_slider_leaves_auto_and_redraws(page: "Page") -> None:
    prompt_box(page).fill("a mug that turns")
    shown(page.get_by_alt_text(re.compile("a mug that turns")), 4)
    before = page.locator(".previews img").first.get_attribute("src") or ""
    open_settings(page, "Camera and light")
    auto = page.locator(".control .auto input").first
    assert auto.is_checked()

    page.get_by_label("range slider for Turn").fill("45")

    playwright.expect(page.locator(".previews img").first).not_to_have_attribute("src", before)
    assert not auto.is_checked()
    auto.check()
    playwright.expect(page.locator(".previews img").first).to_have_attribute("src", before)


def test_surprise_me_fills_the_box_and_generates(page: "Page") -> None:
    page.get_by_role("button", name="Surprise me").click()

    shown(pictures(page), 4)
    assert prompt_box(page).input_value()


def test_an_example_fills_the_box_and_generates(page: "Page") -> None:
    example = page.locator(".example").first
    text = example.inner_text()
    example.click()

    shown(pictures(page), 4)
    assert prompt_box(page).input_value() == text


def test_one_picture_large_by_keyboard_and_all_as_a_zip(page: "Page") -> None:
    prompt_box(page).fill("a mug to look at")
    prompt_box(page).press("Enter")
    playwright.expect(page.locator("#download")).to_be_visible()

    page.get_by_label("Thumbnail 2 of 4").focus()
    page.keyboard.press("Enter")
    playwright.expect(page.locator("#results .preview img").first).to_be_visible()
    page.keyboard.press("Escape")
    with page.expect_download() as download:
        page.locator("#download").click()
    with ZipFile(download.value.path()) as archive:
        assert all(re.fullmatch(r"00\d-\d+\.png", name) for name in archive.namelist())
        assert len(archive.namelist()) == 4


def test_a_dropped_picture_restores_its_settings(page: "Page", studio: SlowStudio, tmp_path: Path) -> None:
    from studio.request import GenerationRequest

    made = studio.generate(GenerationRequest(prompt="a dropped mug", count=2, seed=99, controls={"azimuth": 30}))[1]
    drop(page, "001-100.png", made.path.read_bytes())

    playwright.expect(prompt_box(page)).to_have_value("a dropped mug")
    playwright.expect(page.locator(".verdict")).to_contain_text("Exact")
    open_settings(page, "Seed")
    open_settings(page, "Camera and light")
    assert page.get_by_role("textbox", name="Seed").input_value() == "100"
    assert page.get_by_label("Lock").is_checked()
    assert page.get_by_label("range slider for Turn").input_value() == "30"
    assert not page.locator(".control .auto input").first.is_checked()


def test_a_foreign_picture_is_refused_in_words_and_nothing_is_lost(page: "Page", studio: SlowStudio) -> None:
    from studio.request import GenerationRequest

    prompt_box(page).fill("a mug that stays")
    drop(page, "x.png", b"not a picture")

    playwright.expect(page.locator(".toast-body")).to_be_visible()
    assert "Traceback" not in page.locator(".toast-body").inner_text()
    assert prompt_box(page).input_value() == "a mug that stays"

    made = studio.generate(GenerationRequest(prompt="a better picture", count=1, seed=5))[0]
    drop(page, "005.png", made.path.read_bytes())
    playwright.expect(prompt_box(page)).to_have_value("a better picture")


@pytest.mark.parametrize(
    "prompt",
    ["<img src=x onerror=alert(1)> mug", "☕🐉 mug", "كوب أحمر mug", "红色的杯子 mug", "${value} {{this}} mug"],
)
def test_any_text_is_shown_as_text(page: "Page", prompt: str) -> None:
    prompt_box(page).fill(prompt)
    shown(page.get_by_alt_text(f"Preview of: {prompt}", exact=False), 4)
    prompt_box(page).press("Enter")

    shown(pictures(page), 4)
    shown(page.locator("img[src='x']"), 0)
    assert prompt_box(page).input_value() == prompt


@pytest.mark.parametrize(("prompt", "words"), [("", "The prompt is empty"), ("a" * 10_000, "has 10,000 characters")])
def test_what_can_t_be_drawn_is_said_and_stays(page: "Page", prompt: str, words: str) -> None:
    prompt_box(page).fill(prompt)
    page.get_by_role("button", name="Generate", exact=True).click()

    playwright.expect(page.locator(".toast-body")).to_contain_text(words)
    assert prompt_box(page).input_value() == prompt


def test_every_control_has_a_name(page: "Page") -> None:
    open_settings(page, "Camera and light")
    open_settings(page, "Seed")
    nameless = page.evaluate(
        """() => [...document.querySelectorAll("button, input:not([type=hidden]), textarea, select")]
            .filter((e) => e.checkVisibility())
            .filter((e) => !(e.labels?.length || e.ariaLabel || e.title || e.innerText?.trim()))
            .map((e) => e.outerHTML.slice(0, 200))"""
    )
    assert nameless == []
