import hashlib
import multiprocessing
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from studio.errors import StudioError
from studio.library import Library
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
