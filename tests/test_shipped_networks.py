"""The networks for pictures that ship: they load, and do on drawn pictures what they are for."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from studio.models.inpainter import fill, load_inpainter, smooth_fill
from studio.models.product_mask import load_product_mask, product_mask
from studio.models.upscaler import enlarged, load_upscaler, upscale
from studio.settings import packaged

LARGEST = 6e6  # bytes of a file


def asset(name: str) -> Path:
    return Path(str(packaged("assets"))) / f"{name}.safetensors"


def disc(size: int) -> tuple[Tensor, Tensor]:
    """A red ball with a highlight on a light sweep, and where it is."""
    y, x = torch.linspace(-1, 1, size)[:, None], torch.linspace(-1, 1, size)[None]
    where = ((x**2 + (y - 0.1) ** 2 - 0.36) * -size / 2).clamp(0, 1)[None]
    light = (1 - (x + 0.3) ** 2 - (y + 0.3) ** 2).clamp(0.2, 1)
    ball = torch.stack([0.8 * light, 0.2 * light, 0.15 * light])
    sweep = (0.75 - 0.1 * y).expand(3, size, size)
    return (where * ball + (1 - where) * sweep) * 2 - 1, where


@pytest.mark.parametrize("name", ["inpainter", "product_mask", "upscaler"])
def test_files_are_small(name: str) -> None:
    assert asset(name).stat().st_size < LARGEST


def test_the_product_is_found() -> None:
    image, where = disc(320)
    alpha = product_mask(load_product_mask(asset("product_mask")).network, image)
    both, either = ((alpha > 0.5) & (where > 0.5)).sum(), ((alpha > 0.5) | (where > 0.5)).sum()
    assert both / either > 0.85


def test_edges_go_on_into_a_hole() -> None:
    image, _ = disc(256)
    hole = torch.zeros(1, 256, 256)
    hole[:, 180:196, 150:230] = 1  # over the outline
    filled = fill(load_inpainter(asset("inpainter")).network, image, hole)
    smooth = smooth_fill(image[None], hole[None])[0]
    assert (filled - image).abs().sum() < 0.8 * (smooth - image).abs().sum()


def test_enlarged_pictures_are_nearer_to_the_true_one_than_bicubic_ones() -> None:
    image, _ = disc(256)
    small = F.avg_pool2d(image[None], 2)
    ours = upscale(load_upscaler(asset("upscaler")).network, small[0], 2)
    error, bicubic = ((each - image).square().mean() for each in (ours, enlarged(small)[0]))
    assert error < 0.7 * bicubic


@pytest.mark.parametrize("name", ["inpainter", "product_mask", "upscaler"])
def test_their_card_is_of_these_weights(name: str) -> None:
    assets = packaged("assets")
    sha256 = hashlib.sha256((assets / f"{name}.safetensors").read_bytes()).hexdigest()

    assert sha256 in (assets / "EDITING_CARD.md").read_text(encoding="utf-8")
