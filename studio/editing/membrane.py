"""Smooth fields of numbers: values that are known in places spread over all the others, and blurs."""

# scipy is typed in part.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import gaussian_filter

#: [height, width, channels]
Pixels = NDArray[np.floating[Any]]


def membrane(values: Pixels, known: NDArray[np.bool_], *, sweeps: int = 8) -> Pixels:
    """Values [height, width, channels] where they are known, and about the solution of Laplace's equation elsewhere.

    Each grid starts from one of half the size, on which cells are averages of what is known. Zero where nothing is.
    `sweeps` of Jacobi's method on each grid make it as exact as it has to be.
    """
    height, width = known.shape
    weight = known[..., None].astype(np.float32)
    if max(height, width) > 1 and not known.all():
        share = _halved(weight)
        coarse = membrane(_halved(values * weight) / np.maximum(share, 1e-6), share[..., 0] > 0, sweeps=sweeps)
        values = np.where(known[..., None], values, _doubled(coarse)[:height, :width])
        for _ in range(sweeps):
            around = np.pad(values, ((1, 1), (1, 1), (0, 0)), mode="edge")
            mean = (around[2:, 1:-1] + around[:-2, 1:-1] + around[1:-1, 2:] + around[1:-1, :-2]) / 4
            values = np.where(known[..., None], values, mean)
    return values * weight if max(height, width) == 1 else values


def _doubled(values: Pixels) -> Pixels:
    height, width, channels = values.shape
    size = (2 * width, 2 * height)
    return np.stack(
        [
            np.asarray(Image.fromarray(np.ascontiguousarray(values[..., i])).resize(size, Image.Resampling.BILINEAR))
            for i in range(channels)
        ],
        axis=-1,
    )


def _halved(values: Pixels) -> Pixels:
    height, width = values.shape[:2]
    even = np.pad(values, ((0, height % 2), (0, width % 2), (0, 0)))
    return even.reshape((height + 1) // 2, 2, (width + 1) // 2, 2, -1).mean((1, 3))


def gaussian(values: NDArray[np.floating[Any]], deviation: float) -> NDArray[np.floating[Any]]:
    """A Gaussian blur in float32 with the edge values repeated; `deviation` in pixels."""
    return np.asarray(gaussian_filter(values, deviation, mode="nearest"), dtype=np.float32)
