"""Refuses requests that make no sense, in plain words, before anything is loaded."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from studio.errors import InputError
from studio.imaging import check_mask
from studio.refusals import refused
from studio.request import (
    MAX_SEED,
    EnhanceRequest,
    GenerationRequest,
    InpaintRequest,
    OutpaintRequest,
    Request,
    RestyleRequest,
)

if TYPE_CHECKING:
    from PIL import Image

    from studio.backends.base import Capabilities, Choice, Control
    from studio.refusals import Refusal
    from studio.settings import Settings

logger = logging.getLogger(__name__)

#: So many small steps away from an image can be told; each costs a fraction of a millisecond.
MAX_STEPS = 100
#: The longest side of a picture may be so many times the shortest.
MAX_ASPECT = 20
UPSCALES = (1, 2, 4)

R = TypeVar("R", bound=Request)


def checked(request: R, offered: Capabilities, settings: Settings, refusals: Sequence[Refusal]) -> R:
    """The request with its prompts tidied. Raises InputError for what can't be drawn."""
    _check_numbers(request, settings.max_count)
    if not isinstance(request, GenerationRequest):
        request = replace(request, image=request.image.convert("RGB"))
    if isinstance(request, EnhanceRequest):
        check_picture(request.image, request.mask, settings.max_pixels)
        if request.upscale not in UPSCALES:
            raise InputError(f"A picture can't be made {request.upscale} times as large.", "Use 2 or 4.")
        width, height = (side * request.upscale for side in request.image.size)
        if width * height > settings.max_pixels:
            raise InputError(
                f"{width} x {height} pixels are too many.", f"At most {settings.max_pixels // 10**6} megapixels."
            )
        return request
    written = {"prompt": request.prompt, "negative_prompt": request.negative_prompt}
    prompts = {name: checked_prompt(text, settings, refusals) for name, text in written.items() if not _is_blank(text)}
    if isinstance(request, GenerationRequest):
        if "prompt" not in prompts:
            raise _empty_prompt()
        _check_generation(request, offered)
        _check_settings(request, offered.controls, offered.choices)
    else:
        if offered.editing is None:
            raise InputError("This model edits no pictures.", "Choose another model.")
        _check_settings(request, offered.editing.controls, offered.choices)
        _check_edit(request, offered, settings.max_pixels)
    if "negative_prompt" in prompts and not offered.negative_prompt:
        raise InputError("This model doesn't listen to what is not to be seen.", "Leave the negative prompt empty.")
    return replace(request, **({"prompt": "", "negative_prompt": ""} | prompts))


def checked_prompt(prompt: str, settings: Settings, refusals: Sequence[Refusal]) -> str:
    """The prompt without blanks around it. Raises InputError for an empty one and for what isn't drawn."""
    if _is_blank(prompt):
        raise _empty_prompt()
    limit = settings.max_prompt_length
    if len(prompt) > limit:
        raise InputError(f"The prompt has {len(prompt):,} characters.", f"Use at most {limit:,}.")
    try:
        prompt.encode()
    except UnicodeEncodeError as error:  # half of a surrogate pair: can be neither stored nor shown
        raise InputError("The prompt has a broken character.", "Type it again rather than paste it.") from error
    if met := refused(prompt, refusals):
        refusal, word = met
        logger.info("refused: %s, because of “%s”", refusal.subject, word)  # not the prompt, which is private
        raise InputError(f"This studio doesn't draw {refusal.subject}: {refusal.reason}.", f"Leave out “{word}”.")
    return prompt.strip()


def _check_numbers(request: Request, most: int) -> None:
    if not _is_int(request.count) or not 1 <= request.count <= most:
        raise InputError(f"The number of images can't be {request.count}.", f"Ask for 1 to {most}.")
    if request.seed is not None and (not _is_int(request.seed) or not 0 <= request.seed <= MAX_SEED):
        raise InputError(f"The seed can't be {request.seed}.", f"Use a whole number from 0 to {MAX_SEED}.")
    if request.seed is not None and request.seed + request.count - 1 > MAX_SEED:
        raise InputError(
            f"The seed {request.seed} is too high for {request.count} images, as each has the next seed.",
            f"Use at most {MAX_SEED - request.count + 1}.",
        )


def _check_generation(request: GenerationRequest, offered: Capabilities) -> None:
    if request.near and not offered.near:
        raise InputError("The model can't stay near an image.", "Draw without it.")
    if len(request.near) > MAX_STEPS:
        raise InputError(f"{len(request.near)} small steps are too many.", f"Begin anew after {MAX_STEPS}.")
    for seed in request.near:
        if not _is_int(seed) or not 0 <= seed <= MAX_SEED:
            raise InputError(f"The seed of an image to stay near can't be {seed}.", "Use that of its recipe.")
    if request.size is not None and (not _is_int(request.size) or request.size not in offered.sizes):
        sizes = ", ".join(str(size) for size in offered.sizes)
        raise InputError(f"The model can't draw images of {request.size} pixels.", f"It offers: {sizes}.")


def _check_edit(
    request: InpaintRequest | OutpaintRequest | RestyleRequest, offered: Capabilities, max_pixels: int
) -> None:
    assert offered.editing is not None
    match request:
        case InpaintRequest():
            check_picture(request.image, request.mask, max_pixels)
        case OutpaintRequest():
            check_picture(request.image, None, max_pixels)
            width, height = request.aspect
            if not (_is_int(width) and _is_int(height) and width > 0 and height > 0):
                raise InputError(f"The aspect can't be {width}:{height}.", "Give two whole numbers, such as 16:9.")
            if max(width, height) > MAX_ASPECT * min(width, height):
                raise InputError(f"An aspect of {width}:{height} is too long.", f"At most {MAX_ASPECT}:1.")
        case RestyleRequest():
            check_picture(request.image, request.mask, max_pixels)
            if request.keep not in offered.editing.keeps:
                keeps = ", ".join(offered.editing.keeps)
                raise InputError(f"The model can't keep {request.keep!r} as it is.", f"It can keep: {keeps}.")
            if not _is_number(request.strength) or not 0 <= request.strength <= 1:
                raise InputError(f"The strength can't be {request.strength}.", "Use 0 to 1.")
            if request.strength != 1 and not offered.editing.strength:
                raise InputError("This model can't be told how strongly to restyle.", "Leave the strength at 1.")
            if _is_blank(request.prompt) and request.reference is None:
                raise InputError(
                    "Nothing is said of how it should look.",
                    "Type it, such as “make it navy leather”, or pick a style.",
                )


def check_picture(image: Image.Image, mask: Image.Image | None, max_pixels: int) -> None:
    """Raises InputError for a picture that can't be edited, and a mask that isn't of its size."""
    width, height = image.size
    if min(width, height) < 2:
        raise InputError(f"A picture of {width} x {height} pixels can't be edited.", "Use a larger one.")
    if width * height > max_pixels:
        raise InputError(f"{width} x {height} pixels are too many.", f"At most {max_pixels // 10**6} megapixels.")
    if mask is not None:
        check_mask(mask, image.size)


def _check_settings(request: Request, controls: Sequence[Control], choices: Sequence[Choice]) -> None:
    known = {control.name: control for control in controls}
    for name, value in request.controls.items():
        control = known.get(name)
        if control is None:
            raise InputError(f"There is no control {name!r}.", f"The model has: {_names(known)}.")
        if not _is_number(value) or not control.low <= value <= control.high:
            raise InputError(
                f"{control.label} ({name}) can't be {value}.",
                f"Use {control.low:g} to {control.high:g}{control.unit}.",
            )
    offered = {choice.name: choice for choice in choices}
    for name, value in request.choices.items():
        choice = offered.get(name)
        if choice is None:
            raise InputError(f"There is no choice {name!r}.", f"The model has: {_names(offered)}.")
        if value not in choice.values:
            raise InputError(f"{choice.label} ({name}) can't be {value!r}.", f"Use {', '.join(choice.values)}.")


def _empty_prompt() -> InputError:
    return InputError("The prompt is empty.", "Say what the product is, such as: a red ceramic mug.")


def _is_blank(text: object) -> bool:
    return not isinstance(text, str) or not text.strip()


def _names(things: Mapping[str, object]) -> str:
    return ", ".join(things) or "none"


def _is_int(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
