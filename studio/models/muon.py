"""Muon (Jordan et al. 2024): momentum whose matrix is made orthogonal before it is applied.

`torch.optim.Muon` takes matrices only; most weights here are convolutions.
"""

from __future__ import annotations

from collections import defaultdict
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
            # Matrices of one shape go together: there are dozens, and each alone is little work.
            alike: dict[torch.Size, list[tuple[nn.Parameter, Tensor]]] = defaultdict(list)
            for weight in group["params"]:
                if weight.grad is None:
                    continue
                state = self.state[weight]
                mean = state.setdefault("mean", torch.zeros_like(weight))
                mean.lerp_(weight.grad, 1 - group["momentum"])
                ahead = weight.grad.lerp(mean, group["momentum"]).flatten(1)  # Nesterov
                wide = ahead if ahead.shape[0] <= ahead.shape[1] else ahead.T
                alike[wide.shape].append((weight, wide))
            for shape, those in alike.items():
                updates = orthogonal(torch.stack([wide for _, wide in those]).to(self.dtype))
                for (weight, wide), update in zip(those, updates, strict=True):
                    rows = update if len(wide) == len(weight) else update.T
                    weight.add_(rows.reshape(weight.shape), alpha=-group["lr"] * 0.2 * max(shape) ** 0.5)


def orthogonal(matrices: Tensor) -> Tensor:
    """The nearest matrices with equal singular values, roughly: [k, n, m], n <= m, to the same shape, singular values
    about 1."""
    a, b, c = COEFFICIENTS
    x = matrices / (matrices.norm(dim=(1, 2), keepdim=True) + 1e-7)
    for _ in range(ITERATIONS):
        gram = x @ x.mT
        x = torch.baddbmm(x, torch.baddbmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
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
