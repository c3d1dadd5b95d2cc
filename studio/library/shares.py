"""Links that show chosen images to whoever has them, and nothing else of the studio."""

from __future__ import annotations

import base64
import hashlib
import hmac
import math
import secrets
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import Select, String, bindparam, cast, delete, func, insert, select, update
from sqlalchemy.orm import Session

from studio.errors import InputError, StudioError
from studio.library.records import (
    OWNER,
    CommentRecord,
    ExportRecord,
    ImageRecord,
    RecipeRecord,
    SharedImageRecord,
    ShareRecord,
    utc_now,
)
from studio.request import Recipe
from studio.secret_file import secret_file

if TYPE_CHECKING:
    from studio.library.library import Library

#: How long a link works unless its owner says otherwise.
DAYS = 7
MAX_DAYS = 3650
MAX_IMAGES = 60  # on a share: its page stays light
MAX_DEMO = 1000  # images that visitors may draw
MAX_TITLE, MAX_NOTE, MAX_PASSWORD, MAX_AUTHOR, MAX_COMMENT = 120, 2000, 200, 60, 1000  # characters
#: Comments on one share: a stranger can't fill the disk.
MAX_COMMENTS = 500

#: A wrong password costs a guesser one of so many tries in so many seconds; others are not held up.
TRIES, TRIES_SECONDS = 5, 600
#: A hundred thousand addresses are remembered at most.
_REMEMBERED = 100_000

#: Between two writings of how often pages were seen; each waits for the disk.
VIEWS_SECONDS = 10

VERDICTS = ("", "approved", "rejected")
KEY_FILE = "shares.key"


class NoSuchShare(StudioError):
    """The link is unknown, expired or withdrawn: the same words for all three, as a stranger may ask."""

    def __init__(self) -> None:
        super().__init__("This link shows nothing any more.", "Ask whoever sent it for a new one.")


class TooManyTries(StudioError):
    """Wrong passwords came too fast from one address."""

    def __init__(self) -> None:
        super().__init__("Too many wrong passwords.", f"Try again in {TRIES_SECONDS // 60} minutes.")


@dataclass(frozen=True, kw_only=True)
class SharedImage:
    """One image on a share, with its recipe. Its hash is that of the file that is shown: what is said holds for that.

    A `name` is there only where that is an exported file, which visitors get byte by byte.
    """

    sha256: str
    path: Path
    width: int
    height: int
    recipe: Recipe
    name: str = ""


@dataclass(frozen=True, kw_only=True, eq=False)
class Shared:
    """What a visitor may see: the share, its images that are still there, and what was said of them.

    As long as nothing changes, visitors get the same object; its count of views is an old one.
    """

    share: ShareRecord
    images: Sequence[SharedImage]
    comments: Sequence[CommentRecord]


#: The positions of a share's visible images, its last comment and how many images visitors may draw.
_State = tuple[str, int, int]

_VISIBLE = (
    select(func.aggregate_strings(cast(SharedImageRecord.position, String), " "))
    .join(ImageRecord, ImageRecord.sha256 == SharedImageRecord.sha256)
    .where(SharedImageRecord.share_id == ShareRecord.id, ImageRecord.deleted.is_(None))
)
_LAST = select(func.max(CommentRecord.id)).where(CommentRecord.share_id == ShareRecord.id)
_SHARE = select(ShareRecord, _VISIBLE.scalar_subquery(), _LAST.scalar_subquery())
_BY_TOKEN = _SHARE.where(ShareRecord.token_sha256 == bindparam("token_sha256"))
_BY_NUMBER = _SHARE.where(ShareRecord.id == bindparam("number"))


class Shares:
    """The shares of a library. Any number of threads and processes may use it.

    Whatever a visitor gets goes through `open`, which alone decides whether they may have it.
    """

    def __init__(self, library: Library, folder: Path, *, now: Callable[[], datetime] = utc_now) -> None:
        """`folder` holds the key that gives owners their links again; `now` is the time in UTC."""
        self._library = library
        self._database = library.database
        self._folder = folder
        self._now = now
        self._tries = _Tries()
        self._views: Counter[int] = Counter()  # by share, not written down yet
        self._views_written = -math.inf
        self._views_lock = threading.Lock()
        self._shown = lru_cache(maxsize=64)(self._shared)
        # A check takes 20 MB and a twentieth of a second, on purpose; many at once would stop everything else.
        self._checking = threading.Lock()

    # The owner's side

    def create(
        self,
        images: Sequence[str],
        *,
        title: str = "",
        note: str = "",
        days: int | None = DAYS,
        password: str = "",
        download: bool = True,
        demo: int = 0,
        viewer: str = OWNER,
    ) -> tuple[int, str]:
        """Makes a link to images of the library, or to exported files; returns its number and its token.

        An image of which there is an exported file is shown as that, the latest one.
        `days` until it expires, None for never; a `password` of "" is none; visitors may draw `demo` images.
        """
        images = list(dict.fromkeys(images))
        if not 1 <= len(images) <= MAX_IMAGES:
            raise InputError(f"A link can't show {len(images)} images.", f"Choose 1 to {MAX_IMAGES}.")
        title = _checked(title, "title", MAX_TITLE)
        note = _checked(note, "note", MAX_NOTE)
        password = _checked(password, "password", MAX_PASSWORD)
        if days is not None and not 1 <= days <= MAX_DAYS:
            raise InputError(f"A link can't last {days} days.", f"Use 1 to {MAX_DAYS}.")
        if not 0 <= demo <= MAX_DEMO:
            raise InputError(f"Visitors can't draw {demo} images.", f"Use 0 to {MAX_DEMO}.")
        nonce = secrets.token_bytes(32)
        token = self._token(nonce)
        with self._library.plain_words(), Session(self._database) as session, session.begin():
            named = ExportRecord.sha256.in_(images) | ExportRecord.image.in_(images)
            exports = list(session.scalars(select(ExportRecord).where(named).order_by(ExportRecord.created)))
            latest = {export.image: export.sha256 for export in exports}
            image_of = {export.sha256: export.image for export in exports}
            found = [(image_of[each], each) if each in image_of else (each, latest.get(each)) for each in images]
            shown = list(dict.fromkeys(found))
            there = select(func.count()).where(
                ImageRecord.sha256.in_({image for image, _ in shown}),
                ImageRecord.owner == viewer,
                ImageRecord.deleted.is_(None),
            )
            if session.scalar(there) != len({image for image, _ in shown}):
                raise InputError("Some of these images are not in the library any more.", "Choose again.")
            share = ShareRecord(
                id=secrets.randbits(48),  # SQLite would give the next link the number of one that was deleted
                owner=viewer,
                token_sha256=_hash(token),
                nonce=nonce,
                title=title,
                note=note,
                created=self._now(),
                expires=None if days is None else self._now() + timedelta(days=days),
                password_hash=_password_hash(password) if password else None,
                download=download,
                demo_left=demo,
            )
            session.add(share)
            session.flush()
            rows = [
                {"share_id": share.id, "position": place, "sha256": image, "export": export}
                for place, (image, export) in enumerate(shown)
            ]
            session.execute(insert(SharedImageRecord), rows)
            number = share.id
        return number, token

    def all(self, viewer: str = OWNER) -> list[ShareRecord]:
        """The owner's shares, newest first."""
        self._write_views()
        chosen = select(ShareRecord).where(ShareRecord.owner == viewer).order_by(ShareRecord.created.desc())
        with self._library.plain_words(), Session(self._database) as session:
            return list(session.scalars(chosen))

    def token(self, number: int, viewer: str = OWNER) -> str:
        """The token of a share's link once more. Raises NoSuchShare."""
        share = self._own(number, viewer)
        token = self._token(share.nonce)
        if _hash(token) != share.token_sha256:  # the key was lost, as in a database that was moved by itself
            raise StudioError("This link can't be shown again.", "It still works; make a new one to have it shown.")
        return token

    def details(self, number: int, viewer: str = OWNER) -> Shared:
        """What a share shows, whatever its state. Raises NoSuchShare."""
        self._write_views()
        share, state = self._read(_BY_NUMBER, {"number": number})
        if share.owner != viewer:
            raise NoSuchShare
        return self._shared(number, *state)

    def verdicts(self, viewer: str = OWNER) -> dict[str, str]:
        """What was said last of each file, by its hash: "approved" or "rejected"."""
        said = (
            select(CommentRecord.sha256, CommentRecord.verdict)
            .join(ShareRecord, ShareRecord.id == CommentRecord.share_id)
            .where(ShareRecord.owner == viewer, CommentRecord.verdict != "")
            .order_by(CommentRecord.id)
        )
        with self._library.plain_words(), Session(self._database) as session:
            return {sha256: verdict for sha256, verdict in session.execute(said)}

    def revoke(self, number: int, viewer: str = OWNER) -> None:
        """The link shows nothing from now on."""
        own = (ShareRecord.id == number) & (ShareRecord.owner == viewer) & ShareRecord.revoked.is_(None)
        with self._library.plain_words(), self._database.begin() as connection:
            connection.execute(update(ShareRecord).where(own).values(revoked=self._now()))

    def delete(self, number: int, viewer: str = OWNER) -> None:
        """Deletes a share and what was said of it; its images stay."""
        own = (ShareRecord.id == number) & (ShareRecord.owner == viewer)
        with self._library.plain_words(), self._database.begin() as connection:
            connection.execute(delete(ShareRecord).where(own))

    # The visitor's side

    def find(self, token: str) -> ShareRecord:
        """The share behind a link, which may want a password before it shows anything. Raises NoSuchShare."""
        return self._open(token)[0]

    def open(self, token: str, unlocked: str = "") -> Shared | None:
        """What a link shows; None where it wants a password that `unlocked` doesn't prove. Raises NoSuchShare."""
        share, state = self._open(token)
        if share.password_hash is not None and not hmac.compare_digest(unlocked.encode(), self._proof(share).encode()):
            return None
        return self._shown(share.id, *state)

    def unlock(self, token: str, password: str, address: str) -> str | None:
        """The proof that a visitor knows the password, None for a wrong one. Raises NoSuchShare and TooManyTries."""
        share = self.find(token)
        if share.password_hash is None:
            return ""
        who = (share.id, address)
        with self._checking:
            if not self._tries.allowed(who):
                raise TooManyTries
            right = _password_fits(share.password_hash, password[:MAX_PASSWORD])
            if not right:
                self._tries.count(who)
        return self._proof(share) if right else None

    def count_view(self, share: ShareRecord) -> None:
        """Counts a view; of many in a short time most are written down together, `VIEWS_SECONDS` later."""
        with self._views_lock:
            self._views[share.id] += 1
            if time.monotonic() - self._views_written < VIEWS_SECONDS:
                return
        self._write_views()

    def comment(self, shared: Shared, sha256: str, *, name: str, text: str, verdict: str) -> None:
        """Writes down what a visitor says of one image on the share."""
        name = _checked(name, "name", MAX_AUTHOR)
        text = _checked(text, "comment", MAX_COMMENT)
        if not name:
            raise InputError("Your name is missing.", "Say who you are, so that it is known who said it.")
        if verdict not in VERDICTS or not (text or verdict):
            raise InputError("Nothing was said.", "Approve, reject or write something.")
        if sha256 not in {image.sha256 for image in shared.images}:
            raise InputError("This image is not on this page.", "Reload the page.")
        if len(shared.comments) >= MAX_COMMENTS:
            raise InputError("This page takes no further comments.", "Ask whoever sent the link for a new one.")
        record = {"share_id": shared.share.id, "sha256": sha256, "name": name, "text": text, "verdict": verdict}
        with self._library.plain_words(), self._database.begin() as connection:
            connection.execute(insert(CommentRecord).values(record | {"created": self._now()}))

    def take_demo(self, share: ShareRecord) -> bool:
        """Takes one of the images that visitors may draw; False where there is none left."""
        left = (ShareRecord.id == share.id) & (ShareRecord.demo_left > 0)
        with self._library.plain_words(), self._database.begin() as connection:
            taken = connection.execute(update(ShareRecord).where(left).values(demo_left=ShareRecord.demo_left - 1))
            return taken.rowcount == 1

    def give_back_demo(self, share: ShareRecord) -> None:
        """One that was taken could not be drawn."""
        with self._library.plain_words(), self._database.begin() as connection:
            one = update(ShareRecord).where(ShareRecord.id == share.id).values(demo_left=ShareRecord.demo_left + 1)
            connection.execute(one)

    def _own(self, number: int, viewer: str) -> ShareRecord:
        with self._library.plain_words(), Session(self._database) as session:
            share = session.get(ShareRecord, number)
        if share is None or share.owner != viewer:
            raise NoSuchShare
        return share

    def _open(self, token: str) -> tuple[ShareRecord, _State]:
        found = self._read(_BY_TOKEN, {"token_sha256": _hash(token)})
        if found[0].state(self._now()) != "open":
            raise NoSuchShare
        return found

    def _read(self, chosen: Select[ShareRecord, str, int], given: Mapping[str, object]) -> tuple[ShareRecord, _State]:
        with self._library.plain_words(), Session(self._database) as session:
            found = session.execute(chosen, given).one_or_none()
        if found is None:
            raise NoSuchShare
        share, positions, last = found
        return share, (positions or "", last or 0, share.demo_left)

    def _shared(self, number: int, positions: str, last: int, _demo_left: int) -> Shared:
        """What share `number` shows as long as `_read` says the same of it."""
        shown = (
            select(ImageRecord, RecipeRecord.recipe, ExportRecord)
            .join(SharedImageRecord, SharedImageRecord.sha256 == ImageRecord.sha256)
            .outerjoin(ExportRecord, ExportRecord.sha256 == SharedImageRecord.export)
            .join(RecipeRecord, RecipeRecord.sha256 == ImageRecord.sha256)
            .where(SharedImageRecord.share_id == number, SharedImageRecord.position.in_(map(int, positions.split())))
            .order_by(SharedImageRecord.position)
        )
        said = select(CommentRecord).where(CommentRecord.share_id == number, CommentRecord.id <= last)
        with self._library.plain_words(), Session(self._database) as session:
            images = [
                SharedImage(
                    sha256=export.sha256 if export else image.sha256,
                    path=self._library.files.path(*((export.sha256, export.ending) if export else (image.sha256,))),
                    width=image.width,
                    height=image.height,
                    recipe=Recipe(**recipe),
                    name=export.name if export else "",
                )
                for image, recipe, export in session.execute(shown)
            ]
            comments = list(session.scalars(said.order_by(CommentRecord.id)))
            share = session.get_one(ShareRecord, number)
        return Shared(share=share, images=images, comments=comments)

    def _write_views(self) -> None:
        with self._views_lock:
            views, self._views = self._views, Counter()
            self._views_written = time.monotonic()
        if views:
            more = update(ShareRecord).where(ShareRecord.id == bindparam("number"))
            rows = [{"number": number, "count": count} for number, count in views.items()]
            with self._library.plain_words(), self._database.begin() as connection:
                connection.execute(more.values(views=ShareRecord.views + bindparam("count")), rows)

    def _token(self, nonce: bytes) -> str:
        """256 bits that nobody can tell from random ones without the key (HMAC-SHA256, RFC 2104)."""
        return base64.urlsafe_b64encode(hmac.digest(self._key(), b"link" + nonce, "sha256")).decode().rstrip("=")

    def _proof(self, share: ShareRecord) -> str:
        known = f"unlocked {share.id} {share.password_hash}".encode()
        return hmac.digest(self._key(), known, "sha256").hex()

    def _key(self) -> bytes:
        """The key of this library."""
        with self._library.plain_words():
            return secret_file(self._folder / KEY_FILE, lambda: secrets.token_bytes(32))


class _Tries:
    """Counts wrong passwords by share and address, over the last minutes. For one thread at a time."""

    def __init__(self) -> None:
        self._wrong: dict[tuple[int, str], list[float]] = {}

    def allowed(self, who: tuple[int, str]) -> bool:
        return len(self._lately(who)) < TRIES

    def count(self, who: tuple[int, str]) -> None:
        lately = self._lately(who)
        self._wrong.pop(who, None)  # to the end of the dictionary, whose first are forgotten first
        self._wrong[who] = [*lately, time.monotonic()]
        while len(self._wrong) > _REMEMBERED:
            self._wrong.pop(next(iter(self._wrong)))

    def _lately(self, who: tuple[int, str]) -> list[float]:
        return [when for when in self._wrong.get(who, ()) if time.monotonic() - when < TRIES_SECONDS]


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()


def _password_hash(password: str) -> str:
    return _hasher().hash(password)


def _password_fits(password_hash: str, password: str) -> bool:
    try:
        return _hasher().verify(password_hash, password)
    except (VerificationError, InvalidHashError):
        return False


def _hasher() -> PasswordHasher:
    """Argon2id with the parameters that OWASP's password storage cheat sheet names first."""
    return PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)


def _checked(text: str, what: str, most: int) -> str:
    text = text.strip()
    if len(text) > most:
        raise InputError(f"The {what} has {len(text):,} characters.", f"Use at most {most:,}.")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise InputError(f"The {what} has a broken character.", "Type it again rather than paste it.") from error
    return text
