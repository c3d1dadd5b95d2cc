"""How far drawing is from what the processor could do: time over (FLOP / GEMM peak), both measured in this run.

Run `python -m pytest tests/benchmarks -s`, or this file; it uses the model of the settings (STUDIO_BACKEND). Both
times and peak are the best of several, as other programs can only make them worse.
"""

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch.utils.flop_counter import FlopCounterMode

from studio import GenerationRequest, Studio
from studio.settings import Settings

REPEATS = 7
LIMIT = 3.0  # times the physical limit, for one image


@dataclass(frozen=True, kw_only=True)
class Timing:
    """Best and median seconds, FLOP, and the ratio of the best to FLOP / peak."""

    name: str
    seconds: float
    median: float
    flop: float
    ratio: float

    def __str__(self) -> str:
        return (
            f"{self.name:12} {1000 * self.seconds:7.1f} ms (median {1000 * self.median:.1f})"
            f"  {self.flop / 1e9:6.2f} GFLOP  {self.ratio:5.2f} x limit"
        )


def gemm_peak(size: int = 1536) -> float:
    """FLOP a second of the best of several square fp32 matrix products, with as many threads as drawing uses."""
    a, b = torch.randn(size, size), torch.randn(size, size)
    torch.mm(a, b)
    return 2 * size**3 / min(elapsed(lambda: torch.mm(a, b)) for _ in range(10))


def elapsed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def flop(work: Callable[[], object]) -> float:
    """Convolutions, matrix products and attention, whatever of them `work` does."""
    with FlopCounterMode(display=False) as counter:
        work()
    return float(counter.get_total_flops())


def measure() -> tuple[float, list[Timing]]:
    """GEMM peak in FLOP a second, and timings of one image and of a grid of eight that the library keeps."""
    with tempfile.TemporaryDirectory() as folder:
        studio = Studio(Settings(data_dir=Path(folder)))
        studio.warm()
        prompts = iter(f"a red ceramic mug number {i} on a marble counter" for i in range(1000))

        # Each time a prompt that was never seen, so that the text encoder works as for a first image.
        def one() -> object:
            return studio.preview(GenerationRequest(prompt=next(prompts), count=1, seed=1))

        def grid() -> object:
            return studio.generate(GenerationRequest(prompt=next(prompts), count=8, seed=1))

        one()
        grid()
        timings: list[Timing] = []
        peak = gemm_peak()
        for name, work in (("one image", one), ("grid of 8", grid)):
            work_flop = flop(work)
            seconds = [elapsed(work) for _ in range(REPEATS)]
            peak = max(peak, gemm_peak())
            timings.append(
                Timing(
                    name=name,
                    seconds=min(seconds),
                    median=statistics.median(seconds),
                    flop=work_flop,
                    ratio=min(seconds) * peak / work_flop,
                )
            )
        studio.library.close()
    return peak, timings


def report(peak: float, timings: list[Timing]) -> str:
    lines = [f"GEMM peak {peak / 1e9:.0f} GFLOP/s in fp32 on {torch.get_num_threads()} threads", *map(str, timings)]
    return "\n".join(lines)


def test_one_image_is_near_the_limit() -> None:
    peak, timings = measure()

    print(report(peak, timings))  # noqa: T201
    assert timings[0].ratio <= LIMIT


if __name__ == "__main__":
    sys.stdout.write(report(*measure()) + "\n")
