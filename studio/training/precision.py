"""Half precision where it is faster."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel


def quick_dtype(device: torch.device) -> torch.dtype:
    """bfloat16 on GPUs, and on CPUs that multiply it (AMX, AVX-512 BF16), where steps of the inpainter and of the
    generator take half the time; elsewhere float32, which was as fast on a CPU without it, and is also right where
    torch doesn't say what a CPU has."""
    if device.type == "cuda":
        return torch.bfloat16
    capabilities = getattr(torch.cpu, "get_capabilities", dict)()
    multiplies = capabilities.get("amx_bf16") or capabilities.get("avx512_bf16")
    return torch.bfloat16 if device.type == "cpu" and multiplies else torch.float32


def autocast(device: torch.device) -> torch.autocast:
    """Convolutions and products of matrices in the quick type."""
    return torch.autocast(device.type, torch.bfloat16, enabled=quick_dtype(device) is torch.bfloat16)


def attention_to_words(device: torch.device) -> AbstractContextManager[object]:
    """Attention spelled out on a CPU, where the way back through PyTorch's fused kernel, from some hundred places to a
    few dozen words, takes much longer."""
    return sdpa_kernel(SDPBackend.MATH) if device.type == "cpu" else nullcontext()
