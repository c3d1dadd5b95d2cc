"""A hundred adverts from one product, with encoding, marks, signature and checks, beside a bare Pillow
resize-and-encode of the same files: `pytest tests/benchmarks/bench_campaign.py -s`. Says how many a second, the ratio,
what an advert takes of one core, and what was guessed before. Then a thousand adverts of a table of products, and how
much memory is resident after a hundred and after all."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from studio.campaign.advert import Words
from studio.campaign.brief import Brief
from studio.campaign.campaign import Campaign
from studio.campaign.channels import load_channels
from studio.campaign.pace import WORKERS
from studio.campaign.plan import Plan
from studio.prompts import load_prompts
from studio.signature import Signer
from tests.campaign.drawn import FakeDarkroom, product

COUNT = 100
#: What a studio may cost beside a resize: it lays out, sets type, marks, signs and measures each file.
MOST_TIMES = 12
MANY = 1000
#: What memory may grow by from the hundredth to the thousandth advert, in MB: fonts and caches fill.
MOST_GROWTH = 60

STATUS = Path("/proc/self/status")


def test_a_hundred_adverts_beside_a_bare_resize_and_encode(tmp_path: Path) -> None:
    channels = load_channels().chosen()
    words = tuple(
        Words(headline=f"Good mornings, number {n}", subline="Made for every day", price="€18", cta="Shop now")
        for n in range(-(-COUNT // len(channels)))
    )
    plan = Plan(briefs=(Brief(sku="mug", description="a mug"),), words=words)
    room = FakeDarkroom()
    made = Campaign(plan, darkroom=room.darkroom, prompts=load_prompts(), signer=Signer(tmp_path / "keys"))
    guess = made.seconds
    started, cpu = time.perf_counter(), time.process_time()
    steps = list(made.run(tmp_path / "out"))
    studio, cpu = time.perf_counter() - started, time.process_time() - cpu
    assert all(step.row.status == "ok" for step in steps)

    image, _ = product()
    started = time.perf_counter()
    with ThreadPoolExecutor(WORKERS) as pool:
        list(pool.map(lambda step: _bare(image, step.row.width, step.row.height), steps))
    bare = time.perf_counter() - started

    print(  # noqa: T201
        f"\n{len(steps)} adverts: {len(steps) / studio:.1f} a second, bare Pillow {len(steps) / bare:.1f} a second,"
        f" {studio / bare:.1f} times as long;"
        f" {cpu / len(steps):.2f} s of one core an advert; guessed {guess:.0f} s, took {studio:.0f} s"
    )
    assert studio / bare < MOST_TIMES


@pytest.mark.skipif(not STATUS.exists(), reason="says how much memory is resident on Linux alone")
def test_memory_is_flat_over_a_thousand_adverts(tmp_path: Path) -> None:
    channels = load_channels().chosen()
    briefs = tuple(
        Brief(sku=f"mug-{n}", description=f"a mug {n}", headline=f"Good mornings, number {n}", price="€18")
        for n in range(-(-MANY // len(channels)))
    )
    made = Campaign(
        Plan(briefs=briefs), darkroom=FakeDarkroom().darkroom, prompts=load_prompts(), signer=Signer(tmp_path / "keys")
    )
    started, resident = time.perf_counter(), dict[int, float]()
    for step in made.run(tmp_path / "adverts.zip"):
        assert step.row.status == "ok"
        if step.done in (COUNT, MANY):
            resident[step.done] = _resident()
    print(  # noqa: T201
        f"\n{made.count} adverts of {len(briefs)} products in {time.perf_counter() - started:.0f} s; resident after"
        f" {COUNT}: {resident[COUNT]:.0f} MB, after {MANY}: {resident[MANY]:.0f} MB, packed: {_resident():.0f} MB"
    )
    assert resident[MANY] - resident[COUNT] < MOST_GROWTH


def _resident() -> float:
    """Megabytes of memory that this process has."""
    line = next(line for line in STATUS.read_text().splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


def _bare(image: Image.Image, width: int, height: int) -> bytes:
    buffer = BytesIO()
    image.resize((width, height), Image.Resampling.LANCZOS).save(buffer, "JPEG", quality=92, subsampling=0)
    return buffer.getvalue()
