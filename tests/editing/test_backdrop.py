import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from studio.editing.backdrop import place
from studio.editing.colour import lab_of
from studio.editing.masks import blurred
from studio.editing.plates import plate_of, plates
from studio.errors import InputError
from studio.world.scene import SCENES
from tests.editing.shapes import rectangles


def _photo(width: int = 96, height: int = 96) -> tuple[Image.Image, Image.Image]:
    """A noisy red box on a green ground, with a soft edge."""
    mask = blurred(rectangles((width, height), [(width // 3, height // 4, 2 * width // 3, 3 * height // 4)]), 0.8)
    rng = np.random.default_rng(0)
    red = Image.fromarray(rng.normal((190, 40, 40), 3, (height, width, 3)).clip(0, 255).astype(np.uint8))
    return Image.composite(red, Image.new("RGB", mask.size, (30, 200, 60)), mask), mask


@pytest.mark.parametrize(
    ("scene", "view"),
    [
        *((scene, "standing") for scene in SCENES),
        ("white studio", "lying"),
        ("shelf", "lying"),
        ("linen cloth", "lying"),
    ],
)
def test_the_product_stays_byte_for_byte_in_every_scene(scene: str, view: str) -> None:
    image, mask = _photo()
    placed = place(image, mask, scene=scene, view=view)  # pyright: ignore[reportArgumentType]
    product = np.asarray(mask) == 255
    assert np.array_equal(np.asarray(placed.image)[product], np.asarray(image)[product])
    assert placed.proof().holds and placed.proof().changed > 0.5


@settings(max_examples=8, deadline=None)
@given(st.integers(2, 300), st.integers(2, 300), st.integers(0, 3))
def test_any_size_and_aspect_works(width: int, height: int, seed: int) -> None:
    image = Image.fromarray(np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8))
    mask = rectangles(image.size, [(width // 3, height // 3, width // 3 + 1 + seed * width // 9, height)])
    placed = place(image, mask, scene=SCENES[seed * 4], seed=seed)
    assert placed.image.size == image.size
    assert placed.proof().holds


def test_another_size_moves_the_product_and_keeps_it() -> None:
    image, mask = _photo()
    placed = place(image, mask, scene="wooden table", size=(400, 160))
    assert placed.image.size == placed.mask.size == (400, 160)
    assert placed.proof().holds
    left, _, right, bottom = placed.mask.getbbox() or (0, 0, 0, 0)
    assert abs((left + right) / 2 - 200) <= 1
    assert 90 < bottom < 150


def test_a_product_that_does_not_fit_is_refused() -> None:
    image, mask = _photo()
    with pytest.raises(InputError, match="doesn't fit into 20 x 90"):
        place(image, mask, size=(20, 90))


def test_an_unknown_scene_is_refused() -> None:
    with pytest.raises(InputError, match="no scene “moon”"):
        place(*_photo(), scene="moon")


def test_no_halo_of_the_old_background_is_left() -> None:
    placed = place(*_photo(), scene="white studio", shadow_strength=0)
    edge = (np.asarray(placed.mask) > 0) & (np.asarray(placed.mask) < 255)
    assert lab_of(np.asarray(placed.image))[edge][:, 1].min() > -4  # nowhere greener than grey


def test_the_shadow_is_darkest_at_the_feet_and_falls_away_from_the_light() -> None:
    image, mask = _photo(160, 160)
    lit, bare = (place(image, mask, scene="grey studio", side="left", shadow_strength=s).image for s in (1.0, 0.0))
    lost = np.asarray(bare.convert("L"), int) - np.asarray(lit.convert("L"), int)
    bottom = 120
    assert lost[bottom + 1 : bottom + 4, 60:100].mean() > 3 * max(lost[150:, 60:100].mean(), 1)
    right, left = lost[105:125, 112:130].mean(), lost[105:125, 30:48].mean()
    assert right > left + 3
    turned = place(image, mask, scene="grey studio", side="right").image
    lost = np.asarray(bare.convert("L"), int) - np.asarray(turned.convert("L"), int)
    assert lost[105:125, 30:48].mean() > lost[105:125, 112:130].mean()


@pytest.mark.parametrize("colour", [(246, 201, 210), (22, 34, 92), (255, 255, 255), (0, 0, 0), (200, 24, 30)])
def test_a_sweep_has_the_colour_that_was_asked_for(colour: tuple[int, int, int]) -> None:
    image, mask = _photo()
    placed = place(image, mask, colour=colour, shadow_strength=0)
    median = np.median(lab_of(np.asarray(placed.image))[:20].reshape(-1, 3), axis=0)
    wanted = lab_of(np.array(colour, np.uint8))
    assert abs(median[0] - wanted[0]) < 14
    assert np.hypot(*(median[1:] - wanted[1:])) < 12


def test_the_same_seed_gives_the_same_pixels() -> None:
    one, same, other = (place(*_photo(), seed=seed).image.tobytes() for seed in (1, 1, 2))
    assert one == same != other


def test_every_scene_has_a_plate_for_both_views() -> None:
    assert {plate_of(scene, view).view for scene in SCENES for view in ("standing", "lying")} == {"standing", "lying"}
    for plate in plates().values():
        assert 0 < plate.stand[0] < 1 and 0 < plate.stand[1] < 1 and 0.1 < plate.unit < 1
        assert plate.turned().turned() == plate
