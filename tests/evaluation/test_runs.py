import random

import torch

from studio.evaluation.runs import mistyped, nearest_by_attributes
from studio.world.scene import sample_scene


def test_one_word_is_mistyped_and_keeps_its_first_letter() -> None:
    text = "a red mug with 2 glossy handles, on a marble counter"
    for seed in range(200):
        slipped = mistyped(text, random.Random(seed))
        before, after = text.split(), slipped.split()
        wrong = [(old, new) for old, new in zip(before, after, strict=True) if old != new]
        assert len(wrong) == 1
        old, new = wrong[0]
        assert len(old) >= 4 and old[0] == new[0] and abs(len(old) - len(new)) <= 1


def test_what_has_no_long_word_stays() -> None:
    assert mistyped("红色杯子 a mug", random.Random(0)) == "红色杯子 a mug"


def test_nearest_is_the_scene_itself_where_it_is_there() -> None:
    scenes = [sample_scene(seed) for seed in range(40)]
    chosen = torch.randperm(40, generator=torch.Generator().manual_seed(0))[:5].tolist()
    assert nearest_by_attributes([scenes[i] for i in chosen], scenes) == chosen
