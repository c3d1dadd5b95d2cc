import numpy as np
import pytest
from PIL import Image

from studio.editing import looks
from studio.prompts import load_prompts
from studio.styles import Look, Style
from tests.editing.test_recolour import shaded

_IMAGE, _ = shaded((30, 136, 58), side=96)
_STYLES = load_prompts().styles.styles


@pytest.mark.parametrize("name", [name for name, style in _STYLES.items() if style.look != Look()])
def test_every_style_can_be_seen_and_is_the_same_again(name: str) -> None:
    look = _STYLES[name].look
    styled = looks.apply(_IMAGE, look, seed=3)
    assert styled.size == _IMAGE.size
    assert np.abs(np.asarray(styled, int) - np.asarray(_IMAGE, int)).mean() > 3
    assert looks.apply(_IMAGE, look, seed=3).tobytes() == styled.tobytes()


def test_no_strength_changes_nothing_and_half_of_it_half() -> None:
    look = Look(warmth=1)
    assert looks.apply(_IMAGE, look, strength=0).tobytes() == _IMAGE.tobytes()
    half, full = (np.asarray(looks.apply(_IMAGE, look, strength=s), int) for s in (0.5, 1))
    assert np.abs(2 * half - full - np.asarray(_IMAGE, int)).max() <= 2


def _mean(**fields: float | str) -> tuple[float, float, float]:
    red, green, blue = np.asarray(looks.apply(_IMAGE, Look(**fields)), float).mean((0, 1))  # pyright: ignore[reportArgumentType]
    return red, green, blue


def test_fields_do_what_they_say() -> None:
    red, _, blue = np.asarray(_IMAGE, float).mean((0, 1))
    assert _mean(exposure=0.5)[0] > red + 10
    assert _mean(warmth=0.5)[0] > red and _mean(warmth=0.5)[2] < blue
    grey = np.asarray(looks.apply(_IMAGE, Look(saturation=-1)), int)
    assert np.abs(grey[..., 0] - grey[..., 2]).max() <= 2
    two = np.asarray(looks.apply(_IMAGE, Look(duotone=1, shadows="#000000", lights="#ff0000")), int)
    assert two[..., 1].max() < 60
    corner, middle = (np.asarray(looks.apply(_IMAGE, Look(vignette=1)), int)[i, i].sum() for i in (0, 48))
    assert corner < np.asarray(_IMAGE, int)[0, 0].sum() / 2 and abs(middle - np.asarray(_IMAGE, int)[48, 48].sum()) < 9


@pytest.mark.parametrize("size", [(2, 300), (300, 2), (2, 2), (7, 300)])
def test_any_size_works(size: tuple[int, int]) -> None:
    everything = Look(flat=0.5, sketch=0.5, outline=0.5, glow=0.5, grain=0.5, vignette=0.5)
    assert looks.apply(Image.new("RGB", size, (90, 120, 30)), everything).size == size


@pytest.mark.parametrize(
    ("field", "message"),
    [
        ({"scene": "moon"}, "not one of"),
        ({"sweep": "pink"}, "is not a colour"),
        ({"scene": "podium", "sweep": "#ffffff"}, "not both"),
        ({}, "needs a scene or a sweep"),
    ],
)
def test_a_style_that_makes_no_sense_is_refused(field: dict[str, str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Style(en=("a",), zh=("b",), de=("c",), keeps=("product",), **field)  # pyright: ignore[reportArgumentType]
