import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from studio.evaluation.classifier import TRAININGS, told_apart
from studio.evaluation.metrics import bootstrap_interval
from studio.evaluation.renders import Renders, read_records, read_renders
from tests.evaluation.toy import write_toys


@pytest.fixture(scope="module")
def toys(tmp_path_factory: pytest.TempPathFactory) -> Renders:
    return read_renders(read_records([write_toys(tmp_path_factory.mktemp("toys") / "a", seeds=range(160))]), 32)


def blurred(images: Tensor) -> Tensor:
    return F.avg_pool2d(images.float(), 5, 1, 2, count_include_pad=False).byte()


def test_soft_images_are_told_from_sharp_ones_of_the_same_scenes(toys: Renders) -> None:
    right = told_apart(toys.images[:80], blurred(toys.images[:80]), seed=0, steps=60)

    assert right.shape == (TRAININGS, 40)
    assert set(right.flatten().tolist()) <= {0.0, 0.5, 1.0}
    assert len({tuple(each) for each in right.tolist()}) > 1
    assert right.mean() > 0.9


def test_images_of_one_kind_are_not(toys: Renders) -> None:
    right = told_apart(toys.images[:80], toys.images[80:], seed=0, steps=60).mean(0)

    low, high = bootstrap_interval(lambda indices: right[indices].mean(-1), len(right), seed=0)
    assert low < 0.5 < high


def test_equal_images_are_right_exactly_every_other_time(toys: Renders) -> None:
    assert told_apart(toys.images, toys.images, seed=0, steps=5).unique().tolist() == [0.5]


def test_the_same_seed_gives_the_same_and_leaves_the_global_generator_alone(toys: Renders) -> None:
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    first, again = (told_apart(toys.images[:80], toys.images[80:], seed=3, steps=5) for _ in range(2))

    assert torch.equal(first, again)
    assert torch.equal(torch.rand(1), expected)
