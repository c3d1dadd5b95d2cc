"""One step down a loss, alike in all processes of a run."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import cast

import torch
from accelerate import Accelerator
from torch import Tensor, nn

from studio.training.folder import TrainingStopped


def descend(
    losses: Mapping[str, Tensor],
    network: nn.Module,
    optimizers: Sequence[torch.optim.Optimizer],
    rate: float,
    accelerator: Accelerator,
) -> None:
    """One step down the sum of `losses`, unless it is no longer a number."""
    loss = torch.stack(list(losses.values())).sum()
    network.zero_grad()
    loss.backward()
    _average_gradients(network, accelerator)
    slope = nn.utils.clip_grad_norm_(network.parameters(), 1.0)
    if not torch.isfinite(loss.detach() + slope):
        parts = ", ".join(f"{name} {float(part.detach()):.3g}" for name, part in losses.items())
        raise TrainingStopped(
            f"The loss of the {type(network).__name__.lower()} is no longer a number ({parts}; slope {slope:.3g}). The"
            " last checkpoint is from before: go on from it with a lower learning rate (--resume --set)."
        )
    for optimizer in optimizers:
        for group in optimizer.param_groups:
            group["lr"] = rate
        optimizer.step()


def _average_gradients(network: nn.Module, accelerator: Accelerator) -> None:
    """Over the processes of a run, in one message.

    DistributedDataParallel would need to see one forward call with the same parameters in it every time; growth leaves
    stages out, and the gradient penalty goes through the discriminator part by part.
    """
    if accelerator.num_processes == 1:
        return
    gradients = [each.grad for each in network.parameters() if each.grad is not None]
    flat = cast(Tensor, accelerator.reduce(torch.cat([each.flatten() for each in gradients]), "mean"))
    for gradient, mean in zip(gradients, flat.split([each.numel() for each in gradients]), strict=True):
        gradient.copy_(mean.view_as(gradient))


def mean_over_processes(value: float, accelerator: Accelerator) -> float:
    """So that every process sees the same clock, and they end together."""
    if accelerator.num_processes == 1:
        return value
    own = torch.tensor([value], device=accelerator.device)
    return cast(Tensor, accelerator.reduce(own, "mean")).item()


def cosine(ends: tuple[float, float], share: float) -> float:
    start, end = ends
    return end + (start - end) * (1 + math.cos(math.pi * min(max(share, 0.0), 1.0))) / 2
