"""A browser-based studio that turns product descriptions into images."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from studio.request import GenerationRequest
    from studio.service import Studio

__version__ = "0.1.0"
__all__ = ["GenerationRequest", "Studio", "__version__"]


def __getattr__(name: str) -> object:
    # Imported on first use, so that `studio --help` needn't wait for what only drawing needs.
    if name == "Studio":
        from studio.service import Studio

        return Studio
    if name == "GenerationRequest":
        from studio.request import GenerationRequest

        return GenerationRequest
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
