from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from studio.errors import WeightsError
from studio.likeness import UNIT, Likeness
from studio.models.judge import Judge, save_judge
from studio.world.scene import ATTRIBUTES


def picture(colour: str, size: tuple[int, int] = (48, 48)) -> Image.Image:
    image = Image.new("RGB", size, colour)
    image.paste("white", (0, 0, size[0] // 3, size[1]))
    return image


def test_vectors_are_whole_numbers_of_one_length(tiny_likeness: Likeness) -> None:
    texts = tiny_likeness.of_texts(["a red mug", "a far longer text of some more words", "x"])
    looks = tiny_likeness.of_images([picture("red"), picture("navy", (300, 20))])

    assert (texts.shape, looks.shape, texts.dtype, looks.dtype) == ((3, 384), (2, 128), np.int8, np.int8)
    lengths = np.linalg.norm(
        np.concatenate([texts.astype(float), np.pad(looks.astype(float), ((0, 0), (0, 256)))]), axis=1
    )
    assert np.abs(lengths - UNIT).max() < 8


def test_a_vector_depends_on_nothing_beside_it(tiny_likeness: Likeness) -> None:
    texts = ["a red mug", "a far longer text of some more words", "x"]
    together = tiny_likeness.of_texts(texts).astype(int)
    alone = np.concatenate([tiny_likeness.of_texts([text]) for text in texts]).astype(int)
    assert np.abs(together - alone).max() <= 1

    images = [picture(colour) for colour in ("red", "navy", "teal")]
    together = tiny_likeness.of_images(images).astype(int)
    alone = np.concatenate([tiny_likeness.of_images([image]) for image in images]).astype(int)
    assert np.abs(together - alone).max() <= 1


def test_threads_may_ask_at_once(tiny_likeness: Likeness) -> None:
    texts = [f"a mug {'x' * number}" for number in range(24)]
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda text: tiny_likeness.of_texts([text])[0], texts))
    expected = [tiny_likeness.of_texts([text])[0] for text in texts]
    assert np.abs(np.stack(found).astype(int) - np.stack(expected)).max() <= 1


def test_other_networks_are_another_version(tiny_likeness: Likeness, tmp_path: Path, tiny_text_encoder: Path) -> None:
    path = tmp_path / "likeness.safetensors"
    save_judge(path, Judge(ATTRIBUTES, 32), attributes=ATTRIBUTES, note="another")
    other = Likeness(path, text_encoder=str(tiny_text_encoder))

    assert len(tiny_likeness.version) == len(other.version) == 33
    assert tiny_likeness.version[:17] == other.version[:17]  # the text encoder
    assert tiny_likeness.version != other.version


def test_missing_or_damaged_weights_are_an_error_in_plain_words(tmp_path: Path, tiny_text_encoder: Path) -> None:
    path = tmp_path / "likeness.safetensors"
    save_judge(path, Judge(ATTRIBUTES, 32), attributes=ATTRIBUTES, note="whole")
    whole = path.read_bytes()
    path.unlink()
    for data in (None, b"no weights", whole[:-100]):
        if data is not None:
            path.write_bytes(data)
        with pytest.raises(WeightsError, match="can't be read"):
            Likeness(path, text_encoder=str(tiny_text_encoder)).of_texts(["a mug"])
    other_world = {**ATTRIBUTES, "product": ("mug",)}
    save_judge(path, Judge(other_world, 32), attributes=ATTRIBUTES, note="its classes are not those it says")
    with pytest.raises(WeightsError, match="of another version"):
        Likeness(path, text_encoder=str(tiny_text_encoder)).of_texts(["a mug"])
