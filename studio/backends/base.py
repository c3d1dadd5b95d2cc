"""What the engine needs of a way of drawing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol

if TYPE_CHECKING:
    from PIL import Image

    from studio.request import GenerationRequest, InpaintRequest, Keep, RestyleRequest, Understanding


@dataclass(frozen=True, kw_only=True)
class Control:
    """A number that can be set by hand. `low`, `high` and `step` are in `unit`, which is "" for plain numbers.

    `default` is what it has where nobody sets it, None where prompt and seed decide.
    """

    name: str
    label: str
    low: float
    high: float
    step: float
    unit: str
    default: float | None = None


@dataclass(frozen=True, kw_only=True)
class Choice:
    """One of several words that can be set by hand; the first is what it has where nobody sets it."""

    name: str
    label: str
    values: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Editing:
    """How a backend edits pictures. `size`: it repaints holes best in crops whose longer side has so many pixels, and
    gets none that are longer; restyling gets the whole picture. `keeps`: what its restyling can leave as it is, and
    `strength`: it can be told how far to go. `fills`: it repaints holes at all, and `by_words`: as the prompt says."""

    size: int
    keeps: tuple[Keep, ...]
    by_words: bool
    strength: bool = True
    fills: bool = True
    controls: tuple[Control, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Capabilities:
    """What a backend offers. `sizes` are sides in pixels, the default first; `attributes` (group -> classes) what it
    can be asked for, where that is a closed list; `near`: whether images can be drawn near another; `negative_prompt`:
    whether it listens to that; `editing`: None where it edits no pictures.

    `quick`: an image is there in a blink, and the model is small. Of those that aren't quick one is in memory at a
    time, and nothing is drawn for previews while somebody types. `safety_checker`: whether one hides pictures."""

    sizes: tuple[int, ...]
    controls: tuple[Control, ...]
    licence: str
    choices: tuple[Choice, ...] = ()
    attributes: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    near: bool = False
    negative_prompt: bool = False
    editing: Editing | None = None
    quick: bool = True
    safety_checker: bool = False


class Drawing(NamedTuple):
    """One image (PIL RGB) and what went into it besides the request; JSON values only."""

    image: Image.Image
    parameters: dict[str, object]


@dataclass(frozen=True, kw_only=True)
class Step:
    """How far an image has come: `done` of `total` steps. `preview` draws what there is of it, small, at a cost.

    `stage` says where the model is: on its way from the hub, which is counted in megabytes, on its way into memory, or
    drawing. `total` is 0 where nothing is counted: while it is loaded, and before the first step.
    """

    done: int = 0
    total: int = 0
    preview: Callable[[], Image.Image] | None = None
    stage: Literal["downloading", "loading", "drawing"] = "drawing"


#: Called between the steps of an image, and before them; what it raises stops the image, and comes out of `generate`.
Watch = Callable[[Step], None]


class Hints(NamedTuple):
    """What somebody clicked on to say where the product is: points (x, y) in pixels that are of it, and that aren't."""

    include: tuple[tuple[float, float], ...] = ()
    exclude: tuple[tuple[float, float], ...] = ()


NO_HINTS = Hints()


class Backend(Protocol):
    """One model. The engine draws with it in one thread at a time; what is slow to load, it loads on first use.

    Requests have their seed resolved. Image `index` is drawn with seed `request.seed + index`: the same pixels whatever
    was drawn before, is drawn beside it, or how many the request asks for. A backend that draws in steps calls `watch`
    after each.
    """

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

    def fetch(self, watch: Watch | None = None) -> None:
        """Downloads what isn't on this machine yet, where there is such a thing; threads may do so at once. `watch` is
        called now and then. Raises WeightsError where it can't be had."""
        ...

    def load(self) -> None:
        """Gets ready to draw. Raises WeightsError where weights are missing or altered."""
        ...

    def unload(self) -> None:
        """Gives back the memory of a model that isn't quick; the next use loads it again."""
        ...

    def understand(self, prompt: str) -> Understanding:
        """What the model makes of a prompt; any thread may ask, while an image is drawn, too. Where it isn't quick this
        needs no loaded model."""
        ...

    def generate(self, request: GenerationRequest, index: int, watch: Watch | None = None) -> Drawing:
        """Draws image `index` of a request whose size is resolved."""
        ...

    def inpaint(self, request: InpaintRequest, index: int, watch: Watch | None = None) -> Drawing:
        """Repaints the white part of the mask: the whole picture, of the same size. Where the mask is black anything
        may come back, as the engine keeps the source there. Called only where `editing` is offered."""
        ...

    def restyle(self, request: RestyleRequest, index: int, watch: Watch | None = None) -> Drawing:
        """Restyles a picture, of the same size, whose product mask is resolved. What is to be kept may come back
        changed, as the engine restores it. Called only where `editing.keeps` has what is to be kept."""
        ...
