import re
from pathlib import Path

import pytest

from studio.campaign.copywriting import FILE, LANGUAGES, Copywriter, Language, load_copy
from studio.errors import InputError, PromptsError
from studio.prompts import Prompts
from studio.settings import packaged
from studio.world.scene import ATTRIBUTES

MUG = {"product": "mug", "colour": "red", "material": "ceramic", "finish": "glossy"}


@pytest.fixture
def writer(prompts: Prompts) -> Copywriter:
    return Copywriter(load_copy(), prompts.vocabulary)


@pytest.mark.parametrize(
    ("language", "headline", "subline", "cta"),
    [
        ("en", "Red ceramic mug", "Glossy ceramic, made for every day", "Shop now"),
        ("de", "Tasse in Rot", "Keramik, glänzend. Gemacht für jeden Tag", "Jetzt kaufen"),
        ("zh", "红色陶瓷马克杯", "光亮陶瓷，为每一天而做", "立即购买"),
    ],
)
def test_words_come_from_what_is_known(
    writer: Copywriter, language: Language, headline: str, subline: str, cta: str
) -> None:
    words = writer.write(MUG, language=language)
    assert (words.headline, words.subline, words.cta) == (headline, subline, cta)


@pytest.mark.parametrize(
    ("known", "headline"),
    [({"colour": "red"}, "红色马克杯"), ({"material": "ceramic"}, "陶瓷马克杯"), ({}, "马克杯")],
)
def test_chinese_names_colour_and_material_by_themselves(
    writer: Copywriter, known: dict[str, str], headline: str
) -> None:
    assert writer.write({"product": "mug", **known}, language="zh").headline == headline


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_tone_and_customer_has_words_for_every_product_whatever_is_known(
    writer: Copywriter, language: Language
) -> None:
    for number, product in enumerate(ATTRIBUTES["product"]):
        rest = {group: names[number % len(names)] for group, names in ATTRIBUTES.items() if group in MUG}
        for tone in writer.tones:
            for audience in writer.audiences:
                for known in ({"product": product}, {**rest, "product": product}):
                    for variant in range(3):
                        words = writer.write(known, language=language, tone=tone, audience=audience, variant=variant)
                        for text in (words.headline, words.subline, words.cta):
                            assert text and not re.search(r"[{}\[\]]|  |^\W|None", text), text
                            assert text[0] == text[0].upper()


def test_a_products_own_name_comes_first(writer: Copywriter) -> None:
    assert writer.write(MUG, name="Aurora mug").headline == "Red ceramic Aurora mug"
    assert writer.write({}, name="Aurora").headline == "Aurora"


def test_variants_differ_and_come_round_again(writer: Copywriter) -> None:
    found = [writer.write(MUG, variant=variant).headline for variant in range(4)]
    assert len(set(found[:3])) == 3 and found[3] == found[0]


def test_what_can_not_be_written_is_told(writer: Copywriter) -> None:
    with pytest.raises(InputError, match="Nothing is known"):
        writer.write({"colour": "red"})
    with pytest.raises(InputError, match="no tone “loud”"):
        writer.write(MUG, tone="loud")
    with pytest.raises(InputError, match="no kind of customer “cats”"):
        writer.write(MUG, audience="cats")


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("{product}[ in {colour}]", "{product}[ in {color}]", "{color} is not one of"),
        ("{product}[ in {colour}]", "{product}[ in {colour}", "needs its partner"),
        ("playful: Playful", "silly: Silly", "needs plain, warm, bold, elegant, silly"),
    ],
)
def test_a_wrong_template_is_told(words_folder: Path, old: str, new: str, problem: str) -> None:
    text = (packaged("prompts") / FILE).read_text(encoding="utf-8")
    assert old in text
    (words_folder / FILE).write_text(text.replace(old, new), encoding="utf-8")
    load_copy.cache_clear()
    with pytest.raises(PromptsError, match=re.escape(problem)):
        load_copy(words_folder)
