from pathlib import Path
from typing import Any

import pytest

from studio.editing.instruction import Instruction, read
from studio.errors import InputError, PromptsError
from studio.prompts import load_prompts
from studio.settings import packaged

_PROMPTS = load_prompts()
_NAVY_ON_WHITE = Instruction(colour="navy", material="leather", scene="white studio")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("make it navy leather", Instruction(colour="navy", material="leather")),
        ("Turn the mug into glossy brushed steel!", Instruction(material="metal", finish="glossy")),
        ("on a marble counter", Instruction(scene="marble counter")),
        ("auf einem Holztisch", Instruction(scene="wooden table")),
        ("Mach es aus rotem Leder", Instruction(colour="red", material="leather")),
        ("换成深蓝色皮革", Instruction(colour="navy", material="leather")),
        ("木桌上", Instruction(scene="wooden table")),
        ("golden hour", Instruction(style="golden hour")),
        ("on a pastel pink sweep", Instruction(style="pastel pink")),
        ("做成铅笔素描", Instruction(style="pencil sketch")),
        ("als Illustration", Instruction(style="flat illustration")),
        ("on a #F0A sweep", Instruction(style="sweep", backdrop="#ff00aa")),
        ("auf dunkelblauem Hintergrund", Instruction(style="sweep", backdrop="navy")),
        ("make it red on a navy background", Instruction(colour="red", style="sweep", backdrop="navy")),
        ("#336699", Instruction(colour="#336699")),
        ("make it purple with sparkles", Instruction(colour="purple", unknown=("sparkles",))),
    ],
)
def test_reads_three_languages(text: str, expected: Instruction) -> None:
    assert read(_PROMPTS, text) == expected


def _on(backdrop: str, **said: Any) -> Instruction:
    return Instruction(style="sweep", backdrop=backdrop, **said)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("change the white background to pink", _on("pink")),
        ("make the white background pink", _on("pink")),
        ("change the background from red to #0a0", _on("#00aa00")),
        ("replace the grey background with a wooden table", Instruction(scene="wooden table")),
        ("swap the wooden table for a marble counter", Instruction(scene="marble counter")),
        ("replace the navy backdrop with golden hour", Instruction(style="golden hour")),
        ("replace the leather with felt", Instruction(material="felt")),
        ("make the red bag blue", Instruction(colour="blue")),
        (
            "make the red leather bag blue on a wooden table",
            Instruction(colour="blue", material="leather", scene="wooden table"),
        ),
        ("turn the red mug into a blue one", Instruction(colour="blue")),
        ("change the red bag on the white background to blue", Instruction(colour="blue", scene="white studio")),
        ("change the red bag to blue and the white background to pink", _on("pink", colour="blue")),
        ("change the white background to pink and the red bag to blue", _on("pink", colour="blue")),
        ("make it red and change the white background to blue", _on("blue", colour="red")),
        ("把红色背景换成蓝色", _on("blue")),
        ("把背景从红色改成蓝色", _on("blue")),
        ("把白色背景上的红色包变成蓝色", Instruction(colour="blue", scene="white studio")),
        ("ersetze den weißen Hintergrund durch einen grauen", _on("grey")),
        ("den weißen Hintergrund bitte durch einen grauen ersetzen", _on("grey")),
        ("Tausche den Holztisch gegen eine Marmorplatte", Instruction(scene="marble counter")),
        ("mach die rote Tasche blau", Instruction(colour="blue")),
        ("ändere Rot in Blau", Instruction(colour="blue")),
    ],
)
def test_what_is_to_be_takes_the_place_of_what_is(text: str, expected: Instruction) -> None:
    assert read(_PROMPTS, text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a blue background instead of white", Instruction(scene="blue backdrop")),
        ("ein blauer Hintergrund statt eines weißen", Instruction(scene="blue backdrop")),
        ("make it red instead of blue on a marble counter", Instruction(colour="red", scene="marble counter")),
        ("make it red with a blue background", Instruction(colour="red", scene="blue backdrop")),
        ("put the red mug next to a blue vase", Instruction(colour="red")),
        ("change it to navy leather on a white background", _NAVY_ON_WHITE),
    ],
)
def test_what_is_said_first_stands_otherwise(text: str, expected: Instruction) -> None:
    assert read(_PROMPTS, text) == expected


@pytest.mark.parametrize("text", ["", "  ", "a spaceship", "make it", "请"])
def test_says_so_when_nothing_was_understood(text: str) -> None:
    with pytest.raises(InputError, match="instruction") as raised:
        read(_PROMPTS, text)
    assert "make it navy leather" in raised.value.hint


@pytest.mark.parametrize("language", ["en", "zh", "de"])
def test_every_style_is_found_by_all_its_words(language: str) -> None:
    for name, style in _PROMPTS.styles.styles.items():
        for word in getattr(style, language):
            assert read(_PROMPTS, word).style == name, word


def test_every_style_has_a_name_of_its_own() -> None:
    styles = _PROMPTS.styles.styles
    for language in ("en", "zh", "de"):
        words = [word.casefold() for style in styles.values() for word in getattr(style, language)]
        assert len(words) == len(set(words))
    assert 16 <= len(styles)


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ("look: {flat: 1,", "look: {flat: much,", "styles.flat illustration.look.flat: should be a number"),
        ("keeps: [product, nothing]", "keeps: [everything]", "styles.sweep.keeps.0: is not one of the words"),
        ("scene: low key", "scene: cave", "styles.low key.scene: “cave” is not one of"),
    ],
)
def test_mistakes_in_the_file_are_named_with_line_and_field(tmp_path: Path, old: str, new: str, field: str) -> None:
    text = (packaged("prompts") / "styles.yaml").read_text(encoding="utf-8")
    (tmp_path / "styles.yaml").write_text(text.replace(old, new, 1), encoding="utf-8")
    line = text[: text.index(old)].count("\n") + 1
    with pytest.raises(PromptsError) as raised:
        load_prompts(tmp_path)
    assert field in raised.value.message
    assert raised.value.line == line


@pytest.mark.parametrize("text", ["flat lay on linen", "on linen, from above", "auf Leinen von oben"])
def test_what_lies_is_seen_from_above(text: str) -> None:
    assert read(_PROMPTS, text).view == "lying"
    assert read(_PROMPTS, "on a marble counter").view == "standing"
