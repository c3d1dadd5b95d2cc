"""The adverts that somebody picked: packed for whoever places them, or kept in the library, where links show them."""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
import tempfile
from collections.abc import Sequence
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import studio as package
from studio import imaging, provenance
from studio.campaign.export import pack
from studio.campaign.manifest import JOURNAL, JSON_NAME, Journal, Row, is_finished, rows_of
from studio.campaign.report import REPORT_NAME, write_report
from studio.errors import InputError, StudioError
from studio.request import ADVERT, Origin, Recipe

if TYPE_CHECKING:
    from studio.service import Studio


def rows_in(folder: Path) -> list[Row]:
    """The rows of a campaign's folder, which may have been stopped: then of what was made twice the last. Raises
    InputError where there is no campaign."""
    found: dict[tuple[str, ...], Row] = {}
    if not is_finished(folder):
        with suppress(OSError), (folder / JOURNAL).open(encoding="utf-8") as lines:
            for line in lines:
                with suppress(ValueError, TypeError):  # a stop in the middle of a row
                    row = Row.from_json(line)
                    found.pop((row.key,), None)  # it failed before
                    found[(row.file, row.sku, row.channel) if row.file or not row.key else (row.key,)] = row
    if found:
        return list(found.values())
    try:
        return rows_of((folder / JSON_NAME).read_text(encoding="utf-8"))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"There is no campaign in {folder}.", "Name the folder that one was made in.") from error


def export_winners(folder: Path, files: Sequence[str], out: Path) -> None:
    """Writes a ZIP with these adverts of a campaign, byte by byte, and a manifest and a report of them alone.

    Raises InputError for files that aren't the campaign's, StudioError where the ZIP can't be written.
    """
    chosen = _chosen(folder, files)
    part = out.with_name(f"{out.name}.{secrets.token_hex(6)}.partial")
    try:
        with tempfile.TemporaryDirectory() as name:
            staged = Path(name)
            for row in chosen:
                (staged / row.file).parent.mkdir(exist_ok=True)
                shutil.copyfile(folder / row.file, staged / row.file)
            with closing(Journal(staged)) as journal:
                for row in chosen:
                    journal.add(row)
                journal.write()
            write_report(staged / REPORT_NAME, chosen, title="Chosen adverts")
            pack(staged, [row.file for row in chosen], part)
        os.replace(part, out)
    except OSError as error:
        raise StudioError(f"{out} can't be written: {error.strerror}.", "Make room, or name another.") from error
    finally:
        part.unlink(missing_ok=True)


def keep_winners(studio: Studio, folder: Path, files: Sequence[str]) -> list[str]:
    """Keeps adverts in the library, so that they can be shown by a link; returns the hashes of the files.

    The library keeps a PNG of the same pixels, with the recipe, and the exported file itself beside it: that is what
    links show and what an approval is one of. What it has already is not kept twice. Raises InputError for a file that
    was changed.
    """
    kept: list[str] = []
    for row in _chosen(folder, files):
        exported = (folder / row.file).read_bytes()
        if hashlib.sha256(exported).hexdigest() != row.sha256:
            raise InputError(f"{row.file} was changed since it was made.", "Make it again.")
        image = imaging.decode(exported)
        pixels_sha256 = imaging.pixels_sha256(image)
        known = studio.library.with_pixels(pixels_sha256)
        if known is not None and known.kind == ADVERT:
            if known.deleted is not None:
                studio.library.restore([known.sha256])
            sha256 = known.sha256
        else:
            recipe = _recipe(row, pixels_sha256, image.size)
            data = studio.signer.sign(provenance.to_png(image, recipe), provenance.source_type(recipe))
            sha256, _ = studio.library.add(data, recipe)
        kept.append(studio.library.add_export(sha256, exported, row.file))
    return kept


def _chosen(folder: Path, files: Sequence[str]) -> list[Row]:
    """The rows of these files, in the campaign's order."""
    rows = [row for row in rows_in(folder) if row.file in set(files)]
    if not files:
        raise InputError("No advert is chosen.", "Choose some of those that the campaign made.")
    missing = set(files) - {row.file for row in rows if (folder / row.file).is_file()}
    if missing:
        raise InputError(f"The campaign has no such advert: {min(missing)}.", "Choose among those that it made.")
    return rows


def _recipe(row: Row, pixels_sha256: str, size: tuple[int, int]) -> Recipe:
    made = row.recipe or {}
    words = made.get("words")
    headline = words.get("headline", "") if isinstance(words, dict) else ""  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    said = made.get("origin")
    origin: Origin = "photo" if said == "photo" else "altered" if said == "altered" else "drawn"
    return Recipe(
        kind=ADVERT,
        prompt=str(headline or row.sku),  # pyright: ignore[reportUnknownArgumentType]
        seed=0,
        index=0,
        size=max(size),
        width=size[0],
        height=size[1],
        backend="campaign",
        model="adverts",
        model_sha256="",
        parameters={
            "file": row.file,
            "sha256": row.sha256,
            "sku": row.sku,
            "channel": row.channel,
            "advert": dict(made),
        },
        pixels_sha256=pixels_sha256,
        versions={"studio": package.__version__},
        created=datetime.now(UTC).isoformat(timespec="microseconds"),
        licence="",
        origin=origin,
    )
