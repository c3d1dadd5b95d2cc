"""The files of a campaign, as the page shows them and people take them away."""

from __future__ import annotations

import secrets
import shutil
import zipfile
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, HTTPException
from fastapi import Path as InPath
from fastapi.responses import FileResponse, Response
from gradio.utils import get_upload_folder
from PIL import Image

from studio import imaging
from studio.campaign.manifest import CSV_NAME, JSON_NAME, Journal
from studio.campaign.report import REPORT_NAME, write_report
from studio.errors import InputError
from studio.ui.advert_request import CAMPAIGNS
from studio.ui.advert_runs import Run, journal_of

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
    """A ZIP of a campaign's adverts with manifest and report; of some `files` of them, or all. Raises InputError."""
    written = journal_of(run.folder)
    rows = [written.get((row.file, row.sku, row.channel), row) for row in run.rows]
    if files is not None:
        wanted = set(files)
        rows = [row for row in rows if row.file in wanted]
    if not any(row.file for row in rows):
        raise InputError("There is no advert yet.", "Make some first.")
    folder = Path(mkdtemp(prefix="adverts"))
    try:
        journal = Journal(folder)
        for row in rows:
            journal.add(row)
        journal.write()
        write_report(folder / REPORT_NAME, journal.rows(), title=run.title)
        journal.close()
        kept = Path(get_upload_folder()) / f"{run.number}{secrets.token_hex(4)}"
        kept.mkdir(parents=True, exist_ok=True)
        out = kept / ("adverts.zip" if files is None else "winners.zip")
        with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as packed:  # pictures don't compress further
            for row in rows:
                if row.file and (run.folder / row.file).is_file():
                    packed.write(run.folder / row.file, row.file)
            for name in (CSV_NAME, JSON_NAME, REPORT_NAME):
                packed.write(folder / name, name)
        return out
    finally:
        shutil.rmtree(folder, ignore_errors=True)
