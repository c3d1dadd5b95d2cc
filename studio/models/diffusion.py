"""The diffusion model: a UNet that turns noise into a picture in steps, told what the generator is told.

A snapshot of it is a folder laid out as those of diffusers (`model_index.json`, `unet/`, `scheduler/`), with weights in
eight bits and two files of our own: `adapter.safetensors` reads the words, `config.json` says what the model is.
diffusers is imported inside the functions, so that nobody else waits for it.
"""

from __future__ import annotations

import hashlib
import json
import math
import shutil
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from .adapter import Conditioning, TextAdapter
from .eight_bits import from_eight_bits, to_eight_bits
from .errors import SnapshotError
from .presets import DIFFUSION_PRESETS, STYLE_WIDTH, TEXT_WIDTH

if TYPE_CHECKING:
    from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
    from diffusers.schedulers.scheduling_ddim import DDIMScheduler

FORMAT_VERSION = 3  # 2: weights in half precision; they are read as well
READABLE = (2, FORMAT_VERSION)
INDEX, DESCRIPTION = "model_index.json", "config.json"
ADAPTER = "adapter.safetensors"
WEIGHTS = "unet/diffusion_pytorch_model.safetensors"
#: The UNet sees squares of so many pixels as channels of one place: its largest maps would be most of its work.
PATCH = 2
#: Beside them it sees where they are, as waves of so many half turns from one edge to the other, across and down: with
#: nothing but noise to go by, it has to know that to lay a picture out.
WAVES = (1, 2, 4, 8)


@dataclass(frozen=True, kw_only=True)
class DiffusionDescription:
    """What a snapshot is, in the words of the GAN's `SnapshotConfig`; the sha256 are of the two files of weights."""

    name: str
    preset: str
    size: int
    u_names: tuple[str, ...]
    attributes: Mapping[str, tuple[str, ...]]
    text_encoder_sha256: str
    num_images_seen: int
    exact: bool = True
    licence: str = "Apache-2.0"
    unet_sha256: str = ""
    adapter_sha256: str = ""
    format_version: int = FORMAT_VERSION


@dataclass(frozen=True, kw_only=True)
class DiffusionSnapshot:
    description: DiffusionDescription
    adapter: TextAdapter
    unet: UNet2DConditionModel
    scheduler: DDIMScheduler

    @property
    def attributes(self) -> Mapping[str, tuple[str, ...]]:
        return self.description.attributes


def build_unet(preset: str, u_width: int) -> UNet2DConditionModel:
    """Random weights. The words come in by cross-attention in the two smallest maps; the sentence and `u` beside the
    time, which scales and shifts every map (AdaGN, Dhariwal and Nichol 2021), as the generator's style does."""
    from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel

    chosen = DIFFUSION_PRESETS[preset]
    silent = len(chosen.widths) - 2
    return UNet2DConditionModel(
        sample_size=chosen.size // PATCH,
        in_channels=3 * PATCH**2 + 4 * len(WAVES),
        out_channels=3 * PATCH**2,
        block_out_channels=chosen.widths,
        layers_per_block=1,
        down_block_types=("DownBlock2D",) * silent + ("CrossAttnDownBlock2D",) * 2,
        up_block_types=("CrossAttnUpBlock2D",) * 2 + ("UpBlock2D",) * silent,
        norm_num_groups=16,
        attention_head_dim=4,  # diffusers means the number of heads
        cross_attention_dim=TEXT_WIDTH,
        resnet_time_scale_shift="scale_shift",
        time_embedding_dim=STYLE_WIDTH,
        class_embed_type="projection",
        projection_class_embeddings_input_dim=TEXT_WIDTH + u_width,
    )


def build_scheduler() -> DDIMScheduler:
    """The cosine schedule (Nichol and Dhariwal 2021), v-prediction (Salimans and Ho 2022). Trailing steps begin at pure
    noise, so that few of them do (Lin et al. 2024)."""
    from diffusers.schedulers.scheduling_ddim import DDIMScheduler

    return DDIMScheduler(beta_schedule="squaredcos_cap_v2", prediction_type="v_prediction", timestep_spacing="trailing")


def to_patches(images: Tensor) -> Tensor:
    """Images [n, 3, size, size] to what the UNet sees, [n, 12, size / 2, size / 2]."""
    return F.pixel_unshuffle(images, PATCH)


def _places(side: int) -> Tensor:
    """Where each patch is: sines and cosines [16, side, side] (Tancik et al. 2020)."""
    across = (torch.arange(side) + 0.5) / side - 0.5
    angles = torch.tensor(WAVES)[:, None] * math.pi * across
    waves = torch.cat([angles.sin(), angles.cos()])
    return torch.cat([waves[:, None, :].expand(-1, side, -1), waves[:, :, None].expand(-1, -1, side)])


def predict(unet: nn.Module, noisy: Tensor, timesteps: Tensor, conditioning: Conditioning, u: Tensor) -> Tensor:
    """v = sqrt(abar) noise - sqrt(1 - abar) x of `noisy` = sqrt(abar) x + sqrt(1 - abar) noise, in patches; `timesteps`
    [n] or one for all, `u` [n, len(u_names)]."""
    places = _places(noisy.shape[-1]).to(noisy.device)
    return unet(
        torch.cat([noisy, places.expand(len(noisy), -1, -1, -1)], dim=1).contiguous(memory_format=torch.channels_last),
        timesteps,
        encoder_hidden_states=conditioning.tokens,
        encoder_attention_mask=conditioning.mask,
        class_labels=torch.cat([conditioning.sentence, u], dim=1),
    ).sample


@torch.inference_mode()
def sample(
    unet: UNet2DConditionModel,
    scheduler: DDIMScheduler,
    conditioning: Conditioning,
    empty: Conditioning,
    u: Tensor,
    generators: Sequence[torch.Generator],
    *,
    num_inference_steps: int = 10,
    guidance_scale: float = 1.5,
    on_step: Callable[[int, int, Tensor], None] | None = None,
) -> Tensor:
    """DDIM (Song et al. 2021) without noise on the way: images [n, 3, size, size], about -1..1, image i from
    `generators[i]` and row i of the conditioning and of `u` [n, len(u_names)] alone.

    Classifier-free guidance (Ho and Salimans 2022) leads away from `empty` [1, ...], which is what the adapter makes of
    the empty text, at the same `u`; with a scale of 1 it is left out, and half of the passes with it. `on_step` is told
    after each step of its number (from 0), its time and what there is, in patches; what it raises ends it.
    """
    device, side = unet.device, unet.config["sample_size"] * PATCH
    noise = torch.stack([torch.randn(3, side, side, generator=each) for each in generators])
    x = to_patches(noise.to(device)).contiguous(memory_format=torch.channels_last)
    nothing, u = _repeated(empty, len(x)), u.to(device)
    scheduler.set_timesteps(num_inference_steps)
    for step, timestep in enumerate(scheduler.timesteps.tolist()):
        at = torch.tensor(timestep, device=device)
        v = predict(unet, x, at, conditioning, u)
        if guidance_scale != 1:
            without = predict(unet, x, at, nothing, u)
            v = without + guidance_scale * (v - without)
        x = scheduler.step(v, timestep, x, return_dict=False)[0]
        if on_step:
            on_step(step, timestep, x)
    return F.pixel_shuffle(x, PATCH)


def without_words(conditioning: Conditioning, empty: Conditioning, which: Tensor) -> Conditioning:
    """The conditioning [n, ...] with the rows where `which` bool [n] says so as if nothing had been said."""
    missing = conditioning.tokens.shape[1] - empty.tokens.shape[1]
    row = which[:, None]
    return Conditioning(
        sentence=torch.where(row, empty.sentence, conditioning.sentence),
        tokens=torch.where(row[:, :, None], F.pad(empty.tokens, (0, 0, 0, missing)), conditioning.tokens),
        mask=torch.where(row, F.pad(empty.mask, (0, missing)), conditioning.mask),
        logits=conditioning.logits,
    )


def _repeated(conditioning: Conditioning, n: int) -> Conditioning:
    return Conditioning(
        sentence=conditioning.sentence.expand(n, -1),
        tokens=conditioning.tokens.expand(n, -1, -1),
        mask=conditioning.mask.expand(n, -1),
        logits=conditioning.logits,
    )


def save_diffusion(
    folder: Path, *, adapter: nn.Module, unet: UNet2DConditionModel, description: DiffusionDescription
) -> DiffusionDescription:
    """Writes weights (in eight bits) and descriptions; returns ours with their sha256. What the folder held goes."""
    from diffusers import __version__

    partial = folder.with_name(f"{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    unet.save_config(partial / "unet")
    build_scheduler().save_pretrained(partial / "scheduler")
    for file, module in ((WEIGHTS, unet), (ADAPTER, adapter)):
        save_file(to_eight_bits(module.state_dict()), partial / file, metadata={"format": "pt"})
    description = replace(
        description, unet_sha256=_sha256(partial / WEIGHTS), adapter_sha256=_sha256(partial / ADAPTER)
    )
    index = {
        "_class_name": "TextAdapterPipeline",  # none of diffusers' own: they know no adapter
        "_diffusers_version": __version__,
        "adapter": ["studio.models.adapter", "TextAdapter"],
        "scheduler": ["diffusers", "DDIMScheduler"],
        "unet": ["diffusers", "UNet2DConditionModel"],
    }
    for name, record in ((INDEX, index), (DESCRIPTION, asdict(description))):
        (partial / name).write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    shutil.rmtree(folder, ignore_errors=True)
    partial.rename(folder)
    return description


def load_diffusion(folder: Path) -> DiffusionSnapshot:
    """Reads a snapshot, in float32 and ready to draw.

    Raises:
        SnapshotError: a file is missing, altered, or of another format.
    """
    from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
    from diffusers.schedulers.scheduling_ddim import DDIMScheduler

    description, adapter = load_reading(folder)
    with _explained(folder):
        _check(folder, WEIGHTS, description.unet_sha256)
        told = UNet2DConditionModel.load_config(folder / "unet", local_files_only=True)
        assert isinstance(told, dict)
        unet = UNet2DConditionModel.from_config(told)
        assert isinstance(unet, UNet2DConditionModel)
        unet.load_state_dict(from_eight_bits(load_file(folder / WEIGHTS)))
        if unet.config["projection_class_embeddings_input_dim"] != TEXT_WIDTH + len(description.u_names):
            raise SnapshotError(f"The UNet in {folder} is told other values than its {DESCRIPTION} says.")
        scheduler = DDIMScheduler.from_pretrained(folder / "scheduler", local_files_only=True)
        assert isinstance(scheduler, DDIMScheduler)  # tuples only where they are asked for what was not used
    unet.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return DiffusionSnapshot(
        description=description,
        adapter=adapter,
        unet=unet.eval().requires_grad_(False),
        scheduler=scheduler,
    )


def load_reading(folder: Path) -> tuple[DiffusionDescription, TextAdapter]:
    """The part of a snapshot that reads, without the rest. Raises SnapshotError as `load_diffusion` does."""
    with _explained(folder):
        description = _parse(json.loads((folder / DESCRIPTION).read_text(encoding="utf-8")), folder)
        _check(folder, ADAPTER, description.adapter_sha256)
        adapter = TextAdapter(description.attributes)
        adapter.load_state_dict(from_eight_bits(load_file(folder / ADAPTER)))
    return description, adapter.eval().requires_grad_(False)


@contextmanager
def _explained(folder: Path) -> Generator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise SnapshotError(f"There is no model in {folder}: {Path(str(error.filename)).name} is missing.") from error
    except (OSError, ValueError, RuntimeError, SafetensorError) as error:
        raise SnapshotError(f"The model in {folder} can't be read: {error}") from error


def _check(folder: Path, file: str, sha256: str) -> None:
    if _sha256(folder / file) != sha256:
        raise SnapshotError(f"The weights in {folder} are not the ones that its {DESCRIPTION} describes.")


def _parse(record: object, folder: Path) -> DiffusionDescription:
    if not isinstance(record, dict) or record.get("format_version") not in READABLE:
        raise SnapshotError(f"The model in {folder} is of another format than this version reads.")
    try:
        description = DiffusionDescription(**record)
        attributes = {group: tuple(classes) for group, classes in description.attributes.items()}
        u_names = tuple(description.u_names)
    except (TypeError, AttributeError) as error:
        raise SnapshotError(f"{folder / DESCRIPTION} is not a model description: {error}") from error
    return replace(description, attributes=attributes, u_names=u_names)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
