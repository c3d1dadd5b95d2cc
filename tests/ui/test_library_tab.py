"""What the handlers of the tab say, without a browser."""

import csv
import io
import json
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gradio as gr
import pytest
from PIL import Image
from sqlalchemy import update

from studio import imaging
from studio.backends.base import Capabilities
from studio.errors import InputError
from studio.library.records import ImageRecord
from studio.library.shares import NoSuchShare
from studio.request import GenerationRequest
from studio.service import Studio
from studio.settings import Settings
from studio.ui import library_tab
from studio.ui.advert_runs import Runs
from studio.ui.create_tab import CreateTab
from studio.ui.library_markup import size
from studio.ui.library_tab import (
    ANY_COLOUR,
    ANY_PROJECT,
    ANY_TAG,
    ANY_TIME,
    ANY_WAY,
    EVERYTHING,
    NEWEST,
    NO_PROJECT,
    OLDEST,
    STARRED,
    TRASH,
    chosen,
    on_archive,
    on_compare,
    on_delete,
    on_dissolve,
    on_empty,
    on_find,
    on_forget,
    on_kinds,
    on_links,
    on_look,
    on_more,
    on_move,
    on_picture,
    on_public,
    on_restore,
    on_revoke,
    on_share,
    on_show_link,
    on_similar,
    on_star,
    on_tag,
    on_undo,
    on_unstar,
    on_untag,
    on_use,
)
from studio.ui.privacy_tab import on_wipe
from tests.fakes import FakeBackend

FILTERS: dict[str, Any] = {
    "words": "",
    "like": None,
    "colour": ANY_COLOUR,
    "project": ANY_PROJECT,
    "tag": ANY_TAG,
    "when": ANY_TIME,
    "how": ANY_WAY,
    "sort": NEWEST,
    "which": EVERYTHING,
}
HERE: Any = SimpleNamespace(headers={"host": "127.0.0.1:7860"})


@pytest.fixture
def studio(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Studio]:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "cache"))
    made = Studio(Settings(data_dir=tmp_path / "data"), backends=lambda _: FakeBackend())
    yield made
    made.library.close()


def made(studio: Studio, prompt: str, count: int = 1) -> list[str]:
    return [image.sha256 for image in studio.generate(GenerationRequest(prompt=prompt, count=count, seed=7))]


def find(studio: Studio, page: int = 0, /, **filters: Any) -> tuple[Any, ...]:
    return on_find(studio, page, *(FILTERS | filters).values())


def shown(studio: Studio, **filters: Any) -> str:
    return find(studio, **filters)[0]


def tick(*images: str) -> str:
    return json.dumps(images)


def test_what_was_made_is_shown_and_escaped(studio: Studio) -> None:
    assert "Nothing was made yet" in shown(studio)
    (mug,) = made(studio, "a mug <script>")

    html = shown(studio)
    assert f'src="/thumbs/{mug}"' in html and "a mug &lt;script&gt;" in html and "<script" not in html
    assert "1 image" in find(studio)[1]


def test_filters_narrow_it_down(studio: Studio) -> None:
    (mug,), (bag,) = made(studio, "a mug"), made(studio, "a bag")
    on_star(studio, tick(mug))
    on_tag(studio, tick(bag), "Sale")
    on_move(studio, tick(bag), "Client")

    with studio.library.database.begin() as connection:  # the mug was made long ago, by another backend
        longer_ago = {"created": datetime(2020, 1, 1), "backend": "other"}
        connection.execute(update(ImageRecord).where(ImageRecord.sha256 == mug).values(longer_ago))

    cases: list[tuple[dict[str, str], str, str]] = [
        ({"words": "MUG"}, mug, bag),
        ({"when": "Last 7 days"}, bag, mug),
        ({"how": "generate other"}, mug, bag),
        ({"how": "generate fake"}, bag, mug),
        ({"which": STARRED}, mug, bag),
        ({"tag": "sale"}, bag, mug),
        ({"project": "Client"}, bag, mug),
    ]
    for filters, found, not_found in cases:
        html = shown(studio, **filters)
        assert found in html and not_found not in html
    assert shown(studio, words="dragon") == '<p class="nothing">Nothing was found.</p>'
    html = shown(studio, sort=OLDEST)
    assert html.index(mug) < html.index(bag)

    on_unstar(studio, tick(mug))
    on_untag(studio, tick(bag), "sale")
    on_move(studio, tick(bag), NO_PROJECT)
    for filters in ({"which": STARRED}, {"project": "Client"}):
        assert "Nothing was found." in shown(studio, **filters)
    ways = on_kinds(studio, "generate other")
    assert ways.visible and ("Drawn (other)", "generate other") in ways.choices and ways.value == "generate other"
    studio.library.delete([mug])
    studio.library.empty_trash()
    ways = on_kinds(studio, "generate other")
    assert not ways.visible and ways.value == ANY_WAY


def test_a_tag_or_a_project_that_is_gone_narrows_nothing_any_more(studio: Studio) -> None:
    (mug,) = made(studio, "a mug")
    on_tag(studio, tick(mug), "draft")
    on_move(studio, tick(mug), "Client")
    chosen = {"project": "Client", "tag": "draft"}
    for filter_ in find(studio, **chosen)[4:6]:
        assert "value" not in filter_.constructor_args  # it stays

    on_untag(studio, tick(mug), "draft")
    on_dissolve(studio, "Client")
    html, *_ = found = find(studio, **chosen)
    assert mug in html
    assert [each.constructor_args.get("value") for each in found[4:6]] == [ANY_PROJECT, ANY_TAG]


def test_a_project_goes_and_its_images_stay(studio: Studio) -> None:
    (mug,) = made(studio, "a mug")
    on_move(studio, tick(mug), "Client")

    assert on_dissolve(studio, "Client") == NO_PROJECT
    assert studio.library.projects() == []
    assert mug in shown(studio)
    with pytest.raises(gr.Error, match="no such project"):
        on_dissolve(studio, NO_PROJECT)


def test_other_words_with_the_same_meaning_find_it_too(studio: Studio) -> None:
    bag, watch = made(studio, "a navy leather handbag on a table")[0], made(studio, "a wrist watch on a table")[0]

    html, said, *_ = find(studio, words="purse")
    assert f"{html}{watch}".index(watch) > html.index(bag) and "No image has these words" in said
    html, said, *_ = find(studio, words="timepiece")
    assert f"{html}{bag}".index(bag) > html.index(watch) and "the nearest first" in said
    assert "No image" not in find(studio, words="watch")[1]
    assert "Nothing was found" in shown(studio, words="quarterly tax return")
    assert "The trash is empty" in shown(studio, words="purse", which=TRASH)


def test_what_looks_like_a_picture(studio: Studio, tmp_path: Path) -> None:
    images = made(studio, "a mug", 6)
    path = studio.file(images[2])
    assert path

    like, said, row, page = on_similar(studio, images[2])
    html, about, *_ = find(studio, like=like, words="ignored")
    assert all(image in html for image in images) and html.index(images[2]) == min(html.index(each) for each in images)
    assert "the nearest first" in about and "the image that is open" in said and row.visible and page == 0
    photo = tmp_path / "photo.jpg"
    with Image.open(path) as image:
        image.save(photo, quality=95)
    like, said, *_ = on_picture(studio, str(photo))
    assert images[2] in shown(studio, like=like) and "the picture that you chose" in said
    photo.write_bytes(b"no picture")
    with pytest.raises(gr.Error, match="not a PNG, JPEG or WebP"):
        on_picture(studio, str(photo))
    with pytest.raises(gr.Error, match="not in the library"):
        on_similar(studio, "0" * 64)


def test_files_for_the_public_have_no_prompt(studio: Studio) -> None:
    images = made(studio, "a hushhush mug", 2)

    with zipfile.ZipFile(on_public(studio, tick(*images)).value["path"]) as archive:
        assert archive.namelist() == ["000.png", "001.png"]
        files = [archive.read(name) for name in archive.namelist()]
    assert all(b"hushhush" not in data for data in files)
    for data, sha256 in zip(files, images, strict=True):
        record, signature = studio.library.recipe(sha256), studio.signature(data)
        assert record and imaging.pixels_sha256(imaging.decode(data)) == record.pixels_sha256
        assert signature and signature.state == "intact"


def test_pages_stop_at_both_ends(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(library_tab, "PAGE", 2)
    made(studio, "a mug", 3)

    pages = {page: find(studio, page) for page in (-1, 0, 1, 9)}
    assert [page[0].count("<img") for page in pages.values()] == [2, 2, 1, 1]
    assert [page[7] for page in pages.values()][2:] == [1, 1]
    assert [(page[2].interactive, page[3].interactive) for page in pages.values()][1:3] == [
        (False, True),
        (True, False),
    ]
    assert "1 to 2 of 3 images" in pages[0][1] and "3 to 3 of 3 images" in pages[1][1]


def test_what_is_deleted_comes_back(studio: Studio) -> None:
    mug, bag = made(studio, "a mug", 2)
    deleted, undo = on_delete(studio, tick(mug, bag))

    assert deleted == [mug, bag] and undo.value == "Undo: bring back 2 images"
    assert "Nothing was made yet" in shown(studio) and mug in shown(studio, which=TRASH)
    assert on_undo(studio, deleted)[0] == []
    assert mug in shown(studio)
    on_delete(studio, tick(mug, bag))
    on_restore(studio, tick(mug))
    assert mug in shown(studio) and bag not in shown(studio)
    on_empty(studio, False)
    assert bag in shown(studio, which=TRASH)
    assert "1 image deleted for good." in on_empty(studio, True)
    assert "The trash is empty." in shown(studio, which=TRASH)


def test_an_archive_says_what_is_in_it(studio: Studio) -> None:
    mug, bag = made(studio, "a mug")[0], made(studio, "=HYPERLINK(1)")[0]
    on_tag(studio, tick(mug), "sale")
    path = on_archive(studio, tick(bag, mug)).value["path"]

    with zipfile.ZipFile(path) as archive:
        assert sorted(archive.namelist()) == ["000-7.png", "001-7.png", "manifest.csv"]
        rows = list(csv.DictReader(io.StringIO(archive.read("manifest.csv").decode("utf-8-sig"))))
        kept = studio.file(mug)
        assert kept and archive.read("001-7.png") == kept.read_bytes()
    assert [(row["sha256"], row["prompt"], row["tags"]) for row in rows] == [
        (bag, "'=HYPERLINK(1)", ""),
        (mug, "a mug", "sale"),
    ]


def test_compared_images_say_what_sets_them_apart(studio: Studio) -> None:
    images = made(studio, "a mug", 5)

    html = on_compare(studio, tick(*images[:3]))[0]
    assert html.count("<img") == 3 and "<dt>Seed</dt><dd>8</dd>" in html and "<dt>Prompt</dt>" not in html
    for wrong in (images[:1], images):
        with pytest.raises(gr.Error, match="Tick 2 to 4"):
            on_compare(studio, tick(*wrong))


def test_one_image_in_full(studio: Studio) -> None:
    (mug,) = made(studio, "a mug <b>")
    on_tag(studio, tick(mug), "<i>")
    on_move(studio, tick(mug), "A & B")

    sha256, html, *_ = on_look(studio, mug)
    assert sha256 == mug
    for said in ("a mug &lt;b&gt;", "&lt;i&gt;", "A &amp; B", "CC0-1.0", mug, "16 x 16 pixels"):
        assert said in html
    with pytest.raises(gr.Error, match="not in the library"):
        on_look(studio, "0" * 64)


def test_settings_go_back_to_where_images_are_made(studio: Studio) -> None:
    controls = studio.capabilities.controls
    (image,) = studio.generate(GenerationRequest(prompt="a mug", count=1, seed=11, controls={"azimuth": 5}))
    create = CreateTab(controls=controls, request=[], lock=gr.Checkbox(), picked=gr.State(""), sends={})

    prompt, count, seed, near, *_, auto, azimuth, lock, _ = on_use(studio, create, image.sha256)
    assert (prompt, count, seed, near, auto, azimuth, lock) == ("a mug", 1, "11", "", False, 5, True)
    prompt, count, seed, near, *_, auto, azimuth, lock, _ = on_more(studio, create, image.sha256)
    assert (prompt, count, near, auto, azimuth, lock) == ("a mug", 4, "11", False, 5, False)
    assert seed != "11"
    with pytest.raises(gr.Error, match="not in the library"):
        on_more(studio, create, "0" * 64)


def test_more_like_a_picture_is_asked_of_its_model_where_that_draws_near_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Far(FakeBackend):
        @property
        def capabilities(self) -> Capabilities:
            return replace(super().capabilities, near=False)

    backends = {"gan": FakeBackend(name="gan", model="product-world-256"), "diffusion": Far(name="diffusion")}
    backends["diffusion"].model = "diffusion64"
    for settings, other in (("gan", "diffusion"), ("diffusion", "gan")):
        both = Studio(Settings(data_dir=tmp_path / settings, backend=settings), backends=backends.__getitem__)
        create = CreateTab(controls=(), request=[], lock=gr.Checkbox(), picked=gr.State(""), sends={})
        near, far = (
            both.generate(GenerationRequest(prompt="a mug", count=1, seed=7, backend=name))[0].sha256
            for name in ("gan", "diffusion")
        )
        assert on_more(both, create, near)[3:5] == ["7", "gan" if other == "gan" else ""]
        with pytest.raises(gr.Error, match="no pictures near another"):
            on_more(both, create, far)
        both.library.close()


def test_a_link_from_making_to_forgetting(studio: Studio) -> None:
    images = made(studio, "a mug", 2)
    link, password = on_share(studio, HERE, tick(*images), "Spring <i>", "", 7, "secret", True, 0)

    token = link.value.removeprefix("http://127.0.0.1:7860/s/")
    assert password == "" and "STUDIO_SHARE_URL" in link.info
    proof = studio.shares.unlock(token, "secret", "1.2.3.4")
    shared = studio.shares.open(token, proof or "")
    assert shared
    studio.shares.comment(shared, images[1], name="Ann <b>", text="", verdict="rejected")
    html, listed = on_links(studio)
    assert "Spring &lt;i&gt;" in html and "Ann &lt;b&gt;" in html and "No. 2" in html and "with a password" in html
    number = listed.value
    assert on_show_link(studio, HERE, number).value == link.value
    on_revoke(studio, number)
    assert "revoked" in on_links(studio)[0]
    with pytest.raises(NoSuchShare):
        studio.shares.open(token)
    on_forget(studio, number)
    assert "There is no link yet" in on_links(studio)[0]
    with pytest.raises(gr.Error, match="No link is chosen"):
        on_revoke(studio, None)


def test_links_have_the_address_of_the_settings_or_of_the_page(studio: Studio, tmp_path: Path) -> None:
    images = made(studio, "a mug")
    proxied: Any = SimpleNamespace(headers={"host": "studio.example.com", "x-forwarded-proto": "https"})
    link, _ = on_share(studio, proxied, tick(*images), "", "", 7, "", True, 0)
    assert link.value.startswith("https://studio.example.com/s/") and link.info is None

    for host, local in (("[::1]:7860", True), ("127.0.0.1:7860", True), ("[2001:db8::1]:7860", False)):
        asked: Any = SimpleNamespace(headers={"host": host})
        link, _ = on_share(studio, asked, tick(*images), "", "", 7, "", True, 0)
        assert link.value.startswith(f"http://{host}/s/") and (link.info is not None) == local

    public = Studio(
        Settings(data_dir=tmp_path / "data", share_url="https://shares.example.com"), backends=lambda _: FakeBackend()
    )
    link, _ = on_share(public, HERE, tick(*images), "", "", None, "", True, None)
    assert link.value.startswith("https://shares.example.com/s/") and link.info is None
    public.library.close()


def test_everything_is_deleted_for_who_is_sure(studio: Studio) -> None:
    images = made(studio, "a mug", 2)
    on_share(studio, HERE, tick(*images), "", "", 7, "", True, 0)

    runs = Runs(studio)
    assert on_wipe(studio, runs, False) == "" and studio.library.storage().images == 2
    assert "2 images and all links were deleted" in on_wipe(studio, runs, True)
    assert studio.library.storage().images == 0 and studio.shares.all() == []


@pytest.mark.parametrize("ticked", ["", "null", "{}", "[1]", "[", "[]"])
def test_what_the_browser_may_send(ticked: str) -> None:
    with pytest.raises(InputError):
        chosen(ticked)


@pytest.mark.parametrize(
    ("num_bytes", "words"), [(0, "0.0 kB"), (1500, "1.5 kB"), (31_000, "31 kB"), (2_500_000, "2.5 MB"), (7e10, "70 GB")]
)
def test_sizes_are_said_as_people_say_them(num_bytes: int, words: str) -> None:
    assert size(num_bytes) == words
