"""What an image looks like while it forms: latents to a small picture, by a linear map and without the VAE's decoder.

A VAE's latents are nearly linear in the colours of the places that they stand for, so a least-squares fit over one
encoded picture gives colours good enough to see what comes, at the cost of a matrix product a step.
"""
# Pipelines have no common types.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F

from studio import imaging

if TYPE_CHECKING:
    from PIL import Image
    from torch import Tensor

#: Pixels along the sides of the picture that is encoded for the fit, and the patches of one colour that it begins as.
FIT_SIZE, PATCHES = 256, 16


def raw_latents(pipeline: Any, latents: Tensor, width: int, height: int) -> Tensor | None:
    """The latents of an image of this size (pixels) as its VAE gives them, [channels, height / f, width / f]; None
    where the pipeline doesn't say how it packs them."""
    config = pipeline.vae.config
    if latents.ndim == 3:  # a row of patches
        if hasattr(pipeline, "_unpatchify_latents"):
            return _unnormed(pipeline, latents, width, height)
        if not hasattr(pipeline, "_unpack_latents"):
            return None
        latents = pipeline._unpack_latents(latents, height, width, pipeline.vae_scale_factor)
    if latents.ndim == 5:  # one frame of a film
        latents = latents[:, :, 0]
    if latents.shape[1] != channels(config):
        return None
    latents = latents[0].float() / (getattr(config, "scaling_factor", None) or 1)
    mean, deviation = getattr(config, "latents_mean", None), getattr(config, "latents_std", None)
    if mean is not None and deviation is not None:
        return latents * latents.new_tensor(deviation)[:, None, None] + latents.new_tensor(mean)[:, None, None]
    return latents + (getattr(config, "shift_factor", None) or 0)


def _unnormed(pipeline: Any, latents: Tensor, width: int, height: int) -> Tensor | None:
    """The same of FLUX.2, whose VAE keeps mean and variance of every channel of a patch."""
    norm = getattr(pipeline.vae, "bn", None)
    if norm is None:
        return None
    grid = [side // (2 * pipeline.vae_scale_factor) for side in (height, width)]
    deviation = (norm.running_var + pipeline.vae.config.batch_norm_eps).sqrt()
    patches = latents.transpose(1, 2).unflatten(2, grid)
    patches = patches * deviation[:, None, None] + norm.running_mean[:, None, None]
    return pipeline._unpatchify_latents(patches)[0].float()


def channels(config: Any) -> int | None:
    """Of a VAE's latents."""
    return getattr(config, "latent_channels", None) or getattr(config, "z_dim", None)


@torch.no_grad()
def fit_colours(vae: Any) -> Tensor:
    """The map from raw latents to RGB in -1..1, [channels + 1, 3], the last row being what is added."""
    generator = torch.Generator().manual_seed(0)
    colours = torch.rand(1, 3, PATCHES, PATCHES, generator=generator) * 2 - 1
    picture = F.interpolate(colours, size=(FIT_SIZE, FIT_SIZE), mode="bicubic").clamp(-1, 1)
    latents = _encoded(vae, picture).float().cpu()
    small = F.interpolate(picture, size=latents.shape[-2:], mode="area")
    return torch.linalg.lstsq(_with_one(latents[0]), small[0].flatten(1).T).solution


def to_picture(latents: Tensor, colours: Tensor) -> Image.Image:
    """Raw latents as a small RGB picture, a pixel for each place."""
    latents = latents.cpu()
    pixels = _with_one(latents) @ colours
    return imaging.to_pil(pixels.T.view(3, *latents.shape[-2:]))


def _with_one(latents: Tensor) -> Tensor:
    """[channels, height, width] to [height * width, channels + 1], the last being 1."""
    flat = latents.flatten(1).T
    return torch.cat([flat, flat.new_ones(len(flat), 1)], dim=1)


def _encoded(vae: Any, picture: Tensor) -> Tensor:
    # In half precision some VAEs give numbers that are none, and say so.
    upcast = getattr(vae.config, "force_upcast", False) and vae.dtype == torch.float16
    dtype = vae.dtype
    if upcast:
        vae.to(torch.float32)
    try:
        x = picture.to(vae.device, vae.dtype)
        of_films = next(weight for weight in vae.parameters() if weight.ndim > 3).ndim == 5
        encoded = vae.encode(x[:, :, None] if of_films else x)
        latents = encoded.latent_dist.mode() if hasattr(encoded, "latent_dist") else encoded.latent
        return latents[:, :, 0] if of_films else latents
    finally:
        if upcast:
            vae.to(dtype)
