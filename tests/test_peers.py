"""The benchmark of peers at a size at which nothing is learnt: every one trains, draws and is measured."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image

from studio.data.renders import pack_renders
from studio.errors import InputError
from studio.models.text_encoder import TextEncoder
from studio.prompts import Prompts
from studio.training.folder import TrainingStopped
from studio.training.progress import Say
from tests.benchmarks.peers.benchmark import COLUMNS, ENTRIES, OURS, Scale, run_benchmark
from tests.benchmarks.peers.df_gan import DfGan
from tests.benchmarks.peers.setting import Budget, open_setting
from tests.benchmarks.peers.vae import Vae
from tests.evaluation.toy import write_toys

BUDGET = Budget(minutes=None, num_images=12, batch_size=4, text_steps=1)  # of three steps the last is adversarial
SCALE = Scale(
    gan_preset="tiny",
    diffusion_preset="tiny-diffusion",
    count=8,
    pairs=2,
    judge_steps=5,
    classifier_steps=2,
    timings=1,
    prompts=("a red mug", "a blue bottle"),
)


@pytest.fixture(scope="module")
def arguments(tmp_path_factory: pytest.TempPathFactory, tiny_text_encoder: Path, prompts: Prompts) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("peers")
    return {
        "data": write_toys(folder / "train", seeds=range(8)),
        "test": write_toys(folder / "test", seeds=range(1000, 1016)),
        "out": folder / "out",
        "budget": BUDGET,
        "prompts": prompts,
        "text_encoder": str(tiny_text_encoder),
        "scale": SCALE,
    }


def test_every_peer_lands_in_the_report(arguments: dict[str, Any]) -> None:
    said: list[str] = []
    report = run_benchmark(**arguments, say=said.append)

    runs = {run["peer"]: run for run in report["runs"]}
    assert list(runs) == list(ENTRIES)
    assert report["best_other"] != OURS
    for run in runs.values():
        assert (run["seed"], run["images_seen"]) == (0, 12)
        assert run["parameters"] > 0
        assert run["figures"]["distances"]["judge"]["count"] == 4
        assert run["figures"]["told_apart"]["count"] == 8
        assert run["figures"]["diversity"]["count"] == 2
        assert run["figures"]["time"]["ratio"] > 0
    assert not report["stopped"]

    out = arguments["out"]
    assert json.loads((out / "report.json").read_text(encoding="utf-8")) == report
    table = (out / "report.md").read_text(encoding="utf-8")
    assert all(f"| {entry.title} | 0 |" in table for entry in ENTRIES.values())
    with Image.open(out / "contact_sheet.png") as sheet:
        assert sheet.size == (36 * len(ENTRIES) - 4, 36 * 2 - 4)
    for name in ENTRIES:
        with Image.open(out / "sheets" / f"{name}.png") as sheet:
            assert sheet.size == (36 * COLUMNS - 4, 36 * 2 - 4)

    # What has had its budget is neither trained nor measured again; the best of the others has another seed.
    again = run_benchmark(**arguments, only=["mlp-gan", "vae"], seeds=2, say=said.append)
    assert [(run["peer"], run["seed"]) for run in again["runs"]] == [
        ("mlp-gan", 0),
        ("vae", 0),
        (again["best_other"], 1),
    ]
    for run in again["runs"][:2]:
        assert run["images_seen"] == 12
        assert run["figures"] == runs[run["peer"]]["figures"]
    assert again["runs"][2]["figures"]["time"] is None  # without ours there is nothing to compare with

    # On fewer scenes it is measured anew, and draws the same.
    fewer = run_benchmark(**{**arguments, "scale": replace(SCALE, pairs=1)}, only=["vae"], say=said.append)
    assert fewer["runs"][0]["figures"]["accuracy"] == runs["vae"]["figures"]["accuracy"]
    assert fewer["runs"][0]["figures"]["diversity"]["count"] == 1
    assert said.count("going on after 12 images") == 3


def test_a_peer_that_was_stopped_goes_on_as_if_it_had_not_been(arguments: dict[str, Any], tmp_path: Path) -> None:
    setting = open_setting(
        pack_renders(arguments["data"], arguments["prompts"]),
        tmp_path,
        encoder=TextEncoder.load(arguments["text_encoder"]),
        text_encoder=arguments["text_encoder"],
        prompts=arguments["prompts"],
        budget=BUDGET,
        gan_preset="tiny",
        diffusion_preset="tiny-diffusion",
        say=lambda line: None,
    )

    def trained(out: str, num_images: int) -> DfGan:
        peer = DfGan(replace(setting, budget=replace(BUDGET, num_images=num_images)), tmp_path / out, seed=0)
        peer.train(lambda line: None)
        return peer

    whole, _, parts = trained("whole", 8), trained("parts", 4), trained("parts", 8)
    assert parts.images_seen == 8
    texts, seeds = ["a red mug", "a blue bottle"], [1, 2]
    together = parts.draw(texts, seeds)
    assert torch.equal(together, whole.draw(texts, seeds))
    alone = parts.draw(texts[1:], seeds[1:])
    assert (alone.float() - together[1:].float()).abs().max() <= 1


class Broken(Vae):
    def train(self, say: Say) -> None:
        raise TrainingStopped("The loss is no longer a number.")


def test_a_peer_that_falls_apart_is_a_result(arguments: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ENTRIES, "vae", replace(ENTRIES["vae"], build=Broken))
    report = run_benchmark(**arguments, only=["vae"], say=lambda line: None)
    assert (report["runs"], report["best_other"]) == ([], None)
    table = (arguments["out"] / "report.md").read_text(encoding="utf-8")
    assert "conditional VAE, seed 0, fell apart: The loss is no longer a number." in table


def test_an_unknown_peer_is_said(arguments: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="no peer 'gpt'"):
        run_benchmark(**arguments, only=["gpt"])
