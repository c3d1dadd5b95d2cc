import re
from pathlib import Path

import pytest

from studio.campaign.fonts import Face, Fonts, covered, is_right_to_left, letters
from studio.errors import InputError
from studio.settings import packaged

FOLDER = packaged("assets") / "fonts"
BUNDLED = Fonts(system=())


@pytest.mark.parametrize(
    ("text", "style", "bold", "file"),
    [
        ("Größe, naïve, Łódź — 24 €", "sans", False, "Inter-Regular.ttf"),
        ("Утро, Πρωί", "sans", True, "Inter-Bold.ttf"),
        ("The quiet one", "serif", True, "Fraunces-Bold.ttf"),
        ("Тихий", "serif", True, "Inter-Bold.ttf"),  # Fraunces has no Cyrillic
        ("كوب أحمر Mug 24 €", "sans", False, "NotoSansArabic-Regular.ttf"),
        ("כוס אדומה 24 ₪", "serif", True, "NotoSansHebrew-Bold.ttf"),
    ],
)
def test_the_studio_brings_fonts_for_these(text: str, style: str, bold: bool, file: str) -> None:
    face = BUNDLED.face(text, style="serif" if style == "serif" else "sans", bold=bold)
    assert face.path.name == file
    assert {ord(letter) for letter in letters(text)} <= covered(face)


def test_letters_that_no_font_has_are_named_and_never_drawn_as_boxes() -> None:
    with pytest.raises(InputError, match=r"No font on this computer has: 杯 红.*fonts-noto-cjk"):
        BUNDLED.face("红杯 mug")


def test_a_font_of_the_brand_comes_first_where_it_has_the_letters() -> None:
    own = FOLDER / "Fraunces-Regular.ttf"
    assert BUNDLED.face("Hello", own=own).path == own
    assert BUNDLED.face("Привет", own=own).path.name == "Inter-Regular.ttf"


def test_fonts_of_the_computer_are_found_by_their_letters(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "broken.ttf").write_bytes(b"no font at all")
    (tmp_path / "deep" / "Some-Regular.ttf").write_bytes((FOLDER / "NotoSansHebrew-Regular.ttf").read_bytes())
    bare = tmp_path / "bundled"
    bare.mkdir()
    found = Fonts(folder=bare, system=(tmp_path, tmp_path / "nowhere")).face("שלום")
    assert found == Face(path=tmp_path / "deep" / "Some-Regular.ttf")


def test_a_font_that_is_installed_meanwhile_is_found(tmp_path: Path) -> None:
    bare, system = tmp_path / "bundled", tmp_path / "system"
    bare.mkdir()
    system.mkdir()
    fonts = Fonts(folder=bare, system=(system,))
    with pytest.raises(InputError, match="No font on this computer"):
        fonts.face("שלום")
    (system / "Some.ttf").write_bytes((FOLDER / "NotoSansHebrew-Regular.ttf").read_bytes())
    assert fonts.face("שלום").path == system / "Some.ttf"


def test_chinese_and_japanese_take_their_own_faces_of_a_collection() -> None:
    try:
        faces = {language: Fonts().face("直角", language=language) for language in ("zh", "ja")}
    except InputError:
        pytest.skip("no Chinese font on this computer")
    if faces["zh"].path.suffix != ".ttc":
        pytest.skip("the Chinese font on this computer is no collection")
    assert faces["zh"].index != faces["ja"].index


def test_what_is_not_drawn_needs_no_glyph() -> None:
    assert letters("a\u200f b\u00adc\ufe0f\n") == {"a", "b", "c"}


@pytest.mark.parametrize(
    ("text", "expected"), [("כוס 24", True), ("24 كوب", True), ("Mug כוס", False), ("24", False), ("", False)]
)
def test_the_first_letter_says_the_direction(text: str, expected: bool) -> None:
    assert is_right_to_left(text) is expected


def test_the_licence_names_every_font() -> None:
    named = (FOLDER / "OFL.txt").read_text(encoding="utf-8")
    assert {re.sub(r"-\w+\.ttf$", "", file.name) for file in FOLDER.glob("*.ttf")} == set(
        re.findall(r"^(\w+)-\*\.ttf", named, re.MULTILINE)
    )
