import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from studio.editing.colour import oklab_of
from studio.editing.masks import inside
from studio.editing.reference import like
from studio.errors import InputError
from tests.editing.shapes import rectangles


def _colours(seed: int, middle: tuple[int, int, int], spread: float = 25, size: int = 80) -> Image.Image:
    pixels = np.random.default_rng(seed).normal(middle, spread, (size, size, 3))
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


def _distance(first: Image.Image, second: Image.Image) -> float:
    means = [oklab_of(np.asarray(each)).reshape(-1, 3).mean(0) for each in (first, second)]
    return float(np.linalg.norm(means[0] - means[1]))


def test_the_palette_comes_near_the_other_s() -> None:
    image, reference = _colours(0, (150, 120, 90)), _colours(1, (90, 120, 170))
    assert _distance(like(image, reference), reference) < 0.3 * _distance(image, reference)


def test_a_picture_is_like_itself() -> None:
    image = _colours(0, (150, 120, 90))
    assert np.abs(np.asarray(like(image, image), int) - np.asarray(image, int)).mean() < 2


def test_black_and_white_stay() -> None:
    image = _colours(0, (150, 120, 90))
    image.paste((0, 0, 0), (0, 0, 20, 20))
    image.paste((255, 255, 255), (60, 60, 80, 80))
    result = np.asarray(like(image, _colours(1, (240, 140, 60)), texture=0), int)
    assert result[5:15, 5:15].max() < 12
    assert result[65:75, 65:75].min() > 150


def test_grain_is_taken_over() -> None:
    smooth, grainy = _colours(0, (120, 120, 120), 4), _colours(1, (120, 120, 120), 24)
    rougher = like(smooth, grainy, texture=1)
    assert np.asarray(rougher.convert("L")).std() > 1.5 * np.asarray(like(smooth, grainy, texture=0).convert("L")).std()


@settings(max_examples=20, deadline=None)
@given(st.integers(2, 300), st.integers(2, 300), st.tuples(*[st.integers(0, 255)] * 3))
def test_what_is_locked_stays_byte_for_byte(width: int, height: int, colour: tuple[int, int, int]) -> None:
    image = Image.fromarray(np.random.default_rng(width).integers(0, 256, (height, width, 3), np.uint8))
    locked = rectangles(image.size, [(0, 0, width // 2, height)])
    result = like(image, Image.new("RGB", (2, 2), colour), locked=locked)
    kept = np.asarray(inside(locked)) == 255
    assert np.array_equal(np.asarray(result)[kept], np.asarray(image)[kept])


def test_no_strength_is_no_change() -> None:
    image = _colours(0, (150, 120, 90))
    assert like(image, _colours(1, (20, 90, 170)), strength=0).tobytes() == image.tobytes()


def test_a_lock_of_another_size_is_refused() -> None:
    with pytest.raises(InputError, match="The mask has"):
        like(_colours(0, (9, 9, 9)), _colours(1, (9, 9, 9)), locked=Image.new("L", (3, 3)))
