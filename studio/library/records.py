"""The tables of the library. `migrations/` makes them; a test checks that both say the same."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Literal

from sqlalchemy import JSON, BigInteger, DateTime, ForeignKey, Index, LargeBinary, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

#: Whose things these are, in every table and every query. One person so far: the one whose computer it is.
OWNER = "owner"


def utc_now() -> datetime:
    """Now in UTC, without a time zone, as the tables keep times."""
    return datetime.now(UTC).replace(tzinfo=None)


class Base(DeclarativeBase):
    pass


class ProjectRecord(Base):
    """A drawer for images, such as a client or a season."""

    __tablename__ = "projects"
    __table_args__ = (UniqueConstraint("owner", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    owner: Mapped[str]
    name: Mapped[str]
    created: Mapped[datetime] = mapped_column(DateTime)


class ImageRecord(Base):
    """One image that was made; its file is `files/AB/SHA256.png`.

    `words` is what a search looks through, `colours` the names of what is seen in the middle of the image, each
    between blanks.
    """

    __tablename__ = "images"
    #: All that a search looks at, in the order in which it is shown: the rows themselves are read for one page only.
    __table_args__ = (
        Index(
            "ix_images_search",
            *("owner", "deleted", "created", "index", "sha256", "starred", "project_id", "kind", "backend"),
            *("colours", "words"),
        ),
    )

    sha256: Mapped[str] = mapped_column(primary_key=True)
    owner: Mapped[str]
    kind: Mapped[str]
    prompt: Mapped[str]
    seed: Mapped[int] = mapped_column(BigInteger)
    index: Mapped[int]
    width: Mapped[int]
    height: Mapped[int]
    num_bytes: Mapped[int]
    backend: Mapped[str]
    model: Mapped[str]
    model_sha256: Mapped[str]
    pixels_sha256: Mapped[str] = mapped_column(index=True)  # by which a picture that comes back is known
    created: Mapped[datetime] = mapped_column(DateTime)  # UTC, as all times here
    words: Mapped[str]
    colours: Mapped[str]
    starred: Mapped[bool] = mapped_column(default=False)
    project_id: Mapped[int | None] = mapped_column(ForeignKey("projects.id", ondelete="SET NULL"), index=True)
    deleted: Mapped[datetime | None] = mapped_column(DateTime)  # in the trash since then


class RecipeRecord(Base):
    """The recipe of an image, apart from its row as it is long, and read of one image at a time."""

    __tablename__ = "recipes"

    sha256: Mapped[str] = mapped_column(ForeignKey("images.sha256", ondelete="CASCADE"), primary_key=True)
    recipe: Mapped[dict[str, Any]] = mapped_column(JSON)


class VectorRecord(Base):
    """What an image is like, for searches by nearness; one of another `version` can't be compared."""

    __tablename__ = "vectors"
    __table_args__ = (Index("ix_vectors_version", "version"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(primary_key=True)  # grows with every row, so that new ones are found
    sha256: Mapped[str] = mapped_column(ForeignKey("images.sha256", ondelete="CASCADE"), unique=True)
    version: Mapped[str]
    meaning: Mapped[bytes] = mapped_column(LargeBinary)
    look: Mapped[bytes] = mapped_column(LargeBinary)


class TagRecord(Base):
    """A word that somebody put on an image, which is theirs."""

    __tablename__ = "tags"
    __table_args__ = (Index("ix_tags_tag", "owner", "tag"),)

    sha256: Mapped[str] = mapped_column(ForeignKey("images.sha256", ondelete="CASCADE"), primary_key=True)
    tag: Mapped[str] = mapped_column(primary_key=True)
    owner: Mapped[str]


class ExportRecord(Base):
    """The very file that goes out for an image, as an advert does; it is `files/AB/SHA256.EXT`. `name` is what it is
    called among those that were made with it."""

    __tablename__ = "exports"

    sha256: Mapped[str] = mapped_column(primary_key=True)
    image: Mapped[str] = mapped_column(ForeignKey("images.sha256", ondelete="CASCADE"), index=True)
    ending: Mapped[str]
    name: Mapped[str]
    num_bytes: Mapped[int]
    created: Mapped[datetime] = mapped_column(DateTime)


class ShareRecord(Base):
    """A link that shows some images to whoever has it.

    The link's token is in no table: `token_sha256` recognises it, and `nonce` gives it again to the owner, together
    with the key that lies beside the database. `demo_left` images may be drawn by visitors.
    """

    __tablename__ = "shares"
    __table_args__ = (Index("ix_shares_owner", "owner", "created"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    owner: Mapped[str]
    token_sha256: Mapped[str] = mapped_column(unique=True)
    nonce: Mapped[bytes] = mapped_column(LargeBinary)
    title: Mapped[str]
    note: Mapped[str]
    created: Mapped[datetime] = mapped_column(DateTime)
    expires: Mapped[datetime | None] = mapped_column(DateTime)  # None is never
    revoked: Mapped[datetime | None] = mapped_column(DateTime)
    password_hash: Mapped[str | None]  # argon2
    download: Mapped[bool]
    demo_left: Mapped[int]
    views: Mapped[int] = mapped_column(default=0)

    def state(self, now: datetime) -> Literal["open", "expired", "revoked"]:
        """Whether the link still shows anything at `now` (UTC)."""
        if self.revoked is not None:
            return "revoked"
        return "expired" if self.expires is not None and self.expires <= now else "open"


class SharedImageRecord(Base):
    """An image on a share, in its place; with an `export`, the file with that hash is what is shown and given away."""

    __tablename__ = "shared_images"

    share_id: Mapped[int] = mapped_column(ForeignKey("shares.id", ondelete="CASCADE"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    sha256: Mapped[str] = mapped_column(ForeignKey("images.sha256", ondelete="CASCADE"), index=True)
    export: Mapped[str | None] = mapped_column(ForeignKey("exports.sha256", ondelete="CASCADE"), index=True)


class CommentRecord(Base):
    """What a visitor said of one image; it holds for the file with this hash, exported or not, and no other."""

    __tablename__ = "comments"

    id: Mapped[int] = mapped_column(primary_key=True)
    share_id: Mapped[int] = mapped_column(ForeignKey("shares.id", ondelete="CASCADE"), index=True)
    sha256: Mapped[str]
    name: Mapped[str]
    text: Mapped[str]
    verdict: Mapped[str]  # "approved", "rejected" or ""
    created: Mapped[datetime] = mapped_column(DateTime)
