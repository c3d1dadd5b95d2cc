"""The web server: mounts the page, serves what the library keeps, says that it is well."""

from __future__ import annotations

import errno
import logging
import secrets
import socket
import sys
import threading
import time
import webbrowser
from collections.abc import Collection
from ipaddress import ip_address
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

from asgi_correlation_id import CorrelationIdMiddleware
from fastapi import FastAPI, HTTPException, Path
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import FileResponse, Response

from studio.errors import StudioError
from studio.logs import RequestLog, configure_logging

if TYPE_CHECKING:
    from studio.service import Studio
    from studio.settings import Settings

logger = logging.getLogger(__name__)

#: How often the library is asked whether it is time to tidy up.
TIDY_SECONDS = 3600

#: How many ports are tried from the one that was asked for.
PORTS = 100

#: What a body may have besides its file: multipart headers, or the JSON of a request.
_BODY_OVERHEAD = 2**20

#: Pixels along the longer side of a picture in the library's grid.
THUMB = 320

#: A file with the hash of its content for a name never changes.
_KEPT = {"X-Content-Type-Options": "nosniff", "Cache-Control": "private, max-age=31536000, immutable"}

Sha256 = Annotated[str, Path(pattern="^[0-9a-f]{64}$")]


def create_app(studio: Studio, *, names: Collection[str] | None = None) -> FastAPI:
    """The whole application over `studio`. Builds without loading the model.

    `names`: the only hosts under which it may be asked for, as `names_of` gives them; None is any.
    """
    import gradio as gr

    from studio.ui.advert_files import advert_routes
    from studio.ui.own_site import OwnSite, host_name
    from studio.ui.page import SCRIPT, STYLE, build_page, theme
    from studio.ui.served import small_webp
    from studio.ui.share_page import share_routes
    from studio.ui.stream_order import StreamOrder

    limit = studio.settings.max_upload_bytes
    app = FastAPI(
        title="Product image studio",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        max_body_size=limit + _BODY_OVERHEAD,
    )
    # No other site may read what this one answers. Gradio leaves CORS alone where its parent handles it; by itself it
    # would reflect any origin, with credentials.
    app.add_middleware(CORSMiddleware, allow_origins=[])
    app.add_middleware(StreamOrder)
    share_url = studio.settings.share_url
    app.add_middleware(OwnSite, names=names, share_host=host_name(urlsplit(share_url).netloc) if share_url else None)
    app.add_middleware(RequestLog)
    app.add_middleware(CorrelationIdMiddleware)  # the last one is the first to see a request

    @app.get("/healthz")
    def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @app.get("/files/{sha256}")
    def file(sha256: Sha256) -> FileResponse:
        path = studio.file(sha256)
        if path is None:
            raise HTTPException(404, "There is no such image.")
        return FileResponse(path, media_type="image/png", headers=_KEPT)

    @app.get("/files/{sha256}/public")
    def public_file(sha256: Sha256) -> Response:
        path = studio.file(sha256)
        if path is None:
            raise HTTPException(404, "There is no such image.")
        name = {"Content-Disposition": f'attachment; filename="{sha256[:12]}.png"'}
        return Response(studio.public_png(path), media_type="image/png", headers=_KEPT | name)

    @app.get("/thumbs/{sha256}")
    def thumb(sha256: Sha256) -> Response:
        path = studio.file(sha256)
        if path is None:
            raise HTTPException(404, "There is no such image.")
        return Response(small_webp(path, THUMB), media_type="image/webp", headers=_KEPT)

    app.include_router(share_routes(studio))
    if not studio.settings.open_to_all:
        app.include_router(advert_routes(studio))
    page = build_page(studio)
    gr.mount_gradio_app(  # pyright: ignore[reportUnknownMemberType]
        app,
        page,
        path="/",
        theme=theme(),
        css_paths=[STYLE],
        js=SCRIPT.read_text(encoding="utf-8"),
        footer_links=["api"],
        run_history=False,
        allowed_paths=[],
        show_error=False,
        max_file_size=limit,
        enable_monitoring=False,
        mcp_server=False,
        ssr_mode=False,
        pwa=False,
    )
    # Mounting leaves this unset, and while it is, Gradio doesn't check the paths of input files: any file of this
    # machine could be read through the page.
    page.has_launched = True
    return app


def serve(
    settings: Settings, host: str = "127.0.0.1", port: int = 7860, open_browser: bool = True, share: bool = False
) -> None:
    """Runs the studio until it is interrupted, on `port` or the next one that is free.

    Raises StudioError where no port can be had, or the share link can't be made.
    """
    import uvicorn
    from rich.console import Console

    from studio.service import Studio

    configure_logging(sys.stderr)
    studio = Studio(settings)
    listening = listen(host, port)
    bound, port = listening.getsockname()[:2]
    app = create_app(studio, names=None if share else names_of(bound, host, settings.public_host))
    address = "127.0.0.1" if host in ("0.0.0.0", "::", "") else host
    url = f"http://{f'[{address}]' if ':' in address else address}:{port}"

    console = Console(stderr=True)
    console.print(f"The studio is open at [bold]{url}[/bold] (Ctrl+C closes it).")
    if share:
        console.print(f"Anyone with this link can use it, for a week: [bold]{_share(address, port)}[/bold]")
    threading.Thread(target=_warm, args=(studio,), daemon=True).start()
    threading.Thread(target=_keep_tidy, args=(studio,), daemon=True).start()
    if open_browser:  # the socket listens already: the browser waits for the server, and not the server for the browser
        threading.Thread(target=webbrowser.open, args=(url,), daemon=True).start()
    # An open page keeps a connection that never ends: closing does not wait for it.
    config = uvicorn.Config(app, log_level="warning", log_config=None, timeout_graceful_shutdown=1)
    uvicorn.Server(config).run(sockets=[listening])


def listen(host: str, port: int) -> socket.socket:
    """A listening socket on `port` or the first free one after it. Raises StudioError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    last = min(port + PORTS, 65536) - 1
    for candidate in range(port, last + 1):
        try:
            listening = socket.create_server((host, candidate), family=family, backlog=128)
            # asyncio does so only for sockets of its own; without it each answer waits 40 ms for the delayed
            # acknowledgement of its first packet. Connections inherit it.
            listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return listening
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise StudioError(
                    f"Can't listen on {host}:{candidate}: {error.strerror}.", "Try another --host or --port."
                ) from error
    raise StudioError(f"All ports from {port} to {last} are busy.", "Name a free one with --port.")


def names_of(address: str, *others: str | None) -> Collection[str] | None:
    """The names under which a studio that listens on `address` (an IP address) may be asked for; None is any.

    A loopback address is reached from this computer only, so its names are known, but for `others`: what the user
    calls it, and the name under which a proxy on this computer passes requests on.
    """
    if not ip_address(address).is_loopback:
        return None
    return {"localhost", "127.0.0.1", "::1", address, *(name.lower() for name in others if name)}


def _warm(studio: Studio) -> None:
    try:
        studio.warm()
    except StudioError as error:  # the page says so too, and stays open
        logger.error("%s", error)


def _keep_tidy(studio: Studio) -> None:
    """For weeks on end: opening a library tidies it as well."""
    while True:
        time.sleep(TIDY_SECONDS)
        studio.tidy()


def _share(host: str, port: int) -> str:
    """A public link through Gradio's relay."""
    from gradio.networking import setup_tunnel

    try:
        return setup_tunnel(host, port, secrets.token_urlsafe(32), None, None)
    except Exception as error:  # whatever the network or the relay's program may raise
        raise StudioError("The share link can't be made.", "Check the network, or serve without --share.") from error
