import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from skimage.color import deltaE_ciede2000

from studio.editing.colour import Rgb, lab_of
from studio.editing.masks import blurred
from studio.editing.recolour import recolour
from studio.world.scene import COLOURS

_COLOURS = st.one_of(st.sampled_from(list(COLOURS.values())), st.tuples(*[st.integers(0, 255)] * 3))


def shaded(colour: Rgb, *, shine: float = 0.3, side: int = 64) -> tuple[Image.Image, Image.Image]:
    """A ball of a colour on a noisy grey ground, with light from the left and a highlight, and its mask."""
    y, x = (np.mgrid[0:side, 0:side] + 0.5) / side * 2 - 1
    radius = np.hypot(x, y) / 0.8
    z = np.sqrt(np.clip(1 - radius**2, 0, 1))
    light = 0.35 + 0.65 * np.clip(-0.5 * x / 0.8 - 0.5 * y / 0.8 + 0.7 * z, 0, 1)
    gloss = shine * np.clip(-0.35 * x / 0.8 - 0.35 * y / 0.8 + 0.87 * z, 0, 1) ** 30
    linear = (np.array(colour) / 255) ** 2.2 * light[..., None] + gloss[..., None]
    ball = np.clip(linear, 0, 1) ** (1 / 2.2) * 255
    ground = np.random.default_rng(0).normal(140, 6, (side, side, 1))
    mask = blurred(Image.fromarray(np.where(radius < 1, 255, 0).astype(np.uint8)), 0.7)
    alpha = np.asarray(mask)[..., None] / 255
    photo = alpha * ball + (1 - alpha) * ground
    return Image.fromarray(np.clip(photo, 0, 255).round().astype(np.uint8)), mask


def _measured(image: Image.Image, result: Image.Image, mask: Image.Image, colour: Rgb) -> tuple[float, float]:
    """dE2000 of the mean colour and correlation of luminance, inside the product."""
    product = np.asarray(mask) == 255
    mean = lab_of(np.asarray(result)[product]).mean(0)
    before, after = (np.asarray(each.convert("L"), float)[product] for each in (image, result))
    distance = float(deltaE_ciede2000(mean, lab_of(np.array(colour, np.uint8))))
    # A black that was photographed in two or three levels has no shading to compare.
    return distance, float(np.corrcoef(before, after)[0, 1]) if before.std() > 3 else 1.0


@settings(max_examples=25, deadline=None)
@given(_COLOURS, _COLOURS, st.sampled_from([0.0, 0.1, 0.5]))
def test_any_colour_becomes_any_other_and_the_shading_stays(start: Rgb, colour: Rgb, shine: float) -> None:
    image, mask = shaded(start, shine=shine)
    result = recolour(image, mask, colour)
    distance, correlation = _measured(image, result, mask, colour)
    assert distance < 15
    assert correlation >= 0.9
    outside = np.asarray(mask) == 0
    assert np.array_equal(np.asarray(result)[outside], np.asarray(image)[outside])


@pytest.mark.parametrize(("start", "colour"), [("black", "white"), ("white", "black")])
def test_black_and_white_keep_visible_shading(start: str, colour: str) -> None:
    image, mask = shaded(COLOURS[start])
    result = recolour(image, mask, COLOURS[colour])
    assert lab_of(np.asarray(result)[np.asarray(mask) == 255])[:, 0].std() > 2.5


def test_the_same_colour_changes_little() -> None:
    image, mask = shaded(COLOURS["red"])
    product = np.asarray(mask) == 255
    mean = np.asarray(image)[product].mean(0).round().astype(int)
    result = recolour(image, mask, (int(mean[0]), int(mean[1]), int(mean[2])))
    assert np.abs(np.asarray(result, int) - np.asarray(image, int))[product].mean() < 12


def test_no_halo_of_the_old_colour_is_left_at_a_soft_edge() -> None:
    image, mask = shaded(COLOURS["red"], shine=0)
    lab = lab_of(np.asarray(recolour(image, mask, COLOURS["green"])))
    assert lab[..., 1][np.asarray(mask) > 0].max() < 8  # nowhere redder than grey


def test_strength_goes_from_nothing_to_all() -> None:
    image, mask = shaded(COLOURS["blue"])
    assert recolour(image, mask, COLOURS["yellow"], strength=0).tobytes() == image.tobytes()
    half, full = (np.asarray(recolour(image, mask, COLOURS["yellow"], strength=s), int) for s in (0.5, 1))
    product = np.asarray(mask) == 255
    assert np.abs(2 * half - full - np.asarray(image, int))[product].max() <= 2


@settings(max_examples=15, deadline=None)
@given(st.integers(2, 300), st.integers(2, 300), st.data())
def test_any_size_works(width: int, height: int, data: st.DataObject) -> None:
    image = Image.fromarray(np.random.default_rng(width).integers(0, 256, (height, width, 3), np.uint8))
    mask = Image.new("L", image.size)
    left, top = data.draw(st.integers(0, width - 1)), data.draw(st.integers(0, height - 1))
    mask.paste(data.draw(st.sampled_from([7, 200, 255])), (left, top, width, height))
    if np.asarray(mask).min() == 255:
        mask.putpixel((0, 0), 0)
    if not mask.getbbox():
        return
    result = recolour(image, mask, (10, 200, 100))
    outside = np.asarray(mask) == 0
    assert np.array_equal(np.asarray(result)[outside], np.asarray(image)[outside])
