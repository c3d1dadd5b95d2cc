"""The endpoints that scripts call: public, named, typed, documented on the page's API view.

Gradio reads the types of the results from the functions themselves, so annotations are not postponed in this file.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import gradio as gr

from studio.request import GenerationRequest
from studio.ui.errors import plain_words
from studio.ui.served import copy_of

if TYPE_CHECKING:
    from studio.service import Studio


def generate_endpoint(page: gr.Blocks, studio: "Studio") -> Callable[..., tuple[list[dict[str, Any]], dict[str, Any]]]:
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
    ) -> tuple[list[dict[str, Any]], dict[str, Any]]:
        """Draw product images of a prompt and keep them in the library.

        Image i has seed `seed + i`; without a seed one is chosen. `size` is in pixels, by default the model's own.
        The others set camera and light by hand; what is left out is drawn from prompt and seed: `azimuth` (turn of
        the product), `elevation` (of the camera), `light_azimuth` and `light_elevation` in degrees, `fill` (share of
        the frame), `softness` (0 to 1), `warmth` (-1 to 1). `near` are the seeds of an image to stay near, a small step
        away: the one that drew it, and those of the steps that led there. Where the studio draws with a diffusion
        model, it takes `negative_prompt`, `num_inference_steps`, `guidance_scale` and `scheduler` instead.

        Returns a gallery of PNG files, each with its recipe inside, and
        {"images": [{"seed", "index", "sha256", "url"}]}, where `url` is the path on this server.
        """
        controls = {
            "azimuth": azimuth,
            "elevation": elevation,
            "fill": fill,
            "light_azimuth": light_azimuth,
            "light_elevation": light_elevation,
            "softness": softness,
            "warmth": warmth,
            "num_inference_steps": num_inference_steps,
            "guidance_scale": guidance_scale,
        }
        with plain_words():
            images = studio.generate(
                GenerationRequest(
                    prompt=prompt,
                    count=count,
                    seed=seed,
                    size=size,
                    controls={name: value for name, value in controls.items() if value is not None},
                    near=tuple(near or ()),
                    negative_prompt=negative_prompt,
                    choices={"scheduler": scheduler} if scheduler else {},
                )
            )
            copies = [str(copy_of(image, image.path)) for image in images]
            # What components put out is deleted after a day, but these files pass through none.
            page.upload_file_set.update(copies)  # pyright: ignore[reportUnknownMemberType]
            gallery = [
                {"image": _file(path), "caption": f"Seed {image.seed}"}
                for path, image in zip(copies, images, strict=True)
            ]
            record = [
                {
                    "seed": image.seed,
                    "index": image.index,
                    "sha256": image.sha256,
                    "url": f"/files/{image.sha256}",
                }
                for image in images
            ]
        return gallery, {"images": record}

    return generate


def _file(path: str) -> dict[str, Any]:
    return {"path": path, "mime_type": "image/png", "meta": {"_type": "gradio.FileData"}}
