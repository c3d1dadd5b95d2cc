import pytest

from studio.backends.base import Control
from studio.errors import InputError
from studio.request import GenerationRequest
from studio.ui.controls import from_request, new_seed, read_seed, to_request

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
