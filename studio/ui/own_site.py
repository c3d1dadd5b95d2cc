"""Keeps other web sites from using the studio through a visitor's browser."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse

if TYPE_CHECKING:
    from collections.abc import Collection

    from starlette.types import ASGIApp, Receive, Scope, Send

#: Where share links lead.
SHARES = "/s/"

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

    def __init__(self, app: ASGIApp, *, names: Collection[str] | None = None, share_host: str | None = None) -> None:
        """`names`: hosts without ports, in small letters; None where any may be right, as behind a proxy.

        `share_host` is the name under which strangers reach share links: there is nothing else under it.
        """
        self._app = app
        self._names = names
        self._share_host = share_host

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope) if scope["type"] in ("http", "websocket") else None
        if headers is not None and self._is_hidden(scope["path"], headers):
            await PlainTextResponse("There is nothing here.", status_code=404)(scope, receive, send)
            return
        problem = self._problem(scope["method"], headers) if headers is not None and "method" in scope else ""
        if problem:
            await PlainTextResponse(problem, status_code=403)(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    def _is_hidden(self, path: str, headers: Headers) -> bool:
        return host_name(headers.get("host", "")) == self._share_host and not path.startswith(SHARES)

    def _problem(self, method: str, headers: Headers) -> str:
        host = host_name(headers.get("host", ""))
        if self._names is not None and host not in (*self._names, self._share_host):
            return "This studio answers to this computer only. Behind a proxy, name the host in STUDIO_PUBLIC_HOST."
        if method not in _HARMLESS and headers.get("sec-fetch-site") in _FOREIGN:
            return "Another site can't send this to the studio."
        return ""


def host_name(host: str) -> str:
    """The name in a Host header as browsers write it, without port, brackets and a last dot; "" if there is none."""
    try:
        name = (urlsplit(f"//{host}").hostname or "").rstrip(".")
    except ValueError:  # unbalanced brackets
        return ""
    try:
        return name.encode("idna").decode()
    except UnicodeError:  # no name of a host
        return name
