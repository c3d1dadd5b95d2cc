"""A hundred adverts from one product, with encoding, marks, signature and checks, beside a bare Pillow
resize-and-encode of the same files: `pytest tests/benchmarks/bench_campaign.py -s`. Says how many a second, the ratio,
and what an advert takes of one core."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path

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


def test_a_hundred_adverts_beside_a_bare_resize_and_encode(tmp_path: Path) -> None:
    channels = load_channels().chosen()
    words = tuple(
        Words(headline=f"Good mornings, number {n}", subline="Made for every day", price="€18", cta="Shop now")
        for n in range(-(-COUNT // len(channels)))
    )
    plan = Plan(briefs=(Brief(sku="mug", description="a mug"),), words=words)
    room = FakeDarkroom()
    made = Campaign(plan, darkroom=room.darkroom, prompts=load_prompts(), signer=Signer(tmp_path / "keys"))
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
        f" {cpu / len(steps):.2f} s of one core an advert"
    )
    assert studio / bare < MOST_TIMES


def _bare(image: Image.Image, width: int, height: int) -> bytes:
    buffer = BytesIO()
    image.resize((width, height), Image.Resampling.LANCZOS).save(buffer, "JPEG", quality=92, subsampling=0)
    return buffer.getvalue()
