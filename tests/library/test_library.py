import hashlib
import itertools
import multiprocessing
import os
import random
import sqlite3
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from PIL import Image
from sqlalchemy import create_engine, text

from studio import provenance
from studio.errors import InputError, StudioError
from studio.library import Library, Search, Shares
from studio.library import library as library_module
from studio.library.database import HEAD, open_database, revision
from studio.library.records import OWNER, Base
from studio.request import ADVERT, Recipe
from tests.test_request import RECIPE

HOUR, DAY = 3600, 24 * 3600


def png(number: int = 0, colour: str = "teal", recipe: Recipe = RECIPE) -> bytes:
    """A PNG as the studio makes them; each `number` is another file."""
    return provenance.to_png(Image.new("RGB", (8, 8), colour), replace(recipe, seed=number))


def add(library: Library, prompt: str, number: int = 0, *, colour: str = "teal", hour: int = 1) -> str:
    recipe = replace(RECIPE, prompt=prompt, seed=number, parameters={}, created=f"2026-01-02T{hour:02d}:00:00+00:00")
    return library.add(provenance.to_png(Image.new("RGB", (8, 8), colour), recipe), recipe)[0]


def exported(colour: str = "teal") -> bytes:
    """A file as it goes out."""
    buffer = BytesIO()
    Image.new("RGB", (8, 8), colour).save(buffer, "JPEG")
    return buffer.getvalue()


def add_advert(library: Library, name: str = "x_post/mug.jpg", colour: str = "teal") -> tuple[str, str]:
    """An advert and its exported file; returns the hashes of both."""
    data = exported(colour)
    made = {"file": name, "sha256": hashlib.sha256(data).hexdigest()}
    recipe = replace(RECIPE, kind=ADVERT, prompt="Good mornings", parameters=made)
    image, _ = library.add(provenance.to_png(Image.new("RGB", (8, 8), colour), recipe), recipe)
    return image, library.add_export(image, data, name)


def contents(folder: Path) -> set[str]:
    return {path.name for path in (folder / "files").rglob("*") if path.is_file()}


def add_in_process(folder: Path, number: int) -> str:
    library = Library(folder)
    sha256, _ = library.add(png(number), RECIPE)
    library.close()
    return sha256


def age(path: Path, seconds: float) -> None:
    then = time.time() - seconds
    os.utime(path, (then, then))


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    opened = Library(tmp_path)
    yield opened
    opened.close()


def found(library: Library, **search: object) -> list[str]:
    return [image.prompt for image in library.find(Search(**search)).images]  # type: ignore[arg-type]


def test_what_is_added_is_found_by_the_hash_of_the_file(library: Library, tmp_path: Path) -> None:
    data = png()
    sha256, path = library.add(data, RECIPE)

    assert sha256 == hashlib.sha256(data).hexdigest()
    assert path == tmp_path / "files" / sha256[:2] / f"{sha256}.png"
    assert path.read_bytes() == data
    assert library.path(sha256) == path
    (record,) = library.recent(10)
    assert (record.sha256, record.prompt, record.seed, record.width, record.num_bytes) == (
        sha256,
        RECIPE.prompt,
        RECIPE.seed,
        8,
        len(data),
    )
    assert library.recipe(sha256) == RECIPE


@pytest.mark.parametrize("sha256", ["", "..", "../../library.db", "0" * 64, "%2e%2e", "' OR 1=1 --"])
def test_nothing_else_is_found(library: Library, sha256: str) -> None:
    library.add(png(), RECIPE)

    assert library.path(sha256) is None
    assert library.image(sha256) is None
    assert library.recipe(sha256) is None


def test_a_file_that_somebody_deleted_is_not_found(library: Library) -> None:
    sha256, path = library.add(png(), RECIPE)
    path.unlink()

    assert library.path(sha256) is None


def test_another_viewer_finds_and_changes_nothing(library: Library) -> None:
    sha256, _ = library.add(png(), RECIPE)
    project = library.add_project("Spring")

    assert library.path(sha256, viewer="stranger") is None
    assert library.image(sha256, viewer="stranger") is None
    assert library.recipe(sha256, viewer="stranger") is None
    assert library.find(Search(), viewer="stranger").total == 0
    assert library.projects(viewer="stranger") == []
    assert library.delete([sha256], viewer="stranger") == 0
    library.tag([sha256], "mine", viewer="stranger")
    library.star([sha256], viewer="stranger")
    with pytest.raises(InputError):
        library.move([sha256], project, viewer="stranger")
    record = library.image(sha256)
    assert record and (record.starred, record.deleted, record.project_id) == (False, None, None)
    assert library.tags() == []


def test_the_same_file_twice_is_one_record(library: Library, tmp_path: Path) -> None:
    assert library.add(png(), RECIPE) == library.add(png(), RECIPE)

    assert len(library.recent(10)) == len(contents(tmp_path)) == 1


def test_recent_is_newest_first(library: Library) -> None:
    for hour in (5, 9, 7):
        add(library, "a mug", hour, hour=hour)

    assert [record.created.hour for record in library.recent(2)] == [9, 7]


# Finding


def test_words_are_found_in_any_order_case_and_form(library: Library) -> None:
    add(library, "A Navy leather HANDBAG", 1)
    add(library, "ein weißer Becher", 2)
    add(library, "白色运动鞋配绿色鞋底", 3)

    assert found(library, words="handbag navy") == ["A Navy leather HANDBAG"]
    assert found(library, words="WEISSER") == ["ein weißer Becher"]
    assert found(library, words="运动鞋") == ["白色运动鞋配绿色鞋底"]
    assert found(library, words="ｎａｖｙ") == ["A Navy leather HANDBAG"]
    assert found(library, words="navy mug") == []
    assert found(library, words="100%") == found(library, words="_") == []


def test_what_the_model_read_is_found_too(library: Library) -> None:
    recipe = replace(RECIPE, prompt="tasse rouge", parameters={"attributes": {"product": "mug"}})
    library.add(provenance.to_png(Image.new("RGB", (8, 8)), recipe), recipe)

    assert found(library, words="mug") == ["tasse rouge"]


def test_filters_narrow_a_search(library: Library) -> None:
    mug, _, bag = (
        add(library, prompt, number, colour=colour, hour=number + 1)
        for number, (prompt, colour) in enumerate([("a mug", "teal"), ("a bowl", "red"), ("a bag", "teal")])
    )
    library.star([bag])
    library.tag([mug, bag], "  Spring  Sale ")
    library.move([mug], library.add_project("Client"))
    project = library.projects()[0].id

    assert found(library, colour="teal") == ["a bag", "a mug"]
    assert found(library, starred=True) == ["a bag"]
    assert found(library, tag="spring sale", sort="oldest") == ["a mug", "a bag"]
    assert found(library, words="SALE a", colour="teal", starred=True) == ["a bag"]
    assert found(library, project=project) == ["a mug"]
    assert found(library, kind="generate", backend="gan") == ["a bag", "a bowl", "a mug"]
    assert found(library, kind="inpaint") == found(library, backend="diffusion") == []
    assert found(library, since=datetime(2026, 1, 2, 2), until=datetime(2026, 1, 2, 3)) == ["a bowl"]


def test_pages_follow_each_other(library: Library) -> None:
    for number in range(5):
        add(library, f"mug {number}", number, hour=number)

    first, second, beyond = (library.find(Search(limit=3, offset=offset)) for offset in (0, 3, 6))

    assert [image.prompt for image in (*first.images, *second.images)] == [f"mug {n}" for n in (4, 3, 2, 1, 0)]
    assert (first.total, second.total, beyond.total, len(beyond.images)) == (5, 5, 5, 0)


# Putting in order


def test_tags_and_projects(library: Library) -> None:
    first, second = add(library, "a mug", 1), add(library, "a bag", 2)
    library.tag([first, second, "0" * 64], "Sale")
    library.tag([first], "sale")
    library.tag([first], "autumn")
    library.untag([second], "SALE")
    project = library.add_project("  Client   A ")

    assert (library.tags(first), library.tags(second), library.tags()) == (["autumn", "sale"], [], ["autumn", "sale"])
    assert library.add_project("Client A") == project
    library.move([first, second], project)
    library.move([second], None)
    assert found(library, project=project) == ["a mug"]
    library.delete_project(project)
    assert library.projects() == []
    assert library.find(Search()).total == 2


@pytest.mark.parametrize("name", ["", "  ", "x" * 81])
def test_names_that_are_none(library: Library, name: str) -> None:
    with pytest.raises(InputError):
        library.add_project(name)
    with pytest.raises(InputError):
        library.tag([], name)


def test_an_unknown_project_takes_nothing(library: Library) -> None:
    with pytest.raises(InputError):
        library.move([add(library, "a mug")], 7)


# Deleting


def test_what_was_deleted_can_be_brought_back(library: Library) -> None:
    first, second = add(library, "a mug", 1), add(library, "a bag", 2)

    assert library.delete([first, second]) == 2
    assert found(library) == [] and set(found(library, trash=True)) == {"a mug", "a bag"}
    assert library.restore([first]) == 1
    assert found(library) == ["a mug"]
    storage = library.storage()
    assert (storage.images, storage.trash_images) == (1, 1) and storage.num_bytes > 0 < storage.trash_bytes


def test_emptying_the_trash_takes_files_records_and_tags(library: Library, tmp_path: Path) -> None:
    first, second = add(library, "a mug", 1), add(library, "a bag", 2)
    library.tag([first], "old")
    library.delete([first])

    assert library.empty_trash(timedelta(days=1)) == 0
    assert library.empty_trash() == 1
    assert contents(tmp_path) == {f"{second}.png"}
    assert library.image(first) is None and library.recipe(first) is None and library.tags() == []


def test_trash_is_emptied_after_a_month(tmp_path: Path) -> None:
    library = Library(tmp_path)
    old, new = add(library, "a mug", 1), add(library, "a bag", 2)
    library.delete([old, new])
    library.close()
    with sqlite3.connect(tmp_path / "library.db") as database:
        then = (datetime.now(UTC) - timedelta(days=31)).strftime("%Y-%m-%d %H:%M:%S.%f")
        database.execute("UPDATE images SET deleted = ? WHERE sha256 = ?", (then, old))
    database.close()
    age(tmp_path / "tidied", 2 * DAY)

    Library(tmp_path).close()
    assert contents(tmp_path) == {f"{new}.png"}


def test_trash_goes_where_the_clock_was_wrong(library: Library, tmp_path: Path) -> None:
    mug, bag = add(library, "a mug", 1), add(library, "a bag", 2)
    library.delete([mug])
    with sqlite3.connect(tmp_path / "library.db") as database:
        ahead = (datetime.now(UTC) + timedelta(days=400)).strftime("%Y-%m-%d %H:%M:%S.%f")
        database.execute("UPDATE images SET deleted = ? WHERE sha256 = ?", (ahead, mug))
    database.close()
    assert library.empty_trash(timedelta(days=30)) == 0
    assert library.empty_trash() == 1

    half = library.files.path(bag).parent / "old.partial"
    half.write_bytes(b"half")
    age(half, 2 * HOUR)
    age(tmp_path / "tidied", -400 * DAY)
    library.tidy()
    assert not half.exists()


def test_what_is_old_is_forgotten(library: Library, tmp_path: Path) -> None:
    add(library, "a mug", 1)
    new, _ = library.add(png(2), replace(RECIPE, created=datetime.now(UTC).isoformat()))
    assert library.forget(timedelta(days=1)) == 1
    assert contents(tmp_path) == {f"{new}.png"}


def test_a_wipe_leaves_nothing_of_the_owners(library: Library, tmp_path: Path) -> None:
    first, second = add(library, "a mug", 1), add(library, "a bag", 2)
    library.delete([first])
    library.tag([second], "sale")
    library.add_project("Client")
    shares = Shares(library, tmp_path)
    shares.create([second])
    other, _ = library.add(png(9), RECIPE, viewer="another")

    assert library.wipe() == 2
    assert contents(tmp_path) == {f"{other}.png"}
    assert library.find(Search()).total == library.find(Search(trash=True)).total == 0
    assert library.tags() == library.projects() == shares.all() == []
    assert library.path(other, viewer="another")


# Faults


def test_a_record_that_cannot_be_written_leaves_the_whole_file(library: Library, tmp_path: Path) -> None:
    with create_engine(f"sqlite:///{tmp_path / 'library.db'}").begin() as connection:
        connection.execute(text("DROP TABLE images"))

    with pytest.raises(StudioError, match="can't be used"):
        library.add(png(), RECIPE)

    assert contents(tmp_path) == {f"{hashlib.sha256(png()).hexdigest()}.png"}


def test_a_file_that_cannot_be_written_leaves_no_record(library: Library, tmp_path: Path) -> None:
    (tmp_path / "files").write_text("in the way")

    with pytest.raises(StudioError, match="STUDIO_DATA_DIR"):
        library.add(png(), RECIPE)

    assert library.recent(10) == []


def test_a_folder_that_cannot_be_made_is_an_error_in_plain_words(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")

    with pytest.raises(StudioError, match="STUDIO_DATA_DIR"):
        Library(tmp_path / "file" / "library")


def reopened(folder: Path) -> Library:
    """The library, opened on another day."""
    (folder / "tidied").unlink(missing_ok=True)
    return Library(folder)


def test_a_file_that_a_kill_left_without_a_record_gets_one(library: Library, tmp_path: Path) -> None:
    sha256, _ = library.add(png(1), RECIPE)
    other = png(2)
    name = hashlib.sha256(other).hexdigest()
    path = tmp_path / "files" / name[:2] / f"{name}.png"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(other)

    assert library.path(name) is None
    again = reopened(tmp_path)
    assert again.path(name) == path
    assert {record.sha256 for record in again.recent(9)} == {sha256, name}
    again.close()


def test_the_records_are_made_anew_from_the_files(tmp_path: Path) -> None:
    library = Library(tmp_path)
    prompts = {add(library, prompt, n) for n, prompt in enumerate(["a mug", "a bag"])}
    before = {sha256: library.recipe(sha256) for sha256 in prompts}
    library.close()
    for left in tmp_path.glob("library.db*"):
        left.unlink()

    again = reopened(tmp_path)
    assert {image.sha256: again.recipe(image.sha256) for image in again.recent(9)} == before
    again.close()


def test_a_library_from_before_there_were_migrations(tmp_path: Path) -> None:
    library = Library(tmp_path)
    sha256, _ = library.add(png(), RECIPE)
    library.close()
    with sqlite3.connect(tmp_path / "library.db") as database:
        for table in ("alembic_version", *reversed(Base.metadata.sorted_tables)):
            database.execute(f"DROP TABLE {table}")
        database.execute("CREATE TABLE images (sha256 VARCHAR PRIMARY KEY, prompt VARCHAR, recipe JSON)")
        database.execute("INSERT INTO images VALUES (?, 'ein Becher', '{}')", (sha256,))
    database.close()

    again = Library(tmp_path)  # opened on the same day, too
    assert [image.prompt for image in again.recent(9)] == [RECIPE.prompt]
    again.close()


def test_files_that_are_not_the_studios_are_left_alone(library: Library, tmp_path: Path) -> None:
    sha256, path = library.add(png(), RECIPE)
    (path.parent / "note.txt").write_text("mine")
    (path.parent / f"{sha256[:2]}{'0' * 62}.png").write_bytes(b"no image")
    (path.parent / f"{sha256[:2]}{'1' * 62}.png").write_bytes(png(7))  # another hash than its name says
    half = png(8)[:-40]  # a recipe, and pixels that end too soon
    name = hashlib.sha256(half).hexdigest()
    (path.parents[1] / name[:2]).mkdir(exist_ok=True)
    (path.parents[1] / name[:2] / f"{name}.png").write_bytes(half)

    again = reopened(tmp_path)
    assert [record.sha256 for record in again.recent(9)] == [sha256]
    assert len(contents(tmp_path)) == 5
    again.close()


def test_half_written_files_are_deleted_after_an_hour(library: Library, tmp_path: Path) -> None:
    _, path = library.add(png(), RECIPE)
    for name, seconds in (("old.partial", HOUR + 60), ("new.partial", HOUR - 60)):
        (path.parent / name).write_bytes(b"half")
        age(path.parent / name, seconds)

    reopened(tmp_path).close()
    assert contents(tmp_path) == {path.name, "new.partial"}


def test_it_is_tidied_no_more_than_once_a_day(library: Library, tmp_path: Path) -> None:
    _, path = library.add(png(), RECIPE)
    half = path.parent / "old.partial"
    half.write_bytes(b"half")
    age(half, 2 * HOUR)
    age(tmp_path / "tidied", DAY - 60)

    Library(tmp_path).close()
    assert half.exists()
    age(tmp_path / "tidied", DAY + 60)
    Library(tmp_path).close()
    assert not half.exists()


def test_a_file_that_went_with_the_trash_before_its_record_came_is_written_again(library: Library) -> None:
    data = png()
    sha256, path = library.add(data, RECIPE)
    library.delete([sha256])
    write, written = library.files.write, list[str]()

    def write_and_empty(again: bytes) -> str:
        result = write(again)
        if not written:
            library.empty_trash()
        written.append(result)
        return result

    library.files.write = write_and_empty  # type: ignore[method-assign]
    library.add(data, RECIPE)

    assert library.path(sha256) == path
    assert path.read_bytes() == data


def test_a_library_that_cannot_be_tidied_opens(
    library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: object) -> None:
        raise OSError("the disk is gone")

    monkeypatch.setattr(library_module.ContentFiles, "delete_partial", fail)
    again = reopened(tmp_path)
    again.add(png(), RECIPE)
    again.close()


def test_many_threads_add_at_once(library: Library, tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as threads:
        added = list(threads.map(lambda i: library.add(png(i), RECIPE)[0], range(40)))

    assert {record.sha256 for record in library.recent(100)} == set(added)
    assert len(contents(tmp_path)) == 40


def test_two_processes_may_be_the_first_at_once(tmp_path: Path) -> None:
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as processes:
        added = set(processes.map(add_in_process, [tmp_path] * 4, range(4)))

    library = Library(tmp_path)
    assert {record.sha256 for record in library.recent(10)} == added
    library.close()


def test_migrations_make_the_tables_that_the_records_say(tmp_path: Path) -> None:
    engine = open_database(f"sqlite:///{tmp_path / 'library.db'}")
    with engine.connect() as connection:
        assert revision(connection) == HEAD
        differences = compare_metadata(MigrationContext.configure(connection), Base.metadata)
    engine.dispose()
    assert differences == []


def test_a_library_of_a_newer_studio_is_left_as_it_is(library: Library, tmp_path: Path) -> None:
    library.add(png(), RECIPE)
    with library.database.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StudioError, match="newer studio"):
        Library(tmp_path)
    with library.database.connect() as connection:
        assert revision(connection) == "9999"


def add_and_delete(folder: Path, first: int, said: Path) -> None:
    """Adds images until it is killed; writes the number and hash of each to `said` once it is kept."""
    library = Library(folder)
    with said.open("a") as log:
        for number in itertools.count(first + 1):
            sha256, _ = library.add(png(number), RECIPE)
            log.write(f"{number} {sha256}\n")
            log.flush()
            if number % 5 == 0:
                library.delete([sha256])
            if number % 10 == 0:
                library.empty_trash()


def kill_again_and_again(folder: Path, times: int) -> dict[str, int]:
    """Kills so many processes that add images, each a moment after its first; returns what was kept: hash to number."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    said, rng = folder / "said.txt", random.Random(0)
    said.touch()
    for attempt in range(times):
        before = said.stat().st_size
        process = context.Process(target=add_and_delete, args=(folder, 1000 * attempt, said), daemon=True)
        process.start()
        while said.stat().st_size == before:
            time.sleep(0.002)
        time.sleep(rng.uniform(0, 0.25))
        process.kill()
        process.join()
    lines = [line.split() for line in said.read_text().split("\n")[:-1]]
    return {sha256: int(number) for number, sha256 in lines}


def test_a_kill_at_any_moment_loses_nothing_and_leaves_nothing_dangling(tmp_path: Path) -> None:
    kept = kill_again_and_again(tmp_path, 5)
    assert len(kept) > 5

    check_nothing_is_lost(tmp_path, kept)


def check_nothing_is_lost(folder: Path, kept: dict[str, int]) -> None:
    library = reopened(folder)
    live = {image.sha256 for image in library.find(Search(limit=10**6)).images}
    trash = {image.sha256 for image in library.find(Search(limit=10**6, trash=True)).images}
    assert all(library.path(sha256) for sha256 in live)
    files = {name.removesuffix(".png") for name in contents(folder) if name.endswith(".png")}
    assert live <= files <= live | trash
    assert all(kept[sha256] % 5 == 0 for sha256 in kept.keys() - live), "only what was deleted is gone"
    library.close()


# Exported files


def test_an_exported_file_is_kept_as_it_is_and_goes_with_its_image(library: Library, tmp_path: Path) -> None:
    before = library.storage().num_bytes
    image, export = add_advert(library)
    assert export == hashlib.sha256(exported()).hexdigest() and contents(tmp_path) == {f"{image}.png", f"{export}.jpg"}
    assert library.files.path(export, "jpg").read_bytes() == exported()
    assert library.add_export(image, exported(), "x_post/mug.jpg") == export  # once more
    storage = library.storage()
    assert storage.num_bytes == before + len(exported()) + library.files.path(image).stat().st_size
    assert library.path(export) is None  # it is no image of the library by itself

    library.delete([image])
    assert library.storage().trash_bytes == storage.num_bytes and library.storage().num_bytes == 0
    assert library.empty_trash() == 1 and contents(tmp_path) == set()


@pytest.mark.parametrize(("name", "owner"), [("mug.svg", OWNER), ("mug", OWNER), ("mug.jpg", "another")])
def test_what_is_no_picture_or_of_nobodys_image_is_not_kept(library: Library, name: str, owner: str) -> None:
    image = add(library, "a mug")
    with pytest.raises(InputError, match="can't be kept"):
        library.add_export(image, exported(), name, viewer=owner)


def test_exported_files_are_found_again_where_the_records_were_lost(tmp_path: Path) -> None:
    library = Library(tmp_path)
    image, export = add_advert(library)
    library.close()
    for file in tmp_path.glob("library.db*"):
        file.unlink()
    age(library.files.path(export, "jpg"), 2 * DAY)

    again = Library(tmp_path)
    assert contents(tmp_path) == {f"{image}.png", f"{export}.jpg"}
    shares = Shares(again, tmp_path)
    number, _ = shares.create([image])
    assert [each.sha256 for each in shares.details(number).images] == [export]
    again.close()


def test_exported_files_without_a_record_are_swept_but_not_while_they_may_be_written(tmp_path: Path) -> None:
    library = Library(tmp_path)
    _, kept = add_advert(library)
    old = library.files.write(b"an old one", "jpg")
    young = library.files.write(b"a young one", "webp")
    library.close()
    for sha256 in (kept, old):
        age(library.files.path(sha256, "jpg"), 2 * HOUR)
    age(tmp_path / "tidied", 2 * DAY)

    Library(tmp_path).close()
    assert not library.files.exists(old, "jpg")
    assert library.files.exists(young, "webp") and library.files.exists(kept, "jpg")
