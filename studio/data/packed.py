"""A data set in one safetensors file: what training reads, on this machine or on another."""

# safetensors is typed in part.
# pyright: reportUnknownVariableType=false, reportUnknownMemberType=false, reportUnknownArgumentType=false

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from PIL import Image
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from studio.errors import InputError

#: Of fewer images that aren't trained on the mean logit would say more of them than of what was learnt.
FEWEST_HELD_OUT = 16
#: What Pillow raises for files that are cut off or altered (4,500 of them were tried).
BROKEN_IMAGE = (OSError, SyntaxError, ValueError, Image.DecompressionBombError)


@dataclass(frozen=True, kw_only=True)
class PackedData:
    """n images with what is known of them.

    `images` uint8 [n, 3, size, size]; `masks` uint8 [n, size, size], 255 = product, all 0 where nobody knows it;
    `u` float32 [n, len(u_names)] where the images are `exact` renders of them and of their captions; of photos, whose
    camera and light nobody knows, any number of rows drawn from the prior.
    `labels` int64 [n, groups], the class of every attribute, the number of classes where none stands out.
    `captions` has k texts an image; `caption_labels` int64 [n, k, groups] says what each of them says.
    `mismatched` has one full caption an image with one attribute swapped.
    `mirrors` bool [n, k]: under caption j the mirror image of image i is right as well, once the entries of `u` named
    in `u_mirrored` have changed their signs.
    """

    exact: bool
    images: Tensor
    masks: Tensor
    u: Tensor
    labels: Tensor
    captions: Sequence[Sequence[str]]
    caption_labels: Tensor
    mismatched: Sequence[str]
    mirrors: Tensor
    u_mirrored: tuple[str, ...]
    u_names: tuple[str, ...]
    attributes: Mapping[str, tuple[str, ...]]

    def __len__(self) -> int:
        return len(self.images)


_TENSORS = ("images", "masks", "u", "labels", "caption_labels", "mirrors")
_OF_EACH = ("images", "masks", "labels", "captions", "caption_labels", "mismatched", "mirrors")
_TEXTS = ("exact", "captions", "mismatched", "u_mirrored", "u_names", "attributes")


def save_packed(path: Path, data: PackedData, key: str) -> None:
    """Writes the file with a key, which tells what it was packed from. Several processes may write it at once.

    Raises:
        InputError: it can't be written; an earlier one stays.
    """
    partial = path.with_suffix(f".{os.getpid()}.partial")
    try:
        save_file(
            {name: getattr(data, name).contiguous() for name in _TENSORS},
            partial,
            metadata={"key": key} | {name: json.dumps(getattr(data, name)) for name in _TEXTS},
        )
        partial.replace(path)
    except (OSError, SafetensorError) as error:
        partial.unlink(missing_ok=True)
        raise InputError(
            f"{path} can't be written: {error}.", "Free some space, or let the folder be written."
        ) from error


def packed_key(path: Path) -> str | None:
    """The key that a packed file was written with; None where there is no file that can be read."""
    if not path.is_file():
        return None
    try:
        with safe_open(path, framework="pt") as file:
            return (file.metadata() or {}).get("key")
    except SafetensorError:
        return None


def part(data: PackedData, start: int, end: int) -> PackedData:
    """The images from `start` to before `end`, with what is known of them; nothing is copied."""
    return replace(
        data,
        u=data.u[start:end] if data.exact else data.u,
        **{name: getattr(data, name)[start:end] for name in _OF_EACH},
    )


def load_packed(path: Path) -> PackedData:
    with safe_open(path, framework="pt") as file:
        tensors = {name: file.get_tensor(name) for name in _TENSORS}
        texts = {name: json.loads(value) for name, value in file.metadata().items() if name in _TEXTS}
    texts |= {name: tuple(texts[name]) for name in ("u_mirrored", "u_names")}
    texts["attributes"] = {group: tuple(classes) for group, classes in texts["attributes"].items()}
    return PackedData(**tensors, **texts)


def image_batch(
    data: PackedData, indices: Tensor, size: int, device: torch.device, mirrored: Tensor | None = None
) -> Tensor:
    """Images as float in [-1, 1], [n, 3, size, size], averaged down from their own size where that is larger; those
    where `mirrored` bool [n] says so with left and right exchanged."""
    return _sized(data.images[indices.to(data.images.device)].to(device).float() / 127.5 - 1, size, mirrored)


def mask_batch(
    data: PackedData, indices: Tensor, size: int, device: torch.device, mirrored: Tensor | None = None
) -> Tensor:
    """Product masks as float in [0, 1], [n, 1, size, size], of the same images as `image_batch` gives."""
    return _sized(data.masks[indices.to(data.masks.device)].to(device)[:, None].float() / 255, size, mirrored)


def _sized(pictures: Tensor, size: int, mirrored: Tensor | None) -> Tensor:
    if mirrored is not None:
        pictures = torch.where(mirrored.to(pictures.device)[:, None, None, None], pictures.flip(3), pictures)
    factor = pictures.shape[-1] // size
    return torch.nn.functional.avg_pool2d(pictures, factor) if factor > 1 else pictures


def on_device(data: PackedData, device: torch.device) -> PackedData:
    """The same with images and masks on a GPU, where it has room for them."""
    return replace(data, images=near(data.images, device), masks=near(data.masks, device))


def near(tensor: Tensor, device: torch.device) -> Tensor:
    """On a GPU if it takes no more than a quarter of what is free there, else where it is."""
    if device.type != "cuda" or 4 * tensor.nbytes > torch.cuda.mem_get_info(device)[0]:
        return tensor
    return tensor.to(device)


def prior_batch(data: PackedData, count: int, generator: torch.Generator) -> Tensor:
    """`u` [count, len(u_names)] of any images."""
    return data.u[torch.randint(len(data.u), (count,), generator=generator)]


def known_batch(data: PackedData, indices: Tensor, mirrored: Tensor) -> tuple[Tensor, Tensor]:
    """`u` [n, len(u_names)] and labels [n, groups]; where `mirrored` bool [n] says so, of the image in the mirror."""
    signs = torch.tensor([-1.0 if name in data.u_mirrored else 1.0 for name in data.u_names])
    labels, swapped = data.labels[indices], data.labels[indices]
    for group, classes in enumerate(data.attributes.values()):
        if {"left", "right"} <= set(classes):
            left, right = (data.labels[indices, group] == classes.index(side) for side in ("left", "right"))
            swapped[left, group], swapped[right, group] = classes.index("right"), classes.index("left")
    which = mirrored[:, None]
    return torch.where(which, data.u[indices] * signs, data.u[indices]), torch.where(which, swapped, labels)
