from dataclasses import replace

import pytest

from studio.backends.base import Capabilities, Choice, Control
from studio.errors import InputError
from studio.request import GenerationRequest
from studio.ui.controls import fitting, from_request, new_seed, read_seed, to_request

CONTROLS = (
    Control(name="azimuth", label="Turn", low=-60, high=60, step=1, unit="°"),
    Control(name="fill", label="Closeness", low=0.68, high=1, step=0.01, unit=""),
)


@pytest.mark.parametrize(
    "request_",
    [
        GenerationRequest(prompt="a red mug", count=8, seed=7),
        GenerationRequest(prompt="", count=1),
        GenerationRequest(prompt="红色的杯子", count=1, seed=2**63 - 1, controls={"fill": 0.9}),
        GenerationRequest(prompt="a mug", seed=0, controls={"azimuth": 0.0, "fill": 0.68}),
        GenerationRequest(prompt="a mug", seed=1, near=(412, 2**63 - 1)),
        GenerationRequest(prompt="a mug", negative_prompt="text", size=512, backend="diffusion:a/b"),
        GenerationRequest(prompt="a mug", choices={"scheduler": "DDIM"}, controls={"fill": 0.7}),
    ],
)
def test_widgets_and_requests_are_inverse(request_: GenerationRequest) -> None:
    assert to_request(CONTROLS, *from_request(CONTROLS, request_)) == request_  # type: ignore[arg-type]


def test_a_slider_on_auto_is_no_control() -> None:
    request = to_request(CONTROLS, "a mug", 4, "7", "", "", "", "", "", True, 30, False, 0.8)

    assert request.controls == {"fill": 0.8}


def test_a_slider_on_auto_rests_in_the_middle_on_one_of_its_steps() -> None:
    assert from_request(CONTROLS, GenerationRequest(prompt="a mug"))[8:] == [True, 0, True, 0.84]


@pytest.mark.parametrize("text", ["NaN", "-1", "1.5", "1e3", "seven", "٧", "9" * 20, "7; drop"])
def test_a_seed_that_is_no_whole_number_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="whole number"):
        read_seed(text)


def test_seeds() -> None:
    assert read_seed(" 42 ") == 42
    assert read_seed("  ") is None
    assert {0 <= new_seed() < 10**6 for _ in range(100)} == {True}


def test_what_a_model_does_not_offer_is_left_out() -> None:
    offered = Capabilities(
        sizes=(64, 48),
        controls=CONTROLS[:1],
        licence="mit",
        choices=(Choice(name="scheduler", label="Scheduler", values=("DDIM", "Euler")),),
    )
    asked = GenerationRequest(
        prompt="a mug",
        negative_prompt="text",
        near=(7,),
        controls={"azimuth": 5.0, "fill": 0.8},
        choices={"scheduler": "PNDM"},
    )

    assert fitting(asked, offered) == GenerationRequest(prompt="a mug", controls={"azimuth": 5.0})
    kept = replace(asked, size=48, choices={"scheduler": "Euler"}, negative_prompt="", near=())
    assert fitting(kept, offered) == replace(kept, controls={"azimuth": 5.0})
    assert fitting(replace(kept, size=64), offered).size is None  # which is what the model has by itself
    assert fitting(replace(kept, size=48), replace(offered, sizes=(64,))).size is None
    assert fitting(replace(kept, near=(7,)), replace(offered, near=True)).near == (7,)


def test_a_size_is_one_of_those_that_are_offered() -> None:
    offered = Capabilities(sizes=(64, 48), controls=(), licence="mit")
    assert to_request((), "a mug", 4, "7", "", "", " 48 ").size == 48
    assert to_request((), "a mug", 4, "7", "", "", " ").size is None
    for text in ("512 px", "4.5", "-48", "٤٨", "9" * 6):
        with pytest.raises(InputError, match="whole number of pixels"):
            to_request((), "a mug", 4, "7", "", "", text)
    with pytest.raises(InputError, match=r"256 pixels.*64, 48"):
        fitting(GenerationRequest(prompt="a mug", size=256), offered)


def test_a_slider_on_auto_rests_where_the_model_has_it() -> None:
    steps = Control(name="steps", label="Steps", low=1, high=100, step=1, unit="", default=4)
    assert from_request((steps,), GenerationRequest(prompt="a mug"))[8:] == [True, 4]
