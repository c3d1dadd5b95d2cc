"""From a library's picture to approved adverts in real Chromium, on a desk and on a phone."""

import re
from typing import TYPE_CHECKING

import pytest

from studio.request import ADVERT, GenerationRequest
from tests.fakes import SlowStudio
from tests.ui.conftest import CHROMIUM

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium; name it in CHROMIUM"),
]


def test_a_picture_becomes_adverts_that_are_compared_and_shared(page: "Page", studio: SlowStudio) -> None:
    width = page.viewport_size["width"] if page.viewport_size else 0
    (drawn,) = studio.generate(GenerationRequest(prompt=f"a mug of {width}", count=1, seed=1))
    expect = playwright.expect

    # 1. Sent from the library.
    page.get_by_role("tab", name="Library", exact=True).click()
    page.locator(f'#library-grid .open[data-sha256="{drawn.sha256}"]').click()
    page.locator("#library-to-adverts").click()
    expect(page.locator(f'.advert-products img[src="/thumbs/{drawn.sha256}"]')).to_be_visible()

    # 2. Words are flagged beside their field, and seen as they are typed.
    page.locator("#adverts-en-headline textarea").fill(f"The best mug of {width}\nMorning, sorted")
    expect(page.locator("#adverts .advert-flags")).to_contain_text("“the best”")
    expect(page.locator("#adverts-price")).to_contain_text("12 adverts")
    expect(page.locator("#adverts-previews img")).to_have_count(3)

    # 3. Two channels instead of six.
    for title in ("Google responsive display landscape", "Instagram and Facebook feed 4:5", "Pinterest pin 2:3"):
        page.get_by_label(f"{title} ·").uncheck()
    for title in ("LinkedIn square", "Instagram and Facebook story or reel 9:16"):
        page.get_by_label(f"{title} ·").uncheck()
    page.get_by_label("X ads card ·").check()
    expect(page.locator("#adverts-price")).to_contain_text("4 adverts")

    # 4. Made, although the tab is left meanwhile.
    page.locator("#adverts-run").click()
    page.get_by_role("tab", name="Privacy", exact=True).click()
    page.get_by_role("tab", name="Adverts", exact=True).click()
    expect(page.locator("#adverts-progress")).to_contain_text("4 adverts done.")
    expect(page.locator("#adverts-grid .tick")).to_have_count(4)
    expect(page.locator("#adverts-en-headline textarea")).to_have_value(f"The best mug of {width}\nMorning, sorted")

    # 5. Compared, and shared.
    ticks = page.locator("#adverts-grid .tick input")
    ticks.nth(0).check()
    ticks.nth(2).check()
    expect(page.locator("#adverts-count")).to_have_text("2 ticked")
    page.locator("#adverts-compare").click()
    expect(page.locator(".advert-compared img")).to_have_count(2)
    page.get_by_text("Share the winners for approval").click()
    page.locator("#adverts-make-link").click()
    expect(page.locator("#adverts-link").get_by_role("textbox")).to_have_value(re.compile(r"/s/[\w-]{43}$"))
    shared = studio.shares.details(studio.shares.all()[0].id).images
    assert [image.recipe.kind for image in shared] == [ADVERT, ADVERT]
    assert {image.recipe.origin for image in shared} == {"drawn"}
