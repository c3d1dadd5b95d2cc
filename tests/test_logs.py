import io
import json
import logging
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from studio.logs import configure_logging
from studio.service import Studio
from studio.settings import Settings
from tests.fakes import FakeBackend
from tests.serving import build_app, call, functions, serving


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    root, studio, requests = logging.getLogger(), logging.getLogger("studio"), logging.getLogger("studio.requests")
    handlers, levels = list(root.handlers), [logger.level for logger in (root, studio, requests)]
    yield
    root.handlers[:] = handlers
    for logger, level in zip((root, studio, requests), levels, strict=True):
        logger.setLevel(level)


@pytest.fixture
def url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "cache"))
    studio = Studio(Settings(data_dir=tmp_path / "data"), backends=lambda _: FakeBackend())
    with serving(build_app(studio)) as address:
        yield address
    studio.library.close()


def test_a_line_of_json_for_each_request_with_the_id_of_its_answer(url: str) -> None:
    log = io.StringIO()
    configure_logging(log)
    answer = httpx.get(f"{url}/files/{'0' * 64}", params={"secret": "query"})
    share = httpx.get(f"{url}/s/{'t' * 43}/0.webp")
    httpx.get(f"{url}/healthz")

    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    requests = [line for line in lines if line["logger"] == "studio.requests"]
    assert [(line["method"], line["path"], line["status"]) for line in requests] == [
        ("GET", f"/files/{'0' * 64}", 404),
        ("GET", "/s/*/0.webp", 404),
    ]
    ids = [line["request_id"] for line in requests]
    assert ids == [answer.headers["x-request-id"], share.headers["x-request-id"]] and len(set(ids)) == 2
    assert all(line["level"] == "INFO" and line["timestamp"] and line["milliseconds"] >= 0 for line in requests)
    assert "secret" not in log.getvalue() and "t" * 43 not in log.getvalue()


def test_prompts_are_not_written_down(url: str) -> None:
    log = io.StringIO()
    configure_logging(log)
    for function in functions(url):
        if function["api_name"] in ("generate", "on_preview", "on_find"):
            inputs = ["a hushhush mug"] * (1 if function["api_name"] == "generate" else len(function["inputs"]))
            call(url, [(function["id"], inputs)], session=function["api_name"])

    assert '"POST /gradio_api/queue/join 200"' in log.getvalue()
    assert "hushhush" not in log.getvalue()


def test_a_person_is_told_what_matters_in_plain_lines(url: str) -> None:
    log = Terminal()
    configure_logging(log)
    httpx.get(f"{url}/files/{'0' * 64}")
    logging.getLogger("studio.engine").info("refused: a weapon")
    logging.getLogger("elsewhere").info("chatter")

    (line,) = log.getvalue().splitlines()
    assert line.endswith("INFO studio.engine: refused: a weapon")


def test_an_exception_is_one_line_of_json() -> None:
    log = io.StringIO()
    configure_logging(log)
    try:
        raise RuntimeError("broken")
    except RuntimeError:
        logging.getLogger("studio.ui").exception("unexpected error 1234")

    (line,) = log.getvalue().splitlines()
    said = json.loads(line)
    assert said["message"] == "unexpected error 1234" and "RuntimeError: broken" in said["exc_info"]
