"""What the colours of one picture say of where its product is, once its place is roughly known.

The idea of GrabCut (Rother, Kolmogorov and Blake 2004) with histograms instead of Gaussians and a guided filter instead
of a graph: colours that are more frequent on the product than beside it speak for the product, wherever they are.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from .guided_filter import guided

BINS = 16  # along each of red, green and blue
RARE = 2e-4  # share of pixels below which a colour says little
ROUNDS = 2
RADIUS, EPSILON = 4, 4e-3


def by_colour(image: Tensor, logits: Tensor, strength: float) -> Tensor:
    """`logits` [1, h, w] of an image [3, h, w] in -1..1 become shares in 0..1 of the same shape.

    `strength` says how much the logarithm of how much more frequent a colour is on the product counts.
    """
    bins = ((image + 1) / 2 * BINS).long().clamp(0, BINS - 1)
    places = (bins[0] * BINS + bins[1]) * BINS + bins[2]
    share = logits.sigmoid()
    for _ in range(ROUNDS):
        on, beside = (_histogram(places, each * (each > 0.5)) for each in (share[0], 1 - share[0]))
        speaks = ((on + RARE) / (beside + RARE)).log()[places][None]
        share = (logits + strength * F.avg_pool2d(speaks, 3, stride=1, padding=1)).sigmoid()
        share = guided(image, share, image, radius=RADIUS, epsilon=EPSILON).clamp(0, 1)
    return share


def _histogram(places: Tensor, weights: Tensor) -> Tensor:
    """Shares of colours [BINS^3], each spread over its neighbours."""
    counts = torch.bincount(places.flatten(), weights.flatten().double(), BINS**3).float().view(1, 1, BINS, BINS, BINS)
    spread = F.avg_pool3d(F.avg_pool3d(counts, 2, stride=1, padding=1), 2, stride=1)
    return spread.flatten() / spread.sum().clamp(min=1e-6)
