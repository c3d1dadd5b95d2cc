"""The upscaler beside Lanczos and bicubic interpolation.

Run `python -m tests.benchmarks.upscaling --data renders --data shop --model run/snapshot/upscaler.safetensors`.
Folders are as `studio train` takes them; pictures that are kept from training are made half (or a quarter) as large by
Lanczos and enlarged again; `soft` ones are blurred by one small pixel before, as generated pictures are. Prints PSNR in
dB and SSIM with the 95 % interval of the mean (bootstrap over pictures) of how much better ours is, and sharpness: the
power of the Laplacian as a share of the true one.
"""

# OpenCV and scikit-image are typed in part.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportMissingTypeStubs=false

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageFilter
from skimage.metrics import structural_similarity

from studio.data.folder import pack_for_training
from studio.models.upscaler import Upscaler, load_upscaler, upscale
from studio.prompts import load_prompts
from tests.benchmarks.intervals import said

Enlarge = Callable[[Image.Image, int], Image.Image]
BORDER = 8  # pixels at the border are not measured, where nothing is known beyond
SOFT = 1.0  # small pixels


def ours(upscaler: Upscaler) -> Enlarge:
    def enlarge(small: Image.Image, factor: int) -> Image.Image:
        tensor = torch.from_numpy(np.array(small)).permute(2, 0, 1).float() / 127.5 - 1
        larger = upscale(upscaler, tensor, factor)
        return Image.fromarray(((larger + 1) * 127.5).round().byte().permute(1, 2, 0).numpy())

    return enlarge


def resampled(method: Image.Resampling) -> Enlarge:
    return lambda small, factor: small.resize((small.width * factor, small.height * factor), method)


def measured(enlarged: Image.Image, true: Image.Image) -> tuple[float, float, float]:
    """PSNR in dB, SSIM and sharpness."""
    a, b = (np.asarray(each)[BORDER:-BORDER, BORDER:-BORDER] for each in (enlarged, true))
    error = ((a.astype(float) - b) ** 2).mean()
    power = [float((cv2.Laplacian(each.astype(np.float32), cv2.CV_32F) ** 2).mean()) for each in (a, b)]
    similar = structural_similarity(a, b, channel_axis=2, full=True)[1]
    return 10 * np.log10(255**2 / max(error, 0.1)), float(similar.mean()), power[0] / max(power[1], 1e-3)


def compare(name: str, pictures: list[Image.Image], ways: Mapping[str, Enlarge], factor: int, *, soft: bool) -> None:
    rows: dict[str, NDArray[np.float64]] = {}
    for way, enlarge in ways.items():
        found: list[tuple[float, float, float]] = []
        for picture in pictures:
            small = picture.resize((picture.width // factor, picture.height // factor), Image.Resampling.LANCZOS)
            small = small.filter(ImageFilter.GaussianBlur(SOFT)) if soft else small
            found.append(measured(enlarge(small, factor), picture))
        rows[way] = np.array(found)
    for way, row in rows.items():
        better = [said(rows["ours"][:, i] - row[:, i], digits) for i, digits in ((0, 2), (1, 3))]
        words = "" if way == "ours" else f"  ours is better by {better[0]} dB, {better[1]}"
        figures = f"PSNR {row[:, 0].mean():5.2f}  SSIM {row[:, 1].mean():.3f}  sharp {np.median(row[:, 2]):.2f}"
        print(f"{name} x{factor}{' soft' if soft else '':5} {way:8} n {len(row)}  {figures}{words}")  # noqa: T201


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, action="append", required=True)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--count", type=int, default=80, help="pictures of each folder")
    given = parser.parse_args()
    ways: dict[str, Enlarge] = {
        "ours": ours(load_upscaler(given.model).network),
        "Lanczos": resampled(Image.Resampling.LANCZOS),
        "bicubic": resampled(Image.Resampling.BICUBIC),
    }
    for folder in given.data:
        train, kept = pack_for_training(folder, load_prompts())
        print(f"{folder.name}: {'kept from training' if kept else 'ALL, as none are kept apart'}")  # noqa: T201
        images = (kept or train).images
        chosen = images[:: max(1, len(images) // given.count)][: given.count].permute(0, 2, 3, 1)
        pictures = [Image.fromarray(each.contiguous().numpy()) for each in chosen]
        for factor, soft in ((2, False), (2, True), (4, False)):
            compare(folder.name, pictures, ways, factor, soft=soft)


if __name__ == "__main__":
    main()
