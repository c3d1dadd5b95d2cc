"""Our backend against the bare call of the pipeline, and the memory of ten switches between models.

    pytest tests/benchmarks/bench_diffusion.py -s

Both draw the same images in turn, so that whatever else runs on the machine slows both. Ratios are of medians.
"""
# Pipelines have no common types.
# pyright: basic

import gc
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from studio import imaging
from studio.backends.diffusion import DiffusionBackend
from studio.engine import Engine
from studio.prompts import Prompts
from studio.request import GenerationRequest
from studio.settings import Settings
from tests.backends import pipelines
from tests.fakes import FakeRetoucher

ROUNDS, SWITCHES = 15, 10
#: Steps of an image: as many as a turbo model's, and as usual ones'.
FEW, USUAL = 4, 30
SIDE = 128
MOST_OVERHEAD, MOST_GROWTH = 1.02, 1.05


def seconds(action: Callable[[], object]) -> float:
    began = time.process_time()  # of all threads: what other programs take meanwhile doesn't count
    action()
    return time.process_time() - began


@pytest.mark.parametrize("steps", [FEW, USUAL])
@pytest.mark.parametrize("kind", ["sd", "sdxl", "sd3"])
def test_overhead(kind: str, steps: int, tmp_path: Path, prompts: Prompts) -> None:
    import diffusers

    folder = pipelines.write(kind, tmp_path / kind)
    backend = DiffusionBackend(str(folder), prompts=prompts)
    backend._facts.__dict__["size"] = SIDE
    backend.load()
    bare: Any = diffusers.AutoPipelineForText2Image.from_pretrained(folder, local_files_only=True)
    bare.set_progress_bar_config(disable=True)
    request = GenerationRequest(prompt="a red mug", seed=1, size=SIDE, count=1, controls={"num_inference_steps": steps})
    call = {"prompt": "a red mug", "width": SIDE, "height": SIDE, "num_inference_steps": steps}
    ours, theirs = [], []
    for round_number in range(ROUNDS + 1):
        generator = torch.Generator().manual_seed(1)
        pair = [lambda: backend.generate(request, 0), lambda g=generator: bare(**call, generator=g)]
        order = (0, 1) if round_number % 2 else (1, 0)
        taken = {which: seconds(pair[which]) for which in order}
        if round_number:  # the first one warms up
            ours.append(taken[0])
            theirs.append(taken[1])
    expected = bare(**call, generator=torch.Generator().manual_seed(1)).images[0]
    assert imaging.max_difference(backend.generate(request, 0).image, expected) == 0
    ratio = statistics.median(ours) / statistics.median(theirs)
    print(f"\n{kind}, {steps} steps: {1e3 * statistics.median(theirs):.0f} ms of CPU bare, ours x {ratio:.3f}")  # noqa: T201
    assert ratio <= MOST_OVERHEAD or steps == FEW


def test_memory_after_ten_switches(tmp_path: Path, prompts: Prompts) -> None:
    folders = {kind: pipelines.write(kind, tmp_path / kind) for kind in ("sd", "sdxl")}
    opened = {kind: DiffusionBackend(str(folder), prompts=prompts) for kind, folder in folders.items()}
    engine = Engine(Settings(backend="sd"), opened.__getitem__, FakeRetoucher())
    request = GenerationRequest(prompt="a red mug", seed=1, count=1, controls={"num_inference_steps": 2.0})

    def turn() -> int:
        for kind in folders:
            list(engine.generate(GenerationRequest(**(request.__dict__ | {"backend": kind}))))
        gc.collect()
        return resident()

    first = turn()
    for _ in range(SWITCHES // 2):
        last = turn()
    print(f"\nresident after the first turn {first / 2**20:.0f} MB, after ten switches {last / 2**20:.0f} MB")  # noqa: T201
    assert last <= MOST_GROWTH * first


def resident() -> int:
    """Bytes of this process in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096
