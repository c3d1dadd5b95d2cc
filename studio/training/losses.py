"""Losses, with the symbols of their papers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

#: A product that covers less of the picture than this counts less than its surroundings.
SMALLEST_AREA = 0.05


def relativistic_discriminator(real: Tensor, fake: Tensor) -> Tensor:
    """softplus(D(fake, c) - D(real, c)) of logits [n], R3GAN (arXiv 2501.05441)."""
    return F.softplus(fake - real).mean()


def mismatch(real: Tensor, mismatched: Tensor) -> Tensor:
    """softplus(D(real, c~) - D(real, c)) of logits [n], with captions c~ that are wrong (GAN-CLS, Reed et al. 2016)."""
    return F.softplus(mismatched - real).mean()


def relativistic_generator(real: Tensor, fake: Tensor) -> Tensor:
    """softplus(D(real, c) - D(fake, c))."""
    return F.softplus(real - fake).mean()


@dataclass(frozen=True, kw_only=True)
class AdversarialLoss:
    """The game: what each side minimises of logits [n] of real images and of generated ones, and whether the gradient
    penalty is on generated images (R2) beside real ones (R1)."""

    discriminator: Callable[[Tensor, Tensor], Tensor]
    generator: Callable[[Tensor, Tensor], Tensor]
    penalise_fake: bool = True


RELATIVISTIC = AdversarialLoss(discriminator=relativistic_discriminator, generator=relativistic_generator)


def gradient_penalty(logit: Tensor, image: Tensor) -> Tensor:
    """E |dD/dx|^2: R1 on real images, R2 on generated ones (Mescheder et al. 2018). `image` must require grad."""
    (gradient,) = torch.autograd.grad(logit.sum(), image, create_graph=True)
    return gradient.square().sum((1, 2, 3)).mean()


def reconstruction(fake: Tensor, real: Tensor, weight: Tensor, levels: int = 4) -> Tensor:
    """L1 on the image and on every level of a Laplacian-like pyramid, so that edges count beside broad colour.

    `weight` [n, 1, size, size], of mean 1, says how much each place counts.
    """
    difference = fake - real
    loss = (weight * difference).abs().mean()
    for _ in range(levels):
        small = F.avg_pool2d(difference, 2)
        loss = loss + (weight * (difference - _double(small))).abs().mean()
        difference, weight = small, F.avg_pool2d(weight, 2)
    return loss + (weight * difference).abs().mean()


def in_hole(filled: Tensor, real: Tensor, hole: Tensor) -> Tensor:
    """Mean over images of |d| + 2 d^2 in the hole, d = filled - real; every image counts alike, however large its hole.

    Images [n, 3, size, size] in -1..1, hole [n, 1, size, size] of 0 and 1.
    """
    difference = (filled - real).abs() * hole
    area = 3 * hole.sum((1, 2, 3)).clamp(min=1)
    return ((difference + 2 * difference.square()).sum((1, 2, 3)) / area).mean()


def product_weight(mask: Tensor) -> Tensor:
    """Lets the product count as much as all that surrounds it, however small it is.

    `mask` [n, 1, size, size] in 0..1, 1 = product, to weights of the same shape and of mean 1. A rim of a thirtieth of
    the size goes with the product: there its outline is right or wrong.
    """
    reach = mask.shape[-1] // 30
    product = F.max_pool2d(mask, (2 * reach + 1, 1), stride=1, padding=(reach, 0))
    product = F.max_pool2d(product, (1, 2 * reach + 1), stride=1, padding=(0, reach))
    area = product.mean((1, 2, 3), keepdim=True).clamp(SMALLEST_AREA, 1 - SMALLEST_AREA)
    weight = product / area + (1 - product) / (1 - area)
    return weight / weight.mean((1, 2, 3), keepdim=True)


def _double(x: Tensor) -> Tensor:
    return F.interpolate(x, scale_factor=2, mode="nearest")


def feature_matching(fake: Sequence[Tensor], real: Sequence[Tensor]) -> Tensor:
    """Mean over scales of the L1 distance of feature maps, each in units of the real map's mean size."""
    distances = [
        F.l1_loss(f, r.detach()) / r.detach().abs().mean().clamp_min(1e-3) for f, r in zip(fake, real, strict=True)
    ]
    return torch.stack(distances).mean()


def attribute_cross_entropy(logits: Mapping[str, Tensor], labels: Tensor) -> Tensor:
    """Mean over groups of the cross-entropy; `labels` [n, groups] in the order of `logits`."""
    return torch.stack([F.cross_entropy(each, labels[:, i]) for i, each in enumerate(logits.values())]).mean()
