"""Draws what is measured: as a user gets it, or with everything that the networks see given."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from studio import imaging
from studio.backends.gan import GanBackend
from studio.models.snapshot import load_snapshot
from studio.models.text_encoder import TextEncoder
from studio.prompts import Prompts
from studio.request import GenerationRequest


class Painter:
    """A snapshot that is ready to draw. Images are uint8 [3, size, size], drawn one at a time.

    Raises WeightsError where the snapshot or the text encoder is missing or altered.
    """

    def __init__(self, folder: Path, *, prompts: Prompts, text_encoder: str | None = None) -> None:
        self._backend = GanBackend(folder, prompts=prompts, text_encoder=text_encoder)
        self._backend.load()
        self._snapshot = load_snapshot(folder)
        self._encoder = TextEncoder.load(text_encoder)
        self.size = self._snapshot.config.size
        self.name = self._snapshot.config.name
        self.sha256 = self._snapshot.config.weights_sha256

    def ask(self, prompt: str, seed: int) -> Tensor:
        """What a user gets: what the prompt leaves open, camera and light among it, is the seed's."""
        request = GenerationRequest(prompt=prompt, count=1, seed=seed, size=self.size)
        return _to_pixels(self._backend.generate(request, 0).image)

    @torch.inference_mode()
    def draw(self, text: str, u: Sequence[float], seed: int) -> Tensor:
        """The text as it stands, camera, light and proportions as `u` says; only eps is the seed's."""
        encoded = self._encoder.encode([text])
        conditioning = self._snapshot.adapter(encoded.states, encoded.mask)
        eps = torch.randn(1, self._snapshot.config.eps_dim, generator=torch.Generator().manual_seed(seed))
        drawn = self._snapshot.generator(torch.cat([torch.tensor([list(u)]), eps], dim=1), conditioning)
        return _to_pixels(imaging.to_pil(drawn[0]))


def _to_pixels(image: Image.Image) -> Tensor:
    return torch.from_numpy(np.array(image)).permute(2, 0, 1)  # pyright: ignore[reportUnknownMemberType]
