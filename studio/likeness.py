"""What texts and pictures are like, as vectors: the nearer two are, the more alike is what they say or show."""

# torch's types leave much open.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from studio.errors import WeightsError
from studio.settings import packaged

if TYPE_CHECKING:
    from torch import Tensor

    from studio.models.judge import SavedJudge
    from studio.models.text_encoder import TextEncoder

#: The length of a vector, whose numbers are whole ones.
UNIT = 127
#: As sure as this it has to be of what it says that a picture shows.
SURE = 0.5

Vectors = NDArray[np.int8]


@dataclass(frozen=True, kw_only=True)
class _Networks:
    encoder: TextEncoder
    saved: SavedJudge


class Likeness:
    """The transformer text encoder for texts, and for pictures the judge of the evaluation, trained on renders of the
    whole product world. Loaded on first use; any number of threads may ask.

    Everything raises WeightsError where the weights are missing or altered.
    """

    def __init__(self, weights: Path | None = None, *, text_encoder: str | None = None) -> None:
        """`weights`: a saved judge, by default the one that comes with the installation; `text_encoder` is as in the
        settings."""
        self._weights = weights or packaged("assets") / "likeness.safetensors"
        self._text_encoder = text_encoder
        self._asking = threading.Lock()

    @property
    def version(self) -> str:
        """Vectors of other networks can't be compared with these."""
        networks = self._networks
        return f"{networks.encoder.sha256[:16]}-{networks.saved.sha256[:16]}"

    def of_texts(self, texts: Sequence[str]) -> Vectors:
        """[n, 384]: the mean of each text's token states, as all-MiniLM-L6-v2 was trained (Reimers & Gurevych 2019)."""
        with self._asking:
            encoded = self._networks.encoder.encode(texts)
        weight = encoded.mask[..., None].float()
        return _whole((encoded.states * weight).sum(1) / weight.sum(1))

    def of_images(self, images: Sequence[Image.Image]) -> Vectors:
        """[n, 128]: the judge's features of the middle square of each picture (PIL RGB, any size)."""
        import torch

        with self._asking, torch.inference_mode():
            return _whole(self._networks.saved.judge(self._tensor(images)).features)

    def seen(self, image: Image.Image) -> dict[str, str]:
        """Group and class of what a picture shows, as far as the judge is sure; it knows the product world alone."""
        import torch

        saved = self._networks.saved
        with self._asking, torch.inference_mode():
            logits = saved.judge(self._tensor([image])).logits
        found: dict[str, str] = {}
        for group, names in saved.attributes.items():
            probability, best = logits[group][0].softmax(0).max(0)
            if int(best) < len(names) and float(probability) >= SURE:
                found[group] = names[int(best)]
        return found

    def _tensor(self, images: Sequence[Image.Image]) -> Tensor:
        import torch

        size = self._networks.saved.judge.size
        fitted = [ImageOps.fit(image.convert("RGB"), (size, size), Image.Resampling.LANCZOS) for image in images]
        pixels = torch.from_numpy(np.stack([np.asarray(image) for image in fitted]))
        return pixels.permute(0, 3, 1, 2).float() / 127.5 - 1

    @cached_property
    def _networks(self) -> _Networks:
        from studio.models.errors import SnapshotError
        from studio.models.judge import load_judge
        from studio.models.text_encoder import TextEncoder

        try:
            return _Networks(encoder=TextEncoder.load(self._text_encoder), saved=load_judge(self._weights))
        except SnapshotError as error:
            raise WeightsError(str(error), "Install the studio again.") from error


def _whole(vectors: Tensor) -> Vectors:
    import torch.nn.functional as F

    return (F.normalize(vectors.float(), dim=1) * UNIT).round().to("cpu").numpy().astype(np.int8)
