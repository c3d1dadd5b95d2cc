"""The training loop: regression on exact renders, then the relativistic game on top.

`train` tells the story; a run is one folder with `config.json`, `checkpoint.pt` (to go on from), `snapshot/` (to draw
with), `samples/` and TensorBoard scalars.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path

import torch
from accelerate import Accelerator
from torch import Tensor

from studio.data.packed import PackedData, image_batch, known_batch, mask_batch, on_device, prior_batch
from studio.models.adapter import Conditioning, TextAdapter
from studio.models.presets import EPS_WIDTH, PRESETS, num_stages
from studio.models.snapshot import Snapshot, SnapshotConfig
from studio.models.text_encoder import TextEncoder
from studio.training.augment import adapted, augment
from studio.training.config import TrainingConfig
from studio.training.folder import TrainingStopped, keep_run, require_space, saving
from studio.training.interrupt import Interrupt
from studio.training.losses import (
    RELATIVISTIC,
    AdversarialLoss,
    attribute_cross_entropy,
    feature_matching,
    gradient_penalty,
    mismatch,
    product_weight,
    reconstruction,
)
from studio.training.networks import Networks, build_networks
from studio.training.precision import attention_to_words, autocast
from studio.training.progress import CONTEST, COPYING, EXPLAINED, Means, Progress, Say, report_progress
from studio.training.reading import encode_captions, trained_adapter
from studio.training.run import accelerator_of, begin, go_on, own_batch, steps
from studio.training.signs import Watch, measure
from studio.training.steps import cosine, descend, mean_over_processes
from studio.training.text import EncodedTexts

#: Over this share of the contest the generator's part in it grows from nothing to its weight: at first its images are
#: of a kind that the discriminator never met, and what would teach it then threw back what it had learnt (seen).
RAMP = 0.05


@dataclass(frozen=True, kw_only=True)
class Batch:
    """What one step is drawn from: `exact` where `z` and the conditioning determine the images, `copied` where they are
    learnt by regression alone, `weight` says how much each place of an image counts, `wrong` are sentences that do not
    fit the images."""

    exact: bool
    copied: bool
    real: Tensor
    weight: Tensor
    z: Tensor
    labels: Tensor
    conditioning: Conditioning
    wrong: Tensor


def train(
    config: TrainingConfig,
    *,
    data: PackedData,
    encoder: TextEncoder,
    out: Path,
    smaller: Sequence[PackedData] = (),
    held_out: PackedData | None = None,
    start: Snapshot | None = None,
    resume: bool = False,
    say: Say = print,
    adversarial: AdversarialLoss = RELATIVISTIC,
) -> Path:
    """Trains a generator on `data` and returns the folder of its snapshot.

    Each step takes its images from one of the sets; those of `smaller` renders, of the same products, are never learnt
    from at more than their own size. They are quick to make, and show many more scenes.

    A new run begins with the weights of `start` where one is given, of the run's preset or of a smaller or larger one
    of the same widths, of its product world or of a smaller one. Images that are `held_out` show whether the training
    images are learnt by heart. Another loss than the default `adversarial` is for comparisons.

    Raises:
        TrainingStopped: the loss is no longer a number, the disk is full, the images don't fit the preset, `out` holds
            a run that `resume`, `start` or the data contradict, smaller sets are of photos or of other products, or
            `start` is of other widths, another text encoder or a larger product world.
        KeyboardInterrupt: Ctrl+C was pressed; what was learnt is kept.
    """
    # 1. A folder that is new, or a run to go on with.
    accelerator = accelerator_of(out, resume=resume)
    say = accelerator.on_main_process(say)
    if data.images.shape[-1] % config.size:
        raise TrainingStopped(
            f"The images are {data.images.shape[-1]} px; {config.preset} needs {config.size} px or a multiple of it."
        )
    if start and not _fits(start.config, config, data, encoder):
        raise TrainingStopped(
            f"{start.config.name} is of other widths, another text encoder or a larger world than this run."
        )
    sets = [data, *smaller]
    if smaller and not all(each.exact and each.attributes == data.attributes for each in sets):
        raise TrainingStopped("Only renders, of the same products, can be learnt from together.")
    sizes = [config.size >> halved for halved in range(num_stages(config.size) - 1)]
    for side in (each.images.shape[-1] for each in smaller):
        if side % config.size and side not in sizes:
            raise TrainingStopped(
                f"Renders of {side} px can't be learnt from beside larger ones: {config.preset} draws"
                f" {', '.join(map(str, sizes))} px."
            )
    smallest = min(config.size, *(each.images.shape[-1] for each in sets))
    if data.exact and config.contest_size and smallest > config.contest_size:
        raise TrainingStopped(
            f"There is nothing for the contest: all renders are larger than {config.contest_size} px. Add smaller ones"
            " (--data twice), or leave contest_size out."
        )
    goes_on = begin(config, out, accelerator, start and start.config.weights_sha256)

    # 2. Words first: captions are encoded once, the adapter learns to read them and is then frozen.
    encoder.to(accelerator.device)
    with accelerator.main_process_first():
        texts = encode_captions(sets, encoder, out, say)
        adapter = trained_adapter(config, sets, texts, start, out, say)
    unseen = None
    if held_out and accelerator.is_main_process:
        unseen = held_out, EncodedTexts.encode([captions[0] for captions in held_out.captions], encoder)

    # 3. The networks, and where an earlier run left them.
    networks = build_networks(config, data, adapter, start, accelerator.device)
    texts, sets = texts.near(accelerator.device), [on_device(each, accelerator.device) for each in sets]
    progress, means, watch = Progress(), Means(), Watch()

    def keep() -> None:
        if not accelerator.is_main_process:
            return
        sheet = keep_run(config, networks, data, encoder, texts, progress, out)
        share = progress.share(config)
        figures = measure(
            networks.ema.average,
            networks.discriminator,
            networks.adapter,
            data,
            texts,
            held_out=unseen,
            size=min(config.size_at(share), config.contest_size or config.size),
            contest=_stage(config, data, share) == CONTEST,
        )
        with saving(out):
            accelerator.log(figures, step=progress.num_images_seen)
        say(f"kept after {progress.num_images_seen:,} images: checkpoint, snapshot, and samples in {sheet}")
        _warn(watch, figures, progress, config, say)

    if goes_on:
        go_on(config, networks, progress, accelerator, out, say)
    if accelerator.is_main_process:
        require_space(out, networks.kept_bytes * (1 if goes_on else 2))  # new files are written before old ones go
    if not goes_on:
        keep()  # a run that is stopped early goes on from here, and a folder that can't hold it is noticed now

    # 4. Steps until the images or the minutes are spent.
    stage, size = "", 0

    def report(figures: dict[str, float]) -> None:
        report_progress(figures, progress, config, accelerator, say, f"{stage} at {size} px")
        _warn(watch, figures, progress, config, say)

    with Interrupt() as interrupt, attention_to_words(accelerator.device):
        for share in steps(config, progress, means, accelerator, report=report, keep=keep, interrupt=interrupt):
            batch = _batch(config, sets, texts, networks.adapter, progress.step, share, accelerator)
            size = config.size_at(share)
            if stage != (stage := _stage(config, data, share)):
                say(EXPLAINED[stage])
            if batch.copied:
                _regression_step(config, networks, batch, share, progress, accelerator, means)
            else:
                _adversarial_step(config, networks, batch, share, progress, accelerator, means, adversarial)
            progress.count(config.batch_size)
            half_life = min(config.ema_half_life, progress.num_images_seen / 40)
            networks.ema.update(networks.generator, config.batch_size, half_life)
    return out / "snapshot"


def _stage(config: TrainingConfig, data: PackedData, share: float) -> str:
    copying = share < config.regression_share or config.regression_share == 1  # at the very end, too
    return COPYING if data.exact and copying else CONTEST


def _phase(config: TrainingConfig, batch: Batch, share: float) -> float:
    """The share of the contest that is done."""
    began = config.regression_share if batch.exact else 0.0
    return (share - began) / (1 - began)


def _fits(start: SnapshotConfig, config: TrainingConfig, data: PackedData, encoder: TextEncoder) -> bool:
    begins_alike = all(a == b for a, b in zip(PRESETS[start.preset], PRESETS[config.preset], strict=False))
    return begins_alike and start.text_encoder_sha256 == encoder.sha256 and set(start.u_names) <= set(data.u_names)


def _batch(
    config: TrainingConfig,
    sets: Sequence[PackedData],
    texts: EncodedTexts,
    adapter: TextAdapter,
    step: int,
    share: float,
    accelerator: Accelerator,
) -> Batch:
    """The batch of a step depends on seed, step and process alone, so that a resumed run sees the same; which of the
    sets it is from is the same in all processes."""
    generator = torch.Generator().manual_seed((config.seed * 1_000_003 + step) * 64 + accelerator.process_index)
    which = random.Random(config.seed * 1_000_003 + step).randrange(len(sets))
    data, first = sets[which], sum(map(len, sets[:which]))
    n, k = own_batch(config, accelerator), data.caption_labels.shape[1]
    chosen = torch.randint(len(data), (n,), generator=generator)
    # Regression needs captions that say everything: what is left open has no one right picture.
    full = torch.randint(2, (n,), generator=generator)
    places = (first + chosen) * k + full
    mirrored = data.mirrors[chosen, full] & (torch.rand(n, generator=generator) < 0.5)
    if data.exact:
        u, labels = known_batch(data, chosen, mirrored)
    else:
        u, labels = prior_batch(data, n, generator), data.labels[chosen]
    device, size = accelerator.device, min(config.size_at(share), data.images.shape[-1])
    eps = torch.randn(n, EPS_WIDTH, generator=generator)
    copied = data.exact and (share < config.regression_share or size > (config.contest_size or size))
    if copied and share < config.regression_share:  # there is one right picture: noise would have to be unlearnt
        eps.zero_()
    # Sentences that don't fit: half are another image's, half differ in one attribute.
    swapped = k * sum(map(len, sets)) + first + chosen
    others = torch.where((torch.arange(n) % 2 == 0) & (n > 1), places.roll(1), swapped)
    with torch.no_grad():
        conditioning = adapter(*(each.to(device) for each in texts.batch(places)))
        wrong = adapter(*(each.to(device) for each in texts.batch(others))).sentence
    return Batch(
        exact=data.exact,
        copied=copied,
        real=image_batch(data, chosen, size, device, mirrored),
        weight=product_weight(mask_batch(data, chosen, size, device, mirrored)),
        z=torch.cat([u, eps], dim=1).to(device),
        labels=labels.to(device),
        conditioning=conditioning,
        wrong=wrong,
    )


def _regression_step(
    config: TrainingConfig,
    networks: Networks,
    batch: Batch,
    share: float,
    progress: Progress,
    accelerator: Accelerator,
    means: Means,
) -> None:
    """One step of L1 on the exact render, in pixels and in the maps of the discriminator, which meanwhile learns from
    the renders to see what captions speak of; at a smaller size for the first part of a run.

    Its slopes are held as in the contest (R1), or they grow so steep that the contest begins with an explosion. Renders
    that are larger than those of the contest teach the stages above its size alone: L1 would blur what it has made.
    """
    if share < config.regression_share:
        rate, fixed = cosine(config.regression_learning_rate, share / config.regression_share), 0
    else:
        rate = cosine(config.adversarial_learning_rate, _phase(config, batch, share))
        fixed = num_stages(config.contest_size) if config.contest_size else 0
    trunk, sentence = networks.discriminator, batch.conditioning.sentence
    with autocast(accelerator.device):
        fake = networks.generator(batch.z, batch.conditioning, num_stages(batch.real.shape[-1]), fixed=fixed)
    real_seen, fake_seen = augment(batch.real, fake, 0.0, _seed(progress, accelerator))
    trunk.requires_grad_(True)
    penalise = progress.step % config.penalty_every == 0
    real_seen.requires_grad_(penalise)
    with _seen_in(penalise, accelerator):
        h_real, maps_real = trunk.features(real_seen)
    trunk.requires_grad_(False)
    with autocast(accelerator.device):
        maps_fake = trunk.features(fake_seen)[1]
    loss_pixels = reconstruction(fake.float(), batch.real, batch.weight)
    loss_features = feature_matching(maps_fake, maps_real)
    losses = {"reconstruction": config.reconstruction_weight * loss_pixels}
    losses["features"] = config.feature_weight * loss_features
    descend(losses, networks.generator, networks.optimizers_g, rate, accelerator)

    trunk.requires_grad_(True)
    loss_attributes = attribute_cross_entropy(trunk.classify(h_real), batch.labels)
    right, mistaken = trunk.logit(h_real, sentence), trunk.logit(h_real, batch.wrong)
    loss_text = mismatch(right, mistaken)
    losses = {"attributes": loss_attributes, "text": loss_text}
    if penalise:
        r1 = gradient_penalty(right, real_seen)
        losses["penalty"] = config.penalty_every * config.gamma(batch.real.shape[-1], 0.0) / 2 * r1
    descend(losses, networks.discriminator, networks.optimizers_d, rate, accelerator)
    means.add(
        reconstruction=loss_pixels.detach(),
        features=loss_features.detach(),
        attributes=loss_attributes.detach(),
        text=loss_text.detach(),
        text_sensitivity=(right - mistaken).detach().mean(),
    )


def _adversarial_step(
    config: TrainingConfig,
    networks: Networks,
    batch: Batch,
    share: float,
    progress: Progress,
    accelerator: Accelerator,
    means: Means,
    adversarial: AdversarialLoss,
) -> None:
    """One step of the discriminator, then one of the generator, on the same images."""
    phase = _phase(config, batch, share)
    rate = cosine(config.adversarial_learning_rate, phase)
    trunk = networks.discriminator
    sentence = batch.conditioning.sentence
    step, seed = progress.step, _seed(progress, accelerator)
    with autocast(accelerator.device):
        fake = networks.generator(batch.z, batch.conditioning, num_stages(batch.real.shape[-1])).float()

    # D: real above generated, right captions above wrong ones; every few steps a gradient penalty on both.
    trunk.requires_grad_(True)
    penalise = step % config.penalty_every == 0
    real_seen, fake_seen = augment(batch.real, fake.detach(), progress.strength, seed)
    real_seen.requires_grad_(penalise)
    fake_seen.requires_grad_(penalise)
    with _seen_in(penalise, accelerator):
        h_real, h_fake = trunk.features(real_seen)[0], trunk.features(fake_seen)[0]
    real_logit, fake_logit = trunk.logit(h_real, sentence), trunk.logit(h_fake, sentence)
    wrong_logit = trunk.logit(h_real, batch.wrong)
    losses = {
        "adversarial": adversarial.discriminator(real_logit, fake_logit),
        "text": 0.5 * mismatch(real_logit, wrong_logit),
        "attributes": attribute_cross_entropy(trunk.classify(h_real), batch.labels),
    }
    if penalise:
        r1 = gradient_penalty(real_logit, real_seen)
        r2 = gradient_penalty(fake_logit, fake_seen) if adversarial.penalise_fake else torch.zeros_like(r1)
        penalty = config.gamma(batch.real.shape[-1], phase) / 2 * (r1 + r2)
        losses["penalty"] = config.penalty_every * penalty
        means.add(r1=r1.detach(), r2=r2.detach(), penalty=penalty.detach())
    descend(losses, networks.discriminator, networks.optimizers_d, rate, accelerator)

    # G: generated above real, of the attributes asked for, and close to an exact render in pixels and features.
    trunk.requires_grad_(False)
    real_seen, fake_seen = augment(batch.real, fake, progress.strength, seed)
    with autocast(accelerator.device):
        with torch.no_grad():
            h_real, maps_real = trunk.features(real_seen)
        h_fake, maps_fake = trunk.features(fake_seen)
    loss_adversarial = adversarial.generator(trunk.logit(h_real, sentence), trunk.logit(h_fake, sentence))
    loss_attributes = attribute_cross_entropy(trunk.classify(h_fake), batch.labels)
    grown = min(1.0, phase / RAMP) if batch.exact else 1.0
    losses = {
        "adversarial": grown * config.adversarial_weight * loss_adversarial,
        "attributes": grown * config.attribute_weight * loss_attributes,
    }
    if batch.exact:
        loss_pixels = reconstruction(fake, batch.real, batch.weight)
        loss_features = feature_matching(maps_fake, maps_real)
        losses["reconstruction"] = config.reconstruction_weight * loss_pixels
        losses["features"] = config.feature_weight * loss_features
        means.add(reconstruction=loss_pixels.detach(), features=loss_features.detach())
    descend(losses, networks.generator, networks.optimizers_g, rate, accelerator)
    told_right = mean_over_processes(float((real_logit > fake_logit).float().mean()), accelerator)
    progress.strength = adapted(progress.strength, told_right, config.augment_target, config.batch_size)
    means.add(
        told_right=told_right,
        strength=progress.strength,
        attributes=loss_attributes.detach(),
        gap=(real_logit - fake_logit).detach().mean(),
        text_sensitivity=(real_logit - wrong_logit).detach().mean(),
    )


def _seen_in(penalise: bool, accelerator: Accelerator) -> AbstractContextManager[object]:
    """The precision in which the discriminator looks: double backward is for the full one."""
    return nullcontext() if penalise else autocast(accelerator.device)


def _seed(progress: Progress, accelerator: Accelerator) -> int:
    """What a process does at random in a step depends on both alone."""
    return progress.step * accelerator.num_processes + accelerator.process_index


def _warn(watch: Watch, figures: Mapping[str, float], progress: Progress, config: TrainingConfig, say: Say) -> None:
    for words in watch.look(
        figures, images=progress.num_images_seen, seconds=progress.seconds, share=progress.share(config)
    ):
        say(f"Warning: {words}")
