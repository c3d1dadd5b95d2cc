"""The small embedded networks that work on pictures: they find the product, fill holes and make pictures larger."""

from __future__ import annotations

import hashlib
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from studio import imaging
from studio.backends.base import NO_HINTS, Capabilities, Hints
from studio.errors import WeightsError

if TYPE_CHECKING:
    from PIL import Image

    from studio.models.inpainter import SavedInpainter
    from studio.models.product_mask import SavedProductMasker
    from studio.models.upscaler import SavedUpscaler

#: Files in the folder of assets.
INPAINTER, PRODUCT_MASK, UPSCALER = "inpainter.safetensors", "product_mask.safetensors", "upscaler.safetensors"


class Retoucher:
    """Holds the three networks; each is loaded on first use. The engine calls it from one thread at a time."""

    name = "retoucher"
    model = "retoucher"
    capabilities = Capabilities(sizes=(), controls=(), licence="Apache-2.0")

    def __init__(self, folder: Path) -> None:
        """`folder` holds the weights."""
        self._folder = folder

    @cached_property
    def model_sha256(self) -> str:
        """Of the hashes of all three."""
        hashes = (self._inpainter.sha256, self._product_mask.sha256, self._upscaler.sha256)
        return hashlib.sha256(" ".join(hashes).encode()).hexdigest()

    def load(self) -> None:
        """Nothing yet, as most edits need one of the networks alone."""

    def product_mask(self, image: Image.Image, hints: Hints = NO_HINTS) -> Image.Image:
        """Where the product is: L, 255 = product, of the picture's size. Raises WeightsError."""
        from studio.models.product_mask import find_product

        alpha = find_product(self._product_mask.network, imaging.to_tensor(image), hints.include, hints.exclude)
        return imaging.mask_to_pil(alpha)

    def fill(self, image: Image.Image, mask: Image.Image, seed: int) -> Image.Image:
        """The picture with what the mask (L, white) covers filled from around it. Raises WeightsError."""
        from studio.models.inpainter import fill

        filled = fill(self._inpainter.inpainter, imaging.to_tensor(image), imaging.mask_to_tensor(mask))
        return imaging.to_pil(filled)

    def upscale(self, image: Image.Image, factor: int) -> Image.Image:
        """The picture `factor` (2 or 4) times as wide and high. Raises WeightsError."""
        from studio.models.upscaler import upscale

        return imaging.to_pil(upscale(self._upscaler.network, imaging.to_tensor(image), factor))

    @cached_property
    def _inpainter(self) -> SavedInpainter:
        from studio.models.errors import SnapshotError
        from studio.models.inpainter import load_inpainter

        try:
            return load_inpainter(self._folder / INPAINTER)
        except SnapshotError as error:
            raise _weights_error(error) from error

    @cached_property
    def _product_mask(self) -> SavedProductMasker:
        from studio.models.errors import SnapshotError
        from studio.models.product_mask import load_product_masker

        try:
            return load_product_masker(self._folder / PRODUCT_MASK)
        except SnapshotError as error:
            raise _weights_error(error) from error

    @cached_property
    def _upscaler(self) -> SavedUpscaler:
        from studio.models.errors import SnapshotError
        from studio.models.upscaler import load_upscaler

        try:
            return load_upscaler(self._folder / UPSCALER)
        except SnapshotError as error:
            raise _weights_error(error) from error


def _weights_error(error: Exception) -> WeightsError:
    return WeightsError(str(error), "Install the studio again.")
