"""Outlines: something in the middle, of a seed, with soft edges."""

from __future__ import annotations

import random

import torch

from studio.data.shapes import random_shape


def test_shapes_cover_something_in_the_middle_and_never_all() -> None:
    rng = random.Random(0)
    for _ in range(60):
        shape = random_shape(64, rng)
        assert shape.shape == (64, 64) and shape.min() >= 0 and shape.max() <= 1
        assert 0.05 < shape.mean() < 0.9
        assert shape[16:48, 16:48].mean() > shape.mean()


def test_edges_are_soft_and_narrow() -> None:
    shapes = torch.stack([random_shape(128, random.Random(seed)) for seed in range(20)])
    between = ((shapes > 0.02) & (shapes < 0.98)).float().mean()
    assert 0.002 < between < 0.2


def test_a_seed_gives_the_same_shape() -> None:
    assert torch.equal(random_shape(48, random.Random(5)), random_shape(48, random.Random(5)))
    assert not torch.equal(random_shape(48, random.Random(5)), random_shape(48, random.Random(6)))
