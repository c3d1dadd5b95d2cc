import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from studio.models.adapter import Conditioning, TextAdapter
from studio.models.diffusion import (
    DiffusionDescription,
    DiffusionSnapshot,
    build_scheduler,
    build_unet,
    load_diffusion,
    sample,
    save_diffusion,
    without_words,
)
from studio.models.errors import SnapshotError

ATTRIBUTES = {"colour": ("red", "blue")}
U_NAMES = ("elevation", "warmth")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("diffusion") / "snapshot"
    with torch.random.fork_rng():
        torch.manual_seed(0)
        adapter, unet = TextAdapter(ATTRIBUTES), build_unet("tiny-diffusion", len(U_NAMES))
    description = DiffusionDescription(
        name="tiny",
        preset="tiny-diffusion",
        size=32,
        u_names=U_NAMES,
        attributes=ATTRIBUTES,
        text_encoder_sha256="0" * 64,
        num_images_seen=0,
    )
    assert save_diffusion(folder, adapter=adapter, unet=unet, description=description).unet_sha256
    return folder


@pytest.fixture(scope="module")
def snapshot(folder: Path) -> DiffusionSnapshot:
    return load_diffusion(folder)


def conditioning(n: int, length: int, seed: int) -> Conditioning:
    generator = torch.Generator().manual_seed(seed)
    return Conditioning(
        sentence=torch.randn(n, 256, generator=generator),
        tokens=torch.randn(n, length, 256, generator=generator),
        mask=torch.ones(n, length, dtype=torch.bool),
        logits={},
    )


def drawn(
    snapshot: DiffusionSnapshot, words: Conditioning, seeds: range, steps: int = 3, elevation: float = 0.5
) -> torch.Tensor:
    return sample(
        snapshot.unet,
        snapshot.scheduler,
        words,
        conditioning(1, 2, 99),
        torch.tensor([[elevation, 0.0]]).expand(len(seeds), 2),
        [torch.Generator().manual_seed(seed) for seed in seeds],
        num_inference_steps=steps,
    )


def test_the_folder_is_one_for_diffusers(folder: Path, snapshot: DiffusionSnapshot) -> None:
    index = json.loads((folder / "model_index.json").read_text(encoding="utf-8"))
    for part in ("unet", "scheduler"):
        library, name = index[part]
        assert library == "diffusers"
        assert json.loads(next((folder / part).glob("*config.json")).read_text(encoding="utf-8"))["_class_name"] == name
    assert snapshot.description.attributes == ATTRIBUTES
    assert snapshot.scheduler.config["prediction_type"] == "v_prediction"


@pytest.mark.parametrize("steps", [1, 4])
def test_the_same_generators_give_the_same_pixels(snapshot: DiffusionSnapshot, steps: int) -> None:
    words = conditioning(2, 5, 0)
    first = drawn(snapshot, words, range(7, 9), steps)
    assert first.shape == (2, 3, 32, 32)
    assert first.isfinite().all()
    assert torch.equal(drawn(snapshot, words, range(7, 9), steps), first)
    assert not torch.allclose(drawn(snapshot, words, range(8, 10), steps), first, atol=1e-2)


def test_an_image_depends_on_its_own_words_and_seed_alone(snapshot: DiffusionSnapshot) -> None:
    words = conditioning(3, 5, 0)
    mask = words.mask.clone()
    mask[1, 3:] = False  # a shorter text, padded beside the others
    together = drawn(snapshot, replace(words, mask=mask), range(3))
    short = Conditioning(
        sentence=words.sentence[1:2], tokens=words.tokens[1:2, :3], mask=mask[1:2, :3], logits=words.logits
    )
    torch.testing.assert_close(drawn(snapshot, short, range(1, 2))[0], together[1], atol=1e-4, rtol=1e-4)


def test_words_count(snapshot: DiffusionSnapshot) -> None:
    one, other = (drawn(snapshot, conditioning(1, 5, seed), range(1)) for seed in (0, 1))
    assert not torch.allclose(one, other, atol=1e-3)


def test_camera_and_light_count(snapshot: DiffusionSnapshot) -> None:
    low, high = (drawn(snapshot, conditioning(1, 5, 0), range(1), elevation=value) for value in (-1, 1))
    assert not torch.allclose(low, high, atol=1e-3)


def test_rows_without_words_are_as_if_nothing_was_said() -> None:
    words, empty = conditioning(2, 5, 0), conditioning(1, 2, 1)
    dropped = without_words(words, empty, torch.tensor([True, False]))
    assert torch.equal(dropped.sentence, torch.stack([empty.sentence[0], words.sentence[1]]))
    assert torch.equal(dropped.tokens[0, :2], empty.tokens[0])
    assert dropped.mask.tolist() == [[True, True, False, False, False], [True] * 5]
    assert torch.equal(dropped.tokens[1], words.tokens[1])


def test_a_single_step_begins_at_pure_noise() -> None:
    scheduler = build_scheduler()
    scheduler.set_timesteps(1)
    assert scheduler.timesteps.tolist() == [999]
    assert scheduler.alphas_cumprod[999] < 1e-6


def test_altered_or_missing_files_are_said_in_words(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(SnapshotError, match=r"config\.json is missing"):
        load_diffusion(tmp_path)
    copy = tmp_path / "copy"
    snapshot = load_diffusion(folder)
    told_less = build_unet("tiny-diffusion", 1)
    save_diffusion(copy, adapter=snapshot.adapter, unet=told_less, description=snapshot.description)
    with pytest.raises(SnapshotError, match="told other values"):
        load_diffusion(copy)
    (copy / "adapter.safetensors").write_bytes(b"something else")
    with pytest.raises(SnapshotError, match="not the ones"):
        load_diffusion(copy)
    (copy / "config.json").write_text('{"format_version": 0}', encoding="utf-8")
    with pytest.raises(SnapshotError, match="another format"):
        load_diffusion(copy)
