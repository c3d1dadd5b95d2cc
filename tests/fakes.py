"""Stands in for a model: draws at once, and what it draws depends on prompt, seed, size and controls alone."""

import hashlib
import threading
from dataclasses import dataclass, field

from PIL import Image

from studio.backends.base import Capabilities, Control, Drawing
from studio.errors import WeightsError
from studio.request import GenerationRequest, Understanding, Understood


@dataclass
class FakeBackend:
    name: str = "fake"
    model: str = "fake-1"
    model_sha256: str = "f" * 64
    licence: str = "CC0-1.0"
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
            row = hashlib.sha256(words.encode()).digest()[: request.size]
            row = bytes(min(255, value // 2 + self.offset) for value in row * 3)[: 3 * request.size]
            image = Image.frombytes("RGB", (request.size, request.size), row * request.size)
            return Drawing(image, {"controls": dict(request.controls), "model_prompt": request.prompt})
        finally:
            self._inside.release()
