from pathlib import Path

import pytest
import torch
from PIL import Image

from studio.errors import WeightsError
from studio.evaluation.judge import JUDGED, assess, class_indices, read_judge, train_judge, train_likeness
from studio.evaluation.renders import Renders, read_records, read_renders
from studio.likeness import Likeness
from studio.models.judge import Judge, _mean, load_judge, save_judge
from tests.evaluation.toy import write_toys


@pytest.fixture(scope="module")
def toys(tmp_path_factory: pytest.TempPathFactory) -> Renders:
    return read_renders(read_records([write_toys(tmp_path_factory.mktemp("toys") / "a", seeds=range(96))]), 32)


@pytest.fixture(scope="module")
def trained(toys: Renders) -> Judge:
    judge, done = train_judge(toys, seed=0, minutes=5, steps=90)
    assert done == 90
    return judge


def test_learns_attributes_and_masks(trained: Judge, tmp_path: Path) -> None:
    unseen = read_renders(read_records([write_toys(tmp_path / "b", seeds=range(1000, 1064))]), 32)
    findings = assess(trained, unseen.images)
    for group, asked in class_indices(unseen.scenes).items():
        assert (findings.classes[group] == asked).float().mean() > 0.9, group
    seen, true = findings.masks, unseen.masks > 127
    overlap = (seen & true).sum((1, 2)) / (seen | true).sum((1, 2))
    assert overlap.mean() > 0.75


def test_the_same_seed_gives_the_same_judge(toys: Renders) -> None:
    first, second, other = (train_judge(toys, seed=seed, minutes=5, steps=2)[0].state_dict() for seed in (1, 1, 2))
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert not all(torch.equal(first[name], other[name]) for name in first)


def test_a_mean_hands_back_gradients_laid_out_as_the_maps_are() -> None:
    leaf = torch.rand(2, 3, 4, 4).contiguous(memory_format=torch.channels_last).requires_grad_()
    maps, weight = leaf * 1, torch.rand(2, 1, 4, 4)
    strides: list[tuple[int, ...]] = []
    maps.register_hook(lambda gradient: strides.append(gradient.stride()))  # that of a leaf is laid out anew
    mean = _mean(maps, weight)
    mean.square().sum().backward()

    torch.testing.assert_close(mean, (maps * weight).sum((2, 3)) / (weight.sum((2, 3)) + 1e-3))
    assert strides == [maps.stride()] == [(48, 1, 12, 3)]


def test_training_leaves_the_global_generator_alone(toys: Renders) -> None:
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    train_judge(toys, seed=1, minutes=5, steps=1)
    assert torch.equal(torch.rand(1), expected)


def test_stops_when_its_minutes_are_over(toys: Renders) -> None:
    _, done = train_judge(toys, seed=0, minutes=0, steps=100)
    assert done == 1


def test_a_saved_judge_judges_the_same(trained: Judge, toys: Renders, tmp_path: Path) -> None:
    path = tmp_path / "judge.safetensors"
    save_judge(path, trained, attributes=JUDGED, note="a toy")
    loaded = read_judge(path, size=32)
    assert (loaded.note, loaded.judge.size, loaded.attributes) == ("a toy", 32, JUDGED)
    assert torch.equal(assess(loaded.judge, toys.images[:8]).features, assess(trained, toys.images[:8]).features)


def test_what_the_library_searches_by_is_trained_too(tmp_path: Path, tiny_text_encoder: Path) -> None:
    said: list[str] = []
    folder = write_toys(tmp_path / "toys", seeds=range(16), size=64)
    path = train_likeness(folder, tmp_path, steps=1, say=said.append)

    saved = load_judge(path)
    assert (saved.judge.size, saved.note) == (64, "1 of 1 steps on 16 renders of the product world, seed 5")
    assert said[-1].startswith("step 1 of 1")
    vectors = Likeness(path, text_encoder=str(tiny_text_encoder)).of_images([Image.new("RGB", (80, 64), "red")])
    assert vectors.shape == (1, 128)


def test_a_judge_of_smaller_pictures_sees_larger_ones_as_small(trained: Judge, toys: Renders, tmp_path: Path) -> None:
    path = tmp_path / "judge.safetensors"
    save_judge(path, trained, attributes=JUDGED, note="")
    judge = read_judge(path, size=64).judge
    images = toys.images[:4]
    small, large = assess(judge, images), assess(judge, images.repeat_interleave(2, 2).repeat_interleave(2, 3))
    torch.testing.assert_close(large.features, small.features)
    assert large.masks.shape[-1] == 64


def test_refuses_a_judge_that_is_missing_damaged_or_for_another_size(trained: Judge, tmp_path: Path) -> None:
    path = tmp_path / "judge.safetensors"
    with pytest.raises(WeightsError, match="can't be read"):
        read_judge(path, size=32)
    path.write_bytes(b"not weights at all")
    with pytest.raises(WeightsError, match="can't be read"):
        read_judge(path, size=32)
    save_judge(path, trained, attributes=JUDGED, note="")
    with pytest.raises(WeightsError, match="for pictures of 32 pixels"):
        read_judge(path, size=48)
