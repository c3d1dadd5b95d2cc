"""Squares of pictures."""

from __future__ import annotations

import random

import torch

from studio.data.crops import random_crop, random_crops


def test_crops_come_from_pictures_that_are_as_large() -> None:
    sets = [torch.zeros(3, 3, 16, 16, dtype=torch.uint8), torch.full((5, 3, 40, 40), 255, dtype=torch.uint8)]
    crops = random_crops(sets, 7, 32, random.Random(0))
    assert crops.shape == (7, 3, 32, 32)
    assert (crops == 1).all()
    assert {float(each.mean()) for each in random_crops(sets, 30, 16, random.Random(0))} == {-1.0, 1.0}


def test_a_crop_is_a_part_of_the_picture_or_of_half_of_it() -> None:
    ramp = (torch.arange(64, dtype=torch.uint8) * 4).expand(3, 64, 64)
    steps = {float(random_crop(ramp, 32, random.Random(seed)).float().diff(dim=2).mean()) for seed in range(20)}
    assert steps == {4.0, -4.0, 8.0, -8.0}


def test_a_seed_gives_the_same_crops() -> None:
    sets = [torch.randint(0, 255, (4, 3, 32, 32), dtype=torch.uint8)]
    first = random_crops(sets, 4, 20, random.Random(1))
    assert torch.equal(first, random_crops(sets, 4, 20, random.Random(1)))
    assert not torch.equal(first, random_crops(sets, 4, 20, random.Random(2)))
