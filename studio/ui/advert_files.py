"""The files of a campaign, as the page shows them and people take them away."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, HTTPException
from fastapi import Path as InPath
from fastapi.responses import FileResponse, Response
from gradio.utils import get_upload_folder
from PIL import Image

from studio import imaging
from studio.campaign.export import pack
from studio.campaign.winners import export_winners
from studio.errors import InputError
from studio.ui.advert_request import CAMPAIGNS
from studio.ui.advert_runs import Run

if TYPE_CHECKING:
    from studio.service import Studio

#: Pixels along the longer side of an advert in the grid.
SMALL = 420

_MEDIA = {".jpg": "image/jpeg", ".png": "image/png", ".webp": "image/webp"}
#: One that is made anew keeps its name: browsers ask for it by its hash as well.
_HEADERS = {"X-Content-Type-Options": "nosniff", "Cache-Control": "private, max-age=86400"}

_Number = Annotated[str, InPath(pattern="^[0-9a-f]{16}$")]
_Channel = Annotated[str, InPath(pattern="^[a-z0-9_]{1,64}$")]
_Name = Annotated[str, InPath(pattern=r"^[^/\\.\x00][^/\\\x00]{0,200}\.(jpg|png|webp)$")]


def advert_routes(studio: Studio) -> APIRouter:
    """The routes under `/adverts/`: finished adverts, whole and small."""
    router = APIRouter(prefix="/adverts")

    def found(number: str, channel: str, name: str) -> Path:
        path = studio.settings.data_dir / CAMPAIGNS / number / "adverts" / channel / name
        if not path.is_file():
            raise HTTPException(404, "There is no such advert.")
        return path

    @router.get("/{number}/{channel}/{name}")
    def whole(number: _Number, channel: _Channel, name: _Name) -> FileResponse:
        path = found(number, channel, name)
        return FileResponse(path, media_type=_MEDIA[path.suffix], headers=_HEADERS)

    @router.get("/{number}/{channel}/{name}/small")
    def small(number: _Number, channel: _Channel, name: _Name) -> Response:
        path = found(number, channel, name)
        return Response(_small(path, path.stat().st_mtime_ns), media_type="image/webp", headers=_HEADERS)

    return router


@lru_cache(maxsize=512)  # of 20 kB or so
def _small(path: Path, _changed: int) -> bytes:
    with Image.open(path, formats=imaging.FORMATS) as image:
        return imaging.to_webp(image, SMALL)


def archive(run: Run, files: Sequence[str] | None = None) -> Path:
    """A ZIP of a campaign's adverts with manifest and report; of some `files` of them, or all. Raises StudioError."""
    folder = Path(get_upload_folder()) / f"{run.number}{secrets.token_hex(4)}"
    folder.mkdir(parents=True, exist_ok=True)
    everything = [row.file for row in run.rows if row.file]
    if files is None and run.state == "done":  # its manifest has what could not be made as well
        pack(run.folder, everything, folder / "adverts.zip")
        return folder / "adverts.zip"
    if not everything:
        raise InputError("There is no advert yet.", "Make some first.")
    out = folder / ("adverts.zip" if files is None else "winners.zip")
    export_winners(run.folder, everything if files is None else files, out)
    return out
