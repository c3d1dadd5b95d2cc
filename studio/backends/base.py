"""What the engine needs of a way of drawing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from PIL import Image

    from studio.request import GenerationRequest, Understanding


@dataclass(frozen=True, kw_only=True)
class Control:
    """A value that can be set by hand. `low`, `high` and `step` are in `unit`, which is "" for plain numbers."""

    name: str
    label: str
    low: float
    high: float
    step: float
    unit: str


@dataclass(frozen=True, kw_only=True)
class Capabilities:
    """What a backend offers. `sizes` are sides in pixels, the default first; `attributes` (group -> classes) what it
    can be asked for, where that is a closed list; `near`: whether images can be drawn near another."""

    sizes: tuple[int, ...]
    controls: tuple[Control, ...]
    licence: str
    attributes: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    near: bool = False


class Drawing(NamedTuple):
    """One image (PIL RGB) and what went into it besides the request; JSON values only."""

    image: Image.Image
    parameters: dict[str, object]


class Backend(Protocol):
    """One model. The engine calls it from one thread at a time; what is slow to load, it loads on first use."""

    @property
    def name(self) -> str:
        """The kind of backend, as recipes record it: never a path."""
        ...

    @property
    def model(self) -> str: ...

    @property
    def model_sha256(self) -> str: ...

    @property
    def capabilities(self) -> Capabilities:
        """Known without loading the model. Raises WeightsError where there is none."""
        ...

    def load(self) -> None:
        """Gets ready to draw. Raises WeightsError where weights are missing or altered."""
        ...

    def understand(self, prompt: str) -> Understanding: ...

    def generate(self, request: GenerationRequest, index: int) -> Drawing:
        """Draws image `index` of a request whose seed and size are resolved, with seed `request.seed + index`.

        The same pixels whatever was drawn before, is drawn beside it, or how many the request asks for.
        """
        ...
