import csv
import errno
import json
import re
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import ClassVar

import pytest
from PIL import Image

from studio.campaign.advert import Advert, Composer, Words
from studio.campaign.brand_kit import brand_kit
from studio.campaign.brief import Brief
from studio.campaign.campaign import Campaign, Progress
from studio.campaign.channels import Channel
from studio.campaign.layouts import Layout
from studio.campaign.manifest import Journal, Row
from studio.campaign.plan import CopyChoice, Plan, read_plan
from studio.campaign.sources import Picture
from studio.campaign.subject import Subject
from studio.errors import InputError, StudioError
from studio.prompts import Prompts
from studio.signature import Signer
from tests.campaign.drawn import FakeDarkroom, by_colour, save_photo

QUICK = ("x_ads_card", "iab_medium_rectangle")
MUG = Brief(sku="mug", description="a red mug")


@pytest.fixture
def room() -> FakeDarkroom:
    return FakeDarkroom()


@pytest.fixture
def campaign(room: FakeDarkroom, prompts: Prompts, signer: Signer) -> "type[Maker]":
    Maker.room, Maker.prompts, Maker.signer = room, prompts, signer
    return Maker


class Maker(Campaign):
    """A campaign of the test's darkroom."""

    room: FakeDarkroom
    prompts: Prompts
    signer: Signer

    def __init__(self, **plan: object) -> None:
        given: dict[str, object] = {"briefs": (MUG,), "channels": QUICK, **plan}
        super().__init__(
            Plan(**given),  # pyright: ignore[reportArgumentType]
            darkroom=self.room.darkroom,
            prompts=self.prompts,
            signer=self.signer,
        )


def table(folder: Path) -> list[dict[str, str]]:
    with (folder / "manifest.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_a_campaign_writes_files_manifests_and_a_report(campaign: type[Maker], tmp_path: Path) -> None:
    made = campaign(scenes=("on a table", "on a shelf"), seeds=(1, 2), copy=CopyChoice(languages=("en", "de")))
    steps = list(made.run(tmp_path / "out"))
    assert made.count == len(steps) == 2 * 2 * 2 * 2 and made.seconds > 0
    assert [step.done for step in steps] == list(range(1, 17)) and {step.total for step in steps} == {16}
    assert all(step.row.status == "ok" and step.is_new for step in steps)
    assert steps[-1].seconds_left == 0
    rows = table(tmp_path / "out")
    assert len({each["file"] for each in rows}) == 16
    assert rows[0]["file"] == "x_ads_card/mug_scene1_seed1_1-en.jpg"
    for each in rows:
        with Image.open(tmp_path / "out" / each["file"]) as image:
            assert image.size == (int(each["width"]), int(each["height"])) and image.format == "JPEG"
        assert json.loads(each["recipe"])["picture"]["prompt"] in ("a red mug, on a table", "a red mug, on a shelf")
    assert campaign.room.drawn == [
        (f"a red mug, {scene}", seed) for scene in ("on a table", "on a shelf") for seed in (1, 2)
    ]
    report = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert report.count("<li") == 16 and "x_ads_card/mug_scene1_seed1_1-en.jpg" in report


def test_nothing_is_done_twice(campaign: type[Maker], tmp_path: Path) -> None:
    briefs = (MUG, Brief(sku="lamp", description="a lamp"))
    first = list(campaign(briefs=briefs).run(tmp_path))
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.jpg")}
    campaign.room.drawn.clear()
    again = list(campaign(briefs=briefs).run(tmp_path))
    assert [step.row for step in again] == [step.row for step in first]
    assert not any(step.is_new for step in again) and campaign.room.drawn == []
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.jpg")} == before
    # What is new or changed is made, and nothing else.
    more = list(campaign(briefs=(*briefs, Brief(sku="jar", description="a jar", price="€3"))).run(tmp_path))
    assert [step.is_new for step in more] == [False] * 4 + [True] * 2
    changed = list(campaign(briefs=(MUG, Brief(sku="lamp", description="a lamp", price="€9"))).run(tmp_path))
    assert [step.is_new for step in changed] == [False, False, True, True]
    assert [each["sku"] for each in table(tmp_path)] == ["mug", "mug", "lamp", "lamp"]


def test_what_is_no_longer_in_the_plan_lies_apart_and_nothing_else(campaign: type[Maker], tmp_path: Path) -> None:
    briefs = (MUG, *(Brief(sku=sku, description=f"a {sku}") for sku in ("jar", "lamp")))
    list(campaign(briefs=briefs).run(tmp_path))
    own = [tmp_path / "x_ads_card" / "mine.jpg", tmp_path / "x_ads_card" / "lamp.jpg"]
    for path in own:  # the second is one of ours that somebody changed
        path.write_bytes(b"mine")
    list(campaign(briefs=(MUG,)).run(tmp_path))
    made = {tmp_path / each["file"] for each in table(tmp_path)}
    assert set(tmp_path.glob("*/*.jpg")) == made | set(own)
    assert (tmp_path / "replaced" / "x_ads_card" / "jar.jpg").is_file()
    # A product that fails keeps those of its adverts that are what they should be.
    (tmp_path / "x_ads_card" / "mug.jpg").unlink()
    failing = campaign()
    failing._darkroom = replace(failing._darkroom, draw=no_picture)  # pyright: ignore[reportPrivateUsage]
    steps = list(failing.run(tmp_path))
    assert [(step.row.file, step.row.status) for step in steps] == [
        ("iab_medium_rectangle/mug.jpg", "ok"),
        ("", "failed"),
    ]
    assert (tmp_path / "iab_medium_rectangle" / "mug.jpg").is_file()
    # One whose price is another one fails: the old price goes.
    failing = campaign(briefs=(replace(MUG, price="€9"),))
    failing._darkroom = replace(failing._darkroom, draw=no_picture)  # pyright: ignore[reportPrivateUsage]
    list(failing.run(tmp_path))
    assert set(tmp_path.glob("*/*.jpg")) == set(own)


def no_picture(prompt: str, seed: int) -> Picture:
    raise InputError("There is no picture.", "Draw one.")


@pytest.mark.parametrize("stop", [1, 3, 6])
def test_after_a_stop_it_goes_on(campaign: type[Maker], tmp_path: Path, stop: int) -> None:
    briefs = tuple(Brief(sku=f"mug {number}", description=f"mug {number}") for number in range(4))
    whole = [step.row for step in campaign(briefs=briefs).run(tmp_path / "whole")]
    running: Iterator[Progress] = campaign(briefs=briefs).run(tmp_path / "out")
    for _ in range(stop):
        next(running)
    running.close()  # pyright: ignore[reportAttributeAccessIssue]
    assert not (tmp_path / "out" / "manifest.csv").exists()
    steps = list(campaign(briefs=briefs).run(tmp_path / "out"))
    assert [step.is_new for step in steps[:stop]] == [False] * stop and len(steps) == 8
    for made, expected in zip(steps, whole, strict=True):  # signatures have a time in them
        assert made.row.file == expected.file
        with (
            Image.open(tmp_path / "out" / expected.file) as first,
            Image.open(tmp_path / "whole" / expected.file) as second,
        ):
            assert first.tobytes() == second.tobytes()


def test_what_fails_stops_nothing_else(campaign: type[Maker], tmp_path: Path) -> None:
    long = "Donaudampfschifffahrtsgesellschaftskapitänsmütze" * 3
    briefs = (
        Brief(sku="one", description="a dragon", line=2),
        Brief(sku="two", description="a mug", headline=long, line=3),
        Brief(sku="three", description="a mug", headline="红杯 \U0001f9ff", line=4),
        MUG,
    )
    steps = list(campaign(briefs=briefs).run(tmp_path))
    assert [step.row.status for step in steps] == ["failed"] * 5 + ["ok"] * 2
    problems = [" ".join(step.row.problems) for step in steps]
    assert problems[0].startswith("line 2: This studio doesn't draw dragons")
    assert "no room for the headline" in problems[1] and "No font on this computer has" in problems[3]
    rows = table(tmp_path)
    assert [(each["sku"], each["channel"], each["file"]) for each in rows][:2] == [
        ("one", "", ""),
        ("two", "x_ads_card", ""),
    ]
    assert sum(each["file"] != "" for each in rows) == 2


class Broken(Composer):
    """Trips over one channel, as a bug would, or as a full disk does."""

    def draw(self, subject: Subject | None, words: Words, layout: Layout, channel: Channel) -> Advert:
        if channel.name == "x_ads_card":
            raise self.error
        return super().draw(subject, words, layout, channel)

    error: ClassVar[BaseException]


def broken(campaign: Campaign, error: BaseException) -> Campaign:
    composer = Broken()
    Broken.error = error
    campaign._composer = composer  # pyright: ignore[reportPrivateUsage]
    return campaign


def test_what_nobody_expected_fails_one_advert_and_is_in_the_log(
    campaign: type[Maker], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    steps = list(broken(campaign(), ZeroDivisionError("a bug")).run(tmp_path))
    assert [(step.row.channel, step.row.status) for step in steps] == [
        ("x_ads_card", "failed"),
        ("iab_medium_rectangle", "ok"),
    ]
    (problem,) = steps[0].row.problems
    number = re.findall(r"error ([0-9a-f]{8})", problem)[0]
    assert "a bug" not in problem and "ZeroDivisionError: a bug" in caplog.text and number in caplog.text
    assert "mug" not in caplog.text  # a product may be called by its description
    assert [each["status"] for each in table(tmp_path)] == ["failed", "ok"]
    # Mended, it is made, and the other isn't made again.
    assert [(step.row.status, step.is_new) for step in campaign().run(tmp_path)] == [("ok", True), ("ok", False)]


def test_a_bug_with_one_product_fails_that_product(
    campaign: type[Maker], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def mask(image: Image.Image) -> Image.Image:
        if campaign.room.masks == 0:
            campaign.room.masks += 1
            raise RuntimeError("the network has a hole")
        return by_colour(image)

    monkeypatch.setattr(campaign.room, "product_mask", mask)
    steps = list(campaign(briefs=(Brief(sku="lamp", description="a lamp", line=2), MUG)).run(tmp_path))
    assert [(step.row.sku, step.row.status) for step in steps] == [("lamp", "failed"), ("mug", "ok"), ("mug", "ok")]
    assert steps[0].row.problems[0].startswith("line 2: Something went wrong")


@pytest.mark.parametrize("behind", [False, True])
def test_a_full_disk_stops_a_campaign(campaign: type[Maker], tmp_path: Path, behind: bool) -> None:
    full = OSError(errno.ENOSPC, "No space left on device")
    error: BaseException = full
    if behind:
        error = StudioError("The library can't be used.")
        error.__cause__ = full
    with pytest.raises(StudioError, match="The disk is full"):
        list(broken(campaign(), error).run(tmp_path))
    assert not (tmp_path / "manifest.csv").exists()
    assert [step.row.status for step in campaign().run(tmp_path)] == ["ok", "ok"]


def test_a_journal_that_can_not_be_written_stops_it_in_plain_words(
    campaign: type[Maker], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def add(self: Journal, row: Row) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(Journal, "add", add)
    with pytest.raises(StudioError, match="can't be written: Input/output error"):
        list(campaign().run(tmp_path / "out"))


def test_ctrl_c_stops_it(campaign: type[Maker], tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        list(broken(campaign(), KeyboardInterrupt()).run(tmp_path))
    assert [step.row.status for step in campaign().run(tmp_path)] == ["ok", "ok"]


def test_bad_rows_of_a_table_are_told_and_the_rest_goes_on(
    room: FakeDarkroom, prompts: Prompts, signer: Signer, tmp_path: Path
) -> None:
    save_photo(tmp_path / "photos" / "mug.png")
    (tmp_path / "photos" / "broken.png").write_bytes(b"no picture")
    csv_file = tmp_path / "briefs.csv"
    lines = [
        "sku,description,image,headline",
        "mug-1,a mug,,",
        ",a mug,,",
        "mug-2,,photos/mug.png,Hello",
        "mug-3,,photos/broken.png,Hello",
        "mug-4,,photos/none.png,Hello",
    ]
    csv_file.write_text("\n".join(lines), encoding="utf-8")
    made = Campaign(read_plan(csv_file, QUICK), darkroom=room.darkroom, prompts=prompts, signer=signer)
    steps = list(made.run(tmp_path / "out"))
    told = {
        (step.row.sku, step.row.status): " ".join(step.row.problems) for step in steps if step.row.status == "failed"
    }
    assert "line 3: The sku is empty" in told["", "failed"] and "line 6" in told["mug-4", "failed"]
    assert "line 5: This file is not a PNG" in told["mug-3", "failed"]
    assert [step.row.file for step in steps if step.row.status == "ok"] == [
        "x_ads_card/mug-1.jpg",
        "iab_medium_rectangle/mug-1.jpg",
        "x_ads_card/mug-2.jpg",
        "iab_medium_rectangle/mug-2.jpg",
    ]
    recipes = {each["file"]: json.loads(each["recipe"]) for each in table(tmp_path / "out") if each["file"]}
    assert recipes["x_ads_card/mug-2.jpg"]["origin"] == "photo"
    data = (tmp_path / "out" / "x_ads_card" / "mug-2.jpg").read_bytes()
    assert b"compositeWithTrainedAlgorithmicMedia" in data
    assert b"/trainedAlgorithmicMedia" in (tmp_path / "out" / "x_ads_card" / "mug-1.jpg").read_bytes()


def test_a_zip_has_the_same_in_it_and_is_gone_on_with(campaign: type[Maker], tmp_path: Path) -> None:
    out = tmp_path / "adverts.zip"
    list(campaign().run(tmp_path / "folder"))
    list(campaign().run(out))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["adverts.zip", "folder"]
    with zipfile.ZipFile(out) as packed:
        assert packed.testzip() is None
        assert set(packed.namelist()) == {
            *("x_ads_card/mug.jpg", "iab_medium_rectangle/mug.jpg", "manifest.csv", "manifest.json", "report.html")
        }
        first = packed.read("x_ads_card/mug.jpg")
        with Image.open(BytesIO(first)) as here, Image.open(tmp_path / "folder" / "x_ads_card" / "mug.jpg") as there:
            assert here.tobytes() == there.tobytes()
    campaign.room.drawn.clear()
    steps = list(campaign(briefs=(MUG, Brief(sku="jar", description="a jar"))).run(out))
    assert [step.is_new for step in steps] == [False, False, True, True]
    assert campaign.room.drawn == [("a jar", 0)]
    with zipfile.ZipFile(out) as packed:
        assert packed.read("x_ads_card/mug.jpg") == first and len(packed.namelist()) == 7


def test_a_stopped_zip_is_no_zip_yet_and_goes_on(campaign: type[Maker], tmp_path: Path) -> None:
    out = tmp_path / "adverts.zip"
    running = campaign().run(out)
    next(running)
    running.close()
    assert not out.exists()
    assert [step.is_new for step in campaign().run(out)] == [False, True]
    assert out.exists() and [path.name for path in tmp_path.iterdir()] == ["adverts.zip"]


def test_a_zip_of_somebody_elses_is_not_taken_apart_over_our_files(campaign: type[Maker], tmp_path: Path) -> None:
    out = tmp_path / "adverts.zip"
    list(campaign().run(out))
    with zipfile.ZipFile(out) as packed:
        manifest = packed.read("manifest.json").decode().replace("x_ads_card/mug.jpg", "../evil.jpg")
    with zipfile.ZipFile(out, "w") as packed:
        packed.writestr("manifest.json", manifest)
        packed.writestr("../evil.jpg", b"evil")
    list(campaign().run(out))
    assert [path.name for path in tmp_path.iterdir()] == ["adverts.zip"]


def test_concepts_stay_out_of_listings_unless_overruled(campaign: type[Maker], tmp_path: Path) -> None:
    plan = {"channels": ("taobao_main", "x_ads_card")}
    kept_out, advert = [step.row for step in campaign(**plan).run(tmp_path / "1")]
    assert kept_out.status == "failed" and kept_out.file == "" and "no photo is behind it" in kept_out.problems[0]
    assert advert.status == "ok"
    overruled, _ = [step.row for step in campaign(**plan, concepts_in_listings=True).run(tmp_path / "2")]
    assert overruled.status == "ok" and any(
        "concept in a listing, as was asked for" in each for each in overruled.problems
    )
    altered = Brief(sku="kept", kept="a" * 64, headline="Hello")
    (row, _) = [step.row for step in campaign(briefs=(altered,), **plan).run(tmp_path / "3")]
    assert row.status == "failed" and "altered" in row.problems[0]
    photo = Brief(sku="photo", image=save_photo(tmp_path / "one.png"), headline="Hello")
    (row, _) = [step.row for step in campaign(briefs=(photo,), **plan).run(tmp_path / "4")]
    assert row.status == "ok" and row.file == "taobao_main/photo.png"


def test_a_photo_is_put_into_scenes_and_its_own(campaign: type[Maker], tmp_path: Path) -> None:
    photo = Brief(sku="photo", image=save_photo(tmp_path / "one.png"), headline="Hello")
    made = campaign(briefs=(photo,), scenes=("", "on a shelf"), channels=("x_ads_card",))
    own, staged = [step.row for step in made.run(tmp_path / "out")]
    assert [own.file, staged.file] == ["x_ads_card/photo_scene1.jpg", "x_ads_card/photo_scene2.jpg"]
    assert own.status == staged.status == "ok" and campaign.room.masks == 2
    assert own.recipe is not None and staged.recipe is not None
    assert "scene" not in dict(own.recipe["picture"]) and dict(staged.recipe["picture"])["scene"] == "on a shelf"  # pyright: ignore[reportCallIssue, reportArgumentType, reportUnknownArgumentType]
    assert staged.recipe["origin"] == "photo"
    with Image.open(tmp_path / "out" / staged.file) as image:
        red, green, blue = image.getpixel((4, 4))  # pyright: ignore[reportGeneralTypeIssues]
    assert green > red and green > blue


def test_a_brand_is_applied_and_its_forbidden_words_are_refused(campaign: type[Maker], tmp_path: Path) -> None:
    brand = brand_kit(name="Nordlys", colour="#1F3A5F", never=["cheap"])
    said = (Words(headline="A good mug"), Words(headline="A cheap mug"))
    steps = [step.row for step in campaign(brand=brand, words=said, channels=("x_ads_card",)).run(tmp_path)]
    assert [row.status for row in steps] == ["ok", "failed"] and "“cheap”: the brand never uses it" in steps[
        1
    ].problems[0]
    assert steps[0].recipe is not None and steps[0].recipe["brand"] == "Nordlys"


def test_claims_are_flagged_and_made_all_the_same(campaign: type[Maker], tmp_path: Path) -> None:
    (row,) = [
        step.row for step in campaign(words=(Words(headline="100% ceramic"),), channels=("x_ads_card",)).run(tmp_path)
    ]
    assert row.status == "ok" and any("“100%”: an absolute promise" in problem for problem in row.problems)


def test_names_that_differ_only_in_what_files_can_not_have_get_numbers(campaign: type[Maker], tmp_path: Path) -> None:
    briefs = tuple(Brief(sku=sku, description="a mug") for sku in ("a/b", "A:b", "..", "con", "杯"))
    files = [step.row.file for step in campaign(briefs=briefs, channels=("x_ads_card",)).run(tmp_path)]
    assert files == [f"x_ads_card/{name}.jpg" for name in ("a-b", "A-b-2", "product", "con-", "杯")]
    assert all((tmp_path / file).is_file() for file in files)


def test_what_shows_no_words_is_made_once_whatever_the_words(campaign: type[Maker], tmp_path: Path) -> None:
    made = campaign(channels=("amazon_sponsored_brands", "x_ads_card"), copy=CopyChoice(variants=3))
    files = [step.row.file for step in made.run(tmp_path)]
    assert len(files) == made.count == 4
    assert [file for file in files if file.startswith("amazon")] == ["amazon_sponsored_brands/mug.jpg"]


def test_where_nothing_can_be_written_it_stops_with_plain_words(campaign: type[Maker], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StudioError, match="can't be written"):
        list(campaign().run(tmp_path / "file" / "out"))


def test_unknown_channels_and_layouts_are_told_before_anything_is_made(campaign: type[Maker]) -> None:
    with pytest.raises(InputError, match="no channel “nowhere”"):
        campaign(channels=("nowhere",))
    with pytest.raises(InputError, match="no layout “upside”"):
        campaign(layouts=("upside",))


@pytest.mark.slow
def test_the_memory_stays_flat(campaign: type[Maker], tmp_path: Path) -> None:
    """Over 120 products, of which none is kept: measured by what Python and numpy hold, after a start of 40."""
    import gc
    import tracemalloc

    briefs = tuple(Brief(sku=f"mug-{number}", description=f"mug {number}") for number in range(120))
    tracemalloc.start()
    held: list[int] = []
    for step in campaign(briefs=briefs, channels=("iab_medium_rectangle",)).run(tmp_path):
        if step.done in (40, 120):
            gc.collect()
            held.append(tracemalloc.get_traced_memory()[0])
    tracemalloc.stop()
    assert held[1] - held[0] < 1_500_000
