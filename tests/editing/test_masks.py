import numpy as np
import pytest
from PIL import Image

from studio.editing import masks
from studio.errors import InputError
from tests.editing.shapes import rectangles


def _disc(radius: int) -> Image.Image:
    y, x = np.mgrid[-40:41, -40:41]
    return Image.fromarray((x**2 + y**2 <= radius**2).astype(np.uint8) * 255)


@pytest.mark.parametrize("pixels", [7, -7])
def test_grows_and_shrinks_round(pixels: int) -> None:
    grown = np.asarray(masks.grow(_disc(20), pixels)) >= 128
    expected = np.asarray(_disc(20 + pixels)) >= 128
    assert (grown != expected).mean() < 0.01


def test_growing_keeps_soft_values_and_the_open_edge() -> None:
    mask = Image.new("L", (30, 20))
    mask.putpixel((25, 10), 60)
    mask.paste(255, (0, 0, 5, 20))
    grown = masks.grow(mask, 3)
    assert grown.getpixel((25, 10)) == 60
    assert grown.getpixel((7, 10)) == 255
    # What lies beyond the picture is not taken for outside.
    assert masks.grow(mask, -3).getpixel((0, 10)) == 255


def test_growing_nothing_is_nothing() -> None:
    assert masks.grow(Image.new("L", (9, 9)), 4).getextrema() == (0, 0)


def test_feathering_leaves_the_middle_of_the_edge() -> None:
    mask = rectangles((60, 60), [(20, 0, 60, 60)])
    row = np.asarray(masks.feather(mask, 6))[30].astype(int)
    assert (np.diff(row) >= 0).all()
    assert row[19] < 128 < row[20]
    assert 0 < row[16] < 64


def test_inside_and_outside_leave_soft_edges_to_neither() -> None:
    mask = Image.frombytes("L", (4, 1), bytes([0, 1, 254, 255]))
    assert masks.inside(mask).tobytes() == bytes([0, 0, 0, 255])
    assert masks.outside(mask).tobytes() == bytes([255, 0, 0, 0])
    assert masks.threshold(mask).tobytes() == bytes([0, 0, 255, 255])


@pytest.mark.parametrize(
    ("mask", "size", "message"),
    [
        (Image.new("L", (8, 8)), (8, 8), "covers nothing"),
        (Image.new("L", (8, 8), 255), (8, 8), "covers the whole image"),
        (Image.new("L", (8, 9), 9), (8, 8), "8 x 9 pixels, the picture 8 x 8"),
        (Image.new("L", (1, 1), 9), (1, 1), "nothing to edit"),
    ],
)
def test_says_what_is_wrong_with_a_mask(mask: Image.Image, size: tuple[int, int], message: str) -> None:
    with pytest.raises(InputError, match=message):
        masks.required(mask, Image.new("RGB", size))
