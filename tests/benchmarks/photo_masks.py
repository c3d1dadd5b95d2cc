"""Masks for the photos of a catalogue that are trained on, by OpenCV's GrabCut started from what a network found.

Run `python -m tests.benchmarks.photo_masks --data shop --model run/snapshot/product_mask.safetensors`, then train on
with --resume: `shop/masks/` gets a PNG (255 = product) of each photo whose mask the two agree on. On 24 photos with
masks drawn by hand, half-trained, the network alone had an IoU of 0.88, GrabCut from the central box 0.91, both 0.93.
"""

# OpenCV is typed in part.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportMissingTypeStubs=false

from __future__ import annotations

import argparse
import csv
import random
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from studio.models.product_mask import load_product_mask
from tests.benchmarks.product_mask import Mask, Pixels, ours, overlap

SURE = 26, 242  # of 255: below is no product for sure, above is
ROUNDS = 2
AGREE = 0.85  # IoU of both
LEAST, MOST = 0.03, 0.92  # of a photo that can be product


def refined(image: Pixels, found: Mask) -> Mask | None:
    """A mask by GrabCut; None where there is too little to start with, or where it comes to something else."""
    labels = np.where(found > 127, cv2.GC_PR_FGD, cv2.GC_PR_BGD).astype(np.uint8)
    labels[found < SURE[0]], labels[found > SURE[1]] = cv2.GC_BGD, cv2.GC_FGD
    if not 0.01 < (labels % 2 == 1).mean() < 0.99:
        return None
    cv2.setRNGSeed(0)
    models = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.grabCut(image[..., ::-1].copy(), labels, (0, 0, 1, 1), *models, ROUNDS, cv2.GC_INIT_WITH_MASK)
    mask = np.where(labels % 2 == 1, 255, 0).astype(np.uint8)
    mask = np.asarray(cv2.medianBlur(mask, 5), np.uint8)
    return mask if LEAST < (mask > 0).mean() < MOST and overlap(found, mask) > AGREE else None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--model", type=Path, required=True)
    given = parser.parse_args()
    network = load_product_mask(given.model).network
    (given.data / "masks").mkdir(exist_ok=True)
    with (given.data / "catalogue.csv").open(encoding="utf-8", newline="") as file:
        files = [line["file"] for line in csv.DictReader(file) if line["split"] == "train"]
    random.Random(0).shuffle(files)
    kept = 0
    for name in files:
        with Image.open(given.data / name) as photo:
            image = np.asarray(photo.convert("RGB"))
        mask = refined(image, ours(network, image))
        if mask is not None:
            kept += 1
            Image.fromarray(mask).save(given.data / "masks" / Path(name).with_suffix(".png").name)
    print(f"{kept} of {len(files)} photos have a mask now")  # noqa: T201


if __name__ == "__main__":
    main()
