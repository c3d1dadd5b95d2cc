"""What every peer is measured on: the same held-out scenes, words, seeds and judge."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from studio.data.packed import PackedData, image_batch
from studio.evaluation.classifier import told_apart
from studio.evaluation.judge import assess
from studio.evaluation.measure import Examined, compare, examine, number, rightness
from studio.evaluation.metrics import bootstrap_interval
from studio.evaluation.renders import Records, Renders, description, read_records, read_renders, to_float, twins
from studio.models.judge import Judge
from studio.models.random_features import RandomFeatures
from studio.prompts import Prompts
from studio.world.captions import caption
from studio.world.scene import Scene
from tests.benchmarks.peers.setting import CPU, Peer, to_pixels


@dataclass(frozen=True, kw_only=True)
class Yardstick:
    """Held-out renders, each with the caption that peers are given; renders of other scenes, which tell what a perfect
    peer would get; `twins`, pairs of renders of one description, image i of both lists."""

    held: Renders
    captions: tuple[str, ...]
    others: Tensor
    twins: tuple[Tensor, Tensor]
    twin_captions: tuple[str, ...]
    judge: Judge
    classifier_steps: int
    timings: int
    renders: Examined


def open_yardstick(
    held: Renders,
    *,
    data: PackedData,
    folders: Sequence[Path],
    judge: Judge,
    prompts: Prompts,
    classifier_steps: int,
    pairs: int,
    timings: int,
) -> Yardstick:
    """Twins are looked for among all the renders in `folders`; the renders of other scenes are those of training."""
    size = held.images.shape[-1]
    records = read_records(folders)
    places = twins(records.scenes, pairs, seed=0)

    def small(places: Sequence[int]) -> Tensor:
        chosen = Records(scenes=tuple(records.scenes[i] for i in places), files=tuple(records.files[i] for i in places))
        return read_small(chosen, size).images

    others = torch.arange(min(len(held.images), len(data)))
    return Yardstick(
        held=held,
        captions=tuple(caption(scene.attributes(), _rng(scene), prompts) for scene in held.scenes),
        others=to_pixels(image_batch(data, others, size, CPU)),
        twins=(small([one for one, _ in places]), small([other for _, other in places])),
        twin_captions=tuple(
            caption(description(scene), _rng(scene), prompts) for scene in (records.scenes[one] for one, _ in places)
        ),
        judge=judge,
        classifier_steps=classifier_steps,
        timings=timings,
        renders=examine(held.images, held.scenes, judge),
    )


def read_small(records: Records, size: int) -> Renders:
    """Renders averaged down to `size`, as training sees them; another filter would be another sharpness."""
    with Image.open(records.files[0]) as first:
        renders = read_renders(records, first.width)
    factor = first.width // size
    images, masks = (
        F.avg_pool2d(each.float(), factor).round().byte() for each in (renders.images, renders.masks[:, None])
    )
    return replace(renders, images=images, masks=masks[:, 0])


def measure(peer: Peer, yardstick: Yardstick, *, ours: Peer | None, seed: int = 0) -> dict[str, Any]:
    """The figures of a trained peer, JSON values. Image i of the held-out scenes is drawn with seed i."""
    drawn = peer.draw(yardstick.captions, range(len(yardstick.captions)))
    run = examine(drawn, yardstick.held.scenes, yardstick.judge)
    right = told_apart(yardstick.held.images, drawn, seed=seed, steps=yardstick.classifier_steps)
    return {
        **compare(run, yardstick.renders, yardstick.judge, seed=seed),
        "told_apart": rightness(right, seed=seed),
        "diversity": _diversity(peer, yardstick, seed),
        "time": _time(peer, ours, yardstick) if ours else None,
    }


def measure_renders(yardstick: Yardstick, *, seed: int = 0) -> dict[str, Any]:
    """The same figures of the renders themselves: what a perfect peer would have."""
    others = yardstick.others
    right = told_apart(yardstick.held.images[: len(others)], others, seed=seed, steps=yardstick.classifier_steps)
    return {
        **compare(yardstick.renders, yardstick.renders, yardstick.judge, seed=seed),
        "told_apart": rightness(right, seed=seed),
    }


def _rng(scene: Scene) -> random.Random:
    return random.Random(f"peers {scene.seed}")


def _diversity(peer: Peer, yardstick: Yardstick, seed: int) -> dict[str, Any]:
    """How far two images of one description lie apart over how far two renders of it do, in both kinds of features."""
    texts = yardstick.twin_captions
    if not texts:
        return {"count": 0}
    one, other = peer.draw([*texts, *texts], range(2 * len(texts))).chunk(2)
    apart, of_renders = _gaps((one, other), yardstick.judge), _gaps(yardstick.twins, yardstick.judge)
    found: dict[str, Any] = {"count": len(texts)}
    for kind, gaps in apart.items():
        renders = of_renders[kind]

        def ratio(places: Tensor, gaps: Tensor = gaps, renders: Tensor = renders) -> Tensor:
            return gaps[places].mean(-1) / renders[places].mean(-1)

        found[kind] = {
            "value": number(float(ratio(torch.arange(len(gaps))))),
            "interval": [number(bound) for bound in bootstrap_interval(ratio, len(gaps), seed=seed)],
        }
    return found


def _gaps(pair: tuple[Tensor, Tensor], judge: Judge) -> dict[str, Tensor]:
    """Distances [n] of images i of both."""
    random_features = RandomFeatures()
    one, other = (
        {"judge": assess(judge, images).features, "random": random_features(to_float(images))} for images in pair
    )
    return {kind: (one[kind] - other[kind]).norm(dim=1) for kind in one}


def _time(peer: Peer, ours: Peer, yardstick: Yardstick) -> dict[str, float | None]:
    """Seconds of one image of words that were read before, in turns with ours, and their ratio. Of each the fastest
    counts, as other programs can only make it slower."""
    best = {"seconds": math.inf, "seconds_of_ours": math.inf}
    for turn in range(yardstick.timings + 1):
        for name, each in (("seconds", peer), ("seconds_of_ours", ours)):
            began = time.perf_counter()
            each.draw(yardstick.captions[:1], [turn])
            if turn:  # the first one warms up
                best[name] = min(best[name], time.perf_counter() - began)
    ratio = best["seconds"] / best["seconds_of_ours"]
    return {**{name: number(value) for name, value in best.items()}, "ratio": number(ratio)}
