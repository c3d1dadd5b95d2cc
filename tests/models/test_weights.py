"""What is saved comes back; anything else is refused in plain words."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

from studio.models.errors import SnapshotError
from studio.models.inpainter import load_inpainter
from studio.models.product_mask import load_product_mask
from studio.models.upscaler import load_upscaler
from studio.models.weights import load_weights, save_weights


def test_weights_and_note_come_back(tmp_path: Path) -> None:
    path = tmp_path / "network.safetensors"
    network = nn.Conv2d(3, 5, 3)
    save_weights(path, network, note="made up")
    saved = load_weights(path, nn.Conv2d(3, 5, 3), called="network")

    torch.testing.assert_close(saved.network.weight, network.weight, atol=1e-3, rtol=1e-3)
    assert saved.network.weight.dtype == torch.float32
    assert not saved.network.training and not saved.network.weight.requires_grad
    assert saved.note == "made up"
    assert len(saved.sha256) == 64


@pytest.mark.parametrize("data", [b"", b"\x80\x04pickle", b"\x08\x00\x00\x00\x00\x00\x00\x00{}      "])
@pytest.mark.parametrize("load", [load_inpainter, load_product_mask, load_upscaler])
def test_anything_else_is_refused(load: object, data: bytes, tmp_path: Path) -> None:
    assert callable(load)
    path = tmp_path / "network.safetensors"
    path.write_bytes(data)
    for each in (path, tmp_path / "none"):
        with pytest.raises(
            SnapshotError, match=r"^The (inpainter|upscaler|network for product masks) .*none|safetensors"
        ):
            load(each)


def test_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "network.safetensors"
    save_weights(path, nn.Conv2d(3, 5, 3), note="")
    with pytest.raises(SnapshotError, match="of another version"):
        load_upscaler(path)
