"""The GAN of introductory articles: a class and noise through fully connected layers (Mirza and Osindero 2014)."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from studio.training.precision import autocast
from studio.training.progress import Progress, Say
from tests.benchmarks.peers.setting import CPU, Setting, count_parameters, noises, to_pixels
from tests.benchmarks.peers.stepping import descend, run_steps

NOISE = 100
GENERATOR_WIDTHS = (256, 512, 1024)
DISCRIMINATOR_WIDTHS = (1024, 512, 256)
RATE, BETAS = 2e-4, (0.5, 0.999)
DROPOUT = 0.3


class MlpGan:
    """It knows the product of a text, as the adapter reads it, and nothing else of it."""

    def __init__(self, setting: Setting, out: Path, seed: int) -> None:
        self._setting, self._out, self._config = setting, out, setting.run(seed)
        self._classes = len(setting.data.attributes["product"])
        pixels = 3 * setting.size**2
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            self._generator = _generator(NOISE + self._classes, pixels)
            self._discriminator = _discriminator(pixels + self._classes)
        self._optimizer_g = torch.optim.Adam(self._generator.parameters(), lr=RATE, betas=BETAS)
        self._optimizer_d = torch.optim.Adam(self._discriminator.parameters(), lr=RATE, betas=BETAS)
        self.images_seen = 0

    def train(self, say: Say) -> None:
        stateful = {
            "generator": self._generator,
            "discriminator": self._discriminator,
            "optimizer_g": self._optimizer_g,
            "optimizer_d": self._optimizer_d,
        }
        self._generator.train()
        self.images_seen = run_steps(self._config, self._out, stateful, self._step, say).num_images_seen
        self._generator.eval()

    def _step(self, generator: torch.Generator, _progress: Progress) -> dict[str, Tensor]:
        batch = self._setting.batch(generator)
        n = len(batch.real)
        kinds = F.one_hot(batch.products, self._classes).float()
        z = torch.randn(n, NOISE, generator=generator)
        with autocast(CPU):
            fake = self._generator(torch.cat([z, kinds], dim=1)).float()
        real = batch.real.flatten(1)

        def judged(pixels: Tensor) -> Tensor:
            with autocast(CPU):
                return self._discriminator(torch.cat([pixels, kinds], dim=1))[:, 0].float()

        ones, zeros = torch.ones(n), torch.zeros(n)
        loss_d = F.binary_cross_entropy_with_logits(judged(real), ones)
        loss_d = (loss_d + F.binary_cross_entropy_with_logits(judged(fake.detach()), zeros)) / 2
        descend(loss_d, self._optimizer_d)
        loss_g = F.binary_cross_entropy_with_logits(judged(fake), ones)
        descend(loss_g, self._optimizer_g)
        return {"discriminator": loss_d, "generator": loss_g}

    @torch.inference_mode()
    def draw(self, texts: Sequence[str], seeds: Sequence[int]) -> Tensor:
        read = self._setting.read(texts).logits["product"][:, :-1].argmax(1)  # the last is "not said"
        kinds = F.one_hot(read, self._classes).float()
        drawn = self._generator(torch.cat([noises(seeds, NOISE), kinds], dim=1))
        return to_pixels(drawn.view(len(texts), 3, self._setting.size, self._setting.size))

    @property
    def parameters(self) -> int:
        return count_parameters(self._generator)


def _generator(inputs: int, pixels: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    for width, wider in pairwise((inputs, *GENERATOR_WIDTHS)):
        layers += [nn.Linear(width, wider), nn.BatchNorm1d(wider), nn.LeakyReLU(0.2)]
    return nn.Sequential(*layers, nn.Linear(GENERATOR_WIDTHS[-1], pixels), nn.Tanh())


def _discriminator(inputs: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    for width, narrower in pairwise((inputs, *DISCRIMINATOR_WIDTHS)):
        layers += [nn.Linear(width, narrower), nn.LeakyReLU(0.2), nn.Dropout(DROPOUT)]
    return nn.Sequential(*layers, nn.Linear(DISCRIMINATOR_WIDTHS[-1], 1))
