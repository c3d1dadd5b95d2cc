from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.campaign.brief import COLUMNS, brief_of, read_briefs
from studio.errors import InputError
from tests.campaign.drawn import save_photo


def table(folder: Path, text: str, encoding: str = "utf-8") -> Path:
    file = folder / "briefs.csv"
    file.write_bytes(text.encode(encoding))
    return file


def test_a_row_with_everything(tmp_path: Path) -> None:
    photo = save_photo(tmp_path / "photos" / "mug.png")
    text = f"{','.join(COLUMNS)}\nm-1,Aurora,a red mug,photos/mug.png,Hello,All day,Buy,€18\n"
    found = read_briefs(table(tmp_path, text))
    (brief,) = found.good
    assert found.bad == () and found.unused == ()
    assert brief.image == photo.resolve() and not brief.is_drawn and brief.line == 2
    assert (brief.sku, brief.name, brief.description) == ("m-1", "Aurora", "a red mug")
    assert (brief.headline, brief.subline, brief.cta, brief.price) == ("Hello", "All day", "Buy", "€18")


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_what_spreadsheets_write_is_read(tmp_path: Path, delimiter: str, encoding: str) -> None:
    text = f'SKU,Description,Stock\r\nä-1,"a mug{delimiter} red",7\r\n,,\r\n'.replace(",", delimiter)
    found = read_briefs(table(tmp_path, text, encoding))
    assert [(brief.sku, brief.description) for brief in found.good] == [
        ("ä-1", " ".join(f"a mug{delimiter} red".split()))
    ]
    assert found.unused == ("stock",) and found.bad == ()


def test_a_bad_row_is_told_with_its_line_and_spoils_no_other(tmp_path: Path) -> None:
    (tmp_path / "link.png").symlink_to("/etc/hostname")
    rows = [
        "a,a mug,",
        ",a mug,",
        "b,,",
        "A,a mug,",
        "c,,/etc/passwd",
        "d,,../x.png",
        "e,,https://example.com/x.png",
        "f,,C:\\x.png",
        "g,,link.png",
        "h,,missing.png",
        "i,a mug,,extra",
        f"j,{'x' * 1001},",
        "k,a \x07mug,",
        "l,a lamp,",
        'm,"a mug',
    ]
    found = read_briefs(table(tmp_path, "sku,description,image\n" + "\n".join(rows)))
    assert [(brief.sku, brief.line) for brief in found.good] == [("a", 2), ("l", 15)]
    problems = {bad.line: bad.problem for bad in found.bad}
    for line, words in {
        3: "sku is empty",
        4: "neither a description nor an image",
        5: "in line 2 already",
        6: "outside",
        7: "outside",
        8: "is an address",
        9: "outside",
        10: "outside",
        11: "no file missing.png",
        12: "4 fields",
        13: "1001 characters",
        14: "no text",
        16: "is not CSV",
    }.items():
        assert words in problems[line]
    assert len(problems) == 13


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"name,price\nMug,3\n", "no column sku"),
        (b"", "no column sku"),
        (b"sku,sku\n1,2\n", "twice"),
        ("sku,name\n1,Größe\n".encode("latin-1"), "not in UTF-8"),
    ],
)
def test_a_file_that_is_no_table_of_briefs_is_refused(tmp_path: Path, data: bytes, problem: str) -> None:
    file = tmp_path / "briefs.csv"
    file.write_bytes(data)
    with pytest.raises(InputError, match=problem):
        read_briefs(file)
    with pytest.raises(InputError, match="can't be read"):
        read_briefs(tmp_path / "missing.csv")


@given(st.dictionaries(st.sampled_from(COLUMNS), st.text(max_size=90)))
def test_any_text_gives_a_brief_or_a_plain_error(row: dict[str, str]) -> None:
    try:
        brief = brief_of(row, Path("/nonexistent"))
    except InputError as error:
        assert str(error)
    else:
        assert brief.sku and brief.description and brief.image is None
