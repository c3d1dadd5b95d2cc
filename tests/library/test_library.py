import hashlib
import multiprocessing
import os
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from studio.errors import StudioError
from studio.library import Library
from studio.library import library as library_module
from tests.test_request import RECIPE


def contents(folder: Path) -> set[str]:
    return {path.name for path in (folder / "files").rglob("*") if path.is_file()}


def add_in_process(folder: Path, data: bytes) -> str:
    library = Library(folder)
    sha256, _ = library.add(data, RECIPE)
    library.close()
    return sha256


@pytest.fixture
def library(tmp_path: Path):
    opened = Library(tmp_path)
    yield opened
    opened.close()


def test_what_is_added_is_found_by_the_hash_of_the_file(library: Library, tmp_path: Path) -> None:
    sha256, path = library.add(b"png", RECIPE)

    assert sha256 == hashlib.sha256(b"png").hexdigest()
    assert path == tmp_path / "files" / sha256[:2] / f"{sha256}.png"
    assert path.read_bytes() == b"png"
    assert library.path(sha256) == path
    (record,) = library.recent(10)
    assert (record.sha256, record.prompt, record.seed, record.recipe["parameters"]) == (
        sha256,
        RECIPE.prompt,
        RECIPE.seed,
        RECIPE.parameters,
    )


@pytest.mark.parametrize("sha256", ["", "..", "../../library.db", "0" * 64, "%2e%2e", "' OR 1=1 --"])
def test_nothing_else_is_found(library: Library, sha256: str) -> None:
    library.add(b"png", RECIPE)

    assert library.path(sha256) is None


def test_a_file_that_somebody_deleted_is_not_found(library: Library) -> None:
    sha256, path = library.add(b"png", RECIPE)
    path.unlink()

    assert library.path(sha256) is None


def test_the_same_file_twice_is_one_record(library: Library, tmp_path: Path) -> None:
    assert library.add(b"png", RECIPE) == library.add(b"png", RECIPE)

    assert len(library.recent(10)) == len(contents(tmp_path)) == 1


def test_recent_is_newest_first(library: Library) -> None:
    for hour in (5, 9, 7):
        library.add(f"{hour}".encode(), replace(RECIPE, created=f"2026-01-02T{hour:02d}:00:00+00:00"))

    assert [record.created.hour for record in library.recent(2)] == [9, 7]


def test_a_record_that_cannot_be_written_leaves_the_whole_file(library: Library, tmp_path: Path) -> None:
    with create_engine(f"sqlite:///{tmp_path / 'library.db'}").begin() as connection:
        connection.execute(text("DROP TABLE images"))

    with pytest.raises(StudioError, match="can't be written"):
        library.add(b"png", RECIPE)

    assert contents(tmp_path) == {f"{hashlib.sha256(b'png').hexdigest()}.png"}


def test_a_file_that_cannot_be_written_leaves_no_record(library: Library, tmp_path: Path) -> None:
    (tmp_path / "files").write_text("in the way")

    with pytest.raises(StudioError, match="STUDIO_DATA_DIR"):
        library.add(b"png", RECIPE)

    assert library.recent(10) == []


def test_a_folder_that_cannot_be_made_is_an_error_in_plain_words(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")

    with pytest.raises(StudioError, match="STUDIO_DATA_DIR"):
        Library(tmp_path / "file" / "library")


HOUR, DAY = 3600, 24 * 3600


def age(path: Path, seconds: float) -> None:
    then = time.time() - seconds
    os.utime(path, (then, then))


def drop(folder: Path, data: bytes, *, seconds: float) -> Path:
    """A file that looks as if a kill had come between writing it and its record."""
    sha256 = hashlib.sha256(data).hexdigest()
    path = folder / "files" / sha256[:2] / f"{sha256}.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    age(path, seconds)
    return path


@pytest.fixture
def used(tmp_path: Path) -> Path:
    """The folder of a library with one image in it, a week old, that was swept the day before yesterday."""
    library = Library(tmp_path)
    created = datetime.fromtimestamp(time.time() - 7 * DAY, UTC).isoformat()
    _, path = library.add(b"kept", replace(RECIPE, created=created))
    library.close()
    age(path, 7 * DAY)
    age(tmp_path / "swept", 2 * DAY)
    return tmp_path


def reopened(folder: Path) -> set[str]:
    Library(folder).close()
    return contents(folder)


def test_opening_sweeps_what_kills_left_an_hour_ago(used: Path) -> None:
    kept = contents(used)
    for name, seconds in (("tmpold.partial", HOUR + 60), ("tmpnew.partial", HOUR - 60)):
        partial = next((used / "files").iterdir()) / name
        partial.write_bytes(b"half")
        age(partial, seconds)
    drop(used, b"old", seconds=HOUR + 60)
    new = drop(used, b"new", seconds=HOUR - 60)

    assert reopened(used) == kept | {"tmpnew.partial", new.name}


def test_sweeps_no_more_than_once_a_day(used: Path) -> None:
    age(used / "swept", DAY - 60)
    old = drop(used, b"old", seconds=HOUR + 60)

    assert old.name in reopened(used)
    age(used / "swept", DAY + 60)
    assert old.name not in reopened(used)


def test_files_that_are_not_the_librarys_own_are_left_alone(used: Path) -> None:
    note = next((used / "files").iterdir()) / "note.txt"
    note.write_text("mine")
    age(note, 2 * HOUR)

    assert note.name in reopened(used)


def test_where_records_were_lost_the_files_stay(used: Path) -> None:
    before_any_record = drop(used, b"earlier", seconds=8 * DAY)
    assert before_any_record.name in reopened(used)

    age(used / "swept", 2 * DAY)
    many = {drop(used, f"{i}".encode(), seconds=2 * HOUR).name for i in range(17)}
    assert many < reopened(used)

    (used / "library.db").unlink()
    age(used / "swept", 2 * DAY)
    assert many < reopened(used)


def test_a_file_swept_before_its_record_was_written_is_written_again(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, written = library_module._write_whole, list[Path]()

    def write_and_lose_the_first(path: Path, data: bytes) -> None:
        write(path, data)
        if not written:
            path.unlink()
        written.append(path)

    monkeypatch.setattr(library_module, "_write_whole", write_and_lose_the_first)
    sha256, path = library.add(b"png", RECIPE)

    assert library.path(sha256) == path
    assert written == [path, path]


def test_a_library_that_cannot_be_swept_opens(used: Path) -> None:
    (used / "files" / "zz").write_text("in the way")

    library = Library(used)
    library.add(b"png", RECIPE)
    library.close()


def test_many_threads_add_at_once(library: Library, tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as threads:
        added = list(threads.map(lambda i: library.add(f"{i}".encode(), RECIPE)[0], range(40)))

    assert {record.sha256 for record in library.recent(100)} == set(added)
    assert len(contents(tmp_path)) == 40


def test_two_processes_may_be_the_first_at_once(tmp_path: Path) -> None:
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as processes:
        added = set(processes.map(add_in_process, [tmp_path] * 4, [b"a", b"b", b"c", b"d"]))

    library = Library(tmp_path)
    assert {record.sha256 for record in library.recent(10)} == added
    library.close()
