"""The loop for networks that make pictures of pictures, on tiny pictures."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

from studio.models.errors import SnapshotError
from studio.models.inpainter import load_inpainter
from studio.models.upscaler import load_upscaler
from studio.training.config import InpaintingConfig, UpscalingConfig
from studio.training.folder import TrainingStopped
from studio.training.inpainting import Inpainting
from studio.training.pictures import train
from studio.training.precision import autocast
from studio.training.upscaling import Upscaling

CONFIG = InpaintingConfig(num_images=24, batch_size=4, crop=32, checkpoint_minutes=100, warm_up=1)


@pytest.fixture(scope="module")
def pictures() -> list[Tensor]:
    """Stripes in two sizes."""
    sets: list[Tensor] = []
    for size in (32, 64):
        stripes = (torch.arange(size) // 4 % 2 * 200).byte().expand(6, 3, size, size)
        sets.append(torch.cat([stripes, stripes.transpose(2, 3)]))
    return sets


def test_a_run_leaves_a_network_and_pictures(pictures: list[Tensor], tmp_path: Path) -> None:
    said: list[str] = []
    snapshot = train(CONFIG, Inpainting(pictures), out=tmp_path / "run", say=said.append)

    saved = load_inpainter(snapshot / "inpainter.safetensors")
    assert saved.note == "24 images"
    assert list((tmp_path / "run" / "samples").glob("*.png"))
    assert list((tmp_path / "run" / "tensorboard").rglob("events*"))
    assert "kept after 24 images" in said[-1] and "of smooth fill" in said[-1]


@pytest.mark.parametrize("contest", [1.0, 0.0])
def test_going_on_gives_the_weights_of_a_run_in_one_go(pictures: list[Tensor], tmp_path: Path, contest: float) -> None:
    # Else the rate would follow each run's own length.
    steady = replace(CONFIG, learning_rate=(1e-3, 1e-3), growth=1.0, contest=contest, adversarial_weight=0.1)
    task = Inpainting(pictures)
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    train(steady, task, out=whole)
    train(replace(steady, num_images=12), task, out=parts)
    with pytest.raises(TrainingStopped, match="already holds a run"):
        train(steady, task, out=parts)
    train(steady, task, out=parts, resume=True)

    weights = [load_inpainter(out / "snapshot" / "inpainter.safetensors").network for out in (whole, parts)]
    assert all(torch.equal(a, b) for a, b in zip(weights[0].parameters(), weights[1].parameters(), strict=True))


def test_a_run_begins_with_a_network_that_was_trained(pictures: list[Tensor], tmp_path: Path) -> None:
    task = Inpainting(pictures)
    start = train(CONFIG, task, out=tmp_path / "first")
    still = replace(CONFIG, num_images=8, learning_rate=(0.0, 0.0))
    snapshot = train(still, task, out=tmp_path / "second", start=start)

    first, second = (load_inpainter(folder / "inpainter.safetensors") for folder in (start, snapshot))
    assert all(map(torch.equal, first.network.parameters(), second.network.parameters()))
    assert second.note == f"8 images, from {first.sha256[:8]} (24 images)"
    with pytest.raises(TrainingStopped, match="without --from"):
        train(CONFIG, task, out=tmp_path / "second", start=start, resume=True)
    with pytest.raises(SnapshotError, match="can't be read"):
        train(CONFIG, task, out=tmp_path / "third", start=tmp_path)
    assert not (tmp_path / "third").exists()


def test_a_contest_changes_what_is_learnt(pictures: list[Tensor], tmp_path: Path) -> None:
    config = UpscalingConfig(num_images=24, batch_size=4, crop=32, warm_up=1, checkpoint_minutes=100)
    with_contest = replace(config, contest=0.5, adversarial_weight=0.1)
    found = [
        load_upscaler(train(each, Upscaling(pictures), out=tmp_path / str(number)) / "upscaler.safetensors").network
        for number, each in enumerate((config, with_contest))
    ]
    assert not torch.equal(found[0].leave.weight, found[1].leave.weight)


@pytest.mark.slow
def test_it_learns_to_go_on_with_stripes(pictures: list[Tensor], tmp_path: Path) -> None:
    config = replace(CONFIG, num_images=800, learning_rate=(2e-3, 1e-4), warm_up=10, batch_size=8)
    task = Inpainting(pictures[:1])
    snapshot = train(config, task, out=tmp_path / "run")
    inpainter = load_inpainter(snapshot / "inpainter.safetensors").network

    example = task.example(12, 32, random.Random(0), held_out=True)
    off = [task.losses(network(*example.inputs), example)["off"] for network in (inpainter, task.network())]
    assert off[0] < 0.5 * off[1].detach()


@pytest.mark.parametrize("task", [Inpainting, Upscaling])
def test_examples_depend_on_their_seed_alone(task: Callable[..., Inpainting], pictures: list[Tensor]) -> None:
    examples = [task(pictures).example(3, 32, random.Random(seed), held_out=False) for seed in (1, 1, 2)]
    assert torch.equal(examples[0].target, examples[1].target)
    assert all(torch.equal(a, b) for a, b in zip(examples[0].inputs, examples[1].inputs, strict=True))
    assert not torch.equal(examples[0].target, examples[2].target)


def test_pictures_that_are_too_small_are_refused(pictures: list[Tensor], tmp_path: Path) -> None:
    with pytest.raises(TrainingStopped, match="smaller than 128 px"):
        train(replace(CONFIG, crop=128), Inpainting(pictures), out=tmp_path / "run")


def test_pictures_of_odd_sizes_are_learnt_from_in_squares_that_can_be_halved(tmp_path: Path) -> None:
    uneven = [torch.randint(256, (12, 3, 57, 57), dtype=torch.uint8)]
    growing = replace(CONFIG, growth=0.5)
    for task, config in ((Inpainting(uneven), growing), (Upscaling(uneven), UpscalingConfig(**vars(growing)))):
        out = train(replace(config, preset=task.name), task, out=tmp_path / task.name)
        assert (out / f"{task.name}.safetensors").is_file()
    with pytest.raises(TrainingStopped, match="multiple of 16"):
        train(replace(CONFIG, crop=40), Inpainting(uneven), out=tmp_path / "run")


def test_half_precision_is_for_cpus_that_have_it(monkeypatch: pytest.MonkeyPatch) -> None:
    a = torch.rand(4, 4)
    for has_it, dtype in ((True, torch.bfloat16), (False, torch.float32)):
        monkeypatch.setattr(torch.cpu, "get_capabilities", lambda has_it=has_it: {"amx_bf16": has_it}, raising=False)
        with autocast(torch.device("cpu")):
            assert (a @ a).dtype == dtype
    monkeypatch.delattr(torch.cpu, "get_capabilities", raising=False)
    with autocast(torch.device("cpu")):
        assert (a @ a).dtype == torch.float32
