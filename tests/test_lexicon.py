from __future__ import annotations

import pytest

from studio.lexicon import Found, Lexicon, normal, phrase_of, plural, with_articles, words_in

MUG, LAMP, BAG = Found("product", "mug"), Found("product", "lamp"), Found("product", "handbag")
TABLE = Found("scene", "wooden table")
RED, LEATHER = Found("colour", "red"), Found("material", "leather")
RED_PART, CAP, STRIPES = Found("accent", "red"), Found("part", "cap"), Found("pattern", "stripes")


@pytest.fixture(scope="module")
def lexicon() -> Lexicon:
    return Lexicon(
        english={
            ("mug",): (MUG,),
            ("table", "lamp"): (LAMP,),
            ("lamp",): (LAMP,),
            ("wooden", "table"): (TABLE,),
            ("red",): (RED,),
            ("leather",): (LEATHER,),
            ("stripes",): (STRIPES,),
            ("striped",): (STRIPES,),
            ("cap",): (CAP,),
            ("a",): (),
            ("in",): (),
            ("on",): (),
            ("pose",): (),
            ("background",): (),
        },
        german={
            ("leder",): (LEATHER,),
            ("tasche",): (BAG,),
            ("rot",): (RED,),
            ("ein",): (),
            ("so",): (),
            ("hintergrund",): (),
        },
        chinese={"红": (RED,), "红色": (RED,), "杯": (MUG,), "盖": (CAP,), "的": (), "背景": ()},
        ambiguous=frozenset({("rot",)}),
        stops=frozenset({("a",), ("in",), ("on",)}),
        articles=frozenset({("a",)}),
        joins=frozenset(),
        surroundings=frozenset({("background",), ("hintergrund",), ("背景",)}),
        qualities=frozenset({RED, LEATHER, STRIPES}),
        products=frozenset({MUG, LAMP, BAG}),
        patterns=frozenset({STRIPES}),
        parts=frozenset({CAP}),
        accents={RED: RED_PART},
    )


def cut(lexicon: Lexicon, text: str) -> list[tuple[str, tuple[Found, ...] | None]]:
    """Each piece as typed and what it stands for; None if it is unknown."""
    return [(text[p.start : p.end], p.named if p.known else None) for p in lexicon.pieces(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a Table-Lamp", [("a", ()), ("Table-Lamp", (LAMP,))]),
        ("a wooden table", [("a", ()), ("wooden table", (TABLE,))]),
        ("wooden, table", [("wooden", None), ("table", None)]),
        ("wooden table lamp", [("wooden", None), ("table lamp", (LAMP,))]),
        ("posing", [("posing", ())]),
        ("sposing", [("sposing", None)]),
        ("ein rote Ledertasche", [("ein", ()), ("rote", (RED,)), ("Ledertasche", (LEATHER, BAG))]),
        ("ein son", [("ein", ()), ("son", None)]),
        ("Lederdrache", [("Lederdrache", None)]),
        ("红色的杯", [("红色", (RED,)), ("的", ()), ("杯", (MUG,))]),
        ("红龙虾杯", [("红", (RED,)), ("龙虾", None), ("杯", (MUG,))]),
        ("mug on a red background", [("mug", (MUG,)), ("on", ()), ("a", ()), ("red background", None)]),
        ("mug in red, background", [("mug", (MUG,)), ("in", ()), ("red", (RED,)), ("background", ())]),
        ("红色背景", [("红色背景", None)]),
        ("red mug a cap", [("red", (RED,)), ("mug", (MUG,)), ("a", ()), ("cap", ())]),
        ("a red leather cap", [("a", ()), ("red leather cap", (RED_PART,))]),
        ("a leather cap", [("a", ()), ("leather cap", None)]),
        ("red, cap", [("red", (RED,)), ("cap", ())]),
        ("cap in red", [("cap in red", (RED_PART,))]),
        ("red cap in red", [("red cap", (RED_PART,)), ("in", ()), ("red", (RED,))]),
        ("cap, in red", [("cap", ()), ("in", ()), ("red", (RED,))]),
        ("红色的盖的杯", [("红色的盖", (RED_PART,)), ("的", ()), ("杯", (MUG,))]),
        ("red striped mug", [("red", (RED,)), ("striped", (STRIPES,)), ("mug", (MUG,))]),
        ("mug red striped", [("mug", (MUG,)), ("red striped", (RED_PART, STRIPES))]),
        ("red stripes on a mug", [("red stripes", (RED_PART, STRIPES)), ("on", ()), ("a", ()), ("mug", (MUG,))]),
        ("mug leather stripes", [("mug", (MUG,)), ("leather", (LEATHER,)), ("stripes", (STRIPES,))]),
        ("!!! 42 🔥", []),
        ("", []),
    ],
)
def test_pieces(lexicon: Lexicon, text: str, expected: list[tuple[str, tuple[Found, ...] | None]]) -> None:
    assert cut(lexicon, text) == expected


def test_a_word_of_two_languages_is_german_only_in_german(lexicon: Lexicon) -> None:
    assert cut(lexicon, "rot on a mug") == [("rot", None), ("on", ()), ("a", ()), ("mug", (MUG,))]
    assert cut(lexicon, "ein Hintergrund rot") == [("ein", ()), ("Hintergrund", ()), ("rot", (RED,))]


def test_a_very_long_word_is_looked_up_quickly_and_not_taken_apart(lexicon: Lexicon) -> None:
    word = "leder" * 2000 + "x"

    assert cut(lexicon, word) == [(word, None)]


def test_words_and_their_places() -> None:
    found = [(word[0], word.start()) for word in words_in("A close-up, 500ml 红色 mug!")]

    expected = [("A", 0), ("close", 2), ("up", 8), ("500ml", 12), ("红", 18), ("色", 19), ("mug", 21)]
    assert found == expected
    assert words_in(" !🎉 ") == []


def test_phrases_are_folded() -> None:
    assert phrase_of(" ＣＬＯＳＥ－up, Straße ") == ("close", "up", "strasse")
    assert normal("　ｍｕｇ ") == "mug"


@pytest.mark.parametrize(
    ("noun", "expected"), [("mug", "mugs"), ("dish", "dishes"), ("tray", "trays"), ("lily", "lilies")]
)
def test_plurals(noun: str, expected: str) -> None:
    assert plural(noun) == expected


def test_articles() -> None:
    assert with_articles("a orange mug with a lid, A umber one") == "an orange mug with a lid, An umber one"
