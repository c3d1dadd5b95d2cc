"""Exponential moving average of weights, measured in images so that it does not depend on the batch."""

from __future__ import annotations

import copy

import torch
from torch import nn
from torch.optim.swa_utils import get_ema_multi_avg_fn


class EMA:
    """Keeps `average`, a copy of a network whose weights follow with a half-life."""

    def __init__(self, network: nn.Module) -> None:
        self.average = copy.deepcopy(network).eval().requires_grad_(False)

    @torch.no_grad()
    def update(self, network: nn.Module, images: int, half_life: float) -> None:
        keep = 0.5 ** (images / max(half_life, 1.0))
        get_ema_multi_avg_fn(keep)(list(self.average.parameters()), list(network.parameters()), 0)
        for mean, value in zip(self.average.buffers(), network.buffers(), strict=True):
            mean.copy_(value)

    def state_dict(self) -> dict[str, torch.Tensor]:
        return self.average.state_dict()

    def load_state_dict(self, state: dict[str, torch.Tensor]) -> None:
        self.average.load_state_dict(state)
