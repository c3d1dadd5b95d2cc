import numpy as np
import pytest
from PIL import Image

from studio.editing.instruction import Instruction, read
from studio.editing.restyle import restyle
from studio.errors import InputError
from studio.prompts import load_prompts
from studio.styles import Keep
from tests.editing.test_recolour import shaded

_PROMPTS = load_prompts()
_IMAGE, _MASK = shaded((200, 24, 30), side=80)


def _done(text: str, keep: Keep) -> tuple[str, ...]:
    result = restyle(_IMAGE, _MASK, read(_PROMPTS, text), _PROMPTS, keep=keep)
    assert result.image.size == _IMAGE.size
    if keep != "nothing":
        assert result.proof and result.proof.holds and result.proof.locked > 0.2
    assert result.image.tobytes() != _IMAGE.tobytes()
    return result.done


@pytest.mark.parametrize(
    ("text", "keep", "done"),
    [
        ("on a marble counter", "product", ("placed in the scene marble counter",)),
        ("on a pastel pink sweep", "product", ("placed on a seamless sweep", "pastel pink sweep")),
        ("on a navy backdrop", "product", ("placed on a seamless sweep",)),
        ("navy", "product", ("placed on a seamless sweep",)),
        ("golden hour", "product", ("placed in the scene sunlit wall", "golden hour")),
        ("make it navy leather", "shape", ("the product in navy, leather",)),
        ("glossy", "shape", ("the product in glossy",)),
        ("pencil sketch", "shape", ("pencil sketch",)),
        ("golden hour", "nothing", ("golden hour",)),
        ("teal felt on a wooden table", "nothing", ("the product in teal, felt", "placed in the scene wooden table")),
    ],
)
def test_does_what_was_asked_for_and_keeps_what_had_to_stay(text: str, keep: Keep, done: tuple[str, ...]) -> None:
    said = _done(text, keep)
    assert tuple(each for each in said if each in done) == done


@pytest.mark.parametrize("name", list(_PROMPTS.styles.styles))
def test_every_style_works_with_all_it_suits(name: str) -> None:
    for keep in _PROMPTS.styles.styles[name].keeps:
        result = restyle(_IMAGE, _MASK, Instruction(style=name), _PROMPTS, keep=keep)
        assert result.done
        assert keep == "nothing" or (result.proof and result.proof.holds)


def test_strength_goes_from_the_photo_to_all_of_it() -> None:
    wanted = read(_PROMPTS, "make it teal")
    none, full = (restyle(_IMAGE, _MASK, wanted, _PROMPTS, keep="shape", strength=s) for s in (0.0, 1.0))
    assert none.image.tobytes() == _IMAGE.tobytes()
    half = restyle(_IMAGE, _MASK, wanted, _PROMPTS, keep="shape", strength=0.5)
    assert half.proof and half.proof.holds
    middle = (np.asarray(_IMAGE, int) + np.asarray(full.image, int)) / 2
    assert np.abs(np.asarray(half.image, int) - middle).max() <= 1


def test_a_look_of_the_whole_picture_needs_no_mask() -> None:
    assert restyle(_IMAGE, None, read(_PROMPTS, "vintage film"), _PROMPTS, keep="nothing").proof is None


@pytest.mark.parametrize(
    ("text", "keep", "mask", "message"),
    [
        ("felt", "product", _MASK, "is to be kept"),
        ("pencil sketch", "product", _MASK, "is to be kept"),
        ("on a marble counter", "shape", _MASK, "only the product is to change"),
        ("navy", "shape", None, "where the product is"),
        ("navy", "shape", Image.new("L", _IMAGE.size), "covers nothing"),
        ("out of glass", "shape", _MASK, "Nothing can be made of “glass”"),
    ],
)
def test_says_what_can_not_be_done(text: str, keep: Keep, mask: Image.Image | None, message: str) -> None:
    with pytest.raises(InputError, match=message) as raised:
        restyle(_IMAGE, mask, read(_PROMPTS, text), _PROMPTS, keep=keep)
    assert raised.value.hint
