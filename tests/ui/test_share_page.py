"""Share links over real HTTP, as a stranger meets them."""

import hashlib
import io
import re
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote, urlsplit

import httpx
import pytest
from PIL import Image

from studio import provenance
from studio.errors import InputError
from studio.library import Search
from studio.library.records import utc_now
from studio.library.shares import MAX_IMAGES, TRIES
from studio.request import ADVERT, GenerationRequest
from studio.service import Studio
from studio.settings import Settings
from tests.fakes import FakeBackend
from tests.serving import build_app, serving
from tests.test_request import RECIPE

PROMPT = "a mug <script>alert(1)</script>"


class Refusing(FakeBackend):
    """Draws no dragons."""

    def generate(self, request: GenerationRequest, index: int, watch=None):  # type: ignore[no-untyped-def]
        if "dragon" in request.prompt:
            raise InputError("No dragons.")
        return super().generate(request, index, watch)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Studio, str]]:
    with ExitStack() as stack:
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        patch.setenv("GRADIO_TEMP_DIR", str(tmp_path_factory.mktemp("cache")))
        settings = Settings(data_dir=tmp_path_factory.mktemp("data"), share_url="https://shares.example.com")
        studio = Studio(settings, backends=lambda _: Refusing())
        stack.callback(studio.library.close)
        yield studio, stack.enter_context(serving(build_app(studio, {"127.0.0.1"})))


@pytest.fixture
def studio(running: tuple[Studio, str]) -> Studio:
    return running[0]


@pytest.fixture
def stranger(running: tuple[Studio, str]) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=running[1], timeout=60) as client:
        yield client


@pytest.fixture
def images(studio: Studio) -> list[str]:
    return [image.sha256 for image in studio.generate(GenerationRequest(prompt=PROMPT, count=3))]


def reached(stranger: httpx.Client, page: httpx.Response) -> dict[str, httpx.Response]:
    """Everything that a page links to or shows."""
    links = set(re.findall(r'(?:href|src)="(/[^"#]*)', page.text))
    return {link: stranger.get(link.replace("&amp;", "&")) for link in links}


def test_a_stranger_sees_the_images_and_what_was_written(
    studio: Studio, stranger: httpx.Client, images: list[str]
) -> None:
    number, token = studio.shares.create(images[:2], title="Spring <i>", note="First\nsecond")

    page = stranger.get(f"/s/{token}")

    assert page.status_code == 200
    assert "Spring &lt;i&gt;" in page.text and "<script" not in page.text
    assert all(answer.status_code == 200 for answer in reached(stranger, page).values())
    assert studio.shares.details(number).share.views >= 1
    small = Image.open(io.BytesIO(stranger.get(f"/s/{token}/1.webp").content))
    assert (small.format, small.size) == ("WEBP", (16, 16))
    assert stranger.head(f"/s/{token}").status_code == 200


def test_files_for_strangers_have_the_mark_and_no_prompt(
    studio: Studio, stranger: httpx.Client, images: list[str]
) -> None:
    _, token = studio.shares.create(images)

    alone = stranger.get(f"/s/{token}/0.png")
    with zipfile.ZipFile(io.BytesIO(stranger.get(f"/s/{token}/all.zip").content)) as archive:
        together = [archive.read(name) for name in archive.namelist()]

    assert provenance.without_recipe(together[0]) == provenance.without_recipe(alone.content) and len(together) == 3
    assert alone.headers["content-disposition"] == f'attachment; filename="001-{images[0][:12]}.png"'
    for data in together:
        assert b"trainedAlgorithmicMedia" in data and b"alert(1)" not in data
        signature = studio.signature(data)
        assert signature and signature.state == "intact"
        with pytest.raises(InputError, match="no recipe"):
            provenance.read_recipe(data)


def test_without_leave_to_download_there_are_pictures_to_look_at_only(
    studio: Studio, stranger: httpx.Client, images: list[str]
) -> None:
    _, token = studio.shares.create(images, download=False)

    page = stranger.get(f"/s/{token}")

    assert ".png" not in page.text and ".zip" not in page.text
    assert all(answer.status_code == 200 for answer in reached(stranger, page).values())
    assert stranger.get(f"/s/{token}/0.png").status_code == stranger.get(f"/s/{token}/all.zip").status_code == 404


@pytest.mark.parametrize("number", ["3", "-1", "x", "\u0661", "9" * 4301])
def test_a_number_that_no_picture_has_finds_nothing(
    studio: Studio, stranger: httpx.Client, images: list[str], number: str
) -> None:
    _, token = studio.shares.create(images)

    for name in (f"{number}.png", f"{number}/file", f"{number}.webp"):
        assert stranger.get(f"/s/{token}/{name}").status_code == 404


def test_every_answer_keeps_itself_to_itself(studio: Studio, stranger: httpx.Client, images: list[str]) -> None:
    _, token = studio.shares.create(images, demo=1)
    _, locked = studio.shares.create(images, password="x")
    page = stranger.get(f"/s/{token}")
    answers = [
        page,
        *reached(stranger, page).values(),
        stranger.get("/s/unknown"),
        stranger.get(f"/s/{locked}"),
        stranger.post(f"/s/{locked}", data={"password": "y"}),
        stranger.get(f"/s/{token}/99.webp"),
        stranger.post(f"/s/{token}/demo", data={"prompt": "a mug"}),
        stranger.post(f"/s/{token}/comments", data={"name": "A", "text": "B", "sha256": images[0]}),
        stranger.post(f"/s/{token}/comments", data={"text": "x" * 70_000}),
    ]

    for answer in answers:
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["x-robots-tag"] == "noindex, nofollow, noarchive"
        if answer.headers.get("content-type", "").startswith("text/html"):
            assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert answers[-1].status_code == 413


def test_the_page_is_light(studio: Studio, stranger: httpx.Client) -> None:
    made = studio.generate(GenerationRequest(prompt="a glossy red ceramic mug on a marble counter", count=MAX_IMAGES))
    _, token = studio.shares.create([image.sha256 for image in made], title="x" * 120, note="y" * 2000)

    assert len(stranger.get(f"/s/{token}").content) < 50_000


def test_with_a_password_nothing_is_given_before_it(studio: Studio, stranger: httpx.Client, images: list[str]) -> None:
    _, token = studio.shares.create(images, password="open sesame", demo=1)
    routes = ["", "/0.webp", "/0.webp?large=true", "/0.png", "/0/file", "/all.zip"]

    asked = [stranger.get(f"/s/{token}{route}") for route in routes]
    asked.append(stranger.post(f"/s/{token}/demo", data={"prompt": "a mug"}))
    asked.append(stranger.post(f"/s/{token}/comments", data={"sha256": images[0], "name": "A", "text": "B"}))
    asked.append(stranger.get(f"/s/{token}/0.webp", headers={"Cookie": "unlocked=0"}))
    asked.append(stranger.post(f"/s/{token}", data={"password": "Open sesame"}))
    for answer in asked:
        assert answer.status_code == 401
        assert "og:image" not in answer.text and images[0] not in answer.text

    opened = stranger.post(f"/s/{token}", data={"password": "open sesame"})
    assert (opened.status_code, opened.headers["location"]) == (303, f"/s/{token}")
    assert "HttpOnly" in opened.headers["set-cookie"] and f"Path=/s/{token}" in opened.headers["set-cookie"]
    assert [stranger.get(f"/s/{token}{route}").status_code for route in routes] == [200] * len(routes)
    assert "og:image" not in stranger.get(f"/s/{token}").text


def test_a_guesser_is_stopped_in_plain_words(studio: Studio, stranger: httpx.Client, images: list[str]) -> None:
    _, token = studio.shares.create(images, password="right")

    guesses = [stranger.post(f"/s/{token}", data={"password": "wrong"}) for _ in range(TRIES + 1)]

    assert [guess.status_code for guess in guesses] == [401] * TRIES + [429]
    assert "Too many wrong passwords" in guesses[-1].text


def test_an_ended_link_gives_nothing(
    studio: Studio, stranger: httpx.Client, images: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    number, revoked = studio.shares.create(images)
    _, expired = studio.shares.create(images, days=1)
    _, kept = studio.shares.create(images, days=2)
    studio.shares.revoke(number)
    monkeypatch.setattr(studio.shares, "_now", lambda: utc_now() + timedelta(days=1))

    for token in (revoked, expired, "unknown"):
        for route in ("", "/0.webp", "/0.png", "/0/file", "/all.zip"):
            answer = stranger.get(f"/s/{token}{route}")
            assert answer.status_code == 404 and images[0][:12] not in answer.text
        assert stranger.post(f"/s/{token}", data={"password": "x"}).status_code == 404
    assert stranger.get(f"/s/{kept}").status_code == 200


def test_what_is_said_is_shown_and_mistakes_lose_nothing(
    studio: Studio, stranger: httpx.Client, images: list[str]
) -> None:
    number, token = studio.shares.create(images)
    said = {"sha256": images[1], "name": "Änn <b>", "text": "Lovely <i>", "verdict": "approved"}

    form = stranger.get(f"/s/{token}", params={"about": images[1][:12]})
    assert form.text.count("<form") == 1
    failed = stranger.post(f"/s/{token}/comments", data=said | {"name": ""})
    assert failed.status_code == 400
    assert "Lovely &lt;i&gt;</textarea>" in failed.text and "Your name is missing." in failed.text
    sent = stranger.post(f"/s/{token}/comments", data=said, follow_redirects=True)

    assert "Änn &lt;b&gt;" in sent.text and "Lovely &lt;i&gt;" in sent.text and "Approved" in sent.text
    (comment,) = studio.shares.details(number).comments
    assert (comment.sha256, comment.verdict) == (images[1], "approved")
    form = stranger.get(f"/s/{token}", params={"about": images[0][:12]})
    assert 'value="Änn &lt;b&gt;"' in form.text  # typed once


def test_visitors_may_try_it_so_often(studio: Studio, stranger: httpx.Client, images: list[str]) -> None:
    _, token = studio.shares.create(images, demo=1)
    _, without = studio.shares.create(images)
    before = studio.library.storage().images

    assert "Try it yourself" not in stranger.get(f"/s/{without}").text
    assert stranger.post(f"/s/{without}/demo", data={"prompt": "a mug"}).status_code == 403
    refused = stranger.post(f"/s/{token}/demo", data={"prompt": "a dragon"})
    assert refused.status_code == 400 and "No dragons." in refused.text and "a dragon</textarea>" in refused.text
    drawn = stranger.post(f"/s/{token}/demo", data={"prompt": "a <b>mug"})
    assert drawn.status_code == 200 and 'alt="Drawn: a &lt;b&gt;mug"' in drawn.text
    assert stranger.post(f"/s/{token}/demo", data={"prompt": "a mug"}).status_code == 403
    assert studio.library.storage().images == before  # nothing was kept


def test_the_card_is_a_picture_under_the_links_own_address(
    studio: Studio, stranger: httpx.Client, images: list[str]
) -> None:
    _, token = studio.shares.create(images)

    (card,) = re.findall(r'og:image" content="([^"]+)"', stranger.get(f"/s/{token}").text)
    assert card == f"https://shares.example.com/s/{token}/0.webp"
    assert stranger.get(urlsplit(card).path).headers["content-type"] == "image/webp"


def test_under_the_name_for_strangers_there_is_nothing_but_shares(
    studio: Studio, stranger: httpx.Client, images: list[str]
) -> None:
    _, token = studio.shares.create(images)
    host = {"Host": "shares.example.com"}

    assert stranger.get(f"/s/{token}", headers=host).status_code == 200
    for path in ("/", "/config", "/healthz", f"/files/{images[0]}", "/gradio_api/info", "/gradio_api/queue/data", "/s"):
        assert stranger.get(path, headers=host).status_code == 404
    assert stranger.post("/gradio_api/queue/join", headers=host, json={}).status_code == 404
    assert stranger.get("/", headers={"Host": "evil.example"}).status_code == 403


def test_what_goes_wrong_tells_strangers_nothing(
    studio: Studio, stranger: httpx.Client, images: list[str], tmp_path: Path
) -> None:
    _, token = studio.shares.create(images[:1])
    path = studio.file(images[0])
    assert path
    path.rename(tmp_path / "aside.png")
    gone = stranger.get(f"/s/{token}/0.png")
    database = studio.settings.data_dir / "library.db"
    assert gone.status_code == 404 and str(studio.settings.data_dir) not in gone.text

    studio.library.database.dispose()
    database.rename(tmp_path / "library.db")
    try:
        for left in studio.settings.data_dir.glob("library.db-*"):
            left.rename(tmp_path / left.name)
        broken = stranger.get(f"/s/{token}")
        assert broken.status_code == 503 and str(studio.settings.data_dir) not in broken.text
    finally:
        studio.library.database.dispose()
        for left in studio.settings.data_dir.glob("library.db*"):
            left.unlink()
        for saved in tmp_path.glob("library.db*"):
            saved.rename(studio.settings.data_dir / saved.name)
    assert stranger.get(f"/s/{token}").status_code == 200


@pytest.fixture
def adverts(studio: Studio) -> dict[str, bytes]:
    """Exported files by their hashes, kept with an image each."""
    found: dict[str, bytes] = {}
    for number, name in enumerate(("meta_story/Tasse-für-alle.jpg", "x_post/杯.webp", "x_post/mug.png")):
        image = Image.new("RGB", (90, 160), (40 * number, 90, 120))
        buffer = io.BytesIO()
        image.save(buffer, {"jpg": "JPEG", "webp": "WEBP", "png": "PNG"}[name.rpartition(".")[2]])
        data = buffer.getvalue()
        made = {"file": name, "sha256": hashlib.sha256(data).hexdigest()}
        recipe = replace(RECIPE, kind=ADVERT, prompt="Good mornings", seed=0, parameters=made)
        kept, _ = studio.library.add(provenance.to_png(image, recipe), recipe)
        found[studio.library.add_export(kept, data, name)] = data
    return found


def test_visitors_get_adverts_byte_by_byte_and_approve_those_bytes(
    studio: Studio, stranger: httpx.Client, adverts: dict[str, bytes]
) -> None:
    number, token = studio.shares.create(list(adverts))
    page = stranger.get(f"/s/{token}")
    assert "3 adverts, made with AI" in page.text and "concepts" not in page.text
    assert all(answer.status_code == 200 for answer in reached(stranger, page).values())
    types = {".jpg": "image/jpeg", ".webp": "image/webp", ".png": "image/png"}
    for place, (sha256, data) in enumerate(adverts.items()):
        answer = stranger.get(f"/s/{token}/{place}/file")
        name = studio.shares.details(number).images[place].name
        assert answer.content == data and hashlib.sha256(answer.content).hexdigest() == sha256
        assert answer.headers["content-type"] == types[Path(name).suffix]
        assert answer.headers["content-disposition"] == f"inline; filename*=UTF-8''{quote(Path(name).name)}"
        assert answer.headers["cache-control"] == "no-store" and answer.headers["x-content-type-options"] == "nosniff"
        assert f"SHA-256 {sha256}" in page.text and f'href="/s/{token}/{place}/file"' in page.text
        small = stranger.get(f"/s/{token}/{place}.webp")
        with Image.open(io.BytesIO(small.content)) as shown:
            assert shown.size == (90, 160)
    with zipfile.ZipFile(io.BytesIO(stranger.get(f"/s/{token}/all.zip").content)) as archive:
        packed = {name: archive.read(name) for name in archive.namelist()}
    assert list(packed) == ["meta_story/Tasse-für-alle.jpg", "x_post/杯.webp", "x_post/mug.png"]
    assert list(packed.values()) == list(adverts.values())

    first, second, _ = adverts
    stranger.post(f"/s/{token}/comments", data={"sha256": first, "name": "Ann", "text": "", "verdict": "approved"})
    stranger.post(f"/s/{token}/comments", data={"sha256": second, "name": "Ann", "text": "Dull", "verdict": "rejected"})
    assert {first: "approved", second: "rejected"}.items() <= studio.shares.verdicts().items()
    kept = next(each.sha256 for each in studio.library.find(Search(limit=1000)).images if each.kind == ADVERT)
    refused = stranger.post(
        f"/s/{token}/comments", data={"sha256": kept, "name": "Ann", "text": "", "verdict": "approved"}
    )
    assert refused.status_code == 400  # of the library's own copy, which nobody was shown


def test_an_advert_that_is_not_what_it_was_is_not_given_away(
    studio: Studio, stranger: httpx.Client, adverts: dict[str, bytes]
) -> None:
    number, token = studio.shares.create(list(adverts))
    path = studio.shares.details(number).images[0].path
    path.write_bytes(path.read_bytes()[:-1] + b"\0")
    try:
        assert stranger.get(f"/s/{token}/0/file").status_code == 404
        with zipfile.ZipFile(io.BytesIO(stranger.get(f"/s/{token}/all.zip").content)) as archive:
            assert len(archive.namelist()) == 2
    finally:
        path.write_bytes(next(iter(adverts.values())))


def test_adverts_have_a_password_too_and_needn_t_be_given_away(
    studio: Studio, stranger: httpx.Client, adverts: dict[str, bytes]
) -> None:
    _, locked = studio.shares.create(list(adverts), password="x")
    assert stranger.get(f"/s/{locked}/0/file").status_code == 401
    _, shown = studio.shares.create(list(adverts), download=False)
    page = stranger.get(f"/s/{shown}")
    assert "/file" not in page.text and stranger.get(f"/s/{shown}/0/file").status_code == 404
    assert all(answer.status_code == 200 for answer in reached(stranger, page).values())
