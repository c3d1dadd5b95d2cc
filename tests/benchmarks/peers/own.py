"""Our own trainer, and the same networks, batches and optimizers with other adversarial losses."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import cached_property, partial
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from studio.evaluation.painter import Painter
from studio.models.snapshot import load_snapshot
from studio.training import TrainingConfig, train
from studio.training.config import RunConfig
from studio.training.losses import RELATIVISTIC, AdversarialLoss
from studio.training.progress import Say
from tests.benchmarks.peers.setting import Setting, count_parameters


def hinge_discriminator(real: Tensor, fake: Tensor) -> Tensor:
    """max(0, 1 - D(real)) + max(0, 1 + D(fake)) (Lim and Ye 2017)."""
    return F.relu(1 - real).mean() + F.relu(1 + fake).mean()


def hinge_generator(real: Tensor, fake: Tensor) -> Tensor:
    """-D(fake)."""
    return -fake.mean()


def saturating_discriminator(real: Tensor, fake: Tensor) -> Tensor:
    """softplus(-D(real)) + softplus(D(fake)): the cross-entropy of the first GAN (Goodfellow et al. 2014)."""
    return F.softplus(-real).mean() + F.softplus(fake).mean()


def non_saturating_generator(real: Tensor, fake: Tensor) -> Tensor:
    """softplus(-D(fake))."""
    return F.softplus(-fake).mean()


# Without spectral norm none of them is stable without a gradient penalty, so every one has R1, with our weights: what
# differs between these three is the game alone.
RELATIVISTIC_R1 = AdversarialLoss(
    discriminator=RELATIVISTIC.discriminator, generator=RELATIVISTIC.generator, penalise_fake=False
)
HINGE_R1 = AdversarialLoss(discriminator=hinge_discriminator, generator=hinge_generator, penalise_fake=False)
NON_SATURATING_R1 = AdversarialLoss(
    discriminator=saturating_discriminator, generator=non_saturating_generator, penalise_fake=False
)


class Own:
    """Regression on the exact renders first, then the adversarial stage; drawn as a user gets it, with camera and light
    from the seed."""

    def __init__(
        self,
        setting: Setting,
        out: Path,
        seed: int,
        *,
        loss: AdversarialLoss = RELATIVISTIC,
        regression_share: float = TrainingConfig.regression_share,
    ) -> None:
        self._setting, self._out, self._loss = setting, out, loss
        budget = setting.budget
        self._config = TrainingConfig(
            preset=setting.gan_preset,
            num_images=budget.num_images,
            minutes=budget.minutes,
            batch_size=budget.batch_size,
            seed=seed,
            text_steps=budget.text_steps,
            checkpoint_minutes=budget.checkpoint_minutes,
            regression_share=regression_share,
        )

    def train(self, say: Say) -> None:
        run = partial(train, self._config, adversarial=self._loss)
        train_once(run, self._config, self._setting, self._out, say)

    def draw(self, texts: Sequence[str], seeds: Sequence[int]) -> Tensor:
        return torch.stack([self._painter.ask(text, seed) for text, seed in zip(texts, seeds, strict=True)])

    @property
    def parameters(self) -> int:
        return count_parameters(load_snapshot(self._out / "snapshot").generator)

    @property
    def images_seen(self) -> int:
        return load_snapshot(self._out / "snapshot").config.num_images_seen

    @cached_property
    def _painter(self) -> Painter:
        setting = self._setting
        return Painter(self._out / "snapshot", prompts=setting.prompts, text_encoder=setting.text_encoder)


def train_once(run: Callable[..., Path], config: RunConfig, setting: Setting, out: Path, say: Say) -> None:
    """Calls one of the studio's trainers, unless it came to its end here with the same settings. Captions and adapter
    lie where it looks for them, so that all peers read with the same ones."""
    settings, finished = json.dumps(asdict(config)), out / "finished.json"
    if finished.is_file() and finished.read_text(encoding="utf-8") == settings:
        return
    out.mkdir(parents=True, exist_ok=True)
    for name in ("captions.safetensors", "adapter.safetensors"):
        if not (out / name).is_file():
            shutil.copyfile(setting.text_folder / name, out / name)
    run(data=setting.data, encoder=setting.encoder, out=out, resume=True, say=say)
    finished.write_text(settings, encoding="utf-8")
