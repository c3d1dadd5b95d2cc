import json
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from studio import imaging
from studio.backends.base import Drawing
from studio.backends.gan import GanBackend
from studio.backends.scene_reader import STEP
from studio.errors import InputError, WeightsError
from studio.prompts import Prompts, load_prompts
from studio.request import GenerationRequest, RestyleRequest
from studio.service import Studio
from studio.settings import Settings
from studio.world.captions import complete
from studio.world.scene import ATTRIBUTES, CORE_ATTRIBUTES, PRODUCTS, U_NAMES
from tests.fakes import FakeRetoucher

PROMPT = "a glossy red ceramic mug on a marble counter"
REQUEST = GenerationRequest(prompt=PROMPT, count=4, seed=7, size=32)


@pytest.fixture
def open_gan(tiny_text_encoder: Path) -> Callable[[Path], GanBackend]:
    return lambda folder: GanBackend(folder, prompts=load_prompts(), text_encoder=str(tiny_text_encoder))


@pytest.fixture
def gan(tiny_snapshot: Path, open_gan: Callable[[Path], GanBackend]) -> GanBackend:
    return open_gan(tiny_snapshot)


def pixels(drawing: Drawing) -> str:
    return imaging.pixels_sha256(drawing.image)


def test_an_image_has_the_size_of_the_snapshot(gan: GanBackend) -> None:
    image, _ = gan.generate(REQUEST, 0)

    assert (image.mode, image.size) == ("RGB", (32, 32))
    assert gan.capabilities.sizes == (32,)


def test_image_i_is_image_0_of_seed_plus_i(gan: GanBackend, tiny_snapshot: Path, open_gan) -> None:  # type: ignore[no-untyped-def]
    grid = [pixels(gan.generate(REQUEST, i)) for i in range(4)]

    fresh = open_gan(tiny_snapshot)
    alone = [pixels(fresh.generate(replace(REQUEST, seed=7 + i, count=1), 0)) for i in (3, 1, 0, 2)]

    assert [grid[i] for i in (3, 1, 0, 2)] == alone
    assert len(set(grid)) == 4


def test_pixels_depend_on_no_global_randomness_nor_thread(gan: GanBackend) -> None:
    expected = pixels(gan.generate(REQUEST, 0))

    torch.manual_seed(123)
    state = torch.get_rng_state()
    with ThreadPoolExecutor(1) as thread:
        assert thread.submit(lambda: pixels(gan.generate(REQUEST, 0))).result() == expected
    assert torch.equal(torch.get_rng_state(), state)


def test_words_stand_and_the_seed_fills_in_the_rest(gan: GanBackend) -> None:
    _, parameters = gan.generate(replace(REQUEST, prompt="a mug"), 0)

    attributes = parameters["attributes"]
    assert isinstance(attributes, dict)
    assert attributes["product"] == "mug"
    assert set(CORE_ATTRIBUTES) <= attributes.keys()
    prompt = parameters["model_prompt"]
    assert isinstance(prompt, str) and prompt.startswith("a mug")
    said = gan.understand("a mug").attributes
    left_open = set(CORE_ATTRIBUTES) - {attribute.group for attribute in said}
    assert left_open
    assert load_prompts().known(prompt).items() >= {(group, attributes[group]) for group in left_open}


def test_a_silhouette_that_is_named_is_drawn(gan: GanBackend) -> None:
    assert gan.understand("two wine glasses").silhouette == "wine"
    drawn = [gan.generate(replace(REQUEST, prompt="two wine glasses"), i).parameters for i in range(8)]
    assert {each["silhouette"] for each in drawn} == {PRODUCTS["glass"].silhouettes.index("wine")}
    left_open = [gan.generate(replace(REQUEST, prompt="two drinking glasses"), i).parameters for i in range(8)]
    assert len({each["silhouette"] for each in left_open}) > 1


def test_a_complete_prompt_is_encoded_as_it_is(gan: GanBackend) -> None:
    assert gan.generate(REQUEST, 0).parameters["model_prompt"] == PROMPT


def test_controls_override_prompt_and_seed(gan: GanBackend) -> None:
    turned = gan.generate(replace(REQUEST, controls={"azimuth": 33.0}), 0)

    continuous = turned.parameters["continuous"]
    assert isinstance(continuous, dict) and continuous["azimuth"] == 33.0
    assert turned.parameters["controls"] == {"azimuth": 33.0}
    assert pixels(turned) != pixels(gan.generate(REQUEST, 0))
    assert json.loads(json.dumps(turned.parameters)) == turned.parameters


def test_a_small_step_is_near(gan: GanBackend) -> None:
    open_prompt = replace(REQUEST, prompt="a mug")
    start = gan.generate(open_prompt, 0)
    seeds = range(100, 120)

    def values(drawing: Drawing) -> np.ndarray:
        continuous = drawing.parameters["continuous"]
        assert isinstance(continuous, dict)
        return np.array([continuous["azimuth"] / 60, continuous["fill"], continuous["warmth"], continuous["shape.0"]])

    def distance(drawing: Drawing) -> float:
        return float(np.abs(values(drawing) - values(start)).mean())

    near = [gan.generate(replace(open_prompt, seed=seed, near=(REQUEST.seed,)), 0) for seed in seeds]  # type: ignore[arg-type]
    others = [gan.generate(replace(open_prompt, seed=seed), 0) for seed in seeds]
    assert all(drawing.parameters["attributes"] == start.parameters["attributes"] for drawing in near)
    assert all(drawing.parameters["silhouette"] == start.parameters["silhouette"] for drawing in near)
    assert len({pixels(drawing) for drawing in near} | {pixels(start)}) == len(seeds) + 1
    assert np.mean([distance(drawing) for drawing in near]) < 0.5 * np.mean([distance(drawing) for drawing in others])
    assert json.loads(json.dumps(near[0].parameters)) == near[0].parameters


def test_a_step_begins_at_the_image_of_the_step_before(gan: GanBackend) -> None:
    first = gan.generate(replace(REQUEST, seed=50, near=(7,)), 0)
    further = gan.generate(replace(REQUEST, seed=51, near=(7, 50)), 0)
    a, b = first.parameters["continuous"], further.parameters["continuous"]
    assert isinstance(a, dict) and isinstance(b, dict)
    assert abs(a["warmth"] - b["warmth"]) <= STEP * 2 and a != b


def test_every_control_reaches_the_pixels(gan: GanBackend) -> None:
    for control in gan.capabilities.controls:
        low, high = (
            pixels(gan.generate(replace(REQUEST, controls={control.name: value}), 0))
            for value in (control.low, control.high)
        )
        assert low != high, control.name


def test_a_literal_word_overrules_the_heads(gan: GanBackend) -> None:
    understanding = gan.understand("a teal glass vase with a dragon")

    found = {attribute.group: attribute for attribute in understanding.attributes}
    assert (found["product"].value, found["colour"].value, found["material"].value) == ("vase", "teal", "glass")
    assert all(found[group].confidence == 1 for group in ("product", "colour", "material"))
    assert understanding.unknown == ("dragon",)


def reading(snapshot: Path, folder: Path, **read: str | None) -> Path:
    """A copy of a snapshot in `folder` whose heads read these classes in whatever is said; None for "not said"."""
    from studio.models.snapshot import load_snapshot, save_snapshot

    loaded = load_snapshot(snapshot)
    for group, name in read.items():
        head = loaded.adapter.heads[group]
        assert isinstance(head, torch.nn.Linear)
        head.weight.data.zero_()
        head.bias.data.zero_()
        head.bias.data[ATTRIBUTES[group].index(name) if name else -1] = 9
    save_snapshot(folder, adapter=loaded.adapter, generator=loaded.generator, config=loaded.config)
    return folder


def test_a_confident_head_is_believed_where_no_word_is_literal(
    tmp_path: Path, tiny_snapshot: Path, open_gan: Callable[[Path], GanBackend]
) -> None:
    gan = open_gan(reading(tiny_snapshot, tmp_path, scene="wooden table", tone=None))

    found = {attribute.group: attribute for attribute in gan.understand("a mug at breakfast").attributes}

    assert found["scene"].value == "wooden table"
    assert found["scene"].confidence > 0.99
    assert "tone" not in found


def test_a_colour_that_no_word_can_have_named_is_not_read(
    tmp_path: Path, tiny_snapshot: Path, open_gan: Callable[[Path], GanBackend]
) -> None:
    gan = open_gan(reading(tiny_snapshot, tmp_path, colour="blue"))

    def colour(prompt: str) -> str | None:
        return {found.group: found.value for found in gan.understand(prompt).attributes}.get("colour")

    assert colour("a walnut Bluetooth speaker on a shelf") is None
    assert colour("a bleu speaker on a shelf") == "blue"
    assert colour("a red speaker on a shelf") == "red"


def test_what_was_understood_is_drawn_whatever_the_heads_read(gan: GanBackend) -> None:
    reader, text = gan._reader, "a teal glass vase, glossy, on a shelf"
    read = reader.encode(text)
    assert int(read.logits["colour"].argmax()) != ATTRIBUTES["colour"].index("teal")

    told = reader.conditions(text, {"colour": "teal"})

    assert torch.equal(told.logits["colour"].softmax(1)[0], torch.eye(17)[ATTRIBUTES["colour"].index("teal")])
    assert all(torch.equal(told.logits[group], read.logits[group]) for group in read.logits if group != "colour")
    planned = reader.plan(text, 7, (), {})
    assert planned.attributes["colour"] == "teal" and planned.text == text
    as_read, as_told = (gan.draw(text, planned.u, 7, attributes=each) for each in ({}, planned.attributes))
    assert pixels(gan.generate(replace(REQUEST, prompt=text), 0)) == imaging.pixels_sha256(as_told)
    assert imaging.pixels_sha256(as_read) != imaging.pixels_sha256(as_told)


@pytest.mark.parametrize("prompt", ["🎉", "<b>mug</b>", "كوب", "红色陶瓷杯", "x" * 1000, "mug " * 250, "\u202e mug"])
def test_unusual_prompts_are_drawn(gan: GanBackend, prompt: str) -> None:
    assert gan.generate(replace(REQUEST, prompt=prompt), 0).image.size == (32, 32)


def test_chinese_is_read_as_english(gan: GanBackend) -> None:
    understanding = gan.understand("红色陶瓷杯")

    assert understanding.canonical != understanding.prompt
    assert understanding.canonical.isascii()


LONG = "a teal mug, " + "seen in a dream " * 60 + "beside a yellow chair"


@pytest.mark.parametrize("prompt", [LONG, "mug " * 250, "龙" * 1000, "!" * 1000, "mug" + "\u0301-" * 400, "x" * 1000])
def test_what_is_recorded_of_a_long_prompt_is_what_is_encoded(gan: GanBackend, prompts: Prompts, prompt: str) -> None:
    encoder = gan._networks.encoder
    understanding = gan.understand(prompt)
    said = {attribute.group for attribute in understanding.attributes}

    for index in range(4):
        parameters = gan.generate(replace(REQUEST, prompt=prompt), index).parameters
        model_prompt, attributes = parameters["model_prompt"], parameters["attributes"]
        assert isinstance(model_prompt, str) and isinstance(attributes, dict)
        assert encoder.tokens(model_prompt) <= encoder.max_tokens
        left_open = {group: attributes[group] for group in CORE_ATTRIBUTES if group not in said}
        assert model_prompt == complete(understanding.canonical, left_open, prompts)


def test_the_words_without_room_are_told_and_as_few_as_may_be(gan: GanBackend, prompts: Prompts) -> None:
    encoder = gan._networks.encoder
    understanding = gan.understand(LONG)

    assert understanding.unread[-3:] == ("a", "yellow", "chair")
    assert LONG.startswith(understanding.canonical)
    rest = LONG.removeprefix(understanding.canonical)
    assert rest.split() == list(understanding.unread)
    assert rest.startswith(" ")
    # What was not read is not said.
    assert {attribute.value for attribute in understanding.attributes} >= {"mug", "teal"}
    assert not {attribute.value for attribute in understanding.attributes} & {"chair", "yellow"}
    one_more = f"{understanding.canonical} {understanding.unread[0]}"
    longest = {
        group: max(ATTRIBUTES[group], key=lambda name: encoder.tokens(prompts.vocabulary[group][name].phrase))
        for group in CORE_ATTRIBUTES
    }
    assert encoder.tokens(complete(one_more, longest, prompts)) > encoder.max_tokens


def test_a_prompt_that_fits_is_read_to_its_last_token(gan: GanBackend) -> None:
    encoder = gan._networks.encoder
    filled = PROMPT + " x" * (encoder.max_tokens - encoder.tokens(PROMPT))
    assert encoder.tokens(filled) == encoder.max_tokens

    assert gan.understand(filled).unread == ()
    assert gan.generate(replace(REQUEST, prompt=filled), 0).parameters["model_prompt"] == filled
    assert len(gan.understand(f"{filled} x").unread) > 1


def flip_a_byte(folder: Path) -> None:
    path = folder / "model.safetensors"
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)


def describe(**changes: object) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        path = folder / "config.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | changes))

    return change


@pytest.mark.parametrize(
    "spoil",
    [
        flip_a_byte,
        shutil.rmtree,
        lambda folder: (folder / "model.safetensors").unlink(),
        lambda folder: (folder / "config.json").unlink(),
        lambda folder: (folder / "config.json").write_text("{"),
        lambda folder: (folder / "config.json").write_text("[]"),
        lambda folder: (folder / "model.safetensors").write_bytes(b""),
        describe(text_encoder_sha256="0" * 64),
        describe(u_names=["azimuth"]),
        describe(preset="c64"),
    ],
)
def test_missing_or_altered_weights_are_an_error_in_plain_words(
    tmp_path: Path,
    tiny_snapshot: Path,
    open_gan: Callable[[Path], GanBackend],
    spoil: Callable[[Path], None],
) -> None:
    folder = tmp_path / "snapshot"
    shutil.copytree(tiny_snapshot, folder)
    spoil(folder)

    with pytest.raises(WeightsError, match="Install the studio again"):
        open_gan(folder).load()


def test_a_missing_text_encoder_is_an_error_in_plain_words(tiny_snapshot: Path, tmp_path: Path) -> None:
    with pytest.raises(WeightsError):
        GanBackend(tiny_snapshot, prompts=load_prompts(), text_encoder=str(tmp_path)).load()


def test_a_device_that_is_not_there_is_an_error_in_plain_words(tiny_snapshot: Path, tiny_text_encoder: Path) -> None:
    gan = GanBackend(tiny_snapshot, prompts=load_prompts(), text_encoder=str(tiny_text_encoder), device="no-such")
    with pytest.raises(InputError, match="'no-such' can't be used here"):
        gan.load()


def test_capabilities_need_no_weights_but_a_description(
    tmp_path: Path, tiny_snapshot: Path, open_gan: Callable[[Path], GanBackend]
) -> None:
    shutil.copy(tiny_snapshot / "config.json", tmp_path)

    assert open_gan(tmp_path).capabilities.licence == "Apache-2.0"
    with pytest.raises(WeightsError):
        _ = open_gan(tmp_path / "elsewhere").capabilities


def test_a_prompt_is_encoded_once_for_a_grid(gan: GanBackend) -> None:
    for i in range(4):
        gan.generate(REQUEST, i)

    assert gan._reader.encode.cache_info().misses == 1


@pytest.fixture
def small_gan(tmp_path: Path, tiny_text_encoder: Path, open_gan: Callable[[Path], GanBackend]) -> GanBackend:
    """A model of a part of the world: two products, and no silhouettes."""
    from studio.models.snapshot import build_tiny
    from studio.models.text_encoder import TextEncoder

    attributes = {**ATTRIBUTES, "product": ("vase", "mug"), "material": ("glass", "ceramic")}
    u_names = tuple(name for name in U_NAMES if not name.startswith("silhouette"))
    build_tiny(tmp_path, TextEncoder.load(str(tiny_text_encoder)).sha256, u_names=u_names, attributes=attributes)
    return open_gan(tmp_path)


def test_a_model_may_know_a_part_of_the_world(small_gan: GanBackend) -> None:
    assert small_gan.capabilities.attributes["product"] == ("vase", "mug")

    understanding = small_gan.understand("a red sneaker")
    assert understanding.unknown == ("sneaker",)
    assert {found.value for found in understanding.attributes if found.group == "product"} <= {"vase", "mug"}

    for seed in range(8):
        attributes = small_gan.generate(replace(REQUEST, prompt="something red", seed=seed), 0).parameters["attributes"]
        assert isinstance(attributes, dict)
        assert (attributes["product"] in ("vase", "mug")) and (attributes["material"] in ("glass", "ceramic"))


def test_a_model_of_another_world_is_refused(
    tmp_path: Path, tiny_text_encoder: Path, open_gan: Callable[[Path], GanBackend]
) -> None:
    from studio.models.snapshot import build_tiny
    from studio.models.text_encoder import TextEncoder

    attributes = {**ATTRIBUTES, "product": ("mug", "dragon")}
    build_tiny(tmp_path, TextEncoder.load(str(tiny_text_encoder)).sha256, u_names=U_NAMES, attributes=attributes)

    with pytest.raises(WeightsError, match="another product world"):
        open_gan(tmp_path).load()


def test_a_shop_s_model_speaks_its_own_words(
    tmp_path: Path, tiny_text_encoder: Path, open_gan: Callable[[Path], GanBackend]
) -> None:
    from studio.models.snapshot import build_tiny
    from studio.models.text_encoder import TextEncoder

    attributes = {"category": ("hat", "t-shirt"), "colour": ("black", "red")}
    sha256 = TextEncoder.load(str(tiny_text_encoder)).sha256
    build_tiny(tmp_path, sha256, u_names=("fill",), attributes=attributes, exact=False)
    shop = open_gan(tmp_path)

    assert [control.name for control in shop.capabilities.controls] == ["fill"]
    understanding = shop.understand("a red T-Shirt with a dragon, blue")
    assert {found.group: found.value for found in understanding.attributes} == {"category": "t-shirt", "colour": "red"}
    assert understanding.unknown == ("dragon", "blue")
    parameters = shop.generate(replace(REQUEST, prompt="a red T-Shirt"), 0).parameters
    assert parameters["model_prompt"] == "a red T-Shirt"  # nothing is added


@pytest.mark.parametrize("prompt", ["on a marble counter", "on a navy backdrop", "make it navy", "make it felt"])
def test_where_nothing_is_kept_the_product_is_found_all_the_same(
    tiny_snapshot: Path, tiny_text_encoder: Path, tmp_path: Path, prompt: str
) -> None:
    retoucher = FakeRetoucher()
    gan = GanBackend(tiny_snapshot, prompts=load_prompts(), retoucher=retoucher, text_encoder=str(tiny_text_encoder))
    studio = Studio(Settings(data_dir=tmp_path), backends=lambda _: gan, retoucher=retoucher)
    photo = Image.effect_noise((90, 70), 80).convert("RGB")

    (restyled,) = studio.generate(RestyleRequest(image=photo, prompt=prompt, keep="nothing"))
    (look,) = studio.generate(RestyleRequest(image=photo, prompt="vintage film", keep="nothing"))

    assert restyled.image.tobytes() != photo.tobytes()
    assert restyled.recipe.parameters["product_mask_sha256"] == retoucher.product_mask_sha256
    assert "product_mask_sha256" not in look.recipe.parameters
    assert studio.recipe(restyled.path)[1].outcome == "exact"
    studio.library.close()
