from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studio.campaign.box import Box
from studio.campaign.fonts import Fonts
from studio.campaign.typesetting import Role, Setting, Typesetter
from studio.errors import InputError

FONTS = Fonts(system=())
BOX = Box(left=40, top=30, right=640, bottom=430)
WORDS: dict[Role, str] = {
    "headline": "The mug that makes mornings better",
    "subline": "Glossy red ceramic, 350 ml",
    "price": "€24",
    "cta": "Shop now",
    "disclaimer": "Offer valid until 31 December.",
}
TEXTS = st.text("aegjÅÖy 1,.!-", min_size=1, max_size=60).filter(str.strip)


def by_role(settings: tuple[Setting, ...]) -> dict[Role, Setting]:
    return {setting.role: setting for setting in settings}


@settings(max_examples=80, deadline=None)
@given(TEXTS, TEXTS, st.integers(80, 900), st.integers(40, 700), st.sampled_from(["start", "centre"]))
def test_what_is_set_is_within_its_box_and_nothing_lies_on_anything(
    headline: str, subline: str, width: int, height: int, align: str
) -> None:
    box = Box(left=10, top=20, right=10 + width, bottom=20 + height)
    words: dict[Role, str] = {**WORDS, "headline": headline, "subline": subline}
    try:
        found = Typesetter(fonts=FONTS).set(
            words, box, largest=120, picture=400, align="centre" if align == "centre" else "start"
        )
    except InputError:
        return
    for setting in found.settings:
        assert setting.box.within(box) and setting.ink.within(box, tolerance=1)
    for first, second in pairwise(found.settings):
        assert not first.box.overlaps(second.box)
    inks = [line.ink for setting in found.settings for line in setting.lines]
    assert not any(one.overlaps(other) for index, one in enumerate(inks) for other in inks[:index])
    assert {setting.role for setting in found.settings} | set(found.left_out) == {
        role for role, text in words.items() if text.strip()
    }


def test_headlines_are_largest_and_small_print_smallest() -> None:
    sizes = {s.role: s.size for s in Typesetter(fonts=FONTS).set(WORDS, BOX, largest=90, picture=628).settings}
    assert sizes["headline"] > sizes["price"] > sizes["subline"] >= sizes["cta"] > sizes["disclaimer"]
    assert sizes["headline"] <= 90


def test_a_larger_box_gives_larger_letters_up_to_the_largest() -> None:
    large = Box(left=0, top=0, right=2000, bottom=1500)
    assert by_role(Typesetter(fonts=FONTS).set(WORDS, large, largest=90, picture=628).settings)["headline"].size >= 86


def test_price_and_button_stand_in_a_row_where_there_is_room() -> None:
    found = by_role(Typesetter(fonts=FONTS).set(WORDS, BOX, largest=60, picture=628).settings)
    assert found["price"].box.right < found["cta"].box.left
    middle = (found["cta"].box.top + found["cta"].box.bottom) / 2
    assert abs((found["price"].ink.top + found["price"].ink.bottom) / 2 - middle) <= 1


def test_hebrew_stands_at_the_right_and_reads_from_there() -> None:
    words: dict[Role, str] = {"headline": "כוס אדומה", "price": "24 ₪", "cta": "לקנות"}
    found = by_role(Typesetter(fonts=FONTS, language="he").set(words, BOX, largest=60, picture=628).settings)
    assert found["headline"].box.right == pytest.approx(BOX.right, abs=3)
    assert found["price"].box.left > found["cta"].box.right
    assert all(line.right_to_left for line in found["headline"].lines)


def test_a_price_without_letters_stands_where_the_headline_does() -> None:
    words: dict[Role, str] = {"headline": "כוס אדומה", "price": "24 ₪"}
    setter = Typesetter(fonts=FONTS, language="he", right_to_left=True)
    found = by_role(setter.set(words, BOX, largest=60, picture=628).settings)
    assert found["price"].box.right == pytest.approx(found["headline"].box.right, abs=3)
    assert found["price"].lines[0].right_to_left
    latin: dict[Role, str] = {"headline": "כוס אדומה", "price": "24 EUR"}
    assert by_role(setter.set(latin, BOX, largest=60, picture=628).settings)["price"].box.left == BOX.left


def test_what_has_no_room_gives_way_and_the_headline_never_does() -> None:
    low = Box(left=0, top=0, right=300, bottom=40)
    found = Typesetter(fonts=FONTS).set({**WORDS, "disclaimer": ""}, low, largest=40, picture=250)
    assert "headline" in by_role(found.settings) and found.left_out[0] == "subline"
    with pytest.raises(InputError, match="no room for the headline"):
        Typesetter(fonts=FONTS).set({"headline": "Donaudampfschifffahrtsgesellschaft"}, low, largest=40, picture=2000)


def test_small_print_is_not_dropped_in_silence() -> None:
    tiny = Box(left=0, top=0, right=300, bottom=30)
    with pytest.raises(InputError, match="no room"):
        Typesetter(fonts=FONTS).set(
            {"headline": "Mug", "disclaimer": "Terms apply. " * 9}, tiny, largest=30, picture=250
        )


def test_fewer_lines_are_preferred_to_a_little_size() -> None:
    narrow = Box(left=0, top=0, right=600, bottom=600)
    found = by_role(
        Typesetter(fonts=FONTS).set({"headline": "Good mornings begin"}, narrow, largest=66, picture=600).settings
    )
    assert len(found["headline"].lines) == 1


def test_nothing_to_say_is_nothing_to_set() -> None:
    assert Typesetter(fonts=FONTS).set({"headline": "  "}, BOX, largest=60, picture=628).settings == ()


def test_a_chinese_headline_is_smaller_rather_than_torn_inside_a_phrase() -> None:
    try:
        fonts = Fonts()
        fonts.face("轻盈", language="zh")
    except InputError:
        pytest.skip("no Chinese font on this computer")
    tower = Box(left=0, top=0, right=142, bottom=220)
    setter = Typesetter(fonts=fonts, language="zh")
    found = by_role(setter.set({"headline": "轻盈每一步，舒适一整天"}, tower, largest=30, picture=310).settings)
    first, second = found["headline"].lines
    assert [first.text, second.text] == ["轻盈每一步，", "舒适一整天"]


def test_a_comma_at_the_end_of_a_centred_line_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("studio.campaign.typesetting._HANGS", ",")  # as the wide one, which needs a font for Chinese
    wide, narrow = (
        by_role(Typesetter(fonts=FONTS).set({"headline": text}, BOX, largest=60, picture=628, align="centre").settings)
        for text in ("Mug,", "Mug")
    )
    assert abs(wide["headline"].lines[0].x - narrow["headline"].lines[0].x) <= 1
    assert wide["headline"].box.within(BOX)
