import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studio.campaign.box import Box
from studio.campaign.colours import WHITE
from studio.campaign.ground import in_scene, on_colour
from studio.campaign.subject import Subject
from tests.campaign.drawn import RED, scene, subject

SUBJECT = subject()


@settings(max_examples=60, deadline=None)
@given(st.integers(60, 420), st.integers(60, 420), st.floats(0, 0.6), st.floats(0, 0.6), st.booleans())
def test_the_product_is_whole_in_its_room_and_keeps_its_proportions(
    width: int, height: int, left: float, top: float, in_colour: bool
) -> None:
    room = Box(left=left * width, top=top * height, right=width, bottom=height)
    size = (width, height)
    placed = on_colour(SUBJECT, size, room, (200, 220, 230)) if in_colour else in_scene(SUBJECT, size, room)
    assert placed.canvas.size == placed.mask.size == (width, height)
    found = placed.mask.getbbox()
    assert found is not None
    assert Box(left=found[0], top=found[1], right=found[2], bottom=found[3]).within(room, tolerance=1)
    assert placed.box.within(room)
    assert placed.box.width / placed.box.height == pytest.approx(60 / 90)
    if placed.box.height > 40:
        assert (found[2] - found[0]) / (found[3] - found[1]) == pytest.approx(60 / 90, rel=0.08)


def test_at_its_own_size_every_pixel_of_the_product_is_the_pictures() -> None:
    # The room is the product's own size and a pixel of air, at a whole pixel.
    placed = in_scene(SUBJECT, (400, 200), Box(left=299, top=39, right=361, bottom=131))
    assert placed.scale == 1
    own = np.asarray(SUBJECT.image)[40:130, 50:110]
    inside = np.asarray(SUBJECT.mask)[40:130, 50:110] == 255
    assert (np.asarray(placed.canvas)[40:130, 300:360][inside] == own[inside]).all()


def test_the_scene_goes_on_with_its_light_and_its_horizon_and_without_a_second_product() -> None:
    placed = in_scene(SUBJECT, (600, 160), Box(left=400, top=20, right=580, bottom=150))
    pixels = np.asarray(placed.canvas, dtype=float)
    far = pixels[:, :250]
    assert (far[..., 0] - far[..., 1]).max() < 60  # nothing red
    original = np.asarray(scene(), dtype=float)
    scale = placed.scale
    horizon = placed.box.top + (96 - 40) * scale  # where wall and floor meet in the picture
    above, below = far[: int(horizon) - 8].mean((0, 1)), far[int(horizon) + 8 :].mean((0, 1))
    assert np.abs(above - original[:90].mean((0, 1))).max() < 20
    assert np.abs(below - original[100:].mean((0, 1))).max() < 20


def test_there_is_no_edge_where_the_picture_ends() -> None:
    placed = in_scene(SUBJECT, (600, 160), Box(left=400, top=20, right=580, bottom=150))
    rows = np.asarray(placed.canvas.convert("L"), dtype=float)[10:60].mean(axis=0)
    start = int(placed.box.left - 50 * placed.scale)  # the picture's left edge
    steps = np.abs(np.diff(rows))
    assert steps[start - 5 : start + 12].max() < steps.max() * 0.5 + 2


def test_a_line_along_the_edge_does_not_come_back_as_stripes() -> None:
    image = SUBJECT.image.copy()
    for row in (138, 142, 149):  # such as boards, or the rim of a shadow
        image.paste((205, 175, 150), (0, row, 160, row + 3))
    placed = in_scene(Subject(image, SUBJECT.mask), (160, 600), Box(left=49, top=39, right=111, bottom=131))
    assert placed.scale == 1
    rows = np.asarray(placed.canvas.convert("L"), dtype=float).mean(axis=1)
    assert np.ptp(rows[130:160]) > 30  # they are there in the picture
    assert np.ptp(rows[220:]) < 8


def test_on_white_all_but_the_product_is_255() -> None:
    placed = on_colour(SUBJECT, (300, 300), Box(left=20, top=20, right=280, bottom=280), WHITE)
    pixels, mask = np.asarray(placed.canvas), np.asarray(placed.mask)
    assert (pixels[mask == 0] == 255).all()
    assert np.abs(pixels[100, 150].astype(int) - np.array(RED)).max() < 25


def test_on_a_colour_there_is_a_shadow_at_its_foot() -> None:
    room = Box(left=20, top=20, right=280, bottom=260)
    with_shadow = on_colour(SUBJECT, (300, 300), room, (220, 225, 230))
    without = on_colour(SUBJECT, (300, 300), room, (220, 225, 230), shadow=False)
    x, y = round((with_shadow.box.left + with_shadow.box.right) / 2), round(with_shadow.box.bottom) + 1
    assert np.asarray(with_shadow.canvas)[y, x].max() < np.asarray(without.canvas)[y, x].min() - 20
    assert (np.asarray(with_shadow.canvas)[5] == np.asarray(without.canvas)[5]).all()
