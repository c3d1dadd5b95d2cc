"""DF-GAN's design (Tao et al., arXiv 2008.05865), written anew from the paper, of about our generator's size.

The sentence modulates every layer of the generator; one discriminator gives one score for image and text together, kept
smooth round real images with their own captions.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from studio.models.presets import TEXT_WIDTH
from studio.training.ema import EMA
from studio.training.precision import autocast
from studio.training.progress import Progress, Say
from tests.benchmarks.peers.setting import CPU, Setting, count_parameters, noises, to_pixels
from tests.benchmarks.peers.stepping import descend, run_steps

NOISE = 100
WIDTHS = (192, 192, 128, 96, 64)  # of maps from 4 x 4 upwards; of a smaller picture only the first ones
HIDDEN = 64  # of the two small networks that make scale and shift
RATE_G, RATE_D, BETAS = 1e-4, 4e-4, (0.0, 0.9)
PENALTY_WEIGHT, PENALTY_POWER = 2, 6  # k and p of the paper


class DfGan:
    """Drawn with averaged weights, as ours is."""

    def __init__(self, setting: Setting, out: Path, seed: int) -> None:
        self._setting, self._out, self._config = setting, out, setting.run(seed)
        widths = WIDTHS[: setting.size.bit_length() - 2]
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            self._generator, self._discriminator = _Generator(widths), _Discriminator(widths[::-1])
        for network in (self._generator, self._discriminator):
            network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._ema = EMA(self._generator)
        self._optimizer_g = torch.optim.Adam(self._generator.parameters(), lr=RATE_G, betas=BETAS)
        self._optimizer_d = torch.optim.Adam(self._discriminator.parameters(), lr=RATE_D, betas=BETAS)
        self.images_seen = 0

    def train(self, say: Say) -> None:
        stateful = {
            "generator": self._generator,
            "discriminator": self._discriminator,
            "ema": self._ema,
            "optimizer_g": self._optimizer_g,
            "optimizer_d": self._optimizer_d,
        }
        self.images_seen = run_steps(self._config, self._out, stateful, self._step, say).num_images_seen

    def _step(self, generator: torch.Generator, progress: Progress) -> dict[str, Tensor]:
        """Equation 1 of the paper: hinge losses of real images, generated ones and real ones with wrong captions, and
        k E (|dD/dx| + |dD/de|)^p at real ones with their own."""
        batch = self._setting.batch(generator)
        real, e = batch.real.requires_grad_(), batch.conditioning.sentence.requires_grad_()
        with autocast(CPU):
            fake = self._generator(torch.randn(len(real), NOISE, generator=generator), e.detach()).float()
            of_fake = self._discriminator(fake.detach(), e.detach()).float()
            mismatched = self._discriminator(real.detach(), e.detach().roll(1, dims=0)).float()
        score = self._discriminator(real, e)  # in full precision, for the second derivative, as in our own runs

        loss_d = F.relu(1 - score).mean() + (F.relu(1 + of_fake).mean() + F.relu(1 + mismatched).mean()) / 2
        gradients = torch.autograd.grad(score.sum(), (real, e), create_graph=True)
        slope = torch.stack([each.flatten(1).norm(dim=1) for each in gradients]).sum(0)
        penalty = PENALTY_WEIGHT * (slope**PENALTY_POWER).mean()
        descend(loss_d + penalty, self._optimizer_d)

        with autocast(CPU):
            loss_g = -self._discriminator(fake, e.detach()).float().mean()
        descend(loss_g, self._optimizer_g)
        images = self._config.batch_size
        half_life = min(self._config.ema_half_life, (progress.num_images_seen + images) / 40)  # as in our own runs
        self._ema.update(self._generator, images, half_life)
        return {"discriminator": loss_d, "penalty": penalty, "generator": loss_g}

    @torch.inference_mode()
    def draw(self, texts: Sequence[str], seeds: Sequence[int]) -> Tensor:
        return to_pixels(self._ema.average(noises(seeds, NOISE), self._setting.read(texts).sentence))

    @property
    def parameters(self) -> int:
        return count_parameters(self._generator)


class _Affine(nn.Module):
    """x * scale(e) + shift(e), channel by channel (equations 2 and 3); at the start it changes nothing."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.scale, self.shift = (
            nn.Sequential(nn.Linear(TEXT_WIDTH, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, width)) for _ in range(2)
        )
        for network, start in ((self.scale, 1.0), (self.shift, 0.0)):
            last = network[-1]
            assert isinstance(last, nn.Linear)
            nn.init.zeros_(last.weight)
            nn.init.constant_(last.bias, start)

    def forward(self, x: Tensor, e: Tensor) -> Tensor:
        return x * self.scale(e)[:, :, None, None] + self.shift(e)[:, :, None, None]


class _Fusion(nn.Module):
    """The deep fusion block: affine, leaky ReLU, affine, leaky ReLU, convolution."""

    def __init__(self, width: int, outputs: int) -> None:
        super().__init__()
        self.first, self.second = _Affine(width), _Affine(width)
        self.convolution = nn.Conv2d(width, outputs, 3, padding=1)

    def forward(self, x: Tensor, e: Tensor) -> Tensor:
        x = F.leaky_relu(self.first(x, e), 0.2)
        return self.convolution(F.leaky_relu(self.second(x, e), 0.2))


class _Up(nn.Module):
    """Twice the size, then two fusion blocks beside a skip."""

    def __init__(self, width: int, outputs: int) -> None:
        super().__init__()
        self.fuse_first, self.fuse_second = _Fusion(width, outputs), _Fusion(outputs, outputs)
        self.skip = nn.Conv2d(width, outputs, 1) if width != outputs else nn.Identity()

    def forward(self, x: Tensor, e: Tensor) -> Tensor:
        x = F.interpolate(x, scale_factor=2)
        return self.skip(x) + self.fuse_second(self.fuse_first(x, e), e)


class _Generator(nn.Module):
    def __init__(self, widths: Sequence[int]) -> None:
        super().__init__()
        self.start = nn.Linear(NOISE, widths[0] * 16)
        self.ups = nn.ModuleList(_Up(*pair) for pair in pairwise(widths))
        self.to_rgb = nn.Conv2d(widths[-1], 3, 3, padding=1)

    def forward(self, z: Tensor, e: Tensor) -> Tensor:
        """Noise [n, NOISE] and sentences [n, 256] to images in -1..1."""
        x = self.start(z).view(len(z), -1, 4, 4)
        for up in self.ups:
            x = up(x, e)
        return self.to_rgb(F.leaky_relu(x, 0.2)).tanh()


class _Down(nn.Module):
    """Half the size: two convolutions beside an averaged skip."""

    def __init__(self, width: int, outputs: int) -> None:
        super().__init__()
        self.halve = nn.Conv2d(width, outputs, 4, 2, 1)
        self.refine = nn.Conv2d(outputs, outputs, 3, padding=1)
        self.skip = nn.Conv2d(width, outputs, 1) if width != outputs else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        h = F.leaky_relu(self.refine(F.leaky_relu(self.halve(x), 0.2)), 0.2)
        return F.avg_pool2d(self.skip(x), 2) + h


class _Discriminator(nn.Module):
    """One way out: the sentence joins the 4 x 4 map, and one score judges image and text together."""

    def __init__(self, widths: Sequence[int]) -> None:
        super().__init__()
        self.from_rgb = nn.Conv2d(3, widths[0], 3, padding=1)
        self.downs = nn.ModuleList(_Down(*pair) for pair in pairwise(widths))
        self.join = nn.Conv2d(widths[-1] + TEXT_WIDTH, 64, 3, padding=1)
        self.score = nn.Conv2d(64, 1, 4)

    def forward(self, images: Tensor, e: Tensor) -> Tensor:
        """Images [n, 3, size, size] and sentences [n, 256] to scores [n]."""
        x = self.from_rgb(images)
        for down in self.downs:
            x = down(x)
        told = torch.cat([x, e[:, :, None, None].expand(-1, -1, 4, 4)], dim=1)
        return self.score(F.leaky_relu(self.join(told), 0.2)).flatten()
