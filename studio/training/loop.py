"""The training loop: regression on exact renders, then the relativistic game on top.

`train` tells the story; a run is one folder with `config.json`, `checkpoint.pt` (to go on from), `snapshot/` (to draw
with), `samples/` and TensorBoard scalars.
"""

from __future__ import annotations

import hashlib
import json
import math
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, cast

import torch
from accelerate import Accelerator
from accelerate.utils import set_seed
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from studio.data.packed import PackedData, image_batch, known_batch, mask_batch, prior_batch
from studio.models.adapter import Conditioning, TextAdapter
from studio.models.discriminator import Discriminator
from studio.models.generator import Generator
from studio.models.muon import Muon, split_parameters
from studio.models.presets import EPS_WIDTH, num_stages
from studio.models.snapshot import Snapshot, SnapshotConfig, save_snapshot
from studio.models.text_encoder import TextEncoder
from studio.training.augment import adapted, augment
from studio.training.config import TrainingConfig
from studio.training.ema import EMA
from studio.training.losses import (
    attribute_cross_entropy,
    feature_matching,
    gradient_penalty,
    mismatch,
    product_weight,
    reconstruction,
    relativistic_discriminator,
    relativistic_generator,
)
from studio.training.sheets import sample_sheet
from studio.training.text import EncodedTexts, train_adapter

Say = Callable[[str], None]


class TrainingStopped(Exception):
    """Training can't go on; the words say why. The last checkpoint stays."""


@dataclass
class Progress:
    """How far a run has come; saved with every checkpoint."""

    step: int = 0
    num_images_seen: int = 0
    seconds: float = 0.0
    strength: float = 0.0  # of the augmentation

    def state_dict(self) -> dict[str, float]:
        return asdict(self)

    def load_state_dict(self, state: dict[str, float]) -> None:
        self.step, self.num_images_seen = int(state["step"]), int(state["num_images_seen"])
        self.seconds, self.strength = float(state["seconds"]), float(state["strength"])

    def share(self, config: TrainingConfig) -> float:
        """0 at the start .. 1 at the end, by images or by the clock, whichever ends first."""
        by_clock = self.seconds / (60 * config.minutes) if config.minutes else 0.0
        return min(1.0, max(self.num_images_seen / config.num_images, by_clock))


@dataclass(kw_only=True)
class Networks:
    adapter: TextAdapter
    generator: Generator
    discriminator: Discriminator
    optimizers_g: Sequence[torch.optim.Optimizer]  # of matrices, and of the rest
    optimizers_d: Sequence[torch.optim.Optimizer]
    ema: EMA


@dataclass(frozen=True, kw_only=True)
class Batch:
    """What one step is drawn from: `exact` where `z` and the conditioning determine the images, `weight` says how much
    each place of an image counts, `texts` are the places of the captions in the encoded texts."""

    exact: bool
    real: Tensor
    weight: Tensor
    z: Tensor
    labels: Tensor
    images: Tensor
    texts: Tensor
    conditioning: Conditioning


@dataclass
class Means:
    """Running means of scalars between two reports."""

    sums: dict[str, float] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)

    def add(self, **values: Tensor | float) -> None:
        for name, value in values.items():
            self.sums[name] = self.sums.get(name, 0.0) + float(value)
            self.counts[name] = self.counts.get(name, 0) + 1

    def take(self) -> dict[str, float]:
        means = {name: total / self.counts[name] for name, total in self.sums.items()}
        self.sums, self.counts = {}, {}
        return means


def train(
    config: TrainingConfig,
    *,
    data: PackedData,
    encoder: TextEncoder,
    out: Path,
    start: Snapshot | None = None,
    resume: bool = False,
    say: Say = print,
) -> Path:
    """Trains a generator on `data` and returns the folder of its snapshot.

    A new run begins with the weights of `start` where one is given; its preset is then the run's.

    Raises:
        TrainingStopped: the loss is no longer a number, the disk is full, the images don't fit the preset, `out` holds
            a run that `resume` or `start` contradict, or `start` is of another preset, text encoder or product world.
    """
    # 1. A folder that is new, or a run to go on with.
    checkpoint = out / "checkpoint.pt"
    accelerator = Accelerator(
        cpu=not torch.accelerator.is_available(),  # said aloud, as several processes on CPUs need it
        mixed_precision="bf16" if torch.cuda.is_available() else "no",
        project_dir=str(out),
        log_with="tensorboard",
    )
    say = accelerator.on_main_process(say)
    if (out / "config.json").exists() and not resume:
        raise TrainingStopped(f"{out} already holds a run: go on with it (--resume) or name another folder.")
    if start and (out / "config.json").exists():
        raise TrainingStopped(f"The run in {out} has begun: go on with it as it is, or name another folder.")
    if data.images.shape[-1] % config.size:
        raise TrainingStopped(
            f"The images are {data.images.shape[-1]} px; {config.preset} needs {config.size} px or a multiple of it."
        )
    if start and not _fits(start.config, config, data, encoder):
        raise TrainingStopped(f"{start.config.name} is of another preset, text encoder or product world than this run.")
    accelerator.wait_for_everyone()
    if accelerator.is_main_process:
        _begin(config, out)
    accelerator.init_trackers("tensorboard")
    set_seed(config.seed)

    # 2. Words first: captions are encoded once, the adapter learns to read them and is then frozen.
    with accelerator.main_process_first():
        texts = _encode_captions(data, encoder, out, say)
        adapter = _trained_adapter(config, data, texts, start, out, say)
    adapter.to(accelerator.device)

    # 3. The networks, and where an earlier run left them.
    generator = Generator(config.preset, len(data.u_names)).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    if start:
        generator.load_state_dict(start.generator.state_dict())
        generator.requires_grad_(True)
    discriminator = Discriminator(config.preset, data.attributes, config.discriminator_width)
    discriminator.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    generator.to(accelerator.device)
    discriminator.to(accelerator.device)
    matrices, rest = split_parameters(generator, other=("constant", "start", "to_rgb"))
    optimizers_g = Muon(matrices), torch.optim.AdamW(rest, betas=(0.9, 0.99), weight_decay=0.0)
    matrices, rest = split_parameters(discriminator, other=("from_rgb", "unary", "text", "heads"))
    optimizers_d = Muon(matrices), torch.optim.AdamW(rest, betas=(0.0, 0.99), weight_decay=0.0)
    ema = EMA(generator)
    networks = Networks(
        adapter=adapter,
        generator=generator,
        discriminator=discriminator,
        optimizers_g=optimizers_g,
        optimizers_d=optimizers_d,
        ema=ema,
    )
    progress = Progress()
    if checkpoint.is_file():
        saved = torch.load(checkpoint, map_location="cpu", weights_only=True)
        for name, each in _stateful(networks, progress).items():
            each.load_state_dict(saved[name])
        say(f"going on after {progress.num_images_seen:,} images")

    # 4. Steps until the images or the minutes are spent.
    means = Means()
    last_report = last_checkpoint = time.monotonic()
    while (share := progress.share(config)) < 1:
        began = time.monotonic()
        batch = _batch(config, data, texts, networks.adapter, progress.step, share, accelerator)
        wrong = _mismatched_sentences(data, texts, networks.adapter, batch)
        if batch.exact and share < config.regression_share:
            _regression_step(config, networks, batch, wrong, share, accelerator, means)
        else:
            _adversarial_step(config, networks, batch, wrong, share, progress, accelerator, means)
        images = config.batch_size * accelerator.num_processes
        progress.step += 1
        progress.num_images_seen += images
        networks.ema.update(
            networks.generator,
            images,
            min(config.ema_half_life, progress.num_images_seen / 40),
        )
        progress.seconds += _mean_over_processes(time.monotonic() - began, accelerator)

        # 5. Now and then: say how it goes; keep what there is.
        if time.monotonic() - last_report > 20:
            _report(means.take(), progress, config, accelerator, say)
            last_report = time.monotonic()
        if time.monotonic() - last_checkpoint > 60 * config.checkpoint_minutes:
            _keep(config, networks, data, encoder, texts, progress, accelerator, out)
            last_checkpoint = time.monotonic()

    _keep(config, networks, data, encoder, texts, progress, accelerator, out)
    accelerator.end_training()
    return out / "snapshot"


def _begin(config: TrainingConfig, out: Path) -> None:
    """Writes the settings of the run; one that goes on keeps its preset."""
    path = out / "config.json"
    try:
        if path.is_file() and (begun := json.loads(path.read_text(encoding="utf-8"))["preset"]) != config.preset:
            raise TrainingStopped(f"The run in {out} is of preset {begun}, not {config.preset}.")
        out.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(asdict(config), indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise TrainingStopped(f"The run can't be saved in {out}: {error}.") from error


def _stateful(networks: Networks, progress: Progress) -> dict[str, Any]:
    """What a checkpoint holds, by name; the adapter lies beside it, as it no longer changes."""
    optimizers_g = {f"optimizer_g{i}": each for i, each in enumerate(networks.optimizers_g)}
    optimizers_d = {f"optimizer_d{i}": each for i, each in enumerate(networks.optimizers_d)}
    return {
        "progress": progress,
        "generator": networks.generator,
        "discriminator": networks.discriminator,
        **optimizers_g,
        **optimizers_d,
        "ema": networks.ema,
    }


def _fits(start: SnapshotConfig, config: TrainingConfig, data: PackedData, encoder: TextEncoder) -> bool:
    same = (start.preset, start.text_encoder_sha256, start.u_names) == (config.preset, encoder.sha256, data.u_names)
    return same and (not data.exact or dict(start.attributes) == dict(data.attributes))


def _encode_captions(data: PackedData, encoder: TextEncoder, out: Path, say: Say) -> EncodedTexts:
    """Every caption of the data, image by image, then the mismatched ones."""
    path = out / "captions.safetensors"
    texts = [text for captions in data.captions for text in captions] + list(data.mismatched)
    key = hashlib.sha256(json.dumps([encoder.sha256, texts]).encode()).hexdigest()
    if encoded := EncodedTexts.load(path, key):
        return encoded
    say(f"encoding {len(texts):,} captions")
    encoded = EncodedTexts.encode(texts, encoder)
    encoded.save(path, key)
    return encoded


def _trained_adapter(
    config: TrainingConfig, data: PackedData, texts: EncodedTexts, start: Snapshot | None, out: Path, say: Say
) -> TextAdapter:
    """That of the run, or of `start` where it reads the same attributes, or one that learns to read them now."""
    adapter = TextAdapter(data.attributes)
    path = out / "adapter.safetensors"
    if start and not path.is_file():
        if dict(start.config.attributes) == dict(data.attributes):
            save_file(start.adapter.state_dict(), path)
        else:
            body = {name: value for name, value in start.adapter.state_dict().items() if not name.startswith("heads.")}
            adapter.load_state_dict(body, strict=False)
    if path.is_file():
        adapter.load_state_dict(load_file(path))
        return adapter.eval().requires_grad_(False)
    labels = data.caption_labels.flatten(0, 1)
    for step, loss, accuracy in train_adapter(
        adapter, texts, labels, steps=config.text_steps, learning_rate=config.text_learning_rate, seed=config.seed
    ):
        say(
            f"text {step}/{config.text_steps}: loss {loss:.3f}, held-out captions read without a mistake {accuracy:.1%}"
        )
    save_file(adapter.state_dict(), path)
    return adapter


def _batch(
    config: TrainingConfig,
    data: PackedData,
    texts: EncodedTexts,
    adapter: TextAdapter,
    step: int,
    share: float,
    accelerator: Accelerator,
) -> Batch:
    """The batch of a step depends on seed, step and process alone, so that a resumed run sees the same."""
    generator = torch.Generator().manual_seed((config.seed * 1_000_003 + step) * 64 + accelerator.process_index)
    n, k = len(data), data.caption_labels.shape[1]
    chosen = torch.randint(n, (config.batch_size,), generator=generator)
    # Regression needs captions that say everything: what is left open has no one right picture.
    full = torch.randint(2, (config.batch_size,), generator=generator)
    places = chosen * k + full
    mirrored = data.mirrors[chosen, full] & (torch.rand(config.batch_size, generator=generator) < 0.5)
    if data.exact:
        u, labels = known_batch(data, chosen, mirrored)
    else:
        u, labels = prior_batch(data, config.batch_size, generator), data.labels[chosen]
    device, size = accelerator.device, config.size_at(share)
    eps = torch.randn(config.batch_size, EPS_WIDTH, generator=generator)
    if data.exact and share < config.regression_share:  # there is one right picture: noise would have to be unlearnt
        eps.zero_()
    with torch.no_grad():
        conditioning = adapter(*(each.to(device) for each in texts.batch(places)))
    return Batch(
        exact=data.exact,
        real=image_batch(data, chosen, size, device, mirrored),
        weight=product_weight(mask_batch(data, chosen, size, device, mirrored)),
        z=torch.cat([u, eps], dim=1).to(device),
        labels=labels.to(device),
        images=chosen,
        texts=places,
        conditioning=conditioning,
    )


@torch.no_grad()
def _mismatched_sentences(data: PackedData, texts: EncodedTexts, adapter: TextAdapter, batch: Batch) -> Tensor:
    """Sentences that do not fit the images of a batch: half are another image's, half differ in one attribute."""
    rolled = batch.texts.roll(1)
    swapped = data.caption_labels.shape[:2].numel() + batch.images
    places = torch.where(torch.arange(len(rolled)) % 2 == 0, rolled, swapped)
    device = batch.conditioning.sentence.device
    return adapter(*(each.to(device) for each in texts.batch(places))).sentence


def _regression_step(
    config: TrainingConfig,
    networks: Networks,
    batch: Batch,
    wrong: Tensor,
    share: float,
    accelerator: Accelerator,
    means: Means,
) -> None:
    """One step of L1 on the exact render, in pixels and in the maps of the discriminator, which meanwhile learns from
    the renders to see what captions speak of; at a smaller size for the first part of a run."""
    rate = _cosine(config.regression_learning_rate, share / config.regression_share)
    trunk, sentence = networks.discriminator, batch.conditioning.sentence
    trunk.requires_grad_(True)
    with accelerator.autocast():
        h_real, maps_real = trunk.features(batch.real)
    trunk.requires_grad_(False)
    with accelerator.autocast():
        fake = networks.generator(batch.z, batch.conditioning, num_stages(batch.real.shape[-1]))
        maps_fake = trunk.features(fake)[1]
    loss_pixels = reconstruction(fake.float(), batch.real, batch.weight)
    loss_features = feature_matching(maps_fake, maps_real)
    loss_g = config.reconstruction_weight * loss_pixels + config.feature_weight * loss_features
    _descend(loss_g, networks.generator, networks.optimizers_g, rate, accelerator)

    trunk.requires_grad_(True)
    loss_attributes = attribute_cross_entropy(trunk.classify(h_real.float()), batch.labels)
    loss_text = mismatch(trunk.logit(h_real, sentence), trunk.logit(h_real, wrong))
    _descend(loss_attributes + loss_text, networks.discriminator, networks.optimizers_d, rate, accelerator)
    means.add(
        reconstruction=loss_pixels.detach(),
        features=loss_features.detach(),
        attributes=loss_attributes.detach(),
        text=loss_text.detach(),
    )


def _adversarial_step(
    config: TrainingConfig,
    networks: Networks,
    batch: Batch,
    wrong: Tensor,
    share: float,
    progress: Progress,
    accelerator: Accelerator,
    means: Means,
) -> None:
    """One step of the discriminator, then one of the generator, on the same images."""
    began = config.regression_share if batch.exact else 0.0
    phase = (share - began) / (1 - began)
    rate = _cosine(config.adversarial_learning_rate, phase)
    trunk = networks.discriminator
    sentence = batch.conditioning.sentence
    step = progress.step
    seed = step * accelerator.num_processes + accelerator.process_index
    with accelerator.autocast():
        fake = networks.generator(batch.z, batch.conditioning, num_stages(batch.real.shape[-1])).float()

    # D: real above generated, right captions above wrong ones; every few steps a gradient penalty on both.
    trunk.requires_grad_(True)
    penalise = step % config.penalty_every == 0
    real_seen, fake_seen = augment(batch.real, fake.detach(), progress.strength, seed)
    real_seen.requires_grad_(penalise)
    fake_seen.requires_grad_(penalise)
    with nullcontext() if penalise else accelerator.autocast():  # double backward is for full precision
        h_real, h_fake = trunk.features(real_seen)[0], trunk.features(fake_seen)[0]
    real_logit, fake_logit = trunk.logit(h_real, sentence), trunk.logit(h_fake, sentence)
    wrong_logit = trunk.logit(h_real, wrong)
    loss_d = relativistic_discriminator(real_logit, fake_logit) + 0.5 * mismatch(real_logit, wrong_logit)
    loss_d = loss_d + attribute_cross_entropy(trunk.classify(h_real), batch.labels)
    if penalise:
        r1, r2 = gradient_penalty(real_logit, real_seen), gradient_penalty(fake_logit, fake_seen)
        loss_d = loss_d + config.penalty_every * config.gamma(phase) / 2 * (r1 + r2)
        means.add(r1=r1.detach(), r2=r2.detach())
    _descend(loss_d, networks.discriminator, networks.optimizers_d, rate, accelerator)

    # G: generated above real, of the attributes asked for, and close to an exact render in pixels and features.
    trunk.requires_grad_(False)
    real_seen, fake_seen = augment(batch.real, fake, progress.strength, seed)
    with accelerator.autocast():
        with torch.no_grad():
            h_real, maps_real = trunk.features(real_seen)
        h_fake, maps_fake = trunk.features(fake_seen)
    loss_adversarial = relativistic_generator(trunk.logit(h_real, sentence), trunk.logit(h_fake, sentence))
    loss_attributes = attribute_cross_entropy(trunk.classify(h_fake.float()), batch.labels)
    loss_g = config.adversarial_weight * loss_adversarial + config.attribute_weight * loss_attributes
    if batch.exact:
        loss_pixels = reconstruction(fake, batch.real, batch.weight)
        loss_features = feature_matching(maps_fake, maps_real)
        loss_g = loss_g + config.reconstruction_weight * loss_pixels + config.feature_weight * loss_features
        means.add(reconstruction=loss_pixels.detach(), features=loss_features.detach())
    _descend(loss_g, networks.generator, networks.optimizers_g, rate, accelerator)
    told_right = _mean_over_processes(float((real_logit > fake_logit).float().mean()), accelerator)
    images = config.batch_size * accelerator.num_processes
    progress.strength = adapted(progress.strength, told_right, config.augment_target, images)
    means.add(
        told_right=told_right,
        strength=progress.strength,
        attributes=loss_attributes.detach(),
        gap=(real_logit - fake_logit).detach().mean(),
        text_sensitivity=(real_logit - wrong_logit).detach().mean(),
    )


def _descend(
    loss: Tensor,
    network: nn.Module,
    optimizers: Sequence[torch.optim.Optimizer],
    rate: float,
    accelerator: Accelerator,
) -> None:
    if not torch.isfinite(loss.detach()):
        raise TrainingStopped(
            "The loss is no longer a number. Go on from the last checkpoint with a lower learning rate."
        )
    network.zero_grad()
    loss.backward()
    _average_gradients(network, accelerator)
    nn.utils.clip_grad_norm_(network.parameters(), 1.0)
    for optimizer in optimizers:
        for group in optimizer.param_groups:
            group["lr"] = rate
        optimizer.step()


def _average_gradients(network: nn.Module, accelerator: Accelerator) -> None:
    """Over the processes of a run, in one message.

    DistributedDataParallel would need to see one forward call with the same parameters in it every time; growth leaves
    stages out, and the gradient penalty goes through the discriminator part by part.
    """
    if accelerator.num_processes == 1:
        return
    gradients = [each.grad for each in network.parameters() if each.grad is not None]
    flat = cast(Tensor, accelerator.reduce(torch.cat([each.flatten() for each in gradients]), "mean"))
    for gradient, mean in zip(gradients, flat.split([each.numel() for each in gradients]), strict=True):
        gradient.copy_(mean.view_as(gradient))


def _mean_over_processes(value: float, accelerator: Accelerator) -> float:
    """So that every process sees the same clock, and they end together."""
    if accelerator.num_processes == 1:
        return value
    own = torch.tensor([value], device=accelerator.device)
    return cast(Tensor, accelerator.reduce(own, "mean")).item()


def _cosine(ends: tuple[float, float], share: float) -> float:
    start, end = ends
    return end + (start - end) * (1 + math.cos(math.pi * min(max(share, 0.0), 1.0))) / 2


def _report(
    means: dict[str, float], progress: Progress, config: TrainingConfig, accelerator: Accelerator, say: Say
) -> None:
    share = progress.share(config)
    rate = progress.num_images_seen / max(progress.seconds, 1e-9)
    left = progress.seconds * (1 - share) / max(share, 1e-6)
    accelerator.log({**means, "images_a_second": rate}, step=progress.num_images_seen)
    words = ", ".join(f"{name} {value:.4f}" for name, value in means.items())
    say(f"{share:6.1%}  {progress.num_images_seen:,} images  {rate:.1f} a second  {left / 60:.0f} min left  {words}")


def _keep(
    config: TrainingConfig,
    networks: Networks,
    data: PackedData,
    encoder: TextEncoder,
    texts: EncodedTexts,
    progress: Progress,
    accelerator: Accelerator,
    out: Path,
) -> None:
    """Writes checkpoint, snapshot and a sheet of samples; the last checkpoint stays until the new one is whole."""
    if not accelerator.is_main_process:
        return
    try:
        partial = out / "checkpoint.partial"
        torch.save({name: each.state_dict() for name, each in _stateful(networks, progress).items()}, partial)
        partial.replace(out / "checkpoint.pt")
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
        sheet = sample_sheet(
            networks.ema.average, networks.adapter, data, texts, size=config.size_at(progress.share(config))
        )
        (out / "samples").mkdir(exist_ok=True)
        sheet.save(out / "samples" / f"{progress.num_images_seen:09d}.png")
    except OSError as error:
        raise TrainingStopped(f"The run can't be saved in {out}: {error}.") from error
