from pathlib import Path

import pytest

from studio.campaign.box import Box
from studio.campaign.channels import load_channels
from studio.campaign.layouts import FILE, Layout, load_layouts
from studio.errors import InputError, PromptsError
from studio.settings import packaged

CHANNELS, LAYOUTS = load_channels(), load_layouts()


def layout(**given: object) -> Layout:
    base = {"name": "one", "title": "One", "shapes": ["square"], "ground": "scene", "product": "0 0.5 1 1"}
    return Layout.model_validate({**base, "words": "0 0 1 0.4", **given})


def test_there_are_more_than_eight_with_words() -> None:
    assert sum(each.words is not None for each in LAYOUTS.all.values()) >= 8


@pytest.mark.parametrize("name", [name for name, each in LAYOUTS.all.items() if each.panel == "block"])
def test_a_block_has_the_words_in_it_and_nothing_of_the_product(name: str) -> None:
    each = LAYOUTS.all[name]
    for channel in CHANNELS.all.values():
        for seen in (each, each.mirrored()):
            block = seen.block(channel.frame, channel.width, channel.height)
            assert block is not None and seen.words is not None and seen.product is not None
            assert channel.frame.part(seen.words).within(block, tolerance=1)
            assert not channel.frame.part(seen.product).overlaps(block, tolerance=1)


def test_a_mirrored_layout_has_its_words_on_the_other_side() -> None:
    each = layout(words="0 0 0.3 1", product="0.5 0 1 1")
    assert each.mirrored().words == Box(left=0.7, top=0, right=1, bottom=1)
    assert each.mirrored().mirrored().product == each.product


def test_what_suits_a_channel_is_taken_and_what_does_not_is_not() -> None:
    story = CHANNELS.all["google_half_page"]
    assert [each.name for each in LAYOUTS.for_channel(story, ["beside", "poster", "card_below"])] == [
        "card_below",
        "poster",
    ]
    assert [each.name for each in LAYOUTS.for_channel(story, ["beside"])] == ["above"]  # it suits no portrait
    assert [each.name for each in LAYOUTS.for_channel(CHANNELS.all["amazon_main"], ["poster"])] == ["packshot"]
    assert [each.name for each in LAYOUTS.for_channel(CHANNELS.all["google_ads_logo_wide"])] == ["logo"]
    with pytest.raises(InputError, match="no layout “besides”"):
        LAYOUTS.for_channel(story, ["besides"])


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"words": "0 0 1 0.6"}, "product and words overlap"),
        ({"words": "0 0 1"}, "left, top, right and bottom"),
        ({"words": "0.5 0 0.4 0.4"}, "left before right"),
        ({"words": None, "action": "0 0 1 0.4"}, "action needs words"),
        ({"words": None, "panel": "card"}, "a panel needs words"),
        ({"product": None}, "needs room for a product"),
        ({"logo": "0 0 0.2 0.2"}, "words and logo overlap"),
    ],
)
def test_a_layout_that_makes_no_sense_is_refused(given: dict[str, object], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        layout(**given)


def test_a_wrong_layout_is_told_with_its_line(words_folder: Path) -> None:
    text = (packaged("prompts") / FILE).read_text(encoding="utf-8")
    broken = text.replace("words: 0.01 0.16 0.47 1", "words: 0.01 0.16 0.77 1")
    (words_folder / FILE).write_text(broken, encoding="utf-8")
    with pytest.raises(PromptsError, match="product and words overlap") as raised:
        load_layouts(words_folder)
    assert raised.value.field == "layouts.beside" and raised.value.line > 20


def test_a_shape_without_a_layout_is_told(words_folder: Path) -> None:
    text = (packaged("prompts") / FILE).read_text(encoding="utf-8")
    (words_folder / FILE).write_text(text.replace("shapes: [strip]", "shapes: [square]"), encoding="utf-8")
    load_layouts.cache_clear()
    with pytest.raises(PromptsError, match="no layout with words for the shape strip"):
        load_layouts(words_folder)


def test_small_rectangles_have_their_words_beside_the_product() -> None:
    for name in ("iab_medium_rectangle", "google_large_rectangle"):
        assert LAYOUTS.for_channel(CHANNELS.all[name])[0].name == "beside"
