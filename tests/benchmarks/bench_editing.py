"""How long edits of a 12 megapixel photo take, as multiples of one Gaussian blur of the same photo by Pillow, and how
much memory 40 megapixels need.

    pytest tests/benchmarks/bench_editing.py -q -s
"""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image, ImageFilter

from studio.editing.backdrop import place
from studio.editing.enhance import EnhanceSettings, enhance
from studio.editing.looks import apply
from studio.editing.masks import blurred, outside
from studio.editing.material import rematerial
from studio.editing.proof import measure
from studio.editing.recolour import recolour
from studio.editing.reference import like
from studio.editing.region import repaint
from studio.styles import Look
from tests.editing.shapes import rectangles

_ALL = EnhanceSettings(exposure=0.3, white_balance=1, contrast=0.3, denoise=0.5, sharpen=0.5, straighten=2)

OPERATIONS: dict[str, tuple[float, Callable[[Image.Image, Image.Image], object]]] = {
    "repaint": (12, lambda image, mask: repaint(image, mask, lambda crop, _: crop, side=512)),
    "place": (30, lambda image, mask: place(image, mask, scene="marble counter")),
    "recolour": (15, lambda image, mask: recolour(image, mask, (22, 34, 92))),
    "rematerial": (28, lambda image, mask: rematerial(image, mask, "leather")),
    "enhance": (36, lambda image, mask: enhance(image, _ALL)),
    "white background": (15, lambda image, mask: enhance(image, EnhanceSettings(white_background=1, shadow=1), mask)),
    "look": (32, lambda image, mask: apply(image, Look(warmth=0.5, grain=0.5, vignette=0.5, glow=0.3))),
    "illustration": (36, lambda image, mask: apply(image, Look(flat=1, outline=0.5))),
    "reference": (20, lambda image, mask: like(image, image.resize((300, 200)))),
    "proof": (6, lambda image, mask: measure(image, image, outside(mask))),
}


def photo(width: int, height: int) -> tuple[Image.Image, Image.Image]:
    """A noisy photo and the soft mask of a product that covers a fifth of it."""
    noise = np.random.default_rng(0).integers(60, 200, (height // 8, width // 8, 3), np.uint8)
    image = Image.fromarray(noise).resize((width, height), Image.Resampling.BICUBIC)
    return image, blurred(rectangles(image.size, [(width // 4, height // 4, width * 7 // 10, height * 7 // 10)]), 2)


@pytest.mark.parametrize("name", OPERATIONS)
def test_twelve_megapixels(name: str) -> None:
    most, run = OPERATIONS[name]
    image, mask = photo(4000, 3000)
    blur = min(_seconds(lambda: image.filter(ImageFilter.GaussianBlur(3))) for _ in range(3))
    ratio = _seconds(lambda: run(image, mask)) / blur
    sys.stdout.write(f"\n{name}: {ratio:.1f} Gaussian blurs\n")
    assert ratio < most


@pytest.mark.parametrize("name", OPERATIONS)
def test_forty_megapixels_need_less_than_two_gigabytes(name: str) -> None:
    """In a process of its own, as the peak of this one is never taken back."""
    command = f"from tests.benchmarks.bench_editing import peak; print(peak({name!r}))"
    megabytes = float(
        subprocess.run([sys.executable, "-c", command], capture_output=True, check=True, text=True).stdout
    )
    sys.stdout.write(f"\n{name}: {megabytes:.0f} MB\n")
    assert megabytes < 2000


def peak(name: str) -> float:
    """Megabytes that a 40 megapixel edit needed at most, all told."""
    OPERATIONS[name][1](*photo(7300, 5470))
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _seconds(call: Callable[[], object]) -> float:
    start = time.process_time()
    call()
    return time.process_time() - start
