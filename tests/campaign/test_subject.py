import numpy as np
import pytest
from PIL import Image

from studio.campaign.subject import Subject, filled
from studio.errors import InputError
from tests.campaign.drawn import RED, product, scene, subject


def test_the_box_is_that_of_the_mask_and_the_foot_is_its_lowest_part() -> None:
    found = subject()
    assert found.box.pixels == (50, 40, 110, 130)
    assert found.foot.bottom == 130 and 50 < found.foot.left < 80 < found.foot.right < 110
    assert not found.touches_edge
    assert Subject(*product(box=(0, 40, 60, 130))).touches_edge


def test_the_plate_has_the_scene_and_nothing_of_the_product() -> None:
    plate = np.asarray(subject().plate, dtype=float)
    assert plate.shape == (160, 160, 3)
    assert np.abs(plate - np.asarray(scene(), dtype=float)).mean() < 5  # the hole is filled smoothly
    assert (plate[..., 0] - plate[..., 1]).max() < 60  # no red


def test_the_cutout_carries_the_products_colour_over_its_edge() -> None:
    image, mask = product()
    cutout = np.asarray(Subject(image, mask).cutout, dtype=int)
    inside = np.asarray(mask) == 255
    assert np.abs(cutout[inside] - np.asarray(image, dtype=int)[inside]).mean() < 12
    assert np.abs(cutout[40:48, 78:82] - np.array(RED)).max() < 40  # above the rim, where the wall was


def test_what_is_known_stays_and_what_is_not_is_between() -> None:
    pixels = np.zeros((32, 32, 3), dtype=np.float32)
    pixels[:, 16:] = 200
    known = np.zeros((32, 32), dtype=np.float32)
    known[:, :4] = known[:, -4:] = 1
    found = filled(pixels, known)
    assert (found[:, :4] == 0).all() and (found[:, -4:] == 200).all()
    assert (np.diff(found[16, :, 0]) >= -1).all() and 50 < found[16, 16, 0] < 150


@pytest.mark.parametrize(
    ("mask", "problem"),
    [
        (Image.new("L", (160, 160), 0), "No product was found"),
        (Image.new("L", (160, 160), 255), "nothing but product"),
        (Image.new("L", (80, 80), 255), "The mask has 80 x 80"),
    ],
)
def test_a_mask_without_a_product_is_refused(mask: Image.Image, problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        Subject(scene(), mask)


def test_the_upscaler_is_used_for_what_is_shown_larger_and_once() -> None:
    asked: list[int] = []

    def upscale(image: Image.Image, factor: int) -> Image.Image:
        asked.append(factor)
        return image.resize((image.width * factor, image.height * factor))

    found = Subject(*product(), upscale)
    assert [found.factor(scale) for scale in (0.5, 1.1, 1.5, 2.3, 3, 9)] == [1, 1, 2, 2, 4, 4]
    picture, cutout = found.enlarged(4)
    assert picture.size == cutout.size == (640, 640) and found.enlarged(4)[0] is picture
    assert asked == [4, 4]
    assert subject().factor(9) == 1


def test_what_is_enlarged_has_a_clean_edge_without_the_steps_of_small_pixels() -> None:
    def nearest(image: Image.Image, factor: int) -> Image.Image:
        return image.resize((image.width * factor, image.height * factor), Image.Resampling.NEAREST)

    def largest_step(picture: Image.Image) -> int:
        """How many pixels the red disc's left edge jumps at most from row to row, where it is steep."""
        red = np.asarray(picture, dtype=int)
        return int(np.abs(np.diff((red[..., 0] - red[..., 1] > 90)[200:310].argmax(axis=1))).max())

    image, mask = product()
    stairs = nearest(image, 4)
    picture, _ = Subject(image, mask, nearest).enlarged(4)
    assert largest_step(stairs) == 4 and largest_step(picture) <= 2
    # Far from the edge it is the scene and the product as they were.
    for box in ((0, 0, 160, 120), (260, 220, 380, 260)):
        difference = np.asarray(picture.crop(box), dtype=int) - np.asarray(stairs.crop(box), dtype=int)
        assert np.abs(difference).max() <= 1


def test_thin_parts_keep_their_own_colour_when_they_are_enlarged() -> None:
    image, mask = product()
    stem = (78, 10, 81, 45)  # three pixels wide
    image.paste((20, 160, 40), stem)
    mask.paste(255, stem)
    cutout = np.asarray(Subject(image, mask, lambda image, _: image).cutout, dtype=int)
    assert cutout[20, 79, 1] - cutout[20, 79, 0] > 60
