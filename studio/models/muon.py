"""Muon (Jordan et al. 2024): momentum whose matrix is made orthogonal before it is applied.

`torch.optim.Muon` takes matrices only; most weights here are convolutions.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn

#: The quintic Newton-Schulz iteration, which takes singular values to about 1, and how often it is done.
COEFFICIENTS = (3.4445, -4.7750, 2.0315)
ITERATIONS = 4
#: A smaller side than this has no room for directions to be balanced.
SMALLEST_SIDE = 32


class Muon(torch.optim.Optimizer):
    """Orthogonal updates of weights [out, ...], seen as matrices [out, rest].

    They are scaled to the size of AdamW's updates, so that one learning rate serves both (arXiv 2502.16982, eq. 4).
    Iterations are done in `dtype`; bfloat16 is enough for them.
    """

    def __init__(
        self,
        parameters: Iterable[nn.Parameter],
        *,
        lr: float = 1e-3,
        momentum: float = 0.95,
        dtype: torch.dtype = torch.float32,
    ) -> None:
        super().__init__(parameters, {"lr": lr, "momentum": momentum})
        self.dtype = dtype

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.grad is None:
                    continue
                state = self.state[weight]
                mean = state.setdefault("mean", torch.zeros_like(weight))
                mean.lerp_(weight.grad, 1 - group["momentum"])
                ahead = weight.grad.lerp(mean, group["momentum"]).flatten(1)  # Nesterov
                update = 0.2 * max(ahead.shape) ** 0.5 * orthogonal(ahead.to(self.dtype)).to(weight.dtype)
                weight.add_(update.view(weight.shape), alpha=-group["lr"])


def orthogonal(matrix: Tensor) -> Tensor:
    """The nearest matrix with equal singular values, roughly: [n, m] -> [n, m], singular values about 1."""
    if matrix.shape[0] > matrix.shape[1]:
        return orthogonal(matrix.T).T
    a, b, c = COEFFICIENTS
    x = matrix / (matrix.norm() + 1e-7)
    for _ in range(ITERATIONS):
        gram = x @ x.T
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x


def split_parameters(
    network: nn.Module, *, other: tuple[str, ...] = ()
) -> tuple[list[nn.Parameter], list[nn.Parameter]]:
    """Weights that Muon is for, and the rest: vectors, narrow matrices, and what belongs to the modules `other`."""
    matrices: list[nn.Parameter] = []
    rest: list[nn.Parameter] = []
    for name, parameter in network.named_parameters():
        wide = parameter.ndim >= 2 and min(len(parameter), parameter[0].numel()) >= SMALLEST_SIDE
        (matrices if wide and name.split(".")[0] not in other else rest).append(parameter)
    return matrices, rest
