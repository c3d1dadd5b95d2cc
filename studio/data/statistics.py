"""What a folder of renders holds, for people to look at: counts of every word, spans of every number, and pictures."""

from __future__ import annotations

import json
import statistics
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from PIL import Image

from studio.data.renders import read_records
from studio.world.scene import ATTRIBUTES, PRODUCTS, Scene, continuous_of

STATISTICS = "statistics.md"
SHEET = "sheet.png"
COLUMNS = 16
THUMBNAIL = 96  # pixels along a side
GAP = 2


def write_statistics(folder: Path) -> None:
    """Writes `statistics.md` and `sheet.png` (a row of pictures of every product) into a folder of renders.

    Raises InputError where there are none.
    """
    records = read_records(folder)
    scenes = [scene for _, scene in records]
    edits = folder / "edits.jsonl"
    edited = [json.loads(line)["edited"] for line in edits.read_text("utf-8").splitlines()] if edits.is_file() else []
    (folder / STATISTICS).write_text("\n".join(_lines(scenes, edited)) + "\n", encoding="utf-8")
    _sheet(records).save(folder / SHEET)


def _lines(scenes: Sequence[Scene], edited: Sequence[str]) -> Iterator[str]:
    yield f"# {len(scenes):,} renders, {len(edited):,} of them once more with one thing changed"
    attributes = [scene.attributes() for scene in scenes]
    for group, classes in ATTRIBUTES.items():
        counts = Counter(each.get(group, "-") for each in attributes)
        yield from _table(group, {name: counts[name] for name in (*classes, "-") if counts[name] or name != "-"})
    yield from _table(
        "silhouette",
        {
            f"{scene.product}, {PRODUCTS[scene.product].silhouettes[scene.silhouette]}": 0
            for scene in sorted(scenes, key=lambda scene: (scene.product, scene.silhouette))
        }
        | Counter(f"{scene.product}, {PRODUCTS[scene.product].silhouettes[scene.silhouette]}" for scene in scenes),
    )
    if edited:
        yield from _table("what was changed", dict(Counter(edited).most_common()))
    yield from ("", "| number | lowest | quarter | middle | three quarters | highest |", "| --- " * 6 + "|")
    values = [continuous_of(scene) for scene in scenes]
    for name in values[0]:
        ordered = sorted(each[name] for each in values)
        quarters = statistics.quantiles(ordered, n=4, method="inclusive") if len(ordered) > 1 else ordered * 3
        yield f"| {name} | " + " | ".join(f"{value:.2f}" for value in (ordered[0], *quarters, ordered[-1])) + " |"


def _table(title: str, counts: dict[str, int]) -> Iterator[str]:
    total = sum(counts.values())
    yield from ("", f"| {title} | renders | share |", "| --- | ---: | ---: |")
    for name, count in counts.items():
        yield f"| {name} | {count} | {count / total:.1%} |"


def _sheet(records: Sequence[tuple[Path, Scene]]) -> Image.Image:
    of = [[path for path, scene in records if scene.product == product][:COLUMNS] for product in PRODUCTS]
    rows = [row for row in of if row]
    step = THUMBNAIL + GAP
    sheet = Image.new("RGB", (COLUMNS * step - GAP, len(rows) * step - GAP), "white")
    for y, row in enumerate(rows):
        for x, path in enumerate(row):
            with Image.open(path) as image:
                sheet.paste(image.convert("RGB").resize((THUMBNAIL, THUMBNAIL)), (x * step, y * step))
    return sheet
