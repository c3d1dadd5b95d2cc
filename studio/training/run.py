"""What every run does around its steps: it begins in a folder, counts, says how it goes, keeps what there is, stops."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import torch
from accelerate import Accelerator, InitProcessGroupKwargs
from accelerate.utils import set_seed

from studio.training.config import RunConfig
from studio.training.folder import (
    CHECKPOINT,
    SETTINGS,
    Stateful,
    TrainingStopped,
    begin_run,
    load_checkpoint,
    saving,
    write_settings,
)
from studio.training.interrupt import Interrupt
from studio.training.progress import REPORT_SECONDS, Means, Progress, Say
from studio.training.steps import mean_over_processes

#: Of processes for the first one, which reads all captions on its own.
LONGEST_WAIT = timedelta(hours=12)


def accelerator_of(out: Path, *, resume: bool) -> Accelerator:
    """That of a run in `out`. Raises TrainingStopped where one is there that is not to go on."""
    if (out / SETTINGS).exists() and not resume:
        raise TrainingStopped(f"{out} already holds a run: go on with it (--resume) or name another folder.")
    return Accelerator(
        cpu=not torch.accelerator.is_available(),  # said aloud, as several processes on CPUs need it
        kwargs_handlers=[InitProcessGroupKwargs(timeout=LONGEST_WAIT)],
        project_dir=str(out),
        log_with="tensorboard",
    )


def own_batch(config: RunConfig, accelerator: Accelerator) -> int:
    """Images that a process takes of each batch, so that a run learns alike in any number of processes. Raises
    TrainingStopped where they can't be shared evenly."""
    own, left = divmod(config.batch_size, accelerator.num_processes)
    if left:
        raise TrainingStopped(
            f"A batch of {config.batch_size} can't be shared evenly by {accelerator.num_processes} processes: take"
            " another number of them, or another batch size (--set batch_size=NUMBER)."
        )
    return own


def begin(config: RunConfig, out: Path, accelerator: Accelerator, start_sha256: str | None = None) -> bool:
    """Writes the settings, opens TensorBoard's files and sets the seeds; returns whether a run goes on.

    Raises TrainingStopped, for one that goes on and is to start with the weights of a hash, and where `own_batch` does,
    too.
    """
    own_batch(config, accelerator)
    goes_on = (out / CHECKPOINT).is_file()
    if goes_on and start_sha256:
        raise TrainingStopped(f"The run in {out} has begun: go on with it without --from, or name another folder.")
    accelerator.wait_for_everyone()
    if accelerator.is_main_process:
        begin_run(config, out, start_sha256)
    with saving(out):
        accelerator.init_trackers("tensorboard")
    set_seed(config.seed)
    return goes_on


def go_on(
    config: RunConfig, networks: Stateful, progress: Progress, accelerator: Accelerator, out: Path, say: Say
) -> None:
    """Where the run was when it was kept; with settings that do go with it, which are kept from now on."""
    load_checkpoint(networks, progress, out)
    if accelerator.is_main_process:
        write_settings(config, out)
    say(f"going on after {progress.num_images_seen:,} images")


def steps(
    config: RunConfig,
    progress: Progress,
    means: Means,
    accelerator: Accelerator,
    *,
    report: Callable[[dict[str, float]], None],
    keep: Callable[[], None],
    interrupt: Interrupt,
) -> Iterator[float]:
    """Yields the share of the run that is done, once for each step, until its images or minutes are spent. Who takes
    the step counts its images (`Progress.count`).

    Between steps `report` gets the means now and then, and `keep` is called when it is time. After Ctrl+C what there is
    is kept, and KeyboardInterrupt raised.
    """
    last_report = last_kept = time.monotonic()
    images_kept = progress.num_images_seen
    while (share := progress.share(config)) < 1:
        began, seen = time.monotonic(), progress.num_images_seen
        yield share
        seconds = mean_over_processes(time.monotonic() - began, accelerator)
        progress.seconds += seconds
        means.add(seconds_a_step=seconds, images_a_step=progress.num_images_seen - seen)

        if time.monotonic() - last_report > REPORT_SECONDS:
            report(means.take())
            last_report = time.monotonic()
        stopping = mean_over_processes(float(interrupt.asked), accelerator) > 0
        due = progress.num_images_seen - images_kept >= (config.checkpoint_images or math.inf)
        if stopping or due or time.monotonic() - last_kept > 60 * config.checkpoint_minutes:
            keep()
            last_kept, images_kept = time.monotonic(), progress.num_images_seen
        if stopping:
            accelerator.end_training()
            raise KeyboardInterrupt
    if images_kept < progress.num_images_seen:
        keep()
    accelerator.end_training()
