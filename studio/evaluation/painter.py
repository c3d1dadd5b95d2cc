"""Draws what is measured: as a user gets it, or with everything that the networks see given."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from studio.backends.gan import GanBackend
from studio.prompts import Prompts
from studio.request import GenerationRequest


class Painter:
    """A snapshot that is ready to draw. Images are uint8 [3, size, size], drawn one at a time.

    Raises WeightsError where the snapshot or the text encoder is missing or altered.
    """

    def __init__(self, folder: Path, *, prompts: Prompts, text_encoder: str | None = None) -> None:
        self._backend = GanBackend(folder, prompts=prompts, text_encoder=text_encoder)
        self._backend.load()
        self.size = self._backend.capabilities.sizes[0]
        self.name = self._backend.model
        self.sha256 = self._backend.model_sha256
        self.controls = self._backend.capabilities.controls

    def ask(self, prompt: str, seed: int, controls: Mapping[str, float] = MappingProxyType({})) -> Tensor:
        """What a user gets: what prompt and controls leave open is the seed's."""
        request = GenerationRequest(prompt=prompt, count=1, seed=seed, size=self.size, controls=controls)
        return _to_pixels(self._backend.generate(request, 0).image)

    def draw(self, text: str, u: Mapping[str, float], seed: int) -> Tensor:
        """The text as it stands, camera, light and proportions as `u` says; only eps is the seed's."""
        return _to_pixels(self._backend.draw(text, u, seed))


def _to_pixels(image: Image.Image) -> Tensor:
    return torch.from_numpy(np.array(image)).permute(2, 0, 1)  # pyright: ignore[reportUnknownMemberType]
