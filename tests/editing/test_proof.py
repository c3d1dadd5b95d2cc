import numpy as np
import pytest
from PIL import Image

from studio.editing.proof import measure
from studio.errors import InputError


def test_counts_what_changed_inside_and_anywhere() -> None:
    before = Image.new("RGB", (10, 600), (100, 100, 100))
    after = before.copy()
    after.putpixel((2, 2), (100, 90, 100))  # locked
    after.putpixel((8, 590), (0, 0, 0))  # free
    locked = Image.new("L", before.size)
    locked.paste(255, (0, 0, 5, 600))
    proof = measure(before, after, locked)
    assert (proof.locked, proof.largest, proof.changed) == (0.5, 10, 2 / 6000)
    assert proof.mean == pytest.approx(10 / (3 * 3000))
    assert not proof.holds
    assert "up to 10 of 255" in proof.sentence


def test_a_soft_edge_is_not_locked() -> None:
    before = Image.new("RGB", (4, 4))
    proof = measure(before, Image.new("RGB", (4, 4), "white"), Image.new("L", (4, 4), 254))
    assert proof.holds
    assert proof.sentence == "Nothing was locked; 100.0% of the picture changed."


def test_says_that_it_holds() -> None:
    image = Image.fromarray(np.arange(48, dtype=np.uint8).reshape(4, 4, 3))
    sentence = measure(image, image, Image.new("L", (4, 4), 255)).sentence
    assert sentence == "Every locked pixel (100.0% of the picture) is exactly as it was; 0.0% of the picture changed."


def test_other_sizes_can_not_be_compared() -> None:
    with pytest.raises(InputError, match="had 4 x 4 pixels and has 4 x 5"):
        measure(Image.new("RGB", (4, 4)), Image.new("RGB", (4, 5)), Image.new("L", (4, 4)))
