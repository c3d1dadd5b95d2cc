"""What is asked for, and what comes back: requests, results and the recipe that ties pixels to their making."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any, ClassVar, Literal, NamedTuple, cast

from studio.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

    from PIL import Image

FORMAT_VERSION = 1
#: The kind of what wasn't drawn: a picture that somebody uploaded, to be edited.
PHOTO = "photo"
#: The kind of a finished advert: a campaign made it of a picture and words.
ADVERT = "advert"
MAX_SEED = 2**63 - 1


#: Whether a product was drawn from words, photographed, or photographed and then changed in colour, material or look.
Origin = Literal["drawn", "photo", "altered"]
#: What a restyling leaves as it is: the product's pixels, its shape and shading, or nothing.
Keep = Literal["product", "shape", "nothing"]


@dataclass(frozen=True, kw_only=True)
class BaseRequest:
    """What all requests say: `prompt` is what is to be seen. What is None is resolved in the engine: a random seed, the
    backend of the settings.

    Image i is drawn with seed `seed + i` (seeds are ints in 0 .. 2**63 - 1). `controls` (numbers) and `choices` (words)
    override what prompt and seed would give, by the names and in the units of the backend's capabilities.
    `negative_prompt` says what is not to be seen, to backends that listen to it.
    `backend` may name a folder of this machine (`gan:DIR`), so never take it from a stranger.
    """

    prompt: str = ""
    negative_prompt: str = ""
    count: int = 1
    seed: int | None = None
    backend: str | None = None
    controls: Mapping[str, float] = field(default_factory=dict[str, float])
    choices: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, kw_only=True)
class GenerationRequest(BaseRequest):
    """Draw `count` images of the prompt. `size` is the side in pixels, None the model's own.

    `near` are the seeds of an image to stay near: the one that drew it, then those of the small steps that led on from
    there; every image of the request is one step further.
    """

    kind: ClassVar[str] = "generate"

    count: int = 4
    size: int | None = None
    near: tuple[int, ...] = ()


@dataclass(frozen=True, kw_only=True)
class InpaintRequest(BaseRequest):
    """Repaint `image` (RGB) where `mask` (L, of the same size) is white; what lies between black and white is blended.

    Where the mask is 0 every pixel stays as it is. The prompt says what is to be there, to backends that listen to it.
    """

    kind: ClassVar[str] = "inpaint"

    image: Image.Image
    mask: Image.Image


@dataclass(frozen=True, kw_only=True)
class OutpaintRequest(BaseRequest):
    """Extend `image` (RGB) to `aspect` (width, height), such as (16, 9), with the picture in the middle, unchanged."""

    kind: ClassVar[str] = "outpaint"

    image: Image.Image
    aspect: tuple[int, int]


@dataclass(frozen=True, kw_only=True)
class RestyleRequest(BaseRequest):
    """Restyle `image` (RGB) as the prompt or a `reference` picture (RGB) says.

    `keep`: "product" changes the surroundings alone, "shape" colour and material of the product alone, "nothing" all.
    `strength` (0 .. 1): 0 keeps the source, 1 ignores it as far as `keep` allows. `mask` (L, of the same size, white =
    product) is found in the image where it is None.
    """

    kind: ClassVar[str] = "restyle"

    image: Image.Image
    keep: Keep = "product"
    strength: float = 1.0
    mask: Image.Image | None = None
    reference: Image.Image | None = None


@dataclass(frozen=True, kw_only=True)
class EnhanceRequest(BaseRequest):
    """Improve `image` (RGB) as `settings` say: names and strengths of `editing.enhance`, {} does nothing.

    Then make it `upscale` times as wide and high, 1, 2 or 4. `mask` is as in `RestyleRequest`.
    """

    kind: ClassVar[str] = "enhance"

    image: Image.Image
    settings: Mapping[str, object] = field(default_factory=dict[str, object])
    upscale: int = 1
    mask: Image.Image | None = None


#: Requests that begin with a picture.
Edit = InpaintRequest | OutpaintRequest | RestyleRequest | EnhanceRequest
Request = GenerationRequest | Edit


class Sources(NamedTuple):
    """What an edit began with: the picture and the picture to be like (RGB), and the mask that was given (L)."""

    image: Image.Image
    mask: Image.Image | None = None
    reference: Image.Image | None = None


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """All it takes to draw one image again, as kept in its PNG and in the library.

    `seed` is the image's own (that of the request plus `index`), so the request with this seed and count 1 redraws
    it. `parameters` is what the backend was given; for our own models `controls`, `model_prompt` (the text that was
    really encoded), `attributes` and `continuous` (camera, light, proportions in the units of `world.scene`).
    `created` is UTC in ISO 8601.

    An edit's `size` is the longer side, `width` and `height` are its own; they are None for a square. `sources` are the
    hashes of what it began with: of the library's files `image` and `reference`, of the pixels of `mask`.
    """

    format_version: int = FORMAT_VERSION
    kind: str = "generate"
    prompt: str
    seed: int
    index: int
    size: int
    backend: str
    model: str
    model_sha256: str
    parameters: Mapping[str, object]
    pixels_sha256: str
    versions: Mapping[str, str]
    created: str
    licence: str
    width: int | None = None
    height: int | None = None
    sources: Mapping[str, str] = field(default_factory=dict[str, str])
    origin: Origin = "drawn"

    @property
    def dimensions(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return (self.width or self.size, self.height or self.size)

    @property
    def controls(self) -> dict[str, float]:
        """The controls of the request, {} if there were none."""
        controls = self.parameters.get("controls")
        if not isinstance(controls, dict):
            return {}
        given = cast("dict[str, object]", controls)
        return {name: value for name, value in given.items() if isinstance(value, int | float)}

    @property
    def choices(self) -> dict[str, str]:
        """The choices of the request, {} if there were none."""
        choices = self.parameters.get("choices")
        if not isinstance(choices, dict):
            return {}
        given = cast("dict[str, object]", choices)
        return {name: value for name, value in given.items() if isinstance(value, str)}

    @property
    def negative_prompt(self) -> str:
        """What was not to be seen, "" if nothing was said."""
        said = self.parameters.get("negative_prompt")
        return said if isinstance(said, str) else ""

    @property
    def near(self) -> tuple[int, ...]:
        """The seeds of the image that this one is near, () if there is none."""
        near = self.parameters.get("near")
        if not isinstance(near, list | tuple):
            return ()
        return tuple(seed for seed in cast("list[object]", near) if isinstance(seed, int))

    @property
    def attributes(self) -> dict[str, str]:
        """What the model read or filled in, in its English: group and class, {} if it has none."""
        attributes = self.parameters.get("attributes")
        if not isinstance(attributes, dict):
            return {}
        given = cast("dict[str, object]", attributes)
        return {group: value for group, value in given.items() if isinstance(value, str)}

    @property
    def alt_text(self) -> str:
        """What is to be seen, for who can't see it."""
        return described(self.attributes) or self.prompt or "A product"

    @property
    def public_alt_text(self) -> str:
        """The same for strangers, who don't get to read the prompt; an advert says its own headline to everybody."""
        if self.kind == ADVERT:
            return self.prompt
        return described(self.attributes) or "A product"

    @property
    def request(self) -> GenerationRequest:
        """Asks for this one image again, of whichever model the settings name."""
        return GenerationRequest(
            prompt=self.prompt,
            negative_prompt=self.negative_prompt,
            count=1,
            seed=self.seed,
            size=self.size,
            controls=self.controls,
            choices=self.choices,
            near=self.near,
        )

    def edit(self, sources: Sources | None) -> Edit:
        """Asks for this one edit again. Raises InputError where its sources are gone, or the recipe is no edit's."""
        if sources is None or (sources.mask is None and "mask" in self.sources):
            raise InputError("The picture that it was made from is not here.", "Put the picture into the library.")
        given = self.parameters
        shared: dict[str, Any] = {
            "image": sources.image,
            "prompt": self.prompt,
            "negative_prompt": self.negative_prompt,
            "seed": self.seed,
            "controls": self.controls,
            "choices": self.choices,
        }
        try:
            match self.kind:
                case InpaintRequest.kind if sources.mask is not None:
                    return InpaintRequest(mask=sources.mask, **shared)
                case OutpaintRequest.kind:
                    width, height = cast("list[int]", given["aspect"])
                    return OutpaintRequest(aspect=(width, height), **shared)
                case RestyleRequest.kind:
                    keep, strength = cast("Keep", given["keep"]), cast("float", given["strength"])
                    pictures = {"mask": sources.mask, "reference": sources.reference}
                    return RestyleRequest(keep=keep, strength=strength, **pictures, **shared)
                case EnhanceRequest.kind:
                    settings = cast("dict[str, object]", given["settings"])
                    upscale = cast("int", given["upscale"])
                    return EnhanceRequest(settings=settings, upscale=upscale, mask=sources.mask, **shared)
                case _:
                    raise InputError(f"A {self.kind!r} is no edit.", "Drop a picture that was edited here.")
        except (KeyError, ValueError, TypeError) as error:
            raise _damaged(f"parameters {error}") from None

    @property
    def request_like(self) -> GenerationRequest:
        """Asks for others that are like this one, with seeds to be chosen."""
        return replace(self.request, seed=None, near=(*self.near, self.seed))

    def to_json(self) -> str:
        return json.dumps(asdict(self), ensure_ascii=False, allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> Recipe:
        """Reads a recipe that may come from anywhere; raises InputError unless every field has its type."""
        from pydantic import TypeAdapter, ValidationError

        try:
            recipe = TypeAdapter(cls).validate_json(text, strict=True)
            recipe.to_json()  # what can't be written again, such as an infinite number, is refused as well
        except ValidationError as error:
            first = error.errors()[0]
            raise _damaged(f"{'.'.join(str(part) for part in first['loc'])} {first['msg'].lower()}") from None
        except ValueError as error:
            raise _damaged(str(error)) from None
        if recipe.format_version != FORMAT_VERSION:
            raise InputError(
                f"The recipe in this file has format {recipe.format_version}; this studio reads {FORMAT_VERSION}.",
                "Update the studio.",
            )
        return recipe


def described(attributes: Mapping[str, str]) -> str:
    """What groups and classes say, such as "Glossy red ceramic mug, marble counter"; "" where no product is said."""
    if "product" not in attributes:
        return ""
    product = " ".join(
        attributes[group] for group in ("finish", "colour", "material", "product") if group in attributes
    )
    scene = [attributes["scene"]] if "scene" in attributes else []
    return ", ".join((product, *scene)).capitalize()


def _damaged(problem: str) -> InputError:
    return InputError(
        f"The recipe in this file is damaged ({problem.strip()}).", "Use the file as the studio saved it."
    )


@dataclass(frozen=True, kw_only=True)
class GeneratedImage:
    """One drawn image (PIL RGB), the seed it was drawn with and its place in the request."""

    image: Image.Image
    seed: int
    index: int
    recipe: Recipe


@dataclass(frozen=True, kw_only=True)
class SavedImage(GeneratedImage):
    """One image that the library keeps: `path` is its PNG with the recipe inside, `sha256` the hash of that file."""

    sha256: str
    path: Path


@dataclass(frozen=True, kw_only=True)
class Understood:
    """One attribute that was read in a prompt, with a confidence of 0 .. 1."""

    group: str
    value: str
    confidence: float


@dataclass(frozen=True, kw_only=True)
class Understanding:
    """What a model made of a prompt: `canonical` is what it read, in its English, `unknown` the words it can't draw.

    `unread` are the words at the end, in that English, for which there was no room; `silhouette` is the kind of the
    product that was named: "wine" of a wine glass.
    """

    prompt: str
    canonical: str
    attributes: tuple[Understood, ...]
    unknown: tuple[str, ...]
    unread: tuple[str, ...] = ()
    silhouette: str | None = None


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """Whether an image's recipe still gives its pixels.

    `intact`: the pixels are those that the recipe was written for. `max_difference`: the largest difference of a
    redraw in any channel of any pixel (0 .. 255), None where no redraw could be compared. `reason`: one plain sentence.
    """

    outcome: Literal["exact", "close", "not_reproducible"]
    intact: bool
    max_difference: int | None
    reason: str
