"""A conditional variational autoencoder (Kingma and Welling 2014; Sohn et al. 2015), told the sentence."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from studio.models.presets import TEXT_WIDTH
from studio.training.precision import autocast
from studio.training.progress import Progress, Say
from studio.training.steps import cosine
from tests.benchmarks.peers.setting import CPU, Setting, count_parameters, noises, to_pixels
from tests.benchmarks.peers.stepping import descend, run_steps

LATENT = 64
WIDTHS = (256, 192, 128, 64, 32)  # of maps from 4 x 4 upwards; of a smaller picture only the first ones
RATES = (1e-3, 5e-5)


class Vae:
    def __init__(self, setting: Setting, out: Path, seed: int) -> None:
        self._setting, self._out, self._config = setting, out, setting.run(seed)
        widths = WIDTHS[: setting.size.bit_length() - 2]
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            self._encoder, self._decoder = _Encoder(widths[::-1]), _Decoder(widths)
        for network in (self._encoder, self._decoder):
            network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        parameters = [*self._encoder.parameters(), *self._decoder.parameters()]
        self._optimizer = torch.optim.AdamW(parameters, betas=(0.9, 0.99), weight_decay=0.0)
        self.images_seen = 0

    def train(self, say: Say) -> None:
        stateful = {"encoder": self._encoder, "decoder": self._decoder, "optimizer": self._optimizer}
        self.images_seen = run_steps(self._config, self._out, stateful, self._step, say).num_images_seen

    def _step(self, generator: torch.Generator, progress: Progress) -> dict[str, Tensor]:
        """-log p(x | z, c) + KL(q(z | x, c) | N(0, 1)), in nats an image; the variance of the pixels is the one that
        fits the batch best (Rybkin et al. 2021), so that neither term needs a weight."""
        batch = self._setting.batch(generator)
        sentence = batch.conditioning.sentence
        with autocast(CPU):
            mean, log_variance = (each.float() for each in self._encoder(batch.real, sentence))
        z = mean + (log_variance / 2).exp() * torch.randn(mean.shape, generator=generator)
        with autocast(CPU):
            drawn = self._decoder(z, sentence)
        error = F.mse_loss(drawn.float(), batch.real)
        likelihood = batch.real[0].numel() / 2 * error.log()
        divergence = (mean.square() + log_variance.exp() - 1 - log_variance).sum(1).mean() / 2
        self._optimizer.param_groups[0]["lr"] = cosine(RATES, progress.share(self._config))
        descend((likelihood + divergence) / batch.real[0].numel(), self._optimizer)
        return {"error": error, "divergence": divergence}

    @torch.inference_mode()
    def draw(self, texts: Sequence[str], seeds: Sequence[int]) -> Tensor:
        return to_pixels(self._decoder(noises(seeds, LATENT), self._setting.read(texts).sentence))

    @property
    def parameters(self) -> int:
        return count_parameters(self._decoder)


class _Encoder(nn.Module):
    def __init__(self, widths: Sequence[int]) -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.Conv2d(3, widths[0], 3, padding=1), nn.LeakyReLU(0.2)]
        for width, wider in pairwise(widths):
            layers += [nn.Conv2d(width, wider, 4, 2, 1), nn.GroupNorm(8, wider), nn.LeakyReLU(0.2)]
        self.maps = nn.Sequential(*layers)
        self.head = nn.Linear(widths[-1] * 16 + TEXT_WIDTH, 2 * LATENT)

    def forward(self, images: Tensor, sentence: Tensor) -> tuple[Tensor, Tensor]:
        """To mean and logarithm of the variance of z, [n, LATENT] each."""
        mean, log_variance = self.head(torch.cat([self.maps(images).flatten(1), sentence], dim=1)).chunk(2, dim=1)
        return mean, log_variance.clamp(-10, 10)


class _Decoder(nn.Module):
    def __init__(self, widths: Sequence[int]) -> None:
        super().__init__()
        self.start = nn.Linear(LATENT + TEXT_WIDTH, widths[0] * 16)
        layers: list[nn.Module] = []
        for width, narrower in pairwise(widths):
            layers += [nn.Upsample(scale_factor=2), nn.Conv2d(width, narrower, 3, padding=1)]
            layers += [nn.GroupNorm(8, narrower), nn.LeakyReLU(0.2)]
        self.maps = nn.Sequential(*layers, nn.Conv2d(widths[-1], 3, 3, padding=1))

    def forward(self, z: Tensor, sentence: Tensor) -> Tensor:
        return self.maps(self.start(torch.cat([z, sentence], dim=1)).view(len(z), -1, 4, 4))
