import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from studio.editing.enhance import EnhanceSettings, enhance, measured
from studio.editing.masks import blurred
from studio.errors import InputError
from tests.editing.shapes import rectangles
from tests.editing.test_recolour import shaded


def _photo() -> Image.Image:
    """Smooth colours from dark to light, none of them clipped."""
    y, x = np.mgrid[0:120, 0:160]
    return Image.fromarray(np.stack([40 + x, 40 + y, 200 - x], axis=-1).astype(np.uint8))


def _mean(image: Image.Image) -> np.ndarray:
    return np.asarray(image, float).mean((0, 1))


def test_no_setting_changes_nothing() -> None:
    assert enhance(_photo(), EnhanceSettings()).image.tobytes() == _photo().tobytes()


def test_exposure_is_in_stops_and_keeps_lights() -> None:
    grey = Image.new("RGB", (8, 8), (100, 100, 100))
    darker = enhance(grey, EnhanceSettings(exposure=-1)).image.getpixel((0, 0))
    assert darker == (71, 71, 71)  # half of the linear light of 100
    lighter = np.asarray(enhance(_photo(), EnhanceSettings(exposure=1)).image, int)
    assert lighter.mean() > np.asarray(_photo(), int).mean() + 20
    assert (lighter == 255).mean() < 0.01


def test_white_balance_takes_a_tint_away_and_keeps_brightness() -> None:
    grey = np.random.default_rng(0).integers(60, 200, (64, 64, 1)).repeat(3, axis=2) * (1.0, 0.93, 0.8)
    tinted = Image.fromarray(grey.astype(np.uint8))
    mended = _mean(enhance(tinted, EnhanceSettings(white_balance=1)).image)
    assert np.ptp(mended) < 5 < np.ptp(_mean(tinted))
    assert abs(mended[1] - _mean(tinted)[1]) < 8


def test_warmth_and_contrast_go_both_ways() -> None:
    image = _photo()
    warm, cool = (_mean(enhance(image, EnhanceSettings(warmth=value)).image) for value in (0.5, -0.5))
    assert warm[0] > cool[0] and warm[2] < cool[2]
    hard, flat = (np.asarray(enhance(image, EnhanceSettings(contrast=value)).image).std() for value in (0.8, -0.8))
    assert hard > np.asarray(image).std() > flat


def test_denoise_takes_noise_and_leaves_edges() -> None:
    rng = np.random.default_rng(0)
    clean = np.where(np.arange(128)[None, :, None] < 64, 70.0, 180.0) * np.ones((300, 1, 3))
    noisy = Image.fromarray((clean + rng.normal(0, 8, clean.shape)).clip(0, 255).astype(np.uint8))
    smooth = np.asarray(enhance(noisy, EnhanceSettings(denoise=1)).image, float)
    assert smooth[:, 8:56].std() < 4 < np.asarray(noisy, float)[:, 8:56].std()
    assert smooth[:, 66].mean() - smooth[:, 61].mean() > 90


def test_denoise_in_strips_leaves_no_trace(monkeypatch: pytest.MonkeyPatch) -> None:
    noisy = Image.fromarray(np.random.default_rng(0).integers(0, 256, (600, 40, 3), np.uint8))
    in_strips = enhance(noisy, EnhanceSettings(denoise=0.6)).image
    monkeypatch.setattr("studio.editing.strips.ROWS", 600)
    whole = enhance(noisy, EnhanceSettings(denoise=0.6)).image
    assert np.abs(np.asarray(in_strips, int) - np.asarray(whole, int)).max() <= 1


def test_sharpen_sharpens() -> None:
    soft = blurred(_photo().resize((320, 240)).rotate(30), 2)
    edges = [
        np.abs(np.diff(np.asarray(each, float), axis=1)).max()
        for each in (soft, enhance(soft, EnhanceSettings(sharpen=1)).image)
    ]
    assert edges[1] > 1.1 * edges[0]


@settings(max_examples=25, deadline=None)
@given(st.integers(2, 300), st.integers(2, 300), st.floats(-15, 15))
def test_straightening_leaves_no_empty_corner_and_the_aspect(width: int, height: int, degrees: float) -> None:
    turned = enhance(Image.new("RGB", (width, height), "white"), EnhanceSettings(straighten=degrees)).image
    assert turned.width <= width and turned.height <= height
    if min(turned.size) > 8:
        inner = np.asarray(turned)[2:-2, 2:-2]
        assert inner.min() > 250
        assert turned.width / turned.height == pytest.approx(width / height, rel=0.13)


@pytest.mark.parametrize("degrees", [-5.0, 3.0])
def test_a_tilt_is_measured(degrees: float) -> None:
    shelf = Image.new("RGB", (500, 400), (210, 200, 190))
    for top in (60, 180, 300):
        shelf.paste((90, 60, 40), (0, top, 500, top + 30))
    tilted = shelf.rotate(-degrees, Image.Resampling.BICUBIC).crop((60, 60, 440, 340))
    assert measured(tilted).straighten == pytest.approx(degrees, rel=0.35)  # rather too little than too much
    assert measured(shelf.crop((60, 50, 440, 350))).straighten == 0


def test_the_product_fills_its_share_of_the_crop() -> None:
    mask = rectangles((400, 300), [(180, 100, 240, 180)])
    enhanced = enhance(Image.new("RGB", (400, 300)), EnhanceSettings(fill=0.8, aspect=(1, 1)), mask)
    assert enhanced.image.size == (100, 100)
    assert enhanced.mask is not None and enhanced.mask.getbbox() == (20, 10, 80, 90)


def test_a_crop_without_a_product_is_the_middle() -> None:
    assert enhance(Image.new("RGB", (400, 300)), EnhanceSettings(aspect=(16, 9))).image.size == (400, 225)


def test_white_is_white_and_the_product_stays() -> None:
    image, mask = shaded((200, 24, 30), side=120)
    white = np.asarray(enhance(image, EnhanceSettings(white_background=1), mask).image)
    assert (white[np.asarray(mask) == 0] == 255).all()
    product = np.asarray(mask) == 255
    assert np.array_equal(white[product], np.asarray(image)[product])
    shadow = np.asarray(enhance(image, EnhanceSettings(white_background=1, shadow=1), mask).image)
    below = (np.asarray(mask) == 0) & (np.arange(120)[:, None] > 104)
    assert shadow[below].min() < 235
    assert np.array_equal(shadow[product], np.asarray(image)[product])


def test_what_was_measured_does_a_dark_tinted_photo_good() -> None:
    dark = Image.fromarray((np.asarray(_photo()) * (0.45, 0.42, 0.35)).astype(np.uint8))
    found = measured(dark)
    assert found.exposure > 0.5 and found.white_balance > 0
    assert _mean(enhance(dark, found).image).mean() > _mean(dark).mean() + 10


@pytest.mark.parametrize(
    ("field", "value"), [("exposure", 3), ("denoise", -0.1), ("straighten", 16), ("shadow", float("nan"))]
)
def test_values_out_of_range_are_refused(field: str, value: float) -> None:
    with pytest.raises(InputError, match=f"{field.capitalize()} can't be"):
        EnhanceSettings(**{field: value})  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize("aspect", [(0, 1), (1, 20)])
def test_aspects_that_do_not_exist_are_refused(aspect: tuple[float, float]) -> None:
    with pytest.raises(InputError, match="aspect"):
        EnhanceSettings(aspect=aspect)


@pytest.mark.parametrize("wanted", [EnhanceSettings(fill=0.5), EnhanceSettings(white_background=1)])
def test_what_needs_a_product_says_so(wanted: EnhanceSettings) -> None:
    with pytest.raises(InputError, match="where the product is"):
        enhance(_photo(), wanted)


@pytest.mark.parametrize("size", [(2, 2), (2, 300), (300, 3)])
def test_any_size_works(size: tuple[int, int]) -> None:
    image = Image.new("RGB", size, (90, 120, 30))
    everything = EnhanceSettings(
        exposure=0.5, white_balance=1, contrast=0.5, denoise=1, sharpen=1, white_background=1, shadow=1
    )
    mask = rectangles(size, [(0, 0, 1, size[1])])
    assert enhance(image, everything, mask).image.size == size
    assert isinstance(measured(image), EnhanceSettings)
