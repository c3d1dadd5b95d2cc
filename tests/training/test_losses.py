import math

import pytest
import torch

from studio.training.augment import SQUARE, adapted, augment
from studio.training.ema import EMA
from studio.training.losses import (
    feature_matching,
    gradient_penalty,
    mismatch,
    product_weight,
    reconstruction,
    relativistic_discriminator,
    relativistic_generator,
)


def test_relativistic_losses_at_known_points() -> None:
    zero = torch.zeros(4)
    assert relativistic_discriminator(zero, zero).item() == pytest.approx(math.log(2))
    assert mismatch(zero, zero).item() == pytest.approx(math.log(2))
    assert relativistic_generator(zero, zero).item() == pytest.approx(math.log(2))
    assert relativistic_discriminator(zero + 9, zero - 9) < 1e-3
    assert mismatch(zero + 9, zero - 9) < 1e-3
    assert relativistic_generator(zero, zero + 9) < 1e-3


def test_gradient_penalty_of_a_linear_logit_is_its_squared_slope() -> None:
    image = torch.randn(5, 3, 4, 4, requires_grad=True)
    assert gradient_penalty((3 * image[:, 0, 0, 0]) + 1, image).item() == pytest.approx(9)


def test_reconstruction_is_zero_only_for_the_same_image() -> None:
    image = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    evenly = torch.ones(2, 1, 32, 32)
    assert reconstruction(image, image, evenly) == 0
    flat = reconstruction(image, image + 0.1, evenly).item()
    assert flat == pytest.approx(0.2, rel=1e-4)  # the image and its mean
    shifted = image.roll(1, dims=3)
    assert reconstruction(shifted, image, evenly) > reconstruction(image + 0.01, image, evenly)


@pytest.mark.parametrize("side", [8, 16])
def test_a_mistake_on_the_product_counts_more_the_smaller_it_is(side: int) -> None:
    mask = torch.zeros(1, 1, 32, 32)
    mask[..., :side, :side] = 1
    weight = product_weight(mask)
    assert weight.mean().item() == pytest.approx(1, rel=1e-5)
    inside, outside = weight[0, 0, 0, 0], weight[0, 0, -1, -1]
    area = ((side + 1) / 32) ** 2  # with its rim of one pixel
    assert (inside / outside).item() == pytest.approx((1 - area) / area, rel=1e-4)


def test_places_count_the_same_where_all_or_nothing_is_product() -> None:
    assert product_weight(torch.zeros(1, 1, 32, 32)).unique().tolist() == pytest.approx([1])
    assert product_weight(torch.ones(1, 1, 32, 32)).unique().tolist() == pytest.approx([1])


def test_feature_matching_is_in_units_of_the_real_features() -> None:
    real = torch.ones(1, 2, 4, 4)
    assert feature_matching([3 * real], [real]).item() == pytest.approx(2)
    assert feature_matching([300 * real], [100 * real]).item() == pytest.approx(2)


def test_augmentation_treats_a_pair_alike_and_keeps_colours() -> None:
    image = torch.rand(2, 3, 32, 32)
    changed = 0
    for seed in range(20):
        first, second = augment(image, image.clone(), 0.8, seed)
        assert torch.equal(first, second)
        changed += not torch.equal(first, image)
        assert set(first.unique().tolist()) <= set(image.unique().tolist()) | {0.0}
    assert changed > 15


def test_images_are_always_moved_within_a_square_of_what_is_seen_at_once() -> None:
    image = torch.arange(16 * 16.0).reshape(1, 1, 16, 16).expand(64, 3, -1, -1)

    moved, _ = augment(image, image, 0.0, 1)

    corners = moved[:, 0, 0, 0].long()  # which pixel came there: row and column, counted from the end
    places = {(-(corner // 16) % 16, -(corner % 16) % 16) for corner in corners.tolist()}
    assert {row for row, _ in places} == {column for _, column in places} == set(range(SQUARE))
    assert all(torch.equal(each.flatten().sort().values, image[0].flatten().sort().values) for each in moved)


def test_augmentation_grows_while_the_discriminator_is_nearly_always_right() -> None:
    strength = 0.0
    for _ in range(50):
        strength = adapted(strength, 0.95, target=0.8, images=100)
    assert strength == pytest.approx(0.25)
    assert adapted(strength, 0.6, target=0.8, images=100) < strength
    assert adapted(0.0, 0.6, target=0.8, images=100) == 0
    assert adapted(0.9, 0.99, target=0.8, images=100_000) == 0.9


def test_the_average_reaches_half_after_its_half_life() -> None:
    network = torch.nn.Linear(1, 1, bias=False)
    torch.nn.init.zeros_(network.weight)
    ema = EMA(network)
    torch.nn.init.ones_(network.weight)
    for _ in range(10):
        ema.update(network, images=10, half_life=100)
    assert next(ema.average.parameters()).item() == pytest.approx(0.5, rel=1e-4)
