"""From images to figures: what the judge found in them, and how that compares with renders of the same scenes."""

# torch's types leave much open.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from studio.data.colour import PASSING_SHARE, median_name, name_shares
from studio.evaluation import metrics
from studio.evaluation.judge import JUDGED, assess, class_indices
from studio.evaluation.renders import to_float
from studio.models.judge import Judge
from studio.models.random_features import RandomFeatures
from studio.world.scene import COLOURS, CORE_ATTRIBUTES, EXTRA_ATTRIBUTES, Scene

ACCURACIES = (*CORE_ATTRIBUTES, "joint")
CHUNK = 64


@dataclass(frozen=True, kw_only=True)
class Examined:
    """n images beside the n scenes they should show.

    `correct` [n] 0 or 1 for each judged group, for "joint", all core attributes together, and for "bound", colour and
    accent together; `exchanged` [n] 0 or 1, whether they were named the wrong way round; `has` [n] bool, whether the
    scene has an accent, a pattern and so on ("bound": an accent); `colour_check` [n] 0 or 1;
    `wrong_names` [n], the share of the other fifteen colours that pass the check as well; `median_colour` [n] 0 or 1,
    whether the median colour's nearest name is the one asked for; `features` [n, d] by kind; `power` [n].
    """

    images: Tensor
    correct: dict[str, Tensor]
    exchanged: Tensor
    has: dict[str, Tensor]
    colour_check: Tensor
    wrong_names: Tensor
    median_colour: Tensor
    features: dict[str, Tensor]
    power: Tensor


def examine(images: Tensor, scenes: Sequence[Scene], judge: Judge, *, masks: Tensor | None = None) -> Examined:
    """Looks at uint8 images [n, 3, size, size]; the product is where `masks` [n, size, size] say, else where the judge
    sees it."""
    findings = assess(judge, images)
    asked = class_indices(tuple(scenes))
    seen = findings.classes
    correct = {group: (seen[group] == asked[group]).float() for group in JUDGED}
    correct["joint"] = torch.stack([correct[group] for group in CORE_ATTRIBUTES]).amin(0)
    correct["bound"] = correct["colour"] * correct["accent"]
    has = {group: torch.tensor([bool(getattr(scene, group)) for scene in scenes]) for group in EXTRA_ATTRIBUTES}

    inside = findings.masks if masks is None else masks
    shares = torch.stack([name_shares(image, mask) for image, mask in zip(images, inside, strict=True)])
    passing = (shares >= PASSING_SHARE).float()
    own = passing.gather(1, asked["colour"][:, None])[:, 0]
    names = [median_name(image, mask) for image, mask in zip(images, inside, strict=True)]

    random_features = RandomFeatures()
    parts = [to_float(part) for part in images.split(CHUNK)]
    return Examined(
        images=images,
        correct=correct,
        exchanged=((seen["colour"] == asked["accent"]) & (seen["accent"] == asked["colour"])).float(),
        has=has | {"bound": has["accent"]},
        colour_check=own,
        wrong_names=(passing.sum(1) - own) / (len(COLOURS) - 1),
        median_colour=torch.tensor(
            [float(name == index) for name, index in zip(names, asked["colour"].tolist(), strict=True)]
        ),
        features={
            "judge": findings.features,
            "random": torch.cat([random_features(part) for part in parts]),
        },
        power=torch.cat([metrics.high_frequency_power(part) for part in parts]),
    )


def compare(run: Examined, renders: Examined, judge: Judge, *, seed: int) -> dict[str, object]:
    """The figures of a run beside those of the renders of the same scenes, JSON values.

    Distances are taken between the run's even and the renders' odd images, so that no scene is on both sides; for the
    renders themselves that is the floor.
    """
    return {
        "accuracy": {name: _share(run.correct[name], renders.correct[name], seed) for name in ACCURACIES},
        "extras": {
            name: _share(run.correct[name][has], renders.correct[name][has], seed) | {"count": int(has.sum())}
            for name, has in renders.has.items()
            if has.any()
        },
        "colours_exchanged": number(float(run.exchanged[run.has["accent"]].mean())),
        "colour_check": _share(run.colour_check, renders.colour_check, seed),
        "wrong_names_passing": number(float(run.wrong_names.mean())),
        "median_colour": _share(run.median_colour, renders.median_colour, seed),
        "distances": {
            kind: _distances(run.features[kind][::2], renders.features[kind][1::2], seed) for kind in run.features
        },
        "sharpness": {
            "value": number(float(metrics.sharpness_ratio(run.power, renders.power))),
            "interval": _interval(
                lambda indices: metrics.sharpness_ratio(run.power[indices], renders.power[indices]),
                len(run.power),
                seed,
            ),
        },
        "psnr": number(_paired_mean(metrics.psnr, run.images, renders.images)),
        "ssim": number(_paired_mean(metrics.ssim, run.images, renders.images)),
        "map_distance": {
            kind: number(_paired_mean(_map_distance(network), run.images, renders.images))
            for kind, network in (("judge", judge), ("random", RandomFeatures()))
        },
    }


def rightness(right: Tensor, *, seed: int) -> dict[str, object]:
    """The accuracy of classifiers from the shares [trainings, n] that each was right about; the interval is that over
    scenes."""
    mean = right.mean(0)
    return {
        "value": number(float(mean.mean())),
        "interval": _interval(lambda indices: mean[indices].mean(-1), len(mean), seed),
        "each": [number(float(each)) for each in right.mean(1)],
        "count": 2 * len(mean),
    }


def closeness(run: Tensor, renders: Tensor, train: Tensor, *, seed: int) -> dict[str, object]:
    """How far features [n, d] of generated images lie from the nearest of those [m, d] of training renders, over how
    far those [n, d] of renders that were not trained on do: well below 1, the model repeats what it saw."""
    own, others = (torch.cdist(each, train).amin(1) for each in (run, renders))

    def ratio(indices: Tensor) -> Tensor:
        return own[indices].mean(-1) / others[indices].mean(-1)

    return {"value": number(float(own.mean() / others.mean())), "interval": _interval(ratio, len(own), seed)}


def breakdown(run: Examined, renders: Examined, labels: Sequence[str]) -> dict[str, dict[str, object]]:
    """Accuracies and the colour check of the images with each label, on the run and on renders."""
    found: dict[str, dict[str, object]] = {}
    for label in sorted(set(labels)):
        chosen = torch.tensor([each == label for each in labels])
        found[label] = {
            "count": int(chosen.sum()),
            "model": _means(run, chosen),
            "renders": _means(renders, chosen),
        }
    return found


def number(value: float) -> float | None:
    """A JSON number of six digits; None for what is not finite."""
    return float(f"{value:.6g}") if math.isfinite(value) else None


def _means(run: Examined, chosen: Tensor) -> dict[str, float | None]:
    values = {name: run.correct[name] for name in ACCURACIES} | {"colour_check": run.colour_check}
    return {name: number(float(value[chosen].mean())) for name, value in values.items()}


def _share(run: Tensor, renders: Tensor, seed: int) -> dict[str, object]:
    def ratio(indices: Tensor) -> Tensor:
        return run[indices].mean(-1) / renders[indices].mean(-1)

    return {
        "value": number(float(run.mean())),
        "interval": _interval(lambda indices: run[indices].mean(-1), len(run), seed),
        "ratio": number(float(ratio(torch.arange(len(run))))),
        "ratio_interval": _interval(ratio, len(run), seed),
    }


def _distances(run: Tensor, renders: Tensor, seed: int) -> dict[str, object]:
    interval = metrics.half_sample_interval(metrics.kernel_distance, run, renders, seed=seed)
    return {
        "kid": number(metrics.kernel_distance(run, renders)),
        "kid_interval": [number(bound) for bound in interval],
        "frechet": number(metrics.frechet_distance(run, renders)),
        "count": min(len(run), len(renders)),
    }


def _interval(statistic: Callable[[Tensor], Tensor], count: int, seed: int) -> list[float | None]:
    return [number(bound) for bound in metrics.bootstrap_interval(statistic, count, seed=seed)]


def _map_distance(network: Judge | RandomFeatures) -> Callable[[Tensor, Tensor], Tensor]:
    return lambda first, second: metrics.map_distance(network.maps(first), network.maps(second))


def _paired_mean(measure: Callable[[Tensor, Tensor], Tensor], first: Tensor, second: Tensor) -> float:
    pairs = zip(first.split(CHUNK), second.split(CHUNK), strict=True)
    return float(torch.cat([measure(to_float(a), to_float(b)) for a, b in pairs]).mean())
