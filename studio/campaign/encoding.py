"""An advert's pixels to a file: its channel's format and size in bytes, marked and signed."""

from __future__ import annotations

from io import BytesIO

from PIL import Image

import studio
from studio import imaging, provenance
from studio.campaign.channels import Channel, Format
from studio.errors import InputError
from studio.signature import Signer

MEDIA_TYPES: dict[Format, str] = {"jpg": "image/jpeg", "png": "image/png", "webp": "image/webp"}
#: JPEG and WebP are written with the first of these that keeps to the channel's bytes. Letters want whole colour
#: (4:4:4), which costs room that small limits don't have.
_QUALITIES = ((92, 0), (86, 0), (80, 2), (70, 2), (58, 2), (45, 2))
_MARKS = 4096  # bytes that marks and signature take at most


def format_of(channel: Channel) -> Format:
    """The format that a channel's files are written in: exact white wants one that keeps every pixel."""
    if channel.background == "white" and "png" in channel.formats:
        return "png"
    return channel.formats[0]


def encoded(image: Image.Image, channel: Channel, *, source: str, signer: Signer) -> tuple[bytes, Format]:
    """The marked and signed file of an advert (RGB), and its format. `source` is IPTC's digital source type.

    Raises InputError where it can't be made as small as the channel wants it.
    """
    kind = format_of(channel)
    packet = provenance.mark(f"adverts {studio.__version__}", source)
    data = _smallest(image, kind, packet, channel.max_bytes - _MARKS)
    if data is None and kind == "png" and "jpg" in channel.formats:
        kind = "jpg"
        data = _smallest(image, kind, packet, channel.max_bytes - _MARKS)
    if data is None:
        raise InputError(
            f"The file can't be made as small as the {channel.max_bytes:,} bytes that {channel.title} takes.",
            "Take a calmer scene, or a layout whose ground is one colour.",
        )
    return signer.sign(data, source, MEDIA_TYPES[kind]), kind


def _smallest(image: Image.Image, kind: Format, packet: str, limit: int) -> bytes | None:
    """The file with the first quality that keeps to `limit` bytes; None where none does."""
    if kind == "png":
        data = imaging.to_png(image, {provenance.XMP_KEY: packet})
        return data if len(data) <= limit else None
    for quality, subsampling in _QUALITIES:
        buffer = BytesIO()
        if kind == "jpg":
            image.save(buffer, "JPEG", quality=quality, subsampling=subsampling, xmp=packet.encode())
        else:
            image.save(buffer, "WEBP", quality=quality, method=3, xmp=packet.encode())
        if buffer.tell() <= limit:
            return buffer.getvalue()
    return None
