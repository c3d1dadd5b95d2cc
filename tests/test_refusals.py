from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.prompts import Prompts
from studio.refusals import Refusal, refused

WORDS = ("dragon", "Sea Monster", "Straße", "vitamin b12", "龙", "恶 魔", "三K党", "c++", "🐉")
LIST = (Refusal(subject="fables", reason="they are not real", words=WORDS),)


def met(prompt: str) -> str | None:
    found = refused(prompt, LIST)
    return found[1] if found else None


@pytest.mark.parametrize(
    ("prompt", "word"),
    [
        ("dragon", "dragon"),
        ("a mug with a DRAGON on it", "dragon"),
        ("(dragon)!", "dragon"),
        ("dragon's", "dragon"),
        ("a_dragon_mug", "dragon"),
        ("ｄｒａｇｏｎ", "dragon"),
        ("𝔡𝔯𝔞𝔤𝔬𝔫", "dragon"),
        ("dra\u200bg\u00adon", "dragon"),
        ("画一个dragon杯子", "dragon"),
        ("a sea monster", "Sea Monster"),
        ("a sea-monster", "Sea Monster"),
        ("a sea,\n  MONSTER", "Sea Monster"),
        ("strasse", "Straße"),
        ("STRASSE", "Straße"),
        ("vitamin-B12", "vitamin b12"),
        ("红色的龙形茶壶", "龙"),
        ("恶 魔", "恶 魔"),
        ("三ｋ党", "三K党"),
        ("a C++ mug", "c++"),
        ("a 🐉 mug", "🐉"),
        ("a sea monster and a dragon", "Sea Monster"),
        ("dragons", None),
        ("snapdragon", None),
        ("dragon2", None),
        ("drägon", None),
        ("a sea with a monster", None),
        ("seamonster", None),
        ("vitamin b1", None),
        ("vitamin b123", None),
        ("a mug", None),
        ("", None),
    ],
)
def test_words_are_found_whole_and_folded(prompt: str, word: str | None) -> None:
    assert met(prompt) == word


def test_the_first_refusal_of_the_list_is_told() -> None:
    other = Refusal(subject="mugs", reason="there are enough", words=("mug",))

    assert refused("a mug with a dragon", (*LIST, other)) == (LIST[0], "dragon")
    assert refused("a mug with a dragon", (other, *LIST)) == (other, "mug")
    assert refused("a mug", ()) is None


@given(st.text(max_size=100), st.text(max_size=100))
def test_any_text_is_searched_without_error(before: str, after: str) -> None:
    assert met(f"{before} dragon {after}") is not None


@pytest.mark.parametrize(
    "prompt",
    [
        "child porn",
        "a mug with a Nazi flag",
        "neo-nazi poster",
        "Tasse mit Hakenkreuz",
        "ein Becher mit Hakenkreuzen",
        "kinderpornografie",
        "印有纳粹标志的杯子",
        "儿童色情",
        "hentai mug",
    ],
)
def test_the_shipped_list_refuses(prompts: Prompts, prompt: str) -> None:
    assert refused(prompt, prompts.refusals)


@pytest.mark.parametrize(
    "prompt",
    [
        "红色情侣马克杯",  # a couple's red mug: the characters of 色情 stand in it
        "特色情人节礼物花瓶",
        "food porn, a bowl on a wooden table",
        "nude leather handbag",
        "white power bank",
        "a children's chair",
        "Kinderstuhl aus Holz",
        "bowl from Ignazio",
        "brass swastika pendant for Diwali",
    ],
)
def test_the_shipped_list_leaves_products_alone(prompts: Prompts, prompt: str) -> None:
    assert refused(prompt, prompts.refusals) is None


def test_the_shipped_list_leaves_the_studio_s_own_words_alone(prompts: Prompts) -> None:
    terms = [term for classes in prompts.vocabulary.values() for term in classes.values()]
    words = [word for term in terms for word in (term.phrase, *term.says, *term.en, *term.zh, *term.de)]

    assert [word for word in (*prompts.examples, *words) if refused(word, prompts.refusals)] == []
