"""The networks of a run, what trains them, and the average that is drawn with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from studio.data.packed import PackedData
from studio.models.adapter import TextAdapter
from studio.models.discriminator import Discriminator
from studio.models.generator import Generator
from studio.models.muon import Muon, split_parameters
from studio.models.snapshot import Snapshot
from studio.training.config import TrainingConfig
from studio.training.ema import EMA
from studio.training.precision import quick_dtype


@dataclass(kw_only=True)
class Networks:
    adapter: TextAdapter
    generator: Generator
    discriminator: Discriminator
    optimizers_g: Sequence[torch.optim.Optimizer]  # of matrices, and of the rest
    optimizers_d: Sequence[torch.optim.Optimizer]
    ema: EMA

    def stateful(self) -> dict[str, Any]:
        """What a checkpoint holds of them, by name; the adapter lies beside it, as it no longer changes."""
        optimizers_g = {f"optimizer_g{i}": each for i, each in enumerate(self.optimizers_g)}
        optimizers_d = {f"optimizer_d{i}": each for i, each in enumerate(self.optimizers_d)}
        return {
            "generator": self.generator,
            "discriminator": self.discriminator,
            **optimizers_g,
            **optimizers_d,
            "ema": self.ema,
        }

    @property
    def kept_bytes(self) -> int:
        """What a checkpoint and a snapshot take at most."""
        generator, discriminator = _count(self.generator), _count(self.discriminator)
        moments = sum(
            (1 if isinstance(optimizer, Muon) else 2) * sum(each.numel() for each in group["params"])
            for optimizer in (*self.optimizers_g, *self.optimizers_d)
            for group in optimizer.param_groups
        )
        checkpoint = 4 * (2 * generator + discriminator + moments)  # weights, the generator's average, moments
        return checkpoint + 2 * (generator + _count(self.adapter))


def build_networks(
    config: TrainingConfig, data: PackedData, adapter: TextAdapter, start: Snapshot | None, device: torch.device
) -> Networks:
    """New ones, from the weights of `start` where it is given, on `device`."""
    generator = Generator(config.preset, len(data.u_names), attributes=data.attributes)
    generator.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    if start:
        generator.take_over(start.generator, [data.u_names.index(name) for name in start.config.u_names])
    discriminator = Discriminator(config.preset, data.attributes, config.discriminator_width)
    discriminator.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    generator.to(device)
    discriminator.to(device)
    matrices_g, rest_g = split_parameters(generator, other=("constant", "start", "to_rgb"))
    matrices_d, rest_d = split_parameters(discriminator, other=("from_rgb", "unary", "text", "heads"))
    return Networks(
        adapter=adapter.to(device),
        generator=generator,
        discriminator=discriminator,
        optimizers_g=(
            Muon(matrices_g, dtype=quick_dtype(device)),
            torch.optim.AdamW(rest_g, betas=(0.9, 0.99), weight_decay=0.0),
        ),
        optimizers_d=(
            Muon(matrices_d, dtype=quick_dtype(device)),
            torch.optim.AdamW(rest_d, betas=(0.0, 0.99), weight_decay=0.0),
        ),
        ema=EMA(generator),
    )


def _count(network: nn.Module) -> int:
    return sum(each.numel() for each in network.parameters())
