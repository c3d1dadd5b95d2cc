"""What adverts are made of: briefs, from a CSV with a row a product."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import StringIO
from pathlib import Path, PureWindowsPath

from studio.errors import InputError
from studio.untrusted import read_file

COLUMNS = ("sku", "name", "description", "image", "headline", "subline", "cta", "price")
MAX_BYTES = 50 * 2**20
_LONGEST = {"sku": 80, "name": 120, "description": 1000, "image": 500, "price": 40, "cta": 60}
_LONGEST_ELSE = 300  # characters
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_URL = re.compile(r"[a-z][a-z0-9+.-]+:", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Brief:
    """One product. Its picture is the file `image`, or one of the library (`kept`, its sha256), or is drawn from the
    `description`. `line` is where it stands in the table that it came from."""

    sku: str
    name: str = ""
    description: str = ""
    image: Path | None = None
    kept: str | None = None
    headline: str = ""
    subline: str = ""
    cta: str = ""
    price: str = ""
    disclaimer: str = ""
    line: int | None = None

    @property
    def is_drawn(self) -> bool:
        """Whether its picture is drawn from words, rather than there already."""
        return self.image is None and self.kept is None


@dataclass(frozen=True, kw_only=True)
class BadBrief:
    """A row that can't be used, and why not."""

    sku: str
    line: int | None
    problem: str


@dataclass(frozen=True, kw_only=True)
class Briefs:
    """The briefs of a file, its bad rows, and the columns that nothing is done with."""

    good: tuple[Brief, ...]
    bad: tuple[BadBrief, ...] = ()
    unused: tuple[str, ...] = ()


def read_briefs(file: Path) -> Briefs:
    """Reads a CSV (UTF-8; commas, semicolons or tabs). A bad row spoils no other. Raises InputError for a bad file."""
    text = _text(file)
    first = next((line for line in text.splitlines() if line.strip()), "")
    delimiter = max(",;\t", key=first.count)
    reader = csv.reader(StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        names = next(reader, list[str]())
        header = [name.strip().casefold() for name in names]
    except csv.Error as error:
        raise InputError(f"{file.name} is not a CSV: {error}.", "Save the table as CSV again.") from error
    if "sku" not in header:
        raise InputError(f"{file.name} has no column sku.", f"The first line names the columns: {', '.join(COLUMNS)}.")
    twice = next((name for name in COLUMNS if header.count(name) > 1), None)
    if twice:
        raise InputError(f"{file.name} has the column {twice} twice.", "Take one of them out.")
    good: list[Brief] = []
    bad: list[BadBrief] = []
    seen: dict[str, int] = {}
    for line, row in _rows(reader, header):
        if isinstance(row, str):
            bad.append(BadBrief(sku="", line=line, problem=row))
            continue
        if not any(row.values()):
            continue
        try:
            brief = brief_of(row, file.parent, line)
            if brief.sku.casefold() in seen:
                raise InputError(
                    f"The sku {brief.sku} is in line {seen[brief.sku.casefold()]} already.", "Give each its own."
                )
        except InputError as error:
            bad.append(BadBrief(sku=row.get("sku", "")[:80], line=line, problem=str(error)))
        else:
            seen[brief.sku.casefold()] = line
            good.append(brief)
    unused = tuple(name for name in header if name and name not in COLUMNS)
    return Briefs(good=tuple(good), bad=tuple(bad), unused=unused)


def brief_of(row: Mapping[str, str], folder: Path, line: int | None = None) -> Brief:
    """A brief of texts by the names of the columns; a picture is sought in `folder`. Raises InputError."""
    given = {name: " ".join(row.get(name, "").split()) for name in (*COLUMNS, "disclaimer")}
    for name, text in given.items():
        if len(text) > _LONGEST.get(name, _LONGEST_ELSE):
            raise InputError(
                f"The {name} has {len(text)} characters.", f"Use at most {_LONGEST.get(name, _LONGEST_ELSE)}."
            )
        if _CONTROL.search(text) or any("\ud800" <= letter <= "\udfff" for letter in text):
            raise InputError(f"The {name} has a character that is no text.", "Type it again.")
    if not given["sku"]:
        raise InputError("The sku is empty.", "Every product needs one.")
    if not given["description"] and not given["image"]:
        raise InputError("There is neither a description nor an image.", "Give one of both.")
    image = given.pop("image")
    return Brief(**given, image=inside(folder, image) if image else None, line=line)


def inside(folder: Path, name: str) -> Path:
    """A file that a table or a plan names, which must lie in the folder of that. Raises InputError."""
    if _URL.match(name) and not PureWindowsPath(name).drive:
        raise InputError(f"The file {name} is an address.", "Download it to the folder of the table or plan.")
    path = Path(name.replace("\\", "/"))
    if path.is_absolute() or PureWindowsPath(name).drive or PureWindowsPath(name).root or ".." in path.parts:
        raise InputError(f"The file {name} is outside the folder of the table or plan.", "Give a path inside it.")
    found = (folder / path).resolve()
    if not found.is_relative_to(folder.resolve()):  # through a link
        raise InputError(f"The file {name} is outside the folder of the table or plan.", "Copy it into it.")
    if not found.is_file():
        raise InputError(f"There is no file {name}.", "Names are sought in the folder of the table or plan.")
    return found


def _text(file: Path) -> str:
    data = read_file(file, MAX_BYTES, hint="Name a CSV or a YAML file.", smaller="Split it.")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{file.name} is not in UTF-8.", "Save it as “CSV UTF-8”.") from error


def _rows(reader: Iterator[list[str]], header: list[str]) -> Iterator[tuple[int, dict[str, str] | str]]:
    """The rows by column, each with the number of its last line; a text says what is wrong with one."""
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield _line(reader), f"is not CSV: {error}"
            continue
        if len(row) > len(header) and any(row[len(header) :]):
            yield (
                _line(reader),
                f"has {len(row)} fields, and there are {len(header)} columns; put text with commas in quotes",
            )
            continue
        yield _line(reader), dict(zip(header, [text.strip() for text in row], strict=False))


def _line(reader: Iterator[list[str]]) -> int:
    return int(getattr(reader, "line_num", 0))
