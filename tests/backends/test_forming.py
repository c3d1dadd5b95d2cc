"""Pictures from latents, with a VAE whose latents are known to be linear in the colours."""
# Pipelines have no common types.
# pyright: basic

from types import SimpleNamespace
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from PIL import Image, ImageDraw

from studio import imaging
from studio.backends import forming

CHANNELS = 8


class LinearVae(torch.nn.Module):
    """Halves a picture three times, and mixes its colours into as many channels as real ones have."""

    dtype, device = torch.float32, torch.device("cpu")

    def __init__(self, **config: Any) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(1)
        self.mix = torch.nn.Parameter(torch.randn(CHANNELS, 3, 1, 1, generator=generator))
        self.config = SimpleNamespace(latent_channels=CHANNELS, **config)

    def encode(self, picture: torch.Tensor) -> Any:
        latents = F.conv2d(F.avg_pool2d(picture, 8), self.mix) + 0.3
        return SimpleNamespace(latent_dist=SimpleNamespace(mode=lambda: latents))


def photo() -> Image.Image:
    image = Image.new("RGB", (64, 48), "white")
    ImageDraw.Draw(image).rectangle((16, 16, 39, 31), fill=(200, 30, 60))
    return image


def small(image: Image.Image) -> Image.Image:
    return image.resize((image.width // 8, image.height // 8), Image.Resampling.BOX)


def test_colours_are_those_of_the_picture() -> None:
    vae = LinearVae()
    latents = vae.encode(imaging.to_tensor(photo())[None]).latent_dist.mode()[0].detach()

    shown = forming.to_picture(latents, forming.fit_colours(vae))

    assert imaging.max_difference(shown, small(photo())) <= 1


@pytest.mark.parametrize(
    "config",
    [
        {"scaling_factor": 0.18},
        {"scaling_factor": 1.5, "shift_factor": 0.06},
        {"latents_mean": [0.5] * CHANNELS, "latents_std": [2.0] * CHANNELS},
    ],
)
def test_what_pipelines_do_to_latents_is_undone(config: dict[str, Any]) -> None:
    vae = LinearVae(**config)
    raw = torch.randn(1, CHANNELS, 6, 8)
    if "latents_mean" in config:
        within = (raw - 0.5) / 2
    else:
        within = (raw - config.get("shift_factor", 0)) * config["scaling_factor"]

    undone = forming.raw_latents(SimpleNamespace(vae=vae), within, 64, 48)

    assert undone is not None
    torch.testing.assert_close(undone, raw[0])


def test_what_is_packed_in_an_unknown_way_is_not_shown() -> None:
    vae = LinearVae()
    assert forming.raw_latents(SimpleNamespace(vae=vae), torch.zeros(1, 12, 32), 64, 48) is None
    assert forming.raw_latents(SimpleNamespace(vae=vae), torch.zeros(1, 128, 6, 8), 64, 48) is None
