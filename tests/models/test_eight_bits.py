"""Weights in eight bits, and back."""

import torch

from studio.models.eight_bits import from_eight_bits, to_eight_bits


def test_large_weights_are_a_half_step_off_at_most_and_a_quarter_of_the_size() -> None:
    weight = (
        torch.randn(64, 16, 3, 3, generator=torch.Generator().manual_seed(0))
        * torch.logspace(-3, 1, 64)[:, None, None, None]
    )
    packed = to_eight_bits({"a.weight": weight})
    assert packed["a.weight"].dtype == torch.int8
    assert sum(each.nbytes for each in packed.values()) < 0.26 * weight.nbytes
    read = from_eight_bits(packed)
    assert list(read) == ["a.weight"]
    largest = weight.abs().amax((1, 2, 3), keepdim=True)
    assert ((read["a.weight"] - weight).abs() <= 0.51 / 127 * largest).all()  # each row has its own step


def test_a_row_of_zeros_stays_one() -> None:
    weight = torch.cat([torch.zeros(1, 4096), torch.ones(1, 4096)])
    read = from_eight_bits(to_eight_bits({"weight": weight}))["weight"]
    torch.testing.assert_close(read, weight, atol=0, rtol=1e-3)
    assert (read[0] == 0).all()


def test_small_weights_and_counts_are_kept_and_a_scale_of_their_own_is_no_step() -> None:
    weights = {
        "bias": torch.linspace(-1, 1, 5000),
        "log.scale": torch.tensor([0.3]),
        "seen": torch.tensor(70_000),
    }
    packed = to_eight_bits(weights)
    assert {name: value.dtype for name, value in packed.items()} == {
        "bias": torch.float16,
        "log.scale": torch.float16,
        "seen": torch.int64,
    }
    read = from_eight_bits(packed)
    torch.testing.assert_close(read, weights, atol=1e-3, rtol=1e-3)


def test_written_again_they_are_the_same() -> None:
    rows = torch.randn(100, 300, generator=torch.Generator().manual_seed(1))
    weights = {"weight": rows * torch.logspace(-12, 3, 100)[:, None]}  # a layer that began at zero has tiny ones
    packed = to_eight_bits(weights)
    again = to_eight_bits(from_eight_bits(packed))
    assert all(torch.equal(packed[name], again[name]) for name in packed | again)
