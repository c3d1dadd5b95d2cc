"""Layers begin as what they say, and attention looks only where it may."""

from __future__ import annotations

import pytest
import torch

from studio.models.layers import Attention, Block, UNet, convolution


def test_blocks_and_attention_begin_as_the_identity() -> None:
    x = torch.randn(2, 16, 8, 8)
    assert torch.equal(Block(16)(x), x)
    assert torch.equal(Attention(16)(x), x)


def test_a_convolution_keeps_the_size_of_what_goes_through() -> None:
    torch.manual_seed(0)
    out = convolution(64, 64, 3)(torch.randn(4, 64, 16, 16)).detach()[..., 1:-1, 1:-1]
    assert float(out.std()) == pytest.approx(1, rel=0.1)


def test_what_is_unknown_is_never_attended_to() -> None:
    torch.manual_seed(0)
    attention = Attention(16)
    torch.nn.init.normal_(attention.out.weight, std=0.1)
    x, known = torch.randn(1, 16, 6, 6), torch.ones(1, 1, 6, 6)
    known[..., 2:4, 2:4] = 0
    changed = torch.where(known > 0, x, torch.randn_like(x))
    outside = (known > 0).expand_as(x)

    torch.testing.assert_close(attention(x, known)[outside], attention(changed, known)[outside])
    assert not torch.allclose(attention(x)[outside], attention(changed)[outside])
    assert attention(x, torch.zeros_like(known)).isfinite().all()


@pytest.mark.parametrize("height, width", [(16, 16), (8, 24)])
def test_a_unet_gives_maps_of_the_shape_it_got(height: int, width: int) -> None:
    x = torch.randn(2, 8, height, width)
    assert UNet((8, 16, 32), (1, 2), middle=1)(x).shape == x.shape
