"""Keeps jobs from getting lost between the page and its event stream."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

JOIN = "/gradio_api/queue/join"
DATA = "/gradio_api/queue/data"


class StreamOrder:
    """ASGI middleware: the news that a stream is over reaches the browser before the acceptance of the next job.

    The server ends a page's event stream when its last job is done, and the page opens another one for its next job,
    unless it believes that the old one is still open. So where the answer to a new job overtakes the end of the old
    stream, nobody listens: the job's pictures never show, and the page takes no further job of that kind. It happens
    when somebody presses Generate just as a preview ends.
    """

    def __init__(self, app: ASGIApp, *, grace: float = 0.1) -> None:
        """`grace`: seconds within which the end of a stream surely reaches the browser."""
        self._app = app
        self._grace = grace
        self._ended: dict[str, float] = {}  # session -> when its last stream ended; the last `grace` seconds only

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"] if scope["type"] == "http" else ""
        if path == DATA:
            await self._stream(scope, receive, send)
        elif path == JOIN:
            await self._join(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _stream(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)
        now = asyncio.get_running_loop().time()
        self._ended = {session: ended for session, ended in self._ended.items() if now - ended < self._grace}
        for session in parse_qs(scope["query_string"].decode("latin-1")).get("session_hash", []):
            self._ended[session] = now

    async def _join(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = bytearray()

        async def reading() -> Message:
            message = await receive()
            body.extend(message.get("body", b""))
            return message

        async def answering(message: Message) -> None:
            if message["type"] == "http.response.start":
                await asyncio.sleep(self._grace / 10)  # an end that is already decided gets recorded
                ended = self._ended.get(_session(bytes(body)))
                if ended is not None:
                    await asyncio.sleep(ended + self._grace - asyncio.get_running_loop().time())
            await send(message)

        await self._app(scope, reading, answering)


def _session(body: bytes) -> str:
    try:
        return str(json.loads(body)["session_hash"])
    except (ValueError, KeyError, TypeError):
        return ""
