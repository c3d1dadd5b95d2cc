"""The pages behind share links: plain HTML for strangers, without Gradio and without scripts."""

from __future__ import annotations

import base64
import hashlib
import logging
import os
import re
import threading
import zipfile
from collections.abc import Callable, Coroutine, Iterator, Mapping
from functools import lru_cache, partial
from ipaddress import ip_address, ip_network
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING, Annotated, Any
from urllib.parse import quote, unquote

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse, StreamingResponse
from fastapi.routing import APIRoute
from jinja2 import Environment, FileSystemLoader, select_autoescape
from markupsafe import Markup

from studio.errors import StudioError
from studio.library.shares import NoSuchShare, Shared, SharedImage, TooManyTries
from studio.request import GenerationRequest
from studio.ui import markup
from studio.ui.own_site import SHARES
from studio.ui.served import SMALL, small_webp

if TYPE_CHECKING:
    from studio.service import Studio

logger = logging.getLogger(__name__)

#: Longer side of what opens from the page where files may not be downloaded, in pixels.
LARGE = 1600
#: How long a visitor needn't type the password again.
UNLOCKED_SECONDS = 12 * 3600
#: What a visitor may send at once.
MAX_FORM_BYTES = 64 * 1024
#: How long a visitor waits for what is done for one at a time, before being told to come back.
WAIT_SECONDS = 2

_MEDIA = {".png": "image/png", ".jpg": "image/jpeg", ".webp": "image/webp"}

_COOKIE = "unlocked"
_AUTHOR = "author"
_HIDDEN = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-Robots-Tag": "noindex, nofollow, noarchive",
}

_STYLE = Markup((Path(__file__).parent / "share.css").read_text(encoding="utf-8"))
_STYLE_SHA256 = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_POLICY = (
    f"default-src 'none'; img-src 'self' data:; style-src 'sha256-{_STYLE_SHA256}'; form-action 'self';"
    " base-uri 'none'; frame-ancestors 'none'"
)

_pages = Environment(
    loader=FileSystemLoader(Path(__file__).parent), autoescape=select_autoescape(), trim_blocks=True, lstrip_blocks=True
)


class _Refused(Exception):
    """The visitor gets this answer instead."""

    def __init__(self, answer: Response) -> None:
        super().__init__()
        self.answer = answer


class _HiddenRoute(APIRoute):
    """Every answer of a share says that it is nobody else's business; refusals become pages."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handling(request: Request) -> Response:
            try:
                answer = _too_long() if _is_too_long(request) else await handle(request)
            except _Refused as refused:
                answer = refused.answer
            except StudioError:  # of the library, whose place is nobody's business
                logger.exception("a share could not be shown")
                answer = _page(503, "gone", problem="Something went wrong in the studio. Try again in a while.")
            for name, value in _HIDDEN.items():
                answer.headers.setdefault(name, value)
            return answer

        return handling


def share_routes(studio: Studio) -> APIRouter:
    """The routes under `/s/`. Each asks `Shares.open` whether the visitor may have what they ask for."""
    router = APIRouter(prefix=SHARES.rstrip("/"), route_class=_HiddenRoute)
    demo_running = threading.Lock()  # one visitor's image at a time: the owner's own come first
    packing = threading.Lock()  # and one archive, which may be large

    def opened(request: Request, token: str) -> Shared:
        """What the link shows; anything but the right link and password ends here."""
        try:
            shared = studio.shares.open(token, request.cookies.get(_COOKIE, ""))
        except NoSuchShare as error:
            raise _Refused(_page(404, "gone", problem=str(error))) from error
        if shared is None:
            raise _Refused(_page(401, "locked", token=token))
        return shared

    def given(image: SharedImage) -> bytes:
        """The file that a visitor gets: an exported one byte by byte, an image without prompt and settings. Raises
        OSError."""
        if not image.name:
            return studio.public_png(image.path)
        data = image.path.read_bytes()
        if hashlib.sha256(data).hexdigest() != image.sha256:
            raise OSError(f"{image.path} is damaged")
        return data

    def shown(request: Request, token: str, shared: Shared, status: int = 200, **said: object) -> Response:
        url = studio.settings.share_url or str(request.base_url).rstrip("/")
        about = request.query_params.get("about")
        if not said and not about:
            return _answer(status, _as_all_see_it(url, token, shared))
        author = unquote(request.cookies.get(_AUTHOR, ""))
        return _answer(status, _open(url, token, shared, said=said, author=author, about=about))

    @router.get("/{token}")
    def page(request: Request, token: str) -> Response:
        shared = opened(request, token)
        studio.shares.count_view(shared.share)
        return shown(request, token, shared)

    @router.head("/{token}")
    def head(request: Request, token: str) -> Response:
        opened(request, token)
        return Response()

    @router.post("/{token}")
    def unlock(request: Request, token: str, password: Annotated[str, Form()] = "") -> Response:
        try:
            proof = studio.shares.unlock(token, password, _address(request))
        except NoSuchShare as error:
            return _page(404, "gone", problem=str(error))
        except TooManyTries as error:
            return _page(429, "locked", token=token, problem=str(error))
        if proof is None:
            return _page(401, "locked", token=token, problem="This is not the password.")
        answer = RedirectResponse(f"{SHARES}{token}", 303)
        _set_cookie(request, answer, token, _COOKIE, proof, UNLOCKED_SECONDS)
        return answer

    @router.get("/{token}/all.zip")
    def everything(request: Request, token: str) -> Response:
        shared = opened(request, token)
        if not shared.share.download:
            raise _Refused(_nothing())
        if not packing.acquire(timeout=WAIT_SECONDS):
            raise _Refused(_busy())
        try:
            packed = _packed(shared, given)
        finally:
            packing.release()
        length = {"Content-Length": str(packed.seek(0, os.SEEK_END))}
        return StreamingResponse(
            _parts(packed), media_type="application/zip", headers=length | _attachment("images.zip")
        )

    @router.get("/{token}/{number}.png")
    @router.get("/{token}/{number}/file")
    def whole(request: Request, token: str, number: str) -> Response:
        shared = opened(request, token)
        if not shared.share.download:
            raise _Refused(_nothing())
        place, image = _at(shared, number)
        name = _file_name(place, image).rpartition("/")[2]
        how = _inline(name) if image.name else _attachment(name)
        return _read(lambda: given(image), _MEDIA[image.path.suffix], how)

    @router.get("/{token}/{number}.webp")
    def small(request: Request, token: str, number: str, large: bool = False) -> Response:
        _, image = _at(opened(request, token), number)
        return _read(lambda: small_webp(image.path, LARGE if large else SMALL), "image/webp")

    @router.post("/{token}/comments")
    def comment(
        request: Request,
        token: str,
        sha256: Annotated[str, Form()] = "",
        name: Annotated[str, Form()] = "",
        text: Annotated[str, Form()] = "",
        verdict: Annotated[str, Form()] = "",
    ) -> Response:
        shared = opened(request, token)
        try:
            studio.shares.comment(shared, sha256, name=name, text=text, verdict=verdict)
        except StudioError as error:
            said = {"sha256": sha256, "name": name, "text": text, "verdict": verdict, "problem": str(error)}
            return shown(request, token, shared, 400, **said)
        answer = RedirectResponse(f"{SHARES}{token}#image-{sha256[:12]}", 303)
        _set_cookie(request, answer, token, _AUTHOR, name.strip(), UNLOCKED_SECONDS)
        return answer

    @router.post("/{token}/demo")
    def demo(request: Request, token: str, prompt: Annotated[str, Form()] = "") -> Response:
        shared = opened(request, token)
        if not demo_running.acquire(timeout=WAIT_SECONDS):
            return shown(request, token, shared, 503, prompt=prompt, demo_problem="Many are trying it. Try again soon.")
        try:
            if not studio.shares.take_demo(shared.share):
                return shown(request, token, shared, 403, prompt=prompt, demo_problem="All pictures were drawn.")
            try:
                (drawn,) = studio.preview(GenerationRequest(prompt=prompt, count=1))
            except Exception as error:
                studio.shares.give_back_demo(shared.share)
                if not isinstance(error, StudioError):
                    logger.exception("a visitor's picture could not be drawn")
                words = str(error) if isinstance(error, StudioError) else "Something went wrong in the studio."
                return shown(request, token, shared, 400, prompt=prompt, demo_problem=words)
        finally:
            demo_running.release()
        shared = opened(request, token)  # with one less to draw
        return shown(request, token, shared, prompt=prompt, drawn=markup.data_url(drawn.image))

    return router


def _packed(shared: Shared, given: Callable[[SharedImage], bytes]) -> IO[bytes]:
    """All that a link shows, as one archive, in a file that is gone when nobody reads it. Raises StudioError."""
    try:
        file = TemporaryFile()
        with zipfile.ZipFile(file, "w") as archive:  # pictures don't compress further
            for place, image in enumerate(shared.images):
                name = _file_name(place, image)
                name = f"{place + 1:03d}-{name}" if name in archive.namelist() else name
                try:
                    data = given(image)
                except OSError:  # somebody deleted the file
                    continue
                archive.writestr(name, data)
    except OSError as error:
        raise StudioError(f"The archive can't be made: {error}.", "Make room for temporary files.") from error
    return file


def _parts(file: IO[bytes]) -> Iterator[bytes]:
    """The whole file, which is closed then."""
    with file:
        file.seek(0)
        yield from iter(partial(file.read, 2**18), b"")


def _page(status: int, state: str, **values: object) -> Response:
    """The page of a link that is "locked" by a password or "gone"."""
    return _answer(status, _pages.get_template("share.html").render(state=state, style=_STYLE, **values))


def _answer(status: int, text: str) -> Response:
    return HTMLResponse(text, status, headers={"Content-Security-Policy": _POLICY})


@lru_cache(maxsize=64)  # of 50 kB or less
def _as_all_see_it(url: str, token: str, shared: Shared) -> str:
    return _open(url, token, shared, said={})


def _open(url: str, token: str, shared: Shared, **values: object) -> str:
    """What an open link shows, on the studio that visitors reach at `url`."""
    # A card would show a picture to whoever sees the link in a chat, without the password.
    card = f"{url}{SHARES}{token}/0.webp" if shared.images and not shared.share.password_hash else None
    comments = _by_image(shared)
    return _pages.get_template("share.html").render(
        state="open",
        style=_STYLE,
        token=token,
        shared=shared,
        share=shared.share,
        card=card,
        comments=comments,
        **values,
    )


def _by_image(shared: Shared) -> Mapping[str, list[object]]:
    found: dict[str, list[object]] = {image.sha256: [] for image in shared.images}
    for comment in shared.comments:
        found.get(comment.sha256, []).append(comment)
    return found


def _at(shared: Shared, number: str) -> tuple[int, SharedImage]:
    """The place and the image of that number, of few digits: Python takes those of thousands for an attack."""
    if not re.fullmatch("[0-9]{1,6}", number) or int(number) >= len(shared.images):
        raise _Refused(_nothing())
    return int(number), shared.images[int(number)]


def _read(read: Callable[[], bytes], media_type: str, headers: Mapping[str, str] | None = None) -> Response:
    try:
        return Response(read(), media_type=media_type, headers=dict(headers or {}))
    except OSError:  # somebody deleted the file
        raise _Refused(_nothing()) from None


def _is_too_long(request: Request) -> bool:
    length = request.headers.get("content-length", "")
    return request.method == "POST" and not (length.isdigit() and int(length) <= MAX_FORM_BYTES)


def _too_long() -> Response:
    return Response("This is too long.", 413, media_type="text/plain")


def _busy() -> Response:
    return Response("Many are at it. Try again soon.", 503, media_type="text/plain")


def _nothing() -> Response:
    return Response("There is nothing here.", 404, media_type="text/plain")


def _file_name(place: int, image: SharedImage) -> str:
    return image.name or f"{place + 1:03d}-{image.sha256[:12]}.png"


def _attachment(name: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{name}"'}


def _inline(name: str) -> dict[str, str]:
    """For a file that the browser shows, under a name in any script (RFC 6266)."""
    return {"Content-Disposition": f"inline; filename*=UTF-8''{quote(name)}"}


def _set_cookie(request: Request, answer: Response, token: str, name: str, value: str, seconds: int) -> None:
    """For this share alone, and for no script."""
    answer.set_cookie(
        name,
        quote(value),
        max_age=seconds,
        path=f"{SHARES}{token}",
        httponly=True,
        secure=request.url.scheme == "https",
        samesite="lax",
    )


def _address(request: Request) -> str:
    """Where a visitor comes from; of IPv6 the network, since each subscriber has 2**64 addresses."""
    try:
        found = ip_address(request.client.host if request.client else "")
    except ValueError:
        return "unknown"
    return str(found if found.version == 4 else ip_network((found, 64), strict=False))
