"""The words of a run: captions are encoded once, and the adapter learns to read them before the networks start."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save
from torch import Tensor

from studio.data.packed import PackedData
from studio.models.adapter import TextAdapter
from studio.models.snapshot import write_whole
from studio.models.text_encoder import TextEncoder
from studio.training.config import RunConfig
from studio.training.folder import TrainingStopped, saving
from studio.training.progress import Say
from studio.training.text import EncodedTexts, train_adapter


class Reader(Protocol):
    """A snapshot of either kind, as far as it reads."""

    @property
    def attributes(self) -> Mapping[str, tuple[str, ...]]: ...

    @property
    def adapter(self) -> TextAdapter: ...


def encode_captions(sets: Sequence[PackedData], encoder: TextEncoder, out: Path, say: Say) -> EncodedTexts:
    """Every caption of all the sets, image by image, then the mismatched ones."""
    path = out / "captions.safetensors"
    texts = [text for data in sets for captions in data.captions for text in captions]
    texts += [text for data in sets for text in data.mismatched]
    key = hashlib.sha256(json.dumps([encoder.sha256, texts]).encode()).hexdigest()
    if encoded := EncodedTexts.load(path, key):
        return encoded
    say(f"reading {len(texts):,} captions")
    encoded = EncodedTexts.encode(texts, encoder)
    with saving(out):
        encoded.save(path, key)
    return encoded


#: Of the steps it takes to learn to read, what an adapter needs that reads other attributes already.
SHARE_OF_STEPS = 0.25


def trained_adapter(
    config: RunConfig, sets: Sequence[PackedData], texts: EncodedTexts, start: Reader | None, out: Path, say: Say
) -> TextAdapter:
    """That of the run, or of `start` where it reads these attributes and maybe more, or one that learns to read them
    now, from what `start` knows where there is one. The sets have the same attributes."""
    data = sets[0]
    adapter = TextAdapter(data.attributes)
    path = out / "adapter.safetensors"
    if path.is_file():
        try:
            with safe_open(path, framework="pt") as file:
                reads = (file.metadata() or {}).get("attributes")
            adapter.load_state_dict(load_file(path))
        except (SafetensorError, RuntimeError) as error:
            raise _reads_others(path) from error
        if reads not in (None, _attributes(data)):  # runs that began with earlier versions don't say
            raise _reads_others(path)
        return adapter.eval().requires_grad_(False)
    if start and all(
        set(classes) <= set(start.attributes.get(group, ())) for group, classes in data.attributes.items()
    ):
        adapter.load_state_dict(_narrowed(start, data.attributes))
        adapter.eval().requires_grad_(False)
    else:
        if start:
            body = {name: value for name, value in start.adapter.state_dict().items() if not name.startswith("heads.")}
            adapter.load_state_dict(body, strict=False)
        steps = math.ceil(config.text_steps * SHARE_OF_STEPS) if start else config.text_steps
        _train_adapter(config, sets, texts, adapter, steps, say)
    with saving(out):
        write_whole(path, save(adapter.state_dict(), metadata={"attributes": _attributes(data)}))
    return adapter


def _attributes(data: PackedData) -> str:
    return json.dumps(data.attributes)


def _reads_others(path: Path) -> TrainingStopped:
    return TrainingStopped(
        f"{path} reads other attributes than this data has: with other products or columns, begin a new run."
    )


def _narrowed(start: Reader, attributes: Mapping[str, tuple[str, ...]]) -> dict[str, Tensor]:
    """The weights of an adapter that reads a part of what `start` does: the rows of its heads that are left."""
    weights = {name: value for name, value in start.adapter.state_dict().items() if not name.startswith("heads.")}
    for group, classes in attributes.items():
        known = start.attributes[group]
        rows = [*(known.index(name) for name in classes), len(known)]  # the last one is "not said"
        for name, value in start.adapter.heads[group].state_dict().items():
            weights[f"heads.{group}.{name}"] = value[rows]
    return weights


def _train_adapter(
    config: RunConfig,
    sets: Sequence[PackedData],
    texts: EncodedTexts,
    adapter: TextAdapter,
    steps: int,
    say: Say,
) -> None:
    labels = torch.cat([data.caption_labels.flatten(0, 1) for data in sets])
    for step, _, accuracy in train_adapter(
        adapter, texts, labels, steps=steps, learning_rate=config.text_learning_rate, seed=config.seed
    ):
        say(
            f"learning to read: step {step:,} of {steps:,}, {accuracy:.0%} of captions that it never saw"
            " are read without a mistake"
        )
