"""Colours that are on the product speak for it, also where the network didn't look."""

from __future__ import annotations

import torch

from studio.models.colour_model import by_colour


def picture() -> tuple[torch.Tensor, torch.Tensor]:
    """A red square on blue, with some noise, and where it is."""
    where = torch.zeros(1, 64, 64)
    where[:, 16:48, 16:48] = 1
    red, blue = torch.tensor([0.6, -0.6, -0.6]), torch.tensor([-0.6, -0.6, 0.6])
    image = torch.where(where > 0, red[:, None, None], blue[:, None, None])
    return image + 0.03 * torch.randn(3, 64, 64, generator=torch.Generator().manual_seed(0)), where


def test_half_a_product_becomes_a_whole_one() -> None:
    image, where = picture()
    logits = 4 * where - 3
    logits[:, :, 32:] = -0.5  # as if nobody knew
    assert (logits.sigmoid() > 0.5).float().sum() < 0.6 * where.sum()
    share = by_colour(image, logits, 1.5)
    found = share > 0.5
    assert (found == (where > 0)).float().mean() > 0.97
    assert share.min() >= 0 and share.max() <= 1


def test_a_picture_of_one_colour_says_nothing() -> None:
    logits = torch.full((1, 20, 30), 0.7)
    share = by_colour(torch.zeros(3, 20, 30), logits, 0.0)
    torch.testing.assert_close(share, logits.sigmoid(), atol=1e-4, rtol=0)


def test_any_size_goes() -> None:
    for size in ((1, 1), (1, 9), (5, 2)):
        assert by_colour(torch.rand(3, *size) * 2 - 1, torch.randn(1, *size), 1.5).isfinite().all()
