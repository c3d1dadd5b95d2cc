"""Segment Anything (Kirillov et al. 2023): a box and clicks, and what is meant by them. It is larger than the embedded
network, and used where somebody names one."""

# transformers is typed in part.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import torch
from PIL import Image
from safetensors import SafetensorError
from torch import Tensor
from transformers import AutoConfig, SamConfig, SamModel, SamProcessor

from .errors import SnapshotError
from .hub import folder_of, quietly

CALLED = "model for product masks"
WEIGHTS = "model.safetensors"

#: Pixels: left, top, right, bottom.
Box = tuple[float, float, float, float]
Point = tuple[float, float]


class SegmentAnything:
    """One model, in float32 on the CPU. Its look at a picture takes seconds, and is kept for the clicks that follow."""

    def __init__(self, processor: SamProcessor, model: SamModel, sha256: str) -> None:
        self._processor, self._model, self.sha256 = processor, model.eval().requires_grad_(False), sha256
        self._seen: tuple[str, Tensor] = ("", torch.empty(0))  # the hash of a picture, and what the model saw in it

    @classmethod
    def load(cls, source: str) -> SegmentAnything:
        """Loads a folder as transformers writes it, or a hub name with its commit (`NAME@` and 40 hex digits), such as
        facebook/sam-vit-base.

        Raises:
            SnapshotError: it is missing, broken, not in safetensors, or of another class.
        """
        folder = folder_of(source, called=CALLED)
        try:
            with quietly():
                if not isinstance(AutoConfig.from_pretrained(folder, local_files_only=True), SamConfig):
                    raise SnapshotError(f"The {CALLED} in {folder} is not one of Segment Anything (SamModel).")
                processor = SamProcessor.from_pretrained(folder, local_files_only=True)
                model = SamModel.from_pretrained(
                    folder, local_files_only=True, use_safetensors=True, dtype=torch.float32
                )
            with (folder / WEIGHTS).open("rb") as file:
                sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
            raise SnapshotError(f"The {CALLED} in {folder} can't be read: {error}") from error
        return cls(processor, model, sha256)

    @torch.inference_mode()
    def mask(
        self, image: Image.Image, box: Box, include: Sequence[Point] = (), exclude: Sequence[Point] = ()
    ) -> Tensor:
        """How sure it is of every pixel, [1, h, w] in 0..1, over a picture (RGB) that it looks at in a smaller size.

        Box and points in pixels of the picture; points are on what is meant, or beside it.
        """
        points = [*include, *exclude]
        asked: dict[str, object] = {"input_boxes": [[list(box)]]}
        if points:
            asked["input_points"] = [[[list(point) for point in points]]]
            asked["input_labels"] = [[[1] * len(include) + [0] * len(exclude)]]
        given = self._processor(image, return_tensors="pt", **asked)  # pyright: ignore[reportCallIssue]
        prompts = {name: given[name].float() for name in ("input_boxes", "input_points") if name in given}
        if points:
            prompts["input_labels"] = given["input_labels"]
        found = self._model(
            image_embeddings=self._look(given["pixel_values"]), multimask_output=False, **prompts
        ).pred_masks[0, 0]
        # What it sees is a square, whose right or lower part is no picture.
        square = given["pixel_values"].shape[-1]
        sides: list[int] = given["reshaped_input_sizes"][0].tolist()
        height, width = (max(1, round(side * found.shape[-1] / square)) for side in sides)
        return found[:, :height, :width].sigmoid()

    def _look(self, pixels: Tensor) -> Tensor:
        key = hashlib.sha256(pixels.numpy().tobytes()).hexdigest()
        if key != self._seen[0]:
            self._seen = key, self._model.get_image_embeddings(pixels)
        return self._seen[1]
