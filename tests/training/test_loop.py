import math
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from studio.data.packed import PackedData
from studio.data.renders import pack_renders
from studio.models.snapshot import load_snapshot
from studio.models.text_encoder import TextEncoder
from studio.prompts import Prompts
from studio.training import TrainingConfig, train
from studio.training.config import GAMMA
from studio.training.loop import TrainingStopped
from studio.training.text import EncodedTexts
from tests.evaluation.toy import write_toys

CONFIG = TrainingConfig(
    preset="tiny", num_images=64, batch_size=4, text_steps=20, checkpoint_minutes=100, growth=(0.2,)
)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory, prompts: Prompts) -> PackedData:
    return pack_renders(write_toys(tmp_path_factory.mktemp("data") / "toys", seeds=range(8)), prompts)


@pytest.fixture(scope="module")
def encoder(tiny_text_encoder: Path) -> TextEncoder:
    return TextEncoder.load(str(tiny_text_encoder))


def test_a_run_leaves_a_snapshot_that_draws_and_can_be_gone_on_with(
    data: PackedData, encoder: TextEncoder, tmp_path: Path
) -> None:
    said: list[str] = []
    out = tmp_path / "run"
    snapshot = train(CONFIG, data=data, encoder=encoder, out=out, say=said.append)
    config = load_snapshot(snapshot).config
    assert config.num_images_seen == 64
    assert config.text_encoder_sha256 == encoder.sha256
    assert list((out / "samples").glob("*.png"))
    assert list((out / "tensorboard").rglob("events*"))

    with pytest.raises(TrainingStopped, match="already holds a run"):
        train(CONFIG, data=data, encoder=encoder, out=out, say=said.append)
    longer = replace(CONFIG, num_images=80)
    train(longer, data=data, encoder=encoder, out=out, resume=True, say=said.append)
    assert load_snapshot(snapshot).config.num_images_seen == 80
    assert any("going on after 64 images" in line for line in said)


def test_a_run_can_begin_with_a_snapshot(
    data: PackedData, encoder: TextEncoder, tiny_snapshot: Path, tmp_path: Path
) -> None:
    start = load_snapshot(tiny_snapshot)
    config = replace(CONFIG, num_images=4, regression_learning_rate=(1e-6, 1e-6))
    begun = load_snapshot(
        train(config, data=data, encoder=encoder, out=tmp_path / "run", start=start, say=lambda line: None)
    )
    torch.testing.assert_close(begun.generator.constant, start.generator.constant, atol=1e-2, rtol=1e-2)
    torch.testing.assert_close(begun.adapter.summary, start.adapter.summary)
    with pytest.raises(TrainingStopped, match="another preset"):
        other = replace(CONFIG, preset="c64")
        big = replace(data, images=data.images.repeat(1, 1, 2, 2))
        train(other, data=big, encoder=encoder, out=tmp_path / "other", start=start, say=lambda line: None)


def test_regression_learns_the_renders(data: PackedData, encoder: TextEncoder, tmp_path: Path) -> None:
    config = replace(CONFIG, num_images=480, batch_size=8, growth=(), regression_share=1.0)
    snapshot = load_snapshot(train(config, data=data, encoder=encoder, out=tmp_path / "run", say=lambda line: None))
    texts = encoder.encode([captions[0] for captions in data.captions])
    conditioning = snapshot.adapter(texts.states, texts.mask)
    drawn = snapshot.generator(torch.cat([data.u, torch.zeros(8, 32)], dim=1), conditioning)
    real = data.images.float() / 127.5 - 1
    assert (drawn - real).abs().mean() < 0.7 * (real - real.mean((0, 2, 3), keepdim=True)).abs().mean()


def test_two_processes_train_one_model(tiny_text_encoder: Path, tmp_path: Path, prompts: Prompts) -> None:
    renders = write_toys(tmp_path / "toys", seeds=range(8))
    pack_renders(renders, prompts)
    out = tmp_path / "run"
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    done = subprocess.run(
        [*launcher, "-m", "tests.training.in_processes", str(renders), str(tiny_text_encoder), str(out)],
        cwd=Path(__file__).parents[2],
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    assert load_snapshot(out / "snapshot").config.num_images_seen == 48
    for network in ("generator", "discriminator"):
        first, second = (load_file(out / f"{network}-{process}.safetensors") for process in (0, 1))
        for name, value in first.items():
            assert torch.equal(value, second[name]), f"{network} {name}"


def test_a_loss_that_is_no_number_stops_the_run(data: PackedData, encoder: TextEncoder, tmp_path: Path) -> None:
    broken = replace(data, u=torch.full_like(data.u, math.nan))
    with pytest.raises(TrainingStopped, match="no longer a number"):
        train(CONFIG, data=broken, encoder=encoder, out=tmp_path / "run", say=lambda line: None)


def test_images_smaller_than_the_preset_are_refused(data: PackedData, encoder: TextEncoder, tmp_path: Path) -> None:
    with pytest.raises(TrainingStopped, match="too small"):
        train(replace(CONFIG, preset="c64"), data=data, encoder=encoder, out=tmp_path / "run", say=lambda line: None)


def test_images_grow_with_the_run() -> None:
    config = replace(CONFIG, growth=(0.2, 0.5))
    assert [config.size_at(share) for share in (0.0, 0.19, 0.2, 0.49, 0.5, 1.0)] == [8, 8, 16, 16, 32, 32]


def test_gamma_falls_from_its_first_to_its_last_value() -> None:
    assert (CONFIG.gamma(0.0), CONFIG.gamma(1.0)) == pytest.approx(GAMMA[32])


def test_encoded_texts_come_back_padded_and_in_order(encoder: TextEncoder, tmp_path: Path) -> None:
    words = ["a red mug", "mug", "a bottle, blue, on a table"]
    EncodedTexts.encode(words, encoder).save(tmp_path / "texts.safetensors")
    states, mask = EncodedTexts.load(tmp_path / "texts.safetensors").batch(torch.tensor([1, 2]))
    alone = encoder.encode(["mug"]).states[0]
    torch.testing.assert_close(states[0, : len(alone)], alone, atol=2e-3, rtol=2e-3)
    assert mask.sum(1).tolist() == [len(alone), len(encoder.encode([words[2]]).states[0])]
