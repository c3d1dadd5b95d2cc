"""Sizes of the networks: widths from 4x4 upwards, each stage twice the size of the one before.

A stage's RGB comes out at twice the stage's size (pixel shuffle, Shi et al. 2016): on CPUs the widest, thinnest maps
cost more time than their few FLOPs say.
"""

from dataclasses import dataclass

PRESETS: dict[str, tuple[int, ...]] = {
    "tiny": (16, 16, 16),  # 32 px, for tests
    "c64": (192, 192, 128, 96),
    "c128": (192, 192, 128, 96, 48),
    "s64": (256, 256, 192, 128),
    "s128": (256, 256, 192, 128, 64),
    "s256": (256, 256, 192, 128, 64, 32),
    "m64": (384, 384, 256, 192),
    "m128": (384, 384, 256, 192, 96),
    "m256": (384, 384, 256, 192, 96, 48),
}


@dataclass(frozen=True, kw_only=True)
class DiffusionPreset:
    """A UNet for pictures of `size` pixels, with maps of these widths from half that size downwards."""

    size: int
    widths: tuple[int, ...]


DIFFUSION_PRESETS = {
    "tiny-diffusion": DiffusionPreset(size=32, widths=(16, 16, 32)),  # for tests
    "diffusion64": DiffusionPreset(size=64, widths=(32, 64, 128, 128)),
}

#: Width of the sentence, of the token states after the adapter, and of the generator's style vector.
TEXT_WIDTH = 256
STYLE_WIDTH = 256
EPS_WIDTH = 32


def num_stages(size: int) -> int:
    """How many stages it takes to draw `size` pixels."""
    return size.bit_length() - 3


def image_size(preset: str) -> int:
    """Pixels along one side of what a preset draws."""
    return 4 * 2 ** len(PRESETS[preset])
