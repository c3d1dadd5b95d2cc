"""What is written in the folder of a run is whole, and a run that can't write says so."""

import shutil
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from safetensors import SafetensorError

from studio.data.packed import PackedData
from studio.models.adapter import TextAdapter
from studio.models.snapshot import load_snapshot
from studio.models.text_encoder import TextEncoder
from studio.training import run, train
from studio.training.folder import TrainingStopped, as_begun, saving
from studio.training.networks import build_networks
from studio.training.text import EncodedTexts
from tests.training.test_going_on import CONFIG

FullDisk = Callable[[int], AbstractContextManager[None]]


def test_a_disk_that_fills_up_stops_the_run_and_leaves_the_last_checkpoint(
    data: PackedData, encoder: TextEncoder, tmp_path: Path, full_disk: FullDisk
) -> None:
    out = tmp_path / "run"
    with ExitStack() as stack:

        def say(line: str) -> None:
            if line.startswith("kept after 0 images"):
                stack.enter_context(full_disk(100_000))

        with pytest.raises(
            TrainingStopped, match=r"can't be saved in .*run: File too large\. What was saved before is"
        ):
            train(CONFIG, data=data, encoder=encoder, out=out, say=say)
    assert torch.load(out / "checkpoint.pt", weights_only=True)["progress"]["num_images_seen"] == 0
    assert load_snapshot(out / "snapshot").config.num_images_seen == 0
    assert not list(out.rglob("*.partial"))
    train(replace(CONFIG, num_images=4), data=data, encoder=encoder, out=out, resume=True, say=lambda line: None)


def test_too_little_space_is_said_before_the_first_step(
    data: PackedData, encoder: TextEncoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "run"
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=1_000_000))  # pyright: ignore
        with pytest.raises(TrainingStopped, match=r"needs \d\d MB in .*, and 1 MB are free"):
            train(CONFIG, data=data, encoder=encoder, out=out, say=lambda line: None)
    assert not (out / "checkpoint.pt").exists()

    config = replace(CONFIG, num_images=16, regression_share=0.1)
    train(config, data=data, encoder=encoder, out=out, resume=True, say=lambda line: None)
    needed = build_networks(config, data, TextAdapter(data.attributes), None, torch.device("cpu")).kept_bytes
    kept = sum(path.stat().st_size for path in (out / "checkpoint.pt", out / "snapshot" / "model.safetensors"))
    assert 0.8 * needed < kept < needed


def test_settings_with_which_a_run_cannot_go_on_are_not_kept(
    data: PackedData, encoder: TextEncoder, tmp_path: Path
) -> None:
    out, config = tmp_path / "run", replace(CONFIG, num_images=4)
    train(config, data=data, encoder=encoder, out=out, say=lambda line: None)
    with pytest.raises(TrainingStopped, match="another discriminator_width"):
        wider = replace(CONFIG, discriminator_width=1.0)
        train(wider, data=data, encoder=encoder, out=out, resume=True, say=lambda line: None)
    assert as_begun(CONFIG, out) == config

    longer = replace(config, num_images=8, batch_size=2)
    train(longer, data=data, encoder=encoder, out=out, resume=True, say=lambda line: None)
    assert as_begun(CONFIG, out) == longer
    with pytest.raises(TrainingStopped, match="of preset tiny, not c64"):
        as_begun(replace(CONFIG, preset="c64"), out)


def test_scalars_are_not_left_to_a_disk_that_is_full(
    data: PackedData, encoder: TextEncoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "REPORT_SECONDS", 0.0)
    free = iter([10**9, 10**9])
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=next(free, 1000)))  # pyright: ignore
    with pytest.raises(TrainingStopped, match="needs 1 MB"):
        train(CONFIG, data=data, encoder=encoder, out=tmp_path / "run", say=lambda line: None)


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), SafetensorError("No space left on device")])
def test_what_cannot_be_written_is_said_in_words(error: Exception, tmp_path: Path) -> None:
    with pytest.raises(TrainingStopped, match=r": No space left on device\. What"), saving(tmp_path):
        raise error


def test_captions_that_cannot_be_saved_leave_nothing_half(
    encoder: TextEncoder, tmp_path: Path, full_disk: FullDisk
) -> None:
    path, texts = tmp_path / "captions.safetensors", EncodedTexts.encode(["a red mug"] * 20, encoder)
    with full_disk(1000), pytest.raises(SafetensorError):
        texts.save(path, "key")
    assert not list(tmp_path.iterdir())
    path.write_bytes(b"cut off")
    assert EncodedTexts.load(path, "key") is None
