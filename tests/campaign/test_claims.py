from pathlib import Path

import pytest

from studio.campaign.claims import FILE, flags, load_claims
from studio.campaign.copywriting import LANGUAGES, load_copy
from studio.errors import PromptsError

CLAIMS = load_claims()


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("The BEST mug", "the best"),
        ("100% ceramic", "100%"),
        ("Our #1 bag", "#1"),
        ("Die beste Tasse", "die beste"),
        ("全网最低价的杯子", "全网最低"),
        ("Eco-friendly bottle", "eco friendly"),
        ("Klinisch erwiesen gut", "klinisch erwiesen"),
        ("Nur heute!", "nur heute"),
        ("A free gift", "free gift"),
    ],
)
def test_claims_are_flagged_with_a_reason(text: str, word: str) -> None:
    found = flags(text, CLAIMS)
    assert word.casefold() in [flag.word.casefold() for flag in found]
    assert all(flag.reason in str(flag) and flag.reason for flag in found)


@pytest.mark.parametrize(
    "text", ["A bestseller of 2026", "Cotton, 1000 threads", "Beständig schön", "Free-standing lamp"]
)
def test_words_that_only_look_like_claims_are_not(text: str) -> None:
    assert flags(text, CLAIMS) == []


def test_our_own_templates_make_no_claims() -> None:
    for language in LANGUAGES:
        said = load_copy().words[language]
        for templates in (*said.headline.values(), *said.subline.values(), *said.cta.values()):
            assert all(flags(template, CLAIMS) == [] for template in templates)


def test_a_wrong_entry_is_told_with_its_line(words_folder: Path) -> None:
    (words_folder / FILE).write_text("praise:\n  reason: no\n  words: [good, '!!']\n", encoding="utf-8")
    with pytest.raises(PromptsError, match="“!!” has no letters") as raised:
        load_claims(words_folder)
    assert (raised.value.line, raised.value.field) == (3, "praise.words")
