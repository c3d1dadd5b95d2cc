import shutil
from pathlib import Path

import pytest
import torch
from huggingface_hub import constants

from studio.models.errors import SnapshotError
from studio.models.text_encoder import PUBLISHED, TextEncoder


def test_token_states_and_mask(tiny_text_encoder: Path) -> None:
    encoded = TextEncoder.load(str(tiny_text_encoder)).encode(["mug", "a red mug"])
    assert encoded.states.shape == (2, encoded.mask.shape[1], 384)
    assert encoded.mask[1].all()
    assert not encoded.mask[0].all()


def test_long_texts_are_cut(tiny_text_encoder: Path) -> None:
    assert TextEncoder.load(str(tiny_text_encoder)).encode(["mug " * 5000]).states.shape[1] == 256


def test_tokens_are_those_that_are_read(tiny_text_encoder: Path) -> None:
    encoder = TextEncoder.load(str(tiny_text_encoder))
    for text in ("", "mug", "a red mug, " * 10):
        assert encoder.tokens(text) == encoder.encode([text]).states.shape[1]
    assert encoder.tokens("mug " * 5000) == encoder.max_tokens + 1


def test_a_missing_file_is_named(tiny_text_encoder: Path, tmp_path: Path) -> None:
    folder = tmp_path / "encoder"
    shutil.copytree(tiny_text_encoder, folder)
    (folder / "tokenizer.json").unlink()
    with pytest.raises(SnapshotError, match=r"tokenizer\.json is missing"):
        TextEncoder.load(str(folder))


def test_a_broken_file_is_an_error_in_words(tiny_text_encoder: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(tiny_text_encoder, tmp_path / "encoder"))
    (folder / "model.safetensors").write_bytes(b"no weights")
    with pytest.raises(SnapshotError, match="can't be read"):
        TextEncoder.load(str(folder))


COMMIT = "0123456789abcdef" * 2 + "01234567"


@pytest.mark.parametrize("source", ["someone/encoder", "someone/encoder@main", "someone/encoder@0123abc", "nowhere"])
def test_of_the_hub_a_commit_is_named(source: str) -> None:
    with pytest.raises(SnapshotError, match="NAME@ and 40 hex digits"):
        TextEncoder.load(source)


def test_a_commit_of_the_hub_is_read(tiny_text_encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # As if it had been downloaded before; without a network nothing else can be.
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    shutil.copytree(tiny_text_encoder, tmp_path / "models--someone--encoder" / "snapshots" / COMMIT)

    assert TextEncoder.load(f"someone/encoder@{COMMIT}").sha256 == TextEncoder.load(str(tiny_text_encoder)).sha256
    with pytest.raises(SnapshotError, match="There is no text encoder at"):
        TextEncoder.load(f"someone/encoder@{COMMIT[::-1]}")


def test_another_tokenizer_is_another_encoder(tiny_text_encoder: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(tiny_text_encoder, tmp_path / "encoder"))
    tokenizer = folder / "tokenizer.json"
    tokenizer.write_text(tokenizer.read_text().replace('"a":', '"swap":').replace('"b":', '"a":').replace("swap", "b"))

    assert TextEncoder.load(str(folder)).sha256 != TextEncoder.load(str(tiny_text_encoder)).sha256


def test_the_packaged_encoder_is_the_published_one() -> None:
    encoder = TextEncoder.load()
    assert encoder.sha256 == PUBLISHED["model.safetensors"]
    mug, cup, chair = (
        torch.nn.functional.normalize(encoder.encode([word]).states.mean(1)[0], dim=0)
        for word in ("a ceramic mug", "a porcelain cup", "an office chair")
    )
    assert mug @ cup > mug @ chair
