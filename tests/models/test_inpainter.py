"""Filling holes: what is outside stays, what is inside is taken from round it."""

from __future__ import annotations

import pytest
import torch

from studio.models.inpainter import Inpainter, fill, smooth_fill, thickness


def hole(size: int, low: int, high: int) -> torch.Tensor:
    mask = torch.zeros(1, 1, size, size)
    mask[..., low:high, low:high] = 1
    return mask


@pytest.fixture(scope="module")
def inpainter() -> Inpainter:
    torch.manual_seed(0)
    network = Inpainter()
    torch.nn.init.normal_(network.leave.weight, std=0.05)  # as if it had learnt something
    return network.eval().requires_grad_(False)


def test_a_smooth_fill_goes_on_as_what_surrounds_it() -> None:
    ramp = torch.linspace(-1, 1, 64).expand(1, 3, 64, 64)
    filled = smooth_fill(ramp * (1 - hole(64, 24, 40)), hole(64, 24, 40))

    assert (filled - ramp).abs().max() < 0.2
    assert torch.equal(filled[..., :24, :], ramp[..., :24, :])
    assert filled.amax() <= 1 and filled.amin() >= -1


@pytest.mark.parametrize("height, width", [(16, 16), (48, 80), (33, 17)])
def test_a_smooth_fill_takes_any_shape_and_any_hole(height: int, width: int) -> None:
    image = torch.rand(2, 3, height, width)
    everything = smooth_fill(image, torch.ones(2, 1, height, width))

    assert everything.isfinite().all()
    torch.testing.assert_close(smooth_fill(image, torch.zeros(2, 1, height, width)), image)


def test_an_untrained_inpainter_fills_smoothly() -> None:
    image, mask = torch.rand(1, 3, 32, 32), hole(32, 8, 20)
    torch.testing.assert_close(Inpainter()(image, mask), smooth_fill(image, mask))


def test_nothing_outside_the_hole_is_touched(inpainter: Inpainter) -> None:
    image, mask = torch.rand(1, 3, 64, 48) * 2 - 1, torch.zeros(1, 1, 64, 48)
    mask[..., 10:30, 5:45] = 1
    filled = inpainter(image, mask)

    outside = (mask == 0).expand_as(image)
    assert torch.equal(filled[outside], image[outside])
    assert not torch.equal(filled, image)


def test_what_is_under_the_hole_is_never_seen(inpainter: Inpainter) -> None:
    image, mask = torch.rand(1, 3, 64, 64), hole(64, 20, 50)
    assert torch.equal(inpainter(image, mask), inpainter(torch.where(mask > 0, torch.ones_like(image), image), mask))


def test_a_hole_over_everything_is_filled_with_something(inpainter: Inpainter) -> None:
    assert inpainter(torch.rand(1, 3, 32, 32), torch.ones(1, 1, 32, 32)).isfinite().all()


def test_a_picture_is_filled_alike_in_any_batch(inpainter: Inpainter) -> None:
    images, masks = torch.rand(3, 3, 32, 32), torch.cat([hole(32, 4, 9), hole(32, 8, 30), hole(32, 16, 18)])
    together = inpainter(images, masks)
    for place in range(3):
        alone = inpainter(images[place : place + 1], masks[place : place + 1])
        torch.testing.assert_close(together[place : place + 1], alone, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("height, width", [(1, 1), (7, 90), (64, 48), (300, 130)])
def test_any_photo_is_filled_and_only_in_the_hole(inpainter: Inpainter, height: int, width: int) -> None:
    image, mask = torch.rand(3, height, width) * 2 - 1, torch.zeros(1, height, width)
    mask[:, height // 3 : height // 3 + 40, width // 4 : width // 4 + 20] = 1
    filled = fill(inpainter, image, mask)

    outside = (mask == 0).expand_as(image)
    assert torch.equal(filled[outside], image[outside])
    assert filled.isfinite().all() and filled.abs().max() <= 1
    assert torch.equal(filled, fill(inpainter, torch.where(mask > 0, torch.zeros(()), image), mask))
    assert torch.equal(fill(inpainter, image, torch.zeros_like(mask)), image)
    assert fill(inpainter, image, torch.ones_like(mask)).isfinite().all()


def test_a_hole_is_filled_alike_wherever_the_photo_ends(inpainter: Inpainter) -> None:
    image, mask = torch.rand(3, 700, 600) * 2 - 1, torch.zeros(1, 700, 600)
    mask[:, 330:350, 290:300] = 1
    filled = fill(inpainter, image, mask)
    part = fill(inpainter, image[:, 150:550, 120:480], mask[:, 150:550, 120:480])
    torch.testing.assert_close(filled[:, 150:550, 120:480], part)


def test_a_hole_longer_than_a_square_is_filled_one_square_after_the_other(inpainter: Inpainter) -> None:
    ramp = torch.linspace(-0.8, 0.8, 700).expand(3, 20, 700).contiguous()
    mask = torch.zeros(1, 20, 700)
    mask[:, 8:12, 10:690] = 1
    assert (fill(Inpainter(), ramp, mask) - ramp).abs().max() < 0.05


def test_a_thick_hole_is_filled_on_a_smaller_picture() -> None:
    ramp = torch.linspace(-0.8, 0.8, 600).expand(3, 600, 600).contiguous()
    mask = torch.zeros(1, 600, 600)
    mask[:, 150:450, 100:500] = 1
    filled = fill(Inpainter(), ramp, mask)
    assert (filled - ramp).abs().max() < 0.25
    assert torch.equal(filled[:, :150], ramp[:, :150])


@pytest.mark.parametrize(
    "thick, found", [((1, 200), 2), ((10, 200), 10), ((64, 64), 64), ((150, 300), 150), ((400, 400), 100_000)]
)
def test_how_thick_a_hole_is(thick: tuple[int, int], found: float) -> None:
    hole = torch.zeros(1, 400, 400, dtype=torch.bool)
    hole[:, 3 : 3 + thick[0], 5 : 5 + thick[1]] = True
    if found < 400:
        assert thickness(hole) == pytest.approx(found, rel=0.35)
    else:
        assert thickness(hole) >= 400
