"""A shop's own catalogue: a folder of photos, with or without a table, becomes a data set to train on.

The import is a folder with `images/` (squares of one size, without metadata), `catalogue.csv` (a photo a line, with a
caption to edit) and `report.json` (what was left out, and why). A folder `masks/` may be put beside them: a PNG (white
= product) with the name of each photo whose mask is known.
"""

# torch's types leave much open.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from __future__ import annotations

import csv
import hashlib
import io
import json
import random
import re
import string
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import chain
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from PIL import Image

from studio import imaging
from studio.data.colour import distance_to_named, to_lab
from studio.data.packed import BROKEN_IMAGE, FEWEST_HELD_OUT, PackedData
from studio.errors import InputError
from studio.settings import MAX_PICTURE_BYTES
from studio.untrusted import read_file
from studio.world.scene import COLOURS, sample_scene

TABLE = "catalogue.csv"
MAX_TABLE_BYTES = 50 * 2**20  # of a table that a shop has
SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".jfif", ".webp"})
#: The columns of the table that is written; those of the shop's own follow them.
COLUMNS = ("file", "caption", "colour", "split", "group", "source")
#: Columns that describe a photo, the first that is there counts: words of somebody's own before a kind of product.
DESCRIPTIONS = ("caption", "description", "title", "name")
KINDS = ("category", "product", "type", "kind")
#: Photos whose thumbnails differ by less than this (of 255, on average) are the same photo saved twice. Of 2,455 photos
#: of a second-hand shop one pair is (0.3); two takes of one thing differed by 9 and 18, like things by 14 and 32.
DUPLICATE_DIFFERENCE = 3.0
THUMBNAIL = 16  # pixels along a side
SPLITS = ("train", "test")
TEST_SHARE = 0.1
PRIOR_SCENES = 4096

Crop = Literal["centre", "product"]


@dataclass(frozen=True, kw_only=True)
class LeftOut:
    """A photo, or a line of the table, that was not imported."""

    source: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class ImportReport:
    """`images` were imported, `test` of them for measuring; `left_out` were not, each with its reason."""

    images: int
    test: int
    groups: int
    left_out: tuple[LeftOut, ...]


@dataclass(frozen=True, kw_only=True)
class _Photo:
    source: str  # relative to the folder
    row: Mapping[str, str]
    image: Image.Image
    colour: str
    thumbnail: np.ndarray  # int16 [THUMBNAIL, THUMBNAIL, 3]


def import_catalogue(
    folder: Path,
    out: Path,
    *,
    size: int,
    table: Path | None = None,
    crop: Crop = "centre",
    caption: str | None = None,
    group: str | None = None,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> ImportReport:
    """Imports the photos below `folder` into `out`, a new folder.

    Args:
        size: side of the squares in pixels; smaller photos are left out, as enlarged ones would teach blur.
        table: CSV with a line a photo; by default the only CSV in `folder`, if there is one.
        crop: the largest square in the centre, or the square round what stands out from the border of the photo.
        caption: text with columns of the table, or the measured {colour}, in braces.
        group: column of what photos have in common (seller, shoot, product): a group is for training or for
            measuring, never for both.
        on_progress: is told how many photos are done, and how many there are.

    Raises:
        InputError: there are no photos, the table doesn't fit them, or `out` holds an import already.
    """
    if (out / TABLE).exists():
        raise InputError(f"{out} holds an import already, whose captions may have been edited.", "Name another folder.")
    rows, left_out = _rows(folder, table or _only_table(folder))
    sources = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if _is_photo(path))
    if not sources:
        raise InputError(f"There are no photos in {folder}.", f"It takes {', '.join(sorted(SUFFIXES))}.")
    columns = list(next(iter(rows.values()), {}))
    template = _template(caption, columns)
    if group and group not in columns:
        raise InputError(f"The table has no column {group!r}.", f"It has {', '.join(columns) or 'none'}.")
    left_out += [LeftOut(source=source, reason="no such photo") for source in rows if source not in set(sources)]

    (out / "images").mkdir(parents=True, exist_ok=True)
    lines: list[dict[str, str]] = []
    thumbnails: list[np.ndarray] = []
    for done, source in enumerate(sources, 1):
        try:
            photo = _photo(folder / source, source, rows.get(source, {}), size, crop)
            if (twin := _twin(photo.thumbnail, thumbnails)) is not None:
                raise InputError(f"the same photo as {lines[twin]['source']}")
        except InputError as error:
            left_out.append(LeftOut(source=source, reason=error.message.rstrip(".")))
        else:
            thumbnails.append(photo.thumbnail)
            lines.append(_line(photo, f"images/{len(lines):06d}.png", template, group))
            photo.image.save(out / lines[-1]["file"], "PNG")
        on_progress(done, len(sources))
    if not lines:
        raise InputError(f"None of the photos in {folder} can be used: {left_out[0].source}, {left_out[0].reason}.")
    report = ImportReport(
        images=len(lines),
        test=sum(line["split"] == "test" for line in lines),
        groups=len({line["group"] for line in lines}),
        left_out=tuple(left_out),
    )
    _write(out, lines, report)
    return report


def _is_photo(path: Path) -> bool:
    return path.suffix.lower() in SUFFIXES and path.is_file()


def _only_table(folder: Path) -> Path | None:
    if not folder.is_dir():
        raise InputError(f"There is no folder {folder}.", "Name the folder with the photos.")
    tables = sorted(folder.glob("*.csv"))
    if len(tables) > 1:
        raise InputError(f"There are {len(tables)} tables in {folder}.", "Say with --csv which to take.")
    return tables[0] if tables else None


def _rows(folder: Path, table: Path | None) -> tuple[dict[str, dict[str, str]], list[LeftOut]]:
    """The lines of the table by the photo that they are about, and those about none."""
    if table is None:
        return {}, []
    hint = "Save it as CSV in UTF-8."
    text = read_file(table, MAX_TABLE_BYTES, hint=hint, smaller="Split it.", called=f"The table {table}")
    try:
        file = io.StringIO(text.decode("utf-8-sig"), newline="")
        lines = [{key.strip(): (value or "").strip() for key, value in row.items() if key} for row in _reader(file)]
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"The table {table} can't be read: {error}.", hint) from error
    names = list(lines[0]) if lines else []
    of_files = [name for name in names if any((folder / row[name]).is_file() for row in lines if row.get(name))]
    if not of_files:
        raise InputError(
            f"No column of {table} names photos of {folder}.", "One has to hold their paths, such as images/1.jpg."
        )
    rows: dict[str, dict[str, str]] = {}
    left_out: list[LeftOut] = []
    for number, row in enumerate(lines, 2):
        source = Path(row.get(of_files[0], "")).as_posix()
        if source in rows or source == ".":
            reason = "names no photo" if source == "." else f"{source} has a line already"
            left_out.append(LeftOut(source=f"{table.name}, line {number}", reason=reason))
        else:
            rows[source] = {name: row.get(name, "") for name in names if name != of_files[0]}
    return rows, left_out


def _reader(file: Iterator[str]) -> csv.DictReader[str]:
    """Commas, or the semicolons that spreadsheets write where the comma is a decimal sign."""
    first = next(file, "")
    return csv.DictReader(chain([first], file), delimiter=";" if first.count(";") > first.count(",") else ",")


def _template(caption: str | None, columns: Sequence[str]) -> str:
    """A caption with columns in braces; where none is given, one that the columns allow."""
    if caption is None:
        described = next((name for wanted in DESCRIPTIONS for name in columns if name.lower() == wanted), None)
        kind = next((name for wanted in KINDS for name in columns if name.lower() == wanted), None)
        return f"{{{described}}}" if described else f"a {{colour}} {{{kind}}}" if kind else "a {colour} product"
    try:
        fields = {name for _, name, _, _ in string.Formatter().parse(caption) if name is not None}
    except ValueError as error:
        raise InputError(f"The caption “{caption}” has a brace without its partner.", "Write {column}.") from error
    if unknown := fields - {*columns, "colour"}:
        offered = ", ".join(f"{{{name}}}" for name in (*columns, "colour"))
        raise InputError(f"The table has no column {min(unknown)!r}.", f"A caption can have {offered}.")
    return caption


def _photo(path: Path, source: str, row: Mapping[str, str], size: int, crop: Crop) -> _Photo:
    """Reads and crops a photo; raises InputError where it is broken or too small."""
    image = imaging.decode(read_file(path, MAX_PICTURE_BYTES, hint="Copy it again.", called="This photo"))
    if min(image.size) < size:
        raise InputError(f"{image.width} x {image.height} pixels are too few for {size}")
    stands_out = _stands_out(image)
    box = _square(image, stands_out if crop == "product" else None)
    return _Photo(
        source=source,
        row=row,
        image=image.resize((size, size), Image.Resampling.LANCZOS, box=box, reducing_gap=3),
        colour=_colour(image, stands_out),
        thumbnail=np.asarray(image.resize((THUMBNAIL, THUMBNAIL), Image.Resampling.BOX), dtype=np.int16),
    )


def _stands_out(image: Image.Image, side: int = 64) -> np.ndarray:
    """Where a photo is unlike its border: bool [side, side], over the whole photo."""
    small = torch.from_numpy(np.asarray(image.resize((side, side), Image.Resampling.BOX)).copy())
    lab = to_lab(small / 255)
    edge = torch.cat([lab[0], lab[-1], lab[:, 0], lab[:, -1]])
    nearest = torch.cdist(lab.view(-1, 3), edge[::4]).min(1).values.view(side, side)
    return (nearest > 12).numpy()


def _square(image: Image.Image, stands_out: np.ndarray | None) -> tuple[float, float, float, float]:
    """The square to keep: the largest in the centre, or one that holds what stands out with a little air round it."""
    width, height = image.size
    side, x, y = float(min(width, height)), width / 2, height / 2
    if stands_out is not None and 0.02 < stands_out.mean() < 0.7:
        rows, columns = np.nonzero(stands_out)
        # The outermost hundredth may be dirt on the backdrop.
        left, right = np.quantile(columns, (0.01, 0.99)) / len(stands_out) * width
        top, bottom = np.quantile(rows, (0.01, 0.99)) / len(stands_out) * height
        side = min(side, max(1.15 * max(right - left, bottom - top), 0.4 * side))
        x, y = (left + right) / 2, (top + bottom) / 2
    x, y = np.clip(x, side / 2, width - side / 2), np.clip(y, side / 2, height - side / 2)
    return float(x - side / 2), float(y - side / 2), float(x + side / 2), float(y + side / 2)


def _colour(image: Image.Image, stands_out: np.ndarray) -> str:
    """The named colour nearest to most of what stands out, or to the middle of the photo where too little does."""
    side = len(stands_out)
    y, x = (np.mgrid[:side, :side] + 0.5) / side - 0.5
    middle = np.hypot(x, y) < 0.3
    seen = stands_out & middle
    pixels = np.asarray(image.resize((side, side), Image.Resampling.BOX))[seen if seen.mean() > 0.03 else middle]
    nearest = distance_to_named(to_lab(torch.from_numpy(pixels.copy()) / 255)).argmin(-1)
    return list(COLOURS)[int(torch.bincount(nearest, minlength=len(COLOURS)).argmax())]


def _twin(thumbnail: np.ndarray, others: Sequence[np.ndarray]) -> int | None:
    """The place of the first thumbnail that is nearly the same."""
    if not others:
        return None
    near = np.abs(np.stack(others) - thumbnail).mean((1, 2, 3)) < DUPLICATE_DIFFERENCE
    return int(near.argmax()) if near.any() else None


def _line(photo: _Photo, file: str, template: str, group: str | None) -> dict[str, str]:
    words = {name: value.lower() for name, value in photo.row.items()} | {"colour": photo.colour}
    belongs_to = photo.row.get(group, "") if group else ""
    belongs_to = belongs_to or photo.source
    return {
        "file": file,
        "caption": " ".join(template.format_map(words).split()),
        "colour": photo.colour,
        "split": "test" if _share(belongs_to) < TEST_SHARE else "train",
        "group": belongs_to,
        "source": photo.source,
        **{name: value for name, value in photo.row.items() if name not in COLUMNS},
    }


def _share(text: str) -> float:
    """A number in 0..1 that is the text's own, so that a photo keeps its split when others come and go."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") / 2**32


def _write(out: Path, lines: Sequence[Mapping[str, str]], report: ImportReport) -> None:
    with (out / "report.json").open("w", encoding="utf-8") as file:
        json.dump(asdict(report), file, indent=2, ensure_ascii=False)
    names = list(dict.fromkeys(name for line in lines for name in line))
    partial = out / f"{TABLE}.partial"
    with partial.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, names, restval="")
        writer.writeheader()
        writer.writerows(lines)
    partial.replace(out / TABLE)


def pack_catalogue(folder: Path, *, u_names: tuple[str, ...] = (), split: str = "train") -> PackedData:
    """The photos of an import, with the captions as they now stand in its table.

    What captions say in common makes the attributes: columns with 2 to 64 values of which most captions name theirs.
    `u` is drawn from the product world's prior for `u_names`, the entries that a model to begin with knows.

    Raises:
        InputError: the import is broken, or its captions have nothing in common.
    """
    table = _table(folder)
    lines = [line for line in table if line["split"] == split]
    if not lines:
        raise InputError(f"No photo of {folder} is for {split}.", f"Correct the column split of {folder / TABLE}.")
    attributes = _attributes([line for line in table if line["split"] == "train"])
    if not attributes:
        raise InputError(
            f"The captions in {folder / TABLE} have nothing in common.",
            "Let them say the colour, or the values of a column such as category.",
        )
    rng = random.Random(f"catalogue {len(lines)}")
    texts = [_texts(line, attributes, rng) for line in lines]
    pixels = [_pixels(folder / line["file"]) for line in lines]
    for line, each in zip(lines, pixels, strict=True):
        if each.shape != pixels[0].shape:
            raise InputError(
                f"{folder / line['file']} is of another size than {lines[0]['file']}.",
                "Delete its line in the table, or import anew.",
            )
    images = torch.from_numpy(np.stack(pixels)).permute(0, 3, 1, 2)
    prior = [sample_scene(seed).u for seed in range(PRIOR_SCENES)]
    return PackedData(
        exact=False,
        images=images.contiguous(),
        masks=torch.from_numpy(np.stack([_mask(folder, line["file"], images.shape[-1]) for line in lines])),
        u=torch.tensor([[u[name] for name in u_names] for u in prior]),
        labels=torch.tensor([_labels({name: line[name].lower() for name in attributes}, attributes) for line in lines]),
        captions=[captions for captions, _, _ in texts],
        caption_labels=torch.tensor([labels for _, labels, _ in texts]),
        mismatched=[wrong for _, _, wrong in texts],
        mirrors=torch.zeros(len(lines), 2, dtype=torch.bool),
        u_mirrored=(),
        u_names=u_names,
        attributes=attributes,
    )


def pack_for_training(folder: Path, *, u_names: tuple[str, ...] = ()) -> tuple[PackedData, PackedData | None]:
    """The photos to train on, and those for measuring, with the same attributes; None where these are too few."""
    held_out = sum(line["split"] == "test" for line in _table(folder)) >= FEWEST_HELD_OUT
    train = pack_catalogue(folder, u_names=u_names)
    return train, pack_catalogue(folder, u_names=u_names, split="test") if held_out else None


def _table(folder: Path) -> list[dict[str, str]]:
    try:
        with (folder / TABLE).open(encoding="utf-8-sig", newline="") as file:
            lines = [{name: value or "" for name, value in line.items()} for line in _reader(file)]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"There is no usable import in {folder}: {error}.", "Make one: studio data import.") from error
    for number, line in enumerate(lines, 2):
        if missing := [name for name in ("file", "caption", "split") if not line.get(name)]:
            raise InputError(f"{folder / TABLE}, line {number} has no {missing[0]}.", "Fill it in, or delete the line.")
        if None in line or line["split"] not in SPLITS:
            raise InputError(
                f"{folder / TABLE}, line {number} is neither for {' nor for '.join(SPLITS)}, or has too many columns.",
                "Put a caption that has a comma in quotation marks.",
            )
    names = {name: _usable(name) for line in lines[:1] for name in line}
    return [{names[name]: value for name, value in line.items()} for line in lines]


def _usable(column: str) -> str:
    """Attributes are called by their columns, and PyTorch keeps some names for itself, such as `type`."""
    column = column.replace(".", "_")
    return f"{column}_" if hasattr(torch.nn.ModuleDict(), column) else column


def _attributes(lines: Sequence[Mapping[str, str]]) -> dict[str, tuple[str, ...]]:
    """Column -> its values in small letters, where most captions name theirs."""
    attributes: dict[str, tuple[str, ...]] = {}
    for column in lines[0]:
        if not column or (column in COLUMNS and column != "colour"):
            continue
        values = [line[column].lower() for line in lines]
        said = sum(bool(value) and _says(line["caption"], value) for value, line in zip(values, lines, strict=True))
        classes = tuple(sorted(set(values) - {""}))
        if 2 <= len(classes) <= 64 and said > len(lines) / 2:
            attributes[column] = classes
    return attributes


def _says(caption: str, value: str) -> bool:
    return re.search(rf"\b{re.escape(value)}\b", caption.lower()) is not None


def _labels(said: Mapping[str, str], attributes: Mapping[str, Sequence[str]]) -> list[int]:
    """The class of every attribute; the number of classes where it is not said."""
    return [
        classes.index(said[name]) if said.get(name) in classes else len(classes) for name, classes in attributes.items()
    ]


def _texts(
    line: Mapping[str, str], attributes: Mapping[str, Sequence[str]], rng: random.Random
) -> tuple[list[str], list[list[int]], str]:
    """The caption, the caption without one of its attributes, what both say, and a caption with one of them wrong."""
    caption = line["caption"]
    said = {name: line[name].lower() for name in attributes if line[name] and _says(caption, line[name].lower())}
    if not said:
        return [caption, caption], [_labels({}, attributes)] * 2, caption
    name = rng.choice(list(said))
    shorter = " ".join(_replaced(caption, said[name], "").split())
    wrong = _replaced(caption, said[name], rng.choice([each for each in attributes[name] if each != said[name]]))
    rest = {other: value for other, value in said.items() if _says(shorter, value)}
    return [caption, shorter], [_labels(said, attributes), _labels(rest, attributes)], wrong


def _replaced(caption: str, value: str, other: str) -> str:
    return re.sub(rf"\b{re.escape(value)}\b", other, caption, count=1, flags=re.IGNORECASE)


def _mask(folder: Path, file: str, size: int) -> np.ndarray:
    """uint8 [size, size], 255 = product; nothing where the mask isn't known."""
    path = folder / "masks" / Path(file).with_suffix(".png").name
    if not path.is_file():
        return np.zeros((size, size), np.uint8)
    try:
        with Image.open(path) as image:
            mask = np.asarray(image.convert("L"))
    except BROKEN_IMAGE as error:
        raise InputError(f"{path} is not a whole image.", "Delete it, or put a whole one there.") from error
    if mask.shape != (size, size):
        raise InputError(f"{path} is of another size than its photo.", "Delete it, or make it anew.")
    return mask


def _pixels(path: Path) -> np.ndarray:
    try:
        with Image.open(path) as image:
            return np.asarray(image.convert("RGB"))
    except BROKEN_IMAGE as error:
        raise InputError(f"{path} is not a whole image.", "Delete its line in the table, or import anew.") from error
