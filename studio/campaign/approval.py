"""Puts finished adverts into the library, where they are found again and shown to others by a link."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, cast

import studio
from studio import imaging, provenance
from studio.campaign.manifest import Row
from studio.errors import InputError
from studio.request import ADVERT, Origin, Recipe

if TYPE_CHECKING:
    from studio.service import Studio


def keep_advert(service: Studio, folder: Path, row: Row) -> str:
    """Keeps an advert of a campaign's folder; returns the hash of the library's file.

    That file is a PNG with the very pixels of the exported one, whose hash is in its recipe: who approves the one
    approves the other. What is kept already is not kept twice. Raises InputError where the file isn't what it was.
    """
    try:
        data = (folder / row.file).read_bytes()
    except OSError as error:
        raise InputError("This advert is not there any more.", "Make it again.") from error
    if hashlib.sha256(data).hexdigest() != row.sha256 or row.recipe is None:
        raise InputError(f"{row.file} was changed since it was made.", "Make it again.")
    image = imaging.decode(data)
    pixels_sha256 = imaging.pixels_sha256(image)
    known = service.library.with_pixels(pixels_sha256)
    if known is not None and known.kind == ADVERT:
        if known.deleted is not None:
            service.library.restore([known.sha256])
        return known.sha256
    recipe = _recipe(row, image.size, pixels_sha256)
    png = service.signer.sign(provenance.to_png(image, recipe), provenance.source_type(recipe))
    return service.library.add(png, recipe)[0]


def _recipe(row: Row, size: tuple[int, int], pixels_sha256: str) -> Recipe:
    made = row.recipe or {}
    picture = cast("Mapping[str, object]", made.get("picture") or {})
    words = cast("Mapping[str, str]", made.get("words") or {})
    seed = picture.get("seed")
    return Recipe(
        kind=ADVERT,
        prompt=words.get("headline") or row.sku,
        seed=seed if isinstance(seed, int) else 0,
        index=0,
        size=max(size),
        width=size[0],
        height=size[1],
        backend="adverts",
        model=str(picture.get("model") or ""),
        model_sha256=str(picture.get("model_sha256") or ""),
        parameters={"advert": dict(made), "channel": row.channel, "file": row.file, "file_sha256": row.sha256},
        pixels_sha256=pixels_sha256,
        versions={"studio": studio.__version__},
        created=datetime.now(UTC).isoformat(timespec="microseconds"),
        licence="",
        origin=cast("Origin", made.get("origin", "drawn")),
    )
