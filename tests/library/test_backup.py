import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine

from studio.errors import StudioError
from studio.library import Library, Search, Shares
from studio.library.backup import backup, restore
from tests.library.test_library import add, add_advert, contents


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    opened = Library(tmp_path / "data")
    yield opened
    opened.close()


def test_all_is_there_again_after_a_wipe(library: Library, tmp_path: Path) -> None:
    images = [add(library, "a mug", number) for number in range(5)]
    library.tag(images[:1], "sale")
    library.star(images[1:2])
    library.delete(images[4:])
    number, token = Shares(library, tmp_path / "data").create(images[:2])

    copied = backup(library, tmp_path / "backup")
    assert (copied.images, copied.lost) == (5, ())
    assert restore(tmp_path / "backup", tmp_path / "again") == copied

    again = Library(tmp_path / "again")
    assert contents(tmp_path / "again") == contents(tmp_path / "data")
    for sha256 in images[:4]:
        path, before = again.path(sha256), library.path(sha256)
        assert path and before and path.read_bytes() == before.read_bytes()
    assert again.tags(images[0]) == ["sale"]
    assert [image.sha256 for image in again.find(Search(starred=True)).images] == images[1:2]
    assert [image.sha256 for image in again.find(Search(trash=True)).images] == images[4:]
    shares = Shares(again, tmp_path / "again")
    assert shares.token(number) == token and shares.open(token)
    again.close()


def test_a_backup_is_a_library_itself_and_grows(library: Library, tmp_path: Path) -> None:
    first = add(library, "a mug", 1)
    backup(library, tmp_path / "backup")
    written = (tmp_path / "backup" / "files" / first[:2] / f"{first}.png").stat().st_mtime_ns
    second = add(library, "a bag", 2)
    assert backup(library, tmp_path / "backup").images == 2

    copy = Library(tmp_path / "backup")
    assert copy.path(first) and copy.path(second)
    copy.close()
    assert (tmp_path / "backup" / "files" / first[:2] / f"{first}.png").stat().st_mtime_ns == written


def test_damaged_and_missing_files_are_named_and_mended(library: Library, tmp_path: Path) -> None:
    damaged, missing, whole = (add(library, "a mug", number) for number in range(3))
    backup(library, tmp_path / "backup")
    (tmp_path / "backup" / "files" / damaged[:2] / f"{damaged}.png").write_bytes(b"rotten")
    (tmp_path / "backup" / "files" / missing[:2] / f"{missing}.png").unlink()

    copied = restore(tmp_path / "backup", tmp_path / "again")
    assert (copied.images, set(copied.lost)) == (1, {damaged, missing})
    assert contents(tmp_path / "again") == {f"{whole}.png"}
    assert backup(library, tmp_path / "backup").lost == ()  # from the library, which is whole


def test_it_is_safe_while_images_are_made(library: Library, tmp_path: Path) -> None:
    stop = threading.Event()

    def make() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            sha256 = add(library, "a mug", number)
            if number % 3 == 0:
                library.delete([sha256])
                library.empty_trash()

    thread = threading.Thread(target=make)
    thread.start()
    try:
        results = [backup(library, tmp_path / "backup") for _ in range(5)]
    finally:
        stop.set()
        thread.join()

    assert all(result.lost == () for result in results)
    copy = Library(tmp_path / "backup")
    found = copy.find(Search(limit=10**6)).images
    assert found and all(copy.path(image.sha256) for image in found)
    copy.close()


def test_nothing_is_overwritten(library: Library, tmp_path: Path) -> None:
    add(library, "a mug")
    backup(library, tmp_path / "backup")

    with pytest.raises(StudioError, match=r"already holds library\.db and .* of a library"):
        restore(tmp_path / "backup", tmp_path / "data")
    (tmp_path / "killed").mkdir()
    (tmp_path / "killed" / "library.db-wal").write_bytes(b"changes to a database that was moved away")
    with pytest.raises(StudioError, match=r"already holds library\.db-wal of a library"):
        restore(tmp_path / "backup", tmp_path / "killed")
    with pytest.raises(StudioError, match="There is no backup"):
        restore(tmp_path / "data" / "files", tmp_path / "again")
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "library.db").write_bytes(b"no database at all" * 100)
    with pytest.raises(StudioError, match="can't be copied"):
        restore(tmp_path / "broken", tmp_path / "again")
    assert not (tmp_path / "again" / "library.db").exists()


def test_a_backup_takes_the_place_of_nothing_else(library: Library, tmp_path: Path) -> None:
    add(library, "a mug")
    (tmp_path / "mine" / "campaigns").mkdir(parents=True)
    (tmp_path / "mine" / "campaigns" / "spring.yaml").write_text("mine")
    with pytest.raises(StudioError, match="holds other things than a backup"):
        backup(library, tmp_path / "mine", folders=["campaigns"])
    assert (tmp_path / "mine" / "campaigns" / "spring.yaml").is_file()
    with pytest.raises(StudioError, match="is the library itself"):
        backup(library, tmp_path / "data")

    # A library that isn't the right one, such as that of another user, doesn't empty the backup.
    backup(library, tmp_path / "backup")
    empty = Library(tmp_path / "elsewhere")
    with pytest.raises(StudioError, match=r"There are no images in .*elsewhere, and .*backup holds a backup"):
        backup(empty, tmp_path / "backup")
    empty.close()

    # What a copy left that was in use as a library goes.
    (tmp_path / "backup" / "library.db-wal").write_bytes(b"changes to the copy")
    backup(library, tmp_path / "backup")
    assert not (tmp_path / "backup" / "library.db-wal").exists()


def test_an_interrupted_copy_leaves_the_last_whole_one(library: Library, tmp_path: Path) -> None:
    add(library, "a mug", 1)
    backup(library, tmp_path / "backup")
    add(library, "a bag", 2)

    def interrupt(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        backup(library, tmp_path / "another", on_progress=interrupt)
    assert backup(library, tmp_path / "another").images == 2
    with pytest.raises(KeyboardInterrupt):
        backup(library, tmp_path / "backup", on_progress=interrupt)
    with sqlite3.connect(tmp_path / "backup" / "library.db") as database:
        assert database.execute("SELECT count(*) FROM images").fetchone() == (1,)
    database.close()


def test_exported_files_come_along(library: Library, tmp_path: Path) -> None:
    image, export = add_advert(library)
    _, token = Shares(library, tmp_path / "data").create([export])
    assert backup(library, tmp_path / "backup").images == 1
    assert restore(tmp_path / "backup", tmp_path / "again").lost == ()
    assert contents(tmp_path / "again") == {f"{image}.png", f"{export}.jpg"}
    again = Library(tmp_path / "again")
    shared = Shares(again, tmp_path / "again").open(token)
    assert shared and [each.sha256 for each in shared.images] == [export]
    again.close()

    library.files.path(export, "jpg").unlink()
    copied = backup(library, tmp_path / "other")
    assert (copied.images, copied.lost) == (1, (export,))


def test_a_backup_of_a_library_without_exported_files_is_restored(library: Library, tmp_path: Path) -> None:
    sha256 = add(library, "a mug")
    _, token = Shares(library, tmp_path / "data").create([sha256])
    backup(library, tmp_path / "backup")
    (tmp_path / "backup" / "library.db").unlink()
    config = Config()
    config.set_main_option("script_location", "studio/library/migrations")
    engine = create_engine(f"sqlite:///{tmp_path / 'backup' / 'library.db'}")
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0004")
        connection.exec_driver_sql(f"ATTACH '{tmp_path / 'data' / 'library.db'}' AS now")
        for table, columns in (
            ("images", "*"),
            ("recipes", "*"),
            ("shares", "*"),
            ("shared_images", "share_id, position, sha256"),
        ):
            connection.exec_driver_sql(f"INSERT INTO {table} SELECT {columns} FROM now.{table}")
    engine.dispose()
    assert restore(tmp_path / "backup", tmp_path / "again").images == 1
    again = Library(tmp_path / "again")
    shared = Shares(again, tmp_path / "again").open(token)
    assert shared and [(each.sha256, each.path) for each in shared.images] == [(sha256, again.path(sha256))]
    again.close()


def test_folders_beside_the_library_come_along_as_they_are_now(library: Library, tmp_path: Path) -> None:
    kit = tmp_path / "data" / "brand_kits" / "tide-1a2b3c"
    for name in ("kit.yaml", "logo.png", "deep/font.ttf"):
        (kit / name).parent.mkdir(parents=True, exist_ok=True)
        (kit / name).write_text(name)
    (kit.parent / "0a1b.partial").mkdir()
    (kit.parent / "0a1b.partial" / "kit.yaml").write_text("half a kit")

    def names(folder: Path) -> set[str]:
        return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}

    def copy() -> None:
        backup(library, tmp_path / "backup", folders=("brand_kits", "campaigns"))

    copy()
    whole = {f"tide-1a2b3c/{name}" for name in ("kit.yaml", "logo.png", "deep/font.ttf")}
    kept = tmp_path / "backup" / "brand_kits"
    assert names(kept) == whole and not (tmp_path / "backup" / "campaigns").exists()
    (kit / "logo.png").unlink()  # the brand has none any more
    (kit / "kit.yaml").write_text("changed")
    unchanged = (kept / "tide-1a2b3c" / "deep" / "font.ttf").stat().st_ino
    copy()
    assert names(kept) == whole - {"tide-1a2b3c/logo.png"}
    assert (kept / "tide-1a2b3c" / "kit.yaml").read_text() == "changed"
    assert (kept / "tide-1a2b3c" / "deep" / "font.ttf").stat().st_ino == unchanged

    restore(tmp_path / "backup", tmp_path / "again", folders=("brand_kits", "campaigns"))
    assert names(tmp_path / "again" / "brand_kits") == names(kept)
    (tmp_path / "third" / "brand_kits" / "own-1").mkdir(parents=True)
    with pytest.raises(StudioError, match="is there already"):
        restore(tmp_path / "backup", tmp_path / "third", folders=("brand_kits",))
    assert not (tmp_path / "third" / "library.db").exists()
    # Without the folder, what was copied before stays.
    for file in sorted(kit.parent.rglob("*"), reverse=True):
        file.unlink() if file.is_file() else file.rmdir()
    kit.parent.rmdir()
    copy()
    assert names(kept)
