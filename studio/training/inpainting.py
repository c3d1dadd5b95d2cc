"""Trains the inpainter on pictures with holes cut into them, from photos and renders of any size.

A run is a folder like the GAN's: `config.json`, `checkpoint.pt` (to go on from), `snapshot/inpainter.safetensors`,
`samples/` and TensorBoard scalars.
"""

from __future__ import annotations

import io
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from accelerate import Accelerator
from accelerate.utils import set_seed
from torch import Tensor

from studio.data.holes import hole_batch
from studio.models.inpainter import Inpainter, save_inpainter, smooth_fill
from studio.models.snapshot import write_whole
from studio.training.config import InpaintingConfig
from studio.training.ema import EMA
from studio.training.folder import (
    CHECKPOINT,
    TrainingStopped,
    begin_run,
    checkpoint_bytes,
    load_checkpoint,
    require_space,
    saving,
)
from studio.training.interrupt import Interrupt
from studio.training.losses import in_hole
from studio.training.progress import REPORT_SECONDS, Means, Progress, Say, report_progress
from studio.training.sheets import rows_of_pictures
from studio.training.steps import cosine, descend, mean_over_processes

SAMPLES = 8


@dataclass(frozen=True, kw_only=True)
class _Networks:
    inpainter: Inpainter
    optimizer: torch.optim.Optimizer
    ema: EMA

    def stateful(self) -> dict[str, Any]:
        """What a checkpoint holds of them, by name."""
        return {"inpainter": self.inpainter, "optimizer": self.optimizer, "ema": self.ema}


def train(
    config: InpaintingConfig,
    *,
    pictures: Sequence[Tensor],
    held_out: Sequence[Tensor],
    out: Path,
    resume: bool = False,
    say: Say = print,
) -> Path:
    """Trains an inpainter and returns the folder of its snapshot.

    `pictures` are sets of uint8 images [n, 3, size, size], each of a size of its own, which batches take in turns;
    `held_out` are such sets for the samples.

    Raises:
        TrainingStopped: the loss is no longer a number, the disk is full, the pictures are too small, or `out` holds a
            run that `resume` contradicts.
    """
    # 1. A folder that is new, or a run to go on with.
    accelerator = Accelerator(cpu=not torch.accelerator.is_available(), project_dir=str(out), log_with="tensorboard")
    say = accelerator.on_main_process(say)
    if (out / "config.json").exists() and not resume:
        raise TrainingStopped(f"{out} already holds a run: go on with it (--resume) or name another folder.")
    largest = max(each.shape[-1] for each in pictures)
    if largest < config.crop:
        raise TrainingStopped(f"The pictures are smaller than {config.crop} px: render or import larger ones.")
    goes_on = (out / CHECKPOINT).is_file()
    accelerator.wait_for_everyone()
    if accelerator.is_main_process:
        begin_run(config, out)
    with saving(out):
        accelerator.init_trackers("tensorboard")
    set_seed(config.seed)

    # 2. The network, and where an earlier run left it.
    inpainter = Inpainter().to(accelerator.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimizer = torch.optim.AdamW(inpainter.parameters(), betas=(0.9, 0.99), weight_decay=0.0)
    networks = _Networks(inpainter=inpainter, optimizer=optimizer, ema=EMA(inpainter))
    progress, means = Progress(), Means()

    def keep() -> None:
        if accelerator.is_main_process:
            sheet = _keep(config, networks, held_out or pictures, progress, accelerator.device, out)
            say(f"kept after {progress.num_images_seen:,} images: checkpoint, snapshot, and samples in {sheet}")

    if goes_on:
        load_checkpoint(networks, progress, out)
        say(f"going on after {progress.num_images_seen:,} images")
    if accelerator.is_main_process:
        require_space(out, 5 * 4 * sum(each.numel() for each in inpainter.parameters()))

    # 3. Steps until the images or the minutes are spent.
    last_report = last_kept = time.monotonic()
    images_kept = progress.num_images_seen
    with Interrupt() as interrupt:
        while (share := progress.share(config)) < 1:
            began = time.monotonic()
            size = min(config.size_at(share), largest)
            image, hole = _batch(config, pictures, size, progress.step, accelerator)
            filled = inpainter(image, hole)
            loss = in_hole(filled, image, hole)
            rate = min(1.0, (progress.step + 1) / config.warm_up) * cosine(config.learning_rate, share)
            descend({"off": loss}, inpainter, [networks.optimizer], rate, accelerator)
            images = len(image) * accelerator.num_processes
            progress.step += 1
            progress.num_images_seen += images
            networks.ema.update(inpainter, images, min(config.ema_half_life, progress.num_images_seen / 40))
            seconds = mean_over_processes(time.monotonic() - began, accelerator)
            progress.seconds += seconds
            with torch.no_grad():
                smooth = in_hole(smooth_fill(image, hole), image, hole)
            means.add(of_smooth_fill=loss.detach() / smooth, seconds_a_step=seconds)

            # 4. Now and then: say how it goes; keep what there is.
            if time.monotonic() - last_report > REPORT_SECONDS:
                report_progress(means.take(), progress, config, accelerator, say, f"filling holes at {size} px")
                last_report = time.monotonic()
            stopping = mean_over_processes(float(interrupt.asked), accelerator) > 0
            if stopping or time.monotonic() - last_kept > 60 * config.checkpoint_minutes:
                keep()
                last_kept, images_kept = time.monotonic(), progress.num_images_seen
            if stopping:
                accelerator.end_training()
                raise KeyboardInterrupt
        if images_kept < progress.num_images_seen:
            keep()
    accelerator.end_training()
    return out / "snapshot"


def _batch(
    config: InpaintingConfig, pictures: Sequence[Tensor], size: int, step: int, accelerator: Accelerator
) -> tuple[Tensor, Tensor]:
    """Images [n, 3, size, size] in -1..1 and holes [n, 1, size, size]; they depend on seed, step and process alone, so
    that a resumed run sees the same."""
    seed = (config.seed * 1_000_003 + step) * 64 + accelerator.process_index
    rng, generator = random.Random(seed), torch.Generator().manual_seed(seed)
    wide_enough = [each for each in pictures if each.shape[-1] >= size]
    chosen = wide_enough[step % len(wide_enough)]
    n = max(1, config.batch_size * config.crop**2 // size**2)
    indices = torch.randint(len(chosen), (n,), generator=generator)
    image = torch.stack([_crop(each, size, rng) for each in chosen[indices]]).to(accelerator.device)
    return (image.float() / 127.5 - 1).contiguous(memory_format=torch.channels_last), hole_batch(n, size, rng).to(
        accelerator.device
    )


def _crop(image: Tensor, size: int, rng: random.Random) -> Tensor:
    """A square of `size` of a picture, at its own scale or, where it is large enough, at half of it; maybe mirrored."""
    if image.shape[-1] >= 2 * size and rng.random() < 0.5:
        image = F.avg_pool2d(image.float(), 2).round().byte()
    y, x = (rng.randint(0, image.shape[-1] - size) for _ in range(2))
    square = image[:, y : y + size, x : x + size]
    return square.flip(2) if rng.random() < 0.5 else square


@torch.no_grad()
def _keep(
    config: InpaintingConfig,
    networks: _Networks,
    pictures: Sequence[Tensor],
    progress: Progress,
    device: torch.device,
    out: Path,
) -> Path:
    """Writes snapshot, checkpoint and samples, each whole or not at all; returns the path of the samples: with holes,
    smoothly filled, filled, and as they were."""
    rng = random.Random(0)
    chosen = max(pictures, key=lambda each: each.shape[-1])
    size = min(config.size_at(progress.share(config)), chosen.shape[-1])
    image = torch.stack([_crop(each, size, rng) for each in chosen[:: max(1, len(chosen) // SAMPLES)][:SAMPLES]])
    image = image.to(device).float() / 127.5 - 1
    hole = hole_batch(len(image), size, rng).to(device)
    filled = networks.ema.average(image, hole)
    sheet = io.BytesIO()
    rows = [image * (1 - hole), smooth_fill(image, hole), filled, image]
    rows_of_pictures(rows).save(sheet, "PNG")
    path = out / "samples" / f"{progress.num_images_seen:09d}.png"
    with saving(out):
        (out / "snapshot").mkdir(exist_ok=True)
        note = f"{progress.num_images_seen} images"
        save_inpainter(out / "snapshot" / "inpainter.safetensors", networks.ema.average, note=note)  # type: ignore[arg-type]
        write_whole(out / CHECKPOINT, checkpoint_bytes(networks, progress))
        path.parent.mkdir(exist_ok=True)
        write_whole(path, sheet.getbuffer())
    return path
