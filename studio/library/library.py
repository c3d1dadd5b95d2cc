"""Everything that was made: kept, found again, put in order, deleted and brought back."""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Collection, Iterable, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import URL, delete, func, select, update
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from studio import imaging, provenance
from studio.errors import InputError, StudioError
from studio.library.database import open_database
from studio.library.files import ENDINGS, ContentFiles, is_sha256
from studio.library.records import (
    OWNER,
    ExportRecord,
    ImageRecord,
    ProjectRecord,
    RecipeRecord,
    ShareRecord,
    TagRecord,
    utc_now,
)
from studio.library.search import Found, Search, all_of, among, count_of, folded, of, page_of
from studio.request import ADVERT, PHOTO, Recipe

if TYPE_CHECKING:
    from collections.abc import Generator

logger = logging.getLogger(__name__)

TIDY_EVERY = 24 * 3600  # seconds
#: How long what was deleted can be brought back.
TRASH_DAYS = 30

MAX_NAME = 80  # characters of a project's name or a tag
#: So many are called near; further ones have little in common.
NEAREST = 240
#: So many rows are written or named at once.
_BATCH = 500
#: So many files are in memory at once.
_READ_AT_ONCE = 16


@dataclass(frozen=True, kw_only=True)
class Storage:
    """What the library takes up: numbers of images and bytes of their files."""

    images: int
    num_bytes: int
    trash_images: int
    trash_bytes: int


class _Kept(NamedTuple):
    """A file that is on the disk, its recipe, and its row among the images."""

    data: bytes
    recipe: Recipe
    record: dict[str, object]


class Library:
    """A folder with `library.db` and `files/AB/SHA256.png`. Several threads and processes may share it.

    Every method raises StudioError where the library can't be read or written. `viewer` is whose images are meant.
    """

    def __init__(self, folder: Path, *, database_url: str | None = None, files_url: str | None = None) -> None:
        """Opens the library, or makes an empty one; by default both parts are in `folder`."""
        self.folder = folder
        self.files = ContentFiles(files_url or str(folder / "files"))
        with self.plain_words():
            folder.mkdir(parents=True, exist_ok=True)
            self.database = open_database(database_url or URL.create("sqlite", database=str(folder / "library.db")))
        self.tidy()

    # Keeping

    def add(self, data: bytes, recipe: Recipe, viewer: str = OWNER) -> tuple[str, Path]:
        """Keeps a PNG and its recipe; returns the sha256 of the file and its path.

        The file is on the disk before its record is written, so a kill in between leaves a file without a record at
        worst; it gets one when the library is opened another day.
        """
        with self.plain_words():
            sha256 = self.files.write(data)
            self._record([_Kept(data, recipe, _record_of(sha256, data, recipe, viewer))])
        return sha256, self.files.path(sha256)

    def add_export(self, image: str, data: bytes, name: str, viewer: str = OWNER) -> str:
        """Keeps the very file that goes out for an image, byte by byte and as long as the image; returns its sha256.

        Links show it in the image's place. Raises InputError for an image that isn't there.
        """
        ending = name.rpartition(".")[2]
        if ending not in ENDINGS or self.image(image, viewer) is None:
            raise InputError(f"{name} can't be kept.", "Its image is not in the library any more.")
        with self.plain_words():
            sha256 = self.files.write(data, ending)
            with self.database.begin() as connection:
                record = _export_of(image, sha256, name, len(data))
                connection.execute(insert(ExportRecord).values(record).on_conflict_do_nothing())
        return sha256

    def path(self, sha256: str, viewer: str = OWNER) -> Path | None:
        """The file of an image that was kept, None for any other text or where it is gone."""
        known = select(ImageRecord.sha256).where(ImageRecord.sha256 == sha256, ImageRecord.owner == viewer)
        with self.plain_words(), Session(self.database) as session:
            if session.scalar(known) is None:
                return None
        path = self.files.path(sha256)
        return path if path.is_file() else None

    def image(self, sha256: str, viewer: str = OWNER) -> ImageRecord | None:
        """The record of one image, deleted or not."""
        with self.plain_words(), Session(self.database) as session:
            found = session.get(ImageRecord, sha256)
        return found if found and found.owner == viewer else None

    def recipe(self, sha256: str, viewer: str = OWNER) -> Recipe | None:
        """The recipe of one image."""
        own = (ImageRecord.sha256 == sha256) & (ImageRecord.owner == viewer)
        with self.plain_words(), Session(self.database) as session:
            found = session.scalar(select(RecipeRecord).join(ImageRecord).where(own))
        return Recipe(**found.recipe) if found else None

    def with_pixels(self, pixels_sha256: str, viewer: str = OWNER) -> ImageRecord | None:
        """The newest image that has just these pixels, deleted or not; None where there is none."""
        same = (ImageRecord.pixels_sha256 == pixels_sha256) & (ImageRecord.owner == viewer)
        with self.plain_words(), Session(self.database) as session:
            return session.scalar(select(ImageRecord).where(same).order_by(ImageRecord.created.desc()).limit(1))

    # Finding

    def find(self, search: Search, viewer: str = OWNER) -> Found:
        """One page of what is looked for, and how many there are."""
        tags = self.tags(viewer=viewer) if search.words else []
        with self.plain_words(), Session(self.database) as session:
            images = list(session.scalars(page_of(search, viewer, tags)))
            total = len(images)
            if search.offset or total == search.limit:  # there are others
                total = session.scalar(count_of(search, viewer, tags)) or 0
        return Found(images=images, total=total)

    def nearest(self, search: Search, ranked: Iterable[str], viewer: str = OWNER) -> Found:
        """Like `find`, of the images in `ranked`, in their order: no more than the first 240 that the search lets pass,
        and whatever their words."""
        wanted, ranked = replace(search, words=""), iter(ranked)
        first = list(islice(ranked, _BATCH))
        with self.plain_words(), Session(self.database) as session:
            kept = set(session.scalars(among(wanted, first, viewer)))
            passed = [sha256 for sha256 in first if sha256 in kept][:NEAREST]
            if len(passed) < NEAREST and len(first) == _BATCH:  # few pass: all of them are read at once
                kept = set(session.scalars(all_of(wanted, viewer)))
                passed += islice((sha256 for sha256 in ranked if sha256 in kept), NEAREST - len(passed))
            page = passed[search.offset : search.offset + search.limit]
            records = {record.sha256: record for record in session.scalars(of(page, viewer))}
        return Found(images=[records[each] for each in page if each in records], total=len(passed))

    def recent(self, count: int, viewer: str = OWNER) -> Sequence[ImageRecord]:
        """The newest records of what was made here, newest first."""
        made = page_of(Search(limit=count), viewer).where(ImageRecord.kind != PHOTO)
        with self.plain_words(), Session(self.database) as session:
            return list(session.scalars(made))

    def tags(self, sha256: str | None = None, viewer: str = OWNER) -> list[str]:
        """The tags of one image, or all that are in use, in alphabetical order."""
        chosen = select(TagRecord.tag).distinct().where(TagRecord.owner == viewer)
        if sha256 is not None:
            chosen = chosen.where(TagRecord.sha256 == sha256)
        with self.plain_words(), Session(self.database) as session:
            return list(session.scalars(chosen.order_by(TagRecord.tag)))

    def projects(self, viewer: str = OWNER) -> list[ProjectRecord]:
        """All projects, in alphabetical order."""
        with self.plain_words(), Session(self.database) as session:
            chosen = select(ProjectRecord).where(ProjectRecord.owner == viewer)
            return list(session.scalars(chosen.order_by(ProjectRecord.name)))

    def kinds(self, viewer: str = OWNER) -> list[tuple[str, str]]:
        """The kinds of images there are, each with a backend that made some."""
        columns = ImageRecord.kind, ImageRecord.backend
        with self.plain_words(), Session(self.database) as session:
            rows = session.execute(select(*columns).distinct().where(ImageRecord.owner == viewer).order_by(*columns))
            return [(kind, backend) for kind, backend in rows]

    def storage(self, viewer: str = OWNER) -> Storage:
        """How many images there are and how much room they take, in the trash and outside it."""
        deleted = ImageRecord.deleted.is_not(None)
        sums = (
            select(deleted, func.count(), func.coalesce(func.sum(ImageRecord.num_bytes), 0))
            .where(ImageRecord.owner == viewer)
            .group_by(deleted)
        )
        exported = (
            select(deleted, func.sum(ExportRecord.num_bytes))
            .join(ExportRecord, ExportRecord.image == ImageRecord.sha256)
            .where(ImageRecord.owner == viewer)
            .group_by(deleted)
        )
        with self.plain_words(), Session(self.database) as session:
            rows = {bool(trash): (count, size) for trash, count, size in session.execute(sums)}
            for trash, size in session.execute(exported):
                rows[bool(trash)] = rows[bool(trash)][0], rows[bool(trash)][1] + size
        (images, num_bytes), (trash_images, trash_bytes) = rows.get(False, (0, 0)), rows.get(True, (0, 0))
        return Storage(images=images, num_bytes=num_bytes, trash_images=trash_images, trash_bytes=trash_bytes)

    # Putting in order. Each takes the hashes of images; those that are nobody's or somebody else's are passed over.

    def star(self, images: Collection[str], starred: bool = True, viewer: str = OWNER) -> None:
        self._update(images, viewer, starred=starred)

    def move(self, images: Collection[str], project: int | None, viewer: str = OWNER) -> None:
        """Puts images into a project; None takes them out of theirs."""
        if project is not None and project not in {each.id for each in self.projects(viewer)}:
            raise InputError("There is no such project.", "Choose another, or make a new one.")
        self._update(images, viewer, project_id=project)

    def add_project(self, name: str, viewer: str = OWNER) -> int:
        """Makes a project, or finds the one that has this name; returns its id."""
        record = {"owner": viewer, "name": _name(name, "project"), "created": utc_now()}
        with self.plain_words(), self.database.begin() as connection:
            connection.execute(insert(ProjectRecord).values(record).on_conflict_do_nothing())
            same = (ProjectRecord.owner == viewer) & (ProjectRecord.name == record["name"])
            return int(connection.scalar(select(ProjectRecord.id).where(same)) or 0)

    def delete_project(self, project: int, viewer: str = OWNER) -> None:
        """Deletes a project, not its images."""
        with self.plain_words(), self.database.begin() as connection:
            chosen = (ProjectRecord.id == project) & (ProjectRecord.owner == viewer)
            connection.execute(delete(ProjectRecord).where(chosen))

    def tag(self, images: Collection[str], tag: str, viewer: str = OWNER) -> None:
        """Puts a tag on images."""
        tag = folded(_name(tag, "tag"))
        with self.plain_words(), self.database.begin() as connection:
            for some in _batches(images):
                own = select(ImageRecord.sha256).where(ImageRecord.sha256.in_(some), ImageRecord.owner == viewer)
                rows = [{"sha256": sha256, "tag": tag, "owner": viewer} for sha256 in connection.scalars(own)]
                if rows:
                    connection.execute(insert(TagRecord).values(rows).on_conflict_do_nothing())

    def untag(self, images: Collection[str], tag: str, viewer: str = OWNER) -> None:
        """Takes a tag off images."""
        with self.plain_words(), self.database.begin() as connection:
            own = (TagRecord.owner == viewer) & (TagRecord.tag == folded(tag))
            for some in _batches(images):
                connection.execute(delete(TagRecord).where(TagRecord.sha256.in_(some), own))

    # Deleting

    def delete(self, images: Collection[str], viewer: str = OWNER) -> int:
        """Puts images into the trash, where they can be brought back for 30 days; returns how many there were."""
        return self._update(images, viewer, deleted=utc_now())

    def restore(self, images: Collection[str], viewer: str = OWNER) -> int:
        """Brings images back from the trash; returns how many."""
        return self._update(images, viewer, deleted=None)

    def empty_trash(self, older_than: timedelta = timedelta(0), viewer: str = OWNER) -> int:
        """Deletes for good what was put into the trash so long ago; returns how many images.

        Files go before their records: a kill in between leaves a record in the trash, which the next time takes.
        """
        # All of it counts whatever the clock said when it was put there.
        trashed = ImageRecord.deleted <= utc_now() - older_than if older_than else ImageRecord.deleted.is_not(None)
        old = (ImageRecord.owner == viewer) & trashed
        with self.plain_words(), Session(self.database) as session:
            gone = list(session.scalars(select(ImageRecord.sha256).where(old)))
        with self.plain_words():
            for some in _batches(gone):
                with self.database.begin() as connection:
                    files = select(ExportRecord.image, ExportRecord.sha256, ExportRecord.ending)
                    exported = connection.execute(files.where(ExportRecord.image.in_(some))).all()
                    # Nobody brings one back while its file goes.
                    marked = delete(ImageRecord).where(ImageRecord.sha256.in_(some), old).returning(ImageRecord.sha256)
                    deleted = connection.scalars(marked).all()
                    for sha256 in deleted:
                        self.files.delete(sha256)
                    for image, sha256, ending in exported:
                        if image in deleted:
                            self.files.delete(sha256, ending)
        return len(gone)

    def wipe(self, viewer: str = OWNER) -> int:
        """Deletes images, projects, shares and all that was said of them for good; returns how many images."""
        own = ImageRecord.owner == viewer
        with self.plain_words(), self.database.begin() as connection:
            for record in (ShareRecord, ProjectRecord):
                connection.execute(delete(record).where(record.owner == viewer))
            connection.execute(update(ImageRecord).where(own, ImageRecord.deleted.is_(None)).values(deleted=utc_now()))
        return self.empty_trash(viewer=viewer)

    def close(self) -> None:
        self.database.dispose()

    def _update(self, images: Collection[str], viewer: str, **values: object) -> int:
        changed = 0
        with self.plain_words(), self.database.begin() as connection:
            for some in _batches(images):
                own = (ImageRecord.sha256.in_(some)) & (ImageRecord.owner == viewer)
                result = connection.execute(update(ImageRecord).where(own).values(values))
                changed += result.rowcount
        return changed

    def _record(self, images: Sequence[_Kept]) -> None:
        """Writes the records of files that are on the disk."""
        recipes = [{"sha256": image.record["sha256"], "recipe": asdict(image.recipe)} for image in images]
        with self.database.begin() as connection:
            connection.execute(insert(ImageRecord).values([image.record for image in images]).on_conflict_do_nothing())
            connection.execute(insert(RecipeRecord).values(recipes).on_conflict_do_nothing())
            exports = [export for image in images if (export := self._export_in(image)) is not None]
            if exports:
                connection.execute(insert(ExportRecord).values(exports).on_conflict_do_nothing())
            for image in images:  # one may have been in the trash, which was emptied in between
                if not self.files.exists(str(image.record["sha256"])):
                    self.files.write(image.data)

    def _export_in(self, image: _Kept) -> dict[str, object] | None:
        """The record of the exported file that an advert's recipe names, where it is here."""
        parameters = image.recipe.parameters
        sha256, name = str(parameters.get("sha256", "")), str(parameters.get("file", ""))
        ending = name.rpartition(".")[2]
        if image.recipe.kind != ADVERT or not is_sha256(sha256) or ending not in ENDINGS:
            return None
        try:
            return _export_of(str(image.record["sha256"]), sha256, name, self.files.size(sha256, ending))
        except OSError:
            return None

    def forget(self, older_than: timedelta, viewer: str = OWNER) -> int:
        """Deletes for good what was made so long ago, and all trash; returns how many images."""
        old = (ImageRecord.owner == viewer) & (ImageRecord.created < utc_now() - older_than)
        with self.plain_words(), self.database.begin() as connection:
            connection.execute(update(ImageRecord).where(old).values(deleted=utc_now()))
        return self.empty_trash(viewer=viewer)

    def tidy(self) -> None:
        """Deletes half-written files and old trash, and makes records of files that have none: once a day, and where
        there are no records at all. What can't be tidied can still be read and added to."""
        with suppress(OSError, SQLAlchemyError, StudioError):
            self._tidy()

    def _tidy(self) -> None:
        """Now, unless it was done lately.

        Those files are what a kill left between a file and its record, or all of them where the records were lost. It
        reads the name of every file, 100,000 of them in 256 folders, and opens the ones without a record.
        """
        tidied = self.folder / "tidied"
        lately = tidied.exists() and 0 <= time.time() - tidied.stat().st_mtime < TIDY_EVERY
        with Session(self.database) as session:
            if lately and session.scalar(select(ImageRecord.sha256).limit(1)):
                return
            known = set(session.scalars(select(ImageRecord.sha256)))
            known |= set(session.scalars(select(ExportRecord.sha256)))
        missing = sorted(set(self.files.hashes()) - known)
        for some in _batches(missing, _READ_AT_ONCE):
            readable = [found for sha256 in some if (found := self._read(sha256))]
            if readable:
                self._record(readable)
        if missing:
            logger.info("%d files had no record; those with a recipe have one now", len(missing))
        self.files.delete_partial()
        with Session(self.database) as session:
            self.files.delete_exported(set(session.scalars(select(ExportRecord.sha256))))
        self.empty_trash(timedelta(days=TRASH_DAYS))
        tidied.touch()

    def _read(self, sha256: str) -> _Kept | None:
        """A file without a record, and the one it should have; None for what the studio didn't make."""
        try:
            data = self.files.read(sha256)
            if hashlib.sha256(data).hexdigest() != sha256:
                logger.warning("%s is not the file that was kept under this name", sha256)
                return None
            recipe = provenance.read_recipe(data)
            return _Kept(data, recipe, _record_of(sha256, data, recipe, OWNER))
        except (OSError, InputError):
            return None

    @contextmanager
    def plain_words(self) -> Generator[None]:
        """Turns what the disk and the database may raise into a StudioError."""
        try:
            yield
        except (OSError, SQLAlchemyError) as error:
            cause = getattr(error, "orig", None) or error
            raise StudioError(
                f"The library in {self.folder} can't be used: {cause}.",
                "Make room or fix its permissions, or name another folder in STUDIO_DATA_DIR.",
            ) from error


def _record_of(sha256: str, data: bytes, recipe: Recipe, viewer: str) -> dict[str, object]:
    from studio.data.colour import names_seen

    image = imaging.decode(data)
    return {
        "sha256": sha256,
        "owner": viewer,
        "kind": recipe.kind,
        "prompt": recipe.prompt,
        "seed": recipe.seed,
        "index": recipe.index,
        "width": image.width,
        "height": image.height,
        "num_bytes": len(data),
        "backend": recipe.backend,
        "model": recipe.model,
        "model_sha256": recipe.model_sha256,
        "pixels_sha256": recipe.pixels_sha256,
        "created": datetime.fromisoformat(recipe.created).astimezone(UTC).replace(tzinfo=None),
        "words": folded(" ".join((recipe.prompt, *recipe.attributes.values()))),
        "colours": f" {' '.join(names_seen(image))} ",
        "starred": False,
    }


def _export_of(image: str, sha256: str, name: str, num_bytes: int) -> dict[str, object]:
    return {
        "sha256": sha256,
        "image": image,
        "ending": name.rpartition(".")[2],
        "name": name,
        "num_bytes": num_bytes,
        "created": utc_now(),
    }


def _name(name: str, what: str) -> str:
    name = " ".join(name.split())
    if not name:
        raise InputError(f"The {what} has no name.", "Type one.")
    if len(name) > MAX_NAME:
        raise InputError(f"The name of the {what} has {len(name)} characters.", f"Use at most {MAX_NAME}.")
    return name


def _batches(images: Collection[str], size: int = _BATCH) -> list[list[str]]:
    chosen = list(dict.fromkeys(images))
    return [chosen[start : start + size] for start in range(0, len(chosen), size)]
