import contextlib
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from studio.models.errors import SnapshotError
from studio.models.snapshot import load_snapshot, save_snapshot, write_whole


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


def test_what_a_description_emphasises_is_in_the_weights_that_are_loaded(folder: Path, tmp_path: Path) -> None:
    plain = load_snapshot(folder).generator.state_dict()
    describe(emphasis={"pattern": 1.5})(folder)
    snapshot = load_snapshot(folder)
    changed = [name for name, value in snapshot.generator.state_dict().items() if not torch.equal(value, plain[name])]
    assert changed == ["mapping.0.weight"]
    again = save_snapshot(
        tmp_path / "again", adapter=snapshot.adapter, generator=snapshot.generator, config=snapshot.config
    )
    assert again.emphasis == {}  # or they would be changed a second time


class Killed(Exception):
    """Stands for a kill: what follows isn't done, and nothing is tidied up."""


@pytest.mark.parametrize("moment", range(6))
def test_a_save_that_is_killed_leaves_a_whole_snapshot(
    moment: int, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    earlier = load_snapshot(folder)
    with torch.no_grad():
        earlier.generator.constant.add_(1)
    steps = 0

    def dying(act: Callable[..., object]) -> Callable[..., object]:
        def step(*arguments: object) -> object:
            nonlocal steps
            steps += 1
            if steps > moment:
                raise Killed
            return act(*arguments)

        return step

    config = replace(earlier.config, num_images_seen=1000)
    with monkeypatch.context() as patch:
        for name in ("open", "replace", "unlink"):
            patch.setattr(Path, name, dying(getattr(Path, name)))
        with contextlib.suppress(Killed):
            save_snapshot(folder, adapter=earlier.adapter, generator=earlier.generator, config=config)
    assert load_snapshot(folder).config.num_images_seen in (0, 1000)
    assert steps == min(moment + 1, 5)

    # The next save is as good as any, and leaves nothing behind.
    save_snapshot(folder, adapter=earlier.adapter, generator=earlier.generator, config=config)
    assert load_snapshot(folder).config.num_images_seen == 1000
    assert sorted(path.name for path in folder.iterdir()) == ["config.json", "model.safetensors"]


def test_a_file_that_cannot_be_written_stays_what_it_was(
    tmp_path: Path, full_disk: Callable[[int], contextlib.AbstractContextManager[None]]
) -> None:
    path = tmp_path / "file"
    write_whole(path, b"before")
    with full_disk(100), pytest.raises(OSError, match="too large"):
        write_whole(path, bytes(1000))
    assert path.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [path]


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
        (describe(emphasis={"pattern": "much"}), "not a model description"),
        (describe(emphasis={"patern": 1.5}), "it emphasises patern, which is none of its attributes"),
        (lambda folder: (folder / "config.json").write_text("{"), "can't be read"),
    ],
)
def test_harm_is_noticed(folder: Path, harm: Callable[[Path], None], words: str) -> None:
    harm(folder)
    with pytest.raises(SnapshotError, match=words):
        load_snapshot(folder)
