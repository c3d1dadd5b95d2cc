from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image, ImageCms

from studio.campaign.brand_kit import MAX_FONT_BYTES, BrandKits, brand_kit, read_logo
from studio.campaign.fonts import Fonts, sized
from studio.errors import InputError
from studio.settings import packaged

FONT = packaged("assets") / "fonts" / "Fraunces-Regular.ttf"


def png(image: Image.Image, icc_profile: bytes | None = None) -> bytes:
    buffer = BytesIO()
    image.save(buffer, "PNG", icc_profile=icc_profile)
    return buffer.getvalue()


def logo(colour: tuple[int, int, int, int] = (10, 120, 60, 255)) -> bytes:
    """A mark with a wide transparent rim."""
    image = Image.new("RGBA", (200, 100), (0, 0, 0, 0))
    image.paste(colour, (50, 40, 150, 60))
    return png(image)


@pytest.fixture
def logo_file(tmp_path: Path) -> Path:
    (tmp_path / "mark.png").write_bytes(logo())
    return tmp_path / "mark.png"


def test_a_kit_is_kept_and_found_again(tmp_path: Path, logo_file: Path) -> None:
    kits = BrandKits(tmp_path)
    kit = brand_kit(name="Ærø & Co", colour="#1F3A5F", style="serif", never=["cheap", " "], logo=logo_file, font=FONT)
    kits.save(kit)
    found = kits.load("ærø & co")
    assert kits.names() == ["Ærø & Co"]
    assert found.words == kit.words and found.words.never == ("cheap",)
    assert found.logo is not None and kit.logo is not None and found.logo.tobytes() == kit.logo.tobytes()
    assert found.font is not None and found.font.read_bytes() == FONT.read_bytes()
    assert found.digest == kit.digest
    assert found.look.colour == (31, 58, 95) and found.look.style == "serif" and found.look.accent is None


def test_a_kit_of_the_same_name_takes_its_place_and_another_does_not(tmp_path: Path, logo_file: Path) -> None:
    kits = BrandKits(tmp_path)
    kits.save(brand_kit(name="One", logo=logo_file))
    kits.save(brand_kit(name="One!"))
    kits.save(brand_kit(name="One", colour="#000000"))
    assert kits.names() == ["One", "One!"] and kits.load("One").logo is None
    kits.delete("One")
    assert kits.names() == ["One!"]
    with pytest.raises(InputError, match=r"no brand kit “One”.*One!"):
        kits.load("One")


def test_a_new_font_is_used_at_once(tmp_path: Path) -> None:
    kits, fonts = BrandKits(tmp_path), Fonts(system=())
    sizes = dict[str, set[float]]()
    for name in ("Fraunces", "Inter", "Fraunces"):
        kits.save(brand_kit(name="One", font=FONT.with_name(f"{name}-Regular.ttf")))
        found = kits.load("One")
        face = fonts.face("Good mornings", own=found.font)
        assert face.path == found.font
        sizes.setdefault(name, set()).add(sized(face, 90).getlength("Good mornings"))
    assert len(sizes["Fraunces"]) == 1 and sizes["Fraunces"].isdisjoint(sizes["Inter"])
    # One that was kept without a hash in its name is found, and keeps its font when the kit is changed.
    path = kits.load("One").font
    assert path is not None
    path.rename(path.with_name("font.ttf"))
    kits.save(replace(kits.load("One"), logo=None))
    kept = kits.load("One").font
    assert kept is not None and kept.read_bytes() == FONT.read_bytes()


def test_words_that_a_brand_never_uses_are_found() -> None:
    kit = brand_kit(name="One", never=["cheap", "billig"])
    assert [flag.word for flag in kit.flags("A CHEAP mug")] == ["cheap"]
    assert kit.flags("A cheaper mug") == [] and brand_kit(name="Two").flags("cheap") == []


def test_a_logo_keeps_its_transparency_and_loses_its_rim() -> None:
    found = read_logo(logo())
    assert found.mode == "RGBA" and found.size == (100, 20) and found.info == {}
    opaque = read_logo(png(Image.new("RGB", (30, 10), "red")))
    assert opaque.getchannel("A").getextrema() == (255, 255)
    assert max(read_logo(png(Image.new("RGBA", (4000, 100), (1, 2, 3, 255)))).size) == 2000


def test_a_logo_s_colours_are_as_its_profile_means_them() -> None:
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]
    swapped = srgb.replace(b"rXYZ", b"____").replace(b"bXYZ", b"rXYZ").replace(b"____", b"bXYZ")  # red is blue
    colours = [
        read_logo(png(image, icc_profile=swapped)).getpixel((15, 5))
        for image in (
            Image.new("RGB", (30, 10), (200, 20, 40)),
            Image.new("RGBA", (30, 10), (200, 20, 40, 255)),
            Image.new("RGBA", (30, 10), (200, 20, 40, 128)),
        )
    ]
    opaque, full, half = colours
    assert opaque == full == (pytest.approx(40, abs=1), 20, pytest.approx(200, abs=1), 255)
    assert half == (*opaque[:3], 128)  # pyright: ignore[reportIndexIssue, reportOptionalSubscript]


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b'<?xml version="1.0"?>\n<!-- made by hand --><svg onload="alert(1)"></svg>', "SVG"),
        (b"  <SVG/>", "SVG"),
        (b"no picture", "not a PNG"),
        (logo()[:-30], "damaged"),
        (png(Image.new("RGBA", (9, 9), (0, 0, 0, 0))), "wholly transparent"),
    ],
)
def test_what_is_no_logo_is_refused(data: bytes, problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        read_logo(data)


def test_what_is_no_font_or_colour_or_name_is_refused(tmp_path: Path) -> None:
    fake = tmp_path / "fake.ttf"
    fake.write_bytes(b"no font")
    large = tmp_path / "large.ttf"
    with large.open("wb") as file:
        file.truncate(MAX_FONT_BYTES + 1)
    for font, problem in (
        (fake, "can't be read"),
        (tmp_path / "no.otf", "can't be read: No such file"),
        (large, r"larger than 20 MB\. Give a TTF or OTF"),
        (Path(__file__), "TTF or OTF"),
    ):
        with pytest.raises(InputError, match=problem):
            brand_kit(name="One", font=font)
    with pytest.raises(InputError, match=r"The logo can't be read: No such file or directory\. Choose another"):
        brand_kit(name="One", logo=tmp_path / "no.png")
    with pytest.raises(InputError, match="not a colour"):
        brand_kit(name="One", accent="blue")
    with pytest.raises(InputError, match="no name"):
        brand_kit(name=" ")
