import numpy as np
from PIL import Image

from studio.editing.foreground import foreground
from studio.editing.masks import blurred, inside
from tests.editing.shapes import rectangles


def test_finds_the_product_s_colour_under_a_soft_edge() -> None:
    mask = blurred(rectangles((300, 200), [(60, 40, 240, 160)]), 2)
    photo = Image.composite(
        Image.new("RGB", mask.size, (200, 40, 40)), Image.new("RGB", mask.size, (20, 200, 60)), mask
    )
    own = np.asarray(foreground(photo, mask), int)
    assert np.abs(own[np.asarray(mask) > 0] - (200, 40, 40)).max() <= 6


def test_leaves_whole_pixels_alone() -> None:
    photo = Image.fromarray(np.random.default_rng(0).integers(0, 256, (200, 300, 3), np.uint8))
    mask = blurred(rectangles((300, 200), [(60, 40, 240, 160)]), 2)
    own = foreground(photo, mask)
    sure = np.asarray(inside(mask)) > 0
    assert np.array_equal(np.asarray(own)[sure], np.asarray(photo)[sure])


def test_a_mask_without_a_whole_pixel_is_no_problem() -> None:
    photo = Image.new("RGB", (40, 40), (9, 99, 199))
    assert foreground(photo, Image.new("L", (40, 40), 80)).getpixel((20, 20)) == (9, 99, 199)
