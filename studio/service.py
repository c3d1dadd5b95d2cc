"""The public Python entry: draws with the engine, keeps what was drawn in the library."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

import studio
from studio import imaging, provenance
from studio.backends.base import NO_HINTS, Backend, Capabilities, Hints, Watch
from studio.backends.registry import GAN, Offer, maker_of, offers, open_backend
from studio.backends.retoucher import Retoucher
from studio.engine import ALTERED, Engine
from studio.errors import InputError, StudioError
from studio.prompts import load_prompts
from studio.request import (
    PHOTO,
    Edit,
    GeneratedImage,
    GenerationRequest,
    Origin,
    OutpaintRequest,
    Recipe,
    Request,
    RestyleRequest,
    SavedImage,
    Sources,
    Understanding,
    Verdict,
)
from studio.settings import MAX_PICTURE_BYTES, Settings, packaged
from studio.signature import Signature, Signer
from studio.untrusted import read_file

if TYPE_CHECKING:
    from PIL import Image

    from studio.library import Library, Shares
    from studio.library.records import ImageRecord
    from studio.likeness import Likeness
    from studio.similar import Similar

#: How long what strangers made is kept where the studio is open to all.
OPEN_KEPT = timedelta(days=1)


class Studio:
    """Draws product images and keeps them. One instance serves any number of threads.

    Every method raises StudioError, in words for the user, where it can't do what was asked.
    """

    def __init__(
        self,
        settings: Settings | None = None,
        *,
        backends: Callable[[str], Backend] | None = None,
        retoucher: Retoucher | None = None,
    ) -> None:
        """`backends` opens a backend by its name; by default those of `studio.backends`."""
        self.settings = settings or Settings()
        self.prompts = load_prompts(self.settings.prompts_dir)
        retoucher = retoucher or Retoucher(packaged("assets"), mask_model=self.settings.mask_model)
        self.engine = Engine(
            self.settings,
            backends or partial(open_backend, settings=self.settings, prompts=self.prompts, retoucher=retoucher),
            retoucher,
            self.prompts.refusals,
        )

    @cached_property
    def library(self) -> Library:
        """Everything made is kept here; opened on first use, since reading a recipe needs no library."""
        from studio.library import Library

        settings = self.settings
        return Library(settings.data_dir, database_url=settings.database_url, files_url=settings.files_url)

    @cached_property
    def shares(self) -> Shares:
        """Links that show images of the library to strangers."""
        from studio.library import Shares

        return Shares(self.library, self.settings.data_dir)

    def tidy(self) -> None:
        """Deletes what the library need not keep any longer; where strangers use it, all that is older than a day."""
        with suppress(StudioError):  # the next time
            if self.settings.open_to_all:
                self.library.forget(OPEN_KEPT)
            self.library.tidy()

    @cached_property
    def likeness(self) -> Likeness:
        """Says what texts and pictures are like."""
        from studio.likeness import Likeness

        return Likeness(text_encoder=self.settings.text_encoder)

    @cached_property
    def similar(self) -> Similar:
        """Finds images of the library by meaning and by look."""
        from studio.similar import Similar

        return Similar(self.library, self.likeness, self.prompts)

    @cached_property
    def signer(self) -> Signer:
        """Signs what is kept; its key is in the data folder."""
        return Signer(self.settings.data_dir)

    @property
    def capabilities(self) -> Capabilities:
        """What the backend of the settings offers."""
        return self.engine.capabilities()

    @property
    def offers(self) -> tuple[Offer, ...]:
        """The backends that the page lets choose, that of the settings first."""
        return offers(self.settings, self.prompts)

    def warm(self, backend: str | None = None, watch: Watch | None = None) -> None:
        """Loads the model, so that the first image needn't wait for it; `watch` sees a download, if there is one."""
        self.engine.warm(backend, watch)

    def generate(self, request: Request) -> list[SavedImage]:
        """Draws all images of `request`; each is saved before the next is drawn."""
        return list(self.stream(request))

    def stream(self, request: Request, watch: Watch | None = None) -> Iterator[SavedImage]:
        """Like `generate`, one image at a time: each is in the library when it is yielded."""
        sources, origin, mask = None, "drawn", None
        for drawn in self.engine.generate(request, watch):
            recipe = drawn.recipe
            if not isinstance(request, GenerationRequest):
                if sources is None:  # the first one: what it began with is kept before it is
                    sources, origin, mask = self._keep_sources(request)
                recipe = replace(recipe, sources=sources, origin=origin)
            data = self.signer.sign(provenance.to_png(drawn.image, recipe, mask), provenance.source_type(recipe))
            sha256, path = self.library.add(data, recipe)
            yield SavedImage(
                image=drawn.image, seed=drawn.seed, index=drawn.index, recipe=recipe, sha256=sha256, path=path
            )

    def preview(self, request: Request) -> list[GeneratedImage]:
        """The same pixels as `generate`, and nothing is kept."""
        return list(self.engine.generate(request))

    def product_mask(self, image: Image.Image, hints: Hints = NO_HINTS) -> Image.Image:
        """Where the product is in a picture (RGB): L, 255 = product. `hints` say what is and what isn't of it."""
        return self.engine.product_mask(image, hints)

    def upscale(self, image: Image.Image, factor: int) -> Image.Image:
        """A picture (RGB) `factor` (2 or 4) times as wide and high."""
        return self.engine.upscale(image, factor)

    def keep(self, image: Image.Image) -> str:
        """Keeps a picture (RGB) that somebody uploaded, without name and metadata; returns the hash of its file.

        One that is known by its pixels is not kept twice: what was drawn here stays known as that.
        """
        image = image.convert("RGB")
        pixels_sha256 = imaging.pixels_sha256(image)
        if known := self.library.with_pixels(pixels_sha256):
            if known.deleted is not None:
                self.library.restore([known.sha256])
            return known.sha256
        recipe = Recipe(
            kind=PHOTO,
            prompt="",
            seed=0,
            index=0,
            size=max(image.size),
            width=image.width,
            height=image.height,
            backend="upload",
            model="",
            model_sha256="",
            parameters={},
            pixels_sha256=pixels_sha256,
            versions={"studio": studio.__version__},
            created=datetime.now(UTC).isoformat(timespec="microseconds"),
            licence="",
            origin="photo",
        )
        return self.library.add(provenance.to_png(image, recipe), recipe)[0]

    def sources(self, data: bytes) -> Sources | None:
        """What an edit in a PNG began with; None where the library no longer has it, or it is no edit."""
        recipe = provenance.read_recipe(data)
        found = {name: self.file(recipe.sources[name]) for name in ("image", "reference") if name in recipe.sources}
        if "image" not in found or None in found.values():
            return None
        mask = provenance.read_mask(data) if "mask" in recipe.sources else None
        if mask is not None and imaging.pixels_sha256(mask) != recipe.sources["mask"]:
            return None
        try:
            pictures = {name: imaging.decode(path.read_bytes()) for name, path in found.items() if path is not None}
        except OSError:  # deleted for good a moment ago
            return None
        return Sources(mask=mask, **pictures)

    def understand(self, prompt: str, backend: str | None = None) -> Understanding:
        """What the model makes of `prompt`."""
        return self.engine.understand(prompt, backend)

    def recipe(self, source: Path | bytes, backend: str | None = None) -> tuple[Recipe, Verdict]:
        """Reads the recipe inside a PNG (a path or the file's bytes) and redraws it to see whether it still holds, with
        `backend`, or with another of the offers than that of the settings where that made it: one of another kind, or
        another GAN. No other model than that of the settings is downloaded for it."""
        data = _bytes_of(source)
        recipe = provenance.read_recipe(data)
        if imaging.open_header(data).size != recipe.dimensions:
            return recipe, ALTERED  # said without decoding what may be 40 megapixels
        sources = self.sources(data) if recipe.sources else None
        if backend is None and (recipe.backend == GAN or recipe.backend != self.settings.backend.partition(":")[0]):
            backend = maker_of(self.offers, recipe)
        return recipe, self.engine.redraw(recipe, imaging.decode(data), sources, backend=backend)

    def signature(self, source: Path | bytes) -> Signature | None:
        """What the signature in an image file is worth, None where it has none."""
        data = _bytes_of(source)
        return self.signer.verify(data, imaging.media_type(data))

    def public_png(self, path: Path) -> bytes:
        """An image of the library for strangers: signed anew, without prompt and settings. Raises OSError."""
        data = path.read_bytes()
        recipe, public = provenance.read_recipe(data), provenance.without_recipe(data)
        return public if recipe.kind == PHOTO else self.signer.sign(public, provenance.source_type(recipe))

    def recent(self, count: int) -> list[tuple[ImageRecord, Path]]:
        """The newest images in the library and their PNGs, newest first; without those that somebody deleted."""
        found = ((record, self.library.path(record.sha256)) for record in self.library.recent(count))
        return [(record, path) for record, path in found if path is not None]

    def _keep_sources(self, request: Edit) -> tuple[dict[str, str], Origin, Image.Image | None]:
        """Keeps what an edit begins with; returns the hashes, what the product in the edit is, and the mask."""
        image = self.keep(request.image)
        sources = {"image": image}
        mask = None if isinstance(request, OutpaintRequest) else request.mask
        if mask is not None:
            mask = mask.convert("L")
            sources["mask"] = imaging.pixels_sha256(mask)
        if isinstance(request, RestyleRequest) and request.reference is not None:
            sources["reference"] = self.keep(request.reference)
        recipe = self.library.recipe(image)
        origin = recipe.origin if recipe else "photo"
        if origin == "photo" and isinstance(request, RestyleRequest) and request.keep != "product":
            origin = "altered"
        return sources, origin, mask

    def file(self, sha256: str) -> Path | None:
        """The PNG in the library with this hash, None where there is none."""
        return self.library.path(sha256)


def _bytes_of(source: Path | bytes) -> bytes:
    hint, smaller = "Name a PNG that the studio made.", "The studio's own images are smaller."
    if isinstance(source, Path):
        return read_file(source, MAX_PICTURE_BYTES, hint=hint, smaller=smaller)
    if len(source) > MAX_PICTURE_BYTES:
        raise InputError(f"The file is larger than {MAX_PICTURE_BYTES // 2**20} MB.", smaller)
    return source
