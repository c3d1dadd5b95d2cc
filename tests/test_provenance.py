from dataclasses import replace
from io import BytesIO
from xml.etree import ElementTree

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
    texts = Image.open(BytesIO(data)).text  # type: ignore[attr-defined]
    assert texts == {"studio-recipe": RECIPE.to_json(), "XML:com.adobe.xmp": provenance.xmp(RECIPE)}


def properties(data: bytes) -> dict[str, str | None]:
    """The properties in the XMP packet of a PNG."""
    packet = Image.open(BytesIO(data)).info["xmp"]
    (description,) = ElementTree.fromstring(packet).iter("{http://www.w3.org/1999/02/22-rdf-syntax-ns#}Description")
    return {element.tag: element.text for element in description}


def test_the_mark_says_that_ai_made_it_and_nothing_of_the_prompt() -> None:
    data = provenance.to_png(Image.new("RGB", (8, 8)), RECIPE)

    iptc = "{http://iptc.org/std/Iptc4xmpExt/2008-02-29/}"
    assert properties(data) == {
        f"{iptc}DigitalSourceType": "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia",
        f"{iptc}AISystemUsed": "Product image studio",
        f"{iptc}AISystemVersionUsed": "tiny abababababab",
    }
    packet = Image.open(BytesIO(data)).info["xmp"].decode()
    assert packet.startswith('<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>')
    for word in ("Becher", "红色", "mug", "prompt", "seed"):
        assert word not in packet


def test_strangers_get_the_pixels_and_the_mark_alone() -> None:
    image = Image.effect_noise((64, 64), 50).convert("RGB")

    data = provenance.without_recipe(provenance.to_png(image, RECIPE))

    assert imaging.max_difference(imaging.decode(data), image) == 0
    assert Image.open(BytesIO(data)).text == {"XML:com.adobe.xmp": provenance.xmp(RECIPE)}  # type: ignore[attr-defined]
    for secret in (RECIPE.prompt.encode(), str(RECIPE.seed).encode(), b"studio-recipe"):
        assert secret not in data


@pytest.mark.parametrize(
    ("model", "said"),
    [
        ("<b>&\"'</b>", "<b>&\"'</b>"),
        ("]]></x:xmpmeta>", "]]></x:xmpmeta>"),
        ("{version} 红", "{version} 红"),
        ("a\x00b\x1f\ufffe🎉", "a\ufffdb\ufffd\ufffd🎉"),
    ],
)
def test_any_name_of_a_model_is_well_formed(model: str, said: str) -> None:
    recipe = replace(RECIPE, model=model)

    data = provenance.to_png(Image.new("RGB", (8, 8)), recipe)

    assert f"{said} abababababab" in properties(data).values()
    assert provenance.read_recipe(data) == recipe


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
