"""Opens a backend by its name."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from studio.errors import InputError
from studio.settings import Settings, packaged

if TYPE_CHECKING:
    from studio.backends.base import Backend
    from studio.backends.retoucher import Retoucher
    from studio.prompts import Prompts


def open_backend(name: str, *, settings: Settings, prompts: Prompts, retoucher: Retoucher | None = None) -> Backend:
    """`gan` is the model that comes with the studio, `gan:DIR` a trained snapshot.

    Nothing is loaded yet. Raises InputError for any other name.
    """
    kind, _, argument = name.partition(":")
    if kind == "gan":
        from studio.backends.gan import GanBackend

        folder = Path(argument).expanduser() if argument else packaged("assets") / "gan"
        return GanBackend(
            folder, prompts=prompts, retoucher=retoucher, text_encoder=settings.text_encoder, device=settings.device
        )
    raise InputError(f"There is no backend {name!r}.", "Use gan, or gan:DIR for a model that you trained.")
