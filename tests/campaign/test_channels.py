from pathlib import Path

import pytest

from studio.campaign.box import Box
from studio.campaign.channels import FILE, load_channels
from studio.campaign.layouts import load_layouts, shape_of
from studio.errors import InputError, PromptsError

ONE = """\
standard: [shop]
channels:
  shop: {title: A shop, kind: ad, size: 800x600, formats: [jpg], max_bytes: 100000, evidence: official}
"""


def test_the_standard_channels_are_six_for_ads() -> None:
    channels = load_channels().chosen()
    assert len(channels) == 6 and {channel.kind for channel in channels} == {"ad"}


def test_facts_of_some_channels() -> None:
    channels = load_channels().all
    assert len(channels) == 37
    assert channels["amazon_main"].background == "white" and channels["amazon_main"].fill is not None
    assert channels["google_shopping"].size == (1500, 1500)  # at least 500 x 500 from 2027 on
    assert channels["meta_story"].safe == Box(left=1440 * 0.06, top=2560 * 0.14, right=1440 * 0.94, bottom=2560 * 0.65)
    assert channels["iab_mobile"].max_bytes == 50_000
    assert not channels["amazon_sponsored_brands"].words
    assert channels["tmall_portrait"].evidence == "unverified"


@pytest.mark.parametrize("name", load_channels().all)
def test_the_frame_of_every_channel_is_within_what_is_safe_and_has_a_layout(name: str) -> None:
    channel = load_channels().all[name]
    assert channel.frame.within(channel.safe)
    assert channel.frame.width > 0.5 * channel.width
    layouts = load_layouts().for_channel(channel)
    assert len(layouts) == 1 and shape_of(channel.frame) in layouts[0].shapes


def test_channels_are_chosen_once_and_strange_names_are_told() -> None:
    channels = load_channels()
    assert [channel.name for channel in channels.chosen(["x_post", "meta_story", "x_post"])] == ["x_post", "meta_story"]
    with pytest.raises(InputError, match=r"no channel “x_pots”.*x_post"):
        channels.chosen(["x_pots"])


def test_a_channel_of_ones_own_takes_the_place_of_the_others(words_folder: Path) -> None:
    (words_folder / FILE).write_text(ONE, encoding="utf-8")
    assert list(load_channels(words_folder).all) == ["shop"]


@pytest.mark.parametrize(
    ("old", "new", "line", "field", "problem"),
    [
        ("800x600", "800 by 600", 3, "channels.shop.size", "such as 1200x628"),
        ("800x600", "8000x600", 3, "channels.shop.size", "4096"),
        ("[jpg]", "[gif]", 3, "channels.shop.formats.0", "is not one of"),
        ("kind: ad", "kind: advert", 3, "channels.shop.kind", "is not one of"),
        ("official}", "official, colour: red}", 3, "channels.shop.colour", "not a field"),
        ("[shop]", "[shop, shelf]", 1, "", "shelf"),
        (", max_bytes: 100000", "", 3, "channels.shop.max_bytes", "missing"),
    ],
)
def test_a_wrong_entry_is_told_with_its_line_and_field(
    words_folder: Path, old: str, new: str, line: int, field: str, problem: str
) -> None:
    file = words_folder / FILE
    file.write_text(ONE.replace(old, new), encoding="utf-8")
    load_channels.cache_clear()
    with pytest.raises(PromptsError, match=problem) as raised:
        load_channels(words_folder)
    assert (raised.value.file, raised.value.line, raised.value.field) == (file, line, field)
