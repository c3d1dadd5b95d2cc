"""Random holes: of their kinds, of a seed, never all or nothing."""

from __future__ import annotations

import random

import numpy as np
import pytest

from studio.data.holes import COVER, KINDS, LEAST, Kind, hole_batch, random_hole, random_margin


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


def test_margins_are_what_is_beyond_one_side_or_two() -> None:
    rng = random.Random(0)
    margins = [random_margin(48, rng) for _ in range(60)]

    for margin in margins:
        assert 0.03 < margin.mean() < 0.5
        rows, columns = np.all(margin, axis=1), np.all(margin, axis=0)
        assert np.array_equal(margin, np.logical_or(rows[:, None], columns))
        assert rows.any() != columns.any()  # never round a corner
        assert (rows if rows.any() else columns)[[0, -1]].any()
    sides = {(m[0].all(), m[-1].all(), m[:, 0].all(), m[:, -1].all()) for m in margins}
    assert len(sides) == 6
