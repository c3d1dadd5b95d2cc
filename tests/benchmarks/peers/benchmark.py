"""START HERE: trains the peers one after the other, measures them, and writes the report."""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch

from studio.data.renders import pack_renders
from studio.errors import InputError
from studio.evaluation import classifier
from studio.evaluation.judge import JUDGED, STEPS, read_judge, train_judge
from studio.evaluation.renders import Records, read_records
from studio.evaluation.runs import CONTACT_PROMPTS
from studio.models.judge import SavedJudge, save_judge
from studio.models.text_encoder import TextEncoder
from studio.prompts import Prompts
from studio.training.folder import TrainingStopped
from studio.training.progress import Say
from tests.benchmarks.peers.df_gan import DfGan
from tests.benchmarks.peers.diffusion import Diffusion
from tests.benchmarks.peers.measuring import Yardstick, measure, measure_renders, open_yardstick, read_small
from tests.benchmarks.peers.mlp_gan import MlpGan
from tests.benchmarks.peers.own import HINGE_R1, NON_SATURATING_R1, RELATIVISTIC_R1, Own
from tests.benchmarks.peers.report import write_report, write_sheets
from tests.benchmarks.peers.setting import Budget, Build, Peer, open_setting
from tests.benchmarks.peers.vae import Vae

OURS = "ours"
COLUMNS = 4  # images a prompt on a peer's own sheet
JUDGE_MINUTES = 30


@dataclass(frozen=True, kw_only=True)
class Entry:
    """`title` is for people; peers with the same `folder` are drawn with the same training."""

    title: str
    build: Build
    folder: str


ENTRIES = {
    OURS: Entry(title="ours: relativistic with R1 and R2 after regression", build=Own, folder="ours"),
    "no-r2": Entry(title="ours without R2", build=partial(Own, loss=RELATIVISTIC_R1), folder="no-r2"),
    "hinge": Entry(title="ours with hinge losses and R1", build=partial(Own, loss=HINGE_R1), folder="hinge"),
    "non-saturating": Entry(
        title="ours with non-saturating losses and R1",
        build=partial(Own, loss=NON_SATURATING_R1),
        folder="non-saturating",
    ),
    "regression": Entry(title="ours, regression alone", build=partial(Own, regression_share=1.0), folder="regression"),
    "mlp-gan": Entry(title="fully connected GAN, told the class", build=MlpGan, folder="mlp-gan"),
    "vae": Entry(title="conditional VAE", build=Vae, folder="vae"),
    "df-gan": Entry(title="DF-GAN's design", build=DfGan, folder="df-gan"),
    **{
        f"diffusion-{steps}": Entry(
            title=f"diffusion, {steps} step{'s' if steps > 1 else ''}",
            build=partial(Diffusion, steps=steps),
            folder="diffusion",
        )
        for steps in (1, 4, 20)
    },
}


@dataclass(frozen=True, kw_only=True)
class Scale:
    """How large everything is; the smoke test's is tiny."""

    gan_preset: str = "c64"
    diffusion_preset: str = "diffusion64"
    count: int = 500  # held-out scenes
    pairs: int = 100  # of images of one description
    judge_steps: int = STEPS
    classifier_steps: int = classifier.STEPS
    timings: int = 7  # of one image
    prompts: Sequence[str] = CONTACT_PROMPTS


def run_benchmark(
    *,
    data: Path,
    test: Path,
    out: Path,
    budget: Budget,
    prompts: Prompts,
    judge: Path | None = None,
    judge_data: Sequence[Path] = (),
    only: Sequence[str] = (),
    seeds: int = 1,
    text_encoder: str | None = None,
    scale: Scale | None = None,
    say: Say = print,
) -> dict[str, Any]:
    """Trains and measures the peers named in `only`, or all; `seeds` trainings of ours and of the best other.

    The best other is the one with the smallest KID in the judge's features. A killed benchmark goes on where it was: a
    peer that has had its budget isn't trained again, nor measured again by the same judge on as many scenes.
    Returns the content of report.json, which is written anew after every peer.

    Raises:
        InputError: a name is not a peer's, or renders are missing, too few, or not of a size that is a multiple.
    """
    scale = scale or Scale()
    if unknown := [name for name in only if name not in ENTRIES]:
        raise InputError(f"There is no peer {unknown[0]!r}.", f"There are {', '.join(ENTRIES)}.")
    out.mkdir(parents=True, exist_ok=True)

    # 1. What all share: renders, words, the judge.
    packed, encoder = pack_renders(data, prompts), TextEncoder.load(text_encoder)
    setting = open_setting(
        packed,
        out,
        encoder=encoder,
        text_encoder=text_encoder,
        prompts=prompts,
        budget=budget,
        gan_preset=scale.gan_preset,
        diffusion_preset=scale.diffusion_preset,
        say=say,
    )
    held, judged = _split(test, judge_data, scale.count)
    judging = _open_judge(judge, judged, out, setting.size, scale.judge_steps, say)
    yardstick = open_yardstick(
        read_small(held, setting.size),
        data=packed,
        folders=[data, test],
        judge=judging.judge,
        prompts=prompts,
        classifier_steps=scale.classifier_steps,
        pairs=scale.pairs,
        timings=scale.timings,
    )
    report: dict[str, Any] = {
        "format_version": 1,
        "settings": {
            "minutes": budget.minutes,
            "num_images": budget.num_images,
            "batch_size": budget.batch_size,
            "threads": torch.get_num_threads(),
            "size": setting.size,
            "train_count": len(packed),
            "count": len(yardstick.held.scenes),
            "judge": judging.note,
            "versions": {"python": platform.python_version(), "torch": torch.__version__},
        },
        "hashes": {"judge": judging.sha256},
        "renders": measure_renders(yardstick),
        "runs": [],
        "stopped": [],
        "best_other": None,
        "contact_sheet": {"prompts": list(scale.prompts), "columns": []},
    }

    # 2. Every peer once, then ours and the best other with more seeds.
    measured_by = {"judge": judging.sha256, "count": len(yardstick.held.scenes), "pairs": scale.pairs}
    chosen = [name for name in ENTRIES if not only or name in only]
    trained: dict[str, Peer] = {}

    def add(name: str, seed: int) -> None:
        entry = ENTRIES[name]
        folder = out / "runs" / f"{entry.folder}-{seed}"
        say(f"{entry.title}, seed {seed}")
        peer = entry.build(setting, folder, seed)
        try:
            peer.train(say)
        except TrainingStopped as error:  # a design that falls apart is a result
            report["stopped"].append({"peer": name, "title": entry.title, "seed": seed, "why": str(error)})
        else:
            trained.setdefault(name, peer)
            report["runs"].append(
                {
                    "peer": name,
                    "title": entry.title,
                    "seed": seed,
                    "parameters": peer.parameters,
                    "images_seen": peer.images_seen,
                    "figures": _figures(
                        peer, yardstick, trained.get(OURS), folder / f"figures-{name}.json", measured_by
                    ),
                }
            )
        write_report(out, report)

    for name in chosen:
        add(name, 0)
    others = [run for run in report["runs"] if run["peer"] != OURS]
    if others:
        report["best_other"] = min(others, key=lambda run: run["figures"]["distances"]["judge"]["kid"])["peer"]
    for name in (name for name in chosen if name in (OURS, report["best_other"])):
        for seed in range(1, seeds):
            add(name, seed)

    # 3. Pictures: the same prompts and seeds of each.
    texts = [prompt for prompt in scale.prompts for _ in range(COLUMNS)]
    numbers = list(range(COLUMNS)) * len(scale.prompts)
    if trained:
        write_sheets(out, {name: peer.draw(texts, numbers) for name, peer in trained.items()}, columns=COLUMNS)
    report["contact_sheet"]["columns"] = [ENTRIES[name].title for name in trained]
    write_report(out, report)
    return report


def _figures(peer: Peer, yardstick: Yardstick, ours: Peer | None, kept: Path, by: Mapping[str, Any]) -> dict[str, Any]:
    """Measured, or as they were before: hundreds of pictures in twenty steps take as long as the training."""
    by = {**by, "images_seen": peer.images_seen}
    if kept.is_file():
        record = json.loads(kept.read_text(encoding="utf-8"))
        if record["by"] == by and (record["figures"]["time"] or not ours):
            return record["figures"]
    figures = measure(peer, yardstick, ours=ours)
    kept.write_text(json.dumps({"by": by, "figures": figures}), encoding="utf-8")
    return figures


def _split(test: Path, judge_data: Sequence[Path], count: int) -> tuple[Records, Records]:
    """Held-out records, and those that a judge learns from: without renders of its own, every other held-out one."""
    records = read_records([test])
    held, judged = (
        (_take(records, slice(None)), read_records(judge_data))
        if judge_data
        else (
            _take(records, slice(0, None, 2)),
            _take(records, slice(1, None, 2)),
        )
    )
    if len(held.scenes) < 8 or len(judged.scenes) < 8:
        raise InputError("There are too few renders to measure with.", "Render at least 16, better 500.")
    return _take(held, slice(count)), judged


def _take(records: Records, chosen: slice) -> Records:
    return Records(scenes=records.scenes[chosen], files=records.files[chosen])


def _open_judge(path: Path | None, records: Records, out: Path, size: int, steps: int, say: Say) -> SavedJudge:
    """Reads a judge, or trains one and keeps it in `out`."""
    own = out / "judge.safetensors"
    if path is None and not own.is_file():
        say(f"training the judge on {len(records.scenes)} renders")
        judge, done = train_judge(read_small(records, size), seed=0, minutes=JUDGE_MINUTES, steps=steps)
        note = f"{done} of {steps} steps on {len(records.scenes)} renders, seed 0"
        save_judge(own, judge, attributes=JUDGED, note=note)
    return read_judge(path or own, size=size)
