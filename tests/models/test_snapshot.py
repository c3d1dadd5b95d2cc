import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from studio.models.errors import SnapshotError
from studio.models.snapshot import load_snapshot, save_snapshot


@pytest.fixture
def folder(tiny_snapshot: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_snapshot, tmp_path / "snapshot"))


def test_what_was_saved_is_loaded(folder: Path, tmp_path: Path) -> None:
    snapshot = load_snapshot(folder)
    again = save_snapshot(
        tmp_path / "again", adapter=snapshot.adapter, generator=snapshot.generator, config=snapshot.config
    )
    assert again == snapshot.config  # the sha256 included: half precision loses nothing the second time
    assert not snapshot.generator.training
    assert next(snapshot.generator.parameters()).dtype == torch.float32


def flip_a_byte(folder: Path) -> None:
    data = bytearray((folder / "model.safetensors").read_bytes())
    data[-1] ^= 1
    (folder / "model.safetensors").write_bytes(data)


def describe(**changes: object) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        record = json.loads((folder / "config.json").read_text())
        (folder / "config.json").write_text(json.dumps(record | changes))

    return change


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (lambda folder: (folder / "model.safetensors").unlink(), "model.safetensors is missing"),
        (lambda folder: (folder / "config.json").unlink(), "config.json is missing"),
        (flip_a_byte, "not the ones"),
        (describe(format_version=99), "another format"),
        (describe(preset="c64"), "preset or a size"),
        (describe(surprise=1), "not a model description"),
        (lambda folder: (folder / "config.json").write_text("{"), "can't be read"),
    ],
)
def test_harm_is_noticed(folder: Path, harm: Callable[[Path], None], words: str) -> None:
    harm(folder)
    with pytest.raises(SnapshotError, match=words):
        load_snapshot(folder)
