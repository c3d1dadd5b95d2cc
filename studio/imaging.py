"""Images at the boundaries: untrusted bytes to PIL, tensors to PIL, PNG bytes, the hash of pixels."""

from __future__ import annotations

import hashlib
import struct
import zlib
from io import BytesIO
from typing import TYPE_CHECKING

from PIL import Image, ImageChops, ImageCms, ImageOps, PngImagePlugin

from studio.errors import InputError
from studio.settings import MAX_PIXELS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor

FORMATS = ("PNG", "JPEG", "WEBP")

_STRIP = 256  # rows that are hashed at once: the bytes of a whole image would be further copies of it

# What Pillow is known to raise on broken, hostile or unfinished files.
_BROKEN = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
    Image.DecompressionBombWarning,
)


def to_pil(image: Tensor) -> Image.Image:
    """A tensor [3, height, width] in -1..1 (clamped) to a PIL RGB image."""
    pixels = ((image.float() + 1) * 127.5).round().clamp(0, 255).byte()
    return Image.fromarray(pixels.permute(1, 2, 0).contiguous().cpu().numpy(), "RGB")


def to_tensor(image: Image.Image) -> Tensor:
    """A PIL RGB image to a float tensor [3, height, width] in -1..1."""
    return _pixels(image).view(image.height, image.width, 3).permute(2, 0, 1).float() / 127.5 - 1


def mask_to_tensor(mask: Image.Image) -> Tensor:
    """A PIL L mask to a float tensor [1, height, width] of 0 and 1; what isn't black is 1."""
    return (_pixels(mask).view(1, mask.height, mask.width) > 0).float()


def mask_to_pil(alpha: Tensor) -> Image.Image:
    """A tensor [1, height, width] in 0..1 to a PIL L mask."""
    return Image.fromarray((alpha[0] * 255).round().clamp(0, 255).byte().cpu().numpy(), "L")


def _pixels(image: Image.Image) -> Tensor:
    import torch

    return torch.frombuffer(bytearray(image.tobytes()), dtype=torch.uint8)


def check_mask(mask: Image.Image, size: tuple[int, int]) -> None:
    """Raises InputError for a mask that isn't of the `size` of its picture."""
    if mask.size != size:
        raise InputError(
            f"The mask has {mask.width} x {mask.height} pixels, the picture {size[0]} x {size[1]}.",
            "Make the mask as large as the picture.",
        )


def pixels_sha256(image: Image.Image) -> str:
    """A hash of what is seen: the size and the RGB values, not the file."""
    digest = hashlib.sha256(f"RGB {image.width}x{image.height}\n".encode())
    for top in range(0, image.height, _STRIP):
        strip = image.crop((0, top, image.width, min(top + _STRIP, image.height)))
        digest.update(strip.convert("RGB").tobytes())
    return digest.hexdigest()


def max_difference(first: Image.Image, second: Image.Image) -> int:
    """The largest difference in any channel of any pixel, 0..255. Both RGB and of one size."""
    extrema = ImageChops.difference(first, second).getextrema()
    return max(int(high) for _, high in extrema)  # type: ignore[misc]


def to_png(image: Image.Image, texts: Mapping[str, str]) -> bytes:
    """PNG bytes with `texts` as iTXt chunks."""
    chunks = PngImagePlugin.PngInfo()
    for key, text in texts.items():
        chunks.add_itxt(key, text)
    buffer = BytesIO()
    image.save(buffer, "PNG", pnginfo=chunks, compress_level=3)
    return buffer.getvalue()


def to_webp(image: Image.Image, side: int) -> bytes:
    """A small WebP to look at: neither side longer than `side` pixels, without metadata."""
    small = image.convert("RGB")
    small.thumbnail((side, side), Image.Resampling.LANCZOS)
    buffer = BytesIO()
    small.save(buffer, "WEBP", quality=85)
    return buffer.getvalue()


def open_header(data: bytes) -> Image.Image:
    """Opens an untrusted PNG, JPEG or WebP without decoding its pixels; raises InputError unless it is one of
    at most 40 megapixels."""
    try:
        image = Image.open(BytesIO(data), formats=FORMATS)
    except _BROKEN as error:
        raise InputError("This file is not a PNG, JPEG or WebP image.", "Choose another file.") from error
    if image.width * image.height > MAX_PIXELS:
        raise InputError(
            f"This image has {image.width} x {image.height} pixels; at most 40 megapixels can be read.",
            "Make it smaller first.",
        )
    return image


def media_type(data: bytes) -> str:
    """The MIME type of an untrusted image; raises InputError as `open_header` does."""
    return Image.MIME[open_header(data).format or ""]


def decode(data: bytes) -> Image.Image:
    """Untrusted image bytes to a fresh 8 bit sRGB image without metadata: first frame, turned as EXIF says.

    Transparency is laid on white. Raises InputError for anything but a whole PNG, JPEG or WebP of at most
    40 megapixels.
    """
    image = open_header(data)
    try:
        # 40 megapixels are 160 MB in Pillow, each time: hence in place, and one copy at most beside what is read.
        ImageOps.exif_transpose(image, in_place=True)
        image = to_srgb(_eight_bit(image), image.info.get("icc_profile"))
        if image.has_transparency_data:
            image = image if image.mode == "RGBA" else image.convert("RGBA")
            fresh = Image.new("RGB", image.size, "white")
            fresh.paste(image, mask=image.getchannel("A"))
        else:
            fresh = image.convert("RGB")  # a copy even of RGB, as what was read holds on to the file's metadata
            fresh.info.clear()
        return fresh
    except _BROKEN as error:
        raise InputError("This image is damaged or incomplete.", "Choose another file, or save it again.") from error


def decode_mask(data: bytes) -> Image.Image:
    """Untrusted image bytes to a fresh mask (L) without metadata: its greys, or its alpha where not all is opaque.

    Raises InputError as `decode` does.
    """
    image = open_header(data)
    try:
        image = ImageOps.exif_transpose(image)
        if image.has_transparency_data:
            alpha = image.convert("RGBA").getchannel("A")
            if alpha.getextrema() != (255, 255):  # many programs write an alpha that says nothing
                return alpha
            image = image.convert("RGB")
        mask = _eight_bit(image).convert("L")
        mask.info.clear()
        return mask
    except _BROKEN as error:
        raise InputError("This mask is damaged or incomplete.", "Choose another file, or save it again.") from error


def _eight_bit(image: Image.Image) -> Image.Image:
    """16 bit greys and palettes to 8 bit channels; Pillow alone would clip 16 bits rather than scale them."""
    if image.mode.startswith("I"):
        return image.convert("I").point(lambda value: value / 256).convert("L")
    if image.mode == "P":
        return image.convert("RGBA" if image.has_transparency_data else "RGB")
    return image


def to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Colours as the embedded profile means them; a profile that doesn't fit the image is ignored."""
    if not profile or image.mode not in ("RGB", "RGBA", "CMYK", "L"):
        return image
    target = "RGBA" if image.mode == "RGBA" else "RGB"
    try:
        srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]
        converted = ImageCms.profileToProfile(
            image, ImageCms.ImageCmsProfile(BytesIO(profile)), srgb, outputMode=target
        )
    except (ImageCms.PyCMSError, OSError):
        return image
    return converted or image
