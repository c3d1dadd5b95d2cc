"""Trains the diffusion model on renders or photos and their captions: the peer that the GAN is measured against.

It is told what the GAN is told: of renders captions that say everything, and camera, light and proportions (`u`). What
a prompt leaves open is decided before it draws, so that there is little to guess from the noise. A run is a folder like
the GAN's: `config.json`, `checkpoint.pt` (to go on from), `snapshot/` (a diffusers folder to draw with),
`samples/` and TensorBoard scalars.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from accelerate import Accelerator
from torch import Tensor

from studio.data.packed import PackedData, image_batch, known_batch, mask_batch
from studio.models.adapter import Conditioning, TextAdapter
from studio.models.diffusion import (
    DiffusionDescription,
    DiffusionSnapshot,
    build_scheduler,
    build_unet,
    predict,
    sample,
    save_diffusion,
    to_patches,
    without_words,
)
from studio.models.muon import Muon, split_parameters
from studio.models.snapshot import Snapshot, write_whole
from studio.models.text_encoder import TextEncoder
from studio.training.config import DiffusionConfig
from studio.training.ema import EMA
from studio.training.folder import CHECKPOINT, TrainingStopped, checkpoint_bytes, require_space, saving
from studio.training.interrupt import Interrupt
from studio.training.losses import product_weight
from studio.training.precision import autocast, quick_dtype
from studio.training.progress import Means, Progress, Say, report_progress
from studio.training.reading import encode_captions, trained_adapter
from studio.training.run import accelerator_of, begin, go_on, own_batch, steps
from studio.training.sheets import COLUMNS, pairs_of_rows
from studio.training.steps import cosine, descend
from studio.training.text import EncodedTexts

if TYPE_CHECKING:
    from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
    from diffusers.schedulers.scheduling_ddim import DDIMScheduler

SAMPLE_STEPS = 10  # of the samples that a run shows: enough to see what it has learnt


@dataclass(frozen=True, kw_only=True)
class _Networks:
    adapter: TextAdapter
    empty: Conditioning  # what the adapter makes of the empty text
    unet: UNet2DConditionModel
    scheduler: DDIMScheduler
    muon: torch.optim.Optimizer
    adamw: torch.optim.Optimizer
    ema: EMA

    def stateful(self) -> dict[str, Any]:
        """What a checkpoint holds of them, by name; the adapter lies beside it, as it no longer changes."""
        return {"unet": self.unet, "muon": self.muon, "adamw": self.adamw, "ema": self.ema}

    @property
    def kept_bytes(self) -> int:
        """What a checkpoint and a snapshot take at most."""
        unet = sum(each.numel() for each in self.unet.parameters())
        return 4 * 4 * unet + 2 * (unet + sum(each.numel() for each in self.adapter.parameters()))


@dataclass(frozen=True, kw_only=True)
class _Batch:
    """What one step is drawn from: `noisy`, `target` and the `weight` of each place in patches, `timesteps` [n]; `u`
    has no entries where nobody knows them."""

    noisy: Tensor
    target: Tensor
    weight: Tensor
    timesteps: Tensor
    conditioning: Conditioning
    u: Tensor


def train(
    config: DiffusionConfig,
    *,
    data: PackedData,
    encoder: TextEncoder,
    out: Path,
    start: Snapshot | DiffusionSnapshot | None = None,
    resume: bool = False,
    say: Say = print,
) -> Path:
    """Trains a diffusion model on `data` and returns the folder of its snapshot. It begins with the weights of one to
    `start` with; of a GAN it takes how that reads.

    Raises:
        TrainingStopped: the loss is no longer a number, the disk is full, the images don't fit the preset, `out` holds
            a run that `resume` or `start` contradict, or `start` is of another text encoder or preset, or
            is told other values beside the words.
    """
    # 1. A folder that is new, or a run to go on with.
    accelerator = accelerator_of(out, resume=resume)
    say = accelerator.on_main_process(say)
    if data.images.shape[-1] % config.size:
        raise TrainingStopped(
            f"The images are {data.images.shape[-1]} px; {config.preset} needs {config.size} px or a multiple of it."
        )
    begun = _begun_with(start, config, data, encoder) if start else None
    goes_on = begin(config, out, accelerator, begun)

    # 2. Words first, as for the GAN: the adapter learns to read captions and is then frozen.
    with accelerator.main_process_first():
        texts = encode_captions([data], encoder, out, say)
        adapter = trained_adapter(config, [data], texts, start, out, say)
    adapter.to(accelerator.device)
    nothing = EncodedTexts.encode([""], encoder).batch(torch.tensor([0]))

    # 3. The network, and where an earlier run left it.
    unet = build_unet(config.preset, len(_u_names(data)))
    if isinstance(start, DiffusionSnapshot):
        unet.load_state_dict(start.unet.state_dict())
    unet.to(accelerator.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    matrices, rest = split_parameters(unet, other=("conv_in", "conv_out"))
    with torch.no_grad():
        empty = adapter(*(each.to(accelerator.device) for each in nothing))
    networks = _Networks(
        adapter=adapter,
        empty=empty,
        unet=unet,
        scheduler=build_scheduler(),
        muon=Muon(matrices, dtype=quick_dtype(accelerator.device)),
        adamw=torch.optim.AdamW(rest, betas=(0.9, 0.99), weight_decay=0.01),
        ema=EMA(unet),
    )
    progress, means = Progress(), Means()

    def keep() -> None:
        if accelerator.is_main_process:
            sheet = _keep(config, networks, data, encoder, texts, progress, accelerator.device, out)
            say(f"kept after {progress.num_images_seen:,} images: checkpoint, snapshot, and samples in {sheet}")

    if goes_on:
        go_on(config, networks, progress, accelerator, out, say)
    if accelerator.is_main_process:
        require_space(out, networks.kept_bytes * (1 if goes_on else 2))
    if not goes_on:
        keep()

    # 4. Steps until the images or the minutes are spent.
    def report(figures: dict[str, float]) -> None:
        report_progress(figures, progress, config, accelerator, say, f"taking noise away at {config.size} px")

    with Interrupt() as interrupt:
        for share in steps(config, progress, means, accelerator, report=report, keep=keep, interrupt=interrupt):
            batch = _batch(config, data, texts, networks, progress.step, share, accelerator)
            with autocast(accelerator.device):
                v = predict(unet, batch.noisy, batch.timesteps, batch.conditioning, batch.u)
            loss = (batch.weight * (v.float() - batch.target).square()).mean()
            warm = min(1.0, (progress.num_images_seen + config.batch_size) / config.warm_up)
            rate = warm * cosine(config.learning_rate, share)
            descend({"v_error": loss}, unet, [networks.muon, networks.adamw], rate, accelerator)
            progress.count(config.batch_size)
            networks.ema.update(unet, config.batch_size, min(config.ema_half_life, progress.num_images_seen / 40))
            means.add(v_error=loss.detach())
    return out / "snapshot"


def _begun_with(
    start: Snapshot | DiffusionSnapshot, config: DiffusionConfig, data: PackedData, encoder: TextEncoder
) -> str:
    """The sha256 of the weights that a run begins with. Raises TrainingStopped where they don't fit it."""
    known = start.description if isinstance(start, DiffusionSnapshot) else start.config
    if known.text_encoder_sha256 != encoder.sha256:
        raise TrainingStopped(f"{known.name} reads with another text encoder than this run.")
    if not isinstance(known, DiffusionDescription):
        return known.weights_sha256
    if known.preset != config.preset:
        raise TrainingStopped(f"{known.name} is of preset {known.preset}, not {config.preset}.")
    if known.u_names != _u_names(data):
        raise TrainingStopped(f"{known.name} is told other values beside the words than this data has.")
    return known.unet_sha256


def _batch(
    config: DiffusionConfig,
    data: PackedData,
    texts: EncodedTexts,
    networks: _Networks,
    step: int,
    share: float,
    accelerator: Accelerator,
) -> _Batch:
    """The batch of a step depends on seed, step, share and process alone, so that a resumed run sees the same.

    Images, mirror images and captions are those that the GAN learns from.
    """
    generator = torch.Generator().manual_seed((config.seed * 1_000_003 + step) * 64 + accelerator.process_index)
    n, device = own_batch(config, accelerator), accelerator.device
    chosen = torch.randint(len(data), (n,), generator=generator)
    full = torch.randint(2, (n,), generator=generator)  # of renders, those that say everything
    mirrored = data.mirrors[chosen, full] & (torch.rand(n, generator=generator) < 0.5)
    x = image_batch(data, chosen, config.size, device, mirrored)
    weight = product_weight(mask_batch(data, chosen, config.size, device, mirrored))
    u = known_batch(data, chosen, mirrored)[0] if data.exact else torch.empty(n, 0)

    # Times evenly over the batch, one offset for all, so that its loss varies less (Kingma et al. 2021). At first most
    # of them are noisy ones: there words and u decide what is drawn, and there most is to be learnt.
    spread = (torch.arange(n) + torch.rand(1, generator=generator)) / n
    spread = spread**config.noisy_times if share < config.noisy_share else spread
    times = networks.scheduler.config["num_train_timesteps"]
    timesteps = (spread * times).long().clamp(max=times - 1).to(device)  # a sum may have been rounded up to 1
    noise = torch.randn(x.shape, generator=generator).to(device)
    unsaid = (torch.rand(n, generator=generator) < config.text_dropout).to(device)
    with torch.no_grad(), autocast(device):
        places = chosen * data.caption_labels.shape[1] + full
        conditioning = networks.adapter(*(each.to(device) for each in texts.batch(places)))
    return _Batch(
        noisy=to_patches(networks.scheduler.add_noise(x, noise, timesteps)).contiguous(
            memory_format=torch.channels_last
        ),
        target=to_patches(networks.scheduler.get_velocity(x, noise, timesteps)),
        weight=to_patches(weight.expand_as(x)),
        timesteps=timesteps,
        conditioning=without_words(conditioning, networks.empty, unsaid),
        u=u.to(device),
    )


def _u_names(data: PackedData) -> tuple[str, ...]:
    return data.u_names if data.exact else ()


def _keep(
    config: DiffusionConfig,
    networks: _Networks,
    data: PackedData,
    encoder: TextEncoder,
    texts: EncodedTexts,
    progress: Progress,
    device: torch.device,
    out: Path,
) -> Path:
    """Writes snapshot, checkpoint and a row of samples, each whole or not at all; returns the path of the samples."""
    chosen = torch.linspace(0, len(data) - 1, min(COLUMNS, len(data))).long()
    fake = sample(
        networks.ema.average,  # type: ignore[arg-type]
        networks.scheduler,
        networks.adapter(*(each.to(device) for each in texts.batch(chosen * data.caption_labels.shape[1]))),
        networks.empty,
        data.u[chosen] if data.exact else torch.empty(len(chosen), 0),
        [torch.Generator().manual_seed(i) for i in range(len(chosen))],
        num_inference_steps=SAMPLE_STEPS,
    )
    sheet = io.BytesIO()
    pairs_of_rows(image_batch(data, chosen, config.size, device), fake).save(sheet, "PNG")
    path = out / "samples" / f"{progress.num_images_seen:09d}.png"
    with saving(out):
        save_diffusion(
            out / "snapshot",
            adapter=networks.adapter,
            unet=networks.ema.average,  # type: ignore[arg-type]
            description=DiffusionDescription(
                name=out.name,
                preset=config.preset,
                size=config.size,
                u_names=_u_names(data),
                attributes=data.attributes,
                text_encoder_sha256=encoder.sha256,
                num_images_seen=progress.num_images_seen,
                exact=data.exact,
            ),
        )
        write_whole(out / CHECKPOINT, checkpoint_bytes(networks, progress))
        path.parent.mkdir(exist_ok=True)
        write_whole(path, sheet.getbuffer())
    return path
