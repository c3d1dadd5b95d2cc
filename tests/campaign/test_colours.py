import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image

from studio.campaign.colours import (
    AIM,
    CONTRAST,
    WHITE,
    Colour,
    colour_of,
    contrast,
    contrast_of,
    hex_of,
    luminance,
    luminances,
    palette_around,
    palette_of,
    readable,
)
from studio.errors import InputError
from tests.campaign.drawn import product

colours = st.tuples(*[st.integers(0, 255)] * 3)


def test_contrast_is_that_of_wcag() -> None:
    assert contrast((0, 0, 0), WHITE) == pytest.approx(21)
    assert contrast((119, 119, 119), WHITE) == pytest.approx(4.48, abs=0.005)  # the well-known grey that just fails
    assert contrast((118, 118, 118), WHITE) == pytest.approx(4.54, abs=0.005)
    assert contrast((255, 0, 0), WHITE) == pytest.approx(4.0, abs=0.005)


@given(colours)
def test_luminances_of_pixels_are_those_of_colours(colour: Colour) -> None:
    assert luminances(np.array([[colour]], dtype=np.uint8))[0, 0] == pytest.approx(luminance(colour))
    assert colour_of(hex_of(colour)) == colour


@given(colours, st.tuples(st.floats(0, 1), st.floats(0, 1)))
def test_a_readable_colour_can_be_read_on_everything_in_between(wanted: Colour, ends: tuple[float, float]) -> None:
    low, high = sorted(ends)
    found = readable((low, high), (wanted,))
    if found is None:  # then neither black nor white can be read
        assert min(contrast_of(0, low), contrast_of(0, high)) < AIM and contrast_of(1, high) < AIM
    else:
        own = luminance(found)
        assert all(contrast_of(own, behind) >= AIM for behind in np.linspace(low, high, 9))


@given(colours)
@example((0, 132, 138))
def test_words_can_be_read_on_the_surfaces_of_every_brand(colour: Colour) -> None:
    palette = palette_around(colour)
    assert contrast(palette.ink, palette.ground) >= CONTRAST
    assert max(contrast(WHITE, palette.deep), contrast(palette.ink, palette.deep)) >= CONTRAST


def test_a_palette_has_the_products_hue() -> None:
    palette = palette_of(*product())
    for colour in (palette.ground, palette.deep, palette.accent):
        red, green, blue = colour
        assert red > green and red > blue
    assert luminance(palette.ground) > 0.7 > 0.1 > luminance(palette.deep)


def test_a_grey_product_has_a_grey_palette() -> None:
    palette = palette_of(Image.new("RGB", (40, 40), (120, 120, 120)), Image.new("L", (40, 40), 255))
    assert all(len(set(colour)) == 1 for colour in (palette.ground, palette.deep, palette.ink, palette.accent))


@pytest.mark.parametrize("text", ["red", "#12345", "#GGGGGG", ""])
def test_what_is_no_colour_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="not a colour"):
        colour_of(text)
