"""A discriminator that says of every patch of a picture how real it looks (PatchGAN, Isola et al. 2017)."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from .layers import convolution

WIDTHS = (32, 64, 128)


class PatchDiscriminator(nn.Module):
    """[n, 3, h, w] in -1..1 to logits [n, 1, h/8, w/8] that see 30 to 50 pixels of it."""

    def __init__(self) -> None:
        super().__init__()
        inputs = (12, *WIDTHS)
        gain = 2**0.5
        self.layers = nn.ModuleList(
            nn.Sequential(convolution(a, b, 3, gain=gain), nn.LeakyReLU(0.2), convolution(b, b, 3, gain=gain))
            for a, b in zip(inputs, WIDTHS, strict=False)
        )
        self.judge = convolution(WIDTHS[-1], 1, 3)

    def forward(self, image: Tensor) -> Tensor:
        h = F.pixel_unshuffle(image, 2)
        for number, layer in enumerate(self.layers):
            h = F.leaky_relu(layer(F.avg_pool2d(h, 2) if number else h), 0.2)
        return self.judge(h)
