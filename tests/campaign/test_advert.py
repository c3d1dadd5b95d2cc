import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from studio.campaign.advert import Advert, Composer, Look, Words
from studio.campaign.channels import Channel, load_channels
from studio.campaign.colours import CONTRAST, contrast, contrast_of, luminance, luminances
from studio.campaign.fonts import Fonts
from studio.campaign.layouts import load_layouts
from studio.campaign.subject import Subject
from studio.errors import InputError
from tests.campaign.drawn import product, subject

CHANNELS, LAYOUTS = load_channels().all, load_layouts()
WORDS = Words(
    headline="Good mornings start in your hands", subline="Made for every day", price="€18.90", cta="Shop now"
)
SENTENCES = {
    "en": "Good mornings start in your own hands with a mug that is made for every single day of the year",
    "de": "Der Morgen beginnt in deiner Hand mit der Lieblingstasse aus Steinzeugkeramik für jeden einzelnen Tag",
    "ru": "Доброе утро начинается с любимой кружки которая сделана для каждого дня вашей жизни и работы",
    "ar": "الكوب الذي يجعل صباحك أجمل في كل يوم من أيام السنة مع السيراميك الأحمر اللامع",
    "he": "הכוס שהופכת כל בוקר ליפה יותר בכל יום בשנה עם קרמיקה אדומה מבריקה",
}
CHINESE = {
    "zh": "红色陶瓷马克杯，让每一个早晨都更加美好，光亮釉面手感细腻经久耐用",
    "ja": "毎日の朝をもっと素敵にするマグカップ、手になじむ陶器",
}


def small(channel: Channel, side: int = 320) -> Channel:
    """A channel with the same shape and fewer pixels, which are quicker to draw."""
    scale = min(1.0, side / max(channel.size))
    width, height = (max(16, round(each * scale)) for each in channel.size)
    return channel.model_copy(update={"size": (width, height)})


def random_words(generator: random.Random, languages: dict[str, str]) -> Words:
    language = generator.choice(sorted(languages))
    units = languages[language] if language in CHINESE else languages[language].split()

    def some(most: int) -> str:
        count = generator.randint(1, min(most, len(units)))
        start = generator.randrange(len(units) - count + 1)
        return (("" if language in CHINESE else " ").join(units[start : start + count])).strip("，、") or "马"

    few = 3 if language not in CHINESE else 6
    return Words(
        language=language,
        headline=some(4 * few),
        subline=some(5 * few) if generator.random() < 0.7 else "",
        price=generator.choice(["", "24 €", "¥199", "€1,249.00"]),
        cta=some(few) if generator.random() < 0.7 else "",
        disclaimer=some(4 * few) if generator.random() < 0.2 else "",
    )


def check(advert: Advert) -> None:
    """Nothing overflows, nothing lies on the product or on anything else, all can be read."""
    whole = advert.channel.frame
    assert advert.image.size == advert.channel.size and advert.mask is not None and advert.product is not None
    assert advert.product.within(whole, tolerance=1)
    boxes = [painted.setting.box for painted in advert.words]
    for painted in advert.words:
        assert painted.setting.box.within(whole, tolerance=1)
        assert all(line.ink.within(whole, tolerance=1) for line in painted.setting.lines)
        assert advert.mask.crop(painted.setting.box.pixels).getbbox() is None
        if painted.plate is not None:
            assert contrast(painted.colour, painted.plate) >= CONTRAST
    assert not any(one.overlaps(other) for index, one in enumerate(boxes) for other in boxes[:index])
    pixels = np.asarray(advert.image)
    for painted in advert.words:
        if painted.plate is None:  # what is right beside the letters, on the picture
            left, top, right, bottom = painted.setting.ink.grown(2).pixels
            rim = [pixels[top : top + 1, left:right], pixels[bottom - 1 : bottom, left:right]]
            behind = np.concatenate([luminances(row).ravel() for row in rim])
            low, high = np.percentile(behind, (5, 95))
            own = luminance(painted.colour)
            assert min(contrast_of(own, low), contrast_of(own, high)) >= CONTRAST - 0.25


@pytest.mark.parametrize("part", range(4))
def test_a_thousand_random_adverts_are_in_order(part: int) -> None:
    """250 combinations of picture, layout, channel, language and length; too long words are refused, and counted."""
    generator = random.Random(part)
    pictures = []
    for seed in range(6):
        left, top = generator.randint(5, 80), generator.randint(5, 70)
        box = (left, top, left + generator.randint(20, 75), top + generator.randint(20, 85))
        image, mask = product(box=box, seed=seed)
        if seed % 2:  # darker, and with more contrast
            image = Image.eval(image, lambda value: max(0, 2 * value - 190))
        pictures.append(Subject(image, mask))
    composer = Composer(fonts=Fonts(system=()), look=Look(name="Nordlys"))
    channels = [small(each) for each in CHANNELS.values() if each.words and each.kind != "logo"]
    refused = 0
    for _ in range(250):
        channel = generator.choice(channels)
        layouts = LAYOUTS.for_channel(channel, list(LAYOUTS.all))
        layout = generator.choice([each for each in layouts if each.words])
        try:
            check(composer.draw(generator.choice(pictures), random_words(generator, SENTENCES), layout, channel))
        except InputError as error:
            assert "no room" in str(error) or "can't be read" in str(error)
            refused += 1
    assert refused < 250 / 3  # long words in small banners: the rest is drawn


def test_chinese_and_japanese_are_in_order_too() -> None:
    generator = random.Random(9)
    composer = Composer()
    try:
        composer.fonts.face("杯のコ", language="ja")
    except InputError:
        pytest.skip("no Chinese font on this computer")
    channels = [small(each) for each in CHANNELS.values() if each.words and each.kind == "ad"]
    for _ in range(25):
        channel = generator.choice(channels)
        layout = generator.choice([each for each in LAYOUTS.for_channel(channel, list(LAYOUTS.all)) if each.words])
        try:
            check(composer.draw(subject(), random_words(generator, CHINESE), layout, channel))
        except InputError as error:
            assert "no room" in str(error)


def test_arabic_is_laid_out_in_a_mirror() -> None:
    channel, layout = small(CHANNELS["google_ads_landscape"]), LAYOUTS.all["beside"]
    latin = Composer().draw(subject(), WORDS, layout, channel)
    arabic = Composer().draw(subject(), replace(WORDS, language="ar", headline="الكوب الأحمر"), layout, channel)
    assert latin.product is not None and arabic.product is not None
    assert latin.product.left > latin.words[0].setting.box.right
    assert arabic.product.right < arabic.words[0].setting.box.left


@pytest.mark.parametrize("name", ["beside", "block_beside", "clean_beside"])
def test_a_logo_and_a_price_stand_where_the_words_begin(name: str) -> None:
    channel, look = small(CHANNELS["google_ads_landscape"]), Look(logo=Image.new("RGBA", (20, 20), (10, 120, 60, 255)))
    hebrew = replace(WORDS, language="he", headline="הכוס האדומה", subline="", cta="", price="24 ₪")
    for words, edge in ((replace(WORDS, subline="", cta=""), "left"), (hebrew, "right")):
        found = Composer(look=look).draw(subject(), words, LAYOUTS.all[name], channel)
        headline, price = (painted.setting.box for painted in found.words)
        assert found.logo is not None
        assert getattr(found.logo, edge) == pytest.approx(getattr(headline, edge), abs=4)
        assert getattr(price, edge) == pytest.approx(getattr(headline, edge), abs=3)


def test_busy_and_middling_pictures_get_a_scrim_that_leaves_the_product_alone() -> None:
    image, mask = product()
    stripes = np.asarray(image).copy()
    outside = np.asarray(mask) == 0
    stripes[:, ::2][outside[:, ::2]] = (90, 90, 90)
    stripes[:, 1::2][outside[:, 1::2]] = (165, 165, 165)
    found = Composer().draw(
        Subject(Image.fromarray(stripes), mask), WORDS, LAYOUTS.all["above"], small(CHANNELS["meta_feed_square"])
    )
    check(found)
    assert found.mask is not None and found.product is not None
    plain = Composer().draw(
        Subject(Image.fromarray(stripes), mask), WORDS, LAYOUTS.all["product"], small(CHANNELS["meta_feed_square"])
    )
    assert plain.words == ()


def test_a_brand_gives_its_colours_its_logo_and_its_font() -> None:
    logo = Image.new("RGBA", (80, 20), (10, 120, 60, 255))
    font = next(path for path in Path("assets/fonts").glob("Fraunces-Regular.ttf"))
    look = Look(name="Nordlys", colour=(31, 58, 95), accent=(200, 85, 61), logo=logo, font=font)
    channel = small(CHANNELS["google_ads_landscape"])
    found = Composer(look=look).draw(subject(), WORDS, LAYOUTS.all["block_beside"], channel)
    check(found)
    assert found.image.getpixel((2, channel.height // 2)) == (31, 58, 95)
    assert found.logo is not None
    x, y = int(found.logo.left + found.logo.right) // 2, int(found.logo.top + found.logo.bottom) // 2
    assert found.image.getpixel((x, y)) == (10, 120, 60)
    assert {painted.setting.face.path for painted in found.words} == {font}
    button = next(painted for painted in found.words if painted.setting.role == "cta")
    assert button.plate == (200, 85, 61)


def test_without_a_logo_the_brands_name_is_set() -> None:
    found = Composer(look=Look(name="Nordlys")).draw(
        subject(), WORDS, LAYOUTS.all["beside"], small(CHANNELS["google_ads_landscape"])
    )
    assert [painted.setting.lines[0].text for painted in found.words if painted.setting.role == "brand"] == ["Nordlys"]


def test_a_logo_that_would_not_be_seen_gets_a_plate() -> None:
    channel = CHANNELS["google_ads_logo_wide"]
    white = Look(logo=Image.new("RGBA", (300, 60), (255, 255, 255, 255)))
    found = Composer(look=white).draw(None, Words(), LAYOUTS.all["logo"], channel)
    assert found.logo is not None and found.mask is None
    assert found.image.getpixel((int(found.logo.left) - 4, 150)) == (17, 17, 17)
    with pytest.raises(InputError, match="the brand has none"):
        Composer().draw(None, Words(), LAYOUTS.all["logo"], channel)


def test_channels_without_words_show_none_and_others_want_a_headline() -> None:
    quiet = Composer().draw(subject(), WORDS, LAYOUTS.all["product"], small(CHANNELS["amazon_sponsored_brands"]))
    assert quiet.words == () and quiet.logo is None
    with pytest.raises(InputError, match="no headline"):
        Composer().draw(subject(), Words(), LAYOUTS.all["above"], small(CHANNELS["meta_feed_square"]))


def test_a_small_picture_and_one_that_is_cut_off_are_noted() -> None:
    cut = Subject(*product(box=(0, 40, 60, 130)))
    notes = Composer().draw(cut, WORDS, LAYOUTS.all["above"], CHANNELS["meta_feed_square"]).notes
    assert any("cuts the product off" in note for note in notes) and any("times as large" in note for note in notes)


def test_the_same_is_drawn_again_pixel_by_pixel() -> None:
    channel = small(CHANNELS["meta_story"])
    first, second = (Composer().draw(subject(), WORDS, LAYOUTS.all["clean_above"], channel) for _ in range(2))
    assert first.image.tobytes() == second.image.tobytes()


def test_small_print_stands_at_the_foot_or_else_among_the_words() -> None:
    channel = CHANNELS["meta_feed_square"]
    words = replace(WORDS, disclaimer="Offer ends 30 June. While stocks last.")
    found = Composer().draw(subject(), words, LAYOUTS.all["above"], channel)
    check(found)
    assert found.product is not None
    (small_print,) = [each.setting for each in found.words if each.setting.role == "disclaimer"]
    assert small_print.box.top > found.product.bottom
    long = replace(WORDS, disclaimer="Terms and conditions of this offer apply to all orders. " * 5)
    found = Composer().draw(subject(), long, LAYOUTS.all["above"], channel)
    check(found)
    assert found.product is not None
    (small_print,) = [each.setting for each in found.words if each.setting.role == "disclaimer"]
    assert small_print.box.bottom <= found.product.top


@pytest.mark.parametrize("name", ["meta_feed_square", "meta_story", "google_ads_landscape", "x_post"])
def test_words_can_be_read_on_a_telephone(name: str) -> None:
    channel = CHANNELS[name]
    words = replace(WORDS, disclaimer="Offer ends 30 June. While stocks last.")
    layout = LAYOUTS.for_channel(channel)[0]
    found = Composer(look=Look(name="Nordlys")).draw(subject(), words, layout, channel)
    side = (channel.width * channel.height) ** 0.5
    sizes = {each.setting.role: each.setting.size / side for each in found.words}
    assert set(sizes) == {"headline", "subline", "price", "cta", "disclaimer", "brand"}
    assert min(size for role, size in sizes.items() if role != "disclaimer") > 0.025
    assert sizes["disclaimer"] > 0.017 and sizes["headline"] > 0.05
    assert sizes["brand"] < 0.6 * sizes["headline"]


def test_a_button_is_not_dark_on_dark() -> None:
    look = Look(colour=(90, 30, 36))  # its accent is too near to it
    found = Composer(look=look).draw(
        subject(), WORDS, LAYOUTS.all["block_beside"], small(CHANNELS["google_ads_landscape"])
    )
    button = next(painted for painted in found.words if painted.setting.role == "cta")
    assert button.plate is not None and contrast(button.plate, (90, 30, 36)) >= 2.5
