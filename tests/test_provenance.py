from dataclasses import replace
from io import BytesIO

import pytest
from PIL import Image

from studio import imaging, provenance
from studio.errors import InputError
from tests.test_request import RECIPE


def test_the_recipe_travels_in_the_png() -> None:
    image = Image.new("RGB", (8, 8), "teal")

    data = provenance.to_png(image, RECIPE)

    assert provenance.read_recipe(data) == RECIPE
    assert imaging.max_difference(imaging.decode(data), image) == 0
    assert Image.open(BytesIO(data)).text == {"studio-recipe": RECIPE.to_json()}  # type: ignore[attr-defined]


def test_a_long_prompt_fits() -> None:
    recipe = replace(RECIPE, prompt="红" * 1000)

    assert provenance.read_recipe(provenance.to_png(Image.new("RGB", (8, 8)), recipe)) == recipe


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"no image", id="no image"),
        pytest.param(imaging.to_png(Image.new("RGB", (8, 8)), {}), id="no recipe"),
        pytest.param(imaging.to_png(Image.new("RGB", (8, 8)), {"studio-recipe": "{"}), id="damaged"),
        pytest.param(imaging.to_png(Image.new("RGB", (8, 8)), {"studio-recipe": " " * 70_000 + "{}"}), id="too long"),
    ],
)
def test_no_readable_recipe_is_an_error_in_plain_words(data: bytes) -> None:
    with pytest.raises(InputError):
        provenance.read_recipe(data)


def test_a_compressed_bomb_in_the_text_is_refused() -> None:
    from PIL import PngImagePlugin

    chunks = PngImagePlugin.PngInfo()
    chunks.add_itxt("studio-recipe", "[" * 50_000_000, zip=True)
    buffer = BytesIO()
    Image.new("RGB", (8, 8)).save(buffer, "PNG", pnginfo=chunks)

    with pytest.raises(InputError):
        provenance.read_recipe(buffer.getvalue())
