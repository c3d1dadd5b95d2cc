"""The folder of a run: what lies in it is whole, and where it can't be written the run stops and says why."""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import torch
from safetensors import SafetensorError

from studio.data.packed import PackedData
from studio.models.snapshot import SnapshotConfig, save_snapshot, write_whole
from studio.models.text_encoder import TextEncoder
from studio.training.config import RunConfig, TrainingConfig
from studio.training.networks import Networks
from studio.training.sheets import sample_sheet
from studio.training.text import EncodedTexts

if TYPE_CHECKING:
    from studio.training.progress import Progress

CHECKPOINT = "checkpoint.pt"
SETTINGS = "config.json"

_Config = TypeVar("_Config", bound=RunConfig)


class Stateful(Protocol):
    """The networks of a run, of either kind."""

    def stateful(self) -> dict[str, Any]:
        """What a checkpoint holds of them, by name."""
        ...


class TrainingStopped(Exception):
    """Training can't go on; the words say why. The last checkpoint stays."""


@contextmanager
def saving(out: Path) -> Generator[None]:
    """Stops the run where what is done in here can't be written."""
    try:
        yield
    except (OSError, SafetensorError) as error:
        reason = getattr(error, "strerror", None) or error
        raise TrainingStopped(
            f"The run can't be saved in {out}: {reason}. What was saved before is whole: once this is mended, go on"
            " with --resume."
        ) from error


def require_space(out: Path, needed: int) -> None:
    """Stops the run where the disk has less than `needed` bytes free."""
    with saving(out):
        free = shutil.disk_usage(out).free
    if free < needed:
        raise TrainingStopped(
            f"The run needs {_megabytes(needed)} in {out}, and {_megabytes(free)} are free. What was saved before is"
            " whole: free some space, then go on with --resume."
        )


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.0f} MB"


def as_begun(config: _Config, out: Path) -> _Config:
    """With the settings of the run in `out`, where one is there.

    Raises:
        TrainingStopped: they can't be read, or the run is of another preset.
    """
    begun = _begun(config, out)
    known = {field.name: begun[field.name] for field in fields(config) if field.name in begun}
    return replace(config, **{name: tuple(each) if isinstance(each, list) else each for name, each in known.items()})


def begin_run(config: RunConfig, out: Path, start_sha256: str | None = None) -> None:
    """Writes the settings of a new run; those of one that goes on are written once it does (`write_settings`).

    Raises:
        TrainingStopped: the run in `out` is of another preset, or was to begin with other weights.
    """
    begun = _begun(config, out)
    if (out / CHECKPOINT).is_file():
        return
    if begun and begun.get("from") != start_sha256:
        raise TrainingStopped(
            f"The run in {out} was stopped before its first image: name again with --from what it was to begin with,"
            " or name another folder."
        )
    write_settings(config, out, start_sha256)


def write_settings(config: RunConfig, out: Path, start_sha256: str | None = None) -> None:
    """Of a run that goes on the hash of the weights that it began with is kept."""
    settings = asdict(config) | {"from": _begun(config, out).get("from", start_sha256)}
    with saving(out):
        out.mkdir(parents=True, exist_ok=True)
        write_whole(out / SETTINGS, json.dumps(settings, indent=2).encode() + b"\n")


def _begun(config: RunConfig, out: Path) -> dict[str, Any]:
    """The settings of the run in `out`, empty where there is none. Raises TrainingStopped: see `as_begun`."""
    try:
        begun = json.loads((out / SETTINGS).read_text(encoding="utf-8"))
        preset = begun["preset"]
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise TrainingStopped(f"The settings of the run in {out} can't be read: {error}.") from error
    if preset != config.preset:
        raise TrainingStopped(f"The run in {out} is of preset {preset}, not {config.preset}.")
    return begun


def keep_run(
    config: TrainingConfig,
    networks: Networks,
    data: PackedData,
    encoder: TextEncoder,
    texts: EncodedTexts,
    progress: Progress,
    out: Path,
) -> Path:
    """Writes snapshot, checkpoint and a sheet of samples, each whole or not at all; returns the path of the sheet."""
    checkpoint = checkpoint_bytes(networks, progress)
    size = config.size_at(progress.share(config))
    sheet = io.BytesIO()
    sample_sheet(networks.ema.average, networks.adapter, data, texts, size=size).save(sheet, "PNG")
    path = out / "samples" / f"{progress.num_images_seen:09d}.png"
    with saving(out):
        save_snapshot(
            out / "snapshot",
            adapter=networks.adapter,
            generator=networks.ema.average,
            config=SnapshotConfig(
                name=out.name,
                preset=config.preset,
                size=config.size,
                u_names=data.u_names,
                attributes=data.attributes,
                text_encoder_sha256=encoder.sha256,
                num_images_seen=progress.num_images_seen,
                exact=data.exact,
            ),
        )
        write_whole(out / CHECKPOINT, checkpoint)
        path.parent.mkdir(exist_ok=True)
        write_whole(path, sheet.getbuffer())
    return path


def checkpoint_bytes(networks: Stateful, progress: Progress) -> memoryview:
    """What a checkpoint file holds; by way of memory, as torch.save keeps to itself why a disk refuses."""
    checkpoint = io.BytesIO()
    torch.save({name: each.state_dict() for name, each in _stateful(networks, progress).items()}, checkpoint)
    return checkpoint.getbuffer()


def load_checkpoint(networks: Stateful, progress: Progress, out: Path) -> None:
    """Gives them the states that they were kept with.

    Raises:
        TrainingStopped: the file is broken, or of networks of another shape.
    """
    path = out / CHECKPOINT
    try:
        saved = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # unpickling a broken file meets anything
        raise TrainingStopped(f"{path} can't be read. Put back a copy, or begin anew in another folder.") from error
    try:
        for name, each in _stateful(networks, progress).items():
            each.load_state_dict(saved[name])
    except (KeyError, TypeError, RuntimeError, ValueError) as error:
        raise TrainingStopped(
            f"{path} is of other networks than this run asks for: with other columns or attributes, another"
            " discriminator_width, or after an earlier version of the studio, begin a new run."
        ) from error


def _stateful(networks: Stateful, progress: Progress) -> dict[str, Any]:
    return {"progress": progress, **networks.stateful()}
