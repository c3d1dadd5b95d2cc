"""Trains a judge, and asks it: it shares nothing with the networks it judges, but has other renders, another seed and
another architecture."""

# torch's types leave much open.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from studio.errors import WeightsError
from studio.evaluation.renders import Renders, read_records, read_renders, to_float
from studio.models.errors import SnapshotError
from studio.models.judge import Judge, SavedJudge, load_judge, save_judge
from studio.models.muon import Muon, split_parameters
from studio.world.scene import ATTRIBUTES, CORE_ATTRIBUTES, EXTRA_ATTRIBUTES, Scene

BATCH = 64
STEPS = 600
PEAK_RATE = 2e-3
WARM_UP = 50  # steps

#: Of the judge that the library searches by: side of its pictures in pixels, seed, and when it has learnt enough.
LIKENESS_SIZE = 64
LIKENESS_SEED = 5
LIKENESS_STEPS = 2500
LIKENESS_MINUTES = 240.0

#: What the judge names: the class of each group, or, one beyond the last, that nothing of the kind is to be seen.
JUDGED = {group: ATTRIBUTES[group] for group in CORE_ATTRIBUTES + EXTRA_ATTRIBUTES}


@dataclass(frozen=True, kw_only=True)
class Findings:
    """What the judge made of n images: `features` [n, 128], `classes` [n] of each judged group, and `masks`
    [n, size, size] bool, True = product."""

    features: Tensor
    classes: dict[str, Tensor]
    masks: Tensor


def train_judge(
    renders: Renders,
    *,
    seed: int,
    minutes: float,
    steps: int = STEPS,
    on_step: Callable[[int, float], None] | None = None,
) -> tuple[Judge, int]:
    """Trains a judge on renders; returns it, ready to judge, with the number of steps that it had.

    The same seed, renders and thread count give the same judge unless `minutes` run out before `steps` are done: the
    budget is there to end a run on a slow machine, and a run that it ended has had fewer steps than asked for.
    `on_step` is told the steps done and the loss.
    """
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        judge = Judge(JUDGED, renders.images.shape[-1])
    generator = torch.Generator().manual_seed(seed)
    judge.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
    labels = class_indices(renders.scenes)
    matrices, rest = split_parameters(judge)
    optimizers = Muon(matrices), torch.optim.AdamW(rest, weight_decay=0.02)
    deadline = time.monotonic() + 60 * minutes
    done = 0
    while done < steps and (done == 0 or time.monotonic() < deadline):
        chosen = torch.randint(len(renders.images), (BATCH,), generator=generator)
        images, masks = _augment(renders.images[chosen], renders.masks[chosen], generator)
        opinion = judge(images.contiguous(memory_format=torch.channels_last))
        loss = F.binary_cross_entropy_with_logits(opinion.mask, F.avg_pool2d(masks, 2))
        for group, logits in opinion.logits.items():
            loss = loss + F.cross_entropy(logits, labels[group][chosen], label_smoothing=0.05)
        judge.zero_grad()
        loss.backward()
        for optimizer in optimizers:
            optimizer.param_groups[0]["lr"] = _rate(done, steps)
            optimizer.step()
        done += 1
        if on_step:
            on_step(done, loss.item())
    return judge.eval().requires_grad_(False), done


def _rate(step: int, steps: int) -> float:
    """Linear warm-up, then a half cosine to zero."""
    warm = min((step + 1) / WARM_UP, 1.0)
    return PEAK_RATE * warm * 0.5 * (1 + math.cos(math.pi * step / steps))


def _augment(images: Tensor, masks: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Moves and scales pictures, and varies brightness and grain a little. Hue and left/right stay: both are judged."""
    n = len(images)

    def uniform(low: float, high: float) -> Tensor:
        return low + (high - low) * torch.rand(n, generator=generator)

    scale, zero = uniform(0.85, 1.1), torch.zeros(n)
    rows = torch.stack([scale, zero, uniform(-0.12, 0.12), zero, scale, uniform(-0.12, 0.12)], dim=1).view(n, 2, 3)
    both = torch.cat([to_float(images), masks[:, None].float() / 255], dim=1)
    grid = F.affine_grid(rows, list(both.shape), align_corners=False)
    moved = F.grid_sample(both, grid, padding_mode="reflection", align_corners=False)
    colour = (moved[:, :3] + 1) * uniform(0.93, 1.07).view(n, 1, 1, 1) - 1
    grain = torch.randn(colour.shape, generator=generator) * uniform(0.0, 0.04).view(n, 1, 1, 1)
    return (colour + grain).clamp(-1, 1), moved[:, 3]


def class_indices(scenes: tuple[Scene, ...]) -> dict[str, Tensor]:
    """The class [n] of each scene in every judged group; the number of classes where the scene has none."""
    return {
        group: torch.tensor([_place(ATTRIBUTES[group], getattr(scene, group)) for scene in scenes]) for group in JUDGED
    }


def _place(classes: tuple[str, ...], name: str | None) -> int:
    return len(classes) if name is None else classes.index(name)


@torch.inference_mode()
def assess(judge: Judge, images: Tensor) -> Findings:
    """What the judge makes of uint8 images [n, 3, size, size]."""
    size = images.shape[-1]
    opinions = [judge(to_float(part)) for part in images.split(64)]
    masks = torch.cat([opinion.mask for opinion in opinions])
    return Findings(
        features=torch.cat([opinion.features for opinion in opinions]),
        classes={group: torch.cat([opinion.logits[group].argmax(1) for opinion in opinions]) for group in JUDGED},
        masks=F.interpolate(masks[:, None], size=(size, size), mode="bilinear")[:, 0] > 0,
    )


def train_likeness(
    data: Path, out: Path, *, minutes: float = LIKENESS_MINUTES, steps: int = LIKENESS_STEPS, say: Callable[[str], None]
) -> Path:
    """Trains the judge by whose features the library finds what looks alike, on all renders in a folder; returns its
    file, half precision, in the folder `out`."""
    renders = read_renders(read_records([data]), LIKENESS_SIZE)

    def on_step(step: int, loss: float) -> None:
        if step % 100 == 0 or step == steps:
            say(f"step {step} of {steps}: loss {loss:.2f}")

    judge, done = train_judge(renders, seed=LIKENESS_SEED, minutes=minutes, steps=steps, on_step=on_step)
    note = f"{done} of {steps} steps on {len(renders.scenes)} renders of the product world, seed {LIKENESS_SEED}"
    path = out / "likeness.safetensors"
    save_judge(path, judge, attributes=JUDGED, note=note, dtype=torch.float16)
    return path


def read_judge(path: Path, *, size: int) -> SavedJudge:
    """Reads a judge for pictures of `size`, its own or a multiple of it; raises WeightsError where it can't be used."""
    try:
        saved = load_judge(path)
    except SnapshotError as error:
        raise WeightsError(str(error), "Leave it out to train one.") from error
    if saved.attributes != JUDGED:
        raise WeightsError(f"The judge {path} judges another world.", "Leave it out to train one.")
    if size % saved.judge.size:
        raise WeightsError(
            f"The judge {path} is for pictures of {saved.judge.size} pixels, these have {size}.",
            "Leave it out to train one.",
        )
    return saved
