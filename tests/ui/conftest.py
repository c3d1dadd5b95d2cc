"""The page in Chromium, over a model that draws at once; for tests that are marked `browser`."""

import os
import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from studio.settings import Settings
from tests.fakes import SlowStudio
from tests.serving import build_app, serving

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
SIZES = {"desk": (1280, 900), "phone": (390, 844)}
TIMEOUT = 60_000  # milliseconds


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SlowStudio]:
    made = SlowStudio(Settings(data_dir=tmp_path_factory.mktemp("data")))
    yield made
    made.library.close()


@pytest.fixture(scope="module")
def url(studio: SlowStudio, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_TEMP_DIR", str(tmp_path_factory.mktemp("cache")))
        with serving(build_app(studio)) as address:
            yield address


@pytest.fixture(scope="module")
def browser() -> Iterator["Browser"]:
    import playwright.sync_api as playwright

    arguments = ["--no-sandbox", "--disable-quic", "--disable-background-networking"]
    playwright.expect.set_options(timeout=TIMEOUT)
    with playwright.sync_playwright() as started:
        chromium = started.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield chromium
        chromium.close()


CUT_OFF = ("AbortError: signal is aborted without reason", "Unexpected error Connection errored out.")


@pytest.fixture(params=SIZES)
def page(request: pytest.FixtureRequest, browser: "Browser", studio: SlowStudio, url: str) -> Iterator["Page"]:
    """The page at both widths; in the end it must not have complained, scrolled sideways or asked other hosts."""
    studio.hurry.clear()
    width, height = SIZES[request.param]
    opened = browser.new_page(viewport={"width": width, "height": height})
    opened.set_default_timeout(TIMEOUT)
    complaints: list[str] = []
    opened.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    visits: list[str] = []
    opened.on("framenavigated", lambda frame: visits.append(frame.url))
    opened.on(
        "request",
        lambda asked: None if asked.url.startswith((url, "data:", "blob:")) else complaints.append(asked.url),
    )
    opened.goto(url)
    opened.locator("#stage img").first.wait_for()  # the model is warm, and the page is alive
    yield opened
    studio.hurry.set()
    if len(visits) > 1:  # Gradio says so when a page is reloaded whose stream is still open
        complaints = [text for text in complaints if not text.startswith(CUT_OFF)]
    assert complaints == []
    assert opened.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    opened.close()
