from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.errors import InputError, PromptsError
from studio.prompts import MAX_BYTES, Prompts, load_prompts
from studio.settings import packaged
from studio.world.scene import PRODUCTS


@pytest.mark.parametrize(
    ("prompt", "canonical"),
    [
        ("  a glossy Red mug, on a marble counter! ", "a glossy Red mug, on a marble counter!"),
        ("a crimson cup", "a crimson cup"),
        ("白色背景上的红色陶瓷马克杯", "red ceramic mug in a white studio"),
        ("大理石檯面上有一個藍色茶壺", "blue teapot on a marble counter"),
        ("木桌上的玻璃罐，特写", "glass jar on a wooden table, in close-up"),
        ("蓝色的龙形茶壶", "blue teapot"),
        ("绿植旁的白色马克杯", "white mug"),
        ("龙", "龙"),
        ("eine rote Tasse auf einem Holztisch", "red mug on a wooden table"),
        ("ein grünes Glas auf dem Regal", "green glass drinking glass on a shelf"),
        ("eine matte blaue Glasflasche auf einer Marmorplatte", "matte blue glass bottle on a marble counter"),
        ("ein roter Ledersessel im grauen Studio", "red leather chair in a grey studio"),
        ("Keramik-Vase mit Drachen", "ceramic vase Drachen"),
        ("SCHWARZE LEDERHANDTASCHE", "black leather handbag"),
        ("schöne Kopfhörer, weiches Licht von links", "headphones in soft light, lit from the left"),
        ("a 红色 mug on a 大理石台面", "a red mug on a marble counter"),
        ("Mug in dunkelrot", "Mug in burgundy"),
        ("the rot of an old chair", "the rot of an old chair"),
        ("eine weiße Flasche mit rotem Deckel", "white bottle with a red cap"),
        ("eine weiße Teekanne mit orangem Deckel", "white teapot with an orange lid"),
        ("weiße Flasche, Deckel in Rot, auf einem Regal", "white bottle with a red cap on a shelf"),
        ("白色瓶子配红色盖子", "white bottle with a red cap"),
        ("木桌上，红色的盖子的白色瓶子", "white bottle with a red cap on a wooden table"),
        ("a white 瓶子 with a 红色 cap", "a white bottle with a red cap"),
        ("a bottle with a roter Deckel", "a bottle with a red cap"),
        ("weiße Flasche mit Deckel", "white bottle"),
        ("weiße Tasse mit rotem Deckel", "white mug red Deckel"),
        ("红色瓶盖", "red bottle"),
        ("weiße Tasse mit roten Streifen", "white mug with red stripes"),
        ("红色条纹杯子", "red striped mug"),
        ("带黑色点缀的白色花瓶", "white vase with a black neck"),
        ("zwei rote Tassen", "two red mugs"),
        ("rote Turnschuhe", "red sneakers"),
        ("ein Paar rote Stiefel", "two red boots"),
        ("一双红色运动鞋", "two red sneakers"),
        ("zwei schwarze Kopfhörer", "two black headphones"),
        ("Spielzeugauto aus dunklem Holz mit roten Rädern", "toy car walnut with red wheels"),
        ("", ""),
    ],
)
def test_canonical(prompts: Prompts, prompt: str, canonical: str) -> None:
    assert prompts.canonical(prompt) == canonical


def words() -> st.SearchStrategy[str]:
    """Words of the vocabulary and others, in whatever order."""
    terms = [term for classes in load_prompts().vocabulary.values() for term in classes.values()]
    known = [word for term in terms for word in (term.phrase, *term.en, *term.zh, *term.de)]
    others = ["的", "with a", "in", "mit", ",", "dragon", "background", "龙", "two", "cups", "Tassen"]
    return st.lists(st.one_of(st.sampled_from(known), st.sampled_from(others)), max_size=8).map(" ".join)


@given(st.one_of(st.text(max_size=200), words(), words().map(lambda text: text.replace(" ", ""))))
def test_any_text_is_read_without_error_and_only_once(prompts: Prompts, text: str) -> None:
    canonical = prompts.canonical(text)

    assert prompts.canonical(canonical) == canonical
    assert canonical == canonical.strip()
    assert all(word.strip() for word in prompts.unknown_words(text))
    assert prompts.known(text) == prompts.known(canonical)


@pytest.mark.parametrize(
    ("prompt", "unknown"),
    [
        ("a mug with a dragon in front of the Eiffel tower", ("dragon", "Eiffel tower")),
        ("a dragon, a Dragon and a castle", ("dragon", "castle")),
        ("beautiful professional photo of an elegant mug, studio lighting, highly detailed, 8k", ()),
        ("a surfboard on an urban street with graffiti", ("surfboard", "urban street", "graffiti")),
        ("a bottle with a red cap, a mug with a handle, two pairs of shades of blue", ()),
        ("a bottle with a wooden cap", ("wooden cap",)),
        ("a mug with wheels", ("wheels",)),
        ("a stylish bag on a sunny beach, soft shadows highlighting the texture", ("beach",)),
        ("a mug on a red background", ("red background",)),
        ("龙形的茶壶", ("龙形",)),
        ("eine Tasse mit Drachen am Strand", ("Drachen", "Strand")),
        ("<script>alert(1)</script>", ("script", "alert")),
        ("كوب أحمر", ("كوب أحمر",)),
        ("🔥 500 ml !!!", ()),
    ],
)
def test_unknown_words(prompts: Prompts, prompt: str, unknown: tuple[str, ...]) -> None:
    assert prompts.unknown_words(prompt) == unknown


def test_what_a_model_cannot_draw_is_unknown_to_it(prompts: Prompts) -> None:
    offered = {"product": ["bottle"], "colour": ["red", "white"], "material": ["glass"]}

    def asked(prompt: str) -> tuple[dict[str, str], tuple[str, ...]]:
        return prompts.known(prompt, offered), prompts.unknown_words(prompt, offered)

    assert asked("white felt bottles") == ({"product": "bottle", "colour": "white"}, ("felt",))
    assert asked("a white bottle with a red cap") == ({"product": "bottle", "colour": "white"}, ("red cap",))
    assert asked("a bottle with a cap and a striped sneaker") == ({"product": "bottle"}, ("striped sneaker",))


@pytest.mark.parametrize(
    ("prompt", "known"),
    [
        (
            "a glossy red ceramic mug on a marble counter",
            {"finish": "glossy", "colour": "red", "material": "ceramic", "product": "mug", "scene": "marble counter"},
        ),
        ("navy blue purses", {"colour": "navy", "product": "handbag", "number": "pair"}),
        ("a wooden table lamp", {"material": "wood", "product": "lamp"}),
        ("a watch on a dark leather cushion", {"product": "watch"}),
        ("a red mug beside a blue bottle", {"colour": "red", "product": "mug"}),
        ("red roses in a white vase", {"colour": "white", "product": "vase"}),
        ("绿植旁的白色马克杯", {"colour": "white", "product": "mug"}),
        ("rote Rosen in einer weißen Vase", {"colour": "white", "product": "vase"}),
        ("a red dragon mug", {"colour": "red", "product": "mug"}),
        ("红龙虾马克杯", {"colour": "red", "product": "mug"}),
        ("a mug on a yellow background", {"product": "mug"}),
        ("soft diffused lighting from above", {"light": "soft"}),
        ("a vase, seen from above", {"product": "vase", "view": "above"}),
        ("白色背景上的银色手表", {"colour": "grey", "product": "watch", "scene": "white studio"}),
        ("nothing of the kind", {}),
        ("a bottle with an orange cap", {"product": "bottle", "accent": "orange"}),
        ("a white bottle with the cap in red", {"colour": "white", "product": "bottle", "accent": "red"}),
        ("a white bottle, red cap", {"colour": "white", "product": "bottle", "accent": "red"}),
        ("a red-capped white bottle", {"accent": "red", "colour": "white", "product": "bottle"}),
        ("a red cap with a white brim", {"colour": "red", "product": "cap", "accent": "white"}),
        ("a red cap beside a bottle", {"colour": "red", "product": "cap"}),
        ("a wooden teapot with a glossy red ceramic lid", {"material": "wood", "product": "teapot", "accent": "red"}),
        ("a teapot with a red and a blue lid", {"product": "teapot", "colour": "red", "accent": "blue"}),
        ("a white lamp in a pale shade of grey", {"colour": "white", "product": "lamp"}),
        ("a watch with a navy leather strap", {"product": "watch", "colour": "navy", "material": "leather"}),
        ("a white vase with gold details", {"colour": "white", "product": "vase", "accent": "yellow"}),
        ("a white mug with red stripes", {"colour": "white", "product": "mug", "accent": "red", "pattern": "stripes"}),
        ("a red striped mug", {"colour": "red", "pattern": "stripes", "product": "mug"}),
        ("a red sneaker", {"colour": "red", "product": "sneaker"}),
        ("red sneakers", {"colour": "red", "product": "sneaker", "number": "pair"}),
        ("a pair of red Chelsea boots", {"colour": "red", "product": "boot", "number": "pair"}),
        ("a pair of sunglasses", {"product": "sunglasses"}),
        ("two sunglasses", {"number": "pair", "product": "sunglasses"}),
        ("wooden toy blocks", {"material": "wood", "product": "toy blocks"}),
        ("can you draw a can of soup", {"product": "can"}),
        ("a glass", {"material": "glass", "product": "glass"}),
        ("a green glass on a shelf", {"colour": "green", "material": "glass", "product": "glass", "scene": "shelf"}),
        ("the tall glass, red base", {"proportion": "slim", "material": "glass", "product": "glass", "accent": "red"}),
        ("green glass", {"colour": "green", "material": "glass"}),
        ("a green glass vase", {"colour": "green", "material": "glass", "product": "vase"}),
        ("something in green glass", {"colour": "green", "material": "glass"}),
        ("a glass decoration", {"material": "glass"}),
        ("a glass and metal object", {"material": "glass"}),
        ("a piece of green glass", {"colour": "green", "material": "glass"}),
        ("a marble bowl on a marble counter", {"material": "marble", "product": "bowl", "scene": "marble counter"}),
        ("a mug in matte grey, studio shot", {"product": "mug", "finish": "matte", "colour": "grey"}),
    ],
)
def test_known(prompts: Prompts, prompt: str, known: dict[str, str]) -> None:
    assert prompts.known(prompt) == known


@pytest.mark.parametrize("product", PRODUCTS)
def test_a_colour_before_a_part_is_the_part_s_in_all_its_words(prompts: Prompts, product: str) -> None:
    term, part = prompts.vocabulary["product"][product], prompts.part(product)
    binding = {"colour": "white", "product": product, "accent": "red"}
    canonical = f"white {term.phrase} with {part.article} red {part.phrase}".replace("  ", " ")
    english = [f"a white {term.phrase} with {part.article} red {word}" for word in (part.phrase, *part.says, *part.en)]
    german = [f"weiß, {term.de[0]} mit roten {word}" for word in part.de]
    chinese = [f"白色{term.zh[0]}，红色{word}" for word in part.zh]

    assert [text for text in (*english, *german, *chinese) if prompts.known(text) != binding] == []
    assert {prompts.canonical(text) for text in (*german, *chinese)} == {canonical}


def test_every_word_of_the_vocabulary_is_understood_as_its_class(prompts: Prompts) -> None:
    wrong = [
        (text, group, name)
        for group, classes in prompts.vocabulary.items()
        if group != "part"
        for name, term in classes.items()
        # German words that are English ones, too, need a German word beside them.
        for text in (term.phrase, *term.says, *term.en, *term.zh, *(f"schönes {word}" for word in term.de))
        if prompts.known(text) != {group: name} or prompts.unknown_words(text)
    ]

    assert wrong == []


def test_every_word_for_a_silhouette_is_understood_as_it(prompts: Prompts) -> None:
    for product, term in prompts.vocabulary["product"].items():
        for kind, wording in term.silhouettes.items():
            for word in (*wording.en, *wording.zh, *wording.de):
                assert prompts.silhouette(word, product) == kind, word


@pytest.mark.parametrize(
    ("prompt", "product", "silhouette"),
    [
        ("two wine glasses by a window", "glass", "wine"),
        ("white canvas high-top sneakers", "sneaker", "high"),
        ("a tower of purple building blocks", "toy blocks", "tower"),
        ("braune Lederstiefeletten auf Beton", "boot", "ankle"),
        ("木桌上的红酒杯", "glass", "wine"),
        ("a glass vase beside a wine glass", "vase", None),
        ("a wooden ball", "ball", None),
    ],
)
def test_silhouettes(prompts: Prompts, prompt: str, product: str, silhouette: str | None) -> None:
    assert prompts.known(prompt)["product"] == product
    assert prompts.silhouette(prompt, product) == silhouette


def test_every_example_is_understood_whole(prompts: Prompts) -> None:
    assert len(set(prompts.examples)) == len(prompts.examples) >= 8
    for example in prompts.examples:
        assert prompts.unknown_words(example) == ()
        assert "product" in prompts.known(example)


@pytest.mark.parametrize(
    ("product", "expected"),
    [
        ("Tasse", "mug"),
        ("Tassen", "mugs"),
        ("Becher", "mug"),
        ("Bechern", "mugs"),
        ("Ledertaschen", "leather handbags"),
        ("Stühle", "chair"),
        ("Koffers", "suitcase"),
    ],
)
@pytest.mark.parametrize("colour", ["rot", "rote", "roter", "rotes", "roten", "rotem"])
def test_german_endings(prompts: Prompts, colour: str, product: str, expected: str) -> None:
    assert prompts.canonical(f"ein {colour} {product}") == f"red {expected}"


def write(folder: Path, name: str, text: str) -> Path:
    file = folder / name
    file.write_text(text, encoding="utf-8")
    return file


def shipped(name: str) -> str:
    return (packaged("prompts") / name).read_text(encoding="utf-8")


def test_a_file_of_the_user_replaces_the_packaged_one(tmp_path: Path, prompts: Prompts) -> None:
    write(tmp_path, "examples.yaml", "- a plain mug\n")

    own = load_prompts(tmp_path)

    assert own.examples == ("a plain mug",)
    assert own.vocabulary == prompts.vocabulary


def test_the_list_of_refusals_can_be_emptied(tmp_path: Path) -> None:
    write(tmp_path, "refusals.yaml", "{}\n")

    assert load_prompts(tmp_path).refusals == ()


def test_a_word_can_be_added(tmp_path: Path) -> None:
    write(tmp_path, "vocabulary.yaml", shipped("vocabulary.yaml").replace("en: [cup,", "en: [stein, cup,"))

    assert load_prompts(tmp_path).known("a stein") == {"product": "mug"}


@pytest.mark.parametrize(
    ("name", "old", "new", "field", "problem"),
    [
        ("vocabulary.yaml", "en: [cup,", "english: [cup,", "product.mug.en", "is missing"),
        ("vocabulary.yaml", "en: [cup,", "en: [123, cup,", "product.mug.en", "“123” has no letters"),
        (
            "vocabulary.yaml",
            "en: [flask,",
            "en: [cup, flask,",
            "product.bottle.en",
            "“cup” stands for product mug already",
        ),
        ("vocabulary.yaml", "\n  mug:\n", "\n  beer mug:\n", "product", "the model knows, in this order: mug, bowl"),
        ("vocabulary.yaml", "\n  bottle:\n", "\n  mug:\n", "product.mug", "is given twice"),
        ("vocabulary.yaml", "bucket: {", "sack: {", "product.handbag.silhouettes", "“sack” is none of the kinds"),
        ("vocabulary.yaml", "\ncolour:\n", "\nhue:\n", "colour", "the model knows"),
        ("vocabulary.yaml", "\n  brim:\n", "\n  peak:\n", "part", "the model knows, in this order: handle, rim"),
        ("vocabulary.yaml", "en: [handled,", "en: ['!', handled,", "part.handle.en", "“!” has no letters"),
        (
            "vocabulary.yaml",
            "en: [stripes,",
            "en: [wide, stripes,",
            "proportion.wide.phrase",
            "pattern stripes already",
        ),
        ("vocabulary.yaml", "phrase: wooden", "phrase: [wooden]", "material.wood.phrase", "should be text"),
        ("captions.yaml", "{product} in {colour}", "{product} in {color}", "descriptions", "{color} is not one of"),
        ("captions.yaml", "[ {scene}]", "[ {scene}", "descriptions", "every bracket its partner"),
        ("captions.yaml", "product photo of {text}", "product photo", "frames", "needs {text} once"),
        ("captions.yaml", "[{finish} ]", "{finish} ", "descriptions", "the first one must have every slot"),
        ("captions.yaml", "[ with {accent}]", "", "descriptions", "the first one must have every slot"),
        ("captions.yaml", "[{number} ]", "", "descriptions", "the first one must have every slot"),
        ("captions.yaml", "[, {accent:word}]", "[, {accent:part}]", "descriptions", "{accent:part} is not one of"),
        ("captions.yaml", "\npairs: ", "\ntwos: ", "pairs", "is missing"),
        ("words.yaml", "\n  also_english:", "\n  also:", "de.also_english", "is missing"),
        ("examples.yaml", "- a white bottle", "- ''\n- a white bottle", "1", "is empty"),
        ("examples.yaml", "- a white bottle", "- [a white bottle", "", "is not YAML"),
        ("refusals.yaml", "  reason: they are a crime\n", "", "sexual images of children.reason", "is missing"),
        ("refusals.yaml", "reason: they are a crime", "reason:", "sexual images of children.reason", "is empty"),
        ("refusals.yaml", "[porno,", "[' - ', porno,", "pornography.words", "has no letters"),
        ("refusals.yaml", "[porno,", "['', porno,", "pornography.words.0", "is empty"),
        ("refusals.yaml", "\npornography:\n", "\npornography:\n  because: no\n", "pornography.because", "not a field"),
    ],
)
def test_errors_name_file_line_and_field(
    tmp_path: Path, name: str, old: str, new: str, field: str, problem: str
) -> None:
    before, found, after = shipped(name).partition(old)
    assert found
    file = write(tmp_path, name, before + new + after)

    with pytest.raises(PromptsError, match=re.escape(problem)) as caught:
        load_prompts(tmp_path)

    assert caught.value.file == file
    assert caught.value.field == field
    assert f"{file}, line {caught.value.line}, " in str(caught.value) or not field


def test_the_line_is_the_one_to_correct(tmp_path: Path) -> None:
    text = shipped("vocabulary.yaml").replace("en: [flask,", "en: [cup, flask,")
    write(tmp_path, "vocabulary.yaml", text)

    with pytest.raises(PromptsError) as caught:
        load_prompts(tmp_path)

    assert text.splitlines()[caught.value.line - 1].strip().startswith("en: [cup, flask,")


@pytest.mark.parametrize(
    ("content", "problem"), [(b"", "should be a list"), (b"\xff\xfe", "UTF-8"), (b"- a \x00", "characters")]
)
def test_what_is_no_text_is_refused(tmp_path: Path, content: bytes, problem: str) -> None:
    (tmp_path / "examples.yaml").write_bytes(content)

    with pytest.raises(PromptsError, match=problem):
        load_prompts(tmp_path)


def test_what_is_too_large_is_refused(tmp_path: Path) -> None:
    with (tmp_path / "examples.yaml").open("wb") as file:
        file.truncate(MAX_BYTES + 1)

    with pytest.raises(InputError, match=r"examples\.yaml is larger than 10 MB"):
        load_prompts(tmp_path)


def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(PromptsError, match="no such folder"):
        load_prompts(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("file", "change", "problem"),
    [
        ("models.yaml", ("steps: 4", "steps: many"), "line 21, 0.steps"),
        ("models.yaml", ("dtype: float16", "dtype: float8"), "line 24, 0.dtype"),
        ("looks.yaml", ("of {prompt}, centred", "of it, centred"), "Studio shot.prompt.*needs {prompt}"),
    ],
)
def test_a_mistake_in_models_or_looks_is_found(
    file: str, change: tuple[str, str], problem: str, tmp_path: Path
) -> None:
    text = (packaged("prompts") / file).read_text(encoding="utf-8")
    assert change[0] in text
    (tmp_path / file).write_text(text.replace(*change, 1), encoding="utf-8")

    with pytest.raises(PromptsError, match=problem):
        load_prompts(tmp_path)


def test_a_look_is_put_around_a_description() -> None:
    look = load_prompts().looks["Studio shot"]
    assert look.expand(" a red mug. ").startswith("studio product photograph of a red mug, centred")
