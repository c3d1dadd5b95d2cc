"""The endpoint `/campaign`, which scripts call.

Gradio reads the types of the results from the function itself, so annotations are not postponed in this file.
"""
# Gradio is typed in part.
# pyright: reportUnknownMemberType=false, reportPrivateImportUsage=false

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import gradio as gr

from studio.campaign.advert import Words
from studio.campaign.channels import load_channels
from studio.campaign.copywriting import Language
from studio.errors import InputError, StudioError
from studio.ui.advert_files import archive
from studio.ui.advert_request import AdvertRequest, keep_table
from studio.ui.advert_runs import Runs
from studio.ui.api import ImageFile
from studio.ui.errors import plain_words
from studio.ui.served import uploaded, uploaded_file

#: What is said of each advert; the ZIP's manifest has recipe and checks as well.
_FACTS = ("file", "sha256", "sku", "channel", "width", "height", "status", "problems")


def campaign_endpoint(page: gr.Blocks, runs: Runs) -> Callable[..., tuple[dict[str, Any], dict[str, Any]]]:
    """The function behind `/campaign`."""

    def campaign(
        description: str = "",
        image: ImageFile | None = None,
        table: ImageFile | None = None,
        name: str = "",
        headline: str = "",
        subline: str = "",
        cta: str = "",
        price: str = "",
        disclaimer: str = "",
        language: str = "en",
        languages: list[Language] | None = None,
        tones: list[str] | None = None,
        audience: str = "everyone",
        scenes: list[str] | None = None,
        channels: list[str] | None = None,
        layouts: list[str] | None = None,
        seed: int = 1,
        variants: int = 1,
        brand: str = "",
        concepts_in_listings: bool = False,
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Make finished adverts of a product for every channel.

        The product is a `description`, or an `image` of it, or a `table` of products (CSV with the columns sku, name,
        description, headline, subline, cta, price). Without a `headline` the words are written, in `languages` (en, zh,
        de), `tones` (plain, warm, bold, elegant, playful) and for an `audience`, and what else is given goes with them;
        `language` is that of the headline. `channels` and `layouts` are names, by default six channels and the first
        layout that suits; `scenes` and `variants` draw the product several times, variant i with seed `seed + i`.
        `brand` names a brand kit.

        What was made for the same request before isn't made again. Returns a ZIP with the files, a folder a channel,
        manifest.csv, manifest.json and a report; and {"adverts": [{"file", "sha256", "sku", "channel", "width",
        "height", "status", "problems"}], "failed"}.
        """
        with plain_words():
            studio = runs.studio
            given = [each for each in (description.strip(), image, table) if each]
            if len(given) != 1:
                raise InputError("The product is given in one way.", "Send a description, an image or a table.")
            # Without a headline the rest goes with what is written, in all languages.
            said = Words(headline=headline.strip(), subline=subline, cta=cta, price=price, disclaimer=disclaimer)
            if table and said.by_role:
                raise InputError("The words of a table's products stand in it.", "Put these into its columns.")
            spoken = (language,) if headline.strip() else tuple(languages or ("en",))
            request = AdvertRequest(
                source="words" if image is None and table is None else "table" if image is None else "pictures",
                name=name,
                description=description,
                pictures=() if image is None else (studio.keep(uploaded(image)),),
                table="" if table is None else keep_table(studio, [_table(table)]),
                words=tuple(replace(said, language=each) for each in spoken) if said.by_role else (),
                languages=tuple(languages or ("en",)),
                tones=tuple(tones or ("plain",)),
                audience=audience,
                scenes=tuple(scenes or ()),
                channels=tuple(channels or load_channels(studio.settings.prompts_dir).standard),
                layouts=tuple(layouts or ()),
                seed=seed,
                variants=variants,
                brand=brand,
                concepts_in_listings=concepts_in_listings,
            )
            run = runs.start(request)
            run.ended.wait()
            if run.state == "failed":
                raise StudioError(run.problem)
            if request.source != "table" and not any(row.file for row in run.rows):
                raise InputError("; ".join(dict.fromkeys(problem for row in run.rows for problem in row.problems)))
            path = str(archive(run))
            # What components put out is deleted after a day, but this file passes through none.
            page.upload_file_set.add(path)
            told = [{fact: getattr(row, fact) for fact in _FACTS} for row in run.rows]
            failed = sum(row.status == "failed" for row in run.rows)
        return _file(path), {"adverts": told, "failed": failed}

    return campaign


def _table(file: object) -> Path:
    path = uploaded_file(file)
    if path.suffix.lower() != ".csv":
        raise InputError("The table is no CSV.", "Save it as “CSV UTF-8”.")
    return path


def _file(path: str) -> dict[str, Any]:
    return {"path": path, "mime_type": "application/zip", "meta": {"_type": "gradio.FileData"}}
