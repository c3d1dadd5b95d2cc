import math
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
import torch
from accelerate import Accelerator
from safetensors.torch import load_file

from studio.data.packed import PackedData, part
from studio.models.generator import Generator
from studio.models.presets import num_stages
from studio.models.snapshot import load_snapshot
from studio.models.text_encoder import TextEncoder
from studio.training import TrainingConfig, loop, train
from studio.training.config import GAMMA
from studio.training.folder import TrainingStopped
from studio.training.losses import RELATIVISTIC, AdversarialLoss, relativistic_discriminator, relativistic_generator
from studio.training.progress import CONTEST, COPYING, EXPLAINED
from studio.training.reading import encode_captions
from studio.training.run import own_batch
from studio.training.signs import measure
from studio.training.steps import descend
from studio.training.text import EncodedTexts
from tests.evaluation.toy import write_toys

CONFIG = TrainingConfig(preset="tiny", num_images=64, batch_size=4, text_steps=2, checkpoint_minutes=100, growth=(0.2,))


def test_a_run_leaves_a_snapshot_that_draws_and_can_be_gone_on_with(
    data: PackedData, encoder: TextEncoder, tmp_path: Path
) -> None:
    said: list[str] = []
    out = tmp_path / "run"
    snapshot = train(CONFIG, data=data, encoder=encoder, out=out, say=said.append)
    config = load_snapshot(snapshot).config
    assert config.num_images_seen == 64
    assert config.text_encoder_sha256 == encoder.sha256
    assert list((out / "samples").glob("*.png"))
    assert list((out / "tensorboard").rglob("events*"))

    with pytest.raises(TrainingStopped, match="already holds a run"):
        train(CONFIG, data=data, encoder=encoder, out=out, say=said.append)
    longer = replace(CONFIG, num_images=80)
    train(longer, data=data, encoder=encoder, out=out, resume=True, say=said.append)
    assert load_snapshot(snapshot).config.num_images_seen == 80
    assert any("going on after 64 images" in line for line in said)


def test_a_run_can_begin_with_a_snapshot(
    data: PackedData, encoder: TextEncoder, tiny_snapshot: Path, tmp_path: Path
) -> None:
    start = load_snapshot(tiny_snapshot)
    config = replace(CONFIG, num_images=4, regression_learning_rate=(1e-6, 1e-6))
    begun = load_snapshot(
        train(config, data=data, encoder=encoder, out=tmp_path / "run", start=start, say=lambda line: None)
    )
    torch.testing.assert_close(begun.generator.constant, start.generator.constant, atol=1e-2, rtol=1e-2)

    # Going on keeps the adapter that the generator learnt with; another beginning is refused.
    longer = replace(config, num_images=8)
    out = tmp_path / "run"
    gone_on = load_snapshot(train(longer, data=data, encoder=encoder, out=out, resume=True, say=lambda line: None))
    for name, value in gone_on.adapter.state_dict().items():
        torch.testing.assert_close(value, start.adapter.state_dict()[name], msg=name)
    with pytest.raises(TrainingStopped, match="has begun"):
        train(longer, data=data, encoder=encoder, out=out, start=start, resume=True, say=lambda line: None)
    big = replace(data, images=data.images.repeat(1, 1, 2, 2))
    with pytest.raises(TrainingStopped, match="of preset tiny, not c64"):
        again = replace(longer, preset="c64")
        train(again, data=big, encoder=encoder, out=out, resume=True, say=lambda line: None)

    with pytest.raises(TrainingStopped, match="of other widths"):
        other = replace(CONFIG, preset="c64")
        train(other, data=big, encoder=encoder, out=tmp_path / "other", start=start, say=lambda line: None)
    larger = replace(start, config=replace(start.config, u_names=(*start.config.u_names, "tilt")))
    with pytest.raises(TrainingStopped, match="a larger world"):
        train(CONFIG, data=data, encoder=encoder, out=tmp_path / "larger", start=larger, say=lambda line: None)


def test_photos_are_learnt_without_regression(
    photos: PackedData, encoder: TextEncoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    measured: list[dict[str, float]] = []

    def measure_and_remember(*args: Any, **options: Any) -> dict[str, float]:
        measured.append(measure(*args, **options))
        return measured[-1]

    monkeypatch.setattr(loop, "measure", measure_and_remember)
    said: list[str] = []
    out = tmp_path / "run"
    held_out = part(photos, 4, 8)
    snapshot = train(CONFIG, data=part(photos, 0, 4), held_out=held_out, encoder=encoder, out=out, say=said.append)

    config = load_snapshot(snapshot).config
    assert (config.exact, config.u_names, dict(config.attributes)) == (False, photos.u_names, dict(photos.attributes))
    progress = torch.load(out / "checkpoint.pt", weights_only=True)["progress"]
    assert progress["num_images_seen"] == 64
    assert progress["strength"] > 0
    assert any(line.endswith(f"samples in {out / 'samples' / '000000064.png'}") for line in said)
    assert [EXPLAINED[stage] in said for stage in (COPYING, CONTEST)] == [False, True]
    assert all(math.isfinite(figures["held_out_logit"]) for figures in measured)


def test_a_shop_begins_with_the_shipped_networks_and_its_own_words(
    photos: PackedData, encoder: TextEncoder, tiny_snapshot: Path, tmp_path: Path
) -> None:
    start = load_snapshot(tiny_snapshot)
    photos = replace(photos, u=torch.randn(100, len(start.config.u_names)), u_names=start.config.u_names)
    config = replace(CONFIG, num_images=4, text_learning_rate=1e-6, adversarial_learning_rate=(1e-6, 1e-6))

    snapshot = load_snapshot(
        train(config, data=photos, encoder=encoder, out=tmp_path / "run", start=start, say=lambda line: None)
    )

    torch.testing.assert_close(snapshot.generator.constant, start.generator.constant, atol=1e-2, rtol=1e-2)
    torch.testing.assert_close(snapshot.adapter.summary, start.adapter.summary, atol=1e-2, rtol=1e-2)
    assert set(snapshot.adapter.heads) == {"category"}


def test_regression_learns_the_renders(data: PackedData, encoder: TextEncoder, tmp_path: Path) -> None:
    rates = (4e-3, 4e-4)
    config = replace(
        CONFIG, num_images=480, batch_size=8, growth=(), regression_share=1.0, regression_learning_rate=rates
    )
    snapshot = load_snapshot(train(config, data=data, encoder=encoder, out=tmp_path / "run", say=lambda line: None))
    texts = encoder.encode([captions[0] for captions in data.captions])
    conditioning = snapshot.adapter(texts.states, texts.mask)
    drawn = snapshot.generator(torch.cat([data.u, torch.zeros(8, 32)], dim=1), conditioning)
    real = data.images.float() / 127.5 - 1
    assert (drawn - real).abs().mean() < 0.7 * (real - real.mean((0, 2, 3), keepdim=True)).abs().mean()


def test_two_processes_train_one_model(tiny_text_encoder: Path, tmp_path: Path) -> None:
    renders = write_toys(tmp_path / "toys", seeds=range(8))
    out = tmp_path / "run"
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    for num_images in (32, 48):  # the second time it goes on
        arguments = [str(renders), str(tiny_text_encoder), str(out), str(num_images)]
        done = subprocess.run(
            [*launcher, "-m", "tests.training.in_processes", *arguments],
            cwd=Path(__file__).parents[2],
            env=os.environ | {"OMP_NUM_THREADS": "1"},
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert done.returncode == 0, done.stderr
        assert load_snapshot(out / "snapshot").config.num_images_seen == num_images
    for network in ("generator", "discriminator"):
        first, second = (load_file(out / f"{network}-{process}.safetensors") for process in (0, 1))
        for name, value in first.items():
            assert torch.equal(value, second[name]), f"{network} {name}"
    said, other = ((out / f"said-{process}.txt").read_text() for process in (0, 1))
    assert said.count("Warning: The captions are ignored") == 1
    assert not other


def test_processes_share_a_batch() -> None:
    assert own_batch(CONFIG, cast(Accelerator, SimpleNamespace(num_processes=2))) == 2
    with pytest.raises(TrainingStopped, match="batch of 4 can't be shared evenly by 3 processes"):
        own_batch(CONFIG, cast(Accelerator, SimpleNamespace(num_processes=3)))


def test_the_adversarial_stage_can_be_of_another_loss(data: PackedData, encoder: TextEncoder, tmp_path: Path) -> None:
    asked: list[str] = []

    def discriminator(real: torch.Tensor, fake: torch.Tensor) -> torch.Tensor:
        asked.append("discriminator")
        return relativistic_discriminator(real, fake)

    def generator(real: torch.Tensor, fake: torch.Tensor) -> torch.Tensor:
        asked.append("generator")
        return relativistic_generator(real, fake)

    config = replace(CONFIG, num_images=8, growth=(), regression_share=0.5)
    loss = AdversarialLoss(discriminator=discriminator, generator=generator, penalise_fake=False)
    train(config, data=data, encoder=encoder, out=tmp_path / "run", say=lambda line: None, adversarial=loss)
    assert asked == ["discriminator", "generator"]


def test_large_renders_can_be_copied_while_small_ones_are_contested(
    data: PackedData, encoder: TextEncoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    contested: list[int] = []

    def discriminator(real: torch.Tensor, fake: torch.Tensor) -> torch.Tensor:
        contested.append(len(real))
        return relativistic_discriminator(real, fake)

    drawn: set[tuple[int, int]] = set()
    draw = Generator.forward

    def watched(self: Generator, *given: Any, **how: Any) -> torch.Tensor:
        image = draw(self, *given, **how)
        drawn.add((image.shape[-1], how.get("fixed", 0)))
        return image

    monkeypatch.setattr(Generator, "forward", watched)

    def contests(out: str, **options: Any) -> int:
        contested.clear()
        config = replace(CONFIG, num_images=32, growth=(), regression_share=0.25, contest_size=16)
        loss = replace(RELATIVISTIC, discriminator=discriminator)
        train(
            config, data=data, encoder=encoder, out=tmp_path / out, say=lambda line: None, adversarial=loss, **options
        )
        return len(contested)

    small = replace(data, images=data.images[..., ::2, ::2], masks=data.masks[..., ::2, ::2])
    assert 0 < contests("both", smaller=[small]) < 6
    assert {fixed for size, fixed in drawn if size == 16} == {0}
    assert {fixed for size, fixed in drawn if size == 32} == {
        0,
        num_stages(16),
    }  # in regression, and beside the contest
    with pytest.raises(TrainingStopped, match="larger than 16 px"):
        contests("large")


def test_slopes_are_held_from_the_first_step_and_the_contest_begins_gently(
    data: PackedData, encoder: TextEncoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    of_generator: list[float] = []
    of_discriminator: list[set[str]] = []

    def watched(losses: dict[str, torch.Tensor], network: torch.nn.Module, *rest: Any) -> None:
        if isinstance(network, Generator):
            of_generator.append(losses["adversarial"].item() if "adversarial" in losses else 0.0)
        else:
            of_discriminator.append(set(losses))
        descend(losses, network, *rest)

    monkeypatch.setattr(loop, "descend", watched)
    config = replace(CONFIG, num_images=160, batch_size=4, growth=(), regression_share=0.25, penalty_every=4)
    loss = replace(RELATIVISTIC, generator=lambda real, fake: (0 * fake + 1).mean())
    train(config, data=data, encoder=encoder, out=tmp_path / "run", say=lambda line: None, adversarial=loss)
    assert ["penalty" in names for names in of_discriminator] == [step % 4 == 0 for step in range(40)]
    first = of_generator[10:14]  # of 30 steps; a twentieth is one and a half of them
    assert first == pytest.approx([0, config.adversarial_weight / 1.5, *[config.adversarial_weight] * 2])


def test_a_loss_that_is_no_number_stops_the_run(data: PackedData, encoder: TextEncoder, tmp_path: Path) -> None:
    out = tmp_path / "run"
    train(replace(CONFIG, num_images=4), data=data, encoder=encoder, out=out, say=lambda line: None)
    broken = replace(data, u=torch.full_like(data.u, math.nan))
    with pytest.raises(TrainingStopped, match=r"generator is no longer a number \(reconstruction nan"):
        train(CONFIG, data=broken, encoder=encoder, out=out, resume=True, say=lambda line: None)
    kept = torch.load(out / "checkpoint.pt", weights_only=True)
    assert kept["progress"]["num_images_seen"] == 4
    assert all(value.isfinite().all() for value in kept["generator"].values())


def test_slopes_that_are_no_numbers_stop_the_run_before_the_weights_are_lost() -> None:
    network = torch.nn.Linear(1, 1)
    optimizer = torch.optim.SGD(network.parameters(), lr=1.0)
    before = [each.clone() for each in network.parameters()]
    losses = {"fine": network.weight.sum(), "steep": (network.weight * 0).sum().sqrt()}  # 0, of infinite slope
    with pytest.raises(TrainingStopped, match=r"linear is no longer a number \(fine .*, steep 0; slope nan"):
        descend(losses, network, [optimizer], 1.0, Accelerator(cpu=True))
    for value, kept in zip(network.parameters(), before, strict=True):
        assert torch.equal(value, kept)


@pytest.mark.parametrize("size", [16, 48])
def test_images_that_do_not_fit_the_preset_are_refused(
    size: int, data: PackedData, encoder: TextEncoder, tmp_path: Path
) -> None:
    unfit = replace(data, images=torch.zeros(8, 3, size, size, dtype=torch.uint8))
    with pytest.raises(TrainingStopped, match=f"The images are {size} px; tiny needs 32 px"):
        train(CONFIG, data=unfit, encoder=encoder, out=tmp_path / "run", say=lambda line: None)
    assert not (tmp_path / "run").exists()


def test_smaller_renders_are_learnt_from_at_no_more_than_their_size(
    data: PackedData, photos: PackedData, encoder: TextEncoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[int, bool]] = []
    smaller = replace(data, images=torch.zeros(8, 3, 16, 16, dtype=torch.uint8), masks=data.masks[:, ::2, ::2])
    batch_of = loop._batch

    def batch_and_remember(*args: Any) -> loop.Batch:
        batch = batch_of(*args)
        seen.append((batch.real.shape[-1], bool((batch.real == -1).all())))
        return batch

    monkeypatch.setattr(loop, "_batch", batch_and_remember)
    train(CONFIG, data=data, smaller=[smaller], encoder=encoder, out=tmp_path / "run", say=lambda line: None)
    assert set(seen) == {(16, True), (16, False), (32, False)}

    odd = replace(smaller, images=torch.zeros(8, 3, 24, 24, dtype=torch.uint8))
    with pytest.raises(TrainingStopped, match=r"Renders of 24 px can't be learnt from.* tiny draws 32, 16 px"):
        train(CONFIG, data=data, smaller=[odd], encoder=encoder, out=tmp_path / "odd", say=lambda line: None)
    with pytest.raises(TrainingStopped, match="Only renders, of the same products"):
        train(CONFIG, data=photos, smaller=[smaller], encoder=encoder, out=tmp_path / "other", say=lambda line: None)


def test_captions_of_several_sets_stay_with_their_images(
    data: PackedData, encoder: TextEncoder, tmp_path: Path
) -> None:
    first, second = part(data, 0, 3), part(data, 3, 8)
    texts = encode_captions([first, second], encoder, tmp_path, lambda line: None)
    k = data.caption_labels.shape[1]
    assert len(texts) == len(data) * (k + 1)
    for place, caption in ((3 * k, second.captions[0][0]), (8 * k + 3, second.mismatched[0])):
        states, mask = texts.batch(torch.tensor([place]))
        alone, its_mask = EncodedTexts.encode([caption], encoder).batch(torch.tensor([0]))
        assert mask.sum() == its_mask.sum()
        torch.testing.assert_close(states, alone, atol=2e-3, rtol=2e-3)


def test_images_grow_with_the_run() -> None:
    config = replace(CONFIG, growth=(0.2, 0.5))
    assert [config.size_at(share) for share in (0.0, 0.19, 0.2, 0.49, 0.5, 1.0)] == [16, 16, 16, 16, 32, 32]
    large = replace(config, preset="c128")
    assert [large.size_at(share) for share in (0.0, 0.19, 0.2, 0.49, 0.5, 1.0)] == [32, 32, 64, 64, 128, 128]


def test_gamma_falls_from_its_first_to_its_last_value() -> None:
    assert (CONFIG.gamma(32, 0.0), CONFIG.gamma(32, 1.0)) == pytest.approx(GAMMA[32])


def test_encoded_texts_come_back_padded_and_in_order(encoder: TextEncoder, tmp_path: Path) -> None:
    words = ["a red mug", "mug", "a bottle, blue, on a table"]
    path = tmp_path / "texts.safetensors"
    assert EncodedTexts.load(path, "key") is None
    EncodedTexts.encode(words, encoder).save(path, "key")
    assert EncodedTexts.load(path, "other words or another encoder") is None
    loaded = EncodedTexts.load(path, "key")
    assert loaded
    states, mask = loaded.batch(torch.tensor([1, 2]))
    alone = encoder.encode(["mug"]).states[0]
    torch.testing.assert_close(states[0, : len(alone)], alone, atol=2e-3, rtol=2e-3)
    assert mask.sum(1).tolist() == [len(alone), len(encoder.encode([words[2]]).states[0])]
