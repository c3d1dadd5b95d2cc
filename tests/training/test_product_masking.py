"""Learning where the product is, from tiny composites."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from studio.data.composites import Sources
from studio.data.folder import pack_for_training
from studio.models.product_mask import load_product_mask
from studio.prompts import Prompts
from studio.training.config import ProductMaskConfig
from studio.training.folder import TrainingStopped
from studio.training.inpainting import Inpainting
from studio.training.pictures import Example, train
from studio.training.product_masking import ProductMasking
from studio.training.tasks import task_of
from studio.training.upscaling import Upscaling
from tests.evaluation.toy import write_toys

CONFIG = ProductMaskConfig(num_images=16, batch_size=4, crop=32, growth=1.0, checkpoint_minutes=100, warm_up=1)


@pytest.fixture(scope="module")
def task() -> ProductMasking:
    renders, masks = torch.full((4, 3, 64, 64), 230, dtype=torch.uint8), torch.zeros(4, 64, 64, dtype=torch.uint8)
    renders[:, :, 16:48, 20:44], masks[:, 16:48, 20:44] = 40, 255
    return ProductMasking(Sources(renders=renders, masks=masks, photos=255 - renders, photo_masks=0 * masks))


def test_a_run_leaves_a_network(task: ProductMasking, tmp_path: Path) -> None:
    said: list[str] = []
    snapshot = train(CONFIG, task, out=tmp_path / "run", say=said.append)
    assert load_product_mask(snapshot / "product_mask.safetensors").network
    assert "overlap right" in said[-1]


def test_a_right_mask_has_no_loss_and_what_nobody_knows_does_not_count(task: ProductMasking) -> None:
    mask = torch.zeros(2, 1, 32, 32)
    mask[..., 8:24, 8:24] = 1
    weight = torch.ones_like(mask)
    weight[..., 28:, :] = 0
    example = Example(inputs=(), target=mask, weight=weight)
    right, wrong = 40 * mask - 20, 20 - 40 * mask
    nobody_knows = torch.where(weight > 0, right, -right)

    assert sum(task.losses(right, example).values()) < 1e-3
    assert sum(task.losses(wrong, example).values()) > 5
    torch.testing.assert_close(task.losses(nobody_knows, example), task.losses(right, example))
    both_known = replace(example, weight=torch.ones_like(mask))
    assert task.figures(right, both_known)["overlap_right"] == 1
    assert task.figures(wrong, both_known)["overlap_right"] < 0.01
    assert task.figures(right, example) == {}


def test_presets_stand_for_tasks(prompts: Prompts, tmp_path: Path) -> None:
    sets = [pack_for_training(write_toys(tmp_path / "renders", seeds=range(3)), prompts)]
    found = task_of("product-mask", sets)
    assert isinstance(found, ProductMasking)
    assert found.sources.renders.shape == (3, 3, 256, 256) and found.sources.masks.shape == (3, 256, 256)
    assert isinstance(task_of("inpaint", sets), Inpainting)
    assert isinstance(task_of("upscale", sets), Upscaling)
    photos = [(replace(sets[0][0], exact=False), None)]
    with pytest.raises(TrainingStopped, match="renders"):
        task_of("product-mask", photos)
    assert len(task_of("product-mask", sets + photos).sources.photos) == 3  # type: ignore[attr-defined]


@pytest.mark.slow
def test_it_learns_to_find_dark_things_on_light_ground(task: ProductMasking, tmp_path: Path) -> None:
    config = replace(CONFIG, num_images=1200, learning_rate=(2e-3, 1e-4), batch_size=8)
    network = load_product_mask(train(config, task, out=tmp_path / "run") / "product_mask.safetensors").network
    example = task.example(32, 32, random.Random(0), held_out=True)
    assert task.figures(network(*example.inputs), example)["overlap_right"] > 0.5
