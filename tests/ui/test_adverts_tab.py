"""What the handlers of the tab say, without a browser."""

import csv
import io
import json
import threading
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from html import unescape
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gradio as gr
import pytest
from PIL import Image

from studio import imaging, provenance
from studio.campaign.advert import Words
from studio.campaign.brand_kit import BrandKits
from studio.campaign.winners import rows_in
from studio.request import ADVERT, GenerationRequest
from studio.service import Studio
from studio.settings import Settings
from studio.ui.advert_form import GROUPS, PARTS, group_of, to_request
from studio.ui.advert_preview import AdvertPreview
from studio.ui.advert_request import PANES, AdvertRequest, keep_table, title_of, to_plan
from studio.ui.advert_runs import Run, Runs
from studio.ui.adverts_tab import (
    EVERYTHING,
    PROBLEMS,
    kept,
    on_advert_preview,
    on_all,
    on_compare,
    on_delete,
    on_go_on,
    on_keep,
    on_open,
    on_run,
    on_share,
    on_show,
    on_source,
    on_stop,
    on_table,
    on_upload,
    on_usual,
    on_watch,
    on_winners,
    on_write,
)
from studio.ui.brand_kit_form import NO_KIT, on_delete_kit, on_keep_kit, on_kit, read_colour
from tests.fakes import FakeBackend, FakeRetoucher

#: Small channels, so that adverts are made at once.
SQUARE, BANNER, LISTING = "google_large_rectangle", "iab_leaderboard", "taobao_main"
ASKED = SimpleNamespace(headers={"host": "localhost:7860"})


@pytest.fixture
def backend() -> FakeBackend:
    return FakeBackend()


@pytest.fixture
def studio(backend: FakeBackend, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Studio]:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "cache"))
    made = Studio(Settings(data_dir=tmp_path / "data"), backends=lambda _: backend, retoucher=FakeRetoucher())
    yield made
    made.library.close()


@pytest.fixture
def runs(studio: Studio) -> Runs:
    return Runs(studio)


def form(source: str = "words", **changed: Any) -> list[Any]:
    """The values of the form's widgets, as they are at the beginning but for what is changed."""
    values: dict[str, Any] = {
        "source": source,
        "name": "",
        "description": "a red ceramic mug",
        "pictures": (),
        "table": "",
        "languages": ["en"],
        "tones": ["plain"],
        "audience": "everyone",
        "scenes": [],
        "variants": 1,
        "seed": "7",
        "layouts": [],
        "kit": NO_KIT,
        "concepts": False,
        "feeds": [],
        "stories": [],
        "banners": [SQUARE],
        "listings": [],
        "other": "fr",
    }
    texts = changed.pop("texts", {})
    assert set(changed) <= set(values)
    said = [texts.get((language, part), "") for language in PANES for part in PARTS]
    return [*(values | changed).values(), *said]


def done(runs: Runs, values: list[Any]) -> Run:
    """The campaign of a form, finished."""
    number, _, _ = on_run(runs, *values)
    run = runs.find(number)
    assert run is not None and run.ended.wait(60)
    return run


def photo(path: Path, size: tuple[int, int] = (64, 48)) -> Path:
    Image.linear_gradient("L").resize(size).convert("RGB").save(path)
    return path


def said(error: pytest.ExceptionInfo[gr.Error]) -> str:
    return str(error.value.message)


# The form


def test_the_form_says_what_is_asked_for() -> None:
    texts = {
        ("en", "headline"): "Morning, sorted\n\n A mug for life ",
        ("en", "cta"): "Shop now",
        ("de", "headline"): "Guten Morgen",
        ("", "headline"): "Bonjour",
    }
    request = to_request(*form(texts=texts, scenes=["on a marble counter"], variants=2, feeds=["x_post"]))

    assert request.channels == ("x_post", SQUARE)
    assert [(words.language, words.headline, words.cta) for words in request.words] == [
        ("en", "Morning, sorted", "Shop now"),
        ("en", "A mug for life", "Shop now"),
        ("de", "Guten Morgen", ""),
        ("fr", "Bonjour", ""),
    ]
    assert (request.seed, request.variants, request.scenes) == (7, 2, ("on a marble counter",))


def test_a_request_can_be_written_down() -> None:
    request = to_request(*form(texts={("zh", "headline"): "早安"}, scenes=["by a “window”"]))

    assert AdvertRequest.from_json(request.to_json()) == request
    assert AdvertRequest.from_json(request.to_json()).number == request.number
    assert replace(request, seed=8).number != request.number


def test_scenes_and_drawings_are_counted_before_they_are_made(studio: Studio, runs: Runs) -> None:
    values = form(
        scenes=["on a marble counter", "on a podium"],
        variants=3,
        banners=[SQUARE, BANNER],
        texts={("en", "headline"): "One\nTwo", ("de", "headline"): "Drei"},
    )
    cost, previews, *flags = on_advert_preview(studio, runs, AdvertPreview(studio), *values)

    assert f"<strong>{2 * 3 * 2 * 3} adverts</strong>, about" in cost
    assert previews.count("<img") == 2  # of two shapes
    assert flags == [""] * len(PANES)
    assert list(studio.library.recent(10)) == []  # nothing is kept


def test_a_preview_draws_a_picture_once(studio: Studio, runs: Runs, backend: FakeBackend) -> None:
    preview = AdvertPreview(studio)
    for headline in ("A mug", "A mug for", "A mug for life"):
        on_advert_preview(studio, runs, preview, *form(texts={("en", "headline"): headline}))

    assert backend.drawn == [7]


def test_claims_and_the_brand_s_own_words_are_flagged_in_their_language(studio: Studio, runs: Runs) -> None:
    keep_kit(studio, never="bargain")
    values = form(kit="Tide & Clay", texts={("en", "headline"): "The best mug", ("de", "headline"): "A <b>bargain"})
    _, problem, *flags = on_advert_preview(studio, runs, AdvertPreview(studio), *values)

    assert "“the best”: a superlative has to be proved" in flags[0]
    assert "“bargain”: the brand never uses it" in flags[list(PANES).index("de")]
    assert flags[1] == ""
    assert "The brand" not in problem  # the first words are seen all the same


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (form(banners=[]), "No channel is ticked."),
        (form(description=" "), "The product isn't described."),
        (form("pictures"), "There is no picture of the product."),
        (form("table"), "There is no table of products."),
        (form("table", table="../../etc"), "There is no table of products."),
        (form(seed="seven"), "The seed must be a whole number."),
        (form(banners=["nowhere"]), "There is no channel “nowhere”."),
        (form(kit="Nobody"), "There is no brand kit “Nobody”."),
        (form(texts={("en", "headline"): "a" * 400}), "The headline has 400 characters."),
        (form(variants=99), "There can't be 99 variants."),
        (form(texts={("", "price"): "24 €"}), "There is a price but no headline (French)."),
        (
            form(languages=["en", "de"], texts={("en", "headline"): "Good", ("de", "cta"): "Los"}),
            "There is a call to action but no headline (Deutsch).",
        ),
    ],
)
def test_what_can_t_be_made_is_said_at_once(studio: Studio, runs: Runs, values: list[Any], words: str) -> None:
    cost, previews, *_ = on_advert_preview(studio, runs, AdvertPreview(studio), *values)
    assert words in unescape(cost) and previews == ""

    with pytest.raises(gr.Error) as error:
        on_run(runs, *values)
    assert words in unescape(said(error))
    assert runs.earlier() == []


def test_without_any_words_for_it_nothing_is_made(studio: Studio, runs: Runs) -> None:
    for texts in ({}, {("en", "price"): "$24"}):
        with pytest.raises(gr.Error) as error:
            on_run(runs, *form(description="something nice", texts=texts))
        assert "There is no headline." in said(error)


def test_what_is_typed_without_a_headline_goes_with_the_one_that_is_written(studio: Studio, runs: Runs) -> None:
    texts = {("en", "price"): "$24", ("en", "disclaimer"): "While stocks last.", ("de", "price"): "24 €"}
    run = done(runs, form(languages=["en", "de"], banners=["x_ads_card"], texts=texts))
    english, german = [dict(row.recipe or {})["words"] for row in rows_in(run.folder)]
    assert (english["headline"], english["price"]) == ("Red ceramic mug", "$24")  # pyright: ignore[reportIndexIssue]
    assert english["disclaimer"] == "While stocks last." and english["cta"] == "Shop now"  # pyright: ignore[reportIndexIssue]
    assert (german["price"], german["disclaimer"]) == ("24 €", "")  # pyright: ignore[reportIndexIssue]


def test_a_language_without_a_headline_is_named(studio: Studio, runs: Runs) -> None:
    preview, texts = AdvertPreview(studio), {("en", "headline"): "Morning"}
    cost, *_ = on_advert_preview(studio, runs, preview, *form(languages=["en", "de"], texts=texts))
    assert "<strong>1 advert</strong>" in cost and "No adverts in Deutsch" in cost
    for values in (form(texts=texts), form(languages=["en", "de"])):
        assert "No adverts in" not in on_advert_preview(studio, runs, preview, *values)[0]


def test_words_are_written_and_others_at_the_next_press(studio: Studio) -> None:
    texts = {("en", "price"): "$24", ("", "headline"): "Bonjour", ("zh", "headline"): "我的"}
    values = form(languages=["en", "de"], tones=["plain", "warm"], name="Harbour mug", texts=texts)
    written, languages, *first = on_write(studio, 0, *values)
    _, _, *second = on_write(studio, written, *values)

    assert languages == ["en", "de"]
    headlines = str(first[0]).splitlines()
    assert len(headlines) == 2 and all("arbour mug" in headline for headline in headlines)
    assert first[PARTS.index("price")] == "$24"
    assert first[len(PARTS)] == "我的" and first[-len(PARTS)] == "Bonjour"
    assert "Harbour mug" in str(first[2 * len(PARTS)])
    assert first[0] != second[0]


def test_the_usual_channels_are_six(studio: Studio) -> None:
    usual = on_usual(studio)

    assert len(usual) == len(GROUPS)
    assert sum(len(group) for group in usual) == 6


def test_channels_are_found_where_people_look_for_them(studio: Studio, runs: Runs) -> None:
    from studio.campaign.channels import load_channels

    groups = {name: group_of(channel) for name, channel in load_channels().all.items()}
    assert groups["meta_story"] == groups["tiktok_photo"] == "Stories and reels"
    assert groups["meta_feed_portrait"] == groups["pinterest_pin"] == "Feeds and posts"
    assert groups["iab_leaderboard"] == groups["google_ads_logo_wide"] == "Banners and logos"
    assert groups["amazon_main"] == "Shop listings"


def test_the_way_to_give_a_product_decides_what_is_shown() -> None:
    assert [column.visible for column in on_source("table")] == [False, False, True, False]
    assert [column.visible for column in on_source("pictures")] == [False, True, False, True]


# Pictures and tables


def test_photos_are_kept_and_a_drawn_picture_stays_drawn(studio: Studio, runs: Runs, tmp_path: Path) -> None:
    (drawn,) = studio.generate(GenerationRequest(prompt="a mug", count=1, seed=1))
    pictures, shown, _, _ = on_upload(studio, [str(photo(tmp_path / "a.png")), str(drawn.path)], ())
    again, *_ = on_upload(studio, [str(tmp_path / "a.png")], pictures)

    assert pictures == again and pictures[1] == drawn.sha256
    assert shown.count("<img") == 2
    values = form("pictures", pictures=pictures, name="Mug", banners=[], listings=[LISTING])
    run = done(runs, values)
    assert [row.status for row in run.rows] == ["ok", "failed"]
    assert "this picture is a concept: no photo is behind it" in run.rows[1].problems[0]
    overruled = done(
        runs, form("pictures", pictures=pictures[1:], name="Mug", banners=[], listings=[LISTING], concepts=True)
    )
    assert [row.status for row in overruled.rows] == ["ok"]


def test_a_broken_photo_changes_nothing(studio: Studio, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"no picture")
    with pytest.raises(gr.Error) as error:
        on_upload(studio, [str(tmp_path / "a.png")], ())
    assert "not a PNG, JPEG or WebP image" in said(error)


def test_a_table_with_bad_rows_makes_the_rest(studio: Studio, runs: Runs, tmp_path: Path) -> None:
    table = tmp_path / "spring products.csv"
    lines = ["sku,name,description,image", "M1,Harbour mug,a red mug,", ",No sku,a mug,", "M2,Bay mug,,m2.png"]
    table.write_text("\n".join([*lines, "M3,Sea mug,,../../../../etc/passwd"]), encoding="utf-8")
    name, told = on_table(studio, [str(table), str(photo(tmp_path / "m2.png"))])

    assert "2 products can be made." in told
    assert "Line 3: The sku is empty." in told and "Line 5: The file" in told
    run = done(runs, form("table", table=name))
    assert [(row.sku, row.status) for row in run.rows] == [("", "failed"), ("M3", "failed"), ("M1", "ok"), ("M2", "ok")]
    _, progress, grid, *_ = on_watch(studio, runs, run.number, PROBLEMS, ("", -1, ""))
    assert "2 adverts done. 2 failed." in progress
    assert "line 3: The sku is empty" in grid


@pytest.mark.parametrize("names", [[], ["a.png"], ["a.csv", "b.csv"]])
def test_a_table_is_one_file(studio: Studio, tmp_path: Path, names: list[str]) -> None:
    for name in names:
        (tmp_path / name).write_text("sku\n")
    with pytest.raises(gr.Error) as error:
        on_table(studio, [str(tmp_path / name) for name in names])
    assert "There has to be one table." in said(error)


# Running


def test_a_campaign_is_run_shown_and_not_made_twice(studio: Studio, runs: Runs) -> None:
    values = form(texts={("en", "headline"): "Morning, sorted"}, banners=[SQUARE, BANNER])
    run = done(runs, values)

    assert run.state == "done" and [row.status for row in run.rows] == ["ok", "ok"]
    seen, progress, grid, made, timer, stop = on_watch(studio, runs, run.number, EVERYTHING, ("", -1, ""))
    assert "2 adverts done." in progress
    address = f"/adverts/{run.number}/{run.rows[0].file}"
    assert grid.count("<img") == 2 and f'href="{address}?v={run.rows[0].sha256[:12]}"' in grid
    assert f'src="{address}/small?v={run.rows[0].sha256[:12]}"' in grid
    assert made.visible is True and timer.active is False and stop.visible is False
    assert on_watch(studio, runs, run.number, EVERYTHING, seen)[2] == gr.skip()

    written = {path: path.stat().st_mtime_ns for path in run.folder.rglob("*.jpg")}
    assert len(written) == 2
    assert done(Runs(studio), values).state == "done"
    assert {path: path.stat().st_mtime_ns for path in run.folder.rglob("*.jpg")} == written


class Gated(FakeBackend):
    """Draws only when it may."""

    def __init__(self) -> None:
        super().__init__()
        self.drawing, self.may_draw = threading.Event(), threading.Event()

    def generate(self, request: GenerationRequest, index: int, watch: Any = None) -> Any:
        if request.seed != 1:
            self.drawing.set()
            assert self.may_draw.wait(60)
        return super().generate(request, index, watch)


def test_it_stops_is_found_again_and_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "cache"))
    backend = Gated()
    studio = Studio(Settings(data_dir=tmp_path / "data"), backends=lambda _: backend, retoucher=FakeRetoucher())
    runs = Runs(studio)
    values = form(seed="1", variants=3, texts={("en", "headline"): "Morning, sorted"})
    number, timer, stop = on_run(runs, *values)
    assert timer.active is True and stop.visible is True
    assert backend.drawing.wait(60)

    # Another page finds it; a second campaign waits, and can be stopped without ever running.
    assert on_open(runs, "")[0] == number
    assert on_run(runs, *values)[0] == number
    second, *_ = on_run(runs, *form(texts={("en", "headline"): "Another"}))
    assert "waits for its turn" in on_watch(studio, runs, second, EVERYTHING, ("", -1, ""))[1]
    on_stop(runs, second)
    assert "Stopped with 0 of 1 advert" in on_watch(studio, runs, second, EVERYTHING, ("", -1, ""))[1]

    assert "Stopping" in on_stop(runs, number)
    backend.may_draw.set()
    run = runs.find(number)
    assert run is not None and run.ended.wait(60)
    assert run.state == "stopped" and 1 <= len(run.rows) < 3

    # After the studio was closed in between.
    later = Runs(studio)
    assert number in [each for _, each in later.earlier()]
    assert on_show(later, number)[0] == number
    shown = on_watch(studio, later, number, EVERYTHING, ("", -1, ""))
    assert "Stopped with" in shown[1] and "<img" in shown[2]
    assert on_go_on(later, number)[0] == number
    again = later.find(number)
    assert again is not None and again.ended.wait(60)
    assert again.state == "done" and len(again.rows) == 3
    assert backend.drawn.count(1) == 1  # what was there was not drawn again

    assert on_delete(later, False, number, number)[0] == gr.skip()
    assert on_delete(later, True, number, number)[0] == ""
    assert later.find(number) is None and not run.folder.exists()
    studio.library.close()


def test_what_fails_unexpectedly_is_said_with_a_number_and_kept(
    studio: Studio, runs: Runs, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("studio.campaign.export.write_report", lambda *_, **__: 1 / 0)
    run = done(runs, form(texts={("en", "headline"): "Morning"}))

    assert run.state == "failed"
    _, progress, *_ = on_watch(studio, runs, run.number, EVERYTHING, ("", -1, ""))
    assert "Something went wrong in the studio (error " in progress
    assert "a campaign failed" in caplog.text


def test_a_bug_with_the_product_fails_it_and_ends_the_campaign_in_order(
    studio: Studio, runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(studio, "product_mask", lambda _: 1 / 0)
    values = form(banners=[SQUARE, BANNER], texts={("en", "headline"): "Morning"})
    run = done(runs, values)
    assert run.state == "done" and [row.status for row in run.rows] == ["failed"]
    # One row stands for two adverts, and it is done all the same, after a restart too.
    again = Runs(studio).find(run.number)
    assert again is not None and again.state == "done"


def test_all_campaigns_stop_where_everything_is_deleted(tmp_path: Path) -> None:
    backend = Gated()
    studio = Studio(Settings(data_dir=tmp_path), backends=lambda _: backend, retoucher=FakeRetoucher())
    runs = Runs(studio)
    numbers = [on_run(runs, *form(texts={("en", "headline"): each}))[0] for each in ("One", "Two")]
    assert backend.drawing.wait(60)
    found = [run for number in numbers if (run := runs.find(number))]
    with ThreadPoolExecutor(1) as aside:
        stopping = aside.submit(runs.stop_all)
        backend.may_draw.set()
        stopping.result(timeout=60)
    assert [run.ended.is_set() for run in found] == [True, True]
    assert not any(run.is_going_on for run in found) and runs.newest_going_on() is None
    studio.library.close()


def test_no_more_than_a_few_campaigns_wait(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("studio.ui.advert_runs.MOST", 1)
    backend = Gated()
    studio = Studio(Settings(data_dir=tmp_path), backends=lambda _: backend, retoucher=FakeRetoucher())
    runs = Runs(studio)
    number, *_ = on_run(runs, *form(texts={("en", "headline"): "One"}))
    with pytest.raises(gr.Error) as error:
        on_run(runs, *form(texts={("en", "headline"): "Two"}))
    backend.may_draw.set()
    run = runs.find(number)
    assert run is not None and run.ended.wait(60)
    studio.library.close()

    assert "1 campaigns are waiting already." in said(error)


# Choosing


def test_winners_are_compared_taken_away_and_shared(studio: Studio, runs: Runs) -> None:
    run = done(runs, form(banners=[SQUARE, BANNER], texts={("en", "headline"): "Morning, sorted\nA mug <for> life"}))
    files = [row.file for row in run.rows]
    assert len(files) == 4
    ticked = json.dumps(files[:2])

    compared = on_compare(studio, runs, json.dumps([files[0], files[2]]), run.number)
    assert compared.count("<img") == 2 and "<dt>Advert</dt>" in compared and "<dt>Channel</dt>" not in compared
    for wrong in (json.dumps(files[:1]), "[]", json.dumps(["../../secret"]), "no JSON"):
        with pytest.raises(gr.Error):
            on_compare(studio, runs, wrong, run.number)

    whole, part = archived(on_all(runs, run.number)), archived(on_winners(runs, ticked, run.number))
    assert sorted(name for name in part if name.endswith(".jpg")) == sorted(files[:2])
    assert sorted(name for name in whole if name.endswith(".jpg")) == sorted(files)
    manifest = list(csv.DictReader(io.StringIO(part["manifest.csv"].decode())))
    assert [row["file"] for row in manifest] == files[:2]
    assert json.loads(part["manifest.json"])["adverts"][0]["checks"]
    assert b"Morning, sorted" not in part["report.html"] and b"google_large_rectangle" in part["report.html"]

    link, _ = on_share(studio, runs, ASKED, ticked, run.number, "", "Which?", 7, "")  # pyright: ignore[reportArgumentType]
    (share,) = studio.shares.all()
    shared = studio.shares.details(share.id).images
    assert link.value.startswith("http://localhost:7860/s/")
    for image, row in zip(shared, run.rows, strict=False):
        assert image.recipe.kind == ADVERT and image.recipe.parameters["sha256"] == row.sha256
        exported = (run.folder / row.file).read_bytes()
        assert (image.sha256, image.name) == (row.sha256, row.file) and image.path.read_bytes() == exported
        pixels_sha256 = imaging.pixels_sha256(imaging.decode(exported))
        kept = studio.library.with_pixels(pixels_sha256)
        path = studio.library.path(kept.sha256) if kept else None
        assert path is not None and imaging.pixels_sha256(imaging.decode(path.read_bytes())) == pixels_sha256
        assert provenance.read_recipe(path.read_bytes()) == image.recipe
        _, verdict = studio.recipe(path)
        assert verdict.intact and "campaign makes anew" in verdict.reason
    details = studio.shares.details(share.id)
    studio.shares.comment(details, shared[1].sha256, name="Ann", text="", verdict="approved")
    grid = on_watch(studio, runs, run.number, EVERYTHING, ("", -1, ""))[2]
    assert grid.count('<span class="badge approved">approved</span>') == 1
    assert "2 adverts are in the library." in on_keep(studio, runs, ticked, run.number)
    assert len([each for each in studio.library.recent(20) if each.kind == ADVERT]) == 2  # and not twice


def test_a_file_that_was_changed_is_not_approved(studio: Studio, runs: Runs) -> None:
    run = done(runs, form(texts={("en", "headline"): "Morning"}))
    file = run.folder / run.rows[0].file
    file.write_bytes(file.read_bytes() + b"\0")

    with pytest.raises(gr.Error) as error:
        on_keep(studio, runs, json.dumps([run.rows[0].file]), run.number)
    assert "was changed since it was made" in said(error)


def archived(file: Any) -> dict[str, bytes]:
    with zipfile.ZipFile(file.value["path"] if isinstance(file.value, dict) else file.value) as packed:
        return {name: packed.read(name) for name in packed.namelist()}


# Brand kits


def keep_kit(studio: Studio, name: str = "Tide & Clay", logo: Path | None = None, never: str = "") -> list[Any]:
    return on_keep_kit(
        BrandKits(studio.settings.data_dir),
        name,
        "rgba(15, 118, 110, 1)",
        "#aa3300",
        True,
        str(logo) if logo else None,
        False,
        "With serifs",
        None,
        never,
    )


def test_a_kit_is_kept_chosen_changed_and_deleted(studio: Studio, tmp_path: Path) -> None:
    kits = BrandKits(studio.settings.data_dir)
    Image.new("RGBA", (40, 20), "#ff000080").save(tmp_path / "logo.png")
    keep_kit(studio, logo=tmp_path / "logo.png", never="cheap, bargain")

    name, colour, accent, own, _, _, face, _, never, logo, _ = on_kit(kits, "Tide & Clay")
    assert (name, colour, accent, own, face) == ("Tide & Clay", "#0F766E", "#aa3300", True, "With serifs")
    assert never == "cheap, bargain" and "<img" in logo

    keep_kit(studio)
    assert kits.load("Tide & Clay").logo is not None  # what isn't given anew stays
    assert kits.load("Tide & Clay").words.never == ()
    assert on_delete_kit(kits, False, "Tide & Clay")[0] == gr.skip()
    on_delete_kit(kits, True, "Tide & Clay")
    assert kits.names() == [] and on_kit(kits, NO_KIT)[0] == ""


def test_a_kit_needs_a_name_and_a_logo_is_no_program(studio: Studio, tmp_path: Path) -> None:
    with pytest.raises(gr.Error) as error:
        keep_kit(studio, " ")
    assert "The brand has no name." in said(error)
    (tmp_path / "logo.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>")
    with pytest.raises(gr.Error) as error:
        keep_kit(studio, logo=tmp_path / "logo.svg")
    assert "SVG can't be used" in said(error)


@pytest.mark.parametrize(
    ("text", "colour"),
    [
        ("rgba(12.4, 34, 255, 0.5)", "#0C22FF"),
        ("rgb(1,2,3)", "#010203"),
        ("#abcdef", "#abcdef"),
        ("", None),
        (None, None),
    ],
)
def test_colours_are_read_as_the_picker_gives_them(text: str, colour: str | None) -> None:
    assert read_colour(text) == colour


def test_titles_and_hashes() -> None:
    request = AdvertRequest(words=(Words(headline="Morning, sorted"),))
    assert title_of(request) == "Morning, sorted"
    assert title_of(replace(request, name="Harbour mug")) == "Harbour mug"


def test_a_picture_that_is_gone_is_said(studio: Studio, tmp_path: Path) -> None:
    from studio.errors import InputError

    with pytest.raises(InputError, match="not here any more"):
        kept(studio, tmp_path / "gone.png")


def test_a_table_is_kept_once(studio: Studio, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("sku,description\nM1,a mug\n")
    first = keep_table(studio, [tmp_path / "a.csv"])
    assert keep_table(studio, [tmp_path / "a.csv"]) == first
    assert len(to_plan(AdvertRequest(source="table", table=first, channels=(SQUARE,)), studio).briefs) == 1
