import asyncio
from collections.abc import Collection

import httpx
import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient
from starlette.types import Message, Receive, Scope, Send

from studio.ui.own_site import OwnSite, host_name

METHODS = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "DELETE")


def client(names: Collection[str] | None = None, share_host: str | None = None) -> TestClient:
    app = Starlette(routes=[Route("/", lambda request: PlainTextResponse("yes"), methods=METHODS)])
    app.add_middleware(OwnSite, names=names, share_host=share_host)
    return TestClient(app)


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_others_may_look_but_change_nothing(site: str) -> None:
    answers = {method: client().request(method, "/", headers={"Sec-Fetch-Site": site}) for method in METHODS}

    assert {method: answer.status_code for method, answer in answers.items()} == {
        "GET": 200,
        "HEAD": 200,
        "OPTIONS": 200,
        "POST": 403,
        "PUT": 403,
        "DELETE": 403,
    }
    assert answers["POST"].text == "Another site can't send this to the studio."


@pytest.mark.parametrize("headers", [{}, {"Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Site": "none"}])
def test_the_page_itself_its_visitor_and_programs_go_on(headers: dict[str, str]) -> None:
    assert client().post("/", headers=headers).text == "yes"


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost", 200),
        ("localhost:7860", 200),
        ("LocalHost:7860", 200),
        ("[::1]:7860", 200),
        ("[::1]", 200),
        ("evil.example", 403),
        ("evil.example:7860", 403),
        ("localhost.evil.example", 403),
        ("evil-localhost", 403),
        ("[::1", 403),
        ("", 403),
    ],
)
def test_where_names_are_known_others_are_refused(host: str, status: int) -> None:
    answer = client({"localhost", "::1"}).get("/", headers={"Host": host})

    assert answer.status_code == status
    assert status == 200 or "STUDIO_PUBLIC_HOST" in answer.text


def test_where_they_are_not_known_any_is_answered() -> None:
    assert client().get("/", headers={"Host": "evil.example"}).status_code == 200


@pytest.mark.parametrize("host", ["shares.example.com", "shares.example.com.", "SHARES.example.com:443"])
def test_under_the_name_of_the_shares_there_is_nothing_else(host: str) -> None:
    assert client(share_host="shares.example.com").get("/", headers={"Host": host}).status_code == 404


def test_names_are_compared_as_browsers_write_them() -> None:
    assert host_name("Bücher.example:443") == host_name("xn--bcher-kva.example") == "xn--bcher-kva.example"


def test_what_is_refused_is_not_read() -> None:
    async def reading(scope: Scope, receive: Receive, send: Send) -> None:
        raise AssertionError("it was passed on")

    async def receive() -> Message:
        raise AssertionError("it was read")

    answers: list[Message] = []

    async def send(message: Message) -> None:
        answers.append(message)

    headers = [(b"sec-fetch-site", b"cross-site")]
    scope: Scope = {"type": "http", "method": "POST", "path": "/gradio_api/upload", "headers": headers}
    asyncio.run(OwnSite(reading)(scope, receive, send))

    assert answers[0]["status"] == httpx.codes.FORBIDDEN


def test_what_is_not_http_passes() -> None:
    passed: list[str] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        passed.append(scope["type"])

    async def nothing(*_: object) -> Message:
        return {}

    for kind in ("lifespan", "websocket"):
        asyncio.run(OwnSite(app, names=())({"type": kind, "path": "/", "headers": []}, nothing, nothing))  # type: ignore[arg-type]
    assert passed == ["lifespan", "websocket"]
