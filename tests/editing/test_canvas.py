import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from studio.editing.canvas import extend
from studio.errors import InputError


def _noise(width: int, height: int) -> Image.Image:
    return Image.fromarray(np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8))


@settings(max_examples=30, deadline=None)
@given(st.integers(2, 300), st.integers(2, 300), st.sampled_from([(1, 1), (4, 5), (16, 9), (1, 6)]), st.data())
def test_the_photo_is_whole_and_the_canvas_has_the_aspect(
    width: int, height: int, aspect: tuple[int, int], data: st.DataObject
) -> None:
    image = _noise(width, height)
    anchor = data.draw(st.tuples(st.floats(0, 1), st.floats(0, 1)))
    try:
        extended = extend(image, aspect, anchor=anchor)
    except InputError as error:
        assert "already" in error.message
        return
    assert extended.image.crop(extended.box).tobytes() == image.tobytes()
    assert extended.mask.crop(extended.box).getextrema() == (0, 0)
    assert np.count_nonzero(np.asarray(extended.mask)) == extended.mask.width * extended.mask.height - width * height
    assert extended.image.size == extended.mask.size
    # One side is the photo's, the other is right to a pixel.
    assert extended.image.width == width or extended.image.height == height
    ratio = aspect[0] / aspect[1]
    assert min(abs(extended.image.width - extended.image.height * ratio), 9) <= max(ratio, 1)


def test_new_ground_has_the_colours_of_the_edge() -> None:
    image = Image.new("RGB", (40, 60), (200, 30, 30))
    assert np.abs(np.asarray(extend(image, (16, 9)).image, int) - (200, 30, 30)).max() <= 1


@pytest.mark.parametrize(
    ("size", "aspect", "message"),
    [
        ((100, 100), (1, 1), "has the aspect 1:1 already"),
        ((100, 100), (0, 1), "can't have the aspect"),
        ((100, 100), (1, 9), "can't have the aspect"),
        ((6000, 6000), (2, 1), "at most 40 megapixels"),
    ],
)
def test_says_what_is_wrong(size: tuple[int, int], aspect: tuple[float, float], message: str) -> None:
    with pytest.raises(InputError, match=message):
        extend(Image.new("RGB", size), aspect)
