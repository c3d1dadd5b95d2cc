from dataclasses import replace

import pytest
import torch
from torch import nn

from studio.evaluation.judge import JUDGED, class_indices
from studio.evaluation.measure import closeness, compare, examine
from studio.models.judge import Judge, Opinion
from studio.world.scene import Scene, sample_scene


class _Answering(Judge):
    """A judge who was told what to say of image i, whose first pixel holds i."""

    def __init__(self, scenes: list[Scene]) -> None:
        super().__init__(JUDGED, 32)
        self._answers = class_indices(tuple(scenes))
        self.eval().requires_grad_(False)

    def forward(self, images: torch.Tensor) -> Opinion:
        opinion = super().forward(images)
        place = ((images[:, 0, 0, 0] + 1) * 127.5).round().long()
        logits = {group: nn.functional.one_hot(self._answers[group][place], 40).float() for group in JUDGED}
        return replace(opinion, logits=logits)


def _images(count: int) -> torch.Tensor:
    images = torch.randint(256, (count, 3, 32, 32), generator=torch.Generator().manual_seed(0)).byte()
    images[:, 0, 0, 0] = torch.arange(count)
    return images


def test_colours_are_bound_where_both_are_right_and_exchanged_where_they_are_the_wrong_way_round() -> None:
    plain = replace(sample_scene(1), colour="red", accent=None, pattern=None, number=None)
    asked = [plain, *(replace(plain, accent="blue") for _ in range(4))]
    seen = [plain, asked[1], replace(asked[2], colour="blue", accent="red"), replace(asked[3], accent="green"), plain]
    renders = examine(_images(5), asked, _Answering(asked))
    figures = compare(examine(_images(5), asked, _Answering(seen)), renders, _Answering(asked), seed=0)

    extras = figures["extras"]
    assert isinstance(extras, dict)
    assert set(extras) == {"accent", "bound"}
    assert extras["bound"]["count"] == 4
    assert extras["bound"]["value"] == extras["bound"]["ratio"] == 0.25
    assert figures["colours_exchanged"] == 0.25
    assert figures["accuracy"]["colour"]["value"] == pytest.approx(0.8)  # type: ignore[index]


def test_closeness_is_1_for_new_images_and_0_for_copies() -> None:
    generator = torch.Generator().manual_seed(0)
    train, new, renders = (torch.randn(200, 8, generator=generator) for _ in range(3))
    assert closeness(train[:100], renders, train, seed=0)["value"] == pytest.approx(0, abs=0.01)
    assert closeness(new, renders, train, seed=0)["value"] == pytest.approx(1, abs=0.1)
