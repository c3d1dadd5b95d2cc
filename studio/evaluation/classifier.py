"""Sharpness that feature distances don't see: can a freshly trained network tell the model's images from renders?

A classifier two-sample test (Lopez-Paz and Oquab, arXiv 1610.06545): where two sets of images come from one
distribution, no classifier is right more often than every other time on images that it was not trained on.
"""

# torch's types leave much open.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from __future__ import annotations

from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from studio.evaluation.renders import to_float

WIDTHS = (3, 24, 48, 96)
#: Side of the cut-outs that it learns from: what gives an image away is in its edges and textures.
CROP = 64
BATCH = 32  # half of it of each kind
#: Of 500 renders blurred over 3 pixels at half strength it tells 86 % from sharp ones, after 300 steps 58 %.
STEPS = 900
RATE = 1e-3
#: What one of them finds is as much luck as skill: of the same images four were right about 80, 95, 97 and 100 %.
TRAININGS = 5
CHUNK = 64


class Classifier(nn.Module):
    """Convolutions halve a picture of any size three times; the mean of their maps says which kind it is."""

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for inputs, outputs in pairwise(WIDTHS):
            layers += [nn.Conv2d(inputs, outputs, 3, 2, 1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU()]
        self.maps = nn.Sequential(*layers)
        self.head = nn.Linear(WIDTHS[-1], 1)

    def forward(self, images: Tensor) -> Tensor:
        """Float images [n, 3, size, size] in -1..1 to logits [n], above 0 for the second kind."""
        return self.head(self.maps(images).mean((2, 3)))[:, 0]


def told_apart(first: Tensor, second: Tensor, *, seed: int, steps: int = STEPS) -> Tensor:
    """How often new classifiers are right about two kinds of uint8 images [n, 3, size, size]: of each of TRAININGS the
    share 0, 0.5 or 1 for each of the odd pairs, [TRAININGS, n // 2]. Their mean is the accuracy. They learn from the
    even pairs.

    Image i of both kinds should show one scene, or all images scenes of their own: were the even scenes of one kind the
    odd ones of the other, knowing a scene again would lead to the wrong answer, and the accuracy come out too low.
    The same seed, images and thread count give the same shares.
    """
    found: list[Tensor] = []
    for training in range(TRAININGS):
        classifier = _trained(first[::2], second[::2], seed=TRAININGS * seed + training, steps=steps)
        right = ~_looks_second(classifier, first[1::2]), _looks_second(classifier, second[1::2])
        found.append(torch.stack(right).float().mean(0))
    return torch.stack(found)


def _trained(first: Tensor, second: Tensor, *, seed: int, steps: int) -> Classifier:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        classifier = Classifier()
    classifier.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
    generator = torch.Generator().manual_seed(seed)
    optimizer = torch.optim.AdamW(classifier.parameters(), lr=RATE)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    kinds = torch.tensor([0.0, 1.0]).repeat_interleave(BATCH // 2)
    for _ in range(steps):
        batch = torch.cat([_cut_outs(kind, generator) for kind in (first, second)])
        logits = classifier(to_float(batch).contiguous(memory_format=torch.channels_last))
        loss = F.binary_cross_entropy_with_logits(logits, kinds)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    return classifier.eval()


def _cut_outs(images: Tensor, generator: torch.Generator) -> Tensor:
    """A batch's half [BATCH // 2, 3, CROP, CROP] of random places, mirrored every other time."""
    side = min(CROP, images.shape[-1])
    found: list[Tensor] = []
    for index in torch.randint(len(images), (BATCH // 2,), generator=generator).tolist():
        y, x = torch.randint(images.shape[-1] - side + 1, (2,), generator=generator).tolist()
        cut = images[index, :, y : y + side, x : x + side]
        found.append(cut.flip(-1) if len(found) % 2 else cut)
    return torch.stack(found)


@torch.inference_mode()
def _looks_second(classifier: Classifier, images: Tensor) -> Tensor:
    return torch.cat([classifier(to_float(part)) > 0 for part in images.split(CHUNK)])
