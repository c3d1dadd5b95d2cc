"""The product mask beside OpenCV's GrabCut from the central box, on renders and on photos with masks drawn by hand.

Run `python -m tests.benchmarks.product_mask --model run/snapshot/product_mask.safetensors --data renders --photos
catalogue/images --masks annotated`. Of a folder of renders those are taken that are kept from training; a mask PNG
(255 = product) has the name of the photo that it is of, whichever its suffix. Prints the IoU of masks cut at one half
with the 95 % interval of the mean (bootstrap over pictures), how much better ours is than GrabCut, the mean absolute
error of the soft mask, and what clicks in the middle of the largest mistake add.
"""

# OpenCV is typed in part.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportMissingTypeStubs=false

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from studio.data.folder import pack_for_training
from studio.models.product_mask import Place, ProductMask, load_product_mask, product_mask
from studio.prompts import load_prompts
from tests.benchmarks.intervals import interval, said

Pixels = NDArray[np.uint8]  # [height, width, 3]
Mask = NDArray[np.uint8]  # [height, width], 255 = product

BOX = 0.05  # of the picture along each side is no product, for GrabCut
ROUNDS = 5


def ours(
    network: ProductMask, image: Pixels, include: list[Place] | None = None, exclude: list[Place] | None = None
) -> Mask:
    tensor = torch.from_numpy(image.copy()).permute(2, 0, 1).float() / 127.5 - 1
    alpha = product_mask(network, tensor, include or [], exclude or [])
    return (alpha[0] * 255).round().byte().numpy()


def grabcut(image: Pixels) -> Mask:
    """Started from the central box (Rother et al. 2004)."""
    height, width = image.shape[:2]
    box = (round(BOX * width), round(BOX * height), round((1 - 2 * BOX) * width), round((1 - 2 * BOX) * height))
    labels = np.zeros((height, width), np.uint8)
    cv2.setRNGSeed(0)
    models = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.grabCut(image[..., ::-1].copy(), labels, box, *models, ROUNDS, cv2.GC_INIT_WITH_RECT)
    return np.where((labels == cv2.GC_FGD) | (labels == cv2.GC_PR_FGD), 255, 0).astype(np.uint8)


def clicked(network: ProductMask, image: Pixels, mask: Mask, clicks: int) -> Mask:
    """After so many clicks, each in the middle of what is then the largest mistake."""
    include: list[Place] = []
    exclude: list[Place] = []
    found = ours(network, image)
    for _ in range(clicks):
        wrong = ((found > 127) != (mask > 127)).astype(np.uint8)
        depth = cv2.distanceTransform(np.pad(wrong, 1), cv2.DIST_L2, 5)[1:-1, 1:-1]
        y, x = np.unravel_index(depth.argmax(), depth.shape)
        place = (float(x + 0.5) / wrong.shape[1], float(y + 0.5) / wrong.shape[0])
        (include if mask[y, x] > 127 else exclude).append(place)
        found = ours(network, image, include, exclude)
    return found


def overlap(found: Mask, true: Mask) -> float:
    """Intersection over union."""
    a, b = found > 127, true > 127
    return float((a & b).sum() / max((a | b).sum(), 1))


def compare(name: str, network: ProductMask, pairs: list[tuple[Pixels, Mask]]) -> None:
    found = {
        "ours": [ours(network, image) for image, _ in pairs],
        "ours, 1 click": [clicked(network, image, mask, 1) for image, mask in pairs],
        "ours, 3 clicks": [clicked(network, image, mask, 3) for image, mask in pairs],
        "GrabCut": [grabcut(image) for image, _ in pairs],
    }
    rows = {
        name: np.array([overlap(each, mask) for each, (_, mask) in zip(masks, pairs, strict=True)])
        for name, masks in found.items()
    }
    for way, row in rows.items():
        errors = [np.abs(a.astype(float) - b).mean() / 255 for a, (_, b) in zip(found[way], pairs, strict=True)]
        better = "" if way == "ours" else f"  ours is better by {said(rows['ours'] - row)}"
        print(  # noqa: T201
            f"{name:10} {way:15} n {len(row):3}  IoU {said(row)}  median {np.median(row):.3f}"
            f"  below 0.8: {(row < 0.8).mean():4.0%}  error {interval(np.array(errors))[0]:.3f}{better}"
        )


def renders(folder: Path, count: int) -> list[tuple[Pixels, Mask]]:
    train, kept = pack_for_training(folder, load_prompts())
    if kept is None:
        print(f"{folder.name}: ALL WERE TRAINED ON, if it was trained on this folder")  # noqa: T201
    data = kept or train
    chosen = range(0, len(data), max(1, len(data) // count))
    return [(data.images[i].permute(1, 2, 0).contiguous().numpy(), data.masks[i].numpy()) for i in chosen][:count]


def photos(images: Path, masks: Path) -> Iterator[tuple[Pixels, Mask]]:
    of_stem = {path.stem: path for path in sorted(images.iterdir())}
    for path in sorted(masks.glob("*.png")):
        with Image.open(of_stem[path.stem]) as photo, Image.open(path) as mask:
            yield np.asarray(photo.convert("RGB")), np.asarray(mask.convert("L"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--data", type=Path, action="append", default=[])
    parser.add_argument("--photos", type=Path)
    parser.add_argument("--masks", type=Path)
    parser.add_argument("--count", type=int, default=80, help="renders of each folder")
    given = parser.parse_args()
    network = load_product_mask(given.model).network
    for folder in given.data:
        compare(folder.name, network, renders(folder, given.count))
    if given.photos and given.masks:
        compare("photos", network, list(photos(given.photos, given.masks)))


if __name__ == "__main__":
    main()
