"""Stand in for a model: what is drawn depends on prompt, seed, size and controls alone, and is there at once."""

import hashlib
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from PIL import Image

from studio.backends.base import Capabilities, Control, Drawing
from studio.errors import WeightsError
from studio.request import GenerationRequest, SavedImage, Understanding, Understood
from studio.service import Studio
from studio.settings import Settings


@dataclass
class FakeBackend:
    name: str = "fake"
    model: str = "fake-1"
    model_sha256: str = "f" * 64
    licence: str = "CC0-1.0"
    attributes: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    #: Added to every value: another machine's rounding, or another model's.
    offset: int = 0
    broken: bool = False
    drawn: list[int] = field(default_factory=list[int])
    #: Set when two threads were inside at once.
    entered_twice: bool = False
    _inside: threading.Lock = field(default_factory=threading.Lock)

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(
            sizes=(16, 32),
            controls=(Control(name="azimuth", label="Turn", low=-60, high=60, step=1, unit="°"),),
            licence=self.licence,
            attributes=self.attributes,
            near=True,
        )

    def load(self) -> None:
        if self.broken:
            raise WeightsError("The weights are not the ones that were published.", "Install the studio again.")

    def understand(self, prompt: str) -> Understanding:
        found = (Understood(group="product", value="mug", confidence=0.9),) if "mug" in prompt else ()
        unknown = ("dragon",) if "dragon" in prompt else ()
        return Understanding(prompt=prompt, canonical=prompt, attributes=found, unknown=unknown)

    def generate(self, request: GenerationRequest, index: int) -> Drawing:
        if not self._inside.acquire(blocking=False):
            self.entered_twice = True
            raise AssertionError("two threads at once")
        try:
            assert request.seed is not None and request.size is not None
            seed = request.seed + index
            self.drawn.append(seed)
            words = f"{request.prompt}|{seed}|{sorted(request.controls.items())}"
            words += f"|{request.near}" if request.near else ""
            row = hashlib.sha256(words.encode()).digest()[: request.size]
            row = bytes(min(255, value // 2 + self.offset) for value in row * 3)[: 3 * request.size]
            image = Image.frombytes("RGB", (request.size, request.size), row * request.size)
            near = {"near": list(request.near)} if request.near else {}
            return Drawing(image, {"controls": dict(request.controls), "model_prompt": request.prompt, **near})
        finally:
            self._inside.release()


class SlowStudio(Studio):
    """Takes its time between the images of a grid whose prompt has the word "slow", as a big model would."""

    #: Seconds from one image to the next.
    pause = 1.0

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings, backends=lambda _: FakeBackend())
        #: While it is set, nothing is slow.
        self.hurry = threading.Event()

    def stream(self, request: GenerationRequest) -> Iterator[SavedImage]:
        for image in super().stream(request):
            if "slow" in request.prompt:  # not in the backend: what it draws for previews has to get in between
                self.hurry.wait(self.pause)
            yield image
