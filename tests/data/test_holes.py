"""Random holes: of their kinds, of a seed, never all or nothing."""

from __future__ import annotations

import random

import numpy as np
import pytest

from studio.data.holes import COVER, KINDS, LEAST, Kind, hole_batch, random_hole


def thickness(hole: np.ndarray) -> int:
    """How often a hole can be eaten from its rim before nothing is left."""
    times = 0
    while hole.any():
        inner = hole[1:-1, 1:-1] & hole[:-2, 1:-1] & hole[2:, 1:-1] & hole[1:-1, :-2] & hole[1:-1, 2:]
        hole = np.pad(inner, 1)
        times += 1
    return times


@pytest.mark.parametrize("kind", KINDS)
def test_holes_cover_something_and_never_all(kind: Kind) -> None:
    rng = random.Random(0)
    for _ in range(50):
        assert LEAST <= random_hole(64, kind, rng).mean() <= COVER[kind]


def test_kinds_differ_in_thickness() -> None:
    rng = random.Random(0)
    thin, medium, thick = (np.mean([thickness(random_hole(128, kind, rng)) for _ in range(30)]) for kind in KINDS)
    assert thin < medium / 2 < thick / 4


def test_a_seed_gives_the_same_holes() -> None:
    assert hole_batch(4, 48, random.Random(5)).equal(hole_batch(4, 48, random.Random(5)))
    assert not hole_batch(4, 48, random.Random(5)).equal(hole_batch(4, 48, random.Random(6)))
    assert set(hole_batch(4, 48, random.Random(5)).unique().tolist()) == {0.0, 1.0}
