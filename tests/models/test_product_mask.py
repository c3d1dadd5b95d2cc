"""A mask of the picture's own size, whatever that is; clicks have a say."""

from __future__ import annotations

import pytest
import torch

from studio.models.product_mask import ProductMask, discs, product_mask


@pytest.fixture(scope="module")
def network() -> ProductMask:
    torch.manual_seed(0)
    network = ProductMask()
    torch.nn.init.normal_(network.leave.weight, std=0.05)  # as if it had learnt something
    return network.eval().requires_grad_(False)


def test_an_untrained_network_knows_nothing() -> None:
    alpha = product_mask(ProductMask(), torch.rand(3, 64, 64) * 2 - 1)
    torch.testing.assert_close(alpha, torch.full_like(alpha, 0.5), atol=1e-3, rtol=0)


@pytest.mark.parametrize("height, width", [(1, 1), (300, 5), (256, 256), (90, 128), (1100, 700)])
def test_a_mask_has_the_size_of_the_picture(network: ProductMask, height: int, width: int) -> None:
    alpha = product_mask(network, torch.rand(3, height, width) * 2 - 1)
    assert alpha.shape == (1, height, width)
    assert alpha.isfinite().all() and alpha.min() >= 0 and alpha.max() <= 1


def test_the_same_picture_gives_the_same_mask_and_clicks_change_it(network: ProductMask) -> None:
    image = torch.rand(3, 100, 80) * 2 - 1
    alpha = product_mask(network, image)
    assert torch.equal(alpha, product_mask(network, image))
    on, beside = product_mask(network, image, include=[(0.5, 0.5)]), product_mask(network, image, exclude=[(0.5, 0.5)])
    assert not torch.equal(alpha, on) and not torch.equal(on, beside)


def test_a_click_is_a_disc_where_it_was() -> None:
    found = discs([(0.25, 0.75)], 100, 200, radius=5)
    rows, columns = found.nonzero(as_tuple=True)
    assert (rows.float().mean() + 0.5, columns.float().mean() + 0.5) == (75, 50)
    assert float(found.sum()) == pytest.approx(torch.pi * 25, rel=0.1)
    assert discs([], 10, 10).sum() == 0
