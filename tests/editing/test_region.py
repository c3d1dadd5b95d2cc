import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from studio.editing.masks import blurred, outside
from studio.editing.proof import measure
from studio.editing.region import cut, cut_mask, regions, repaint
from studio.errors import InputError
from tests.editing.shapes import rectangles


def _noise(width: int, height: int, seed: int = 0) -> Image.Image:
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8))


def _green(crop: Image.Image, hole: Image.Image) -> Image.Image:
    """Paints known pixels as they are."""
    painted = crop.copy()
    painted.paste((0, 255, 0), mask=hole)
    return painted


@st.composite
def _masks(draw: st.DrawFn) -> Image.Image:
    width, height = draw(st.integers(2, 300)), draw(st.integers(2, 300))
    mask = Image.new("L", (width, height))
    pen = ImageDraw.Draw(mask)
    for _ in range(draw(st.integers(1, 4))):
        x, y = draw(st.integers(0, width - 1)), draw(st.integers(0, height - 1))
        radius = draw(st.sampled_from([0, 1, 3, 20]))
        mask.putpixel((x, y), 255)
        pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=draw(st.sampled_from([1, 90, 255])))
    return mask


@settings(max_examples=40, deadline=None)
@given(_masks(), st.sampled_from([16, 64, 512]), st.floats(0, 1))
def test_outside_the_mask_every_byte_stays_and_inside_all_is_painted(
    mask: Image.Image, side: int, context: float
) -> None:
    image = _noise(*mask.size)
    if np.asarray(mask).min() == 255:
        return
    filled = repaint(image, mask, lambda crop, _: Image.new("RGB", crop.size, (0, 255, 0)), side=side, context=context)
    known = np.asarray(mask) == 0
    assert np.array_equal(np.asarray(filled)[known], np.asarray(image)[known])


@settings(max_examples=40, deadline=None)
@given(_masks(), st.sampled_from([16, 64, 512]))
def test_each_hole_belongs_to_one_region_inside_the_image(mask: Image.Image, side: int) -> None:
    seen = np.zeros((mask.height, mask.width), int)
    for region in regions(mask, side=side):
        left, top, right, bottom = region.box
        assert 0 <= left < right <= mask.width and 0 <= top < bottom <= mask.height
        assert max(region.size) <= side
        assert min(region.size) >= 1
        seen[top:bottom, left:right] += np.asarray(region.mask) > 0
        assert cut(_noise(*mask.size), region).size == region.size == cut_mask(mask, region).size
    assert np.array_equal(seen, np.asarray(mask) > 0)


def test_far_holes_are_seen_at_full_size_and_near_ones_together() -> None:
    mask = rectangles((4000, 3000), [(100, 100, 120, 130), (160, 140, 170, 150), (3500, 2500, 3510, 2510)])
    near, far = regions(mask, side=256)
    assert near.size == far.size == (256, 256)
    assert near.box[2] - near.box[0] == 256
    assert np.count_nonzero(np.asarray(near.mask)) == 20 * 30 + 10 * 10


def test_a_large_hole_is_seen_small_with_context() -> None:
    mask = rectangles((3000, 2000), [(1000, 600, 1800, 1000)])
    (region,) = regions(mask, side=256, context=0.5)
    assert region.box == (600, 0, 2200, 1600)
    assert region.size == (256, 256)
    hole = cut_mask(mask, region)
    assert hole.getbbox() == (64, 96, 192, 160)


def test_one_pixel_of_a_large_photo_is_still_a_hole() -> None:
    mask = rectangles((6300, 6300), [(5, 5, 6, 6), (3, 6200, 6200, 6201), (6200, 3, 6201, 6200)])
    (region, *others) = regions(mask, side=64)
    assert not others
    assert cut_mask(mask, region).getpixel((0, 0)) == 255


def test_thin_and_thick_holes_are_filled_to_the_middle() -> None:
    image = Image.new("RGB", (100, 100), (100, 100, 100))
    for box in ((50, 0, 51, 100), (40, 40, 43, 80), (20, 20, 80, 80)):
        filled = repaint(image, rectangles(image.size, [box]), _red, side=128)
        middle = ((box[0] + box[2]) // 2, (box[1] + box[3]) // 2)
        assert filled.getpixel(middle) == (250, 100, 100)


def _red(crop: Image.Image, hole: Image.Image) -> Image.Image:
    painted = crop.copy()
    painted.paste((250, 100, 100), mask=hole)
    return painted


def test_the_seam_is_matched_when_a_patch_is_too_dark() -> None:
    """A network that says everything 30 too dark, outside of the hole, too, is put right."""
    ramp = np.tile(np.linspace(60, 200, 400), (400, 1))
    image = Image.fromarray(np.repeat(ramp[..., None], 3, axis=2).astype(np.uint8))

    def darker(crop: Image.Image, hole: Image.Image) -> Image.Image:
        return crop.point([max(value - 30, 0) for value in range(256)] * 3)

    filled = repaint(image, rectangles(image.size, [(100, 120, 300, 280)]), darker, side=128)
    assert np.abs(np.asarray(filled, int) - np.asarray(image, int)).max() <= 4


def test_soft_values_mix() -> None:
    image, patch = Image.new("RGB", (50, 50)), Image.new("RGB", (50, 50), "white")
    mask = Image.new("L", (50, 50))
    mask.paste(51, (10, 20, 40, 40))
    flat = repaint(image, mask, lambda crop, hole: Image.composite(patch, image, hole), side=50)
    assert flat.getpixel((25, 30)) == (51, 51, 51)


def test_strips_leave_no_trace(monkeypatch: pytest.MonkeyPatch) -> None:
    image, patch = _noise(300, 700), _noise(150, 350, seed=1)
    mask = blurred(rectangles((300, 700), [(40, 30, 250, 690)]), 3)

    def filled() -> bytes:
        return repaint(image, mask, lambda crop, hole: patch, side=350).tobytes()

    in_strips = filled()
    monkeypatch.setattr("studio.editing.region._STRIP", 700)
    assert in_strips == filled()


def test_regions_see_what_was_filled_before() -> None:
    image = Image.new("RGB", (600, 80), (9, 9, 9))
    mask = rectangles(image.size, [(10, 10, 20, 20), (150, 10, 160, 20)])
    holes: list[int] = []

    def paint(crop: Image.Image, hole: Image.Image) -> Image.Image:
        holes.append(int(np.count_nonzero(np.asarray(hole))))
        return _green(crop, hole)

    filled = repaint(image, mask, paint, side=160)
    assert holes == [200] if len(holes) == 1 else holes[-1] == 100
    assert measure(image, filled, outside(mask)).holds


@pytest.mark.parametrize("value", [0, 255])
def test_masks_of_nothing_and_everything_are_refused(value: int) -> None:
    with pytest.raises(InputError):
        repaint(Image.new("RGB", (9, 9)), Image.new("L", (9, 9), value), _green, side=64)
