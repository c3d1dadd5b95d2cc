"""Weights in eight bits: what files of networks hold. They are made float32 again where they are read."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

#: Of fewer numbers the scales would be much of the file; they are kept in half precision.
FEWEST = 4096
SCALE = ".scale"


def to_eight_bits(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Each large float weight NAME [out, ...] as int8 and NAME.scale [out], absmax to 127 in each row (Krishnamoorthi
    2018, arXiv 1806.08342, per channel and symmetric); other floats as float16, whole numbers as they are. All on the
    CPU. Scales have eleven bits, so that products are exact, and what is read is written as the same again."""
    packed: dict[str, Tensor] = {}
    for name, value in weights.items():
        value = value.detach().cpu()
        if not value.is_floating_point():
            packed[name] = value.contiguous()
        elif value.ndim < 2 or value.numel() < FEWEST:
            packed[name] = value.half().contiguous()
        else:
            rows = value.float().flatten(1)
            mantissa, exponent = torch.frexp(rows.abs().amax(1) / 127)
            scale = torch.ldexp((mantissa * 2048).round() / 2048, exponent)
            steps = (rows / scale.clamp_min(1e-30)[:, None]).round().clamp(-127, 127)
            packed[name] = steps.to(torch.int8).view(value.shape).contiguous()
            packed[name + SCALE] = scale
    return packed


def from_eight_bits(packed: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The weights in float32 of what `to_eight_bits` gave, or of a file in half precision."""
    scales = {name + SCALE for name, value in packed.items() if value.dtype == torch.int8} & packed.keys()
    weights: dict[str, Tensor] = {}
    for name, value in packed.items():
        if name + SCALE in scales:
            weights[name] = value.float() * packed[name + SCALE].float().view(-1, *[1] * (value.ndim - 1))
        elif name not in scales:
            weights[name] = value.float() if value.is_floating_point() else value
    return weights
