"""Vectors of images, by which the nearest are found."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import delete, exists, func, select
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.orm import Session

from studio.library.records import ImageRecord, VectorRecord
from studio.likeness import UNIT

if TYPE_CHECKING:
    from sqlalchemy import Engine

#: By what images are compared: what is said of them, or how they look.
By = Literal["meaning", "look"]

#: Rows that are turned into floats at once, which keeps them in the processor's cache.
_ROWS = 512


class ImageVectors(NamedTuple):
    """Vectors of one image, of length 127 (int8); `meaning` is of its words, `look` of its pixels."""

    sha256: str
    meaning: NDArray[np.int8]
    look: NDArray[np.int8]


class VectorIndex:
    """All vectors of one version in memory, half a kilobyte an image; the table keeps them.

    They are compared one by one, 100,000 in some hundredths of a second: an index that guesses would have to be kept in
    step, and gains little before millions.
    """

    def __init__(self, database: Engine, version: str) -> None:
        self._database = database
        self._version = version
        self._reading = threading.Lock()
        self._newest = 0
        self._names: NDArray[np.bytes_] = np.empty(0, "S64")  # the hashes, beside each other
        self._vectors: dict[By, NDArray[np.int8]] = {}

    def add(self, images: Sequence[ImageVectors]) -> None:
        """Keeps vectors, instead of those of another version; images that are gone meanwhile are passed over."""
        rows = [
            {
                "sha256": image.sha256,
                "version": self._version,
                "meaning": image.meaning.tobytes(),
                "look": image.look.tobytes(),
            }
            for image in images
        ]
        with self._database.begin() as connection:
            names = [image.sha256 for image in images]
            connection.execute(
                delete(VectorRecord).where(VectorRecord.sha256.in_(names), VectorRecord.version != self._version)
            )
            there = set(connection.scalars(select(ImageRecord.sha256).where(ImageRecord.sha256.in_(names))))
            if rows := [row for row in rows if row["sha256"] in there]:
                connection.execute(insert(VectorRecord).values(rows).on_conflict_do_nothing())

    def missing(self, most: int) -> tuple[list[str], int]:
        """Images without vectors of this version, newest first, no more than `most`; and how many there are in all."""
        own = VectorRecord.version == self._version
        with Session(self._database) as session:
            total = session.scalar(select(func.count()).select_from(ImageRecord)) or 0
            total -= session.scalar(select(func.count()).select_from(VectorRecord).where(own)) or 0
            if total <= 0:
                return [], 0
            without = ~exists().where(VectorRecord.sha256 == ImageRecord.sha256, own)
            return list(
                session.scalars(
                    select(ImageRecord.sha256).where(without).order_by(ImageRecord.created.desc()).limit(most)
                )
            ), total

    def nearest(self, by: By, vector: NDArray[np.int8], least: float = -1.0) -> Iterator[str]:
        """Images whose vectors have a cosine of `least` or more with `vector`, nearest first; some may be deleted
        meanwhile."""
        with self._reading:
            self._read_new()
            names, vectors = self._names, self._vectors.get(by)
        if vectors is None:
            return iter(())
        query = vector.astype(np.float32)
        parts = np.split(vectors, range(_ROWS, len(vectors), _ROWS))
        scores = np.concatenate([part.astype(np.float32) @ query for part in parts])
        scores /= np.linalg.norm(query) * UNIT
        order = np.argsort(-scores)
        near: list[bytes] = names[order[scores[order] >= least]].tolist()
        return (name.decode() for name in near)  # most are never asked for

    def _read_new(self) -> None:
        chosen = (
            select(VectorRecord.id, VectorRecord.sha256, VectorRecord.meaning, VectorRecord.look)
            .where(VectorRecord.id > self._newest, VectorRecord.version == self._version)
            .order_by(VectorRecord.id)
        )
        with self._database.connect() as connection:
            rows = connection.execute(chosen).all()
        if not rows:
            return
        columns: dict[By, bytes] = {
            "meaning": b"".join(row.meaning for row in rows),
            "look": b"".join(row.look for row in rows),
        }
        for by, column in columns.items():
            new = np.frombuffer(column, np.int8).reshape(len(rows), -1)
            self._vectors[by] = np.concatenate([self._vectors[by], new]) if len(self._names) else new
        self._names = np.concatenate([self._names, np.array([row.sha256 for row in rows], "S64")])
        self._newest = rows[-1].id
