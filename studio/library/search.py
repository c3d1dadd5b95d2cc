"""What is looked for in the library, as a query."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import ColumnElement, Select, and_, func, or_, select

from studio.library.records import OWNER, ImageRecord, TagRecord


@dataclass(frozen=True, kw_only=True)
class Search:
    """Which images, and which page of them; what is left out doesn't matter.

    `words` are found anywhere in prompts, in what was read in them, and in tags, all of them, in any order. `colour`
    is a named one of the world. `since` and `until` are times in UTC without a zone. `trash` looks at what was
    deleted, and only there.
    """

    words: str = ""
    colour: str | None = None
    project: int | None = None
    starred: bool = False
    tag: str | None = None
    kind: str | None = None
    backend: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    trash: bool = False
    sort: Literal["newest", "oldest"] = "newest"
    offset: int = 0
    limit: int = 48


@dataclass(frozen=True, kw_only=True)
class Found:
    """One page of what was looked for, and how many there are on all pages."""

    images: Sequence[ImageRecord]
    total: int


def folded(text: str) -> str:
    """`text` as searches compare it: without case, without the difference between forms of one character."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def page_of(search: Search, viewer: str = OWNER, tags: Sequence[str] = ()) -> Select[Any]:
    """The records on the page that `search` asks for, in order; its words are also looked for in `tags`."""
    order = (ImageRecord.created, ImageRecord.index)
    ordered = order if search.sort == "oldest" else tuple(column.desc() for column in order)
    chosen = select(ImageRecord).where(ImageRecord.owner == viewer, _condition(search, viewer, tags))
    return chosen.order_by(*ordered).offset(search.offset).limit(search.limit)


def count_of(search: Search, viewer: str = OWNER, tags: Sequence[str] = ()) -> Select[Any]:
    """How many records there are on all pages."""
    chosen = select(func.count()).select_from(ImageRecord)
    return chosen.where(ImageRecord.owner == viewer, _condition(search, viewer, tags))


def all_of(search: Search, viewer: str = OWNER) -> Select[Any]:
    """The hashes of all images that `search` lets pass, in no order."""
    return select(ImageRecord.sha256).where(ImageRecord.owner == viewer, _condition(search, viewer, ()))


def among(search: Search, images: Sequence[str], viewer: str = OWNER) -> Select[Any]:
    """Those of `images` that `search` lets pass, in no order."""
    return select(ImageRecord.sha256).where(_named(images, viewer), _condition(search, viewer, ()))


def of(images: Sequence[str], viewer: str = OWNER) -> Select[Any]:
    """The records of `images`, in no order."""
    return select(ImageRecord).where(_named(images, viewer))


def _named(images: Sequence[str], viewer: str) -> ColumnElement[bool]:
    # With the bare column SQLite reads all of the index for searches, rather than look some hundred names up.
    return and_(ImageRecord.sha256.in_(images), func.coalesce(ImageRecord.owner, "") == viewer)


def _condition(search: Search, viewer: str, tags: Sequence[str]) -> ColumnElement[bool]:
    image = ImageRecord
    conditions: list[ColumnElement[bool]] = [image.deleted.is_not(None) if search.trash else image.deleted.is_(None)]
    for word in folded(search.words).split():
        said = image.words.contains(word, autoescape=True)
        if among := [tag for tag in tags if word in tag]:
            said = or_(said, image.sha256.in_(_tagged(viewer, among)))
        conditions.append(said)
    if search.colour is not None:
        conditions.append(image.colours.contains(f" {search.colour} ", autoescape=True))
    if search.project is not None:
        conditions.append(image.project_id == search.project)
    if search.starred:
        conditions.append(image.starred.is_(True))
    if search.tag is not None:
        conditions.append(image.sha256.in_(_tagged(viewer, [search.tag])))
    if search.kind is not None:
        conditions.append(image.kind == search.kind)
    if search.backend is not None:
        conditions.append(image.backend == search.backend)
    if search.since is not None:
        conditions.append(image.created >= search.since)
    if search.until is not None:
        conditions.append(image.created < search.until)
    return and_(*conditions)


def _tagged(viewer: str, tags: Sequence[str]) -> Select[Any]:
    return select(TagRecord.sha256).where(TagRecord.owner == viewer, TagRecord.tag.in_(tags))
