from dataclasses import replace
from pathlib import Path

import pytest

from studio.campaign.brand_kit import BrandKits, brand_kit
from studio.campaign.brief import Brief
from studio.campaign.channels import load_channels
from studio.campaign.copywriting import Copywriter, load_copy
from studio.campaign.layouts import load_layouts
from studio.campaign.plan import Plan, count_of, language_of, languages_of, read_plan, shots_of, words_of
from studio.errors import InputError, PromptsError
from studio.prompts import Prompts
from tests.campaign.drawn import save_photo

PLAN = """\
briefs: table.csv
products:
  - {sku: mug, description: a red mug, price: €18, disclaimer: While stocks last.}
  - {sku: photo, image: photos/one.png, name: Aurora}
  - {sku: bad, image: ../one.png}
scenes: [on a wooden table, on a pink backdrop]
seeds: [1, 2, 3]
copy: {languages: [en, de], tones: [plain, warm]}
channels: [meta_story, google_ads_landscape, amazon_main]
brand: {name: Nordlys, colour: "#1F3A5F", never: [cheap]}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    save_photo(tmp_path / "photos" / "one.png")
    (tmp_path / "table.csv").write_text("sku,description,stock\nlamp,a lamp,7\n,nothing,\n", encoding="utf-8")
    plan = tmp_path / "plan.yaml"
    plan.write_text(PLAN, encoding="utf-8")
    return plan


def test_a_plan_is_read_and_counted(file: Path, prompts: Prompts) -> None:
    plan = read_plan(file)
    assert [brief.sku for brief in plan.briefs] == ["lamp", "mug", "photo"]
    assert [bad.sku for bad in plan.bad] == ["", "bad"] and plan.notes == ("columns that aren't used: stock",)
    assert plan.brand is not None and plan.brand.name == "Nordlys" and plan.brand.words.never == ("cheap",)
    lamp, mug, photo = plan.briefs
    assert [len(shots_of(plan, brief)) for brief in plan.briefs] == [6, 6, 6]
    assert shots_of(plan, mug)[1].prompt == "a red mug, on a wooden table"
    own_scene = replace(plan, scenes=("", "on a shelf"))
    assert [(shot.scene, shot.seed) for shot in shots_of(own_scene, photo)] == [
        *(("", 1), ("on a shelf", 1), ("on a shelf", 2), ("on a shelf", 3))
    ]
    writer = Copywriter(load_copy(), prompts.vocabulary)
    said = words_of(plan, mug, {"product": "mug"}, writer)
    assert [words.language for words in said] == languages_of(plan, mug) == ["en", "en", "de", "de"]
    assert {words.price for words in said} == {"€18"} and {words.disclaimer for words in said} == {"While stocks last."}
    assert [words.headline for words in words_of(plan, lamp, {}, writer)] == [""] * 4
    # 18 pictures: 4 variants in the two channels that have words, one in the one that has none.
    assert count_of(plan, load_channels(), load_layouts()) == 18 * (4 + 4 + 1)


def test_channels_of_the_command_take_the_place_of_the_plans(file: Path) -> None:
    assert read_plan(file, ["x_post"]).channels == ("x_post",)


def test_words_of_the_plan_take_the_place_of_the_briefs(file: Path, prompts: Prompts) -> None:
    with file.open("a", encoding="utf-8") as opened:
        opened.write("words:\n  - {language: ar, headline: كوب, cta: تسوق}\n")
    plan = read_plan(file)
    (words,) = words_of(plan, plan.briefs[1], {}, Copywriter(load_copy(), prompts.vocabulary))
    assert (words.language, words.headline, words.price) == ("ar", "كوب", "€18")


def test_a_headline_of_the_table_is_taken_in_its_own_language(tmp_path: Path, prompts: Prompts) -> None:
    table = tmp_path / "t.csv"
    table.write_text("sku,description,headline\n1,a mug,红色马克杯\n", encoding="utf-8")
    plan = read_plan(table)
    (words,) = words_of(plan, plan.briefs[0], {}, Copywriter(load_copy(), prompts.vocabulary))
    assert (words.language, words.headline, words.cta) == ("zh", "红色马克杯", "")


def test_a_kept_brand_is_named(file: Path, tmp_path: Path) -> None:
    text = file.read_text(encoding="utf-8").replace(
        'brand: {name: Nordlys, colour: "#1F3A5F", never: [cheap]}', "brand: Fjord"
    )
    file.write_text(text, encoding="utf-8")
    kits = BrandKits(tmp_path / "data")
    with pytest.raises(InputError, match="no brand kit “Fjord”"):
        read_plan(file, kits=kits)
    kits.save(brand_kit(name="Fjord"))
    plan = read_plan(file, kits=kits)
    assert plan.brand is not None and plan.brand.name == "Fjord"


@pytest.mark.parametrize(
    ("old", "new", "line", "field", "problem"),
    [
        ("seeds: [1, 2, 3]", "seeds: [1, two]", 7, "seeds.1", "integer"),
        ("seeds: [1, 2, 3]", "seed: [1]", 7, "seed", "not a field"),
        ("languages: [en, de]", "languages: [en, fr]", 8, "copy.languages.1", "is not one of"),
        ('colour: "#1F3A5F"', "colour: blue", 10, "brand", "not a colour"),
    ],
)
def test_a_wrong_plan_is_told_with_its_line(
    file: Path, old: str, new: str, line: int, field: str, problem: str
) -> None:
    file.write_text(PLAN.replace(old, new), encoding="utf-8")
    with pytest.raises(PromptsError, match=problem) as raised:
        read_plan(file)
    assert raised.value.line == line and raised.value.field.startswith(field)


def test_a_plan_without_products_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "plan.yml"
    file.write_text("seeds: [1]\n", encoding="utf-8")
    with pytest.raises(InputError, match="no products"):
        read_plan(file)


def test_too_many_adverts_are_refused() -> None:
    plan = Plan(briefs=(Brief(sku="a", description="a mug"),), seeds=tuple(range(40_000)))
    with pytest.raises(InputError, match="240,000 adverts"):
        count_of(plan, load_channels(), load_layouts())


@pytest.mark.parametrize(
    ("text", "language"),
    [("Mug", "en"), ("马克杯", "zh"), ("マグ杯", "ja"), ("머그", "ko"), ("كوب", "ar"), ("כוס", "he")],
)
def test_the_script_suggests_the_language(text: str, language: str) -> None:
    assert language_of(text) == language
