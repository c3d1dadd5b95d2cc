import json
from dataclasses import replace

import pytest

from studio.errors import InputError
from studio.request import Recipe

RECIPE = Recipe(
    prompt="ein <b>Becher</b> 红色 🎉",
    seed=2**63 - 1,
    index=3,
    size=128,
    backend="gan",
    model="tiny",
    model_sha256="ab" * 32,
    parameters={"controls": {"azimuth": -12.5}, "model_prompt": "a mug", "continuous": {"fill": 0.1 + 0.2}},
    pixels_sha256="cd" * 32,
    versions={"torch": "2.13.0"},
    created="2026-01-02T03:04:05.000006+00:00",
    licence="Apache-2.0",
)


def test_a_recipe_survives_json() -> None:
    assert Recipe.from_json(RECIPE.to_json()) == RECIPE


def test_a_recipe_asks_for_its_own_image_again() -> None:
    request = RECIPE.request

    assert (request.prompt, request.count, request.seed, request.size) == (RECIPE.prompt, 1, RECIPE.seed, 128)
    assert request.controls == {"azimuth": -12.5}
    assert request.backend is None  # a file must not choose a folder of this machine


@pytest.mark.parametrize("controls", [None, [1], "azimuth", {"azimuth": "left"}])
def test_strange_controls_are_no_controls(controls: object) -> None:
    assert replace(RECIPE, parameters={"controls": controls}).controls == {}


def broken(**changes: object) -> str:
    return json.dumps(json.loads(RECIPE.to_json()) | changes)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "[]",
        "{}",
        "{" * 1000,
        "[" * 60_000,
        broken(seed="7"),
        broken(seed=1.5),
        broken(prompt=None),
        broken(parameters=[]),
        broken(versions={"torch": 2}),
        broken(format_version=99),
        broken(parameters={"controls": {"azimuth": float("nan")}}),
        broken(prompt="?").replace("?", "\\ud800"),
    ],
)
def test_a_damaged_recipe_is_refused_in_one_plain_line(text: str) -> None:
    with pytest.raises(InputError) as caught:
        Recipe.from_json(text)

    assert len(str(caught.value)) < 300
