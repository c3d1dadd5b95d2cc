"""START HERE: measures a snapshot on held-out renders and writes a report: JSON, a table, a contact sheet."""

from __future__ import annotations

import json
import platform
import random
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from torch import Tensor

from studio.errors import InputError, StudioError
from studio.evaluation import classifier
from studio.evaluation.judge import JUDGED, STEPS, assess, read_judge, train_judge
from studio.evaluation.measure import Examined, breakdown, closeness, compare, examine, number, rightness
from studio.evaluation.metrics import diversity_ratio
from studio.evaluation.painter import Painter
from studio.evaluation.presentation import contact_sheet, to_markdown
from studio.evaluation.renders import (
    Records,
    Renders,
    description,
    read_image,
    read_records,
    read_renders,
    to_float,
    twins,
)
from studio.evaluation.runs import (
    CONTACT_PROMPTS,
    CONTACT_SEEDS,
    SWEEP_STEPS,
    SWEPT_PROMPTS,
    Track,
    draw_asked,
    draw_contact_sheet,
    draw_runs,
    draw_sweeps,
    nearest_by_attributes,
    swept,
)
from studio.models.judge import Judge, SavedJudge, save_judge
from studio.models.random_features import RandomFeatures
from studio.prompts import Prompts, load_prompts
from studio.settings import packaged
from studio.world.captions import caption

FORMAT_VERSION = 1
#: A figure of the model counts as failing below this share of the renders' figure.
PASSING_RATIO = 0.85
DIVERSITY_PAIRS = 100
READ_AT_ONCE = 64


def evaluate(
    *,
    data: Path,
    out: Path,
    judge_data: Sequence[Path] = (),
    judge: Path | None = None,
    train_data: Path | None = None,
    unseen_data: Path | None = None,
    model: Path | None = None,
    prompts: Prompts | None = None,
    text_encoder: str | None = None,
    seed: int = 0,
    count: int = 500,
    minutes: float = 30,
    judge_steps: int = STEPS,
    classifier_steps: int = classifier.STEPS,
) -> dict[str, Any]:
    """Measures a snapshot; writes report.json, report.md, two sheets of pictures and judge.safetensors to `out`.

    Args:
        data: held-out renders, which neither the model nor the judge has seen; the first `count` by seed are used.
        judge_data: renders to train the judge on. Without them every other scene of `data` is given to it.
        judge: a trained judge's file, instead of training one.
        train_data: the model's own training renders, for the nearest-render baseline and memorisation.
        unseen_data: renders of combinations of attributes that were kept from training.
        model: a snapshot; None for the packaged one.
        text_encoder: None for the packaged one, else a folder or a hub name and commit (`NAME@` and 40 hex digits).
        minutes: the longest that the judge may train, wall clock.

    Returns the content of report.json.

    Raises:
        InputError: a folder without renders, or too few of them.
        WeightsError: the snapshot, the text encoder or the judge is missing or altered.
        StudioError: the report can't be written.
    """
    prompts = prompts or load_prompts()
    painter = Painter(model or packaged("assets") / "gan", prompts=prompts, text_encoder=text_encoder)
    with _saving(out):
        out.mkdir(parents=True, exist_ok=True)
    with _progress() as track:
        # 1. Renders, for the judge and held out.
        records, judge_records = _split(data, judge_data, count)
        held = read_renders(records, painter.size)
        judging = _open_judge(judge, judge_records, out, painter.size, seed, minutes, judge_steps, track)

        # 2. One image a scene, drawn in each of the ways that are compared.
        runs = draw_runs(painter, held.scenes, prompts, seed, track)
        train = read_records([train_data]) if train_data else None
        if train:
            files = [train.files[i] for i in nearest_by_attributes(records.scenes, train.scenes)]
            runs["nearest"] = torch.stack([read_image(file, painter.size)[:3] for file in files])

        # 3. Figures.
        names = list(runs)
        renders = examine(held.images, held.scenes, judging.judge)
        examined = {
            names[i]: examine(runs[names[i]], held.scenes, judging.judge) for i in track("Judging", range(len(names)))
        }
        true_masks = examine(held.images, held.scenes, judging.judge, masks=held.masks > 127)
        others = read_renders(_take(judge_records, slice(len(held.scenes))), painter.size)
        apart = _told_apart(held.images, runs["asked"], others.images, seed, classifier_steps, track)
        folders = [data, *judge_data, *([train_data] if train_data else [])]
        parts = {group: [getattr(scene, group) for scene in held.scenes] for group in ("product", "material")}
        unseen = _unseen(painter, unseen_data, judging.judge, prompts, seed, count, track) if unseen_data else None
        report: dict[str, Any] = {
            "format_version": FORMAT_VERSION,
            "settings": {
                "seed": seed,
                "count": len(held.scenes),
                "size": painter.size,
                "model": painter.name,
                "judge": judging.note,
                "data": data.name,
                "judge_data": [folder.name for folder in judge_data],
                "train_data": train_data.name if train_data else None,
                "unseen_data": unseen_data.name if unseen_data else None,
                "versions": {"python": platform.python_version(), "torch": torch.__version__},
            },
            "hashes": {"model": painter.sha256, "judge": judging.sha256},
            "runs": {
                "renders": compare(renders, renders, judging.judge, seed=seed),
                **{name: compare(run, renders, judging.judge, seed=seed) for name, run in examined.items()},
            },
            "told_apart_from_renders": apart,
            "renders_colour_check_with_true_mask": number(float(true_masks.colour_check.mean())),
            "judge_mask_iou": number(_mask_overlap(judging.judge, held)),
            "diversity": _diversity(painter, judging.judge, read_records(folders), prompts, seed, track),
            "breakdown": {name: breakdown(examined["asked"], renders, labels) for name, labels in parts.items()},
            "unseen_combinations": unseen,
            "memorisation": _memorisation(examined, renders, train, judging.judge, painter.size, seed, track)
            if train
            else None,
            "contact_sheet": {"prompts": list(CONTACT_PROMPTS), "seeds": list(CONTACT_SEEDS)},
            "sweeps": {"prompts": list(SWEPT_PROMPTS), "controls": [each.label for each in swept(painter)]},
        }
        report["failing"] = _failing(report["breakdown"])

        # 4. Files.
        sheets = {
            "contact_sheet.png": contact_sheet(draw_contact_sheet(painter, track), columns=len(CONTACT_SEEDS)),
            "sweeps.png": contact_sheet(draw_sweeps(painter, track), columns=SWEEP_STEPS),
        }
    with _saving(out):
        for name, sheet in sheets.items():
            sheet.save(out / name)
        (out / "report.json").write_text(json.dumps(report, indent=2, allow_nan=False) + "\n", encoding="utf-8")
        (out / "report.md").write_text(to_markdown(report), encoding="utf-8")
    return report


@contextmanager
def _saving(out: Path) -> Generator[None]:
    try:
        yield
    except OSError as error:
        raise StudioError(
            f"The report can't be saved in {out}: {error}.", "Make room or name another folder."
        ) from error


def _split(data: Path, judge_data: Sequence[Path], count: int) -> tuple[Records, Records]:
    """Held-out records, and those that the judge learns from."""
    records = read_records([data])
    if judge_data:
        held, judged = _take(records, slice(count)), read_records(judge_data)
        shared = {scene.seed for scene in held.scenes} & {scene.seed for scene in judged.scenes}
        if shared:
            raise InputError(
                f"{len(shared)} held-out scenes are among the judge's too.",
                "Render the judge's with seeds of their own.",
            )
    else:
        held, judged = _take(_take(records, slice(0, None, 2)), slice(count)), _take(records, slice(1, None, 2))
    if len(held.scenes) < 8 or len(judged.scenes) < 8:
        raise InputError("There are too few renders to measure with.", "Render at least 16, better 500.")
    return held, judged


def _take(records: Records, chosen: slice) -> Records:
    return Records(scenes=records.scenes[chosen], files=records.files[chosen])


def _open_judge(
    path: Path | None, records: Records, out: Path, size: int, seed: int, minutes: float, steps: int, track: Track
) -> SavedJudge:
    """Reads a judge, or trains one and keeps it in `out`."""
    if path is None:
        path = out / "judge.safetensors"
        renders = read_renders(records, size)
        bar = track("Training the judge", range(steps))

        def advance(_step: int, _loss: float) -> None:
            next(bar, None)

        judge, done = train_judge(renders, seed=seed, minutes=minutes, steps=steps, on_step=advance)
        note = f"{done} of {steps} steps on {len(records.scenes)} renders, seed {seed}"
        save_judge(path, judge, attributes=JUDGED, note=note)
    return read_judge(path, size=size)


def _unseen(
    painter: Painter, folder: Path, judge: Judge, prompts: Prompts, seed: int, count: int, track: Track
) -> dict[str, Any]:
    """The figures of renders of unseen combinations, and of what is drawn of them."""
    held = read_renders(_take(read_records([folder]), slice(count)), painter.size)
    renders = examine(held.images, held.scenes, judge)
    asked = examine(draw_asked(painter, held.scenes, prompts, seed, track), held.scenes, judge)
    return {
        "count": len(held.scenes),
        "renders": compare(renders, renders, judge, seed=seed),
        "asked": compare(asked, renders, judge, seed=seed),
    }


def _memorisation(
    examined: dict[str, Examined],
    renders: Examined,
    train: Records,
    judge: Judge,
    size: int,
    seed: int,
    track: Track,
) -> dict[str, Any]:
    """How close the run "asked" comes to the nearest training render, in the features of both networks."""
    found: dict[str, list[Tensor]] = {"judge": [], "random": []}
    random_features = RandomFeatures()
    for i in track("Reading training renders", range(0, len(train.files), READ_AT_ONCE)):
        images = torch.stack([read_image(file, size)[:3] for file in train.files[i : i + READ_AT_ONCE]])
        found["judge"].append(assess(judge, images).features)
        found["random"].append(random_features(to_float(images)))
    return {
        "count": len(train.files),
        **{
            kind: closeness(examined["asked"].features[kind], renders.features[kind], torch.cat(features), seed=seed)
            for kind, features in found.items()
        },
    }


def _mask_overlap(judge: Judge, held: Renders) -> float:
    """Mean intersection over union of the judge's masks with the true ones."""
    seen, true = assess(judge, held.images).masks, held.masks > 127
    return float(((seen & true).sum((1, 2)) / (seen | true).sum((1, 2)).clamp_min(1)).mean())


def _told_apart(
    renders: Tensor, asked: Tensor, others: Tensor, seed: int, steps: int, track: Track
) -> dict[str, object]:
    """How often freshly trained classifiers are right about renders and the model's images of the same scenes; and, as
    the floor, about renders and renders of other scenes."""
    pairs = {"asked": (renders, asked), "renders": (renders[: len(others)], others)}
    names = list(pairs)
    figures = {
        names[i]: rightness(classifier.told_apart(*pairs[names[i]], seed=seed, steps=steps), seed=seed)
        for i in track("Telling apart", range(len(names)))
    }
    return {"steps": steps, **figures}


def _diversity(
    painter: Painter, judge: Judge, records: Records, prompts: Prompts, seed: int, track: Track
) -> dict[str, Any]:
    """How much two images of one description differ, over how much two renders of it do."""
    pairs = twins(records.scenes, DIVERSITY_PAIRS, seed=seed)
    if not pairs:
        return {"count": 0}

    def features(images: Sequence[Tensor]) -> dict[str, Tensor]:
        stacked = torch.stack(list(images))
        return {"judge": assess(judge, stacked).features, "random": RandomFeatures()(to_float(stacked))}

    drawn: list[list[Tensor]] = [[] for _ in range(6)]
    for i in track("Diversity", range(len(pairs))):
        one, other = pairs[i]
        scene = records.scenes[one]
        rng = random.Random(f"{seed} {scene.seed}")
        text = caption(description(scene), rng, prompts)
        u = scene.u
        images = (
            read_image(records.files[one], painter.size)[:3],
            read_image(records.files[other], painter.size)[:3],
            painter.ask(text, seed + 2 * i),
            painter.ask(text, seed + 2 * i + 1),
            painter.draw(text, u, seed + 2 * i),
            painter.draw(text, u, seed + 2 * i + 1),
        )
        for column, image in zip(drawn, images, strict=True):
            column.append(image)
    renders, other_renders, asked, other_asked, eps, other_eps = (features(column) for column in drawn)
    return {
        "count": len(pairs),
        "over_seeds": {
            kind: number(diversity_ratio((asked[kind], other_asked[kind]), (renders[kind], other_renders[kind])))
            for kind in renders
        },
        "over_eps_alone": {
            kind: number(diversity_ratio((eps[kind], other_eps[kind]), (renders[kind], other_renders[kind])))
            for kind in renders
        },
    }


def _failing(parts: dict[str, dict[str, dict[str, Any]]]) -> list[str]:
    """Products and materials that the model shows clearly less recognisably than renders do."""
    found: list[str] = []
    for group in ("product", "material"):
        for label, figures in parts[group].items():
            model, renders = figures["model"][group], figures["renders"][group]
            if model < PASSING_RATIO * renders:
                found.append(
                    f"{group} {label}: recognised {model:.0%}, in renders {renders:.0%}, of {figures['count']}"
                )
    return found


@contextmanager
def _progress() -> Generator[Track]:
    """Yields a function that goes through a sequence of numbers with a bar on stderr."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        yield lambda title, numbers: iter(progress.track(numbers, description=title))
