"""The small embedded networks that work on pictures: they find the product, fill holes and make pictures larger."""

from __future__ import annotations

import hashlib
from collections.abc import Generator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from studio import imaging
from studio.backends.base import NO_HINTS, Capabilities, Hints
from studio.errors import WeightsError

if TYPE_CHECKING:
    from studio.models.inpainter import Inpainter
    from studio.models.product_mask import ProductMask
    from studio.models.segment_anything import SegmentAnything
    from studio.models.upscaler import Upscaler
    from studio.models.weights import Saved

#: Files in the folder of assets.
INPAINTER, PRODUCT_MASK, UPSCALER = "inpainter.safetensors", "product_mask.safetensors", "upscaler.safetensors"

_Transpose = Image.Transpose
#: All turns and mirror images, as it is first, and how those are undone that don't undo themselves.
_TURNS = (None, *_Transpose)
_BACK = {_Transpose.ROTATE_90: _Transpose.ROTATE_270, _Transpose.ROTATE_270: _Transpose.ROTATE_90}


class Retoucher:
    """Holds the three networks, and a larger one for masks where it is named; each is loaded on first use. The engine
    calls it from one thread at a time."""

    name = "retoucher"
    model = "retoucher"
    capabilities = Capabilities(sizes=(), controls=(), licence="Apache-2.0")

    def __init__(self, folder: Path, *, mask_model: str | None = None) -> None:
        """`folder` holds the weights; `mask_model` is a folder or a commit of the hub with a Segment Anything model."""
        self._folder, self._mask_model = folder, mask_model

    @cached_property
    def model_sha256(self) -> str:
        """Of the files of all three, none of which is loaded for it. Raises WeightsError."""
        digest = hashlib.sha256()
        try:
            for name in (INPAINTER, PRODUCT_MASK, UPSCALER):
                digest.update((self._folder / name).read_bytes())
        except OSError as error:
            raise WeightsError(f"The network {error.filename} can't be read.", "Install the studio again.") from error
        return digest.hexdigest()

    @property
    def inpainter_sha256(self) -> str:
        return self._inpainter.sha256

    @property
    def product_mask_sha256(self) -> str:
        return self._segment_anything.sha256 if self._segment_anything else self._product_mask.sha256

    def product_mask(self, image: Image.Image, hints: Hints = NO_HINTS) -> Image.Image:
        """Where the product is: L, 255 = product, of the picture's size. Raises WeightsError.

        The embedded network finds it; a larger model, where there is one, is given the box round that, and the clicks.
        """
        from studio.models.product_mask import finished, product_mask

        tensor = imaging.to_tensor(image)
        include, exclude = ([(x / image.width, y / image.height) for x, y in points] for points in hints)
        mask = imaging.mask_to_pil(product_mask(self._product_mask.network, tensor, include, exclude))
        if self._segment_anything is None:
            return mask
        box = mask.point([0] * 128 + [255] * 128).getbbox() or (0, 0, *image.size)
        return imaging.mask_to_pil(finished(tensor, self._segment_anything.mask(image, box, *hints)))

    def fill(self, image: Image.Image, mask: Image.Image, seed: int) -> Image.Image:
        """The picture with what the mask (L, white) covers filled from around it. Raises WeightsError.

        The network knows no chance: the seed decides which of its eight turns and mirror images it looks at.
        """
        from studio.models.inpainter import fill

        turn = _TURNS[seed % len(_TURNS)]
        turned, hole = (each if turn is None else each.transpose(turn) for each in (image, mask))
        filled = imaging.to_pil(fill(self._inpainter.network, imaging.to_tensor(turned), imaging.mask_to_tensor(hole)))
        return filled if turn is None else filled.transpose(_BACK.get(turn, turn))

    def upscale(self, image: Image.Image, factor: int) -> Image.Image:
        """The picture `factor` (2 or 4) times as wide and high. Raises WeightsError."""
        from studio.models.upscaler import upscale

        return imaging.to_pil(upscale(self._upscaler.network, imaging.to_tensor(image), factor))

    @cached_property
    def _inpainter(self) -> Saved[Inpainter]:
        from studio.models.inpainter import load_inpainter

        with _plain_words():
            return load_inpainter(self._folder / INPAINTER)

    @cached_property
    def _product_mask(self) -> Saved[ProductMask]:
        from studio.models.product_mask import load_product_mask

        with _plain_words():
            return load_product_mask(self._folder / PRODUCT_MASK)

    @cached_property
    def _segment_anything(self) -> SegmentAnything | None:
        if self._mask_model is None:
            return None
        from studio.models.segment_anything import SegmentAnything

        with _plain_words("Look at STUDIO_MASK_MODEL."):
            return SegmentAnything.load(self._mask_model)

    @cached_property
    def _upscaler(self) -> Saved[Upscaler]:
        from studio.models.upscaler import load_upscaler

        with _plain_words():
            return load_upscaler(self._folder / UPSCALER)


@contextmanager
def _plain_words(hint: str = "Install the studio again.") -> Generator[None]:
    from studio.models.errors import SnapshotError

    try:
        yield
    except SnapshotError as error:
        raise WeightsError(str(error), hint) from error
