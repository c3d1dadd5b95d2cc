"""The ways of drawing that are compared: one image of every held-out scene in each of them; and what sheets show."""

# torch's types leave much open.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch
from torch import Tensor

from studio.backends.base import Control
from studio.evaluation.painter import Painter
from studio.prompts import Prompts
from studio.world.captions import caption, mistyped
from studio.world.scene import ATTRIBUTES, CORE_ATTRIBUTES, Scene, sample_continuous, u_of

Track = Callable[[str, Sequence[int]], Iterator[int]]

#: One product a row; the words are the user's, not captions that the model was trained on.
CONTACT_PROMPTS = (
    "a glossy red ceramic mug on a marble counter",
    "a yellow wooden bowl on a wooden table, seen from above",
    "a shiny white ceramic teapot with a blue lid in a grey studio",
    "a pink glass jar in a white studio, hard light",
    "a tall blue ceramic vase in front of a pink backdrop",
    "two wine glasses by a window",
    "a white metal bottle with a red cap on a podium",
    "an amber perfume bottle with a black cap on black marble",
    "a lime green soda can in neon light",
    "a beige lotion tube with a brown cap on a linen cloth",
    "a grey marble soap dispenser on a shelf",
    "an elegant brown leather handbag on a wooden table",
    "an olive canvas rucksack in front of a sunlit wall",
    "a purple plastic suitcase in front of a blue backdrop",
    "burgundy leather loafers in a grey studio",
    "a pair of white canvas sneakers with green soles on a podium",
    "a cork sandal with black straps, soft light",
    "tan Chelsea boots on a concrete floor",
    "a matte teal metal lamp, soft light from the left",
    "an orange plastic chair on a concrete floor",
    "a navy office chair with a white base in a white studio",
    "a green felt sofa with yellow cushions by a window",
    "matte black metal headphones in a black studio",
    "a walnut Bluetooth speaker on a shelf, warm light",
    "a black camera with a silver lens, dark and moody",
    "a watch with a navy leather strap on a marble counter",
    "brass sunglasses with blue lenses in front of a pink backdrop",
    "a red baseball cap with a white brim in front of a sunlit wall",
    "a wooden toy car with red wheels on a wooden table",
    "a checked rubber ball in front of a blue backdrop",
    "a tower of purple building blocks on a linen cloth",
)
CONTACT_SEEDS = range(8)

#: Every prompt is drawn with each of these controls moved from one end to the other, a row each.
SWEPT_PROMPTS = CONTACT_PROMPTS[:24:6]
SWEPT_CONTROLS = ("azimuth", "elevation", "light_azimuth", "softness")
SWEEP_STEPS = 8


def draw_runs(
    painter: Painter, scenes: Sequence[Scene], prompts: Prompts, seed: int, track: Track
) -> dict[str, Tensor]:
    """Images [n, 3, size, size] of the scenes by the way they were drawn."""
    drawn: dict[str, list[Tensor]] = {}
    for i in track("Drawing", range(len(scenes))):
        scene = scenes[i]
        rng = random.Random(f"{seed} {scene.seed}")
        text = caption(scene.attributes(), rng, prompts)
        product = {"product": scene.product}
        u = u_of(sample_continuous(rng, product), scene.silhouette)
        images = {
            "asked": painter.ask(text, seed + i),
            "paired": painter.draw(text, scene.u, seed + i),
            "other_words": painter.ask(caption(scene.attributes(), rng, prompts), seed + i),
            "typo": painter.ask(mistyped(text, rng), seed + i),
            "product_only": painter.draw(caption(product, rng, prompts), u, seed + i),
        }
        for name, image in images.items():
            drawn.setdefault(name, []).append(image)
    runs = {name: torch.stack(images) for name, images in drawn.items()}
    # Shifted by two: even scenes stay even, and so on the same side of the distances.
    return runs | {"shuffled": runs["asked"].roll(2, dims=0)}


def draw_asked(painter: Painter, scenes: Sequence[Scene], prompts: Prompts, seed: int, track: Track) -> Tensor:
    """The run "asked" alone."""
    texts = [caption(scene.attributes(), random.Random(f"{seed} {scene.seed}"), prompts) for scene in scenes]
    return torch.stack([painter.ask(texts[i], seed + i) for i in track("Unseen combinations", range(len(scenes)))])


def nearest_by_attributes(scenes: Sequence[Scene], train: Sequence[Scene]) -> list[int]:
    """For each scene the training scene that shares most core attributes, then the nearest in camera and light."""

    def described(of: Sequence[Scene]) -> tuple[Tensor, Tensor]:
        classes = [[ATTRIBUTES[group].index(getattr(scene, group)) for group in CORE_ATTRIBUTES] for scene in of]
        return torch.tensor(classes), torch.tensor([list(scene.u.values()) for scene in of])

    classes, u = described(scenes)
    train_classes, train_u = described(train)
    shared = (classes[:, None] == train_classes[None]).sum(-1)
    # |u - u'| is at most sqrt(15 * 4 + 2) < 8, so it only ever decides between equals.
    return [int(index) for index in (shared - torch.cdist(u, train_u) / 8).argmax(1)]


def draw_contact_sheet(painter: Painter, track: Track) -> Tensor:
    """Images [prompts * seeds, 3, size, size], a prompt after the other."""
    cells = [(prompt, each) for prompt in CONTACT_PROMPTS for each in CONTACT_SEEDS]
    return torch.stack([painter.ask(*cells[i]) for i in track("Contact sheet", range(len(cells)))])


def swept(painter: Painter) -> list[Control]:
    """The controls that are swept, as far as the model has them."""
    return [control for control in painter.controls if control.name in SWEPT_CONTROLS]


def draw_sweeps(painter: Painter, track: Track) -> Tensor:
    """Images [prompts * controls * SWEEP_STEPS, 3, size, size], a control after the other under each prompt."""
    cells = [
        (prompt, {control.name: float(value)})
        for prompt in SWEPT_PROMPTS
        for control in swept(painter)
        for value in np.linspace(control.low, control.high, SWEEP_STEPS)
    ]
    return torch.stack([painter.ask(cells[i][0], 0, cells[i][1]) for i in track("Sweeps", range(len(cells)))])
