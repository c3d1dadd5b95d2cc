import math

import pytest
import torch
from torch import Tensor

from studio.evaluation import metrics
from studio.models.random_features import RandomFeatures


def _normal(count: int, width: int, seed: int) -> Tensor:
    return torch.randn(count, width, generator=torch.Generator().manual_seed(seed))


def _noise(seed: int, size: int = 32) -> Tensor:
    return torch.rand(2, 3, size, size, generator=torch.Generator().manual_seed(seed)) * 2 - 1


def test_kernel_distance_of_one_distribution_is_zero_within_its_interval() -> None:
    first, second = _normal(300, 8, 0), _normal(300, 8, 1)
    low, high = metrics.half_sample_interval(metrics.kernel_distance, first, second, seed=0)
    assert low < 0 < high


def test_kernel_distance_is_the_unbiased_estimator_spelt_out() -> None:
    first, second = _normal(4, 3, 0), _normal(5, 3, 1)

    def kernel(a: Tensor, b: Tensor) -> float:
        return (float(a.double() @ b.double()) / 3 + 1) ** 3

    within_first = [kernel(first[i], first[j]) for i in range(4) for j in range(4) if i != j]
    within_second = [kernel(second[i], second[j]) for i in range(5) for j in range(5) if i != j]
    across = [kernel(a, b) for a in first for b in second]
    expected = sum(within_first) / 12 + sum(within_second) / 20 - 2 * sum(across) / 20
    assert metrics.kernel_distance(first, second) == pytest.approx(expected)


def test_kernel_distance_sees_a_shift() -> None:
    first, second = _normal(300, 8, 0), _normal(300, 8, 1) + 0.5
    low, _ = metrics.half_sample_interval(metrics.kernel_distance, first, second, seed=0)
    assert low > 0


def test_half_samples_spread_as_the_estimate_itself_does() -> None:
    # The mean of 400 standard normals less that of 400 others has a deviation of sqrt(2 / 400): 95 % span 0.277.
    low, high = metrics.half_sample_interval(
        lambda a, b: float(a.mean() - b.mean()), _normal(400, 1, 2), _normal(400, 1, 3), seed=0, draws=1000
    )
    assert high - low == pytest.approx(2 * 1.96 * math.sqrt(2 / 400), rel=0.15)


def test_frechet_distance_of_gaussians() -> None:
    # N(0, I) to N(m, 4 I) in d dimensions: |m|^2 + d (1 + 4 - 2 * 2) = |m|^2 + d.
    first, second = _normal(40_000, 4, 0), 2 * _normal(40_000, 4, 1) + torch.tensor([3.0, 0, 0, 0])
    assert metrics.frechet_distance(first, second) == pytest.approx(9 + 4, rel=0.02)
    assert metrics.frechet_distance(first, first) == pytest.approx(0, abs=1e-6)


def test_frechet_distance_of_correlated_features() -> None:
    # For commuting covariances tr (C1 C2)^(1/2) is the sum of the products of deviations along shared axes.
    turn = torch.tensor([[0.6, -0.8], [0.8, 0.6]])
    first = _normal(40_000, 2, 0) * torch.tensor([1.0, 3.0]) @ turn
    second = _normal(40_000, 2, 1) * torch.tensor([2.0, 1.0]) @ turn
    assert metrics.frechet_distance(first, second) == pytest.approx((1 - 2) ** 2 + (3 - 1) ** 2, rel=0.03)


def test_bootstrap_interval_of_a_share() -> None:
    values = torch.cat([torch.ones(80), torch.zeros(20)])
    low, high = metrics.bootstrap_interval(lambda indices: values[indices].mean(-1), 100, seed=0)
    assert (low, high) == pytest.approx((0.72, 0.88), abs=0.025)
    assert (low, high) == metrics.bootstrap_interval(lambda indices: values[indices].mean(-1), 100, seed=0)


def test_diversity_ratio_compares_the_gaps_within_pairs() -> None:
    first = _normal(50, 4, 0)
    step = torch.tensor([0.0, 3, 0, 4])
    assert metrics.diversity_ratio((first, first + step / 2), (first, first - step)) == pytest.approx(0.5)


def test_high_frequency_power_of_blurred_flat_and_halved_noise() -> None:
    sharp = _noise(0)
    power = metrics.high_frequency_power(sharp)
    blurred = torch.nn.functional.avg_pool2d(sharp, 3, 1, 1)
    assert (metrics.high_frequency_power(blurred) < 0.3 * power).all()
    assert float(metrics.sharpness_ratio(metrics.high_frequency_power(sharp / 2), power)) == pytest.approx(
        0.25, rel=0.01
    )
    flat = metrics.high_frequency_power(torch.zeros(1, 3, 32, 32))
    assert float(flat) == pytest.approx(1 / 255**2 / 12, rel=0.01)  # rounding to 8 bits alone


def test_psnr_of_a_known_error() -> None:
    image = torch.zeros(1, 3, 16, 16)
    # 0.2 in -1..1 is a tenth of the range: 20 dB.
    assert float(metrics.psnr(image, image + 0.2)) == pytest.approx(20, abs=1e-4)
    assert float(metrics.psnr(image, image)) == pytest.approx(60)


def test_ssim_of_equal_flat_and_unrelated_images() -> None:
    assert metrics.ssim(_noise(0), _noise(0)).tolist() == pytest.approx([1, 1])
    # Flat images of luminance a and b: (2ab + c1) / (a^2 + b^2 + c1).
    dark, bright = torch.full((1, 3, 16, 16), -0.5), torch.full((1, 3, 16, 16), 0.5)
    expected = (2 * 0.25 * 0.75 + 1e-4) / (0.25**2 + 0.75**2 + 1e-4)
    assert float(metrics.ssim(dark, bright)) == pytest.approx(expected, rel=1e-4)
    assert (metrics.ssim(_noise(0), _noise(1)) < 0.2).all()


def _flat_maps(*channels: float) -> Tensor:
    return torch.tensor(channels).view(1, -1, 1, 1).expand(-1, -1, 4, 4)


def test_map_distance_is_of_directions_and_the_mean_of_the_layers() -> None:
    right, up, left = _flat_maps(9.0, 0.0), _flat_maps(0.0, 9.0), _flat_maps(-9.0, 0.0)
    assert float(metrics.map_distance([right], [right])) == 0
    assert float(metrics.map_distance([right], [3 * right])) == pytest.approx(0, abs=1e-3)
    assert float(metrics.map_distance([right], [up])) == pytest.approx(2, rel=1e-3)
    assert float(metrics.map_distance([right], [left])) == pytest.approx(4, rel=1e-3)
    assert float(metrics.map_distance([right, right], [up, right])) == pytest.approx(1, rel=1e-3)


def test_map_distance_takes_no_rounding_in_mid_grey_for_a_difference() -> None:
    network = RandomFeatures()
    grey, rounded = torch.zeros(2, 3, 32, 32), _noise(0) / 255
    assert (metrics.map_distance(network.maps(grey), network.maps(rounded)) < 0.01).all()


def test_map_distance_grows_with_blur_and_noise() -> None:
    network = RandomFeatures()
    sharp = torch.nn.functional.interpolate(_noise(0, 8), size=32)  # squares of flat colour

    def distance(image: Tensor) -> Tensor:
        return metrics.map_distance(network.maps(sharp), network.maps(image))

    assert distance(sharp).tolist() == [0, 0]
    little, much = (distance(torch.nn.functional.avg_pool2d(sharp, side, 1, side // 2)) for side in (3, 7))
    assert (0 < little).all() and (little < much).all()
    faint, loud = (distance(sharp + level * _noise(1)) for level in (0.05, 0.5))
    assert (0 < faint).all() and (faint < loud).all()
