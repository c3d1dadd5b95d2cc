from __future__ import annotations

import json
import math
import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.world.scene import (
    ATTRIBUTES,
    COLOURS,
    CORE_ATTRIBUTES,
    ELEVATION,
    EXTRA_ATTRIBUTES,
    FILL,
    GRAINED,
    LIGHT_ELEVATION,
    PRODUCTS,
    U_NAMES,
    Scene,
    is_held_out,
    sample_continuous,
    sample_core,
    sample_edit,
    sample_scene,
    step_continuous,
)

SEEDS = st.integers(0, 2**63 - 1)


@given(SEEDS)
def test_a_seed_is_a_scene_and_survives_json(seed: int) -> None:
    scene = sample_scene(seed)

    assert scene == sample_scene(seed)
    assert Scene.from_record(json.loads(json.dumps(scene.to_record()))) == scene


@given(SEEDS)
def test_values_are_in_range(seed: int) -> None:
    scene = sample_scene(seed)

    assert ELEVATION[0] <= scene.elevation <= ELEVATION[1]
    assert FILL[0] <= scene.fill <= FILL[1]
    assert LIGHT_ELEVATION[0] <= scene.light_elevation <= LIGHT_ELEVATION[1]
    assert -180 <= scene.light_azimuth <= 180
    assert 0 <= scene.softness <= 1
    assert all(-1 <= value <= 1 for value in (scene.warmth, scene.lightness, scene.chroma, *scene.shape))


@given(SEEDS)
def test_u_is_normalised_and_keeps_angles(seed: int) -> None:
    scene = sample_scene(seed)
    u = scene.u

    assert tuple(u) == U_NAMES
    assert all(-1 <= value <= 1 for value in u.values())
    assert math.degrees(math.atan2(u["azimuth_sin"], u["azimuth_cos"])) == pytest.approx(scene.azimuth)
    assert u["softness"] == pytest.approx(2 * scene.softness - 1)


@given(SEEDS)
def test_attributes_are_classes_and_the_core_is_always_there(seed: int) -> None:
    attributes = sample_scene(seed).attributes()

    assert set(CORE_ATTRIBUTES) <= set(attributes) <= set(ATTRIBUTES)
    assert all(name in ATTRIBUTES[group] for group, name in attributes.items())


@pytest.mark.parametrize(
    ("group", "name"),
    [
        (group, name)
        for group in ATTRIBUTES
        if group not in CORE_ATTRIBUTES + EXTRA_ATTRIBUTES
        for name in ATTRIBUTES[group]
    ],
)
def test_what_is_asked_for_is_what_the_scene_then_is(group: str, name: str) -> None:
    core = {"product": "mug", "colour": "red", "material": "ceramic", "finish": "matte", "scene": "white studio"}
    for seed in range(20):
        values = sample_continuous(random.Random(seed), {**core, group: name})
        if seed % 2:  # also a small step further
            values = step_continuous(random.Random(seed), values, {**core, group: name}, 0.5)
        shape = tuple(values.pop(f"shape.{index}") for index in range(4))
        plain = dict.fromkeys((*EXTRA_ATTRIBUTES, "edited"))
        scene = Scene.from_record({"seed": seed, "silhouette": 0, **core, **plain, **values, "shape": shape})

        assert scene.attributes()[group] == name


def test_remarks_are_neither_rare_nor_the_rule() -> None:
    counts = Counter(group for seed in range(2000) for group in sample_scene(seed).attributes())

    for group in set(ATTRIBUTES) - set(CORE_ATTRIBUTES):
        assert 0.05 < counts[group] / 2000 < 0.7, group


def test_every_core_class_is_drawn_and_most_materials_are_usual() -> None:
    scenes = [sample_scene(seed) for seed in range(2000)]

    for group in CORE_ATTRIBUTES:
        assert {scene.attributes()[group] for scene in scenes} == set(ATTRIBUTES[group])
    usual = sum(scene.material in PRODUCTS[scene.product].materials for scene in scenes)
    assert 0.85 < usual / 2000 < 1


@given(SEEDS)
def test_known_attributes_stay(seed: int) -> None:
    known = {"product": "mug", "material": "leather"}

    core = sample_core(random.Random(seed), known)

    assert known.items() <= core.items()
    assert set(core) == set(CORE_ATTRIBUTES)


@pytest.mark.parametrize(
    ("known", "group", "expected"),
    [
        ({"product": "chair", "material": "walnut"}, "colour", {"brown"}),
        ({"product": "vase", "material": "marble"}, "colour", {"white", "grey", "black"}),
        ({"product": "vase", "material": "ceramic"}, "colour", set(COLOURS)),
        ({"product": "glass"}, "material", {"glass"}),
        ({"product": "mug"}, "material", {"ceramic", "metal", "glass", "plastic"}),
        ({"product": "mug", "pattern": "stripes"}, "material", {"ceramic", "plastic"}),
        ({"product": "can", "pattern": "stripes"}, "material", {"metal"}),
        ({}, "material", set(ATTRIBUTES["material"])),
    ],
)
def test_what_is_left_open_goes_with_what_is_known(known: dict[str, str], group: str, expected: set[str]) -> None:
    assert {sample_core(random.Random(seed), known)[group] for seed in range(400)} == expected
    for seed in range(40):  # and the rest of the scene stays where it is
        one, other = (random.Random(seed) for _ in range(2))
        sample_core(one, known)
        sample_core(other, {**known, group: min(expected)})
        assert one.random() == other.random()


def test_leaving_attributes_open_does_not_change_the_others() -> None:
    free = sample_core(random.Random(5), {})

    assert sample_core(random.Random(5), {"product": free["product"], "scene": "white studio"})["colour"] in COLOURS


@given(SEEDS, st.floats(0, 1))
def test_a_small_step_is_small_and_stays_in_range(seed: int, step: float) -> None:
    rng = random.Random(seed)
    values = sample_continuous(rng, {"product": "mug"})
    stepped = step_continuous(rng, values, {"product": "mug"}, step)

    turn = PRODUCTS["mug"].turn
    spans = {"azimuth": (-turn, turn), "elevation": ELEVATION, "fill": FILL, "light_elevation": LIGHT_ELEVATION}
    spans |= {"light_azimuth": (-160.0, 160.0), "softness": (0.0, 1.0)}
    assert stepped.keys() == values.keys()
    assert step_continuous(rng, values, {"product": "mug"}, 0) == values
    for field, value in values.items():
        low, high = spans.get(field, (-1.0, 1.0))
        assert low <= stepped[field] <= high
        assert abs(stepped[field] - value) <= step * (high - low) + 1e-9


@given(SEEDS)
def test_a_part_has_another_colour_and_grain_has_no_pattern(seed: int) -> None:
    scene = sample_scene(seed)

    assert scene.accent != scene.colour
    assert not (scene.pattern and scene.material in GRAINED)
    assert 0 <= scene.silhouette < len(PRODUCTS[scene.product].silhouettes)


def test_shoes_come_in_pairs_more_often_than_other_things() -> None:
    scenes = [sample_scene(seed) for seed in range(2000)]
    shoes = [scene.number is not None for scene in scenes if PRODUCTS[scene.product].in_pairs]
    others = [scene.number is not None for scene in scenes if not PRODUCTS[scene.product].in_pairs]

    assert sum(shoes) / len(shoes) > 0.35 > 0.15 > sum(others) / len(others) > 0.02


@given(SEEDS, st.booleans())
def test_some_combinations_are_held_out(seed: int, held_out: bool) -> None:
    assert is_held_out(sample_scene(seed, held_out=held_out).attributes()) == held_out


@given(SEEDS, st.booleans())
def test_a_world_of_some_products_has_no_others(seed: int, held_out: bool) -> None:
    some = ("mug", "office chair")
    assert sample_scene(seed, held_out=held_out, products=some).product in some


@given(SEEDS)
def test_an_edit_changes_one_thing(seed: int) -> None:
    scene = sample_scene(seed)
    edited = sample_edit(scene)
    changed = {group for group in CORE_ATTRIBUTES if getattr(edited, group) != getattr(scene, group)}

    assert changed == ({edited.edited} - {"light"})
    assert (edited.product, edited.shape, edited.azimuth) == (scene.product, scene.shape, scene.azimuth)
