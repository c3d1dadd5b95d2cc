"""Which task a preset stands for, and what it makes of folders of renders and photos."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from studio.data.composites import Sources
from studio.data.packed import PackedData
from studio.models.product_mask import SIZE
from studio.training.folder import TrainingStopped
from studio.training.inpainting import Inpainting
from studio.training.pictures import Task
from studio.training.product_masking import ProductMasking
from studio.training.upscaling import Upscaling


def task_of(preset: str, sets: Sequence[tuple[PackedData, PackedData | None]]) -> Task:
    """`sets` are folders, each what is trained on and what is kept for measuring.

    Raises:
        TrainingStopped: the preset needs masks, and there are none.
    """
    trained, held_out = [data for data, _ in sets], [kept for _, kept in sets if kept]
    if preset == "product-mask":
        if not any(data.exact for data in trained):
            raise TrainingStopped("Product masks are learnt from renders, and may be from photos beside them.")
        return ProductMasking(_sources(trained), _sources(held_out) if any(d.exact for d in held_out) else None)
    kind = Inpainting if preset == "inpaint" else Upscaling
    return kind([data.images for data in trained], [data.images for data in held_out])


def _sources(sets: Sequence[PackedData]) -> Sources:
    renders, photos = [each for each in sets if each.exact], [each for each in sets if not each.exact]
    return Sources(
        renders=torch.cat([_at_size(each.images) for each in renders]),
        masks=torch.cat([_at_size(each.masks[:, None])[:, 0] for each in renders]),
        photos=torch.cat([_at_size(each.images) for each in photos] or [torch.empty(0, 3, SIZE, SIZE)]),
        photo_masks=torch.cat([_at_size(each.masks[:, None])[:, 0] for each in photos] or [torch.empty(0, SIZE, SIZE)]),
    )


def _at_size(pictures: Tensor) -> Tensor:
    """uint8 pictures [n, c, side, side] with a side of `SIZE`."""
    if pictures.shape[-1] == SIZE:
        return pictures
    parts = [
        F.interpolate(each.float(), size=(SIZE, SIZE), mode="bilinear", antialias=True) for each in pictures.split(64)
    ]
    return torch.cat([each.round().byte() for each in parts])
