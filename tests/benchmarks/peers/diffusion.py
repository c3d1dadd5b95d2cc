"""The studio's diffusion model, drawn in a few steps or more of them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property, partial
from pathlib import Path

import torch
from torch import Tensor

from studio.models.diffusion import DiffusionSnapshot, load_diffusion, sample
from studio.training.config import DiffusionConfig
from studio.training.diffusion import train
from studio.training.progress import Say
from tests.benchmarks.peers.own import train_once
from tests.benchmarks.peers.setting import Setting, count_parameters, to_pixels

GUIDANCE = 2.0
CHUNK = 32


class Diffusion:
    """`steps` are those of drawing: runs that differ in them alone share a folder, and so the training."""

    def __init__(self, setting: Setting, out: Path, seed: int, *, steps: int) -> None:
        self._setting, self._out, self._steps = setting, out, steps
        budget = setting.budget
        self._config = DiffusionConfig(
            preset=setting.diffusion_preset,
            num_images=budget.num_images,
            minutes=budget.minutes,
            batch_size=budget.batch_size,
            seed=seed,
            text_steps=budget.text_steps,
            checkpoint_minutes=budget.checkpoint_minutes,
        )

    def train(self, say: Say) -> None:
        train_once(partial(train, self._config), self._config, self._setting, self._out, say)

    def draw(self, texts: Sequence[str], seeds: Sequence[int]) -> Tensor:
        drawn: list[Tensor] = []
        for start in range(0, len(texts), CHUNK):
            part = slice(start, start + CHUNK)
            drawn.append(
                sample(
                    self._snapshot.unet,
                    self._snapshot.scheduler,
                    self._setting.read(texts[part]),
                    self._setting.read([""]),
                    [torch.Generator().manual_seed(seed) for seed in seeds[part]],
                    num_inference_steps=self._steps,
                    guidance_scale=GUIDANCE,
                )
            )
        return to_pixels(torch.cat(drawn))

    @property
    def parameters(self) -> int:
        return count_parameters(self._snapshot.unet)

    @property
    def images_seen(self) -> int:
        return self._snapshot.description.num_images_seen

    @cached_property
    def _snapshot(self) -> DiffusionSnapshot:
        return load_diffusion(self._out / "snapshot")
