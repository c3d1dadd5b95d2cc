import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.campaign.line_breaks import balanced, broken, pieces, torn

LETTERS = "ab1,.!-（）“”，。新杯马カーッ "


def width(piece: str) -> float:
    return sum(2.0 if letter > "\u2e80" else 1.0 for letter in piece)


@given(st.text(LETTERS, max_size=60))
def test_pieces_are_the_text_again(text: str) -> None:
    assert "".join(pieces(text)).split() == text.split()


@given(st.text(LETTERS, min_size=1, max_size=60), st.integers(4, 40))
def test_lines_fit_and_lose_nothing(text: str, column: int) -> None:
    units = pieces(text)
    for lines in (broken(units, width, column), balanced(units, width, column)):
        if lines is not None:
            assert all(width(line) <= column for line in lines)
            assert "".join("".join(lines).split()) == "".join(text.split())
            for line in lines[1:]:
                assert line[0] not in "，。）”！ーッ"
            for line in lines[:-1]:
                assert line[-1] not in "（“"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A well-known mug", ["A ", "well-", "known ", "mug"]),
        ("350 ml, 24 €", ["350 ml, ", "24 €"]),
        ("新款，杯（热）", ["新", "款，", "杯", "（热）"]),
        ("只要¥99！", ["只", "要", "¥99！"]),
        ("マグカップ", ["マ", "グ", "カッ", "プ"]),
        ("€18.90", ["€18.90"]),
        ("  ", []),
    ],
)
def test_where_lines_may_end(text: str, expected: list[str]) -> None:
    assert pieces(text) == expected


def test_known_words_stay_whole() -> None:
    assert pieces("红色马克杯", frozenset({"马克杯", "杯"})) == ["红", "色", "马克杯"]


def test_balanced_lines_are_about_equally_long_and_no_more() -> None:
    units = pieces("one two three four five six seven")
    assert broken(units, width, 28) == ["one two three four five six", "seven"]
    assert balanced(units, width, 28) == ["one two three four", "five six seven"]


def test_a_piece_that_is_too_wide_has_no_lines() -> None:
    assert broken(pieces("Donaudampfschiff"), width, 10) is None


def test_scripts_without_spaces_are_read_by_phrases() -> None:
    phrases = "轻盈每一步，舒适一整天，走得更远"
    assert balanced(pieces(phrases), width, 14) == ["轻盈每一步，", "舒适一整天，", "走得更远"]
    assert balanced(pieces(phrases), width, 26) == ["轻盈每一步，", "舒适一整天，走得更远"]
    # Not where a phrase is wider than the column.
    narrow = balanced(pieces(phrases), width, 10)
    assert narrow is not None and torn(narrow) > 0
    assert torn(["轻盈每一步，", "舒适"]) == torn(["well-", "known"]) == torn(["杯", "mug"]) == 0
