"""The judge: a small network of its own that says what a picture shows and where the product is.

It shares nothing with the networks it judges: other renders, another seed, another architecture. It looks at the
product and at the backdrop apart, through a mask that it predicts itself, so that a few hundred renders are enough.
"""

# torch's types leave much open.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from studio.errors import WeightsError
from studio.evaluation.renders import Renders, to_float
from studio.models.muon import Muon, split_parameters
from studio.world.scene import ATTRIBUTES, CORE_ATTRIBUTES, EXTRA_ATTRIBUTES, Scene

WIDTHS = (24, 48, 96, 160)  # of the maps at 1/2, 1/4, 1/8 and 1/16 of the picture
PYRAMID_WIDTH = 32
FEATURES = 128
BATCH = 64
STEPS = 600
PEAK_RATE = 2e-3
WARM_UP = 50  # steps

#: What the judge names: the class of each group, or, one beyond the last, that nothing of the kind is to be seen.
JUDGED = CORE_ATTRIBUTES + EXTRA_ATTRIBUTES


@dataclass(frozen=True, kw_only=True)
class Opinion:
    """`features` [n, 128]; `logits` of each judged group [n, classes + 1]; `mask` [n, size/2, size/2], logits."""

    features: Tensor
    logits: dict[str, Tensor]
    mask: Tensor


@dataclass(frozen=True, kw_only=True)
class Findings:
    """What the judge made of n images: `features` [n, 128], `classes` [n] of each judged group, and `masks`
    [n, size, size] bool, True = product."""

    features: Tensor
    classes: dict[str, Tensor]
    masks: Tensor


class Judge(nn.Module):
    """Convolutions halve the picture four times; a pyramid over their maps gives the mask; the maps are averaged inside
    the mask and outside it, and the attributes are read from both."""

    def __init__(self) -> None:
        super().__init__()
        inputs = (3, *WIDTHS)
        self.stages = nn.ModuleList(_stage(inputs[i], inputs[i + 1], refine=i > 0) for i in range(len(WIDTHS)))
        self.laterals = nn.ModuleList(nn.Conv2d(width, PYRAMID_WIDTH, 1) for width in WIDTHS)
        self.mask_head = nn.Sequential(nn.SiLU(), nn.Conv2d(PYRAMID_WIDTH, 1, 3, padding=1))
        self.embed = nn.Sequential(nn.Linear(2 * sum(WIDTHS), FEATURES), nn.LayerNorm(FEATURES), nn.SiLU())
        self.heads = nn.ModuleDict({group: nn.Linear(FEATURES, len(ATTRIBUTES[group]) + 1) for group in JUDGED})

    def forward(self, images: Tensor) -> Opinion:
        """Float images [n, 3, size, size] in -1..1; `size` a multiple of 16."""
        maps = self.maps(images)
        pyramid = self.laterals[-1](maps[-1])
        for lateral, each in zip(reversed(self.laterals[:-1]), reversed(maps[:-1]), strict=True):  # pyright: ignore[reportArgumentType]
            pyramid = lateral(each) + F.interpolate(pyramid, size=each.shape[-2:], mode="bilinear")
        mask = self.mask_head(pyramid)

        # The mask learns from true masks alone: attributes must not bend it towards what they like to see.
        inside = mask.detach().sigmoid()
        pooled: list[Tensor] = []
        for each in maps:
            weight = F.adaptive_avg_pool2d(inside, each.shape[-1])
            pooled += [_mean(each, weight), _mean(each, 1 - weight)]
        features = self.embed(torch.cat(pooled, dim=1))
        return Opinion(
            features=features, logits={group: head(features) for group, head in self.heads.items()}, mask=mask[:, 0]
        )

    def maps(self, images: Tensor) -> list[Tensor]:
        """The maps of every stage: [n, width, size / 2, size / 2] and so on."""
        found: list[Tensor] = []
        hidden = images
        for stage in self.stages:
            hidden = stage(hidden)
            found.append(hidden)
        return found


def _stage(inputs: int, outputs: int, *, refine: bool) -> nn.Sequential:
    layers: list[nn.Module] = [nn.Conv2d(inputs, outputs, 3, 2, 1, bias=False), nn.BatchNorm2d(outputs), nn.SiLU()]
    if refine:
        layers.append(_Residual(outputs))
    return nn.Sequential(*layers)


class _Residual(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(width, width, 3, padding=1, bias=False),
            nn.BatchNorm2d(width),
            nn.SiLU(),
            nn.Conv2d(width, width, 3, padding=1, bias=False),
            nn.BatchNorm2d(width),
        )

    def forward(self, x: Tensor) -> Tensor:
        return F.silu(x + self.body(x))


def _mean(maps: Tensor, weight: Tensor) -> Tensor:
    """Mean of maps [n, c, h, w] weighted by [n, 1, h, w]."""
    # Channels last, as the maps lie in memory: else their gradients are laid out anew in every layer further down.
    maps, weight = maps.permute(0, 2, 3, 1), weight.permute(0, 2, 3, 1)
    return (maps * weight).sum((1, 2)) / (weight.sum((1, 2)) + 1e-3)


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
        judge = Judge()
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


def save_judge(path: Path, judge: Judge, *, size: int, note: str) -> None:
    """Writes the judge with the side of the pictures it was trained on and a note of how."""
    save_file(
        {name: value.contiguous() for name, value in judge.state_dict().items()},
        path,
        metadata={"size": str(size), "note": note},
    )


def load_judge(path: Path, *, size: int) -> tuple[Judge, str]:
    """Reads a judge for pictures of `size`, and the note beside it; raises WeightsError if it is missing or unfit."""
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}
    except (OSError, SafetensorError) as error:
        raise WeightsError(f"The judge {path} can't be read: {error}.", "Leave it out to train one.") from error
    judge = Judge()
    try:
        judge.load_state_dict(tensors)
    except RuntimeError as error:
        raise WeightsError(f"The judge {path} is of another version.", "Leave it out to train one.") from error
    if metadata.get("size") != str(size):
        raise WeightsError(
            f"The judge {path} is for pictures of {metadata.get('size')} pixels, these have {size}.",
            "Leave it out to train one.",
        )
    judge.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
    return judge.eval().requires_grad_(False), metadata.get("note", "")


def file_sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
