"""Training the inpainter on tiny pictures."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

from studio.models.inpainter import load_inpainter
from studio.training.config import InpaintingConfig
from studio.training.folder import TrainingStopped
from studio.training.inpainting import train
from studio.training.losses import in_hole

CONFIG = InpaintingConfig(num_images=24, batch_size=4, crop=32, checkpoint_minutes=100, warm_up=1)


@pytest.fixture(scope="module")
def pictures() -> list[Tensor]:
    """Stripes in two sizes."""
    sets: list[Tensor] = []
    for size in (32, 64):
        stripes = (torch.arange(size) // 4 % 2 * 200).byte().expand(6, 3, size, size)
        sets.append(torch.cat([stripes, stripes.transpose(2, 3)]))
    return sets


def test_a_run_leaves_an_inpainter_and_pictures(pictures: list[Tensor], tmp_path: Path) -> None:
    said: list[str] = []
    snapshot = train(CONFIG, pictures=pictures, held_out=[], out=tmp_path / "run", say=said.append)

    assert load_inpainter(snapshot / "inpainter.safetensors").inpainter
    assert list((tmp_path / "run" / "samples").glob("*.png"))
    assert list((tmp_path / "run" / "tensorboard").rglob("events*"))
    assert "kept after 24 images" in said[-1]


def test_going_on_gives_the_weights_of_a_run_in_one_go(pictures: list[Tensor], tmp_path: Path) -> None:
    steady = replace(CONFIG, learning_rate=(1e-3, 1e-3), growth=1.0)  # else they would follow each run's own length
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    train(steady, pictures=pictures, held_out=[], out=whole)
    train(replace(steady, num_images=12), pictures=pictures, held_out=[], out=parts)
    with pytest.raises(TrainingStopped, match="already holds a run"):
        train(steady, pictures=pictures, held_out=[], out=parts)
    train(steady, pictures=pictures, held_out=[], out=parts, resume=True)

    weights = [load_inpainter(out / "snapshot" / "inpainter.safetensors") for out in (whole, parts)]
    assert weights[0].sha256 == weights[1].sha256 or all(
        torch.equal(a, b)
        for a, b in zip(weights[0].inpainter.parameters(), weights[1].inpainter.parameters(), strict=True)
    )


@pytest.mark.slow
def test_it_learns_to_go_on_with_stripes(pictures: list[Tensor], tmp_path: Path) -> None:
    config = replace(CONFIG, num_images=800, learning_rate=(4e-3, 1e-4), warm_up=10, batch_size=8)
    snapshot = train(config, pictures=pictures[:1], held_out=[], out=tmp_path / "run")
    inpainter = load_inpainter(snapshot / "inpainter.safetensors").inpainter

    image = pictures[0].float() / 127.5 - 1
    hole = torch.zeros(len(image), 1, 32, 32)
    hole[..., 10:22, 12:20] = 1
    untrained = type(inpainter)()
    assert in_hole(inpainter(image, hole), image, hole) < 0.5 * in_hole(untrained(image, hole), image, hole)


def test_pictures_that_are_too_small_are_refused(pictures: list[Tensor], tmp_path: Path) -> None:
    with pytest.raises(TrainingStopped, match="smaller than 128 px"):
        train(replace(CONFIG, crop=128), pictures=pictures, held_out=[], out=tmp_path / "run")
