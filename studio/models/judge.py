"""The judge: a small network that says what a picture shows and where the product is.

It looks at the product and at the backdrop apart, through a mask that it predicts itself, so that a few hundred renders
are enough to train it.
"""

# torch's types leave much open.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor, nn

from .errors import SnapshotError

WIDTHS = (24, 48, 96, 160)  # of the maps at 1/2, 1/4, 1/8 and 1/16 of the picture
PYRAMID_WIDTH = 32
FEATURES = 128


@dataclass(frozen=True, kw_only=True)
class Opinion:
    """`features` [n, 128]; `logits` of each judged group [n, classes + 1]; `mask` [n, size/2, size/2], logits."""

    features: Tensor
    logits: dict[str, Tensor]
    mask: Tensor


class Judge(nn.Module):
    """Convolutions halve the picture four times; a pyramid over their maps gives the mask; the maps are averaged inside
    the mask and outside it, and the attributes are read from both."""

    def __init__(self, attributes: Mapping[str, Sequence[str]], size: int) -> None:
        """`attributes`: the classes of each group that is judged; one more says that nothing of the kind is seen.
        `size`: side of the pictures that it learns or learnt from; larger ones are made as small."""
        super().__init__()
        self.size = size
        inputs = (3, *WIDTHS)
        self.stages = nn.ModuleList(_stage(inputs[i], inputs[i + 1], refine=i > 0) for i in range(len(WIDTHS)))
        self.laterals = nn.ModuleList(nn.Conv2d(width, PYRAMID_WIDTH, 1) for width in WIDTHS)
        self.mask_head = nn.Sequential(nn.SiLU(), nn.Conv2d(PYRAMID_WIDTH, 1, 3, padding=1))
        self.embed = nn.Sequential(nn.Linear(2 * sum(WIDTHS), FEATURES), nn.LayerNorm(FEATURES), nn.SiLU())
        self.heads = nn.ModuleDict({group: nn.Linear(FEATURES, len(names) + 1) for group, names in attributes.items()})

    def forward(self, images: Tensor) -> Opinion:
        """Float images [n, 3, side, side] in -1..1; `side` a multiple of 16, and of the judge's own size."""
        maps = self.maps(images)
        pyramid = self.laterals[-1](maps[-1])
        for lateral, each in zip(reversed(self.laterals[:-1]), reversed(maps[:-1]), strict=True):  # pyright: ignore[reportArgumentType]
            pyramid = lateral(each) + F.interpolate(pyramid, size=each.shape[-2:], mode="bilinear")
        mask = self.mask_head(pyramid)

        # The mask learns from true masks alone: attributes must not bend it towards what they like to see.
        inside = mask.detach().sigmoid()
        pooled: list[Tensor] = []
        for each in maps:
            weight = F.adaptive_avg_pool2d(inside, each.shape[-1])
            pooled += [_mean(each, weight), _mean(each, 1 - weight)]
        features = self.embed(torch.cat(pooled, dim=1))
        return Opinion(
            features=features, logits={group: head(features) for group, head in self.heads.items()}, mask=mask[:, 0]
        )

    def maps(self, images: Tensor) -> list[Tensor]:
        """The maps of every stage: [n, width, size / 2, size / 2] and so on, of images as `forward` takes them."""
        if (factor := images.shape[-1] // self.size) > 1:
            images = F.avg_pool2d(images, factor)
        found: list[Tensor] = []
        hidden = images
        for stage in self.stages:
            hidden = stage(hidden)
            found.append(hidden)
        return found


def _stage(inputs: int, outputs: int, *, refine: bool) -> nn.Sequential:
    layers: list[nn.Module] = [nn.Conv2d(inputs, outputs, 3, 2, 1, bias=False), nn.BatchNorm2d(outputs), nn.SiLU()]
    if refine:
        layers.append(_Residual(outputs))
    return nn.Sequential(*layers)


class _Residual(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(width, width, 3, padding=1, bias=False),
            nn.BatchNorm2d(width),
            nn.SiLU(),
            nn.Conv2d(width, width, 3, padding=1, bias=False),
            nn.BatchNorm2d(width),
        )

    def forward(self, x: Tensor) -> Tensor:
        return F.silu(x + self.body(x))


def _mean(maps: Tensor, weight: Tensor) -> Tensor:
    """Mean of maps [n, c, h, w] weighted by [n, 1, h, w]."""
    # Channels last, as the maps lie in memory: else their gradients are laid out anew in every layer further down.
    maps, weight = maps.permute(0, 2, 3, 1), weight.permute(0, 2, 3, 1)
    return (maps * weight).sum((1, 2)) / (weight.sum((1, 2)) + 1e-3)


@dataclass(frozen=True, kw_only=True)
class SavedJudge:
    """A judge that was saved, with the classes of each group in order."""

    judge: Judge
    attributes: Mapping[str, tuple[str, ...]]
    note: str
    sha256: str


def save_judge(
    path: Path,
    judge: Judge,
    *,
    attributes: Mapping[str, tuple[str, ...]],
    note: str,
    dtype: torch.dtype = torch.float32,
) -> None:
    """Writes the judge with the side of the pictures it was trained on and a note of how."""
    tensors = {
        name: (value.to(dtype) if value.is_floating_point() else value).contiguous()
        for name, value in judge.state_dict().items()
    }
    metadata = {"size": str(judge.size), "attributes": json.dumps(attributes), "note": note}
    path.write_bytes(save(tensors, metadata))


def load_judge(path: Path) -> SavedJudge:
    """Reads a judge. Raises SnapshotError where it is missing, damaged or of another version."""
    try:
        data = path.read_bytes()
        tensors, metadata = load(data), _metadata(data)
        attributes = {str(group): tuple(map(str, names)) for group, names in json.loads(metadata["attributes"]).items()}
        note = metadata["note"]
        judge = Judge(attributes, int(metadata["size"]))
        judge.load_state_dict(tensors)
    except (OSError, SafetensorError) as error:
        raise SnapshotError(f"The judge {path} can't be read: {error}.") from error
    except (KeyError, ValueError, AttributeError, RuntimeError) as error:
        raise SnapshotError(f"The judge {path} is of another version.") from error
    judge.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
    judge.eval().requires_grad_(False)
    sha256 = hashlib.sha256(data).hexdigest()
    return SavedJudge(judge=judge, attributes=attributes, note=note, sha256=sha256)


def _metadata(data: bytes) -> dict[str, str]:
    """What a safetensors file says beside its tensors: a length (u64), then so many bytes of JSON."""
    header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
    return header.get("__metadata__", {})
