import shutil
from pathlib import Path

import pytest
import torch

from studio.models.errors import SnapshotError
from studio.models.text_encoder import PUBLISHED, TextEncoder


def test_token_states_and_mask(tiny_text_encoder: Path) -> None:
    encoded = TextEncoder.load(str(tiny_text_encoder)).encode(["mug", "a red mug"])
    assert encoded.states.shape == (2, encoded.mask.shape[1], 384)
    assert encoded.mask[1].all()
    assert not encoded.mask[0].all()


def test_long_texts_are_cut(tiny_text_encoder: Path) -> None:
    assert TextEncoder.load(str(tiny_text_encoder)).encode(["mug " * 5000]).states.shape[1] == 256


def test_a_missing_file_is_named(tiny_text_encoder: Path, tmp_path: Path) -> None:
def test_tokens_are_those_that_are_read(tiny_text_encoder: Path) -> None:
    encoder = TextEncoder.load(str(tiny_text_encoder))
    for text in ("", "mug", "a red mug, " * 10):
        assert encoder.tokens(text) == encoder.encode([text]).states.shape[1]
    assert encoder.tokens("mug " * 5000) == encoder.max_tokens + 1


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


def test_the_packaged_encoder_is_the_published_one() -> None:
    encoder = TextEncoder.load()
    assert encoder.sha256 == PUBLISHED["model.safetensors"]
    mug, cup, chair = (
        torch.nn.functional.normalize(encoder.encode([word]).states.mean(1)[0], dim=0)
        for word in ("a ceramic mug", "a porcelain cup", "an office chair")
    )
    assert mug @ cup > mug @ chair
