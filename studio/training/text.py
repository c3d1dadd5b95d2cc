"""The text stage: captions are encoded once, and the adapter learns to read attributes from them."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from studio.data.packed import near
from studio.models.adapter import TextAdapter
from studio.models.text_encoder import TextEncoder
from studio.training.losses import attribute_cross_entropy
from studio.training.precision import autocast

BATCH = 128


class EncodedTexts:
    """Token states of many texts, end to end in half precision."""

    def __init__(self, states: Tensor, lengths: Tensor) -> None:
        self._states = states
        self._lengths = lengths
        self._starts = lengths.cumsum(0) - lengths

    def __len__(self) -> int:
        return len(self._lengths)

    def near(self, device: torch.device) -> EncodedTexts:
        """The same, on a GPU where it has room for them."""
        return EncodedTexts(near(self._states, device), self._lengths)

    def batch(self, indices: Tensor) -> tuple[Tensor, Tensor]:
        """States [n, length, width] float32 and mask [n, length] of the texts at `indices`, on the device of all."""
        lengths = self._lengths[indices]
        places = torch.arange(int(lengths.max()))
        mask = (places < lengths[:, None]).to(self._states.device)
        rows = (self._starts[indices][:, None] + places).clamp_max(len(self._states) - 1)
        return self._states[rows.to(self._states.device)].float() * mask[:, :, None], mask

    @classmethod
    def encode(cls, texts: Sequence[str], encoder: TextEncoder) -> EncodedTexts:
        order = sorted(range(len(texts)), key=lambda i: len(texts[i]))  # texts of like length pad little
        pieces: list[Tensor] = [torch.empty(0)] * len(texts)
        for start in range(0, len(order), BATCH):
            chosen = order[start : start + BATCH]
            with autocast(encoder.device):  # 0.7 % off where it is in bfloat16, far less than the noise below
                encoded = encoder.encode([texts[i] for i in chosen])
            lengths = encoded.mask.sum(1).tolist()
            for i, states, length in zip(chosen, encoded.states.half(), lengths, strict=True):
                pieces[i] = states[:length]
        return cls(torch.cat(pieces).cpu(), torch.tensor([len(piece) for piece in pieces]))

    def save(self, path: Path, key: str) -> None:
        """Writes them with a key, which tells of what texts and what encoder they are; all of them, or nothing."""
        partial = path.with_suffix(".partial")
        try:
            save_file({"states": self._states, "lengths": self._lengths}, partial, metadata={"key": key})
            partial.replace(path)
        except (OSError, SafetensorError):
            partial.unlink(missing_ok=True)
            raise

    @classmethod
    def load(cls, path: Path, key: str) -> EncodedTexts | None:
        """What was saved with this key, if anything was and it can be read."""
        if not path.is_file():
            return None
        try:
            with safe_open(path, framework="pt") as file:
                if (file.metadata() or {}).get("key") != key:
                    return None
                return cls(file.get_tensor("states"), file.get_tensor("lengths"))
        except SafetensorError:
            return None


def train_adapter(
    adapter: TextAdapter,
    texts: EncodedTexts,
    labels: Tensor,
    *,
    steps: int,
    learning_rate: float,
    seed: int,
    held_out: float = 0.02,
) -> Iterator[tuple[int, float, float]]:
    """Teaches the adapter to say which attributes a caption names; `labels` [n, groups] of the first n texts.

    Yields (step, loss, accuracy on held-out captions) now and then and at the end.
    """
    order = torch.randperm(len(labels), generator=torch.Generator().manual_seed(seed))
    held = max(1, int(len(labels) * held_out))
    test, train = order[:held], order[held:]
    generator = torch.Generator().manual_seed(seed + 1)
    dropout = random.Random(seed)
    optimizer = torch.optim.AdamW(adapter.parameters(), lr=learning_rate, betas=(0.9, 0.99), weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min(1.0, 10 * (step + 1) / steps) * (0.51 + 0.49 * math.cos(math.pi * step / steps))
    )
    adapter.train()
    for step in range(1, steps + 1):
        chosen = train[torch.randint(len(train), (BATCH,), generator=generator)]
        states, mask = texts.batch(chosen)
        # Noise on the states keeps words that were never seen close to their neighbours.
        noise = torch.randn(states.shape, generator=generator) * (0.15 * dropout.random())
        with autocast(torch.device("cpu")):
            logits = adapter(states + noise, mask).logits
        loss = attribute_cross_entropy({group: each.float() for group, each in logits.items()}, labels[chosen])
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(adapter.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        if step % 250 == 0 or step == steps:
            yield step, float(loss.detach()), _accuracy(adapter, texts, labels, test)
    adapter.eval().requires_grad_(False)


@torch.no_grad()
def _accuracy(adapter: TextAdapter, texts: EncodedTexts, labels: Tensor, test: Tensor) -> float:
    """Share of held-out captions all of whose attributes are read right."""
    adapter.eval()
    right = 0
    for chosen in test.split(BATCH):
        logits = adapter(*texts.batch(chosen)).logits
        read = torch.stack([each.argmax(1) for each in logits.values()], dim=1)
        right += int((read == labels[chosen]).all(1).sum())
    adapter.train()
    return right / len(test)
