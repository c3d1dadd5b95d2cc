import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from skimage.color import deltaE_ciede2000

from studio.editing.colour import lab_of
from studio.editing.material import rematerial
from studio.editing.texture import MATERIALS
from studio.errors import InputError
from studio.world.scene import COLOURS
from tests.editing.shapes import rectangles
from tests.editing.test_recolour import shaded


@pytest.mark.parametrize("material", MATERIALS)
def test_every_texture_has_mean_zero_and_is_the_same_again(material: str) -> None:
    make = MATERIALS[material].texture
    first, again = (make((60, 90), np.random.default_rng(4)) for _ in range(2))
    assert first.shape == (60, 90)
    assert abs(float(first.mean())) < 0.02
    assert np.array_equal(first, again)
    assert material == "plastic" or float(first.std()) > 0.01


@pytest.mark.parametrize("material", MATERIALS)
def test_the_shape_stays_and_only_the_product_changes(material: str) -> None:
    image, mask = shaded(COLOURS["teal"], shine=0.1, side=120)
    result = rematerial(image, mask, material, colour=COLOURS["navy"])
    outside, product = np.asarray(mask) == 0, np.asarray(mask) == 255
    assert np.array_equal(np.asarray(result)[outside], np.asarray(image)[outside])
    mean = lab_of(np.asarray(result)[product]).mean(0)
    assert deltaE_ciede2000(mean, lab_of(np.array(COLOURS["navy"], np.uint8))) < 15
    small = (30, 30)  # without the texture
    before, after = (
        np.asarray(each.resize(small, Image.Resampling.BOX).convert("L"), float) for each in (image, result)
    )
    whole = np.asarray(mask.resize(small, Image.Resampling.BOX)) == 255
    assert np.corrcoef(before[whole], after[whole])[0, 1] > 0.6


def test_a_material_without_a_colour_keeps_the_product_s() -> None:
    image, mask = shaded(COLOURS["red"], shine=0)
    product = np.asarray(mask) == 255
    before = lab_of(np.asarray(image)[product]).mean(0)
    after = lab_of(np.asarray(rematerial(image, mask, "felt"))[product]).mean(0)
    assert deltaE_ciede2000(before, after) < 6


def test_what_shines_has_more_contrast_than_what_is_dull() -> None:
    image, mask = shaded(COLOURS["blue"])
    product = np.asarray(mask) == 255
    glossy, matte = (
        lab_of(np.asarray(rematerial(image, mask, "plastic", finish=finish))[product])[:, 0].std()
        for finish in ("glossy", "matte")
    )
    assert glossy > matte * 1.1


@settings(max_examples=6, deadline=None)
@given(st.integers(2, 300), st.integers(2, 300), st.sampled_from(sorted(MATERIALS)))
def test_any_size_works(width: int, height: int, material: str) -> None:
    image = Image.fromarray(np.random.default_rng(width).integers(0, 256, (height, width, 3), np.uint8))
    mask = rectangles(image.size, [(0, 0, max(width // 2, 1), height)])
    result = rematerial(image, mask, material)
    outside = np.asarray(mask) == 0
    assert np.array_equal(np.asarray(result)[outside], np.asarray(image)[outside])


def test_an_unknown_material_is_refused() -> None:
    with pytest.raises(InputError, match="Nothing can be made of “glass” here"):
        rematerial(*shaded(COLOURS["red"]), "glass")
