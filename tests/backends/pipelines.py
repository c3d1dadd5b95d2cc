"""Writes tiny pipelines with random weights, of the kinds that people use, in the format of diffusers."""
# Pipelines have no common types, and what diffusers says of its parameters isn't always so.
# pyright: basic, reportArgumentType=false, reportCallIssue=false

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL
from diffusers.models.autoencoders.autoencoder_kl_flux2 import AutoencoderKLFlux2
from diffusers.models.autoencoders.autoencoder_kl_qwenimage import AutoencoderKLQwenImage
from diffusers.models.transformers.transformer_flux import FluxTransformer2DModel
from diffusers.models.transformers.transformer_flux2 import Flux2Transformer2DModel
from diffusers.models.transformers.transformer_qwenimage import QwenImageTransformer2DModel
from diffusers.models.transformers.transformer_sd3 import SD3Transformer2DModel
from diffusers.models.transformers.transformer_z_image import ZImageTransformer2DModel
from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
from diffusers.pipelines.flux.pipeline_flux import FluxPipeline
from diffusers.pipelines.flux2.pipeline_flux2_klein import Flux2KleinPipeline
from diffusers.pipelines.latent_consistency_models.pipeline_latent_consistency_text2img import (
    LatentConsistencyModelPipeline,
)
from diffusers.pipelines.qwenimage.pipeline_qwenimage import QwenImagePipeline
from diffusers.pipelines.stable_diffusion.pipeline_stable_diffusion import StableDiffusionPipeline
from diffusers.pipelines.stable_diffusion.pipeline_stable_diffusion_inpaint import StableDiffusionInpaintPipeline
from diffusers.pipelines.stable_diffusion_3.pipeline_stable_diffusion_3 import StableDiffusion3Pipeline
from diffusers.pipelines.stable_diffusion_xl.pipeline_stable_diffusion_xl import StableDiffusionXLPipeline
from diffusers.pipelines.z_image.pipeline_z_image import ZImagePipeline
from diffusers.schedulers.scheduling_ddim import DDIMScheduler
from diffusers.schedulers.scheduling_euler_discrete import EulerDiscreteScheduler
from diffusers.schedulers.scheduling_flow_match_euler_discrete import FlowMatchEulerDiscreteScheduler
from diffusers.schedulers.scheduling_lcm import LCMScheduler
from transformers import (
    CLIPTextConfig,
    CLIPTextModel,
    CLIPTextModelWithProjection,
    CLIPTokenizer,
    PreTrainedModel,
    Qwen2_5_VLConfig,
    Qwen2_5_VLForConditionalGeneration,
    Qwen2Tokenizer,
    Qwen3Config,
    Qwen3ForCausalLM,
    Qwen3Model,
    T5Config,
    T5EncoderModel,
    T5Tokenizer,
)
from transformers.convert_slow_tokenizer import bytes_to_unicode

SIZE = 32
CARD = "---\nlicense: openrail++\ntags: [text-to-image]\n---\n# Tiny\n"
_LETTERS = [chr(code) for code in range(33, 127)]
_BYTES = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", *bytes_to_unicode().values()]
_CHAT = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def sd() -> Any:
    """Stable Diffusion 1.x."""
    return StableDiffusionPipeline(
        unet=_unet(4, 32),
        scheduler=DDIMScheduler(
            beta_schedule="scaled_linear", clip_sample=False, set_alpha_to_one=False, steps_offset=1
        ),
        vae=_vae(4),
        text_encoder=CLIPTextModel(_clip()),
        tokenizer=_clip_tokenizer(),
        safety_checker=None,  # type: ignore[arg-type]
        feature_extractor=None,  # type: ignore[arg-type]
        requires_safety_checker=False,
    )


def sd_inpaint() -> Any:
    """A Stable Diffusion that was trained for holes: it sees picture and mask in channels of their own."""
    whole = sd()
    return StableDiffusionInpaintPipeline(
        **(whole.components | {"unet": _unet(9, 32)}),
        requires_safety_checker=False,
    )


def lcm() -> Any:
    """A latent consistency model: few steps, no negative prompt, no inpainting."""
    parts = {name: part for name, part in sd().components.items() if name != "image_encoder"}
    unet = _unet(4, 32, time_cond_proj_dim=32)
    scheduler = LCMScheduler(beta_schedule="scaled_linear", clip_sample=False, set_alpha_to_one=False)
    return LatentConsistencyModelPipeline(
        **(parts | {"unet": unet, "scheduler": scheduler}), requires_safety_checker=False
    )


def sdxl() -> Any:
    """Stable Diffusion XL."""
    return StableDiffusionXLPipeline(
        unet=_unet(
            4,
            64,
            transformer_layers_per_block=(1, 2),
            addition_embed_type="text_time",
            addition_time_embed_dim=8,
            projection_class_embeddings_input_dim=32 + 6 * 8,
        ),
        scheduler=EulerDiscreteScheduler(beta_schedule="scaled_linear", steps_offset=1, timestep_spacing="leading"),
        vae=_vae(4),
        text_encoder=CLIPTextModel(_clip()),
        tokenizer=_clip_tokenizer(),
        text_encoder_2=CLIPTextModelWithProjection(_clip()),
        tokenizer_2=_clip_tokenizer(),
        add_watermarker=False,
    )


def sd3() -> Any:
    """Stable Diffusion 3."""
    return StableDiffusion3Pipeline(
        transformer=SD3Transformer2DModel(
            sample_size=SIZE // 2,
            patch_size=1,
            in_channels=16,
            out_channels=16,
            num_layers=1,
            attention_head_dim=8,
            num_attention_heads=4,
            joint_attention_dim=64,
            caption_projection_dim=32,
            pooled_projection_dim=64,
        ),
        scheduler=FlowMatchEulerDiscreteScheduler(),
        vae=_vae(16, shift=0.1),
        text_encoder=CLIPTextModelWithProjection(_clip()),
        tokenizer=_clip_tokenizer(),
        text_encoder_2=CLIPTextModelWithProjection(_clip()),
        tokenizer_2=_clip_tokenizer(),
        text_encoder_3=T5EncoderModel(_t5(64)),
        tokenizer_3=_t5_tokenizer(),
    )


def flux() -> Any:
    """FLUX.1."""
    return FluxPipeline(
        transformer=FluxTransformer2DModel(
            patch_size=1,
            in_channels=16,
            num_layers=1,
            num_single_layers=1,
            attention_head_dim=16,
            num_attention_heads=2,
            joint_attention_dim=32,
            pooled_projection_dim=32,
            axes_dims_rope=(4, 4, 8),
            guidance_embeds=True,
        ),
        scheduler=FlowMatchEulerDiscreteScheduler(use_dynamic_shifting=True),
        vae=_vae(4, shift=0.1),
        text_encoder=CLIPTextModel(_clip()),
        tokenizer=_clip_tokenizer(),
        text_encoder_2=T5EncoderModel(_t5(32)),
        tokenizer_2=_t5_tokenizer(),
    )


def klein() -> Any:
    """FLUX.2 klein: few steps, and pictures to start from are looked at rather than drawn over."""
    return Flux2KleinPipeline(
        transformer=Flux2Transformer2DModel(
            in_channels=16,
            num_layers=1,
            num_single_layers=1,
            attention_head_dim=16,
            num_attention_heads=2,
            joint_attention_dim=3 * 16,
            timestep_guidance_channels=32,
            axes_dims_rope=(4, 4, 4, 4),
            guidance_embeds=False,
        ),
        scheduler=FlowMatchEulerDiscreteScheduler(use_dynamic_shifting=True),
        vae=AutoencoderKLFlux2(
            sample_size=SIZE,
            latent_channels=4,
            block_out_channels=(8, 16),
            norm_num_groups=4,
            layers_per_block=1,
            down_block_types=("DownEncoderBlock2D",) * 2,
            up_block_types=("UpDecoderBlock2D",) * 2,
        ),
        text_encoder=_qwen3(Qwen3ForCausalLM, layers=28),  # it is read after layers 9, 18 and 27
        tokenizer=_qwen_tokenizer(),
        is_distilled=True,
    )


def z_image() -> Any:
    """Z-Image."""
    return ZImagePipeline(
        transformer=ZImageTransformer2DModel(
            in_channels=16,
            dim=32,
            n_layers=1,
            n_refiner_layers=1,
            n_heads=2,
            n_kv_heads=2,
            cap_feat_dim=16,
            axes_dims=[8, 4, 4],
            axes_lens=[1024, 32, 32],
        ),
        scheduler=FlowMatchEulerDiscreteScheduler(shift=3.0),
        vae=_vae(16, shift=0.1),
        text_encoder=_qwen3(Qwen3Model, layers=2),
        tokenizer=_qwen_tokenizer(),
    )


def qwen_image() -> Any:
    """Qwen-Image."""
    return QwenImagePipeline(
        transformer=QwenImageTransformer2DModel(
            patch_size=2,
            in_channels=16,
            out_channels=4,
            num_layers=1,
            attention_head_dim=16,
            num_attention_heads=2,
            joint_attention_dim=16,
            axes_dims_rope=(8, 4, 4),
        ),
        scheduler=FlowMatchEulerDiscreteScheduler(use_dynamic_shifting=True),
        vae=AutoencoderKLQwenImage(
            base_dim=8,
            z_dim=4,
            dim_mult=[1, 2],
            num_res_blocks=1,
            temperal_downsample=[False],
            latents_mean=[0.0] * 4,
            latents_std=[1.0] * 4,
        ),
        text_encoder=Qwen2_5_VLForConditionalGeneration(
            Qwen2_5_VLConfig(
                text_config={
                    "vocab_size": len(_BYTES),
                    "hidden_size": 16,
                    "intermediate_size": 32,
                    "num_hidden_layers": 2,
                    "num_attention_heads": 2,
                    "num_key_value_heads": 2,
                    "max_position_embeddings": 2048,
                    "bos_token_id": 0,
                    "eos_token_id": 0,
                    "rope_parameters": {"rope_type": "default", "mrope_section": [1, 1, 2], "rope_theta": 1e6},
                },
                vision_config={
                    "depth": 1,
                    "hidden_size": 16,
                    "intermediate_size": 16,
                    "num_heads": 2,
                    "out_hidden_size": 16,
                },
            )
        ),
        tokenizer=_qwen_tokenizer(),
    )


KINDS: dict[str, Callable[[], Any]] = {
    "sd": sd,
    "sd-inpaint": sd_inpaint,
    "lcm": lcm,
    "sdxl": sdxl,
    "sd3": sd3,
    "flux": flux,
    "klein": klein,
    "z-image": z_image,
    "qwen-image": qwen_image,
}


def write(kind: str, folder: Path) -> Path:
    """Writes a pipeline of a kind, the same weights each time."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        pipeline = KINDS[kind]()
    pipeline.save_pretrained(folder)
    (folder / "README.md").write_text(CARD, encoding="utf-8")
    return folder


def _unet(channels: int, cross: int, **more: Any) -> UNet2DConditionModel:
    return UNet2DConditionModel(
        sample_size=SIZE // 2,
        in_channels=channels,
        out_channels=4,
        block_out_channels=(8, 16),
        norm_num_groups=4,
        layers_per_block=1,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        attention_head_dim=(2, 4),
        use_linear_projection=True,
        cross_attention_dim=cross,
        **more,
    )


def _vae(channels: int, shift: float | None = None) -> AutoencoderKL:
    return AutoencoderKL(
        sample_size=SIZE,
        latent_channels=channels,
        block_out_channels=(8, 16),
        norm_num_groups=4,
        down_block_types=("DownEncoderBlock2D", "DownEncoderBlock2D"),
        up_block_types=("UpDecoderBlock2D", "UpDecoderBlock2D"),
        shift_factor=shift,
    )


def _clip() -> CLIPTextConfig:
    return CLIPTextConfig(
        vocab_size=2 + 2 * len(_LETTERS),
        hidden_size=32,
        intermediate_size=37,
        num_attention_heads=4,
        num_hidden_layers=2,
        projection_dim=32,
        bos_token_id=0,
        eos_token_id=1,
        pad_token_id=1,
    )


def _clip_tokenizer() -> CLIPTokenizer:
    """A token a letter."""
    pieces = ["<|startoftext|>", "<|endoftext|>", *_LETTERS, *(f"{letter}</w>" for letter in _LETTERS)]
    return CLIPTokenizer(vocab={piece: i for i, piece in enumerate(pieces)}, merges=[], model_max_length=77)


def _t5(width: int) -> T5Config:
    return T5Config(
        vocab_size=4 + len(_LETTERS),
        d_model=width,
        d_kv=8,
        d_ff=37,
        num_layers=1,
        num_heads=4,
        decoder_start_token_id=0,
    )


def _t5_tokenizer() -> T5Tokenizer:
    """A token a letter, and one a word."""
    pieces = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", -10.0), ("▁", -2.0), *((letter, -3.0) for letter in _LETTERS)]
    return T5Tokenizer(vocab=pieces, extra_ids=0, model_max_length=512)


def _qwen3(kind: type[PreTrainedModel], layers: int) -> PreTrainedModel:
    return kind(
        Qwen3Config(
            vocab_size=len(_BYTES),
            hidden_size=16,
            intermediate_size=32,
            num_hidden_layers=layers,
            num_attention_heads=2,
            num_key_value_heads=1,
            head_dim=8,
            max_position_embeddings=1024,
        )
    )


def _qwen_tokenizer() -> Qwen2Tokenizer:
    """A token a byte."""
    tokenizer = Qwen2Tokenizer(vocab={piece: i for i, piece in enumerate(_BYTES)}, merges=[], model_max_length=1024)
    tokenizer.chat_template = _CHAT
    return tokenizer
