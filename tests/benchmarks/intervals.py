"""How sure a mean is."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def interval(values: NDArray[np.float64], times: int = 1000) -> tuple[float, float, float]:
    """The mean, and between what it lies in 95 % of samples drawn with replacement."""
    rng = np.random.default_rng(0)
    means = values[rng.integers(0, len(values), (times, len(values)))].mean(1)
    low, high = np.quantile(means, (0.025, 0.975))
    return float(values.mean()), float(low), float(high)


def said(values: NDArray[np.float64], digits: int = 3) -> str:
    """The mean and its interval, in words of so many digits."""
    return "{:.{n}f} [{:.{n}f}, {:.{n}f}]".format(*interval(values), n=digits)
