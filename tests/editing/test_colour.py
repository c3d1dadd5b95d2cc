import numpy as np
import pytest
from skimage.color import rgb2lab

from studio.editing import colour
from studio.errors import InputError

_RGB = np.random.default_rng(0).integers(0, 256, (500, 3), np.uint8)


def test_lab_is_that_of_another_library_and_comes_back() -> None:
    lab = colour.lab_of(_RGB)
    assert np.abs(lab - rgb2lab(_RGB / 255)).max() < 0.1
    assert np.array_equal(colour.rounded(colour.rgb_of_lab(lab)), _RGB)


def test_oklab_comes_back() -> None:
    oklab = colour.oklab_of(_RGB)
    assert np.array_equal(colour.rounded(colour.rgb_of_oklab(oklab)), _RGB)
    assert colour.oklab_of(np.array([255, 255, 255], np.uint8)) == pytest.approx([1, 0, 0], abs=1e-3)


def test_colours_that_do_not_exist_are_clipped() -> None:
    assert np.array_equal(colour.rounded(colour.rgb_of_lab(np.array([150, 0, 0], np.float32))), [255, 255, 255])


@pytest.mark.parametrize(
    ("text", "expected"), [("navy", (22, 34, 92)), ("#ff8000", (255, 128, 0)), ("F80", (255, 136, 0))]
)
def test_reads_names_and_digits(text: str, expected: tuple[int, int, int]) -> None:
    assert colour.parse(text) == expected


@pytest.mark.parametrize("text", ["", "#12", "#ggg", "mauve"])
def test_says_what_a_colour_is(text: str) -> None:
    with pytest.raises(InputError, match="is not a colour"):
        colour.parse(text)
