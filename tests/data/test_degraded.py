"""Half as large, cleanly or worn."""

from __future__ import annotations

import random

import pytest
import torch
import torch.nn.functional as F

from studio.data import degraded
from studio.data.degraded import blurred, halved, through_jpeg


def waves(size: int) -> torch.Tensor:
    """Smooth enough that half the size holds all of it."""
    x = torch.linspace(0, 6 * torch.pi, size)
    return torch.stack([x.sin().expand(size, size), x.cos()[:, None].expand(size, size), torch.zeros(size, size)]) * 0.8


def test_clean_ones_are_what_area_or_lanczos_give(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(degraded, "SOFT", 0.0)
    monkeypatch.setattr(degraded, "WORN", 0.0)
    for seed in range(6):
        small = halved(waves(64), random.Random(seed))
        torch.testing.assert_close(small, F.avg_pool2d(waves(64)[None], 2)[0], atol=0.06, rtol=0)
        torch.testing.assert_close(small * 127.5, (small * 127.5).round(), atol=1e-3, rtol=0)


def test_others_are_softer_or_noisier_and_a_seed_gives_the_same() -> None:
    image = torch.rand(3, 32, 32, generator=torch.Generator().manual_seed(0)) * 2 - 1
    found = [halved(image, random.Random(seed)) for seed in range(30)]
    assert all(each.shape == (3, 16, 16) and each.abs().max() <= 1 for each in found)
    detail = [float((each - F.avg_pool2d(each[None], 3, 1, 1)[0]).std()) for each in found]
    assert min(detail) < 0.6 * max(detail)
    assert torch.equal(found[3], halved(image, random.Random(3)))


@pytest.mark.parametrize("sigma", [0.5, 1.0, 2.0])
def test_a_blur_has_its_sigma(sigma: float) -> None:
    point = torch.zeros(3, 41, 41)
    point[:, 20, 20] = 1
    spread = blurred(point, sigma)[0]
    places = torch.arange(41) - 20.0
    assert float(spread.sum()) == pytest.approx(1, abs=1e-3)
    assert float((spread.sum(0) * places**2).sum()) == pytest.approx(sigma**2, rel=0.2)
    assert torch.equal(blurred(point, 0.0), point)


def test_jpeg_loses_more_at_a_lower_quality() -> None:
    image = torch.rand(3, 32, 32) * 2 - 1
    lost = [float((through_jpeg(image, quality) - image).abs().mean()) for quality in (95, 30)]
    assert 0 < lost[0] < lost[1]
