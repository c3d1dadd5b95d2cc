"""The snapshot that ships: it draws what it drew, and its card speaks of it.

Golden: `goldens/mug-7.png` is image 0 of `studio generate "a glossy red ceramic mug on a marble counter" --seed 7`,
drawn by the shipped weights with torch 2.13 on an x86-64 CPU with AVX2. Other versions and processors round
differently: what `studio recipe` calls close is the same picture.
"""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from studio import GenerationRequest, Studio
from studio.engine import CLOSE
from studio.settings import Settings, packaged

GOLDEN = Path(__file__).parent / "goldens" / "mug-7.png"
PROMPT = "a glossy red ceramic mug on a marble counter"


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Studio:
    return Studio(Settings(data_dir=tmp_path_factory.mktemp("data"), backend="gan", text_encoder=None))


def test_it_draws_the_golden(shipped: Studio) -> None:
    (image,) = shipped.preview(GenerationRequest(prompt=PROMPT, count=1, seed=7))
    with Image.open(GOLDEN) as golden:
        difference = np.abs(np.asarray(image.image, dtype=int) - np.asarray(golden.convert("RGB"), dtype=int))
    assert difference.max() <= CLOSE


def test_it_reads_the_words_and_draws_them(shipped: Studio) -> None:
    understood = {each.group: each.value for each in shipped.understand(PROMPT).attributes}
    assert understood == {
        "product": "mug",
        "colour": "red",
        "material": "ceramic",
        "finish": "glossy",
        "scene": "marble counter",
    }
    red, blue = (
        np.asarray(shipped.preview(GenerationRequest(prompt=f"a {colour} mug", count=1, seed=7))[0].image, dtype=float)
        for colour in ("red", "blue")
    )
    centre = slice(48, 80)
    assert red[centre, centre, 0].mean() > red[centre, centre, 2].mean() + 40
    assert blue[centre, centre, 2].mean() > blue[centre, centre, 0].mean() + 40


def test_the_card_names_the_weights(shipped: Studio) -> None:
    shipped.warm()
    (image,) = shipped.preview(GenerationRequest(prompt=PROMPT, count=1, seed=7))
    card = (packaged("assets") / "gan" / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert image.recipe.model_sha256 in card
