"""The guided filter (He, Sun and Tang 2010), in its fast form (He and Sun 2015): a map takes the edges of a picture.

In every window of the small picture the map is taken for a linear function of the colours, q = a . I + b; a and b are
then enlarged, which they bear as they are smooth, and applied to the large picture.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

ROWS = 512  # of the large picture at once, so that memory stays small


def guided(small: Tensor, values: Tensor, large: Tensor, *, radius: int, epsilon: float) -> Tensor:
    """`values` [1, h, w] over the picture `small` [3, h, w] become [1, H, W] over the same picture `large` [3, H, W].

    `radius` in pixels of the small picture; `epsilon` is the variance of colours below which nothing is an edge.
    """
    coefficients = torch.cat(_coefficients(small, values, radius, epsilon))[None]
    _, height, width = large.shape
    result = large.new_empty(1, height, width)
    down, across = _places(height), _places(width)
    for top in range(0, height, ROWS):
        part = large[:, top : top + ROWS]
        grid = torch.stack(torch.broadcast_tensors(across, down[top : top + ROWS, None]), dim=-1)[None]
        here = F.grid_sample(coefficients, grid, mode="bilinear", padding_mode="border", align_corners=False)[0]
        result[:, top : top + ROWS] = (here[:3] * part).sum(0, keepdim=True) + here[3:]
    return result


def _places(count: int) -> Tensor:
    """The middles of so many pixels in -1..1, from end to end."""
    return (2 * torch.arange(count, dtype=torch.float32) + 1) / count - 1


def _coefficients(image: Tensor, values: Tensor, radius: int, epsilon: float) -> tuple[Tensor, Tensor]:
    """a [3, h, w] and b [1, h, w], means over all windows that hold a pixel (eq. 14 to 19 of the paper)."""
    image, values = image.double(), values.double()
    mean_image, mean_values = _mean(image, radius), _mean(values, radius)
    covariance = _mean(image * values, radius) - mean_image * mean_values
    products = (image[:, None] * image[None]).flatten(0, 1)
    variance = _mean(products, radius).view(3, 3, *image.shape[1:]) - mean_image[:, None] * mean_image[None]
    a = _solved(variance + epsilon * torch.eye(3, dtype=image.dtype)[..., None, None], covariance)
    b = mean_values - (a * mean_image).sum(0, keepdim=True)
    return _mean(a, radius).float(), _mean(b, radius).float()


def _solved(matrices: Tensor, right: Tensor) -> Tensor:
    """x [3, h, w] with m x = right everywhere, for symmetric m [3, 3, h, w] that have an inverse (Cramer's rule)."""
    crossed = torch.stack(
        [torch.linalg.cross(matrices[(row + 1) % 3], matrices[(row + 2) % 3], dim=0) for row in range(3)]
    )
    return (crossed * right[None]).sum(1) / (matrices[0] * crossed[0]).sum(0)


def _mean(x: Tensor, radius: int) -> Tensor:
    """Over squares of 2 radius + 1 pixels, as far as they are inside; along rows first, then along columns."""
    side = 2 * radius + 1
    rows = F.avg_pool2d(x[None], (1, side), stride=1, padding=(0, radius), count_include_pad=False)
    return F.avg_pool2d(rows, (side, 1), stride=1, padding=(radius, 0), count_include_pad=False)[0]
