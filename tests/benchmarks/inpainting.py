"""The inpainter beside OpenCV's Telea and Navier-Stokes, biharmonic functions (scikit-image), a smooth fill, the mean.

Run `python -m tests.benchmarks.inpainting --data shop --data renders --model run/snapshot/inpainter.safetensors`.
Folders are as `studio train` takes them; holes are cut into the pictures that are kept from training. Prints PSNR in dB
and SSIM inside holes, with the 95 % interval of the mean (bootstrap over pictures) of how much better ours is, and
sharpness: the power of the Laplacian inside holes as a share of the true one.

With `--crops 2000` it fills so many squares of 128 px instead, and prints the kernel distance (KID) of what each method
(but biharmonic functions, which would take an hour) made to squares of other pictures, in the features of a fixed
random network, with the interval from random halves.
"untouched" is the least that it can be: how far squares of the one half of the pictures are from those of the other.
"""

# OpenCV and scikit-image are typed in part.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportMissingTypeStubs=false

from __future__ import annotations

import argparse
import random
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from skimage.metrics import structural_similarity
from skimage.restoration import inpaint_biharmonic

from studio.data.crops import random_crops
from studio.data.folder import pack_for_training
from studio.data.holes import KINDS, random_hole
from studio.evaluation.metrics import half_sample_interval, kernel_distance
from studio.models.inpainter import Inpainter, fill, load_inpainter, smooth_fill
from studio.models.random_features import RandomFeatures
from studio.prompts import load_prompts
from tests.benchmarks.intervals import interval

Pixels = NDArray[np.uint8]  # [size, size, 3]
Hole = NDArray[np.bool_]  # [size, size]
Fill = Callable[[Pixels, Hole], Pixels]

CROP = 128  # pixels


def ours(inpainter: Inpainter) -> Fill:
    def filled(image: Pixels, hole: Hole) -> Pixels:
        return _pixels(fill(inpainter, _tensor(image)[0], torch.from_numpy(hole)[None].float()))

    return filled


def smooth(image: Pixels, hole: Hole) -> Pixels:
    return _pixels(smooth_fill(_tensor(image), torch.from_numpy(hole)[None, None].float())[0])


def of_opencv(method: int) -> Fill:
    return lambda image, hole: np.asarray(cv2.inpaint(image, hole.astype(np.uint8), 3, method), np.uint8)


def biharmonic(image: Pixels, hole: Hole) -> Pixels:
    return (inpaint_biharmonic(image / 255, hole, channel_axis=2) * 255).round().clip(0, 255).astype(np.uint8)


def mean(image: Pixels, hole: Hole) -> Pixels:
    return np.where(hole[..., None], image[~hole].mean(0).round().astype(np.uint8), image)


def measured(filled: Pixels, image: Pixels, hole: Hole) -> tuple[float, float, float]:
    """PSNR in dB, SSIM and sharpness inside the hole."""
    error = (filled[hole].astype(float) - image[hole]) ** 2
    similar = structural_similarity(filled, image, channel_axis=2, full=True)[1]
    power = [float((cv2.Laplacian(each.astype(np.float32), cv2.CV_32F)[hole] ** 2).mean()) for each in (filled, image)]
    return 10 * np.log10(255**2 / max(error.mean(), 0.1)), float(similar[hole].mean()), power[0] / max(power[1], 1e-3)


def compare(images: torch.Tensor, fills: Mapping[str, Fill], count: int) -> None:
    """Fills holes of each kind in `count` of uint8 images [n, 3, size, size], and prints how that went."""
    rng = random.Random(0)
    chosen = images[:: max(1, len(images) // count)][:count].permute(0, 2, 3, 1).contiguous().numpy()
    for kind in KINDS:
        holes = [random_hole(chosen.shape[1], kind, rng).copy() for _ in chosen]
        pairs = list(zip(chosen, holes, strict=True))
        rows = {
            name: np.array([measured(fill(image, hole), image, hole) for image, hole in pairs])
            for name, fill in fills.items()
        }
        for name, row in rows.items():
            better = [interval(rows["ours"][:, i] - row[:, i]) for i in range(2)]
            said = "" if name == "ours" else "  ours is better by {:.2f} [{:.2f}, {:.2f}] dB".format(*better[0])
            said += "" if name == "ours" else ", {:.3f} [{:.3f}, {:.3f}]".format(*better[1])
            figures = (row[:, 0].mean(), row[:, 1].mean(), np.median(row[:, 2]))
            print(f"{kind:7} {name:14} PSNR {figures[0]:5.2f}  SSIM {figures[1]:.3f}  sharp {figures[2]:.2f}{said}")  # noqa: T201


def compare_as_kinds(images: torch.Tensor, fills: Mapping[str, Fill], count: int) -> None:
    """Fills holes in `count` squares of the one half of uint8 images [n, 3, size, size]; the other half is what they
    should look like."""
    rng = random.Random(0)
    first, second = (
        random_crops([half], count, CROP, rng).add(1).mul(127.5).round().byte().permute(0, 2, 3, 1).contiguous().numpy()
        for half in (images[::2], images[1::2])
    )
    features = RandomFeatures()
    real = _features(features, second)
    for kind in KINDS:
        holes = [random_hole(CROP, kind, rng).copy() for _ in first]
        pairs = list(zip(first, holes, strict=True))
        for name, method in {"untouched": lambda image, hole: image, **fills}.items():
            made = [method(image, hole) for image, hole in pairs]
            found = _features(features, made)
            distance = kernel_distance(found, real)
            low, high = half_sample_interval(kernel_distance, found, real, seed=0)
            sharp = np.median([measured(*each)[2] for each in zip(made, first, holes, strict=True)])
            print(f"{kind:7} {name:14} KID {distance:.4f} [{low:.4f}, {high:.4f}]  sharp {sharp:.2f}")  # noqa: T201


def _features(features: RandomFeatures, images: Sequence[Pixels] | NDArray[np.uint8]) -> torch.Tensor:
    return torch.cat([features(_tensor(image)) for image in images])


def _tensor(image: Pixels) -> torch.Tensor:
    return torch.from_numpy(image.copy()).permute(2, 0, 1)[None].float() / 127.5 - 1


def _pixels(image: torch.Tensor) -> Pixels:
    return ((image + 1) * 127.5).round().clamp(0, 255).byte().permute(1, 2, 0).numpy()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, action="append", required=True)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--count", type=int, default=100, help="pictures of each folder")
    parser.add_argument("--crops", type=int, help="squares of each folder, instead of whole pictures")
    given = parser.parse_args()
    fills: dict[str, Fill] = {
        "ours": ours(load_inpainter(given.model).network),
        "Telea": of_opencv(cv2.INPAINT_TELEA),
        "Navier-Stokes": of_opencv(cv2.INPAINT_NS),
        "biharmonic": biharmonic,
        "smooth": smooth,
        "mean": mean,
    }
    for folder in given.data:
        train, kept = pack_for_training(folder, load_prompts())
        print(f"{folder.name}: {'kept from training' if kept else 'ALL WERE TRAINED ON'}")  # noqa: T201
        images = (kept or train).images
        if given.crops:
            compare_as_kinds(
                images, {name: each for name, each in fills.items() if each is not biharmonic}, given.crops
            )
        else:
            compare(images, fills, given.count)


if __name__ == "__main__":
    main()
