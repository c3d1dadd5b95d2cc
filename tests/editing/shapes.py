"""Masks for tests of editing."""

from collections.abc import Sequence

from PIL import Image, ImageDraw

from studio.editing.masks import Box


def rectangles(size: tuple[int, int], boxes: Sequence[Box]) -> Image.Image:
    """A mask of the size (width, height) that is 255 in the boxes; what lies outside the image is cut off."""
    mask = Image.new("L", size)
    draw = ImageDraw.Draw(mask)
    for left, top, right, bottom in boxes:
        if right > left and bottom > top:
            draw.rectangle((left, top, right - 1, bottom - 1), fill=255)
    return mask
