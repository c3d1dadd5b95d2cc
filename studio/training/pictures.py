"""Trains networks that make pictures of pictures: one loop for all of them; what differs between them is a `Task`.

A run is a folder like the GAN's: `config.json`, `checkpoint.pt` (to go on from), `snapshot/NAME.safetensors`,
`samples/` and TensorBoard scalars.
"""

from __future__ import annotations

import io
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import torch
import torch.nn.functional as F
from accelerate import Accelerator
from torch import Tensor, nn

from studio.models.muon import Muon, split_parameters
from studio.models.patches import PatchDiscriminator
from studio.models.snapshot import write_whole
from studio.models.weights import Saved, load_weights, save_weights
from studio.training.config import PictureConfig
from studio.training.ema import EMA
from studio.training.folder import CHECKPOINT, TrainingStopped, checkpoint_bytes, require_space, saving
from studio.training.interrupt import Interrupt
from studio.training.losses import gradient_penalty
from studio.training.precision import autocast, quick_dtype
from studio.training.progress import Means, Progress, Say, report_progress
from studio.training.run import accelerator_of, begin, go_on, own_batch, steps
from studio.training.sheets import rows_of_pictures
from studio.training.steps import cosine, descend

MULTIPLE = 16  # of pixels: sides that networks can halve and double again
SAMPLES = 8
FIGURES_EVERY = 10  # steps


@dataclass(frozen=True, kw_only=True)
class Example:
    """n pictures: what a network is given, what it should make of them, and where that counts.

    `target` [n, c, h, w]; `weight` [n, 1, h, w], not negative.
    """

    inputs: tuple[Tensor, ...]
    target: Tensor
    weight: Tensor

    def to(self, device: torch.device) -> Example:
        """On a device, as convolutions like it best."""
        inputs = tuple(_laid_out(each, device) for each in self.inputs)
        return Example(inputs=inputs, target=_laid_out(self.target, device), weight=_laid_out(self.weight, device))


def _laid_out(pictures: Tensor, device: torch.device) -> Tensor:
    return pictures.to(device).contiguous(memory_format=torch.channels_last)


class Task(Protocol):
    """What is learnt."""

    name: str  # of its file, before .safetensors
    doing: str  # said while it learns
    largest: int  # side in pixels of the largest pictures that there are

    def network(self) -> nn.Module:
        """A new one. It is called with an example's inputs."""
        ...

    def example(self, count: int, size: int, rng: random.Random, *, held_out: bool) -> Example:
        """Squares of `size` pixels that depend on `rng` alone, of pictures to learn from or of those for measuring."""
        ...

    def losses(self, output: Tensor, example: Example) -> dict[str, Tensor]:
        """What is to be small; the sum is."""
        ...

    def figures(self, output: Tensor, example: Example) -> dict[str, Tensor]:
        """How well it is done."""
        ...

    def rows(self, output: Tensor, example: Example) -> Sequence[Tensor]:
        """Pictures [n, 3, h, w] to look at, one row below the other."""
        ...


@dataclass(frozen=True, kw_only=True)
class _Networks:
    network: nn.Module
    muon: torch.optim.Optimizer
    adamw: torch.optim.Optimizer
    ema: EMA
    discriminator: nn.Module
    discriminator_optimizer: torch.optim.Optimizer

    def stateful(self) -> dict[str, Any]:
        """What a checkpoint holds of them, by name."""
        return dict(vars(self))


def train(
    config: PictureConfig,
    task: Task,
    *,
    out: Path,
    start: Path | None = None,
    resume: bool = False,
    say: Say = print,
) -> Path:
    """Trains the network of a task, or goes on with the one in the folder `start`; returns the folder of its snapshot.

    Raises:
        TrainingStopped: the loss is no longer a number, the disk is full, the pictures are too small, or `out` holds a
            run that `resume` contradicts.
        SnapshotError: there is no such network in `start`.
    """
    # 1. A folder that is new, or a run to go on with.
    accelerator = accelerator_of(out, resume=resume)
    say = accelerator.on_main_process(say)
    begun = load_weights(start / f"{task.name}.safetensors", task.network(), called=task.name) if start else None
    if config.crop % MULTIPLE:
        raise TrainingStopped(f"Squares of {config.crop} px can't be learnt from: take a multiple of {MULTIPLE}.")
    if task.largest < config.crop:
        raise TrainingStopped(f"The pictures are smaller than {config.crop} px: render or import larger ones.")
    goes_on = begin(config, out, accelerator, begun and begun.sha256)

    # 2. The networks, and where an earlier run left them.
    networks = _build(task, config, begun, accelerator.device)
    before = f", from {begun.sha256[:8]} ({begun.note})" if begun else ""
    network = networks.network
    progress, means = Progress(), Means()

    def keep() -> None:
        if accelerator.is_main_process:
            said = _keep(config, task, networks, before, progress, accelerator.device, out)
            say(f"kept after {progress.num_images_seen:,} images: checkpoint, snapshot, {said}")

    if goes_on:
        go_on(config, networks, progress, accelerator, out, say)
    if accelerator.is_main_process:
        require_space(out, 5 * 4 * sum(each.numel() for each in network.parameters()))

    # 3. Steps until the images or the minutes are spent.
    size = config.crop

    def report(figures: dict[str, float]) -> None:
        report_progress(figures, progress, config, accelerator, say, f"{task.doing} at {size} px")

    with Interrupt() as interrupt:
        for share in steps(config, progress, means, accelerator, report=report, keep=keep, interrupt=interrupt):
            example = _example(config, task, progress, accelerator)
            size = example.target.shape[-1]
            with autocast(accelerator.device):
                output = network(*example.inputs)
            output = output.float()
            losses = task.losses(output, example)
            if share >= config.contest:
                told = _contest(config, networks, output.detach(), example, progress.step, accelerator)
                means.add(told_right=told)
                losses["adversarial"] = config.adversarial_weight * _taken_for_real(networks, output, example)
            rate = min(1.0, (progress.step + 1) / config.warm_up) * cosine(config.learning_rate, share)
            descend(losses, network, [networks.muon, networks.adamw], rate, accelerator)
            images = len(output) * accelerator.num_processes
            progress.count(images)
            networks.ema.update(network, images, min(config.ema_half_life, progress.num_images_seen / 40))
            means.add(**{name: loss.detach() for name, loss in losses.items()})
            if progress.step % FIGURES_EVERY == 0:
                with torch.no_grad():
                    means.add(**task.figures(output, example))
    return out / "snapshot"


def _build(task: Task, config: PictureConfig, begun: Saved[nn.Module] | None, device: torch.device) -> _Networks:
    network = task.network()
    if begun:
        network.load_state_dict(begun.network.state_dict())
    network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    discriminator = PatchDiscriminator().to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    matrices, rest = split_parameters(network, other=("enter", "leave"))
    return _Networks(
        network=network,
        muon=Muon(matrices, dtype=quick_dtype(device)),
        adamw=torch.optim.AdamW(rest, betas=(0.9, 0.99), weight_decay=0.0),
        ema=EMA(network),
        discriminator=discriminator,
        discriminator_optimizer=torch.optim.AdamW(discriminator.parameters(), betas=(0.5, 0.99), weight_decay=0.0),
    )


def _example(config: PictureConfig, task: Task, progress: Progress, accelerator: Accelerator) -> Example:
    """It depends on seed, step and process alone, so that a resumed run sees the same."""
    rng = random.Random((config.seed * 1_000_003 + progress.step) * 64 + accelerator.process_index)
    size = _size(config, task, progress)
    count = max(1, own_batch(config, accelerator) * config.crop**2 // size**2)
    return task.example(count, size, rng, held_out=False).to(accelerator.device)


def _size(config: PictureConfig, task: Task, progress: Progress) -> int:
    return min(config.size_at(progress.share(config)), task.largest // MULTIPLE * MULTIPLE)


def _contest(
    config: PictureConfig, networks: _Networks, fake: Tensor, example: Example, step: int, accelerator: Accelerator
) -> Tensor:
    """The discriminator's step; returns the share of patches whose real one it holds for more real.

    softplus(D(fake) - D(real)), patch by patch of the same place, and now and then R1.
    """
    discriminator = networks.discriminator
    with autocast(fake.device):
        real_logits, fake_logits = discriminator(example.target).float(), discriminator(fake).float()
    losses = {"discriminator": _mean_over_patches(F.softplus(fake_logits - real_logits), example.weight)}
    if step % config.penalty_every == 0:
        image = example.target.detach().requires_grad_()
        penalty = gradient_penalty(discriminator(image).mean((1, 2, 3)), image)
        losses["R1"] = config.penalty_every * config.gamma / 2 * penalty
    rate = config.discriminator_learning_rate
    descend(losses, discriminator, [networks.discriminator_optimizer], rate, accelerator)
    return _mean_over_patches((real_logits > fake_logits).float(), example.weight)


def _taken_for_real(networks: _Networks, fake: Tensor, example: Example) -> Tensor:
    """softplus(D(real) - D(fake))."""
    with autocast(fake.device):
        with torch.no_grad():
            real_logits = networks.discriminator(example.target)
        fake_logits = networks.discriminator(fake)
    return _mean_over_patches(F.softplus(real_logits.float() - fake_logits.float()), example.weight)


def _mean_over_patches(values: Tensor, weight: Tensor) -> Tensor:
    """Over the patches that count: those in which something does."""
    counts = (F.adaptive_max_pool2d(weight, values.shape[-2:]) > 0).float()
    return (values * counts).sum() / counts.sum().clamp(min=1)


@torch.no_grad()
def _keep(
    config: PictureConfig,
    task: Task,
    networks: _Networks,
    before: str,
    progress: Progress,
    device: torch.device,
    out: Path,
) -> str:
    """Writes snapshot, checkpoint and samples, each whole or not at all; returns words on them. `before` says what
    the weights began with."""
    size = _size(config, task, progress)
    example = task.example(SAMPLES, size, random.Random(0), held_out=True).to(device)
    output = networks.ema.average(*example.inputs)
    figures = {name: float(value) for name, value in task.figures(output, example).items()}
    sheet = io.BytesIO()
    rows_of_pictures(list(task.rows(output, example))).save(sheet, "PNG")
    path = out / "samples" / f"{progress.num_images_seen:09d}.png"
    with saving(out):
        (out / "snapshot").mkdir(exist_ok=True)
        weights = out / "snapshot" / f"{task.name}.safetensors"
        save_weights(weights, networks.ema.average, note=f"{progress.num_images_seen} images{before}")
        write_whole(out / CHECKPOINT, checkpoint_bytes(networks, progress))
        path.parent.mkdir(exist_ok=True)
        write_whole(path, sheet.getbuffer())
    return f"and samples in {path} ({_said(figures)})"


def _said(figures: Mapping[str, float]) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {value:.3f}" for name, value in figures.items())
