"""Downloads from a hub that is a folder here; folders themselves are looked through in test_diffusion."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import huggingface_hub
import pytest
from huggingface_hub.errors import LocalEntryNotFoundError

from studio.backends import model_folder
from studio.backends.base import Step
from studio.errors import InputError, WeightsError

COMMIT = "c" * 40
INDEX: dict[str, Any] = {
    "_class_name": "StableDiffusionPipeline",
    "unet": ["diffusers", "UNet2DConditionModel"],
    "tokenizer": ["transformers", "CLIPTokenizer"],
    "safety_checker": [None, None],
}
FILES = {
    "model_index.json": json.dumps(INDEX),
    "README.md": "---\nlicense: other\nlicense_name: tiny-licence\n---\n",
    "unet/config.json": "{}",
    "unet/diffusion_pytorch_model.safetensors": "w" * 3_000_000,
    "unet/diffusion_pytorch_model.fp16.safetensors": "h" * 1_500_000,
    "unet/diffusion_pytorch_model.bin": "pickle",
    "tokenizer/vocab.json": "{}",
    "pipeline.py": "code",
    "picture.png": "picture",
}


@dataclass
class Hub:
    """Stands in for the hub and its cache: what is downloaded lies in `folder`."""

    folder: Path
    reachable: bool = True

    def hf_hub_download(self, name: str, file: str, revision: str | None = None, tqdm_class: Any = None) -> str:
        if not self.reachable:
            raise LocalEntryNotFoundError("no network")
        path = self.folder / COMMIT / file
        path.parent.mkdir(parents=True, exist_ok=True)
        if tqdm_class:
            bar = tqdm_class(total=len(FILES[file]))
            bar.update(len(FILES[file]) // 2)
            bar.update(len(FILES[file]) - len(FILES[file]) // 2)
        path.write_text(FILES[file])
        return str(path)

    def snapshot_download(self, name: str, revision: str | None, local_files_only: bool) -> str:
        assert local_files_only
        if not (self.folder / COMMIT).is_dir():
            raise LocalEntryNotFoundError("not here")
        return str(self.folder / COMMIT)

    def HfApi(self) -> Any:
        siblings = [SimpleNamespace(rfilename=name, size=len(text)) for name, text in FILES.items()]
        return SimpleNamespace(model_info=lambda *_, **__: SimpleNamespace(siblings=siblings))  # pyright: ignore


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Hub:
    made = Hub(tmp_path / "hub")
    for name in ("hf_hub_download", "snapshot_download", "HfApi"):
        monkeypatch.setattr(huggingface_hub, name, getattr(made, name))
    return made


@pytest.mark.parametrize(("half", "weights"), [(False, ""), (True, ".fp16")])
def test_what_is_needed_is_downloaded_once_and_nothing_else(hub: Hub, half: bool, weights: str) -> None:
    assert model_folder.find("a/b", None, half=half) is None
    steps: list[Step] = []
    model_folder.download("a/b", None, half=half, watch=steps.append)

    there = {path.relative_to(hub.folder / COMMIT).as_posix() for path in (hub.folder / COMMIT).rglob("*.*")}
    needed = {"model_index.json", "README.md", "unet/config.json", "tokenizer/vocab.json"}
    assert there == needed | {f"unet/diffusion_pytorch_model{weights}.safetensors"}
    assert all(step.stage == "downloading" for step in steps)
    assert [step.done for step in steps] == sorted(step.done for step in steps)
    assert steps[-1].done == steps[-1].total == (1 if half else 3)

    hub.reachable = False
    folder = model_folder.find("a/b", None, half=half)
    assert folder is not None
    assert (folder.revision, folder.licence, folder.half) == (COMMIT, "tiny-licence", half)


def test_what_watches_a_download_can_stop_it(hub: Hub) -> None:
    class Stopped(Exception):
        pass

    def stop(step: Step) -> None:
        if step.done > 1:  # in the midst of the weights
            raise Stopped

    with pytest.raises(Stopped):
        model_folder.download("a/b", None, half=False, watch=stop)
    assert model_folder.find("a/b", None, half=False) is None  # not whole, so not here
    model_folder.download("a/b", None, half=False)
    assert model_folder.find("a/b", None, half=False) is not None


def test_without_a_network_it_is_said_what_to_do(hub: Hub) -> None:
    hub.reachable = False
    with pytest.raises(WeightsError, match=r"a/b is not on this computer.*diffusion:FOLDER"):
        model_folder.download("a/b", None, half=False)


@pytest.mark.parametrize("revision", ["main", "c" * 39, "C" * 40, "../x"])
def test_a_revision_is_a_commit(revision: str) -> None:
    with pytest.raises(InputError, match="40 hex digits"):
        model_folder.check_name("a/b", revision)


def test_a_file_of_the_hub_that_was_altered_is_refused(tmp_path: Path) -> None:
    """The cache of the hub names what it keeps after its hash."""
    data = b"weights"
    blobs, snapshot = tmp_path / "blobs", tmp_path / "snapshots" / COMMIT
    blobs.mkdir()
    blob = blobs / hashlib.sha256(data).hexdigest()
    blob.write_bytes(data)
    for name, text in FILES.items():
        if not name.endswith((".safetensors", ".bin")):
            (snapshot / name).parent.mkdir(parents=True, exist_ok=True)
            (snapshot / name).write_text(text)
    (snapshot / "unet" / "diffusion_pytorch_model.safetensors").symlink_to(blob)
    assert len(model_folder.look_through(snapshot, COMMIT, half=False).sha256()) == 64

    blob.write_bytes(b"altered")
    with pytest.raises(WeightsError, match="not the file that was published"):
        model_folder.look_through(snapshot, COMMIT, half=False).sha256()


def test_a_missing_part_of_split_weights_is_noticed(tmp_path: Path) -> None:
    parts = [f"diffusion_pytorch_model-0000{i}-of-00002.safetensors" for i in (1, 2)]
    (tmp_path / "unet").mkdir()
    (tmp_path / "model_index.json").write_text(json.dumps(INDEX))
    (tmp_path / "unet" / "config.json").write_text("{}")
    index = {"weight_map": {"a": parts[0], "b": parts[1]}}
    (tmp_path / "unet" / "diffusion_pytorch_model.safetensors.index.json").write_text(json.dumps(index))
    (tmp_path / "unet" / parts[0]).write_text("")
    with pytest.raises(WeightsError, match=f"{parts[1]} is missing"):
        model_folder.look_through(tmp_path, None, half=False)
    (tmp_path / "unet" / parts[1]).write_text("")
    assert len(model_folder.look_through(tmp_path, None, half=False).weights) == 2


@pytest.mark.parametrize(
    ("card", "licence"),
    [
        ("---\nlicense: apache-2.0\n---\n# Model", "apache-2.0"),
        ("---\nlicense: [mit, apache-2.0]\n---\n", "mit, apache-2.0"),
        ("---\nlicense: other\nlicense_name: sai-nc\n---\n", "sai-nc"),
        ("---\ntags: [a]\n---\n", "unknown"),
        ("---\n: [broken\n---\n", "unknown"),
        ("---\n- a list\n---\n", "unknown"),
        ("# No front matter", "unknown"),
        (None, "unknown"),
    ],
)
def test_the_licence_is_that_of_the_card(card: str | None, licence: str, tmp_path: Path) -> None:
    if card is not None:
        (tmp_path / "README.md").write_text(card)
    assert model_folder.licence_of(tmp_path / "README.md") == licence


@pytest.mark.parametrize(
    "change",
    [{"_class_name": ["file", "Class"]}, {"unet": ["file", "Class"]}, {"../unet": ["diffusers", "UNet2DModel"]}],
)
def test_code_and_places_outside_are_refused(change: Mapping[str, Any]) -> None:
    with pytest.raises(WeightsError, match="runs no code"):
        model_folder.read_index(INDEX | dict(change), "it")
