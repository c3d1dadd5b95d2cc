"""Losses, with the symbols of their papers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor


def relativistic_discriminator(real: Tensor, fake: Tensor, mismatched: Tensor) -> Tensor:
    """softplus(D(fake, c) - D(real, c)) + 1/2 softplus(D(real, c~) - D(real, c)), R3GAN (arXiv 2501.05441) and GAN-CLS.

    Logits [n] of real and generated images with their captions, and of real images with captions that are wrong.
    """
    return F.softplus(fake - real).mean() + 0.5 * F.softplus(mismatched - real).mean()


def relativistic_generator(real: Tensor, fake: Tensor) -> Tensor:
    """softplus(D(real, c) - D(fake, c))."""
    return F.softplus(real - fake).mean()


def gradient_penalty(logit: Tensor, image: Tensor) -> Tensor:
    """E |dD/dx|^2: R1 on real images, R2 on generated ones (Mescheder et al. 2018). `image` must require grad."""
    (gradient,) = torch.autograd.grad(logit.sum(), image, create_graph=True)
    return gradient.square().sum((1, 2, 3)).mean()


def reconstruction(fake: Tensor, real: Tensor, levels: int = 4) -> Tensor:
    """L1 on the image and on every level of a Laplacian-like pyramid, so that edges count beside broad colour."""
    loss = F.l1_loss(fake, real)
    for _ in range(levels):
        small_fake, small_real = F.avg_pool2d(fake, 2), F.avg_pool2d(real, 2)
        detail = (fake - _double(small_fake)) - (real - _double(small_real))
        loss = loss + detail.abs().mean()
        fake, real = small_fake, small_real
    return loss + F.l1_loss(fake, real)


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
