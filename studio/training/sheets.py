"""Sheets of samples: exact renders above what the generator makes of the same captions and values."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from studio.data.packed import PackedData, image_batch
from studio.models.presets import EPS_WIDTH, num_stages
from studio.training.text import EncodedTexts

ROWS, COLUMNS = 4, 12


@torch.no_grad()
def sample_sheet(
    generator: nn.Module, adapter: nn.Module, data: PackedData, texts: EncodedTexts, *, size: int
) -> Image.Image:
    """Pairs of rows, render over generated, for the same few scenes every time, `size` pixels each."""
    device = next(generator.parameters()).device
    count = min(ROWS * COLUMNS, len(data))
    chosen = torch.linspace(0, len(data) - 1, count).long()
    eps = torch.randn(count, EPS_WIDTH, generator=torch.Generator().manual_seed(0))
    k = data.caption_labels.shape[1]
    conditioning = adapter(*(each.to(device) for each in texts.batch(chosen * k)))
    fake = generator(torch.cat([data.u[chosen % len(data.u)], eps], dim=1).to(device), conditioning, num_stages(size))
    real = image_batch(data, chosen, fake.shape[-1], device)
    return pairs_of_rows(real, fake)


def pairs_of_rows(real: Tensor, fake: Tensor) -> Image.Image:
    """Float images [n, 3, size, size] of both kinds in rows of `COLUMNS`, real ones over fake ones."""
    rows: list[Tensor] = []
    for start in range(0, len(real), COLUMNS):
        rows += [images[start : start + COLUMNS] for images in (real, fake)]
    return rows_of_pictures(rows)


def rows_of_pictures(rows: Sequence[Tensor]) -> Image.Image:
    """Rows of float images [n, 3, size, size] in -1..1 (clamped), one below the other; shorter ones end in grey."""
    lines = [torch.cat(list(row), dim=2) for row in rows]
    width = max(line.shape[2] for line in lines)
    sheet = torch.cat([torch.nn.functional.pad(line, (0, width - line.shape[2])) for line in lines], dim=1).clamp(-1, 1)
    return Image.fromarray(((sheet + 1) * 127.5).round().byte().permute(1, 2, 0).cpu().numpy().astype(np.uint8))
