from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studio.prompts import Prompts
from studio.world.captions import caption, complete, mismatched, mistyped
from studio.world.scene import ATTRIBUTES, CORE_ATTRIBUTES, PRODUCTS, sample_scene

SOME = st.fixed_dictionaries({}, optional={group: st.sampled_from(classes) for group, classes in ATTRIBUTES.items()})


def test_the_vocabulary_has_the_classes_of_the_world(prompts: Prompts) -> None:
    classes = {group: tuple(terms) for group, terms in prompts.vocabulary.items()}

    assert set(classes.pop("part")) == {product.part for product in PRODUCTS.values()} | {"accents"}
    assert classes == {group: names for group, names in ATTRIBUTES.items() if group != "accent"}


@given(attributes=SOME.filter(bool), seed=st.integers(0, 2**32))
def test_a_caption_says_what_it_is_given_and_nothing_else(
    prompts: Prompts, attributes: dict[str, str], seed: int
) -> None:
    text = caption(attributes, random.Random(seed), prompts)

    assert prompts.known(text) == attributes
    assert not set("{}[]") & set(text)
    assert ",," not in text and "  " not in text and text == text.strip(" ,")


@pytest.mark.parametrize("product", PRODUCTS)
@given(
    extras=st.fixed_dictionaries(
        {"accent": st.sampled_from(ATTRIBUTES["accent"])},
        optional={group: st.sampled_from(ATTRIBUTES[group]) for group in ("colour", "pattern", "number", "scene")},
    ),
    seed=st.integers(0, 2**32),
)
@settings(max_examples=8)
def test_the_colours_of_a_product_and_of_its_part_are_told_apart(
    prompts: Prompts, product: str, extras: dict[str, str], seed: int
) -> None:
    assert prompts.known(caption({"product": product, **extras}, random.Random(seed), prompts)) == {
        "product": product,
        **extras,
    }


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ({"product": "bottle", "colour": "white", "accent": "red"}, "a white bottle with a red cap"),
        ({"product": "bottle", "colour": "white", "accent": "red"}, "white bottle, red cap"),
        ({"product": "mug", "accent": "orange"}, "a mug with an orange handle"),
        ({"product": "sandal", "accent": "brown", "number": "pair"}, "a pair of sandals with brown straps"),
        ({"accent": "blue"}, "a product with blue accents"),
        ({"product": "mug", "colour": "white", "pattern": "dots"}, "a white polka-dot mug"),
        ({"product": "mug", "pattern": "stripes", "accent": "red"}, "a mug with red stripes"),
        ({"product": "cap", "pattern": "checks"}, "a cap with checks"),
        ({"product": "sneaker", "colour": "red", "number": "pair"}, "red sneakers"),
        ({"product": "sneaker", "colour": "red", "number": "pair"}, "a pair of red sneakers"),
        ({"product": "couch", "number": "pair"}, "two couches"),
        ({"product": "sunglasses", "number": "pair"}, "two sunglasses"),
    ],
)
def test_some_of_the_wordings(prompts: Prompts, attributes: dict[str, str], expected: str) -> None:
    assert expected in {caption(attributes, random.Random(seed), prompts) for seed in range(3000)}


def test_captions_have_nothing_that_would_be_reported_as_unknown(prompts: Prompts) -> None:
    rng = random.Random(0)
    texts = [caption(sample_scene(seed).attributes(), rng, prompts) for seed in range(500)]

    assert {word for text in texts for word in prompts.unknown_words(text)} == set()


def test_wordings_vary_and_repeat_for_a_seed(prompts: Prompts) -> None:
    attributes = sample_scene(1).attributes()
    texts = [caption(attributes, random.Random(seed), prompts) for seed in range(200)]

    assert len(set(texts)) > 150
    assert texts == [caption(attributes, random.Random(seed), prompts) for seed in range(200)]
    assert min(map(len, texts)) * 2 < max(map(len, texts))


def test_most_captions_use_the_canonical_words(prompts: Prompts) -> None:
    rng = random.Random(0)
    texts = [caption({"product": "handbag", "colour": "red"}, rng, prompts) for _ in range(1000)]

    canonical = sum("red" in text.split() and "handbag" in text for text in texts)
    assert 550 < canonical < 850


def test_articles_fit(prompts: Prompts) -> None:
    rng = random.Random(0)
    headphones = [caption({"product": "headphones", "colour": "orange"}, rng, prompts) for _ in range(300)]

    assert not any(" a orange" in f" {text}" or " an headphones" in text for text in headphones)
    assert any("a pair of orange headphones" in text for text in headphones)
    assert all("headphoneses" not in text for text in headphones)
    assert not any(f" {text}".startswith(" a headphones") for text in headphones)


def test_a_mismatched_caption_is_wrong_in_one_core_attribute_or_swaps_two_colours(prompts: Prompts) -> None:
    wrong_groups: set[tuple[str, ...]] = set()
    for seed in range(150):
        attributes = sample_scene(seed).attributes()
        said = prompts.known(mismatched(attributes, random.Random(seed), prompts))
        wrong = tuple(group for group in attributes if said[group] != attributes[group])

        assert set(said) == set(attributes)
        assert len(wrong) == 1 or (said["colour"], said["accent"]) == (attributes["accent"], attributes["colour"])
        wrong_groups.add(wrong)
    assert wrong_groups == {*((group,) for group in CORE_ATTRIBUTES), ("colour", "accent")}


@pytest.mark.parametrize(
    ("prompt", "missing", "completed"),
    [
        (
            "a mug",
            {"colour": "red", "scene": "marble counter", "material": "ceramic", "finish": "glossy"},
            "a mug, red, ceramic, glossy, on a marble counter",
        ),
        ("a mug.", {"material": "wood"}, "a mug, wooden"),
        ("a mug", {}, "a mug"),
        ("", {"product": "mug", "colour": "red"}, "mug, red"),
    ],
)
def test_complete(prompts: Prompts, prompt: str, missing: dict[str, str], completed: str) -> None:
    assert complete(prompt, missing, prompts) == completed


def test_one_word_is_mistyped_and_keeps_its_first_letter() -> None:
    text = "a red mug with 2 glossy handles, on a marble counter"
    for seed in range(200):
        slipped = mistyped(text, random.Random(seed))
        before, after = text.split(), slipped.split()
        wrong = [(old, new) for old, new in zip(before, after, strict=True) if old != new]
        assert len(wrong) == 1
        old, new = wrong[0]
        assert len(old) >= 4 and old[0] == new[0] and abs(len(old) - len(new)) <= 1


def test_what_has_no_long_word_stays() -> None:
    assert mistyped("红色杯子 a mug", random.Random(0)) == "红色杯子 a mug"
