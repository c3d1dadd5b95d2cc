"""The endpoints that scripts call: public, named, typed, documented on the page's API view.

Gradio reads the types of the results from the functions themselves, so annotations are not postponed in this file.
"""
# Gradio is typed in part.
# pyright: reportUnknownMemberType=false, reportPrivateImportUsage=false

import re
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any, TypedDict, cast

import gradio as gr
from PIL import Image

from studio import imaging
from studio.backends.base import Hints
from studio.errors import InputError
from studio.request import (
    EnhanceRequest,
    GenerationRequest,
    InpaintRequest,
    Keep,
    OutpaintRequest,
    RestyleRequest,
    SavedImage,
)
from studio.ui.enhance_tab import measured
from studio.ui.errors import plain_words
from studio.ui.queues import ENGINE
from studio.ui.served import copy_of, file_of, uploaded, uploaded_file

if TYPE_CHECKING:
    from studio.service import Studio

_ASPECT = re.compile(r"(\d{1,4}(?:\.\d{1,4})?)\s*:\s*(\d{1,4}(?:\.\d{1,4})?)")


class ImageFile(TypedDict):
    """A file as clients send it: that of `gradio_client.handle_file`."""

    path: str


#: A gallery, and {"images": [{"seed", "index", "sha256", "url"}]}.
Answer = tuple[list[dict[str, Any]], dict[str, Any]]


def generate_endpoint(page: gr.Blocks, studio: "Studio") -> Callable[..., Answer]:
    """The function behind `/generate`."""

    def generate(
        prompt: str,
        count: int = 4,
        seed: int | None = None,
        size: int | None = None,
        azimuth: float | None = None,
        elevation: float | None = None,
        fill: float | None = None,
        light_azimuth: float | None = None,
        light_elevation: float | None = None,
        softness: float | None = None,
        warmth: float | None = None,
        near: list[int] | None = None,
        negative_prompt: str = "",
        num_inference_steps: int | None = None,
        guidance_scale: float | None = None,
        scheduler: str | None = None,
        model: str | None = None,
    ) -> Answer:
        """Draw product images of a prompt and keep them in the library.

        Image i has seed `seed + i`; without a seed one is chosen. `size` is in pixels, by default the model's own.
        The others set camera and light by hand; what is left out is drawn from prompt and seed: `azimuth` (turn of
        the product), `elevation` (of the camera), `light_azimuth` and `light_elevation` in degrees, `fill` (share of
        the frame), `softness` (0 to 1), `warmth` (-1 to 1). `near` are the seeds of an image to stay near, a small step
        away: the one that drew it, and those of the steps that led there. `model` is another of those that the page
        offers, such as "diffusion:Qwen/Qwen-Image"; a diffusion model takes `negative_prompt`, `num_inference_steps`,
        `guidance_scale` and `scheduler`, and no camera and light, but for the one named "diffusion".

        Returns a gallery of PNG files, each with its recipe inside, and
        {"images": [{"seed", "index", "sha256", "url"}]}, where `url` is the path on this server.
        """
        with plain_words():
            images = studio.generate(
                GenerationRequest(
                    prompt=prompt,
                    count=count,
                    seed=seed,
                    size=size,
                    near=tuple(near or ()),
                    backend=_offered(studio, model),
                    **_by_hand(
                        negative_prompt,
                        scheduler,
                        azimuth=azimuth,
                        elevation=elevation,
                        fill=fill,
                        light_azimuth=light_azimuth,
                        light_elevation=light_elevation,
                        softness=softness,
                        warmth=warmth,
                        num_inference_steps=num_inference_steps,
                        guidance_scale=guidance_scale,
                    ),
                )
            )
            return _answer(page, images)

    return generate


def editing_endpoints(page: gr.Blocks, studio: "Studio") -> None:
    """The endpoints that edit pictures: `/inpaint`, `/outpaint`, `/restyle`, `/enhance` and `/product_mask`."""
    endpoints = {
        "inpaint": inpaint_endpoint(page, studio),
        "outpaint": outpaint_endpoint(page, studio),
        "restyle": restyle_endpoint(page, studio),
        "enhance": enhance_endpoint(page, studio),
        "product_mask": product_mask_endpoint(page, studio),
    }
    for name, endpoint in endpoints.items():
        gr.api(endpoint, api_name=name, **ENGINE)


def inpaint_endpoint(page: gr.Blocks, studio: "Studio") -> Callable[..., Answer]:
    """The function behind `/inpaint`."""

    def inpaint(
        image: ImageFile,
        mask: ImageFile | None = None,
        prompt: str = "",
        count: int = 1,
        seed: int | None = None,
        model: str | None = None,
        negative_prompt: str = "",
        num_inference_steps: int | None = None,
        guidance_scale: float | None = None,
        scheduler: str | None = None,
    ) -> Answer:
        """Repaint a picture where the mask is white, and keep the results in the library.

        `image` is a PNG, JPEG or WebP, `mask` one of the same size, white where the picture is repainted, black where
        every pixel stays as it is. `prompt` says what is to be there, to models that listen to it; without it the hole
        is filled from what is around it. Image i has seed `seed + i`; without a seed one is chosen. `model`, and what a
        diffusion model takes, are as in `/generate`.

        Returns what `/generate` returns.
        """
        with plain_words():
            picture = uploaded(image)
            if mask is None:
                raise InputError("There is no mask.", "Send an image that is white where the picture is repainted.")
            request = InpaintRequest(
                image=picture,
                mask=_mask(mask),
                prompt=prompt,
                count=count,
                seed=seed,
                backend=_offered(studio, model),
                **_by_hand(
                    negative_prompt,
                    scheduler,
                    num_inference_steps=num_inference_steps,
                    guidance_scale=guidance_scale,
                ),
            )
            return _answer(page, studio.generate(request))

    return inpaint


def outpaint_endpoint(page: gr.Blocks, studio: "Studio") -> Callable[..., Answer]:
    """The function behind `/outpaint`."""

    def outpaint(
        image: ImageFile,
        aspect: str = "1:1",
        prompt: str = "",
        count: int = 1,
        seed: int | None = None,
        model: str | None = None,
        negative_prompt: str = "",
        num_inference_steps: int | None = None,
        guidance_scale: float | None = None,
        scheduler: str | None = None,
    ) -> Answer:
        """Extend a picture to another shape, and keep the results in the library; the picture itself stays as it is.

        `aspect` is width and height, such as "16:9" or "1.91:1". The others are as in `/inpaint`.
        """
        with plain_words():
            request = OutpaintRequest(
                image=uploaded(image),
                aspect=read_aspect(aspect),
                prompt=prompt,
                count=count,
                seed=seed,
                backend=_offered(studio, model),
                **_by_hand(
                    negative_prompt,
                    scheduler,
                    num_inference_steps=num_inference_steps,
                    guidance_scale=guidance_scale,
                ),
            )
            return _answer(page, studio.generate(request))

    return outpaint


def restyle_endpoint(page: gr.Blocks, studio: "Studio") -> Callable[..., Answer]:
    """The function behind `/restyle`."""

    def restyle(
        image: ImageFile,
        prompt: str = "",
        keep: Keep = "product",
        strength: float = 1.0,
        count: int = 1,
        seed: int | None = None,
        mask: ImageFile | None = None,
        reference: ImageFile | None = None,
        model: str | None = None,
        negative_prompt: str = "",
        num_inference_steps: int | None = None,
        guidance_scale: float | None = None,
        scheduler: str | None = None,
    ) -> Answer:
        """Restyle a picture as the prompt says, such as "on a pink sweep", and keep the results in the library.

        `keep` is what stays: "product" changes the surroundings alone, and no pixel of the product; "shape" the colour
        or material of the product alone; "nothing" the whole picture. `strength` is 0 (the source) to 1; some
        models take nothing but 1. `mask` is white where the product is, of the picture's size; without it the product
        is found. `reference` is a picture to be like. `model`, and what a diffusion model takes, are as in `/generate`.

        Returns what `/generate` returns.
        """
        with plain_words():
            request = RestyleRequest(
                image=uploaded(image),
                prompt=prompt,
                keep=keep,
                strength=strength,
                count=count,
                seed=seed,
                mask=None if mask is None else _mask(mask),
                reference=None if reference is None else uploaded(reference),
                backend=_offered(studio, model),
                **_by_hand(
                    negative_prompt,
                    scheduler,
                    num_inference_steps=num_inference_steps,
                    guidance_scale=guidance_scale,
                ),
            )
            return _answer(page, studio.generate(request))

    return restyle


def enhance_endpoint(page: gr.Blocks, studio: "Studio") -> Callable[..., Answer]:
    """The function behind `/enhance`."""

    def enhance(
        image: ImageFile,
        settings: dict[str, float] | None = None,
        white_background: bool = False,
        aspect: str | None = None,
        upscale: int = 1,
    ) -> Answer:
        """Improve a picture, and keep the result in the library.

        `settings` are names and strengths, such as {"exposure": 0.3}; without any, what the picture needs is measured.
        `white_background` puts the product on pure white. `aspect` is a shape to crop to, such as "4:5". `upscale` is
        1, 2 or 4.

        Returns what `/generate` returns.
        """
        with plain_words():
            picture = uploaded(image)
            chosen: dict[str, object] = dict(measured(picture) if settings is None else settings)
            if white_background:
                chosen["white_background"] = 1.0
            if aspect:
                chosen["aspect"] = list(read_aspect(aspect))
            return _answer(page, studio.generate(EnhanceRequest(image=picture, settings=chosen, upscale=upscale)))

    return enhance


def product_mask_endpoint(page: gr.Blocks, studio: "Studio") -> Callable[..., dict[str, Any]]:
    """The function behind `/product_mask`."""

    def product_mask(
        image: ImageFile, include: list[list[float]] | None = None, exclude: list[list[float]] | None = None
    ) -> dict[str, Any]:
        """Find the product in a picture; nothing is kept.

        `include` and `exclude` are points [x, y] in pixels that belong to the product, and that don't.

        Returns a grey PNG of the picture's size, white where the product is.
        """
        with plain_words():
            hints = Hints(include=_points(include), exclude=_points(exclude))
            mask = studio.product_mask(uploaded(image), hints)
            path = str(file_of(imaging.to_png(mask, {}), "mask.png"))
            page.upload_file_set.add(path)
            return _file(path)

    return product_mask


def read_aspect(text: str) -> tuple[int, int]:
    """Width and height of an aspect such as "16:9" or "1.91:1". Raises InputError for anything else."""
    if not (found := _ASPECT.fullmatch(str(text).strip())):
        raise InputError(f"The aspect can't be {text}.", "Give width and height, such as 16:9.")
    ratio = Fraction(found[1]) / Fraction(found[2]) if float(found[2]) else Fraction(0)
    return ratio.numerator, ratio.denominator


def _by_hand(negative_prompt: str, scheduler: str | None, **controls: float | None) -> dict[str, Any]:
    """What requests of all kinds say of how the model draws; what is None is left to it."""
    return {
        "negative_prompt": negative_prompt,
        "controls": {name: value for name, value in controls.items() if value is not None},
        "choices": {"scheduler": scheduler} if scheduler else {},
    }


def _offered(studio: "Studio", model: str | None) -> str | None:
    """The backend of a model that the page offers, and of no other: None is that of the settings, whose name may be a
    folder's and is nobody's business. Raises InputError."""
    names = [offer.name for offer in studio.offers[1:]]
    if model and model not in names:
        others = f", or one of {', '.join(names)}" if names else ""
        raise InputError(f"There is no model “{model}” here.", f"Leave it out for the studio's own{others}.")
    return model or None


def _mask(file: ImageFile) -> Image.Image:
    """A mask (L) in a file that a client uploaded, read as the page and the command line do. Raises InputError."""
    return imaging.decode_mask(uploaded_file(file).read_bytes())


def _points(points: object) -> tuple[tuple[float, float], ...]:
    try:
        return tuple((float(x), float(y)) for x, y in cast("list[list[float]]", points or []))
    except (TypeError, ValueError):
        raise InputError("Points must be pairs of numbers.", "Give them as [[x, y], [x, y]].") from None


def _answer(page: gr.Blocks, images: Sequence[SavedImage]) -> Answer:
    """A gallery of the files, and what they are."""
    copies = [str(copy_of(image, image.path)) for image in images]
    # What components put out is deleted after a day, but these files pass through none.
    page.upload_file_set.update(copies)
    gallery = [
        {"image": _file(path), "caption": f"Seed {image.seed}"} for path, image in zip(copies, images, strict=True)
    ]
    record = [
        {"seed": image.seed, "index": image.index, "sha256": image.sha256, "url": f"/files/{image.sha256}"}
        for image in images
    ]
    return gallery, {"images": record}


def _file(path: str) -> dict[str, Any]:
    return {"path": path, "mime_type": "image/png", "meta": {"_type": "gradio.FileData"}}
