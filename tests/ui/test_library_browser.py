"""From making to sharing in real Chromium: found, shared, seen by a stranger on a phone, approved, withdrawn."""

import re
from typing import TYPE_CHECKING

import pytest

from studio.library import Search
from studio.request import GenerationRequest
from tests.fakes import SlowStudio
from tests.serving import until
from tests.ui.conftest import CHROMIUM, SIZES, TIMEOUT

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium; name it in CHROMIUM"),
]


def open_library(page: "Page") -> None:
    page.get_by_role("tab", name="Library").click()
    playwright.expect(page.locator("#library-grid li, #library-grid .nothing").first).to_be_visible()


def search(page: "Page", words: str, count: int) -> None:
    page.get_by_label("Search").fill(words)
    playwright.expect(page.locator("#library-grid li")).to_have_count(count)


def ticks(page: "Page") -> "Locator":
    return page.locator("#library-grid .tick input")


def test_made_found_shared_approved_withdrawn(page: "Page", browser: "Browser", studio: SlowStudio) -> None:
    # Made, and found again.
    width = page.viewport_size["width"] if page.viewport_size else 0
    prompt = f"a mug of {width} for a client"
    page.get_by_label("Describe the product").fill(prompt)
    page.get_by_label("Describe the product").press("Enter")
    playwright.expect(page.locator("#download")).to_be_visible()
    open_library(page)
    search(page, f"CLIENT {width}", 4)
    shown = page.locator("#library-grid img").first
    playwright.expect(shown).to_have_js_property("naturalWidth", 16)

    # Shared.
    ticks(page).nth(0).check()
    ticks(page).nth(1).check()
    playwright.expect(page.locator("#library-count")).to_have_text("2 ticked")
    page.get_by_role("button", name="Share by a link").click()
    page.get_by_label("Title", exact=True).fill("Mugs")
    page.get_by_role("button", name="Make a link").click()
    link = page.locator("#library-link").get_by_role("textbox")
    playwright.expect(link).to_have_value(re.compile(r"/s/[\w-]{43}$"))

    # Seen by a stranger, and approved.
    wide, high = SIZES["phone"]
    stranger = browser.new_page(viewport={"width": wide, "height": high})
    stranger.set_default_timeout(TIMEOUT)
    complaints: list[str] = []
    stranger.on("console", lambda message: complaints.append(message.text))
    stranger.goto(link.input_value())
    playwright.expect(stranger.get_by_role("heading", name="Mugs")).to_be_visible()
    playwright.expect(stranger.locator(".picture img")).to_have_count(2)
    assert stranger.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    stranger.get_by_role("link", name="Approve or comment").first.click()
    stranger.get_by_label("Approve", exact=True).check()
    stranger.get_by_label("Your name").fill("Ann")
    stranger.get_by_label("Comment", exact=True).fill("This one!")
    stranger.get_by_role("button", name="Send").click()
    playwright.expect(stranger.locator(".badge.approved")).to_be_visible()
    assert complaints == []

    # The owner sees it, and withdraws the link.
    page.get_by_role("button", name="Clear", exact=True).click()
    page.get_by_role("button", name=re.compile("^Links")).click()
    playwright.expect(page.locator("#library-links .links")).to_contain_text("Ann")
    playwright.expect(page.locator("#library-links .badge.approved").first).to_be_visible()
    page.get_by_role("button", name="Withdraw").click()
    playwright.expect(page.locator("#library-links .links > li").first).to_contain_text("revoked")
    stranger.reload()
    playwright.expect(stranger.get_by_text("This link shows nothing any more.")).to_be_visible()
    stranger.close()


def test_starred_tagged_deleted_and_brought_back(page: "Page", studio: SlowStudio) -> None:
    width = page.viewport_size["width"] if page.viewport_size else 0
    studio.generate(GenerationRequest(prompt=f"a bowl of {width} to sort", count=3))
    open_library(page)
    search(page, f"bowl of {width} sort", 3)

    ticks(page).first.check()
    page.get_by_role("button", name="Star", exact=True).click()
    playwright.expect(page.locator("#library-grid .star")).to_have_count(1)
    playwright.expect(ticks(page).first).to_be_checked()  # what was ticked stays ticked
    page.get_by_role("button", name="Tag, or put into a project").click()
    page.locator("#library-tag").get_by_label("Tag").fill(f"sale {width}")
    page.get_by_role("button", name="Add tag").click()
    search(page, f"sale {width}", 1)

    page.locator("#library-delete").click()
    none = page.get_by_text("Nothing was found.").or_(page.get_by_text("No image has these words."))
    playwright.expect(none).to_be_visible()
    playwright.expect(page.locator("#library-actions")).to_be_hidden()
    page.get_by_role("button", name="Undo: bring back 1 image").click()
    playwright.expect(page.locator("#library-grid li")).to_have_count(1)


def test_an_image_is_opened_and_its_settings_used(page: "Page", studio: SlowStudio) -> None:
    width = page.viewport_size["width"] if page.viewport_size else 0
    prompt = f"a lamp of {width} to use again"
    studio.generate(GenerationRequest(prompt=prompt, count=1, seed=4321, controls={"azimuth": 30}))
    open_library(page)
    search(page, f"lamp of {width}", 1)

    page.get_by_role("button", name=f"Open: {prompt}").click()
    playwright.expect(page.locator(".opened dl")).to_contain_text("4321")
    page.locator("#library-use").click()

    box = page.get_by_label("Describe the product")
    playwright.expect(box).to_be_visible()
    playwright.expect(box).to_have_value(prompt)
    playwright.expect(page.get_by_alt_text(f"Preview of: {prompt}, seed 4321", exact=True)).to_be_visible()


def test_more_like_one_and_what_looks_like_it(page: "Page", studio: SlowStudio) -> None:
    width = page.viewport_size["width"] if page.viewport_size else 0
    prompt = f"a vase of {width} to vary"
    page.get_by_label("Describe the product").fill(prompt)
    page.locator("#generate").click()
    playwright.expect(page.locator("#download")).to_be_visible()
    playwright.expect(page.locator("#near-row")).to_be_hidden()

    # A picture that is chosen, and others a small step away from it.
    page.locator("#results .thumbnail-lg").nth(1).click()
    page.get_by_role("button", name="More like the one chosen").click()
    near = page.get_by_label("Close to the picture with seed")
    playwright.expect(near).to_be_visible()
    until(lambda: studio.library.find(Search(words=prompt)).total == 8)
    first = min(image.seed for image in studio.library.find(Search(words=prompt, sort="oldest", limit=4)).images)
    playwright.expect(near).to_have_value(str(first + 1))
    page.get_by_role("button", name="Let go").click()
    playwright.expect(near).to_be_hidden()

    # In the library: what looks like one, in words and pictures, until that is cleared.
    open_library(page)
    page.locator("#library-grid .open").first.click()
    page.get_by_role("button", name="Find similar").click()
    playwright.expect(page.get_by_text("Like the image that is open.")).to_be_visible()
    playwright.expect(page.get_by_text("What looks like it, the nearest first.")).to_be_visible()
    opened = page.evaluate("window.library.opened")
    playwright.expect(page.locator("#library-grid .open").first).to_have_attribute("data-sha256", opened)
    page.locator("#library-like").get_by_role("button", name="Clear").click()
    playwright.expect(page.get_by_text("Like the image that is open.")).to_be_hidden()
