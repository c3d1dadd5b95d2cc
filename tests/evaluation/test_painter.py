from pathlib import Path
from typing import Any

import pytest
import torch

from studio.evaluation.painter import Painter
from studio.models import snapshot, text_encoder
from studio.prompts import Prompts
from studio.world.scene import U_NAMES


def test_draws_both_ways_with_one_set_of_networks(
    prompts: Prompts, tiny_snapshot: Path, tiny_text_encoder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded: list[str] = []
    load_snapshot, load_encoder = snapshot.load_snapshot, text_encoder.TextEncoder.load

    def count_snapshot(*arguments: Any) -> Any:
        loaded.append("snapshot")
        return load_snapshot(*arguments)

    def count_encoder(*arguments: Any) -> Any:
        loaded.append("text encoder")
        return load_encoder(*arguments)

    monkeypatch.setattr(snapshot, "load_snapshot", count_snapshot)
    monkeypatch.setattr(text_encoder.TextEncoder, "load", count_encoder)

    painter = Painter(tiny_snapshot, prompts=prompts, text_encoder=str(tiny_text_encoder))
    asked = painter.ask("a red mug", 7)
    drawn = painter.draw("a red mug", dict.fromkeys(U_NAMES, 0.0), 7)

    assert asked.shape == drawn.shape == (3, painter.size, painter.size)
    assert asked.dtype == drawn.dtype == torch.uint8
    assert sorted(loaded) == ["snapshot", "text encoder"]


def test_what_is_drawn_depends_on_text_u_and_seed(
    prompts: Prompts, tiny_snapshot: Path, tiny_text_encoder: Path
) -> None:
    painter = Painter(tiny_snapshot, prompts=prompts, text_encoder=str(tiny_text_encoder))
    u = dict.fromkeys(U_NAMES, 0.0)
    first = painter.draw("a red mug", u, 7)

    assert torch.equal(painter.draw("a red mug", u, 7), first)
    assert not torch.equal(painter.draw("a blue bottle", u, 7), first)
    assert not torch.equal(painter.draw("a red mug", u | {U_NAMES[0]: 1.0}, 7), first)
