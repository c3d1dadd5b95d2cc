"""Keeps other web sites from using the studio through a visitor's browser."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse

if TYPE_CHECKING:
    from collections.abc import Collection

    from starlette.types import ASGIApp, Receive, Scope, Send

_HARMLESS = ("GET", "HEAD", "OPTIONS")
# How browsers call what comes from another site, or from another subdomain or port of this one (W3C Fetch Metadata).
# "same-origin" is the page itself and "none" the visitor's own doing; programs other than browsers send no such header.
_FOREIGN = ("cross-site", "same-site")


class OwnSite:
    """ASGI middleware: refuses with 403 what another site makes a browser send here.

    That is a request which changes something, since a form may post anywhere without asking; and, where the names of
    this site are known, any request under another name, since a site may let its own name point to this computer (DNS
    rebinding) and would then be the same site to the browser.
    """

    def __init__(self, app: ASGIApp, *, names: Collection[str] | None = None) -> None:
        """`names`: hosts without ports, in small letters; None where any may be right, as behind a proxy."""
        self._app = app
        self._names = names

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        problem = self._problem(scope["method"], Headers(scope=scope)) if scope["type"] == "http" else ""
        if problem:
            await PlainTextResponse(problem, status_code=403)(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    def _problem(self, method: str, headers: Headers) -> str:
        if self._names is not None and _name(headers.get("host", "")) not in self._names:
            return "This studio answers to this computer only. Behind a proxy, name the host in STUDIO_PUBLIC_HOST."
        if method not in _HARMLESS and headers.get("sec-fetch-site") in _FOREIGN:
            return "Another site can't send this to the studio."
        return ""


def _name(host: str) -> str:
    """The name in a Host header, without port and brackets; "" if there is none."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:  # unbalanced brackets
        return ""
