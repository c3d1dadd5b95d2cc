"""A map takes the edges of the picture that it lies over."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from studio.models import guided_filter
from studio.models.guided_filter import guided


def picture(size: int) -> torch.Tensor:
    """A bright disc on dark ground."""
    y, x = torch.arange(size)[:, None] + 0.5 - size / 2, torch.arange(size)[None] + 0.5 - size / 2
    disc = (x**2 + y**2 < (0.3 * size) ** 2).float()
    return torch.stack([disc * 1.2 - 0.6, disc * 0.5, 0.2 - disc * 0.4])


def test_a_coarse_map_becomes_as_sharp_as_the_picture() -> None:
    large, small = picture(256), F.avg_pool2d(picture(256)[None], 4)[0]
    true = (large[1:2] > 0.25).float()
    rough = F.avg_pool2d(true[None], 12, stride=4, padding=4)[0]
    fine = guided(small, rough, large, radius=6, epsilon=1e-4)

    enlarged = F.interpolate(rough[None], size=(256, 256), mode="bilinear")[0]
    assert (fine - true).abs().mean() < 0.7 * (enlarged - true).abs().mean()


def test_a_map_of_one_value_stays() -> None:
    image = torch.rand(3, 40, 30)
    filtered = guided(image, torch.full((1, 40, 30), 0.7), image, radius=3, epsilon=1e-4)
    torch.testing.assert_close(filtered, torch.full_like(filtered, 0.7), atol=1e-4, rtol=0)


def test_stripes_give_what_the_whole_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    image = torch.rand(3, 70, 50)
    small, values = F.avg_pool2d(image[None], 2)[0], torch.rand(1, 35, 25)
    whole = guided(small, values, image, radius=2, epsilon=1e-3)
    monkeypatch.setattr(guided_filter, "ROWS", 16)
    torch.testing.assert_close(guided(small, values, image, radius=2, epsilon=1e-3), whole)


@pytest.mark.parametrize("height, width", [(1, 1), (1, 9), (7, 2)])
def test_any_size_goes(height: int, width: int) -> None:
    image = torch.rand(3, height, width)
    filtered = guided(image, torch.rand(1, height, width), image, radius=4, epsilon=1e-4)
    assert filtered.shape == (1, height, width) and filtered.isfinite().all()
