"""Twice and four times the size, in tiles that don't show."""

from __future__ import annotations

import pytest
import torch

from studio.models.upscaler import Upscaler, enlarged, upscale


@pytest.fixture(scope="module")
def upscaler() -> Upscaler:
    torch.manual_seed(0)
    network = Upscaler()
    for module in network.modules():  # as if it had learnt something
        if isinstance(module, torch.nn.Conv2d):
            torch.nn.init.normal_(module.weight, std=0.04)
    return network.eval().requires_grad_(False)


def test_an_untrained_one_is_bicubic() -> None:
    image = torch.rand(3, 20, 30) * 2 - 1
    assert torch.equal(upscale(Upscaler(), image, 2), enlarged(image[None])[0].clamp(-1, 1))


@pytest.mark.parametrize("height, width", [(1, 1), (3, 40), (33, 17)])
@pytest.mark.parametrize("factor", [2, 4])
def test_any_size_goes(upscaler: Upscaler, height: int, width: int, factor: int) -> None:
    larger = upscale(upscaler, torch.rand(3, height, width) * 2 - 1, factor)
    assert larger.shape == (3, factor * height, factor * width)
    assert larger.isfinite().all() and larger.abs().max() <= 1


@pytest.mark.parametrize("tile", [1, 16, 25])
def test_tiles_give_what_the_whole_gives(upscaler: Upscaler, tile: int) -> None:
    image = torch.rand(3, 40, 35) * 2 - 1
    whole = upscale(upscaler, image, 2, tile=1000)
    assert not torch.allclose(whole, enlarged(image[None])[0].clamp(-1, 1), atol=0.01)
    torch.testing.assert_close(upscale(upscaler, image, 2, tile=tile), whole, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("factor", [0, 1, 3, 8])
def test_other_factors_are_refused(upscaler: Upscaler, factor: int) -> None:
    with pytest.raises(ValueError, match="2 or 4"):
        upscale(upscaler, torch.zeros(3, 4, 4), factor)
