"""The tables of the library. `migrations/` makes them; a test checks that both say the same."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

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
            *("owner", "deleted", "created", "index", "sha256", "starred", "project_id", "colours", "words"),
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


class TagRecord(Base):
    """A word that somebody put on an image, which is theirs."""

    __tablename__ = "tags"
    __table_args__ = (Index("ix_tags_tag", "owner", "tag"),)

    sha256: Mapped[str] = mapped_column(ForeignKey("images.sha256", ondelete="CASCADE"), primary_key=True)
    tag: Mapped[str] = mapped_column(primary_key=True)
    owner: Mapped[str]


class MeaningRecord(Base):
    """What a prompt means to a text encoder: a unit vector of float16. Images of one prompt share it."""

    __tablename__ = "meanings"

    prompt: Mapped[str] = mapped_column(primary_key=True)
    encoder_sha256: Mapped[str] = mapped_column(primary_key=True)
    vector: Mapped[bytes] = mapped_column(LargeBinary)
