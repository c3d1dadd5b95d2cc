"""How far a run has come, and how that is said to somebody who never trained a GAN."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from accelerate import Accelerator
from torch import Tensor

from studio.training.config import RunConfig
from studio.training.folder import require_space, saving

Say = Callable[[str], None]

REPORT_SECONDS = 20.0  # of a run, between two lines

#: What is said of a run's figures, in this order; all the others are for TensorBoard.
IN_WORDS = {
    "reconstruction": "{:.3f} off the renders",
    "v_error": "squared error {:.3f}",
    "of_smooth_fill": "{:.2f} of what a smooth fill is off",
    "of_bicubic": "{:.2f} of what bicubic pictures are off",
    "overlap_right": "IoU {:.3f}",
    "told_right": "{:.0%} told from real ones",
    "text_sensitivity": "right captions {:.2f} above wrong ones",
    "strength": "{:.0%} shown moved or cut out",
}

COPYING = "copying the renders"
CONTEST = "contest"

#: What a stage is, said when it begins.
EXPLAINED = {
    COPYING: (
        "Now copying the renders: the generator learns to draw each render from its caption, its camera and its light."
        " How far it is off should fall, fast at first and then for hours. Meanwhile the discriminator learns from the"
        " renders which captions are right: it should score them above wrong ones, by 1 or more after a while."
    ),
    CONTEST: (
        "Now the contest: the discriminator learns to tell drawn images from real ones, and the generator to draw what"
        " is taken for real. Told from real ones are 50 % where it guesses, and 60 to 90 % while both learn; figures"
        " that go up and down are normal, and the sheets of samples say more than they do."
    ),
}


@dataclass
class Progress:
    """How far a run has come; saved with every checkpoint."""

    step: int = 0
    num_images_seen: int = 0
    seconds: float = 0.0
    strength: float = 0.0  # of the augmentation

    def count(self, images: int) -> None:
        """A step was taken that saw so many images, in all processes."""
        self.step += 1
        self.num_images_seen += images

    def state_dict(self) -> dict[str, float]:
        return asdict(self)

    def load_state_dict(self, state: dict[str, float]) -> None:
        self.step, self.num_images_seen = int(state["step"]), int(state["num_images_seen"])
        self.seconds, self.strength = float(state["seconds"]), float(state["strength"])

    def share(self, config: RunConfig) -> float:
        """0 at the start .. 1 at the end, by images or by the clock, whichever ends first."""
        by_clock = self.seconds / (60 * config.minutes) if config.minutes else 0.0
        return min(1.0, max(self.num_images_seen / config.num_images, by_clock))

    def seconds_left(self, config: RunConfig, rate: float) -> float:
        """At `rate` images a second; steps at a larger size, and those of the contest, are slower than those before."""
        by_images = (config.num_images - self.num_images_seen) / rate
        return min(by_images, 60 * config.minutes - self.seconds) if config.minutes else by_images


@dataclass
class Means:
    """Running means of scalars between two reports."""

    sums: dict[str, Tensor | float] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)

    def add(self, **values: Tensor | float) -> None:
        for name, value in values.items():
            self.sums[name] = self.sums.get(name, 0.0) + value
            self.counts[name] = self.counts.get(name, 0) + 1

    def take(self) -> dict[str, float]:
        means = {name: float(total) / self.counts[name] for name, total in self.sums.items()}
        self.sums, self.counts = {}, {}
        return means


def report(figures: Mapping[str, float], progress: Progress, config: RunConfig, *, rate: float, doing: str) -> str:
    """One line: how far the run is, what it is `doing`, at how many images a second, how long it takes, how it goes."""
    left = duration(progress.seconds_left(config, rate))
    words = [text.format(figures[name]) for name, text in IN_WORDS.items() if figures.get(name)]
    return (
        f"{progress.share(config):4.0%}  {doing}: {progress.num_images_seen:,} images, {rate:.1f} a second,"
        f" about {left} left" + "".join(f" · {each}" for each in words)
    )


def report_progress(
    figures: dict[str, float],
    progress: Progress,
    config: RunConfig,
    accelerator: Accelerator,
    say: Say,
    doing: str = "training",
) -> None:
    """Says the few figures that say most, and leaves all of them to TensorBoard."""
    out = Path(accelerator.project_dir)
    rate = figures["images_a_step"] / figures["seconds_a_step"]
    require_space(out, 2**20)  # TensorBoard writes in a thread of its own, whose failure would be a traceback
    with saving(out):
        accelerator.log({**figures, "images_a_second": rate}, step=progress.num_images_seen)
    say(report(figures, progress, config, rate=rate, doing=doing))


def duration(seconds: float) -> str:
    minutes = round(seconds / 60)
    if minutes < 1:
        return "a minute"
    return f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{minutes} min"
