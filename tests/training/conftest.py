"""Toy data to train on."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from studio.data.packed import PackedData
from studio.data.renders import pack_renders
from studio.models.text_encoder import TextEncoder
from studio.prompts import Prompts
from tests.evaluation.toy import write_toys


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory, prompts: Prompts) -> PackedData:
    """Eight exact renders of 32 px."""
    return pack_renders(write_toys(tmp_path_factory.mktemp("data") / "toys", seeds=range(8)), prompts)


@pytest.fixture(scope="session")
def photos(data: PackedData) -> PackedData:
    """Photos of which nobody knows camera and light, described in a shop's own words."""
    return replace(
        data,
        exact=False,
        u=torch.randn(100, 2, generator=torch.Generator().manual_seed(0)),
        u_names=("fill", "azimuth_sin"),
        labels=data.labels[:, :1] % 2,
        caption_labels=data.caption_labels[:, :, :1] % 2,
        attributes={"category": ("hat", "t-shirt")},
        mirrors=torch.zeros_like(data.mirrors),
        u_mirrored=(),
    )


@pytest.fixture(scope="session")
def encoder(tiny_text_encoder: Path) -> TextEncoder:
    return TextEncoder.load(str(tiny_text_encoder))
