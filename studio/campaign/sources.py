"""Where a campaign's product pictures come from: drawn from words, a photo, or the library."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from studio import imaging, provenance
from studio.backends.registry import GAN
from studio.errors import InputError
from studio.provenance import COMPOSITE, DRAWN
from studio.request import PHOTO, GenerationRequest, Origin, Recipe, RestyleRequest
from studio.settings import MAX_PICTURE_BYTES, Settings
from studio.untrusted import read_file

if TYPE_CHECKING:
    from studio.service import Studio

#: Photos are made smaller than this, in pixels of the longer side: no channel is larger.
MAX_SIDE = 4096

_CONCEPTS: dict[Origin, str] = {
    "drawn": "no photo is behind it",
    "altered": "the product on its photo was altered",
    "photo": "",
}


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A picture of a product (RGB), and whether the product was drawn, photographed, or photographed and altered.
    `attributes`: group -> class of the vocabulary; `made`: how it was made, for the advert's recipe. `mask` (L): where
    the product is, None where that is still to be found."""

    image: Image.Image
    origin: Origin
    attributes: Mapping[str, str]
    made: Mapping[str, object]
    mask: Image.Image | None = None

    @property
    def source_type(self) -> str:
        """What IPTC and C2PA call an advert that is made of it."""
        return DRAWN if self.origin == "drawn" else COMPOSITE

    @property
    def concept(self) -> str:
        """Why it isn't a picture of the real product, "" where it is one."""
        return _CONCEPTS[self.origin]


@dataclass(frozen=True, kw_only=True)
class Darkroom:
    """What a campaign needs of the rest of the studio; each may raise StudioError.

    `draw` gives a picture for a prompt and a seed, `kept` one of the library by its sha256, `known` the recipe of one
    that the library has by the hash of its pixels, None where it has none; `product_mask` says where the product is (L,
    255 = product); `restage` puts the product of a picture, by its mask, into the scene that a text names, with a seed,
    and leaves its pixels alone; `upscale` enlarges 2 or 4 times, None where there is no upscaler; `read` gives the
    attributes that a description names. `model` names what draws and finds products: a campaign notices another one.
    """

    draw: Callable[[str, int], Picture]
    kept: Callable[[str], Picture]
    known: Callable[[str], Recipe | None]
    product_mask: Callable[[Image.Image], Image.Image]
    restage: Callable[[Image.Image, Image.Image, str, int], Image.Image]
    read: Callable[[str], Mapping[str, str]]
    model: str
    upscale: Callable[[Image.Image, int], Image.Image] | None = None


def read_photo(path: Path) -> tuple[bytes, str]:
    """The bytes of a photo and their sha256. Raises InputError as `read_file` does."""
    data = read_file(path, MAX_PICTURE_BYTES, hint="Name another file.", called=f"The image {path.name}")
    return data, hashlib.sha256(data).hexdigest()


def photo(
    data: bytes, name: str, sha256: str, attributes: Mapping[str, str], known: Callable[[str], Recipe | None]
) -> Picture:
    """A picture of untrusted bytes: a photo, unless the library (`known`) or the recipe in it says that no photo stands
    behind it, or an altered one. Raises InputError."""
    image = imaging.decode(data)
    recipe = known(imaging.pixels_sha256(image))
    if recipe is None:
        with suppress(InputError):  # most have none
            recipe = provenance.read_recipe(data)
    image.thumbnail((MAX_SIDE, MAX_SIDE), Image.Resampling.LANCZOS)
    origin = recipe.origin if recipe else "photo"
    return Picture(image=image, origin=origin, attributes=attributes, made={"photo": name, "sha256": sha256})


def darkroom_of(studio: Studio) -> Darkroom:
    """The darkroom of a studio. What is drawn is kept in its library."""

    def draw(prompt: str, seed: int) -> Picture:
        (saved,) = studio.generate(GenerationRequest(prompt=prompt, count=1, seed=seed))
        drawn = _of_recipe(saved.image, saved.recipe, saved.sha256)
        # A model of another kind doesn't say what it read.
        return drawn if drawn.attributes else replace(drawn, attributes=studio.prompts.known(prompt))

    def kept(sha256: str) -> Picture:
        path, recipe = studio.library.path(sha256), studio.library.recipe(sha256)
        if path is None or recipe is None:
            raise InputError(f"The library has no picture {sha256[:12]}.", "Choose another.")
        data = read_file(path, MAX_PICTURE_BYTES, hint="Choose another.", called=f"The picture {sha256[:12]}")
        return _of_recipe(imaging.decode(data), recipe, sha256)

    def known(pixels_sha256: str) -> Recipe | None:
        record = studio.library.with_pixels(pixels_sha256)
        return studio.library.recipe(record.sha256) if record else None

    def restage(image: Image.Image, mask: Image.Image, scene: str, seed: int) -> Image.Image:
        request = RestyleRequest(image=image, mask=mask, prompt=scene, keep="product", seed=seed)
        (saved,) = studio.generate(request)
        return saved.image

    return Darkroom(
        draw=draw,
        kept=kept,
        known=known,
        product_mask=studio.product_mask,
        restage=restage,
        read=studio.prompts.known,
        model=_model_of(studio.settings),
        upscale=studio.upscale,
    )


def _model_of(settings: Settings) -> str:
    """What draws, with the hash of the weights where it is a folder that training may have changed, and what finds
    products, where that isn't the embedded network."""
    kind, _, folder = settings.backend.partition(":")
    said = [settings.backend]
    if kind == GAN and folder:
        with suppress(OSError, ValueError, KeyError, TypeError):  # drawing says what is wrong with it
            config = json.loads((Path(folder).expanduser() / "config.json").read_text(encoding="utf-8"))
            said.append(str(config["weights_sha256"]))
    if settings.mask_model:
        said.append(f"masks by {settings.mask_model}")
    return ", ".join(said)


def _of_recipe(image: Image.Image, recipe: Recipe, sha256: str) -> Picture:
    """A picture that the library has."""
    drawn = {"prompt": recipe.prompt, "seed": recipe.seed, "model": recipe.model, "model_sha256": recipe.model_sha256}
    return Picture(
        image=image,
        origin=recipe.origin,
        attributes=recipe.attributes,
        made={"sha256": sha256, **({} if recipe.kind == PHOTO else drawn)},
    )
