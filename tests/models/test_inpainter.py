"""Filling holes: what is outside stays, what is inside is taken from round it."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from studio.models.errors import SnapshotError
from studio.models.inpainter import Inpainter, load_inpainter, save_inpainter, smooth_fill


def hole(size: int, low: int, high: int) -> torch.Tensor:
    mask = torch.zeros(1, 1, size, size)
    mask[..., low:high, low:high] = 1
    return mask


@pytest.fixture(scope="module")
def inpainter() -> Inpainter:
    torch.manual_seed(0)
    network = Inpainter()
    torch.nn.init.normal_(network.leave.weight, std=0.05)  # as if it had learnt something
    return network.eval().requires_grad_(False)


def test_a_smooth_fill_goes_on_as_what_surrounds_it() -> None:
    ramp = torch.linspace(-1, 1, 64).expand(1, 3, 64, 64)
    filled = smooth_fill(ramp * (1 - hole(64, 24, 40)), hole(64, 24, 40))

    assert (filled - ramp).abs().max() < 0.2
    assert torch.equal(filled[..., :24, :], ramp[..., :24, :])
    assert filled.amax() <= 1 and filled.amin() >= -1


@pytest.mark.parametrize("height, width", [(16, 16), (48, 80), (33, 17)])
def test_a_smooth_fill_takes_any_shape_and_any_hole(height: int, width: int) -> None:
    image = torch.rand(2, 3, height, width)
    everything = smooth_fill(image, torch.ones(2, 1, height, width))

    assert everything.isfinite().all()
    torch.testing.assert_close(smooth_fill(image, torch.zeros(2, 1, height, width)), image)


def test_an_untrained_inpainter_fills_smoothly() -> None:
    image, mask = torch.rand(1, 3, 32, 32), hole(32, 8, 20)
    torch.testing.assert_close(Inpainter()(image, mask), smooth_fill(image, mask))


def test_nothing_outside_the_hole_is_touched(inpainter: Inpainter) -> None:
    image, mask = torch.rand(1, 3, 64, 48) * 2 - 1, torch.zeros(1, 1, 64, 48)
    mask[..., 10:30, 5:45] = 1
    filled = inpainter(image, mask)

    outside = (mask == 0).expand_as(image)
    assert torch.equal(filled[outside], image[outside])
    assert not torch.equal(filled, image)


def test_what_is_under_the_hole_is_never_seen(inpainter: Inpainter) -> None:
    image, mask = torch.rand(1, 3, 64, 64), hole(64, 20, 50)
    assert torch.equal(inpainter(image, mask), inpainter(torch.where(mask > 0, torch.ones_like(image), image), mask))


def test_a_hole_over_everything_is_filled_with_something(inpainter: Inpainter) -> None:
    assert inpainter(torch.rand(1, 3, 32, 32), torch.ones(1, 1, 32, 32)).isfinite().all()


def test_a_picture_is_filled_alike_in_any_batch(inpainter: Inpainter) -> None:
    images, masks = torch.rand(3, 3, 32, 32), torch.cat([hole(32, 4, 9), hole(32, 8, 30), hole(32, 16, 18)])
    together = inpainter(images, masks)
    for place in range(3):
        alone = inpainter(images[place : place + 1], masks[place : place + 1])
        torch.testing.assert_close(together[place : place + 1], alone, atol=1e-5, rtol=1e-4)


def test_weights_come_back_from_their_file(inpainter: Inpainter, tmp_path: Path) -> None:
    path = tmp_path / "inpainter.safetensors"
    save_inpainter(path, inpainter, note="made up")
    saved = load_inpainter(path)

    image, mask = torch.rand(1, 3, 32, 32), hole(32, 8, 20)
    torch.testing.assert_close(saved.inpainter(image, mask), inpainter(image, mask), atol=1e-2, rtol=1e-2)
    assert len(saved.sha256) == 64


@pytest.mark.parametrize("data", [b"", b"\x80\x04pickle", b"\x08\x00\x00\x00\x00\x00\x00\x00{}      "])
def test_anything_else_is_no_inpainter(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "inpainter.safetensors"
    path.write_bytes(data)
    for each in (path, tmp_path / "none"):
        with pytest.raises(SnapshotError, match="The inpainter"):
            load_inpainter(each)
