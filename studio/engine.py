"""START HERE: from a request to images, in the order in which it happens."""

from __future__ import annotations

import logging
import math
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
from studio.errors import InputError
from studio.refusals import refused
from studio.request import MAX_SEED, GeneratedImage, GenerationRequest, Recipe, Understanding, Verdict

if TYPE_CHECKING:
    from PIL import Image

    from studio.backends.base import Backend, Capabilities
    from studio.refusals import Refusal
    from studio.settings import Settings

logger = logging.getLogger(__name__)

#: The largest difference (of 255) that other library versions or another processor make, and no eye sees.
CLOSE = 8

#: The verdict on an image whose pixels are not those of its recipe.
ALTERED = Verdict(
    outcome="not_reproducible",
    intact=False,
    max_difference=None,
    reason="The pixels were changed after the image was made.",
)

#: So many small steps away from an image can be told; each costs a fraction of a millisecond.
MAX_STEPS = 100

# Short enough to be read out, and safe in JavaScript's numbers.
_RANDOM_SEEDS = 2**31


class Engine:
    """Turns requests into images. Any number of threads may call it."""

    def __init__(
        self, settings: Settings, open_backend: Callable[[str], Backend], refusals: Sequence[Refusal] = ()
    ) -> None:
        """`open_backend` gives a backend for a name such as `gan` and loads nothing yet; `refusals` aren't drawn."""
        self._settings = settings
        self._refusals = refusals
        self._open_backend = lru_cache(maxsize=2)(open_backend)  # models are big: one more than the usual one
        # One image at a time: networks and their caches belong to one thread at once, and two would share the same
        # cores anyway. Held for one image, so that a preview gets in between the images of somebody's grid.
        self._drawing = threading.Lock()

    def generate(self, request: GenerationRequest) -> Iterator[GeneratedImage]:
        """Draws the images of `request` one by one.

        Raises InputError for what can't be drawn, WeightsError where the model is missing or altered.
        """
        # 1. Refuse what makes no sense, before anything is loaded.
        backend = self._backend(request.backend)
        prompt = self._checked_prompt(request.prompt)
        offered = backend.capabilities
        self._check_numbers(request, offered)

        # 2. Fill in what was left open, once for all images.
        seed = secrets.randbelow(_RANDOM_SEEDS) if request.seed is None else request.seed
        size = offered.sizes[0] if request.size is None else request.size
        request = replace(request, prompt=prompt, seed=seed, size=size)

        for index in range(request.count):
            # 3. Draw. Image i has seed + i, whatever else is drawn.
            with self._drawing:
                backend.load()
                image, parameters = backend.generate(request, index)

            # 4. Write down how.
            recipe = Recipe(
                prompt=prompt,
                seed=seed + index,
                index=index,
                size=size,
                backend=backend.name,
                model=backend.model,
                model_sha256=backend.model_sha256,
                parameters=parameters,
                pixels_sha256=imaging.pixels_sha256(image),
                versions=_versions(),
                created=datetime.now(UTC).isoformat(timespec="microseconds"),
                licence=offered.licence,
            )
            yield GeneratedImage(image=image, seed=recipe.seed, index=index, recipe=recipe)

    def understand(self, prompt: str, backend: str | None = None) -> Understanding:
        """What the model makes of `prompt`. Raises as `generate` does."""
        opened = self._backend(backend)
        prompt = self._checked_prompt(prompt)
        with self._drawing:
            opened.load()
            return opened.understand(prompt)

    def redraw(self, recipe: Recipe, image: Image.Image) -> Verdict:
        """Draws `recipe` again and compares it with `image`, the RGB pixels it is said to have made."""
        if imaging.pixels_sha256(image) != recipe.pixels_sha256:
            return ALTERED
        backend = self._backend(None)
        if recipe.backend != backend.name or recipe.kind != "generate":
            return _not_reproducible(f"It was made by {recipe.backend!r} ({recipe.kind}), which is not in use here.")
        with self._drawing:
            backend.load()
            model, model_sha256 = backend.model, backend.model_sha256
        if recipe.model_sha256 != model_sha256:
            return _not_reproducible(
                f"It was made by another model ({recipe.model}, {recipe.model_sha256[:12]}) than the one in use"
                f" ({model}, {model_sha256[:12]})."
            )
        try:
            (redrawn,) = self.generate(recipe.request)
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

    def warm(self) -> None:
        """Loads the backend of the settings."""
        backend = self._backend(None)
        with self._drawing:
            backend.load()

    def _backend(self, name: str | None) -> Backend:
        return self._open_backend(name or self._settings.backend)

    def _checked_prompt(self, prompt: object) -> str:
        if not isinstance(prompt, str) or not prompt.strip():
            raise InputError("The prompt is empty.", "Say what the product is, such as: a red ceramic mug.")
        limit = self._settings.max_prompt_length
        if len(prompt) > limit:
            raise InputError(f"The prompt has {len(prompt):,} characters.", f"Use at most {limit:,}.")
        try:
            prompt.encode()
        except UnicodeEncodeError as error:  # half of a surrogate pair: can be neither stored nor shown
            raise InputError("The prompt has a broken character.", "Type it again rather than paste it.") from error
        if met := refused(prompt, self._refusals):
            refusal, word = met
            logger.info("refused: %s, because of “%s”", refusal.subject, word)  # not the prompt, which is private
            raise InputError(f"This studio doesn't draw {refusal.subject}: {refusal.reason}.", f"Leave out “{word}”.")
        return prompt.strip()

    def _check_numbers(self, request: GenerationRequest, capabilities: Capabilities) -> None:
        most = self._settings.max_count
        if not _is_int(request.count) or not 1 <= request.count <= most:
            raise InputError(f"The number of images can't be {request.count}.", f"Ask for 1 to {most}.")
        if request.seed is not None and (not _is_int(request.seed) or not 0 <= request.seed <= MAX_SEED):
            raise InputError(f"The seed can't be {request.seed}.", f"Use a whole number from 0 to {MAX_SEED}.")
        if request.seed is not None and request.seed + request.count - 1 > MAX_SEED:
            raise InputError(
                f"The seed {request.seed} is too high for {request.count} images, as each has the next seed.",
                f"Use at most {MAX_SEED - request.count + 1}.",
            )
        if request.near and not capabilities.near:
            raise InputError("The model can't stay near an image.", "Draw without it.")
        if len(request.near) > MAX_STEPS:
            raise InputError(f"{len(request.near)} small steps are too many.", f"Begin anew after {MAX_STEPS}.")
        for seed in request.near:
            if not _is_int(seed) or not 0 <= seed <= MAX_SEED:
                raise InputError(f"The seed of an image to stay near can't be {seed}.", "Use that of its recipe.")
        if request.size is not None and (not _is_int(request.size) or request.size not in capabilities.sizes):
            offered = ", ".join(str(size) for size in capabilities.sizes)
            raise InputError(f"The model can't draw images of {request.size} pixels.", f"It offers: {offered}.")
        controls = {control.name: control for control in capabilities.controls}
        for name, value in request.controls.items():
            control = controls.get(name)
            if control is None:
                raise InputError(f"There is no control {name!r}.", f"The model has: {', '.join(controls) or 'none'}.")
            if not _is_number(value) or not control.low <= value <= control.high:
                raise InputError(
                    f"{control.label} ({name}) can't be {value}.",
                    f"Use {control.low:g} to {control.high:g}{control.unit}.",
                )


def _is_int(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _not_reproducible(reason: str) -> Verdict:
    return Verdict(outcome="not_reproducible", intact=True, max_difference=None, reason=reason)


def _cause(recipe: Recipe, redrawn: Recipe) -> str:
    """Why a redraw differs, as far as the two recipes tell."""
    if recipe.parameters.get("model_prompt") != redrawn.parameters.get("model_prompt"):
        return ", as the word lists now read the prompt in another way"
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
