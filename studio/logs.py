"""What the server writes down: one JSON object a line where a program reads it, plain lines for a person's terminal.

No prompts, no addresses of visitors, no tokens of links.
"""

from __future__ import annotations

import logging
import re
import time
from typing import TYPE_CHECKING, TextIO

from asgi_correlation_id import CorrelationIdFilter
from pythonjsonlogger.json import JsonFormatter

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

logger = logging.getLogger("studio.requests")

_FIELDS = "%(asctime)s %(levelname)s %(name)s %(correlation_id)s %(message)s"
_LINE = "%(asctime)s %(levelname)s %(name)s: %(message)s"
#: The secret in the address of a share link.
_TOKEN = re.compile("^/s/[^/]+")
#: What an open page asks for by itself, all the time.
_CHATTER = ("/assets/", "/static/", "/gradio_api/heartbeat/", "/healthz")


def configure_logging(stream: TextIO) -> None:
    """Sets up the log of this process on `stream`.

    Every line of JSON has `timestamp`, `level`, `logger`, `message`, and the `request_id` that the answer had in its
    X-Request-ID header. A person at a terminal isn't told of every request.
    """
    handler = logging.StreamHandler(stream)
    handler.addFilter(CorrelationIdFilter())
    if stream.isatty():
        handler.setFormatter(logging.Formatter(_LINE))
        logger.setLevel(logging.WARNING)
    else:
        names = {"asctime": "timestamp", "levelname": "level", "name": "logger", "correlation_id": "request_id"}
        handler.setFormatter(JsonFormatter(_FIELDS, rename_fields=names))
    logging.basicConfig(handlers=[handler], force=True)
    logging.getLogger("studio").setLevel(logging.INFO)  # also what is no problem, such as what was refused


class RequestLog:
    """ASGI middleware: a line for each request, once it was answered, without query, address and token."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith(_CHATTER):
            await self._app(scope, receive, send)
            return
        began, status = time.perf_counter(), 500

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, sending)
        finally:
            path = _TOKEN.sub("/s/*", scope["path"])
            taken = round(1000 * (time.perf_counter() - began), 1)
            fields = {"method": scope["method"], "path": path, "status": status, "milliseconds": taken}
            logger.info("%s %s %d", scope["method"], path, status, extra=fields)
