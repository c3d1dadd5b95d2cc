"""What a campaign made: a row a file, written down as soon as the file is there, so that a stop loses nothing."""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Literal, cast

CSV_NAME, JSON_NAME = "manifest.csv", "manifest.json"
JOURNAL = ".progress.jsonl"
COLUMNS = ("file", "sha256", "sku", "channel", "width", "height", "status", "problems", "recipe")


@dataclass(frozen=True, kw_only=True)
class Row:
    """One advert, or one product that could not be made: then there is no file.

    `number` is its place in the campaign, `key` a hash of all that decides its pixels, "" where there
    is none.
    `status` is ok or failed; `problems` says what failed and what a person should know, `checks` what was measured.
    """

    number: int
    key: str
    file: str = ""
    sha256: str = ""
    sku: str
    channel: str = ""
    width: int = 0
    height: int = 0
    status: Literal["ok", "failed"]
    problems: tuple[str, ...] = ()
    recipe: Mapping[str, object] | None = None
    checks: tuple[Mapping[str, object], ...] = ()

    def to_json(self) -> str:
        return json.dumps(asdict(self), ensure_ascii=False, allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> Row:
        """Raises ValueError for anything but a row."""
        read: object = json.loads(text)
        names = {field.name for field in fields(cls)}
        if not isinstance(read, dict) or set(cast("dict[str, object]", read)) != names:
            raise ValueError("no row of a manifest")
        given = cast("dict[str, object]", read)
        row = cls(**given)  # pyright: ignore[reportArgumentType]
        return replace(row, problems=tuple(row.problems), checks=tuple(row.checks))


class Journal:
    """The rows of one campaign in a folder, in the order in which they were made; of each place the last one holds.

    In memory are only the places of the rows in the file, whatever the number of adverts.
    """

    def __init__(self, folder: Path) -> None:
        """Opens the journal of a folder, where there may be one of an earlier time. Raises OSError."""
        self._folder = folder
        self._path = folder / JOURNAL
        self._by_key: dict[str, int] = {}
        self._by_number: dict[int, int] = {}
        self._path.touch()
        self._file = self._path.open("r+", encoding="utf-8", newline="\n")
        self._end = 0
        while line := self._file.readline():
            if not line.endswith("\n"):
                break  # a stop in the middle of a row
            with suppress(ValueError, TypeError):
                self._note(Row.from_json(line), self._end)
            self._end = self._file.tell()
        self._file.seek(self._end)
        self._file.truncate()
        self._by_number.clear()  # the places of another plan don't count

    def done(self, key: str) -> Row | None:
        """The row of a file that was made with this key and is still what it was; None if there is none."""
        row = self._at(self._by_key[key]) if key in self._by_key else None
        if row is None or row.status != "ok":
            return None
        try:
            data = (self._folder / row.file).read_bytes()
        except OSError:
            return None
        return row if hashlib.sha256(data).hexdigest() == row.sha256 else None

    def keep(self, row: Row) -> None:
        """Counts a row that was written down earlier among those of this time, in its new place."""
        self._by_number[row.number] = self._by_key[row.key]

    def add(self, row: Row) -> None:
        """Writes a row down. Raises OSError."""
        self._file.seek(self._end)
        self._file.write(row.to_json() + "\n")
        self._file.flush()
        self._note(row, self._end)
        self._end = self._file.tell()

    def rows(self) -> Iterator[Row]:
        """The rows of this time, in the campaign's order."""
        for number in sorted(self._by_number):
            yield replace(self._at(self._by_number[number]), number=number)

    def left_over(self) -> dict[str, set[str]]:
        """The files of earlier times that no row of this time has, each with the hashes that it had."""
        found: dict[str, set[str]] = {}
        self._file.seek(0)
        while line := self._file.readline():
            with suppress(ValueError, TypeError):
                row = Row.from_json(line)
                found.setdefault(row.file, set()).add(row.sha256)
        there = {row.file.casefold() for row in self.rows()}  # small and capital letters are the same to some systems
        return {name: hashes for name, hashes in found.items() if name and name.casefold() not in there}

    def write(self) -> None:
        """Writes manifest.csv and manifest.json. Raises OSError."""
        with (self._folder / CSV_NAME).open("w", encoding="utf-8", newline="") as file:
            table = csv.writer(file)
            table.writerow(COLUMNS)
            for row in self.rows():
                recipe = json.dumps(row.recipe, ensure_ascii=False) if row.recipe else ""
                values = {**asdict(row), "problems": "; ".join(row.problems), "recipe": recipe}
                table.writerow([_plain(values[name]) for name in COLUMNS])
        with (self._folder / JSON_NAME).open("w", encoding="utf-8", newline="\n") as file:
            file.write('{"adverts": [')
            for index, row in enumerate(self.rows()):
                file.write((",\n" if index else "\n") + row.to_json())
            file.write("\n]}\n")

    def close(self) -> None:
        self._file.close()

    def _note(self, row: Row, place: int) -> None:
        if row.key:
            self._by_key[row.key] = place
        self._by_number[row.number] = place

    def _at(self, place: int) -> Row:
        self._file.seek(place)
        return Row.from_json(self._file.readline())


def rows_of(text: str) -> list[Row]:
    """The rows of a manifest.json. Raises ValueError."""
    read = json.loads(text)
    return [Row.from_json(json.dumps(row)) for row in read["adverts"]]


def is_finished(folder: Path) -> bool:
    """Whether all of a campaign is in its folder: its manifest is written last."""
    try:
        return (folder / JSON_NAME).stat().st_mtime_ns >= (folder / JOURNAL).stat().st_mtime_ns
    except OSError:
        return False


def _plain(value: object) -> object:
    """A cell of the table; what a spreadsheet would take for a formula gets an apostrophe before it."""
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t") else value
