"""A snapshot: the averaged weights for drawing, in eight bits, with a description that says what they are."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import nn

from .adapter import TextAdapter
from .eight_bits import from_eight_bits, to_eight_bits
from .errors import SnapshotError
from .generator import Generator
from .presets import EPS_WIDTH, PRESETS, image_size

FORMAT_VERSION = 4  # 3: weights in half precision; they are read as well
READABLE = (3, FORMAT_VERSION)
WEIGHTS = "model.safetensors"
DESCRIPTION = "config.json"


@dataclass(frozen=True, kw_only=True)
class SnapshotConfig:
    """What a snapshot is. `attributes` gives the classes of every head in order, `u_names` the entries of u; `exact`
    says that it was trained on exact renders, whose every core attribute has to be said; `emphasis` are attributes that
    the generator is told more of than it was in training, each by a factor (`Generator.emphasise`)."""

    name: str
    preset: str
    size: int
    u_names: tuple[str, ...]
    attributes: Mapping[str, tuple[str, ...]]
    text_encoder_sha256: str
    num_images_seen: int
    exact: bool = True
    emphasis: Mapping[str, float] = field(default_factory=dict[str, float])
    licence: str = "Apache-2.0"
    eps_dim: int = EPS_WIDTH
    weights_sha256: str = ""
    format_version: int = FORMAT_VERSION


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    config: SnapshotConfig
    adapter: TextAdapter
    generator: Generator

    @property
    def attributes(self) -> Mapping[str, tuple[str, ...]]:
        return self.config.attributes


def save_snapshot(folder: Path, *, adapter: nn.Module, generator: nn.Module, config: SnapshotConfig) -> SnapshotConfig:
    """Writes weights (in eight bits) and description; returns the description with the weights' sha256.

    Stopped at any moment, it leaves a folder that holds the earlier snapshot or the new one: new weights have a name of
    their own until the description, which is swapped in one go, speaks of them.
    """
    weights = {
        f"{name}.{key}": value
        for name, module in (("adapter", adapter), ("generator", generator))
        for key, value in module.state_dict().items()
    }
    data = save(to_eight_bits(weights))
    config = replace(config, weights_sha256=hashlib.sha256(data).hexdigest())
    folder.mkdir(parents=True, exist_ok=True)
    new = _new_weights(folder, config)
    write_whole(new, data)
    write_whole(folder / DESCRIPTION, json.dumps(asdict(config), indent=2).encode() + b"\n")
    new.replace(folder / WEIGHTS)
    for left_by_a_stop in folder.glob(f"{WEIGHTS}.*"):
        left_by_a_stop.unlink()
    return config


def _new_weights(folder: Path, config: SnapshotConfig) -> Path:
    return folder / f"{WEIGHTS}.{config.weights_sha256[:12]}"


def write_whole(path: Path, data: bytes | memoryview) -> None:
    """Puts `data` into a file that is, at any moment, whole or what it was before, also when the power fails.

    Raises:
        OSError: it can't be written; what was written of it is gone again.
    """
    partial = path.with_name(f"{path.name}.partial")
    try:
        with partial.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except OSError:
        partial.unlink(missing_ok=True)
        raise


def load_snapshot(folder: Path) -> Snapshot:
    """Reads a snapshot, in float32 and ready to draw.

    Raises:
        SnapshotError: a file is missing, altered, or of another format.
    """
    try:
        config = _parse(json.loads((folder / DESCRIPTION).read_text(encoding="utf-8")), folder)
        new = _new_weights(folder, config)
        data = (new if new.is_file() else folder / WEIGHTS).read_bytes()
    except FileNotFoundError as error:
        raise SnapshotError(f"There is no model in {folder}: {Path(str(error.filename)).name} is missing.") from error
    except (OSError, ValueError) as error:
        raise SnapshotError(f"The model in {folder} can't be read: {error}") from error
    if hashlib.sha256(data).hexdigest() != config.weights_sha256:
        raise SnapshotError(f"The weights in {folder} are not the ones that its {DESCRIPTION} describes.")
    adapter = TextAdapter(config.attributes)
    generator = Generator(config.preset, len(config.u_names), config.eps_dim, attributes=config.attributes)
    try:
        weights = from_eight_bits(load(data))
        for name, module in (("adapter", adapter), ("generator", generator)):
            prefix = f"{name}."
            module.load_state_dict(
                {key.removeprefix(prefix): value for key, value in weights.items() if key.startswith(prefix)}
            )
            module.eval().requires_grad_(False)
    except (RuntimeError, SafetensorError) as error:
        raise SnapshotError(f"The weights in {folder} do not fit the preset {config.preset!r}.") from error
    for group, factor in config.emphasis.items():
        generator.emphasise(group, factor)
    generator.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    config = replace(config, emphasis={})  # as it is in the weights now
    return Snapshot(config=config, adapter=adapter, generator=generator)


def _parse(record: object, folder: Path) -> SnapshotConfig:
    if not isinstance(record, dict) or record.get("format_version") not in READABLE:
        raise SnapshotError(
            f"The model in {folder} is of another format than this version reads: train it anew, or draw with the"
            " version that made it."
        )
    try:
        config = SnapshotConfig(**record)
        config = replace(
            config,
            u_names=tuple(config.u_names),
            attributes={group: tuple(classes) for group, classes in config.attributes.items()},
            emphasis={group: float(factor) for group, factor in config.emphasis.items()},
        )
        if unknown := set(config.emphasis) - set(config.attributes):
            raise ValueError(f"it emphasises {min(unknown)}, which is none of its attributes")
        known = config.preset in PRESETS and config.size == image_size(config.preset)
    except (TypeError, ValueError, AttributeError) as error:
        raise SnapshotError(f"{folder / DESCRIPTION} is not a model description: {error}") from error
    if not known:
        raise SnapshotError(f"{folder / DESCRIPTION} names a preset or a size that this version does not know.")
    return config


def build_tiny(
    folder: Path,
    text_encoder_sha256: str,
    *,
    u_names: tuple[str, ...],
    attributes: Mapping[str, tuple[str, ...]],
    exact: bool = True,
) -> SnapshotConfig:
    """Writes a snapshot of 32 px with random weights, for tests."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        adapter, generator = TextAdapter(attributes), Generator("tiny", len(u_names), attributes=attributes)
    config = SnapshotConfig(
        name="tiny",
        preset="tiny",
        size=image_size("tiny"),
        u_names=u_names,
        attributes=attributes,
        text_encoder_sha256=text_encoder_sha256,
        num_images_seen=0,
        exact=exact,
    )
    return save_snapshot(folder, adapter=adapter, generator=generator, config=config)
