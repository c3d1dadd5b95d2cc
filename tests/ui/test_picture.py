"""Pictures that are edited, and masks on their way through a browser."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from studio.errors import InputError
from studio.ui.picture import (
    SHOWN,
    Picture,
    decoded_bytes,
    full_mask,
    mask_url,
    open_picture,
    read_mask,
    select,
    selection_of,
    shown_size,
    side_by_side,
    smaller,
)

LARGE = (2 * SHOWN, 120)  # large enough to be shown smaller, and still few pixels


def picture_of(tmp_path: Path, size: tuple[int, int]) -> Picture:
    path = tmp_path / "photo.png"
    Image.effect_noise(size, 60).convert("RGB").save(path)
    return open_picture(path)


def rectangle(size: tuple[int, int], box: tuple[int, int, int, int]) -> Image.Image:
    mask = Image.new("L", size)
    ImageDraw.Draw(mask).rectangle(box, fill=255)
    return mask


def test_a_large_picture_is_shown_smaller_and_a_small_one_as_it_is(tmp_path: Path) -> None:
    large, small = picture_of(tmp_path, LARGE), picture_of(tmp_path, (90, 70))

    assert (large.size, decoded_bytes(large.shown).size) == (LARGE, (SHOWN, 60))
    assert (small.size, decoded_bytes(small.shown).size) == ((90, 70), (90, 70))


@given(st.integers(1, 8000), st.integers(1, 8000))
def test_what_is_shown_fits_and_keeps_its_shape(width: int, height: int) -> None:
    shown = shown_size((width, height))

    assert 1 <= min(shown) and max(shown) <= SHOWN
    for long, short in ((0, 1), (1, 0)):
        size = (width, height)
        assert abs(shown[short] - shown[long] * size[short] / size[long]) <= 1 + size[short] / size[long]


def test_a_phone_s_photo_is_turned_and_its_place_forgotten(tmp_path: Path) -> None:
    path = tmp_path / "phone.jpg"
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010E] = "at home"
    Image.new("RGB", (40, 20), "red").save(path, exif=exif)

    picture = open_picture(path)

    assert picture.size == (20, 40)
    assert b"at home" not in picture.shown


@pytest.mark.parametrize("data", [b"", b"not a picture", b"GIF89a"])
def test_what_is_no_picture_is_refused_in_words(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "x.png"
    path.write_bytes(data)

    with pytest.raises(InputError, match="not a PNG, JPEG or WebP"):
        open_picture(path)
    with pytest.raises(InputError, match="not here any more"):
        open_picture(tmp_path / "gone.png")


def test_a_mask_comes_back_as_it_was_painted(tmp_path: Path) -> None:
    picture = picture_of(tmp_path, (90, 70))
    mask = Image.linear_gradient("L").resize((90, 70))

    assert read_mask(picture, mask_url(mask)).tobytes() == mask.tobytes()
    assert read_mask(picture, "").getextrema() == (0, 0)


@pytest.mark.parametrize("drawn", ["x", "data:image/png;base64,", "data:image/png;base64,AAAA", "/etc/passwd", "é"])
def test_what_is_no_mask_is_refused(tmp_path: Path, drawn: str) -> None:
    picture = picture_of(tmp_path, (90, 70))

    with pytest.raises(InputError):
        read_mask(picture, drawn)


def test_a_mask_of_another_picture_is_refused(tmp_path: Path) -> None:
    picture = picture_of(tmp_path, (90, 70))

    with pytest.raises(InputError, match="out of step"):
        read_mask(picture, mask_url(Image.new("L", (70, 90))))


def test_a_selection_keeps_its_detail_and_strokes_are_added_to_it(tmp_path: Path) -> None:
    picture = picture_of(tmp_path, LARGE)
    fine = Image.new("L", LARGE)
    for x in range(400, 800, 2):  # finer than what is shown
        ImageDraw.Draw(fine).line((x, 20, x, 100), fill=255)
    url = select(picture, fine)

    assert full_mask(picture, url).tobytes() == fine.tobytes()

    painted = read_mask(picture, url)
    painted.paste(255, (1000, 10, 1100, 50))
    painted.paste(0, (300, 0, 400, 60))  # wiped: 600 to 800 in the picture
    full = np.asarray(full_mask(picture, mask_url(painted)))
    assert (full[:, :590] == np.asarray(fine)[:, :590]).all()
    assert not full[30:90, 610:790].any()
    assert (full[30:90, 2010:2190] == 255).all()


def test_a_stroke_is_where_it_was_in_a_large_picture(tmp_path: Path) -> None:
    picture = picture_of(tmp_path, LARGE)
    stroke = rectangle(picture.shown_size, (100, 10, 199, 49))

    box = full_mask(picture, mask_url(stroke)).point([255 * (value > 127) for value in range(256)]).getbbox()

    assert box is not None
    assert all(abs(a - b) <= 1 for a, b in zip(box, (200, 20, 400, 100), strict=True))


def test_black_stays_black_beside_a_stroke(tmp_path: Path) -> None:
    picture = picture_of(tmp_path, LARGE)
    full = full_mask(picture, mask_url(rectangle(picture.shown_size, (100, 10, 199, 49))))

    full.paste(0, (198, 18, 402, 102))
    assert full.getextrema() == (0, 0)


def test_a_new_selection_takes_the_place_of_the_old(tmp_path: Path) -> None:
    picture = picture_of(tmp_path, (90, 70))
    first, second = rectangle((90, 70), (0, 0, 9, 9)), rectangle((90, 70), (20, 20, 29, 29))

    select(picture, first)
    url = select(picture, second)

    assert selection_of(picture).tobytes() == second.tobytes() == full_mask(picture, url).tobytes()


@pytest.mark.parametrize(
    ("before", "after"), [((90, 70), (90, 70)), ((90, 70), (180, 140)), ((90, 70), (160, 90)), ((4000, 30), (2000, 40))]
)
def test_before_and_after_have_one_size_and_the_shape_of_the_after(
    before: tuple[int, int], after: tuple[int, int]
) -> None:
    shown = side_by_side(Image.new("RGB", before, "red"), Image.new("RGB", after, "blue"))

    assert shown[0].size == shown[1].size == shown_size(after)
    assert shown[0].getpixel((shown[0].width // 2, shown[0].height // 2)) == (255, 0, 0)


def test_a_mask_is_made_smaller_without_ringing() -> None:
    mask = rectangle((2 * SHOWN, 100), (50, 0, 999, 99))

    assert {value for _, value in smaller(mask).getcolors() or []} == {0, 255}
