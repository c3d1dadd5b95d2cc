"""What is asked for, and what comes back: requests, results and the recipe that ties pixels to their making."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Literal, cast

from studio.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

    from PIL import Image

FORMAT_VERSION = 1
MAX_SEED = 2**63 - 1


@dataclass(frozen=True, kw_only=True)
class GenerationRequest:
    """Draw `count` images of `prompt`. What is None is resolved in the engine: a random seed, the model's own size,
    the backend of the settings.

    Image i is drawn with seed `seed + i` (seeds are ints in 0 .. 2**63 - 1). `size` is the side in pixels. `controls`
    override what prompt and seed would give, by the names and in the units of the backend's capabilities.
    `near` are the seeds of an image to stay near: the one that drew it, then those of the small steps that led on from
    there; every image of the request is one step further.
    `backend` may name a folder of this machine (`gan:DIR`), so never take it from a stranger.
    """

    prompt: str
    count: int = 4
    seed: int | None = None
    size: int | None = None
    backend: str | None = None
    controls: Mapping[str, float] = field(default_factory=dict[str, float])
    near: tuple[int, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """All it takes to draw one image again, as kept in its PNG and in the library.

    `seed` is the image's own (that of the request plus `index`), so the request with this seed and count 1 redraws
    it. `parameters` is what the backend was given; for the GAN `controls`, `model_prompt` (the text that was really
    encoded), `attributes` and `continuous` (camera, light, proportions in the units of `world.scene`).
    `created` is UTC in ISO 8601.
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

    @property
    def controls(self) -> dict[str, float]:
        """The controls of the request, {} if there were none."""
        controls = self.parameters.get("controls")
        if not isinstance(controls, dict):
            return {}
        given = cast("dict[str, object]", controls)
        return {name: value for name, value in given.items() if isinstance(value, int | float)}

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
        return described(self.attributes) or self.prompt

    @property
    def public_alt_text(self) -> str:
        """The same for strangers, who don't get to read the prompt."""
        return described(self.attributes) or "A product"

    @property
    def request(self) -> GenerationRequest:
        """Asks for this one image again, of whichever model the settings name."""
        return GenerationRequest(
            prompt=self.prompt, count=1, seed=self.seed, size=self.size, controls=self.controls, near=self.near
        )

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

    `unread` are the words at the end, in that English, for which there was no room.
    """

    prompt: str
    canonical: str
    attributes: tuple[Understood, ...]
    unknown: tuple[str, ...]
    unread: tuple[str, ...] = ()


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
