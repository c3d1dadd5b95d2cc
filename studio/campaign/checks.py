"""Checks of a finished advert against its channel, measured on the bytes that are exported."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from io import BytesIO

import numpy as np
from PIL import Image, ImageFilter

from studio.campaign.advert import Advert, Painted
from studio.campaign.box import Box
from studio.campaign.channels import Channel
from studio.campaign.colours import CONTRAST, contrast, contrast_of, luminance, luminances
from studio.signature import Signature

_ENDINGS = {"JPEG": "jpg", "PNG": "png", "WEBP": "webp"}
#: JPEG codes blocks of 8 pixels, with half the colour in 16: so far from a product, white is white.
_FRINGE = {"PNG": 2, "JPEG": 16, "WEBP": 16}
_SOURCE = re.compile(rb"<Iptc4xmpExt:DigitalSourceType>([^<]+)</Iptc4xmpExt:DigitalSourceType>")
#: Of the pixels around letters so many may be grain, a ringing of JPEG or the letters' own soft edge.
_PERCENTILES = (2, 98)
_NEAR_LETTERS = 3  # pixels: the soft edge of letters and what JPEG makes of it
_WHITE = 250


@dataclass(frozen=True, kw_only=True)
class Check:
    """One check: what is asked, what was measured. Where `advice` is true a miss is worth knowing and no failure."""

    name: str
    passed: bool
    wanted: str
    measured: str
    advice: bool = False

    def __str__(self) -> str:
        return f"{self.name}: {self.measured} instead of {self.wanted}"


def checked(
    data: bytes, advert: Advert, *, source: str, verify: Callable[[bytes, str], Signature | None]
) -> list[Check]:
    """Measures a file. `source` is the digital source type that its marks have to name; `verify` reads its signature.

    The size, the format, the colours and the marks are those of the bytes; where product and words are is known from
    the composition.
    """
    channel = advert.channel
    image = Image.open(BytesIO(data), formats=tuple(_ENDINGS))
    kind = image.format or ""
    pixels = image.convert("RGB")
    found = [
        _check(
            "size", image.size == channel.size, f"{channel.width} x {channel.height}", "{} x {}".format(*image.size)
        ),
        _check("format", _ENDINGS[kind] in channel.formats, " or ".join(channel.formats), _ENDINGS[kind]),
        _check("bytes", len(data) <= channel.max_bytes, f"at most {channel.max_bytes:,}", f"{len(data):,}"),
    ]
    if image.size != channel.size:
        return found + _marks(image, data, source, verify)  # nothing is where it should be
    if channel.background == "white" and advert.mask is not None:
        found.append(_white(pixels, advert.mask, kind))
    if channel.fill is not None and advert.product is not None:
        found.append(_fill(pixels, advert.product, channel))
    found += _places(advert)
    found += [_contrast(pixels, painted) for painted in advert.words]
    found += _marks(image, data, source, verify)
    if channel.evidence != "unverified":
        return found
    own = {"background", "fill", "bytes", "format"}  # what is only said of this channel
    return [replace(check, advice=True) if check.name in own else check for check in found]


def _check(name: str, passed: bool, wanted: str, measured: str) -> Check:
    return Check(name=name, passed=passed, wanted=wanted, measured=measured)


def _white(pixels: Image.Image, mask: Image.Image, kind: str) -> Check:
    """Whether all that isn't product is exactly 255 in every channel."""
    fringe = _FRINGE[kind]
    grown = mask.point([255 if value else 0 for value in range(256)])
    small = grown.reduce(4) if min(grown.size) >= 64 else grown  # a coarse outline does, and is quick
    small = small.point([255 if value else 0 for value in range(256)])
    scale = grown.width / small.width
    size = int(fringe / scale + 1) * 2 + 1
    outside = ~np.asarray(small.filter(ImageFilter.MaxFilter(size)).resize(grown.size, Image.Resampling.NEAREST), bool)
    values = np.asarray(pixels).min(axis=-1)[outside]
    worst = int(values.min()) if len(values) else 255
    share = float((values == 255).mean()) if len(values) else 1.0
    return _check("background", worst == 255, "255 all over", f"{worst} at worst, 255 on {share:.1%}")


def _fill(pixels: Image.Image, product: Box, channel: Channel) -> Check:
    """How much of the frame the product takes: by its pixels on white, by its mask elsewhere."""
    assert channel.fill is not None
    box = product
    if channel.background == "white":
        dark = Image.eval(pixels.convert("L"), lambda value: 255 if value < _WHITE else 0).getbbox()
        if dark:
            box = Box(left=dark[0], top=dark[1], right=dark[2], bottom=dark[3])
    share = max(box.width / channel.width, box.height / channel.height)
    least, most = channel.fill.least, channel.fill.most
    wanted = f"{least:.0%} to {most:.0%}" if most < 1 else f"at least {least:.0%}"
    return _check("fill", least - 0.005 <= share <= most + 0.005, wanted, f"{share:.1%}")


def _places(advert: Advert) -> list[Check]:
    """Whether all is where nothing covers it, and the words are not on the product."""
    safe = advert.channel.safe
    boxes = {f"the {painted.setting.role}": painted.setting.box for painted in advert.words}
    everything = dict(boxes)
    if advert.product is not None:
        everything["the product"] = advert.product
    if advert.logo is not None:
        everything["the logo"] = advert.logo
    out = [name for name, box in everything.items() if not box.within(safe, tolerance=1)]
    found = [_check("safe zone", not out, "all inside", f"{', '.join(out)} outside" if out else "all inside")]
    if advert.mask is not None and boxes:
        over = [name for name, box in boxes.items() if advert.mask.crop(box.pixels).getbbox() is not None]
        found.append(_check("overlap", not over, "none", f"{', '.join(over)} over the product" if over else "none"))
    return found


def _contrast(pixels: Image.Image, painted: Painted) -> Check:
    """The contrast of an element's letters with the pixels around them, both as they are in the file."""
    setting = painted.setting
    lowest = 21.0
    for line in setting.lines:
        part = np.asarray(pixels.crop(line.ink.grown(2).pixels))
        own = luminance(painted.colour)
        seen = luminances(part).ravel()
        if painted.plate is not None:
            lowest = min(lowest, contrast(painted.colour, painted.plate))
            continue
        letters = np.abs(part.astype(np.int16) - np.array(painted.colour, dtype=np.int16)).max(axis=-1) < 90
        near = np.asarray(Image.fromarray(letters).convert("L").filter(ImageFilter.BoxBlur(_NEAR_LETTERS)), bool)
        behind = seen[~near.ravel()]
        if len(behind) < 16:
            behind = luminances(np.asarray(_around(pixels, setting.box))).ravel()
        low, high = np.percentile(behind, _PERCENTILES)
        lowest = min(lowest, contrast_of(own, float(low)), contrast_of(own, float(high)))
    name = f"contrast of the {setting.role}"
    return _check(name, lowest >= CONTRAST, f"at least {CONTRAST}", f"{lowest:.2f}")


def _around(pixels: Image.Image, box: Box) -> Image.Image:
    left, top, right, _ = box.grown(4).pixels
    return pixels.crop((max(0, left), max(0, top), min(pixels.width, right), max(1, min(pixels.height, top + 4))))


def _marks(
    image: Image.Image, data: bytes, source: str, verify: Callable[[bytes, str], Signature | None]
) -> list[Check]:
    """Whether the mark of AI images and the signature are there and valid."""
    packet = image.info.get("xmp") or image.info.get("XML:com.adobe.xmp") or b""
    named = _SOURCE.search(packet.encode() if isinstance(packet, str) else packet)
    said = named[1].decode(errors="replace") if named else "none"
    signature = verify(data, Image.MIME[image.format or ""])
    state = "none" if signature is None else f"{signature.state}{'' if signature.own else ', not by this installation'}"
    valid = signature is not None and signature.state == "intact" and signature.own
    return [
        _check("AI mark", said == source, source.rpartition("/")[2], said.rpartition("/")[2]),
        _check("signature", valid, "intact", state),
    ]
