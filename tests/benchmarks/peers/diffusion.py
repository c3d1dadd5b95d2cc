"""The studio's diffusion model, drawn in a few steps or more of them, as a user gets it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property, partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from studio.backends.diffusion import DiffusionBackend
from studio.models.diffusion import DiffusionSnapshot, load_diffusion
from studio.request import GenerationRequest
from studio.training.config import DiffusionConfig
from studio.training.diffusion import train
from studio.training.progress import Say
from tests.benchmarks.peers.own import train_once
from tests.benchmarks.peers.setting import Setting, count_parameters


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
        return torch.stack([self._draw(text, seed) for text, seed in zip(texts, seeds, strict=True)])

    def _draw(self, text: str, seed: int) -> Tensor:
        controls = {"num_inference_steps": self._steps}
        size = self._backend.capabilities.sizes[0]
        request = GenerationRequest(prompt=text, count=1, seed=seed, size=size, controls=controls)
        drawn = np.array(self._backend.generate(request, 0).image)
        return torch.from_numpy(drawn).permute(2, 0, 1)  # pyright: ignore[reportUnknownMemberType]

    @property
    def parameters(self) -> int:
        return count_parameters(self._snapshot.unet)

    @property
    def images_seen(self) -> int:
        return self._snapshot.description.num_images_seen

    @cached_property
    def _snapshot(self) -> DiffusionSnapshot:
        return load_diffusion(self._out / "snapshot")

    @cached_property
    def _backend(self) -> DiffusionBackend:
        setting, folder = self._setting, str(self._out / "snapshot")
        backend = DiffusionBackend(folder, prompts=setting.prompts, text_encoder=setting.text_encoder)
        backend.load()
        return backend
