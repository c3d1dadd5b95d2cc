"""The endpoint `/campaign` through gradio_client, and the files of adverts."""

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image

from studio import imaging
from studio.service import Studio
from studio.settings import Settings
from tests.fakes import FakeBackend, FakeRetoucher
from tests.serving import connected

#: A small channel, so that adverts are made at once.
SQUARE = "google_large_rectangle"


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    made = Studio(
        Settings(data_dir=tmp_path_factory.mktemp("data")),
        backends=lambda _: FakeBackend(),
        retoucher=FakeRetoucher(),
    )
    yield made
    made.library.close()


@pytest.fixture(scope="module")
def client(studio: Studio, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    with connected(studio, tmp_path_factory) as client:
        yield client


def test_adverts_of_a_description_come_as_a_zip(client: Client, studio: Studio) -> None:
    packed, told = client.predict(
        description="a red ceramic mug", headline="Morning, sorted", channels=[SQUARE], api_name="/campaign"
    )

    (advert,) = told["adverts"]
    assert told["failed"] == 0 and (advert["status"], advert["width"], advert["height"]) == ("ok", 336, 280)
    with zipfile.ZipFile(packed) as archive:
        data = archive.read(advert["file"])
        (row,) = json.loads(archive.read("manifest.json"))["adverts"]
        assert {"manifest.csv", "report.html"} < set(archive.namelist())
    assert imaging.decode(data).size == (336, 280) and row["sha256"] == advert["sha256"]

    # The page shows the same file, whole and small, and nothing else of the folder.
    (number,) = [path.parent.name for path in (studio.settings.data_dir / "campaigns").glob("*/request.json")]
    whole = httpx.get(f"{client.src}adverts/{number}/{advert['file']}")
    small = httpx.get(f"{client.src}adverts/{number}/{advert['file']}/small")
    assert whole.content == data and whole.headers["content-type"] == "image/jpeg"
    assert small.headers["content-type"] == "image/webp" and small.headers["x-content-type-options"] == "nosniff"
    for other in (
        "..%2f..%2fsign.png",
        f"{SQUARE}/..%2f..%2frequest.json",
        f"{SQUARE}/.hidden.jpg",
        f"{SQUARE}/no.jpg",
    ):
        assert httpx.get(f"{client.src}adverts/{number}/{other}").status_code in (404, 422)


def test_an_image_and_a_table_are_products_too(client: Client, tmp_path: Path) -> None:
    Image.linear_gradient("L").resize((64, 48)).convert("RGB").save(tmp_path / "mug.png")
    _, of_image = client.predict(
        image=handle_file(tmp_path / "mug.png"), name="Harbour mug", channels=[SQUARE], api_name="/campaign"
    )
    (tmp_path / "products.csv").write_text("sku,description\nM1,a red mug\n,a mug\n", encoding="utf-8")
    _, of_table = client.predict(table=handle_file(tmp_path / "products.csv"), channels=[SQUARE], api_name="/campaign")

    packed, priced = client.predict(
        description="a red ceramic mug", price="$24", languages=["de"], channels=[SQUARE], api_name="/campaign"
    )
    with zipfile.ZipFile(packed) as archive:
        (row,) = json.loads(archive.read("manifest.json"))["adverts"]
    said = row["recipe"]["words"]
    assert priced["failed"] == 0 and said["headline"] and (said["language"], said["price"]) == ("de", "$24")

    assert [row["status"] for row in of_image["adverts"]] == ["ok"]
    assert [row["status"] for row in of_table["adverts"]] == ["failed", "ok"]
    assert "line 3: The sku is empty." in of_table["adverts"][0]["problems"][0]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "The product is given in one way."),
        ({"description": "a mug", "channels": ["nowhere"]}, "There is no channel “nowhere”."),
        ({"description": "a mug", "brand": "../../etc"}, "There is no brand kit"),
        ({"description": "a mug", "seed": -1}, "The seed must be a whole number."),
        ({"description": "a mug", "variants": 1000}, "There can&#x27;t be 1000 variants."),
        ({"description": "a mug", "tones": ["rude"]}, "There is no tone “rude”."),
        ({"image": {"path": "/etc/passwd"}}, "There is no picture."),
        ({"table": {"path": "/etc/passwd"}}, "There is no picture."),
        ({"table": {"path": "products.csv"}, "price": "$24"}, "The words of a table's products stand in it."),
    ],
)
def test_what_can_t_be_made_is_said_in_words(client: Client, given: dict[str, Any], words: str) -> None:
    with pytest.raises(AppError) as caught:
        client.predict(**given, api_name="/campaign")

    assert words.replace("&#x27;", "'") in str(caught.value).replace("&#x27;", "'")
