"""A run that is stopped, by whatever, goes on as if it had not been."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from studio.data.packed import PackedData, save_packed
from studio.models.snapshot import load_snapshot
from studio.models.text_encoder import TextEncoder
from studio.training import TrainingConfig, loop, train
from studio.training.folder import TrainingStopped
from studio.training.interrupt import Interrupt
from tests.evaluation.toy import write_toys

ROOT = Path(__file__).parents[2]
CONFIG = TrainingConfig(
    preset="tiny",
    num_images=48,
    batch_size=4,
    text_steps=1,
    growth=(0.2,),
    regression_share=0.5,
    checkpoint_minutes=100,
    checkpoint_images=16,
)


def checkpoint(run: Path) -> dict[str, Any]:
    return torch.load(run / "checkpoint.pt", weights_only=True)


def assert_same(first: Any, second: Any, place: str = "checkpoint") -> None:
    """To the bit, but for the clock."""
    if isinstance(first, dict):
        assert first.keys() == second.keys()
        for key in first.keys() - {"seconds"}:
            assert_same(first[key], second[key], f"{place} {key}")
    elif isinstance(first, list):
        for index, (one, other) in enumerate(zip(first, second, strict=True)):
            assert_same(one, other, f"{place} {index}")
    elif isinstance(first, torch.Tensor):
        assert torch.equal(first, second), place
    else:
        assert first == second, place


@pytest.fixture(scope="module", params=["renders", "photos"])
def learnt(request: pytest.FixtureRequest) -> PackedData:
    return request.getfixturevalue("data" if request.param == "renders" else "photos")


@pytest.fixture(scope="module")
def uninterrupted(learnt: PackedData, encoder: TextEncoder, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    out = tmp_path_factory.mktemp("uninterrupted") / "run"
    train(CONFIG, data=learnt, encoder=encoder, out=out, say=lambda line: None)
    return checkpoint(out)


def test_a_run_that_is_killed_goes_on_to_the_same_weights(
    learnt: PackedData, uninterrupted: dict[str, Any], encoder: TextEncoder, tiny_text_encoder: Path, tmp_path: Path
) -> None:
    packed, out = tmp_path / "packed.safetensors", tmp_path / "run"
    save_packed(packed, learnt, key="")
    command = [sys.executable, "-m", "tests.training.killed", str(packed), str(tiny_text_encoder), str(out), "9"]
    threads = {"OMP_NUM_THREADS": str(torch.get_num_threads())}  # sums in another order are other sums
    killed = subprocess.run(command, cwd=ROOT, env=os.environ | threads, capture_output=True, text=True, timeout=300)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert checkpoint(out)["progress"]["num_images_seen"] == 32

    train(CONFIG, data=learnt, encoder=encoder, out=out, resume=True, say=lambda line: None)

    gone_on = checkpoint(out)
    assert gone_on["progress"]["num_images_seen"] == CONFIG.num_images
    assert learnt.exact or gone_on["progress"]["strength"] > 0
    assert_same(gone_on, uninterrupted)


class Killed(BaseException):
    """Stands for a kill: nothing is tidied up after it."""


@pytest.mark.parametrize("file", ["weights", "description", "checkpoint", "sheet"])
def test_a_kill_while_a_run_is_kept_leaves_what_was_there(
    file: str,
    data: PackedData,
    encoder: TextEncoder,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    out = tmp_path / "run"
    written: list[int] = []
    begun = ("settings", "adapter", *("weights", "description", "checkpoint", "sheet") * 2)
    last = begun.index(file, 6)  # of the second time that the run is kept

    def die(descriptor: int) -> None:
        written.append(descriptor)
        if len(written) > last:
            raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", die)
        with pytest.raises(Killed):
            train(CONFIG, data=data, encoder=encoder, out=out, say=lambda line: None)

    seen = load_snapshot(out / "snapshot").config.num_images_seen
    assert seen == (0 if file in ("weights", "description") else 16)
    assert checkpoint(out)["progress"]["num_images_seen"] == (16 if file == "sheet" else 0)
    assert [path.name for path in (out / "samples").glob("*.png")] == ["000000000.png"]
    train(CONFIG, data=data, encoder=encoder, out=out, resume=True, say=lambda line: None)
    assert load_snapshot(out / "snapshot").config.num_images_seen == CONFIG.num_images


def test_a_run_that_was_stopped_before_its_first_image_begins_with_the_same_weights(
    data: PackedData, encoder: TextEncoder, tiny_snapshot: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    start, out = load_snapshot(tiny_snapshot), tmp_path / "run"

    def die(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(loop, "build_networks", die)
        with pytest.raises(Killed):
            train(CONFIG, data=data, encoder=encoder, out=out, start=start, say=lambda line: None)

    config = replace(CONFIG, num_images=4, regression_learning_rate=(1e-6, 1e-6))
    with pytest.raises(TrainingStopped, match="before its first image: name again with --from"):
        train(config, data=data, encoder=encoder, out=out, resume=True, say=lambda line: None)
    train(config, data=data, encoder=encoder, out=out, start=start, resume=True, say=lambda line: None)
    begun = load_snapshot(out / "snapshot").generator.constant
    torch.testing.assert_close(begun, start.generator.constant, atol=1e-2, rtol=1e-2)


def test_ctrl_c_keeps_a_checkpoint_and_says_how_to_go_on(
    tiny_text_encoder: Path, tiny_snapshot: Path, tmp_path: Path
) -> None:
    renders, out = write_toys(tmp_path / "toys", seeds=range(8)), tmp_path / "run"
    command = [sys.executable, "-m", "studio", "train", "--data", str(renders), "--preset", "tiny", "--out", str(out)]
    with subprocess.Popen(
        [*command, "--from", str(tiny_snapshot)],
        cwd=ROOT,
        env=os.environ | {"STUDIO_TEXT_ENCODER": str(tiny_text_encoder), "STUDIO_DATA_DIR": str(tmp_path / "data")},
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        assert running.stderr
        for line in running.stderr:
            if line.startswith("Now copying"):
                running.send_signal(signal.SIGINT)
                break
        said = running.stderr.read()
    assert running.returncode == 130, said
    assert said.splitlines()[-1] == f"Stopped. What was learnt is kept in {out}; --resume goes on."
    assert "Traceback" not in said
    seen = checkpoint(out)["progress"]["num_images_seen"]
    assert 0 < seen == load_snapshot(out / "snapshot").config.num_images_seen


@pytest.fixture
def ctrl_c_as_at_a_terminal() -> Generator[None]:
    """What a shell starts in the background ignores Ctrl+C."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("ctrl_c_as_at_a_terminal")
def test_the_second_ctrl_c_is_as_ever() -> None:
    with Interrupt() as interrupt:
        assert not interrupt.asked
        signal.raise_signal(signal.SIGINT)
        assert interrupt.asked
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)


@pytest.mark.parametrize("whole", [False, True])
def test_a_checkpoint_of_something_else_is_refused(
    whole: bool, data: PackedData, encoder: TextEncoder, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    short = replace(CONFIG, num_images=4)
    train(short, data=data, encoder=encoder, out=out, say=lambda line: None)
    if whole:
        shutil.copyfile(out / "checkpoint.pt", tmp_path / "checkpoint.pt")
        torch.save({"progress": {}}, out / "checkpoint.pt")
    else:
        (out / "checkpoint.pt").write_bytes((out / "checkpoint.pt").read_bytes()[:-100])
    with pytest.raises(TrainingStopped, match="is of other networks" if whole else "can't be read"):
        train(CONFIG, data=data, encoder=encoder, out=out, resume=True, say=lambda line: None)
