"""Steps against a budget, for peers that have no trainer of their own: resumable, with a line now and then."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch

from studio.training.config import RunConfig
from studio.training.folder import TrainingStopped
from studio.training.progress import Means, Progress, Say

Step = Callable[[torch.Generator, Progress], Mapping[str, torch.Tensor]]


def run_steps(config: RunConfig, out: Path, stateful: Mapping[str, Any], step: Step, say: Say) -> Progress:
    """Goes on from where `out` was left until the images or the minutes are spent.

    `stateful` are the networks and optimizers by name. `step` is given its random generator, which depends on seed and
    step alone, and how far the run has come; it returns losses.
    """
    checkpoint = out / "checkpoint.pt"
    progress = Progress()
    everything = {"progress": progress, **stateful}
    if checkpoint.is_file():
        saved = torch.load(checkpoint, map_location="cpu", weights_only=True)
        for name, each in everything.items():
            each.load_state_dict(saved[name])
        say(f"going on after {progress.num_images_seen:,} images")

    means = Means()
    last_report = last_checkpoint = time.monotonic()
    while progress.share(config) < 1:
        began = time.monotonic()
        losses = step(torch.Generator().manual_seed(config.seed * 1_000_003 + progress.step), progress)
        progress.step += 1
        progress.num_images_seen += config.batch_size
        means.add(**{name: loss.detach() for name, loss in losses.items()})
        progress.seconds += time.monotonic() - began
        if time.monotonic() - last_report > 20:
            words = ", ".join(f"{name} {value:.4f}" for name, value in means.take().items())
            left = progress.seconds * (1 / progress.share(config) - 1)
            say(
                f"{progress.share(config):6.1%}  {progress.num_images_seen:,} images  {left / 60:.0f} min left  {words}"
            )
            last_report = time.monotonic()
        if time.monotonic() - last_checkpoint > 60 * config.checkpoint_minutes:
            _save(everything, checkpoint)
            last_checkpoint = time.monotonic()
    _save(everything, checkpoint)
    return progress


def _save(everything: Mapping[str, Any], checkpoint: Path) -> None:
    """The last checkpoint stays until the new one is whole."""
    checkpoint.parent.mkdir(parents=True, exist_ok=True)
    partial = checkpoint.with_suffix(".partial")
    torch.save({name: each.state_dict() for name, each in everything.items()}, partial)
    partial.replace(checkpoint)


def descend(loss: torch.Tensor, optimizer: torch.optim.Optimizer) -> None:
    if not torch.isfinite(loss.detach()):
        raise TrainingStopped("The loss is no longer a number.")
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
