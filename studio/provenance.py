"""What travels inside a PNG: the recipe, and the mark by which other programs know that AI made the image."""

from __future__ import annotations

import re
import struct
from base64 import b64decode, b64encode
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from studio import imaging
from studio.errors import InputError
from studio.request import PHOTO, EnhanceRequest, Recipe

if TYPE_CHECKING:
    from PIL import Image

KEY = "studio-recipe"  # keyword of the iTXt chunk
MASK_KEY = "studio-mask"  # of the one with the mask of an edit, a PNG in base64
MAX_RECIPE_BYTES = 64 * 1024

_SIGNATURE = b"caBX"  # the chunk with Content Credentials (C2PA 2.2, A.3.2), which hold for the whole file alone

XMP_KEY = "XML:com.adobe.xmp"  # keyword of the iTXt chunk, as XMP Specification Part 3 has it
SYSTEM = "Product image studio"

#: An XMP packet (ISO 16684-1) with properties of the IPTC Photo Metadata Standard 2025.1. The prompt stays out of it:
#: other programs show these fields and carry them on.
_XMP = """\
<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about="" xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/">
   <Iptc4xmpExt:DigitalSourceType>{source}</Iptc4xmpExt:DigitalSourceType>
   <Iptc4xmpExt:AISystemUsed>{system}</Iptc4xmpExt:AISystemUsed>
   <Iptc4xmpExt:AISystemVersionUsed>{version}</Iptc4xmpExt:AISystemVersionUsed>
  </rdf:Description>
 </rdf:RDF>
</x:xmpmeta>
<?xpacket end="r"?>"""
#: https://cv.iptc.org/newscodes/digitalsourcetype/ says what each means.
_SOURCES = "http://cv.iptc.org/newscodes/digitalsourcetype/"
DRAWN = _SOURCES + "trainedAlgorithmicMedia"
COMPOSITE = _SOURCES + "compositeWithTrainedAlgorithmicMedia"
ENHANCED = _SOURCES + "algorithmicallyEnhanced"
_NOT_IN_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # XML 1.0, production 2


def to_png(image: Image.Image, recipe: Recipe, mask: Image.Image | None = None) -> bytes:
    """PNG bytes of `image` with its recipe, the mask (L) that its edit was given, and the mark inside.

    A photo that was uploaded gets no mark, as nothing was made of it yet.
    """
    texts = {KEY: recipe.to_json()}
    if recipe.kind != PHOTO:
        texts[XMP_KEY] = xmp(recipe)
    if mask is not None:
        texts[MASK_KEY] = b64encode(imaging.to_png(mask, {})).decode()
    return imaging.to_png(image, texts)


def source_type(recipe: Recipe) -> str:
    """What IPTC and C2PA call the way in which the image came about."""
    if recipe.origin == "drawn":
        return DRAWN
    made_larger = recipe.parameters.get("upscale", 1) != 1  # by a network that was trained
    return ENHANCED if recipe.kind == EnhanceRequest.kind and not made_larger else COMPOSITE


def xmp(recipe: Recipe) -> str:
    """The mark: what part AI had in the image, with which program, and with which model."""
    return mark(f"{recipe.model} {recipe.model_sha256[:12]}", source_type(recipe))


def mark(version: str, source: str) -> str:
    """The XMP packet: `version` is of the system that made the image, `source` one of IPTC's digital source types."""
    return _XMP.format(source=source, system=SYSTEM, version=escape(_NOT_IN_XML.sub("\ufffd", version)))


def without_recipe(png: bytes) -> bytes:
    """A PNG as the studio made it, for strangers: the same pixels and the mark, without prompt, settings and signature.

    The file is taken apart into its chunks (PNG Specification, 5.3: length, type, data, CRC) and nothing is encoded
    again.
    """
    parts = [png[:8]]
    start = 8
    while start < len(png):
        (length,) = struct.unpack_from(">I", png, start)
        chunk = png[start : start + 12 + length]
        is_ours = chunk[4:8] == b"iTXt" and chunk[8:].startswith((KEY.encode() + b"\0", MASK_KEY.encode() + b"\0"))
        if not is_ours and chunk[4:8] != _SIGNATURE:
            parts.append(chunk)
        start += len(chunk)
    return b"".join(parts)


def read_recipe(data: bytes) -> Recipe:
    """The recipe in an untrusted file; raises InputError where there is none or it is damaged."""
    text = imaging.open_header(data).info.get(KEY)
    if not isinstance(text, str):
        raise InputError(
            "There is no recipe in this file.",
            "Only a PNG as the studio saved it has one; many programs drop it when they save an image again.",
        )
    if len(text) > MAX_RECIPE_BYTES:
        raise InputError("The recipe in this file is too long to be one of the studio's.")
    return Recipe.from_json(text)


def read_mask(data: bytes) -> Image.Image | None:
    """The mask (L) in an untrusted file; None where there is none. Raises InputError where it is damaged."""
    text = imaging.open_header(data).info.get(MASK_KEY)
    if not isinstance(text, str):
        return None
    try:
        return imaging.decode_mask(b64decode(text, validate=True))
    except ValueError as error:
        raise InputError("The mask in this file is damaged.", "Use the file as the studio saved it.") from error
