"""The diffusion model as a pipeline of diffusers: called as theirs are, and asked for what it takes as theirs are.

Imported by who draws with it, as this needs diffusers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from diffusers.image_processor import VaeImageProcessor
from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
from diffusers.pipelines.pipeline_utils import DiffusionPipeline, ImagePipelineOutput
from diffusers.schedulers.scheduling_ddim import DDIMScheduler
from torch import Tensor

from .adapter import Conditioning, TextAdapter
from .diffusion import PATCH, load_diffusion, sample
from .errors import SnapshotError
from .presets import TEXT_WIDTH
from .text_encoder import TextEncoder


class TextAdapterPipeline(DiffusionPipeline):
    """Words through the frozen text encoder and the adapter, noise through the UNet."""

    def __init__(self, unet: UNet2DConditionModel, scheduler: DDIMScheduler) -> None:
        super().__init__()
        self.register_modules(unet=unet, scheduler=scheduler)
        self.image_processor = VaeImageProcessor(vae_scale_factor=1)
        self.adapter: TextAdapter | None = None  # no part as diffusers has them, and neither is the text encoder
        self.text_encoder: TextEncoder | None = None
        self.num_timesteps = 0
        self._read = lru_cache(maxsize=64)(self._read_uncached)  # negative prompts are mostly empty

    @classmethod
    def from_snapshot(cls, folder: Path, text_encoder: TextEncoder) -> TextAdapterPipeline:
        """Raises SnapshotError for a folder that isn't whole, or was trained with another text encoder."""
        snapshot = load_diffusion(folder)
        if snapshot.description.text_encoder_sha256 != text_encoder.sha256:
            raise SnapshotError(f"The model in {folder} was trained with another text encoder.")
        pipeline = cls(unet=snapshot.unet, scheduler=snapshot.scheduler)
        pipeline.adapter, pipeline.text_encoder = snapshot.adapter, text_encoder
        return pipeline

    @torch.no_grad()
    def __call__(
        self,
        prompt: str,
        *,
        u: Sequence[float] = (),
        negative_prompt: str = "",
        num_inference_steps: int = 10,
        guidance_scale: float = 1.5,
        generator: torch.Generator,
        output_type: str = "pil",
        callback_on_step_end: Callable[..., dict[str, Any]] | None = None,
    ) -> ImagePipelineOutput:
        """Draws one image from noise of `generator` (of the CPU), at camera, light and proportions `u`: as many as the
        model learnt to be told, in its order. Guidance leads away from `negative_prompt`; the empty one is what the
        model learnt to be led away from. Raises ValueError for another number of values in `u`."""
        told = self.unet.config["projection_class_embeddings_input_dim"] - TEXT_WIDTH
        if len(u) != told:
            raise ValueError(f"u has {len(u)} values; this model is told {told}.")

        def on_step(step: int, timestep: int, latents: Tensor) -> None:
            if callback_on_step_end:
                callback_on_step_end(self, step, timestep, {"latents": latents})

        self.num_timesteps = num_inference_steps
        images = sample(
            self.unet,
            self.scheduler,
            self._read(prompt),
            self._read(negative_prompt),
            torch.tensor([list(u)]),
            [generator],
            num_inference_steps=num_inference_steps,
            guidance_scale=guidance_scale,
            on_step=on_step,
        )
        drawn: Any = self.image_processor.postprocess(images.float(), output_type=output_type)
        return ImagePipelineOutput(images=drawn)

    def to_pixels(self, latents: Tensor) -> Tensor:
        """What the UNet sees, [1, 12, size / 2, size / 2], to the picture [3, size, size]."""
        return F.pixel_shuffle(latents, PATCH)[0]

    def _read_uncached(self, text: str) -> Conditioning:
        assert self.adapter is not None and self.text_encoder is not None
        encoded, device = self.text_encoder.encode([text]), self.unet.device
        return self.adapter.to(device)(encoded.states.to(device), encoded.mask.to(device))
