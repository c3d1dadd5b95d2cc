"""A file for each network that works on pictures: weights in eight bits, and a note of how they came about."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import nn

from .eight_bits import from_eight_bits, to_eight_bits
from .errors import SnapshotError
from .snapshot import write_whole

NetworkT = TypeVar("NetworkT", bound=nn.Module)


@dataclass(frozen=True, kw_only=True)
class Saved(Generic[NetworkT]):
    """A network that was saved, ready for use in float32; the note that came with it, and the hash of its file."""

    network: NetworkT
    note: str
    sha256: str


def save_weights(path: Path, network: nn.Module, *, note: str) -> None:
    """Writes the weights and the note. Raises OSError."""
    write_whole(path, save(to_eight_bits(network.state_dict()), {"note": note}))


def load_weights(path: Path, network: NetworkT, *, called: str) -> Saved[NetworkT]:
    """Gives `network` the weights of a file.

    Raises:
        SnapshotError: the file is missing, damaged or of another version; the words say so of what it is `called`.
    """
    try:
        data = path.read_bytes()
        network.load_state_dict(from_eight_bits(load(data)))
        note = _note(data)
    except (OSError, SafetensorError) as error:
        raise SnapshotError(f"The {called} {path} can't be read: {error}.") from error
    except RuntimeError as error:
        raise SnapshotError(f"The {called} {path} is of another version.") from error
    network.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
    network.eval().requires_grad_(False)
    return Saved(network=network, note=note, sha256=hashlib.sha256(data).hexdigest())


def _note(data: bytes) -> str:
    """From the header of a safetensors file: its length (u64), then so many bytes of JSON."""
    header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
    return header.get("__metadata__", {}).get("note", "")
