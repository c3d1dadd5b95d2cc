"""START HERE: from a request to images, in the order in which it happens."""

from __future__ import annotations

import platform
import secrets
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache, lru_cache
from importlib.metadata import version
from typing import TYPE_CHECKING

import studio
from studio import imaging
from studio.backends.base import NO_HINTS, Hints, Step
from studio.errors import InputError, WeightsError
from studio.request import (
    ADVERT,
    PHOTO,
    EnhanceRequest,
    GeneratedImage,
    GenerationRequest,
    Recipe,
    Request,
    Sources,
    Understanding,
    Verdict,
)
from studio.validation import check_picture, checked, checked_prompt

if TYPE_CHECKING:
    from PIL import Image

    from studio.backends.base import Backend, Capabilities, Watch
    from studio.backends.retoucher import Retoucher
    from studio.refusals import Refusal
    from studio.settings import Settings

#: The largest difference (of 255) that other library versions or another processor make, and no eye sees.
CLOSE = 8

#: The verdict on an image whose pixels are not those of its recipe.
ALTERED = Verdict(
    outcome="not_reproducible",
    intact=False,
    max_difference=None,
    reason="The pixels were changed after the image was made.",
)

# Short enough to be read out, and safe in JavaScript's numbers.
_RANDOM_SEEDS = 2**31


class Engine:
    """Turns requests into images. Any number of threads may call it."""

    def __init__(
        self,
        settings: Settings,
        open_backend: Callable[[str], Backend],
        retoucher: Retoucher,
        refusals: Sequence[Refusal] = (),
    ) -> None:
        """`open_backend` gives a backend for a name such as `gan` and loads nothing yet; `refusals` aren't drawn."""
        self._settings = settings
        self._refusals = refusals
        self._retoucher = retoucher
        self._open_backend = lru_cache(maxsize=8)(open_backend)  # what is open isn't loaded yet
        self._big: Backend | None = None  # the one that is in memory of those that aren't quick
        # One image at a time: networks and their caches belong to one thread at once, and two would share the same
        # cores anyway. Held for one image, so that a preview gets in between the images of somebody's grid.
        self._drawing = threading.Lock()
        self._loading = threading.Lock()  # for models that are quick, which are loaded beside an image, too

    def generate(self, request: Request, watch: Watch | None = None) -> Iterator[GeneratedImage]:
        """Draws the images of `request` one by one; `watch` is called between the steps of one, where it has steps,
        and before and after a model that isn't quick is loaded.

        Raises InputError for what can't be drawn, WeightsError where the model is missing or altered, and whatever
        `watch` raises.
        """
        # 1. Refuse what makes no sense, before anything is loaded.
        backend = self._backend(request.backend)
        backend.fetch(watch)
        offered = backend.capabilities
        request = checked(request, offered, self._settings, self._refusals)

        # 2. Fill in what was left open, once for all images.
        seed = secrets.randbelow(_RANDOM_SEEDS) if request.seed is None else request.seed
        request = replace(request, seed=seed)
        if isinstance(request, GenerationRequest) and request.size is None:
            request = replace(request, size=offered.sizes[0])

        for index in range(request.count):
            # 3. Draw. Image i has seed + i, whatever else is drawn. An edit is laid over its source.
            with self._drawing:
                if isinstance(request, EnhanceRequest):
                    maker = self._retoucher
                else:
                    maker = backend
                    self._load(backend, watch)
                if isinstance(request, GenerationRequest):
                    image, parameters = backend.generate(request, index, watch)
                else:
                    from studio.edits import edit

                    image, parameters = edit(backend, self._retoucher, request, index, watch)

            # 4. Write down how.
            recipe = Recipe(
                kind=request.kind,
                prompt=request.prompt,
                seed=seed + index,
                index=index,
                size=max(image.size),
                width=None if image.width == image.height else image.width,
                height=None if image.width == image.height else image.height,
                backend=maker.name,
                model=maker.model,
                model_sha256=maker.model_sha256,
                parameters=_settings_of(request) | parameters,
                pixels_sha256=imaging.pixels_sha256(image),
                versions=_versions(),
                created=datetime.now(UTC).isoformat(timespec="microseconds"),
                licence=maker.capabilities.licence,
            )
            yield GeneratedImage(image=image, seed=recipe.seed, index=index, recipe=recipe)

    def understand(self, prompt: str, backend: str | None = None) -> Understanding:
        """What the model makes of `prompt`. Raises as `generate` does."""
        opened = self._backend(backend)
        prompt = checked_prompt(prompt, self._settings, self._refusals)
        if opened.capabilities.quick:
            self._load(opened)
        return opened.understand(prompt)  # no turn is taken: whoever types needn't wait for an image

    def product_mask(self, image: Image.Image, hints: Hints = NO_HINTS) -> Image.Image:
        """Where the product is: L, 255 = product, of the picture's size. `hints` say what is and what isn't of it."""
        check_picture(image, None, self._settings.max_pixels)
        with self._drawing:
            return self._retoucher.product_mask(image, hints)

    def upscale(self, image: Image.Image, factor: int) -> Image.Image:
        """The picture (RGB) `factor` (2 or 4) times as wide and high, by the network that was trained for it."""
        with self._drawing:
            return self._retoucher.upscale(image, factor)

    def redraw(
        self, recipe: Recipe, image: Image.Image, sources: Sources | None = None, backend: str | None = None
    ) -> Verdict:
        """Draws `recipe` again and compares it with `image`, the RGB pixels it is said to have made.

        An edit needs its `sources`; None says that they are gone. `backend` is the one that may have made it: only that
        of the settings is downloaded for it.
        """
        if imaging.pixels_sha256(image) != recipe.pixels_sha256:
            return ALTERED
        if recipe.kind == PHOTO:
            return _not_reproducible("It was uploaded, not drawn.")
        if recipe.kind == ADVERT:
            return _not_reproducible("It is an advert, which its campaign makes anew.")
        opened = self._backend(backend)
        maker = self._retoucher if recipe.kind == EnhanceRequest.kind else opened
        if recipe.backend != maker.name:
            return _not_reproducible(f"It was made by {recipe.backend!r} ({recipe.kind}), which is not in use here.")
        if opened is self._backend(None):
            opened.fetch()
        else:
            try:
                _ = opened.capabilities
            except WeightsError as error:
                return _not_reproducible(f"Its model can't be used here: {error.message}")
        with self._drawing:
            if maker is opened:
                self._load(opened)
            model, model_sha256 = maker.model, maker.model_sha256
        if recipe.model_sha256 != model_sha256:
            return _not_reproducible(
                f"It was made by another model ({recipe.model}, {recipe.model_sha256[:12]}) than the one in use"
                f" ({model}, {model_sha256[:12]})."
            )
        try:
            request = recipe.request if recipe.kind == GenerationRequest.kind else recipe.edit(sources)
            (redrawn,) = self.generate(replace(request, backend=backend))
        except InputError as error:
            return _not_reproducible(f"Its recipe can't be drawn here: {error}")
        if redrawn.image.size != image.size:
            return _not_reproducible("Its recipe gives another size.")
        difference = imaging.max_difference(redrawn.image, image)
        if difference == 0:
            return Verdict(outcome="exact", intact=True, max_difference=0, reason="Drawn again, every pixel is equal.")
        outcome = "close" if difference <= CLOSE else "not_reproducible"
        reason = f"Drawn again, channels differ by up to {difference} of 255{_cause(recipe, redrawn.recipe)}."
        return Verdict(outcome=outcome, intact=True, max_difference=difference, reason=reason)

    def capabilities(self, backend: str | None = None) -> Capabilities:
        """What a backend offers, by default that of the settings; needs no loaded model."""
        return self._backend(backend).capabilities

    def fetch(self, backend: str | None = None, watch: Watch | None = None) -> None:
        """Downloads a backend where that is necessary; by default that of the settings."""
        self._backend(backend).fetch(watch)

    def warm(self, backend: str | None = None, watch: Watch | None = None) -> None:
        """Downloads a backend where that is necessary, and loads it; by default that of the settings."""
        opened = self._backend(backend)
        opened.fetch(watch)
        with self._drawing:
            self._load(opened)

    def _load(self, backend: Backend, watch: Watch | None = None) -> None:
        """Models that aren't quick are big: one of them gives way to another, as two may not fit."""
        if backend.capabilities.quick:
            with self._loading:
                backend.load()
            return
        if watch:
            watch(Step(stage="loading"))
        if self._big is not None and self._big is not backend:
            self._big.unload()
        self._big = backend
        backend.load()
        if watch:
            watch(Step())

    def _backend(self, name: str | None) -> Backend:
        return self._open_backend(name or self._settings.backend)


def _settings_of(request: Request) -> dict[str, object]:
    """What a request sets by hand, as recipes have it."""
    settings = {
        "negative_prompt": request.negative_prompt,
        "controls": dict(request.controls),
        "choices": dict(request.choices),
    }
    return {name: value for name, value in settings.items() if value}


def _not_reproducible(reason: str) -> Verdict:
    return Verdict(outcome="not_reproducible", intact=True, max_difference=None, reason=reason)


def _cause(recipe: Recipe, redrawn: Recipe) -> str:
    """Why a redraw differs, as far as the two recipes tell."""
    if recipe.parameters.get("model_prompt") != redrawn.parameters.get("model_prompt"):
        return ", as the word lists now read the prompt in another way"
    for network in ("inpainter_sha256", "product_mask_sha256"):
        if recipe.parameters.get(network) != redrawn.parameters.get(network):
            return ", as the networks that edit pictures were trained anew"
    if recipe.versions != redrawn.versions:
        return ", as it was made with other versions"
    return ", as it was made on another machine or was not made by this recipe"


@cache
def _versions() -> dict[str, str]:
    return {
        "studio": studio.__version__,
        "python": platform.python_version(),
        "torch": version("torch"),
        "transformers": version("transformers"),
    }
