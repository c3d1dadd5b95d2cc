"""The words of a run: captions are encoded once, and the adapter learns to read them before the networks start."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from safetensors import SafetensorError
from safetensors.torch import load_file, save

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


def encode_captions(data: PackedData, encoder: TextEncoder, out: Path, say: Say) -> EncodedTexts:
    """Every caption of the data, image by image, then the mismatched ones."""
    path = out / "captions.safetensors"
    texts = [text for captions in data.captions for text in captions] + list(data.mismatched)
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
    config: RunConfig, data: PackedData, texts: EncodedTexts, start: Reader | None, out: Path, say: Say
) -> TextAdapter:
    """That of the run, or of `start` where it reads the same attributes, or one that learns to read them now, from
    what `start` knows where there is one."""
    adapter = TextAdapter(data.attributes)
    path = out / "adapter.safetensors"
    if path.is_file():
        try:
            adapter.load_state_dict(load_file(path))
        except (SafetensorError, RuntimeError) as error:
            raise TrainingStopped(
                f"{path} reads other attributes than this data has: with other columns, begin a new run."
            ) from error
        return adapter.eval().requires_grad_(False)
    if start and dict(start.attributes) == dict(data.attributes):
        adapter.load_state_dict(start.adapter.state_dict())
        adapter.eval().requires_grad_(False)
    else:
        if start:
            body = {name: value for name, value in start.adapter.state_dict().items() if not name.startswith("heads.")}
            adapter.load_state_dict(body, strict=False)
        steps = math.ceil(config.text_steps * SHARE_OF_STEPS) if start else config.text_steps
        _train_adapter(config, data, texts, adapter, steps, say)
    with saving(out):
        write_whole(path, save(adapter.state_dict()))
    return adapter


def _train_adapter(
    config: RunConfig, data: PackedData, texts: EncodedTexts, adapter: TextAdapter, steps: int, say: Say
) -> None:
    labels = data.caption_labels.flatten(0, 1)
    for step, _, accuracy in train_adapter(
        adapter, texts, labels, steps=steps, learning_rate=config.text_learning_rate, seed=config.seed
    ):
        say(
            f"learning to read: step {step:,} of {steps:,}, {accuracy:.0%} of captions that it never saw"
            " are read without a mistake"
        )
