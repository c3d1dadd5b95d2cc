"""Searches in a library of 100,000 images, each as a ratio to a scan of the narrowest column of its table.

Run `python -m pytest tests/benchmarks/bench_library.py -s`. The records are made up; what is measured opens no file.
"""

import random
import statistics
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
from sqlalchemy import create_engine, insert, text

from studio.library import Library, Search
from studio.library.records import OWNER, ImageRecord, RecipeRecord, TagRecord, VectorRecord
from studio.library.vectors import VectorIndex
from studio.world.scene import ATTRIBUTES, COLOURS

IMAGES = 100_000
REPEATS = 9
LIMIT = 0.1  # seconds

SEARCHES = {
    "newest": Search(),
    "last page": Search(offset=IMAGES - 48),
    "a common word": Search(words="mug"),
    "three words": Search(words="navy leather handbag"),
    "nothing found": Search(words="dragon"),
    "colour": Search(colour="teal"),
    "starred": Search(starred=True),
    "tag": Search(tag="sale"),
    "all at once": Search(words="leather sale", colour="navy", since=datetime(2026, 1, 2)),
}


def fill(folder: Path) -> Library:
    library = Library(folder)
    rng, start = random.Random(0), datetime(2026, 1, 1)
    products, materials, colours = ATTRIBUTES["product"], ATTRIBUTES["material"], list(COLOURS)
    images, recipes, tags = list[dict[str, object]](), list[dict[str, object]](), list[dict[str, object]]()
    for number in range(IMAGES):
        colour, material, product = rng.choice(colours), rng.choice(materials), rng.choice(products)
        prompt = f"a glossy {colour} {material} {product} on a marble counter, lit from the left, number {number}"
        sha256 = f"{number:064x}"
        images.append(
            {
                "sha256": sha256,
                "owner": OWNER,
                "kind": "generate",
                "prompt": prompt,
                "seed": number,
                "index": 0,
                "width": 128,
                "height": 128,
                "num_bytes": 30_000,
                "backend": "gan",
                "model": "product-world-256",
                "model_sha256": "a" * 64,
                "created": start + timedelta(seconds=number),
                "words": f"{prompt} {colour} {material} {product}",
                "colours": f" {colour} {rng.choice(colours)} ",
                "starred": number % 100 == 0,
            }
        )
        recipes.append({"sha256": sha256, "recipe": {"prompt": prompt, "parameters": ["x" * 100] * 12}})
        if number % 50 == 0:
            tags.append({"sha256": sha256, "tag": rng.choice(["sale", "spring", "autumn"]), "owner": OWNER})
    engine = create_engine(f"sqlite:///{folder / 'library.db'}")
    with engine.begin() as connection:
        for record, rows in ((ImageRecord, images), (RecipeRecord, recipes), (TagRecord, tags)):
            connection.execute(insert(record), rows)
    engine.dispose()
    return library


def fill_vectors(library: Library) -> VectorIndex:
    rng = np.random.default_rng(0)
    rows = list[dict[str, object]]()
    for number in range(IMAGES):
        meaning, look = (rng.integers(-20, 21, size, dtype=np.int8).tobytes() for size in (384, 128))
        rows.append({"sha256": f"{number:064x}", "version": "made up", "meaning": meaning, "look": look})
    with library.database.begin() as connection:
        connection.execute(insert(VectorRecord), rows)
    return VectorIndex(library.database, "made up")


def seconds(work: Callable[[], object]) -> float:
    took = list[float]()
    for _ in range(REPEATS):
        began = time.perf_counter()
        work()
        took.append(time.perf_counter() - began)
    return statistics.median(took)


def test_searches_are_quick(tmp_path: Path) -> None:
    library = fill(tmp_path)
    engine = create_engine(f"sqlite:///{tmp_path / 'library.db'}")
    with engine.connect() as connection:
        scan = seconds(lambda: connection.execute(text("SELECT sum(seed) FROM images")).all())
    engine.dispose()
    slowest = 0.0
    for name, search in SEARCHES.items():
        took = seconds(lambda search=search: library.find(search))
        slowest = max(slowest, took)
        print(f"{name:15} {took / scan:6.2f} scans of one column, {1000 * took:6.1f} ms")  # noqa: T201
    index, query = fill_vectors(library), np.arange(-64, 64, dtype=np.int8)
    began = time.perf_counter()
    index.nearest("look", query)
    few = Search(tag="sale")
    print(f"{'vectors read':15} {1000 * (time.perf_counter() - began):6.1f} ms, once")  # noqa: T201
    nearest = {
        "by look": lambda: library.nearest(Search(), index.nearest("look", query)),
        "by meaning": lambda: library.nearest(Search(), index.nearest("meaning", np.resize(query, 384))),
        "by look, few": lambda: library.nearest(few, index.nearest("look", query)),
        "what is missing": lambda: index.missing(32),
    }
    for name, search_near in nearest.items():
        took = seconds(search_near)
        slowest = max(slowest, took)
        print(f"{name:15} {took / scan:6.2f} scans of one column, {1000 * took:6.1f} ms")  # noqa: T201
    library.close()
    assert slowest < LIMIT
