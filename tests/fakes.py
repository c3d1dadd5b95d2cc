"""Stand in for a model: what is drawn depends on prompt, seed, size and controls alone, and is there at once."""

import hashlib
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image, ImageOps

from studio.backends.base import NO_HINTS, Capabilities, Control, Drawing, Editing, Hints, Watch
from studio.backends.retoucher import Retoucher
from studio.errors import WeightsError
from studio.request import (
    GenerationRequest,
    InpaintRequest,
    Request,
    RestyleRequest,
    SavedImage,
    Understanding,
    Understood,
)
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
    quick: bool = True
    #: Whether its restyling takes one.
    strength: bool = True
    #: What happened to it, in order: fetched, loaded, unloaded.
    happened: list[str] = field(default_factory=list[str])
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
            quick=self.quick,
            editing=Editing(size=64, keeps=("product", "shape", "nothing"), by_words=True, strength=self.strength),
        )

    def fetch(self, watch: Watch | None = None) -> None:
        self.happened.append("fetched")

    def load(self) -> None:
        if self.broken:
            raise WeightsError("The weights are not the ones that were published.", "Install the studio again.")
        self.happened.append("loaded")

    def unload(self) -> None:
        self.happened.append("unloaded")

    def understand(self, prompt: str) -> Understanding:
        found = (Understood(group="product", value="mug", confidence=0.9),) if "mug" in prompt else ()
        unknown = ("dragon",) if "dragon" in prompt else ()
        return Understanding(prompt=prompt, canonical=prompt, attributes=found, unknown=unknown)

    def generate(self, request: GenerationRequest, index: int, watch: Watch | None = None) -> Drawing:
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

    def inpaint(self, request: InpaintRequest, index: int, watch: Watch | None = None) -> Drawing:
        """Stripes, of prompt and seed."""
        assert request.seed is not None
        width, height = request.image.size
        stripes = hashlib.sha256(f"{request.prompt}|{request.seed + index}".encode()).digest() * (3 * width // 32 + 1)
        filled = Image.frombytes("RGB", request.image.size, stripes[: 3 * width] * height)
        return Drawing(filled, {"model_prompt": request.prompt})

    def restyle(self, request: RestyleRequest, index: int, watch: Watch | None = None) -> Drawing:
        """The negative of the picture, everywhere."""
        return Drawing(ImageOps.invert(request.image), {"model_prompt": request.prompt})


class FakeRetoucher(Retoucher):
    """Finds the product in the middle half of a picture, and makes pictures larger with blocks."""

    def __init__(self) -> None:
        super().__init__(Path("nowhere"))
        self.model_sha256 = "e" * 64

    @property
    def product_mask_sha256(self) -> str:
        return "d" * 64

    def product_mask(self, image: Image.Image, hints: Hints = NO_HINTS) -> Image.Image:
        width, height = image.size
        mask = Image.new("L", image.size)
        mask.paste(255, (width // 4, height // 4, width - width // 4, height - height // 4))
        for x, y in hints.exclude:
            mask.putpixel((int(x), int(y)), 0)
        return mask

    def upscale(self, image: Image.Image, factor: int) -> Image.Image:
        return image.resize((factor * image.width, factor * image.height), Image.Resampling.NEAREST)


class SlowStudio(Studio):
    """Takes its time between the images of a grid whose prompt has the word "slow", as a big model would."""

    #: Seconds from one image to the next.
    pause = 1.0

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings, backends=lambda _: FakeBackend(), retoucher=FakeRetoucher())
        #: While it is set, nothing is slow.
        self.hurry = threading.Event()

    def stream(self, request: Request, watch: Watch | None = None) -> Iterator[SavedImage]:
        for image in super().stream(request, watch):
            if "slow" in request.prompt:  # not in the backend: what it draws for previews has to get in between
                self.hurry.wait(self.pause)
            yield image
