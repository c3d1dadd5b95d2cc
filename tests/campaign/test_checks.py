from dataclasses import replace
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from studio.campaign.advert import Advert, Composer, Words
from studio.campaign.box import Box
from studio.campaign.channels import Channel, load_channels
from studio.campaign.checks import Check, checked
from studio.campaign.encoding import encoded
from studio.campaign.layouts import load_layouts
from studio.provenance import COMPOSITE, DRAWN
from studio.signature import Signer
from tests.campaign.drawn import subject

CHANNELS, LAYOUTS = load_channels().all, load_layouts().all
WORDS = Words(headline="Good mornings", subline="Made for every day", price="€18", cta="Shop now")


def small(name: str, **given: object) -> Channel:
    channel = CHANNELS[name]
    return channel.model_copy(update={"size": tuple(side // 4 for side in channel.size), **given})


def drawn(channel: Channel, layout: str = "above") -> Advert:
    return Composer().draw(subject(), WORDS, LAYOUTS[layout], channel)


def measured(data: bytes, advert: Advert, signer: Signer, source: str = DRAWN) -> dict[str, Check]:
    return {check.name: check for check in checked(data, advert, source=source, verify=signer.verify)}


def missed(data: bytes, advert: Advert, signer: Signer) -> set[str]:
    return {name for name, check in measured(data, advert, signer).items() if not check.passed}


def jpeg(image: Image.Image) -> bytes:
    buffer = BytesIO()
    image.save(buffer, "JPEG", quality=92)
    return buffer.getvalue()


@pytest.mark.parametrize("name", ["meta_feed_square", "meta_story", "pinterest_pin"])
def test_what_the_studio_makes_passes(name: str, signer: Signer) -> None:
    channel = small(name)
    advert = drawn(channel)
    data, _ = encoded(advert.image, channel, source=DRAWN, signer=signer)
    found = measured(data, advert, signer)
    assert all(check.passed for check in found.values())
    assert {
        "size",
        "format",
        "bytes",
        "safe zone",
        "overlap",
        "contrast of the headline",
        "AI mark",
        "signature",
    } <= set(found)


def test_a_packshot_is_white_and_fills_its_frame(signer: Signer) -> None:
    channel = small("google_shopping")
    advert = drawn(channel, "packshot")
    data, kind = encoded(advert.image, channel, source=DRAWN, signer=signer)
    found = measured(data, advert, signer)
    assert kind == "png" and all(check.passed for check in found.values())
    assert found["background"].measured == "255 at worst, 255 on 100.0%"
    spoilt = advert.image.copy()
    spoilt.putpixel((3, 3), (254, 255, 255))
    data, _ = encoded(spoilt, channel, source=DRAWN, signer=signer)
    assert missed(data, advert, signer) == {"background"}
    assert measured(data, advert, signer)["background"].measured.startswith("254 at worst")


def test_too_small_a_product_is_measured_on_its_pixels(signer: Signer) -> None:
    channel = small("google_shopping")
    advert = drawn(channel, "packshot")
    tiny = Image.new("RGB", channel.size, "white")
    tiny.paste((200, 30, 40), (100, 100, 200, 200))
    data, _ = encoded(tiny, channel, source=DRAWN, signer=signer)
    found = measured(data, advert, signer)["fill"]
    assert not found.passed and found.measured == f"{100 / channel.width:.1%}"


def test_what_is_only_said_of_an_unverified_channel_is_advice(signer: Signer) -> None:
    channel = small("taobao_main")
    advert = drawn(channel, "packshot")
    spoilt = Image.new("RGB", channel.size, (250, 250, 250))
    data, _ = encoded(spoilt, channel, source=DRAWN, signer=signer)
    found = measured(data, advert, signer)
    assert not found["background"].passed and found["background"].advice and not found["size"].advice


def test_another_size_format_or_too_many_bytes_are_noticed(signer: Signer) -> None:
    channel = small("meta_feed_square")
    advert = drawn(channel)
    smaller, _ = encoded(advert.image.resize((100, 100)), channel, source=DRAWN, signer=signer)
    assert missed(smaller, advert, signer) == {"size"}
    data, _ = encoded(advert.image, channel, source=DRAWN, signer=signer)
    only_png = replace(advert, channel=channel.model_copy(update={"formats": ("png",), "max_bytes": 1000}))
    assert missed(data, only_png, signer) == {"format", "bytes"}


def test_marks_that_are_gone_or_say_something_else_are_noticed(signer: Signer) -> None:
    channel = small("meta_feed_square")
    advert = drawn(channel)
    data, _ = encoded(advert.image, channel, source=DRAWN, signer=signer)
    assert missed(jpeg(advert.image), advert, signer) == {"AI mark", "signature"}
    other = measured(data, advert, signer, COMPOSITE)["AI mark"]
    assert not other.passed and other.wanted == "compositeWithTrainedAlgorithmicMedia"
    flipped = bytearray(data)
    flipped[-4] ^= 1  # the last of the pixels, before the marker of the end
    found = measured(bytes(flipped), advert, signer)["signature"]
    assert not found.passed and found.measured.startswith("altered")


def test_words_that_can_not_be_read_are_noticed_on_the_pixels(signer: Signer) -> None:
    channel = small("meta_feed_square")
    advert = drawn(channel)
    headline = next(painted for painted in advert.words if painted.setting.role == "headline")
    pixels = np.asarray(advert.image).copy()
    left, top, right, bottom = headline.setting.ink.grown(6).pixels
    part = pixels[top:bottom, left:right]
    letters = np.abs(part.astype(int) - np.array(headline.colour)).max(axis=-1) < 60
    part[~letters] = np.array(headline.colour) // 2 + 60  # a ground that is nearly the letters' colour
    data, _ = encoded(Image.fromarray(pixels), channel, source=DRAWN, signer=signer)
    assert "contrast of the headline" in missed(data, advert, signer)


def test_words_outside_and_on_the_product_are_noticed(signer: Signer) -> None:
    channel = small("meta_story")
    advert = drawn(channel)
    data, _ = encoded(advert.image, channel, source=DRAWN, signer=signer)
    assert advert.product is not None
    headline = advert.words[0]
    on_product = replace(headline, setting=replace(headline.setting, box=advert.product))
    low = Box(left=20, top=channel.height - 60, right=200, bottom=channel.height - 20)  # under the place's own buttons
    outside = replace(headline, setting=replace(headline.setting, box=low))
    assert "overlap" in missed(data, replace(advert, words=(on_product,)), signer)
    assert "safe zone" in missed(data, replace(advert, words=(outside,)), signer)
