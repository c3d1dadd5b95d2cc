"""Distances and qualities as functions of tensors. Images are float [n, 3, height, width] in -1..1."""

# torch's types leave much open.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

Interval = tuple[float, float]


def kernel_distance(first: Tensor, second: Tensor) -> float:
    """KID: unbiased MMD^2 with the kernel (x.y/d + 1)^3 of features [n, d] and [m, d].

    Zero in expectation when both come from one distribution, so it can come out slightly negative.
    """
    x, y = first.double(), second.double()
    n, m, width = len(x), len(y), x.shape[1]

    def kernel(a: Tensor, b: Tensor) -> Tensor:
        return (a @ b.T / width + 1) ** 3

    within_x, within_y = kernel(x, x), kernel(y, y)
    same_x = (within_x.sum() - within_x.diagonal().sum()) / (n * (n - 1))
    same_y = (within_y.sum() - within_y.diagonal().sum()) / (m * (m - 1))
    return float(same_x + same_y - 2 * kernel(x, y).mean())


def frechet_distance(first: Tensor, second: Tensor) -> float:
    """|m1 - m2|^2 + tr(C1 + C2 - 2 (C1 C2)^(1/2)) of features [n, d] and [m, d] taken as Gaussians.

    Biased upwards for small n: compare only at equal n, in the same features.
    """
    x, y = first.double(), second.double()
    shift = x.mean(0) - y.mean(0)
    covariance_x, covariance_y = torch.cov(x.T), torch.cov(y.T)
    # tr (C1 C2)^(1/2) = tr (R C2 R)^(1/2) with R = C1^(1/2): symmetric, so eigenvalues are real.
    values, vectors = torch.linalg.eigh(covariance_x)
    root = vectors * values.clamp_min(0).sqrt() @ vectors.T
    overlap = torch.linalg.eigvalsh(root @ covariance_y @ root).clamp_min(0).sqrt().sum()
    return float(shift @ shift + covariance_x.trace() + covariance_y.trace() - 2 * overlap)


def half_sample_interval(
    statistic: Callable[[Tensor, Tensor], float], first: Tensor, second: Tensor, *, seed: int, draws: int = 200
) -> Interval:
    """The 95 % interval of an unbiased two-sample statistic from random halves of both samples.

    Halves without repeats vary round the whole by as much as the whole varies round the truth. A bootstrap would repeat
    images, and a kernel distance takes repeats for similarity.
    """
    generator = torch.Generator().manual_seed(seed)

    def half(features: Tensor) -> Tensor:
        return features[torch.randperm(len(features), generator=generator)[: max(len(features) // 2, 2)]]

    return _interval(torch.tensor([statistic(half(first), half(second)) for _ in range(draws)]))


def bootstrap_interval(statistic: Callable[[Tensor], Tensor], count: int, *, seed: int, draws: int = 1000) -> Interval:
    """The 95 % percentile bootstrap interval over `count` items, drawn with repeats.

    `statistic` turns indices [draws, count] into values [draws]; those that are not finite are left out.
    """
    indices = torch.randint(count, (draws, count), generator=torch.Generator().manual_seed(seed))
    return _interval(statistic(indices))


def _interval(values: Tensor) -> Interval:
    finite = values[values.isfinite()].double()
    if not len(finite):
        return math.nan, math.nan
    low, high = finite.quantile(torch.tensor([0.025, 0.975], dtype=torch.float64)).tolist()
    return low, high


def diversity_ratio(generated: tuple[Tensor, Tensor], renders: tuple[Tensor, Tensor]) -> float:
    """How far apart two generated images of one description lie, over how far apart two renders of it lie.

    Each argument is a pair of features [n, d]: row i of both shows the same description. 1 is as varied as the renders.
    """
    return float(_gap(*generated) / _gap(*renders))


def _gap(first: Tensor, second: Tensor) -> Tensor:
    return (first - second).norm(dim=1).mean()


def high_frequency_power(images: Tensor, cutoff: float = 0.25) -> Tensor:
    """Mean spectral power [n] of the luminance above `cutoff` cycles a pixel (0.5 is the finest there can be).

    A Hann window hides the frame's edges; the power of 8-bit rounding, (1/255)^2 / 12, is the floor, so that black
    backgrounds give no minus infinity in logarithms.
    """
    luminance = _luminance(images)
    height, width = luminance.shape[-2:]
    window = torch.hann_window(height, periodic=False)[:, None] * torch.hann_window(width, periodic=False)[None]
    spectrum = torch.fft.fft2((luminance - luminance.mean((-2, -1), keepdim=True)) * window).abs() ** 2
    frequency = torch.hypot(torch.fft.fftfreq(height)[:, None], torch.fft.fftfreq(width)[None])
    rounding = 1 / 255**2 / 12
    return spectrum[:, frequency > cutoff].mean(1) / (window**2).sum() + rounding


def sharpness_ratio(power: Tensor, renders_power: Tensor) -> Tensor:
    """Geometric mean of `high_frequency_power` [..., n] over that of renders: below 1 softer, above 1 grainier."""
    return (power.log().mean(-1) - renders_power.log().mean(-1)).exp()


def psnr(first: Tensor, second: Tensor) -> Tensor:
    """Peak signal-to-noise ratio [n] in dB; equal 8-bit images are given 60 dB rather than infinity."""
    error = ((first - second) / 2).square().mean((1, 2, 3))
    return -10 * error.clamp_min(1e-6).log10()


def ssim(first: Tensor, second: Tensor) -> Tensor:
    """Structural similarity [n] of the luminance (Wang et al. 2004): Gaussian window of 11 pixels, sigma 1.5."""
    # In double precision: variances are small differences of squares.
    x, y = _luminance(first)[:, None].double(), _luminance(second)[:, None].double()
    line = torch.exp(-((torch.arange(11).double() - 5) ** 2) / (2 * 1.5**2))
    line = line / line.sum()

    def blur(values: Tensor) -> Tensor:
        return F.conv2d(F.conv2d(values, line.view(1, 1, 1, 11)), line.view(1, 1, 11, 1))

    mean_x, mean_y = blur(x), blur(y)
    variance_x, variance_y = blur(x * x) - mean_x**2, blur(y * y) - mean_y**2
    covariance = blur(x * y) - mean_x * mean_y
    c1, c2 = 0.01**2, 0.03**2
    similarity = (2 * mean_x * mean_y + c1) * (2 * covariance + c2)
    similarity = similarity / ((mean_x**2 + mean_y**2 + c1) * (variance_x + variance_y + c2))
    return similarity.mean((1, 2, 3))


def map_distance(first: Sequence[Tensor], second: Sequence[Tensor]) -> Tensor:
    """Mean squared difference [n] of a network's maps, each [n, channels, height, width], whose channels are taken as
    directions: 0 for equal images, 2 for unrelated directions everywhere, 4 at most.

    LPIPS (Zhang et al. 2018) without its trained network and the weights that people's answers gave it: what it says of
    images holds within one network only.
    """
    layers = [(_direction(a) - _direction(b)).square().sum(1).mean((1, 2)) for a, b in zip(first, second, strict=True)]
    return torch.stack(layers).mean(0)


def _direction(maps: Tensor) -> Tensor:
    """The channels of every pixel as a vector of length 1, or less where all of them are hardly above rounding: mid
    grey is 0 in -1..1, and its noise would be as long as an edge."""
    return maps / (maps.square().sum(1, keepdim=True) + 1e-2 * maps.shape[1]).sqrt()


def _luminance(images: Tensor) -> Tensor:
    """Rec. 601 luma [n, height, width] in 0..1."""
    return torch.einsum("nchw,c->nhw", (images + 1) / 2, torch.tensor([0.299, 0.587, 0.114]))
