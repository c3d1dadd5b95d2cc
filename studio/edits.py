"""How pictures are edited: what a backend repaints is laid over the source, and what was to stay is measured."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from PIL import Image, ImageChops

from studio.backends.base import Drawing
from studio.editing import canvas, enhance, masks, proof, region
from studio.editing.enhance import settings_of
from studio.request import Edit, EnhanceRequest, InpaintRequest, OutpaintRequest, RestyleRequest

if TYPE_CHECKING:
    from studio.backends.base import Backend, Watch
    from studio.backends.retoucher import Retoucher


def edit(backend: Backend, retoucher: Retoucher, request: Edit, index: int, watch: Watch | None) -> Drawing:
    """Edits the picture of a request, which was checked and whose seed is resolved."""
    match request:
        case InpaintRequest():
            return _inpaint(backend, request, index, watch)
        case OutpaintRequest():
            return _outpaint(backend, request, index, watch)
        case RestyleRequest():
            return _restyle(backend, retoucher, request, index, watch)
        case EnhanceRequest():
            return _enhance(retoucher, request)


def _inpaint(backend: Backend, request: InpaintRequest, index: int, watch: Watch | None) -> Drawing:
    """Repaints each hole in a crop around it, at the model's size; where the mask is 0 not a bit changes."""
    editing = backend.capabilities.editing
    assert editing is not None
    mask = masks.required(request.mask, request.image)
    parameters: dict[str, object] = {}

    def paint(crop: Image.Image, hole: Image.Image) -> Image.Image:
        drawing = backend.inpaint(replace(request, image=crop, mask=hole), index, watch)
        parameters.update(drawing.parameters)
        return drawing.image

    image = region.repaint(request.image, mask, paint, side=editing.size)
    held = proof.measure(request.image, image, masks.outside(mask))
    return Drawing(image, parameters | {"proof": held.to_json()})


def _outpaint(backend: Backend, request: OutpaintRequest, index: int, watch: Watch | None) -> Drawing:
    """Inpaints what is new on a larger canvas."""
    extended = canvas.extend(request.image, request.aspect)
    shared = {name: getattr(request, name) for name in ("count", "seed", "negative_prompt", "controls", "choices")}
    hole = InpaintRequest(image=extended.image, mask=extended.mask, prompt=request.prompt, **shared)
    image, parameters = _inpaint(backend, hole, index, watch)
    return Drawing(image, parameters | {"aspect": list(request.aspect)})


def _restyle(
    backend: Backend, retoucher: Retoucher, request: RestyleRequest, index: int, watch: Watch | None
) -> Drawing:
    """Has the backend restyle the whole picture, and puts back what is to be kept: the product's pixels, or all but
    the product's."""
    asked: dict[str, object] = {"keep": request.keep, "strength": request.strength}
    if request.keep == "nothing":
        drawing = backend.restyle(request, index, watch)
        return Drawing(drawing.image, asked | drawing.parameters)
    image = request.image
    product = request.mask
    if product is None:
        product = retoucher.product_mask(image)
        asked["product_mask_sha256"] = retoucher.product_mask_sha256
    product = masks.required(product, image)
    drawing = backend.restyle(replace(request, mask=product), index, watch)
    locked = masks.inside(product) if request.keep == "product" else masks.outside(product)
    restyled = drawing.image.copy()
    restyled.paste(image, mask=locked)
    held = proof.measure(image, restyled, locked)
    return Drawing(restyled, asked | drawing.parameters | {"proof": held.to_json()})


def _enhance(retoucher: Retoucher, request: EnhanceRequest) -> Drawing:
    """Improves light, colour and sharpness, and then makes the picture larger."""
    settings = settings_of(request.settings)
    product = request.mask
    if product is None and settings.needs_product:
        product = retoucher.product_mask(request.image)
    image = enhance.enhance(request.image, settings, product).image
    if request.upscale > 1:
        small, image = image, retoucher.upscale(image, request.upscale)
        if settings.white_background:  # the network leaves it all but white
            image.paste("white", mask=masks.inside(_white(small).resize(image.size, Image.Resampling.BICUBIC)))
    return Drawing(image, {"settings": dict(request.settings), "upscale": request.upscale})


def _white(image: Image.Image) -> Image.Image:
    """255 where a picture (RGB) is white, 0 elsewhere."""
    red, green, blue = image.split()
    return masks.inside(ImageChops.darker(ImageChops.darker(red, green), blue))
