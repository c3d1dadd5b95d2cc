"""The table of the library."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, DateTime
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    pass


class ImageRecord(Base):
    """One image that was made; its file is `files/AB/SHA256.png`."""

    __tablename__ = "images"

    sha256: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    prompt: Mapped[str]
    seed: Mapped[int] = mapped_column(BigInteger)
    index: Mapped[int]
    size: Mapped[int]
    backend: Mapped[str]
    model: Mapped[str]
    model_sha256: Mapped[str]
    recipe: Mapped[dict[str, Any]] = mapped_column(JSON)
    created: Mapped[datetime] = mapped_column(DateTime, index=True)  # UTC
