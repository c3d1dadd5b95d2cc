"""Pictures made half as large, as the world does it: cleanly, or soft, noisy and through JPEG."""

# torch's types leave much open.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from __future__ import annotations

import io
import random

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

#: Shares of what happens to a picture; clean are the rest.
SOFT, WORN = 0.3, 0.2


def halved(image: Tensor, rng: random.Random) -> Tensor:
    """A picture [3, h, w] in -1..1 at half its size, h and w even.

    Clean: Lanczos or area, in 8 bits. Soft: then blurred by 0.5 to 1.2 pixels, as generated pictures are. Worn: with
    some noise and blur, and saved as JPEG.
    """
    kind = rng.random()
    if rng.random() < 0.5:
        small = F.avg_pool2d(image[None], 2)[0]
    else:
        pixels = _picture(image)
        small = _tensor(pixels.resize((pixels.width // 2, pixels.height // 2), Image.Resampling.LANCZOS))
    if kind < SOFT:
        small = blurred(small, rng.uniform(0.5, 1.2))
    elif kind < SOFT + WORN:
        small = blurred(small, rng.uniform(0.0, 0.7))
        noise = torch.randn(small.shape, generator=torch.Generator().manual_seed(rng.getrandbits(62)))
        small = through_jpeg(small + rng.uniform(0.0, 0.03) * noise, rng.randint(50, 95))
    return (small.clamp(-1, 1) * 127.5).round() / 127.5


def blurred(image: Tensor, sigma: float) -> Tensor:
    """Gaussian, sigma in pixels; [c, h, w]."""
    if sigma < 0.2:
        return image
    radius = max(1, round(3 * sigma))
    weights = torch.exp(-0.5 * (torch.arange(-radius, radius + 1) / sigma) ** 2)
    row = (weights / weights.sum()).expand(len(image), 1, 1, -1)
    padded = F.pad(image[None], (radius,) * 4, mode="replicate")
    once = F.conv2d(padded, row, groups=len(image))
    return F.conv2d(once, row.transpose(2, 3), groups=len(image))[0]


def through_jpeg(image: Tensor, quality: int) -> Tensor:
    """What is left of [3, h, w] in -1..1 after it was saved."""
    file = io.BytesIO()
    _picture(image).save(file, "JPEG", quality=quality)
    with Image.open(file) as saved:
        return _tensor(saved.convert("RGB"))


def _picture(image: Tensor) -> Image.Image:
    return Image.fromarray(((image.clamp(-1, 1) + 1) * 127.5).round().byte().permute(1, 2, 0).numpy())


def _tensor(picture: Image.Image) -> Tensor:
    return torch.from_numpy(np.array(picture)).permute(2, 0, 1).float() / 127.5 - 1
