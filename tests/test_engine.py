import logging
import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import pytest
from PIL import Image

from studio import imaging
from studio.backends.base import Capabilities, Step
from studio.engine import CLOSE, Engine
from studio.errors import InputError, WeightsError
from studio.refusals import Refusal
from studio.request import MAX_SEED, GeneratedImage, GenerationRequest
from studio.settings import Settings
from studio.validation import MAX_STEPS
from tests.fakes import FakeBackend, FakeRetoucher


def engine_of(*backends: FakeBackend) -> Engine:
    """An engine whose settings name the first backend."""
    named = {backend.name: backend for backend in backends}
    return Engine(
        Settings(backend=backends[0].name, max_count=64, max_prompt_length=1000), named.__getitem__, FakeRetoucher()
    )


def draw(backend: FakeBackend | None = None, **fields: Any) -> list[GeneratedImage]:
    fields.setdefault("prompt", "a mug")
    return list(engine_of(backend or FakeBackend()).generate(GenerationRequest(**fields)))


def test_image_i_is_drawn_with_seed_plus_i() -> None:
    grid = draw(seed=7, count=4)

    for i, image in enumerate(grid):
        (alone,) = draw(seed=7 + i, count=1)
        assert imaging.pixels_sha256(alone.image) == imaging.pixels_sha256(image.image)
        assert (image.seed, image.index, image.recipe.seed, image.recipe.index) == (7 + i, i, 7 + i, i)


def test_what_is_left_open_is_resolved_once_and_recorded() -> None:
    first, second = draw(count=2), draw(count=2)

    assert first[1].seed == first[0].seed + 1
    assert 0 <= first[0].seed <= 2**53  # exact in JavaScript
    assert first[0].seed != second[0].seed
    assert {image.recipe.size for image in first} == {16}


def test_the_recipe_says_how_it_was_made() -> None:
    (image,) = draw(prompt="  a mug\n", seed=3, count=1, size=32, controls={"azimuth": 5})

    recipe = image.recipe
    assert (recipe.prompt, recipe.size, recipe.backend, recipe.model) == ("a mug", 32, "fake", "fake-1")
    assert (recipe.model_sha256, recipe.licence, recipe.kind) == ("f" * 64, "CC0-1.0", "generate")
    assert recipe.parameters == {"controls": {"azimuth": 5}, "model_prompt": "a mug"}
    assert recipe.pixels_sha256 == imaging.pixels_sha256(image.image)
    assert set(recipe.versions) == {"studio", "python", "torch", "transformers"}
    assert recipe.created.endswith("+00:00")


@pytest.mark.parametrize(
    "prompt",
    [
        "🎉🎈",
        "<script>alert(1)</script> a mug",
        "كوب أحمر على طاولة",
        "\u202ea mug",
        "一个红色的杯子",
        "a mug\x00",
        "x" * 1000,
        "' OR 1=1 --",
    ],
)
def test_unusual_prompts_are_drawn_as_typed(prompt: str) -> None:
    (image,) = draw(prompt=prompt, count=1, seed=1)

    assert image.recipe.prompt == prompt


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"prompt": ""}, "The prompt is empty"),
        ({"prompt": " \n\t"}, "The prompt is empty"),
        ({"prompt": None}, "The prompt is empty"),
        ({"prompt": "x" * 10_000}, "10,000 characters. Use at most 1,000"),
        ({"prompt": "a \ud83d mug"}, "broken character"),
        ({"count": 0}, "Ask for 1 to 64"),
        ({"count": -1}, "Ask for 1 to 64"),
        ({"count": 1000}, "Ask for 1 to 64"),
        ({"count": 2.0}, "Ask for 1 to 64"),
        ({"count": True}, "Ask for 1 to 64"),
        ({"count": math.nan}, "Ask for 1 to 64"),
        ({"seed": math.nan}, "seed can't be nan"),
        ({"seed": math.inf}, "seed can't be inf"),
        ({"seed": 1.5}, "seed can't be 1.5"),
        ({"seed": "7"}, "seed can't be 7"),
        ({"seed": -1}, "seed can't be -1"),
        ({"seed": MAX_SEED + 1}, "Use a whole number from 0"),
        ({"seed": MAX_SEED, "count": 2}, "too high for 2 images"),
        ({"size": 512}, "It offers: 16, 32"),
        ({"size": 0}, "It offers: 16, 32"),
        ({"size": 16.0}, "It offers: 16, 32"),
        ({"controls": {"zoom": 1}}, "no control 'zoom'"),
        ({"controls": {"azimuth": math.nan}}, "Use -60 to 60°"),
        ({"controls": {"azimuth": 61}}, "Use -60 to 60°"),
        ({"controls": {"azimuth": "left"}}, "Use -60 to 60°"),
        ({"near": (-1,)}, "stay near can't be -1"),
        ({"near": ("7",)}, "stay near can't be 7"),
        ({"near": (1,) * (MAX_STEPS + 1)}, "101 small steps are too many"),
    ],
)
def test_what_makes_no_sense_is_refused_before_anything_is_drawn(fields: dict[str, Any], said: str) -> None:
    backend = FakeBackend(broken=True)

    with pytest.raises(InputError) as caught:
        draw(backend, **fields)

    assert said in str(caught.value)
    assert backend.drawn == []


def test_the_last_seed_is_drawn() -> None:
    (image,) = draw(seed=MAX_SEED, count=1)

    assert image.seed == MAX_SEED


def test_altered_weights_are_an_error_and_the_next_request_may_succeed() -> None:
    backend = FakeBackend(broken=True)
    engine = engine_of(backend)
    request = GenerationRequest(prompt="a mug", count=1)

    with pytest.raises(WeightsError):
        list(engine.generate(request))
    backend.broken = False
    assert len(list(engine.generate(request))) == 1


def test_what_the_list_refuses_is_neither_drawn_nor_understood(caplog: pytest.LogCaptureFixture) -> None:
    backend = FakeBackend(broken=True)
    refusal = Refusal(subject="dragons", reason="they are extinct", words=("dragon", "green dragon"))
    engine = Engine(Settings(backend="fake"), lambda _: backend, FakeRetoucher(), (refusal,))
    prompt = "a secret mug with a DRAGON"

    with caplog.at_level(logging.INFO, logger="studio"):
        for ask in (
            lambda: list(engine.generate(GenerationRequest(prompt=prompt))),
            lambda: engine.understand(prompt),
        ):
            with pytest.raises(InputError) as caught:
                ask()
            assert str(caught.value) == "This studio doesn't draw dragons: they are extinct. Leave out “dragon”."

    assert caplog.messages == ["refused: dragons, because of “dragon”"] * 2


def test_a_picture_of_what_is_refused_now_is_not_drawn_again() -> None:
    (image,) = draw(prompt="a dragon", seed=9, count=1)
    refusal = Refusal(subject="dragons", reason="they are extinct", words=("dragon",))

    verdict = Engine(Settings(backend="fake"), lambda _: FakeBackend(), FakeRetoucher(), (refusal,)).redraw(
        image.recipe, image.image
    )

    assert (verdict.outcome, verdict.intact) == ("not_reproducible", True)
    assert "they are extinct" in verdict.reason


def test_understand_checks_the_prompt_and_asks_the_backend() -> None:
    engine = engine_of(FakeBackend())

    assert engine.understand(" a mug, a dragon ").unknown == ("dragon",)
    with pytest.raises(InputError):
        engine.understand("")


def test_a_request_may_name_another_backend() -> None:
    engine = engine_of(FakeBackend(), FakeBackend(name="other", model="other-1"))

    (image,) = engine.generate(GenerationRequest(prompt="a mug", count=1, backend="other"))

    assert (image.recipe.backend, image.recipe.model) == ("other", "other-1")


def test_threads_draw_the_same_pixels_one_at_a_time() -> None:
    backend = FakeBackend()
    engine = engine_of(backend)
    alone = [imaging.pixels_sha256(image.image) for image in draw(seed=5, count=6)]

    def shifted(start: int) -> list[str]:
        request = GenerationRequest(prompt="a mug", seed=5 + start, count=6 - start)
        return [imaging.pixels_sha256(image.image) for image in engine.generate(request)]

    with ThreadPoolExecutor(6) as threads:
        drawn = list(threads.map(shifted, range(6)))

    assert drawn == [alone[start:] for start in range(6)]
    assert not backend.entered_twice


def altered(image: Image.Image) -> Image.Image:
    changed = image.copy()
    changed.putpixel((0, 0), (1, 2, 3))
    return changed


@dataclass
class AbsentBackend(FakeBackend):
    """Has to be downloaded first."""

    @property
    def capabilities(self) -> Capabilities:
        if "fetched" not in self.happened:
            raise WeightsError("absent-1 is not on this computer yet.", "Choose it under Model.")
        return super().capabilities


def test_no_other_model_than_that_of_the_settings_is_downloaded_for_a_redraw() -> None:
    (image,) = draw(FakeBackend(name="absent"), seed=9, count=1)
    absent = AbsentBackend(name="absent")

    verdict = engine_of(FakeBackend(), absent).redraw(image.recipe, image.image, backend="absent")
    assert (verdict.outcome, verdict.intact, absent.happened) == ("not_reproducible", True, [])
    assert verdict.reason == "Its model can't be used here: absent-1 is not on this computer yet."

    assert engine_of(absent).redraw(image.recipe, image.image).outcome == "exact"


def test_redraw_of_an_untouched_image_is_exact() -> None:
    (image,) = draw(seed=9, count=1, controls={"azimuth": 5})

    verdict = engine_of(FakeBackend()).redraw(image.recipe, image.image)

    assert (verdict.outcome, verdict.intact, verdict.max_difference) == ("exact", True, 0)


def test_an_image_near_another_is_drawn_again_too() -> None:
    (image,) = draw(seed=9, count=1, near=(3, 4))

    assert image.recipe.near == (3, 4)
    assert engine_of(FakeBackend()).redraw(image.recipe, image.image).outcome == "exact"
    assert image.recipe.request_like == GenerationRequest(prompt="a mug", count=1, size=16, near=(3, 4, 9))


@pytest.mark.parametrize(("offset", "outcome"), [(1, "close"), (CLOSE, "close"), (CLOSE + 1, "not_reproducible")])
def test_redraw_elsewhere_is_close_or_not(offset: int, outcome: str) -> None:
    (image,) = draw(seed=9, count=1)

    verdict = engine_of(FakeBackend(offset=offset)).redraw(image.recipe, image.image)

    assert (verdict.outcome, verdict.intact, verdict.max_difference) == (outcome, True, offset)


@pytest.mark.parametrize(
    ("change", "backend", "reason"),
    [
        (altered, FakeBackend(), "pixels were changed"),
        (lambda image: image.resize((8, 8)), FakeBackend(), "pixels were changed"),
        (None, FakeBackend(model="fake-2", model_sha256="e" * 64), "another model (fake-1, ffffffffffff)"),
        (None, FakeBackend(name="gan"), "made by 'fake'"),
    ],
)
def test_redraw_says_why_it_is_not_reproducible(
    change: Callable[[Image.Image], Image.Image] | None, backend: FakeBackend, reason: str
) -> None:
    (drawn,) = draw(seed=9, count=1)

    verdict = engine_of(backend).redraw(drawn.recipe, change(drawn.image) if change else drawn.image)

    assert (verdict.outcome, verdict.intact) == ("not_reproducible", change is None)
    assert reason in verdict.reason
    assert backend.drawn == []


@pytest.mark.parametrize(
    "changes", [{"size": 512}, {"seed": -1}, {"parameters": {"controls": {"azimuth": 1e9}}}, {"prompt": "x" * 5000}]
)
def test_redraw_of_an_impossible_recipe_is_a_verdict_and_no_error(changes: dict[str, Any]) -> None:
    (image,) = draw(seed=9, count=1)

    verdict = engine_of(FakeBackend()).redraw(replace(image.recipe, **changes), image.image)

    assert verdict.outcome == "not_reproducible"
    assert "can't be drawn here" in verdict.reason


def test_a_redraw_names_what_changed() -> None:
    (image,) = draw(seed=9, count=1)
    engine = engine_of(FakeBackend(offset=1))

    other_words = replace(image.recipe, parameters={"model_prompt": "a cup"})
    other_versions = replace(image.recipe, versions={"torch": "1.0"})

    assert "word lists" in engine.redraw(other_words, image.image).reason
    assert "other versions" in engine.redraw(other_versions, image.image).reason


def test_a_model_is_fetched_before_it_is_loaded() -> None:
    backend = FakeBackend()
    draw(backend, seed=1, count=2)

    assert backend.happened == ["fetched", "loaded", "loaded"]


def test_big_models_take_turns_in_memory() -> None:
    first, second = FakeBackend("first", quick=False), FakeBackend("second", quick=False)
    engine = engine_of(FakeBackend(), first, second)
    for name in ("first", "fake", "first", "second", "first"):
        engine.warm(name)

    assert [what for what in first.happened if what != "fetched"] == ["loaded", "loaded", "unloaded", "loaded"]
    assert [what for what in second.happened if what != "fetched"] == ["loaded", "unloaded"]


@pytest.mark.parametrize(("quick", "happened"), [(False, []), (True, ["loaded"])])
def test_understanding_needs_no_turn(quick: bool, happened: list[str]) -> None:
    backend = FakeBackend(quick=quick)
    engine = engine_of(backend)
    # While an image is being drawn, and would be for minutes.
    with ThreadPoolExecutor(1) as aside, engine._drawing:
        assert aside.submit(engine.understand, "a mug").result(timeout=20).canonical == "a mug"
    assert backend.happened == happened


def test_it_is_told_when_a_big_model_is_loaded_and_may_end_it_there() -> None:
    big, small, told = FakeBackend("big", quick=False), FakeBackend(), list[Step]()
    for backend in (small, big):
        list(engine_of(backend).generate(GenerationRequest(prompt="a mug", count=1), told.append))
    assert told == [Step(stage="loading"), Step()]

    class Stopped(Exception):
        pass

    def stop(step: Step) -> None:
        raise Stopped

    other = FakeBackend("big", quick=False)
    engine = engine_of(other)
    with pytest.raises(Stopped):
        list(engine.generate(GenerationRequest(prompt="a mug"), stop))
    assert "loaded" not in other.happened
    assert len(list(engine.generate(GenerationRequest(prompt="a mug")))) == 4
