import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.types import Message, Receive, Scope, Send

from studio.ui.stream_order import DATA, JOIN, StreamOrder

GRACE = 0.3


async def answering(scope: Scope, receive: Receive, send: Send) -> None:
    """Reads the request and answers at once."""
    await receive()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b""})


async def request(app: StreamOrder, path: str, *, query: str = "", body: bytes = b"") -> float:
    """Seconds until the answer starts."""
    begun = asyncio.get_running_loop().time()
    started: list[float] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        started.append(asyncio.get_running_loop().time() - begun)

    await app({"type": "http", "path": path, "query_string": query.encode()}, receive, send)
    return started[0]


def join(app: StreamOrder, session: str) -> Awaitable[float]:
    return request(app, JOIN, body=json.dumps({"session_hash": session}).encode())


def run(steps: Callable[[StreamOrder], Awaitable[Any]]) -> Any:
    async def running() -> Any:
        return await steps(StreamOrder(answering, grace=GRACE))

    return asyncio.run(running())


def test_a_job_is_accepted_after_the_end_of_the_old_stream_arrived() -> None:
    async def steps(app: StreamOrder) -> float:
        await request(app, DATA, query="session_hash=a")
        return await join(app, "a")

    assert run(steps) >= GRACE * 0.99


def test_an_end_that_comes_while_the_job_is_being_accepted_counts() -> None:
    async def steps(app: StreamOrder) -> float:
        joining = asyncio.ensure_future(join(app, "a"))
        await asyncio.sleep(GRACE / 30)
        await request(app, DATA, query="session_hash=a")
        return await joining

    assert run(steps) >= GRACE * 0.99


def test_other_sessions_and_later_jobs_do_not_wait() -> None:
    async def steps(app: StreamOrder) -> tuple[float, float, float]:
        await request(app, DATA, query="session_hash=a")
        other = await join(app, "b")
        broken = await request(app, JOIN, body=b"no json")
        await asyncio.sleep(GRACE)
        return other, broken, await join(app, "a")

    assert max(run(steps)) < GRACE * 0.9


def test_other_routes_do_not_wait() -> None:
    async def steps(app: StreamOrder) -> float:
        await request(app, DATA, query="session_hash=a")
        return await request(app, "/gradio_api/upload")

    assert run(steps) < GRACE / 10
