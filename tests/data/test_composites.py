"""Composites: masks say where the product is, clicks lie where they say, a seed gives the same."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
import torch

from studio.data import composites
from studio.data.composites import Sources, composite, composite_batch


@pytest.fixture(scope="module")
def sources() -> Sources:
    """Green squares on white as renders; photos of red on blue."""
    renders, masks = torch.full((3, 3, 64, 64), 255, dtype=torch.uint8), torch.zeros(3, 64, 64, dtype=torch.uint8)
    for index in range(3):
        area = slice(16 - 4 * index, 48 + 4 * index)
        renders[index, :, area, area] = torch.tensor([0, 255, 0], dtype=torch.uint8)[:, None, None]
        masks[index, area, area] = 255
    photos = torch.zeros(2, 3, 64, 64, dtype=torch.uint8)
    photos[:, 2] = 255
    photos[:, 0, 12:52, 12:52], photos[:, 2, 12:52, 12:52] = 255, 0
    return Sources(renders=renders, masks=masks, photos=photos, photo_masks=torch.zeros(2, 64, 64, dtype=torch.uint8))


def test_all_kinds_of_pictures_are_sound(sources: Sources) -> None:
    rng = random.Random(0)
    shares: list[float] = []
    for _ in range(60):
        made = composite(sources, 64, rng)
        assert made.image.shape == (3, 64, 64) and made.image.abs().max() <= 1
        assert made.mask.min() >= 0 and made.mask.max() <= 1
        assert set(made.clicks.unique().tolist()) <= {0.0, 1.0}
        shares.append(float(made.mask.mean()))
    assert 0.1 < sum(shares) / len(shares) < 0.6
    assert sum(share < 0.01 for share in shares) < 6


def test_a_mask_covers_the_product_of_a_render(sources: Sources, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(composites, "AS_RENDERED", 1.0)
    for seed in range(12):
        made = composite(sources, 64, random.Random(seed))
        red, green = made.image[0], made.image[1]
        inside, outside = made.mask[0] > 0.99, made.mask[0] < 0.01
        assert (green - red)[inside].mean() > (green - red)[outside].mean() + 0.5


def test_clicks_are_on_the_product_or_beside_it(sources: Sources, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(composites, "PHOTO", 0.0)
    monkeypatch.setattr(composites, "HINTED", 1.0)
    counts = [0, 0]
    for seed in range(30):
        made = composite(sources, 64, random.Random(seed))
        for side, area in enumerate((made.mask[0], 1 - made.mask[0])):
            clicked = made.clicks[side] > 0
            counts[side] += int(clicked.any())
            if clicked.any():
                assert area[clicked].mean() > 0.6
    assert min(counts) > 10


def test_of_a_photo_the_middle_and_the_corners_are_known(sources: Sources, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"AS_RENDERED": 0.0, "CUT_OUT": 0.0, "PHOTO": 1.0}.items():
        monkeypatch.setattr(composites, name, value)
    made = composite(sources, 64, random.Random(0))
    assert made.weight[0, 32, 32] > 0 and made.mask[0, 32, 32] == 1
    assert made.weight[0, 0, 0] > 0 and made.mask[0, 0, 0] == 0
    assert made.weight[0, 32, 5] == 0
    assert made.clicks.sum() == 0


def test_masks_of_photos_are_used_where_they_are_known(sources: Sources, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"AS_RENDERED": 0.0, "CUT_OUT": 0.0, "PHOTO": 1.0, "KNOWN": 1.0}.items():
        monkeypatch.setattr(composites, name, value)
    masks = torch.zeros(2, 64, 64, dtype=torch.uint8)
    masks[1, 12:52, 12:52] = 255
    made = composite(replace(sources, photo_masks=masks), 64, random.Random(0))
    assert (made.weight == 1).all()
    red, blue = made.image[0], made.image[2]
    assert (red > blue)[made.mask[0] > 0.99].all()
    assert (red < blue)[made.mask[0] < 0.01].all()


def test_it_does_without_photos_and_a_seed_gives_the_same(sources: Sources) -> None:
    alone = replace(sources, photos=sources.photos[:0], photo_masks=sources.photo_masks[:0])
    first = composite_batch(alone, 8, 32, random.Random(3))
    again = composite_batch(alone, 8, 32, random.Random(3))
    assert all(torch.equal(a, b) for a, b in zip(first, again, strict=True))
    assert [tuple(each.shape) for each in first] == [(8, 3, 32, 32), (8, 1, 32, 32), (8, 2, 32, 32), (8, 1, 32, 32)]
