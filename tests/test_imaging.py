import hashlib
import struct
import zlib
from io import BytesIO

import numpy as np
import pytest
import torch
from PIL import Image, ImageCms

from studio import imaging
from studio.errors import InputError


def picture(mode: str = "RGB", size: tuple[int, int] = (6, 4)) -> Image.Image:
    image = Image.new("RGB", size, (200, 24, 30))
    image.putpixel((0, 0), (30, 92, 210))
    return image.convert(mode)


def encoded(image: Image.Image, form: str = "PNG", **options: object) -> bytes:
    buffer = BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


def png_of(width: int, height: int) -> bytes:
    """A PNG whose header claims a size, with hardly any pixels behind it."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b"")
    )


def test_a_tensor_of_whole_values_becomes_just_these() -> None:
    values = torch.randint(0, 256, (3, 5, 7), generator=torch.Generator().manual_seed(0))

    image = imaging.to_pil(values / 127.5 - 1)

    assert (image.mode, image.size) == ("RGB", (7, 5))
    assert np.array_equal(np.asarray(image), values.permute(1, 2, 0).numpy())


def test_values_outside_the_range_are_clamped() -> None:
    image = imaging.to_pil(torch.tensor([-7.0, 0.0, 7.0]).view(3, 1, 1))

    assert image.getpixel((0, 0)) == (0, 128, 255)


def test_the_hash_is_of_pixels_and_size_only() -> None:
    image = picture()
    reread = Image.open(BytesIO(imaging.to_png(image, {"note": "hello"})))

    assert imaging.pixels_sha256(reread) == imaging.pixels_sha256(image)
    assert imaging.pixels_sha256(image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)) != imaging.pixels_sha256(image)
    blank = Image.new("RGB", (2, 3))
    assert imaging.pixels_sha256(blank) != imaging.pixels_sha256(blank.resize((3, 2)))


def test_the_hash_of_a_tall_image_is_that_of_all_its_bytes() -> None:
    image = Image.effect_noise((3, 1000), 100).convert("RGB")

    assert imaging.pixels_sha256(image) == hashlib.sha256(b"RGB 3x1000\n" + image.tobytes()).hexdigest()


def test_max_difference_is_the_worst_channel() -> None:
    other = picture()
    other.putpixel((3, 3), (200, 29, 28))

    assert imaging.max_difference(picture(), picture()) == 0
    assert imaging.max_difference(picture(), other) == 5


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "LA", "P", "1"])
def test_modes_become_rgb(mode: str) -> None:
    decoded = imaging.decode(encoded(picture(mode)))

    assert decoded.mode == "RGB"
    assert imaging.max_difference(decoded, picture(mode).convert("RGB")) == 0


@pytest.mark.parametrize(("form", "mode"), [("JPEG", "RGB"), ("JPEG", "CMYK"), ("WEBP", "RGB")])
def test_other_formats_are_read(form: str, mode: str) -> None:
    decoded = imaging.decode(encoded(Image.new("RGB", (16, 16), (200, 24, 30)).convert(mode), form, quality=95))

    assert imaging.max_difference(decoded, Image.new("RGB", (16, 16), (200, 24, 30))) <= 4


def test_sixteen_bits_are_scaled_and_not_clipped() -> None:
    greys = np.array([[0, 0x4000, 0x80FF, 0xFFFF]], dtype=np.uint16)

    decoded = imaging.decode(encoded(Image.fromarray(greys)))

    assert [decoded.getpixel((x, 0)) for x in range(4)] == [(value, value, value) for value in (0, 64, 128, 255)]


def test_transparency_is_laid_on_white() -> None:
    image = Image.new("RGBA", (1, 1), (255, 0, 0, 51))

    assert imaging.decode(encoded(image)).getpixel((0, 0)) == (255, 204, 204)


@pytest.mark.parametrize("form", imaging.FORMATS)
@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_is_applied_and_metadata_dropped(form: str, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010E] = "canary"
    image = Image.new("RGB", (48, 32), "white")
    image.paste("black", (0, 0, 16, 16))
    data = encoded(image, form, exif=exif, xmp=b"canary", **({} if form == "PNG" else {"quality": 100}))
    assert b"canary" in data

    decoded = imaging.decode(data)

    size, corner = {
        1: ((48, 32), (0, 0)),
        2: ((48, 32), (1, 0)),
        3: ((48, 32), (1, 1)),
        4: ((48, 32), (0, 1)),
        5: ((32, 48), (0, 0)),
        6: ((32, 48), (1, 0)),  # turn a quarter clockwise
        7: ((32, 48), (1, 1)),
        8: ((32, 48), (0, 1)),
    }[orientation]
    assert decoded.size == size
    expected = Image.new("RGB", size, "white")
    place = (corner[0] * (size[0] - 16), corner[1] * (size[1] - 16))
    expected.paste("black", (*place, place[0] + 16, place[1] + 16))
    assert imaging.max_difference(decoded, expected) <= 4
    assert not decoded.info
    for kind in imaging.FORMATS:
        assert b"canary" not in encoded(decoded, kind)


def test_an_embedded_profile_is_converted_and_one_that_does_not_fit_ignored() -> None:
    # Pillow can't make a wide-gamut profile; Lab as the embedded profile of RGB pixels is a bad fit.
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()

    assert imaging.max_difference(imaging.decode(encoded(picture(), icc_profile=srgb)), picture()) <= 1
    assert imaging.max_difference(imaging.decode(encoded(picture(), icc_profile=lab)), picture()) == 0


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"hello", id="text"),
        pytest.param(b"<svg xmlns='http://www.w3.org/2000/svg'/>", id="svg"),
        pytest.param(encoded(picture(), "GIF"), id="gif"),
        pytest.param(encoded(picture(), "TIFF"), id="tiff"),
        pytest.param(encoded(picture(), "PNG")[:40], id="half a header"),
        pytest.param(encoded(picture(size=(64, 64)), "PNG")[:-30], id="truncated png"),
        pytest.param(encoded(picture(size=(64, 64)), "JPEG")[:-100], id="truncated jpeg"),
        pytest.param(encoded(picture(), "WEBP")[:-8], id="truncated webp"),
        pytest.param(png_of(12_000, 12_000), id="144 megapixels"),
        pytest.param(png_of(60_000, 60_000), id="3,600 megapixels"),
        pytest.param(png_of(64, 64), id="pixels missing"),
    ],
)
def test_what_is_not_a_whole_image_is_refused(data: bytes) -> None:
    with pytest.raises(InputError):
        imaging.decode(data)
