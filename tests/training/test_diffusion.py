import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from studio.backends.diffusion import DiffusionBackend
from studio.data.packed import PackedData
from studio.models.diffusion import DiffusionSnapshot, load_diffusion, predict, sample, to_patches
from studio.models.snapshot import load_snapshot
from studio.models.text_encoder import TextEncoder
from studio.prompts import load_prompts
from studio.request import GenerationRequest
from studio.training.config import DiffusionConfig
from studio.training.diffusion import train
from studio.training.folder import TrainingStopped

CONFIG = DiffusionConfig(
    preset="tiny-diffusion", num_images=24, batch_size=8, text_steps=1, warm_up=8, checkpoint_minutes=100
)


def test_a_run_leaves_a_folder_that_loads_and_draws(data: PackedData, encoder: TextEncoder, tmp_path: Path) -> None:
    said: list[str] = []
    out = tmp_path / "run"
    snapshot = load_diffusion(train(CONFIG, data=data, encoder=encoder, out=out, say=said.append))

    assert snapshot.description.num_images_seen == 24
    assert snapshot.description.text_encoder_sha256 == encoder.sha256
    assert list((out / "samples").glob("*.png"))
    assert list((out / "tensorboard").rglob("events*"))
    texts = encoder.encode(["a red mug", ""])
    words, empty = (snapshot.adapter(texts.states[i : i + 1], texts.mask[i : i + 1]) for i in (0, 1))
    generators = [torch.Generator().manual_seed(7)]
    assert snapshot.description.u_names == data.u_names
    drawn = sample(snapshot.unet, snapshot.scheduler, words, empty, data.u[:1], generators, num_inference_steps=2)
    assert drawn.shape == (1, 3, 32, 32)
    assert drawn.isfinite().all()


def test_going_on_gives_the_weights_of_a_run_in_one_go(data: PackedData, encoder: TextEncoder, tmp_path: Path) -> None:
    steady = replace(CONFIG, learning_rate=(1e-3, 1e-3))  # else the rate would follow each run's own length
    said: list[str] = []
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    train(steady, data=data, encoder=encoder, out=whole, say=said.append)
    train(replace(steady, num_images=8), data=data, encoder=encoder, out=parts, say=said.append)
    with pytest.raises(TrainingStopped, match="already holds a run"):
        train(steady, data=data, encoder=encoder, out=parts, say=said.append)
    train(steady, data=data, encoder=encoder, out=parts, resume=True, say=said.append)

    assert "going on after 8 images" in said
    first, second = (torch.load(out / "checkpoint.pt", weights_only=True) for out in (whole, parts))
    for network in ("unet", "ema"):
        for name, value in first[network].items():
            torch.testing.assert_close(second[network][name], value, msg=f"{network} {name}")


def test_it_reads_as_a_generator_does(
    data: PackedData, encoder: TextEncoder, tiny_snapshot: Path, tiny_text_encoder: Path, tmp_path: Path
) -> None:
    start = load_snapshot(tiny_snapshot)
    out = train(CONFIG, start=start, data=data, encoder=encoder, out=tmp_path / "run")
    text = encoder.encode(["a red mug"])
    read, expected = (each.adapter(text.states, text.mask) for each in (load_diffusion(out), start))
    torch.testing.assert_close(read.tokens, expected.tokens, atol=1e-2, rtol=1e-2)  # written in half precision
    for group, classes in data.attributes.items():
        known = start.attributes[group]
        rows = [*(known.index(name) for name in classes), len(known)]
        torch.testing.assert_close(read.logits[group], expected.logits[group][:, rows], atol=1e-2, rtol=1e-2)

    with pytest.raises(TrainingStopped, match="has begun"):
        train(CONFIG, start=start, data=data, encoder=encoder, out=tmp_path / "run", resume=True)
    other = replace(start, config=replace(start.config, text_encoder_sha256="0" * 64))
    with pytest.raises(TrainingStopped, match="another text encoder"):
        train(CONFIG, start=other, data=data, encoder=encoder, out=tmp_path / "other")


def test_it_begins_with_the_weights_of_another(data: PackedData, encoder: TextEncoder, tmp_path: Path) -> None:
    start = load_diffusion(train(CONFIG, data=data, encoder=encoder, out=tmp_path / "first"))
    still = replace(CONFIG, num_images=8, learning_rate=(0.0, 0.0))
    begun = load_diffusion(train(still, start=start, data=data, encoder=encoder, out=tmp_path / "second"))

    for network in ("unet", "adapter"):
        for name, value in getattr(start, network).state_dict().items():
            torch.testing.assert_close(getattr(begun, network).state_dict()[name], value, msg=f"{network} {name}")
    with pytest.raises(TrainingStopped, match="of preset tiny-diffusion, not diffusion64"):
        large = replace(CONFIG, preset="diffusion64")
        wide = replace(data, images=data.images.repeat(1, 1, 2, 2))
        train(large, start=start, data=wide, encoder=encoder, out=tmp_path / "third")


def test_photos_are_learnt_from_words_alone(
    photos: PackedData, encoder: TextEncoder, tiny_text_encoder: Path, tmp_path: Path
) -> None:
    folder = train(CONFIG, data=photos, encoder=encoder, out=tmp_path / "run", say=lambda line: None)
    description = load_diffusion(folder).description
    assert (description.exact, description.u_names) == (False, ())

    backend = DiffusionBackend(str(folder), prompts=load_prompts(), text_encoder=str(tiny_text_encoder))
    backend.load()
    request = GenerationRequest(prompt="a hat", count=1, seed=7, size=32, controls={"num_inference_steps": 2})
    drawing = backend.generate(request, 0)
    assert drawing.image.size == (32, 32)
    assert not {"continuous", "silhouette"} & set(drawing.parameters)
    assert {control.name for control in backend.capabilities.controls} == {"num_inference_steps", "guidance_scale"}


def test_a_model_that_is_told_other_values_is_no_start(data: PackedData, encoder: TextEncoder, tmp_path: Path) -> None:
    start = load_diffusion(train(CONFIG, data=data, encoder=encoder, out=tmp_path / "first", say=lambda line: None))
    less = replace(data, u=data.u[:, 1:], u_names=data.u_names[1:])
    with pytest.raises(TrainingStopped, match="told other values"):
        train(CONFIG, start=start, data=less, encoder=encoder, out=tmp_path / "second", say=lambda line: None)


def v_error(snapshot: DiffusionSnapshot, data: PackedData, encoder: TextEncoder) -> float:
    """Of the same noise on the renders at every fourth of the way."""
    texts = encoder.encode([captions[0] for captions in data.captions])
    words = snapshot.adapter(texts.states, texts.mask)
    real = data.images.float() / 127.5 - 1
    noise = torch.randn(real.shape, generator=torch.Generator().manual_seed(0))
    errors: list[float] = []
    for time in (100, 350, 600, 850):
        at: Any = torch.full((len(real),), time)  # diffusers wants torch's old names of types
        noisy = to_patches(snapshot.scheduler.add_noise(real, noise, at))
        target = to_patches(snapshot.scheduler.get_velocity(real, noise, at))
        with torch.no_grad():
            errors.append(float((predict(snapshot.unet, noisy, at, words, data.u) - target).square().mean()))
    return sum(errors) / len(errors)


def test_the_loss_falls(data: PackedData, encoder: TextEncoder, tmp_path: Path) -> None:
    errors: list[float] = []
    for num_images in (8, 960):
        config = replace(CONFIG, num_images=num_images, learning_rate=(4e-3, 4e-4))
        run = train(config, data=data, encoder=encoder, out=tmp_path / str(num_images), say=lambda line: None)
        errors.append(v_error(load_diffusion(run), data, encoder))
    assert errors[1] < 0.8 * errors[0], errors


def test_the_noisiest_time_is_the_last_one(
    data: PackedData, encoder: TextEncoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nearly_one(*size: int, **_: Any) -> torch.Tensor:
        return torch.full(size, 1 - 2**-24)  # with 7 before it, 8 in single precision

    monkeypatch.setattr(torch, "rand", nearly_one)
    train(replace(CONFIG, num_images=8), data=data, encoder=encoder, out=tmp_path / "run", say=lambda line: None)


def test_what_does_not_fit_is_refused(data: PackedData, encoder: TextEncoder, tmp_path: Path) -> None:
    unfit = replace(data, images=torch.zeros(8, 3, 48, 48, dtype=torch.uint8))
    with pytest.raises(TrainingStopped, match="The images are 48 px; tiny-diffusion needs 32 px"):
        train(CONFIG, data=unfit, encoder=encoder, out=tmp_path / "run", say=lambda line: None)
    assert not (tmp_path / "run").exists()

    broken = replace(CONFIG, learning_rate=(float("inf"), float("inf")))
    with pytest.raises(TrainingStopped, match="no longer a number"):
        train(broken, data=data, encoder=encoder, out=tmp_path / "run", say=lambda line: None)


def test_the_gan_is_trained_without_diffusers() -> None:
    code = "import sys, studio.training, studio.training.loop; print('diffusers' in sys.modules)"
    finished = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert finished.stdout.strip() == "False"
