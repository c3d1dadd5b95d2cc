from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
from PIL import Image, ImageChops, ImageDraw, ImageFilter

from studio import imaging, provenance
from studio.errors import InputError
from studio.request import EnhanceRequest, InpaintRequest, OutpaintRequest, Request, RestyleRequest, SavedImage
from studio.service import Studio
from studio.settings import Settings
from tests.fakes import FakeBackend, FakeRetoucher


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    settings = Settings(data_dir=tmp_path, backend="fake")
    return Studio(settings, backends=lambda _: FakeBackend(), retoucher=FakeRetoucher())


@pytest.fixture
def photo() -> Image.Image:
    return Image.effect_noise((90, 70), 80).convert("RGB")


def hole(size: tuple[int, int], box: tuple[int, int, int, int], soft: float = 0) -> Image.Image:
    mask = Image.new("L", size)
    ImageDraw.Draw(mask).rectangle(box, fill=255)
    return mask.filter(ImageFilter.GaussianBlur(soft)) if soft else mask


def edited(studio: Studio, request: Request) -> SavedImage:
    (image,) = studio.generate(request)
    return image


def differs(first: Image.Image, second: Image.Image, where: Image.Image) -> bool:
    """Whether two images differ anywhere where the mask isn't 0."""
    difference = ImageChops.difference(first, second)
    difference.paste(0, mask=where.point([255] + 255 * [0]))
    return difference.getbbox() is not None


@pytest.mark.parametrize("soft", [0, 3])
def test_inpainting_changes_what_the_mask_covers_and_not_a_bit_beside_it(
    studio: Studio, photo: Image.Image, soft: float
) -> None:
    mask = hole(photo.size, (30, 20, 50, 40), soft)

    image = edited(studio, InpaintRequest(image=photo, mask=mask, prompt="a handle", seed=5))

    outside = mask.point([255] + 255 * [0])
    assert not differs(image.image, photo, outside)
    assert differs(image.image, photo, mask)
    assert image.recipe.parameters["proof"]["largest"] == 0  # type: ignore[index]
    assert (image.recipe.kind, image.recipe.dimensions, image.recipe.size) == ("inpaint", (90, 70), 90)


def test_variants_have_the_next_seeds_and_stand_alone(studio: Studio, photo: Image.Image) -> None:
    mask = hole(photo.size, (30, 20, 50, 40))

    first, second = studio.generate(InpaintRequest(image=photo, mask=mask, seed=5, count=2))
    alone = edited(studio, InpaintRequest(image=photo, mask=mask, seed=6))

    assert imaging.pixels_sha256(second.image) == imaging.pixels_sha256(alone.image)
    assert imaging.pixels_sha256(first.image) != imaging.pixels_sha256(second.image)


def test_outpainting_keeps_the_picture_in_the_middle(studio: Studio, photo: Image.Image) -> None:
    image = edited(studio, OutpaintRequest(image=photo, aspect=(2, 1)))

    assert image.image.width == pytest.approx(2 * image.image.height, abs=2)
    left = (image.image.width - photo.width) // 2
    assert image.image.crop((left, 0, left + photo.width, photo.height)).tobytes() == photo.tobytes()


@pytest.mark.parametrize("keep", ["product", "shape"])
def test_restyling_keeps_what_is_to_be_kept(studio: Studio, photo: Image.Image, keep: Any) -> None:
    image = edited(studio, RestyleRequest(image=photo, prompt="blue", keep=keep))

    product = FakeRetoucher().product_mask(photo)
    outside = product.point(list(range(255, -1, -1)))
    kept, changed = (product, outside) if keep == "product" else (outside, product)
    assert not differs(image.image, photo, kept)
    assert differs(image.image, photo, changed)
    assert image.recipe.parameters["proof"]["largest"] == 0  # type: ignore[index]


def test_the_mask_that_somebody_gives_is_the_one_that_counts(studio: Studio, photo: Image.Image) -> None:
    mine = hole(photo.size, (0, 0, 10, 10))

    image = edited(studio, RestyleRequest(image=photo, prompt="blue", keep="shape", mask=mine))

    assert not differs(image.image, photo, mine.point(list(range(255, -1, -1))))


def test_an_edit_is_drawn_again_from_its_file(studio: Studio, photo: Image.Image) -> None:
    mask = hole(photo.size, (30, 20, 50, 40), 2)
    requests = (
        InpaintRequest(image=photo, mask=mask, prompt="a handle", seed=5, count=2),
        OutpaintRequest(image=photo, aspect=(1, 1), seed=5),
        RestyleRequest(image=photo, prompt="blue", keep="shape", strength=0.5, mask=mask, reference=photo.rotate(90)),
    )
    for request in requests:
        image = studio.generate(request)[-1]

        recipe, verdict = studio.recipe(image.path)

        assert verdict.outcome == "exact", verdict.reason
        assert recipe == image.recipe


def test_without_its_source_an_edit_is_not_drawn_again(studio: Studio, photo: Image.Image) -> None:
    image = edited(studio, InpaintRequest(image=photo, mask=hole(photo.size, (30, 20, 50, 40))))
    studio.library.delete([image.recipe.sources["image"]])
    studio.library.empty_trash()

    _, verdict = studio.recipe(image.path)

    assert (verdict.outcome, verdict.intact) == ("not_reproducible", True)
    assert "not here" in verdict.reason


def test_a_photo_is_kept_once_without_a_mark_and_known_again(studio: Studio, photo: Image.Image) -> None:
    first = edited(studio, InpaintRequest(image=photo, mask=hole(photo.size, (30, 20, 50, 40))))
    second = edited(studio, InpaintRequest(image=photo, mask=hole(photo.size, (10, 20, 50, 40))))

    assert first.recipe.sources["image"] == second.recipe.sources["image"]
    kept = studio.file(first.recipe.sources["image"])
    assert kept is not None
    with Image.open(kept) as file:
        assert provenance.XMP_KEY not in file.info
    assert (first.recipe.origin, provenance.source_type(first.recipe)) == ("photo", provenance.COMPOSITE)
    _, verdict = studio.recipe(kept)
    assert (verdict.outcome, verdict.intact) == ("not_reproducible", True)
    assert studio.library.storage().images == 3


def test_what_was_drawn_stays_known_as_drawn(studio: Studio) -> None:
    from studio.request import GenerationRequest

    drawn = edited(studio, GenerationRequest(prompt="a mug", count=1, size=32))

    image = edited(studio, InpaintRequest(image=drawn.image, mask=hole((32, 32), (8, 8, 20, 20))))

    assert image.recipe.sources["image"] == drawn.sha256
    assert (image.recipe.origin, provenance.source_type(image.recipe)) == ("drawn", provenance.DRAWN)


def test_another_colour_is_no_longer_the_photographed_product(studio: Studio, photo: Image.Image) -> None:
    shape = edited(studio, RestyleRequest(image=photo, prompt="blue", keep="shape"))
    again = edited(studio, RestyleRequest(image=shape.image, prompt="a beach", keep="product"))
    scene = edited(studio, RestyleRequest(image=photo, prompt="a beach", keep="product"))

    assert (shape.recipe.origin, again.recipe.origin, scene.recipe.origin) == ("altered", "altered", "photo")


def test_strangers_get_neither_prompt_nor_mask(studio: Studio, photo: Image.Image) -> None:
    mask = hole(photo.size, (30, 20, 50, 40))
    image = edited(studio, InpaintRequest(image=photo, mask=mask, prompt="a secret handle"))

    public = studio.public_png(image.path)

    assert b"secret" not in public
    assert provenance.MASK_KEY.encode() not in public
    assert provenance.COMPOSITE.encode() in public
    signature = studio.signature(public)
    assert signature is not None and signature.state == "intact"


def test_an_improvement_is_no_drawing_and_drawn_again(studio: Studio, photo: Image.Image) -> None:
    plain = edited(studio, EnhanceRequest(image=photo, settings={"exposure": 0.5, "aspect": [1, 1]}))
    large = edited(studio, EnhanceRequest(image=photo, settings={"white_background": 1.0}, upscale=2))

    assert plain.image.width == plain.image.height
    assert (plain.recipe.backend, provenance.source_type(plain.recipe)) == ("retoucher", provenance.ENHANCED)
    assert (large.image.size, provenance.source_type(large.recipe)) == ((180, 140), provenance.COMPOSITE)
    assert large.image.getpixel((0, 0)) == (255, 255, 255)
    for image in (plain, large):
        assert studio.recipe(image.path)[1].outcome == "exact"


class Greying(FakeRetoucher):
    """Makes pictures larger and a little darker, as a network may."""

    def upscale(self, image: Image.Image, factor: int) -> Image.Image:
        return super().upscale(image, factor).point([max(0, value - 1) for value in range(256)] * 3)


def test_what_is_made_white_is_white_when_it_is_made_larger(tmp_path: Path, photo: Image.Image) -> None:
    settings = Settings(data_dir=tmp_path, backend="fake")
    studio = Studio(settings, backends=lambda _: FakeBackend(), retoucher=Greying())
    white = {"white_background": 1.0, "aspect": [1, 1]}
    large = edited(studio, EnhanceRequest(image=photo, settings=white, upscale=2))
    product = edited(studio, EnhanceRequest(image=photo, settings={"aspect": [1, 1]}, upscale=2))

    assert large.image.crop((0, 0, 20, 140)).getextrema() == ((255, 255),) * 3
    middle = (large.image.width // 2, large.image.height // 2)
    assert large.image.getpixel(middle) == product.image.getpixel(middle)
    assert studio.recipe(large.path)[1].outcome == "exact"


@pytest.mark.parametrize(
    ("request_of", "said"),
    [
        (lambda photo: InpaintRequest(image=photo, mask=Image.new("L", photo.size)), "covers nothing"),
        (lambda photo: InpaintRequest(image=photo, mask=Image.new("L", photo.size, 255)), "covers the whole"),
        (lambda photo: InpaintRequest(image=photo, mask=Image.new("L", (5, 5), 255)), "The mask has 5 x 5"),
        (lambda photo: InpaintRequest(image=photo.resize((1, 1)), mask=Image.new("L", (1, 1), 255)), "1 x 1"),
        (lambda photo: OutpaintRequest(image=photo, aspect=(0, 1)), "aspect can't be 0:1"),
        (lambda photo: OutpaintRequest(image=photo, aspect=(1000, 1)), "too long"),
        (lambda photo: RestyleRequest(image=photo, prompt=" "), "Nothing is said"),
        (lambda photo: EnhanceRequest(image=photo, settings={"glitter": 1}), "no improvement 'glitter'"),
        (lambda photo: EnhanceRequest(image=photo, settings={"exposure": 9}), "Exposure can't be 9"),
        (lambda photo: EnhanceRequest(image=photo, upscale=3), "can't be made 3 times"),
        (lambda photo: RestyleRequest(image=photo, prompt="blue", strength=2), "strength can't be 2"),
        (lambda photo: RestyleRequest(image=photo, prompt="blue", keep=cast("Any", "all")), "can't keep 'all'"),
    ],
)
def test_bad_edits_are_refused_in_plain_words(studio: Studio, photo: Image.Image, request_of: Any, said: str) -> None:
    with pytest.raises(InputError, match=said):
        studio.generate(request_of(photo))

    assert studio.library.storage().images == 0


def test_a_strength_is_refused_where_the_model_takes_none(tmp_path: Path, photo: Image.Image) -> None:
    unbending = FakeBackend(strength=False)
    studio = Studio(Settings(data_dir=tmp_path), backends=lambda _: unbending, retoucher=FakeRetoucher())
    asked = RestyleRequest(image=photo, prompt="blue", keep="nothing", seed=1)

    with pytest.raises(InputError, match="how strongly"):
        studio.generate(replace(asked, strength=0.5))
    assert edited(studio, asked).recipe.parameters["strength"] == 1.0
