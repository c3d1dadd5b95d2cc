"""A picture that is being edited: the original stays on the server, the browser paints on a smaller copy."""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageChops

from studio import imaging
from studio.errors import InputError

#: The longer side of what is shown and painted on, in pixels: about as many as there are on a screen.
SHOWN = 1280

_PNG = "data:image/png;base64,"
#: A difference of two masks, of 255, that comes from the way through a browser, and from no brush.
_NOISE = 8


@dataclass(kw_only=True)
class Picture:
    """One picture of an open page, small enough to be kept there: a path, and two compressed images.

    `path` is the file as it was uploaded, or as the library keeps it; `size` that of the decoded picture, `shown`
    (WebP) the copy that people see. `selection` (PNG, L, of the picture's own size) is the mask that was last made on
    the server, None where there is none: finer than what comes back from the page. It alone changes, in place: what
    takes its time would put this picture back over one that came meanwhile.
    """

    path: str
    size: tuple[int, int]
    shown: bytes
    selection: bytes | None = None

    @property
    def shown_size(self) -> tuple[int, int]:
        """Width and height of the copy that people see."""
        return shown_size(self.size)

    @property
    def key(self) -> str:
        """By which the browser knows whose a mask is."""
        return hashlib.sha256(self.shown).hexdigest()[:16]


def open_picture(path: str | Path) -> Picture:
    """Reads a picture that may come from anywhere. Raises InputError as `imaging.decode` does."""
    image = decoded(path)
    return Picture(path=str(path), size=image.size, shown=imaging.to_webp(smaller(image), SHOWN))


def decoded(path: str | Path) -> Image.Image:
    """The picture (RGB) at its own size. Raises InputError where the file is gone or broken."""
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise InputError("This picture is not here any more.", "Choose it again.") from error
    return imaging.decode(data)


def smaller(image: Image.Image, side: int = SHOWN) -> Image.Image:
    """The picture or mask, neither side longer than `side` pixels."""
    size = shown_size(image.size, side)
    if size == image.size:
        return image
    return image.resize(size, Image.Resampling.BOX if image.mode == "L" else Image.Resampling.LANCZOS, reducing_gap=3)


def shown_size(size: tuple[int, int], side: int = SHOWN) -> tuple[int, int]:
    """Width and height of the copy of a picture of that size."""
    scale = min(1.0, side / max(size))
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def read_mask(picture: Picture, drawn: str) -> Image.Image:
    """The mask (L) that was painted in the browser, a PNG in a data URL of the size that was shown; "" is black.

    Raises InputError for anything else.
    """
    if not drawn:
        return Image.new("L", picture.shown_size)
    try:
        data = base64.b64decode(drawn.removeprefix(_PNG).partition("#")[0], validate=True)
    except (binascii.Error, ValueError):
        data = b""
    if not data or imaging.open_header(data).size != picture.shown_size:
        raise InputError("The page is out of step with the studio.", "Reload it.")
    return imaging.decode(data).convert("L")


def full_mask(picture: Picture, drawn: str) -> Image.Image:
    """What was painted, at the picture's own size (L). Where it is still the selection, in the selection's detail.

    Raises InputError as `read_mask` does.
    """
    small = read_mask(picture, drawn)
    if small.size == picture.size:
        return small
    large = small.resize(picture.size, Image.Resampling.BILINEAR)
    if picture.selection is None:
        return large
    selection = selection_of(picture)
    painted = ImageChops.difference(small, smaller(selection)).point([255 * (value > _NOISE) for value in range(256)])
    selection.paste(large, mask=painted.resize(picture.size, Image.Resampling.NEAREST))
    return selection


def select(picture: Picture, mask: Image.Image) -> str:
    """Gives the picture a selection (L, of its own size); what the browser is to show of it."""
    picture.selection = _png(mask)
    return mask_of(picture, smaller(mask))


def selection_of(picture: Picture) -> Image.Image:
    """The mask (L, of the picture's own size) that was last made on the server. Only where there is one."""
    assert picture.selection is not None
    return decoded_bytes(picture.selection)


def decoded_bytes(data: bytes) -> Image.Image:
    """An image that this page compressed itself."""
    image = Image.open(BytesIO(data), formats=("PNG", "WEBP"))
    image.load()
    return image


def mask_url(mask: Image.Image) -> str:
    """A mask as text, as the browser takes it."""
    return _PNG + base64.b64encode(_png(mask)).decode()


def mask_of(picture: Picture, mask: Image.Image) -> str:
    """A mask (L, of the size that is shown) for the browser, which shows it on no other picture."""
    return f"{mask_url(mask)}#{picture.key}"


def side_by_side(before: Image.Image, after: Image.Image) -> tuple[Image.Image, Image.Image]:
    """Smaller copies of one size, for a slider between them. A picture of another shape lies in the middle, on grey."""
    after = smaller(after)
    before = smaller(before)
    if before.size == after.size:
        return before, after
    scale = min(after.width / before.width, after.height / before.height)
    inner = (max(1, round(before.width * scale)), max(1, round(before.height * scale)))
    canvas = Image.new("RGB", after.size, "#d8d3ca")
    canvas.paste(before.resize(inner), ((after.width - inner[0]) // 2, (after.height - inner[1]) // 2))
    return canvas, after


def _png(mask: Image.Image) -> bytes:
    buffer = BytesIO()
    mask.save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()
