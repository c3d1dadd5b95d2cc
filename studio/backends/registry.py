"""Opens a backend by its name, and says which can be chosen: what they are good for, cost, and may be used for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from studio.errors import InputError, StudioError
from studio.settings import Settings, packaged

if TYPE_CHECKING:
    from collections.abc import Sequence

    from studio.backends.base import Backend
    from studio.backends.retoucher import Retoucher
    from studio.prompts import ListedModel, Prompts
    from studio.request import Recipe

GAN, DIFFUSION = "gan", "diffusion"
#: The small diffusion model by its folder in assets.
EMBEDDED_DIFFUSION = "diffusion64"
#: What comes with the studio, as recipes name it: the backend and its model.
EMBEDDED = {GAN: f"{GAN}:product-world-256", DIFFUSION: f"{DIFFUSION}:{EMBEDDED_DIFFUSION}"}


@dataclass(frozen=True, kw_only=True)
class Offer:
    """A backend that can be chosen: `name` as `--backend` has it; the others are sentences for people. `here`: whether
    it can draw without a download. `edits`: False where it is known already that it edits no pictures; what it is good
    for there, where that is something else, is in `good_for_editing`."""

    name: str
    title: str
    good_for: str
    cost: str
    licence: str
    here: bool
    edits: bool = True
    good_for_editing: str = ""


def open_backend(name: str, *, settings: Settings, prompts: Prompts, retoucher: Retoucher | None = None) -> Backend:
    """`gan` is the model that comes with the studio, `gan:DIR` is a trained snapshot; `diffusion` is the embedded
    diffusion model, `diffusion:MODEL[@REVISION]` a diffusers folder or a model of the hub.

    Nothing is loaded yet. Raises InputError for any other name.
    """
    kind, _, argument = name.partition(":")
    if kind == GAN:
        from studio.backends.gan import GanBackend

        folder = Path(argument).expanduser() if argument else packaged("assets") / GAN
        return GanBackend(
            folder, prompts=prompts, retoucher=retoucher, text_encoder=settings.text_encoder, device=settings.device
        )
    if kind == DIFFUSION:
        from studio.backends.diffusion import DiffusionBackend

        model, _, revision = argument.partition("@")
        if argument and Path(argument).expanduser().is_dir():  # a folder may have an @ in its name
            model, revision = argument, ""
        if not argument:
            model = str(packaged("assets") / EMBEDDED_DIFFUSION)
        return DiffusionBackend(
            model, revision or None, prompts=prompts, text_encoder=settings.text_encoder, device=settings.device
        )
    raise InputError(
        f"There is no backend {name!r}.",
        "Use gan or diffusion, gan:DIR for a model that you trained, or diffusion:MODEL for one of diffusers.",
    )


def offers(settings: Settings, prompts: Prompts) -> tuple[Offer, ...]:
    """What the page lets choose: the backend of the settings first, then those that came with the studio, then the list
    in `prompts/models.yaml`. Where strangers use the studio, nobody sets off a download."""
    of_ours = partial(
        Offer, cost="nothing to download, no graphics card", licence="Apache-2.0: commercial use", here=True
    )
    embedded = [
        of_ours(
            name=GAN,
            title="Embedded GAN",
            good_for="Thirty-one kinds of products in a blink, with camera and light by hand",
            good_for_editing="Holes filled from what is around them; other scenes, colours, materials and looks",
        ),
        of_ours(
            name=DIFFUSION,
            title="Embedded diffusion model",
            good_for="Twelve of these kinds, small and rougher, drawn step by step: to compare the two",
            edits=False,
        ),
    ]
    listed = [_listed(model, settings) for model in prompts.models]
    if settings.open_to_all:
        listed = []
    known = {offer.name: offer for offer in (*embedded, *listed)}
    first = known.pop(settings.backend, None) or _named(settings.backend)
    return (first, *known.values())


def maker_of(offers: Sequence[Offer], recipe: Recipe) -> str | None:
    """The one of the offers that made a recipe's image; None where that is the first, or isn't known."""
    made_by = f"{recipe.backend}:{recipe.model}"
    found = [offer.name for offer in offers if _as_recorded(offer.name) == made_by]
    first = offers[0].name.partition(":")[0]
    if not found and recipe.backend == GAN and first != GAN:  # another one of ours: what ships comes closest
        found = [offer.name for offer in offers if offer.name == GAN]
    return found[-1] if found and offers[0].name not in found else None


def _as_recorded(backend: str) -> str:
    """A backend as recipes name it: of a folder the name alone, as where it lies is nobody's business."""
    if backend in EMBEDDED:
        return EMBEDDED[backend]
    kind, _, model = backend.partition(":")
    folder = Path(model).expanduser()
    return f"{kind}:{folder.resolve().name}" if model and folder.is_dir() else backend


def _listed(model: ListedModel, settings: Settings) -> Offer:
    from studio.backends import model_folder

    try:
        here = model_folder.find(model.name, model.revision, half=settings.device != "cpu") is not None
    except StudioError:  # a folder that is gone, or may not be loaded: choosing it says what is wrong
        here = False
    download = "" if here else f"{model.download_gb:g} GB to download once, "
    return Offer(
        name=f"{DIFFUSION}:{model.name}",
        title=model.title,
        good_for=model.good_for,
        cost=f"{download}{model.memory_gb:g} GB of graphics memory, {model.steps} steps an image",
        licence=f"{model.licence}: {model.allows}",
        here=here,
    )


def _named(name: str) -> Offer:
    """Whatever else the settings name."""
    kind, _, argument = name.partition(":")
    model = argument.partition("@")[0]
    title = Path(model).name if Path(model).expanduser().is_dir() else model
    return Offer(
        name=name,
        title=title or name,
        good_for="The model that this studio was started with",
        cost="depends on its size" if kind == DIFFUSION else "no graphics card",
        licence="as its model card says",
        here=True,
    )
