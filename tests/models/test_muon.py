import pytest
import torch
from torch import nn

from studio.models.muon import Muon, orthogonal, split_parameters


@pytest.mark.parametrize("shape", [(32, 32), (40, 96)])
def test_singular_values_become_about_one_and_directions_stay(shape: tuple[int, int]) -> None:
    u, _, v = torch.linalg.svd(torch.randn(shape, generator=torch.Generator().manual_seed(0)), full_matrices=False)
    scales = torch.logspace(0, -1, min(shape))
    values = u.T @ orthogonal((u @ torch.diag(scales) @ v)[None])[0] @ v.T
    assert values.diagonal().min() > 0.5
    assert values.diagonal().max() < 1.3
    torch.testing.assert_close(values - torch.diag(values.diagonal()), torch.zeros_like(values), atol=1e-4, rtol=0)


def test_an_update_has_the_size_of_the_rate_whatever_the_gradient() -> None:
    for size in (1e-6, 1e3):
        weight = nn.Parameter(torch.zeros(64, 32, 3, 3))
        weight.grad = size * torch.randn(weight.shape, generator=torch.Generator().manual_seed(0))
        Muon([weight], lr=0.01).step()
        # Of 64 x 288 with 64 equal singular values: 0.2 sqrt(288) sqrt(64 / (64 * 288)) = 0.2.
        assert float(weight.detach().square().mean().sqrt()) == pytest.approx(0.2 * 0.01, rel=0.25)


def test_weights_of_one_shape_are_updated_as_each_alone_would_be() -> None:
    generator = torch.Generator().manual_seed(0)
    shapes = [(48, 64), (64, 48), (48, 64), (48, 4, 4, 4)]
    alone, together = ([nn.Parameter(torch.zeros(shape)) for shape in shapes] for _ in range(2))
    for one, other in zip(alone, together, strict=True):
        one.grad = torch.randn(one.shape, generator=generator)
        other.grad = one.grad.clone()
        Muon([one], lr=0.01).step()
    Muon(together, lr=0.01).step()
    for one, other in zip(alone, together, strict=True):
        torch.testing.assert_close(one, other, atol=1e-6, rtol=1e-5)


def test_a_tall_matrix_is_updated_as_its_transpose() -> None:
    gradient = torch.randn(96, 40, generator=torch.Generator().manual_seed(0))
    tall, wide = nn.Parameter(torch.zeros(96, 40)), nn.Parameter(torch.zeros(40, 96))
    tall.grad, wide.grad = gradient, gradient.T.contiguous()
    Muon([tall], lr=0.01).step()
    Muon([wide], lr=0.01).step()
    assert wide.detach().norm() > 0
    torch.testing.assert_close(tall.T, wide, atol=1e-6, rtol=1e-5)


def test_convolutions_are_for_muon_and_vectors_and_named_modules_are_not() -> None:
    network = nn.ModuleDict(
        {"hidden": nn.Conv2d(32, 64, 3), "narrow": nn.Linear(16, 64), "start": nn.Linear(64, 64, bias=False)}
    )
    matrices, rest = split_parameters(network, other=("start",))
    assert [tuple(each.shape) for each in matrices] == [(64, 32, 3, 3)]
    assert len(rest) == 4


def test_it_goes_downhill_on_an_ill_conditioned_problem() -> None:
    generator = torch.Generator().manual_seed(0)
    inputs = torch.randn(256, 32, generator=generator) * torch.logspace(0, -2, 32)
    target = inputs @ torch.randn(32, 32, generator=generator)
    weight = nn.Parameter(torch.zeros(32, 32))
    optimizer = Muon([weight], lr=0.1)
    begun = float(target.square().mean())
    for step in range(200):
        optimizer.param_groups[0]["lr"] = 0.1 * (1 - step / 200)
        loss = (inputs @ weight.T - target).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert float((inputs @ weight.detach().T - target).square().mean()) < 1e-2 * begun
