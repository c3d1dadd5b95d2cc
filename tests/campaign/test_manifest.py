import csv
import hashlib
import json
from contextlib import closing
from pathlib import Path

import pytest

from studio.campaign.manifest import COLUMNS, CSV_NAME, JOURNAL, JSON_NAME, Journal, Row, rows_of


def row(number: int, folder: Path, **given: object) -> Row:
    data = f"file {number}".encode()
    name = f"x_post/{number}.jpg"
    (folder / "x_post").mkdir(exist_ok=True)
    (folder / name).write_bytes(data)
    values: dict[str, object] = {
        "number": number,
        "key": f"key {number}",
        "file": name,
        "sha256": hashlib.sha256(data).hexdigest(),
        "sku": f"Größe, {number}",
        "channel": "x_post",
        "width": 1200,
        "height": 675,
        "status": "ok",
        "problems": ("a; b", "c"),
        "recipe": {"layout": "above"},
        "checks": ({"name": "size", "passed": True},),
        **given,
    }
    return Row(**values)  # pyright: ignore[reportArgumentType]


def test_a_row_is_read_as_it_was_written(tmp_path: Path) -> None:
    written = row(3, tmp_path)
    assert Row.from_json(written.to_json()) == written
    with pytest.raises(ValueError, match="no row"):
        Row.from_json('{"number": 1}')


def test_manifests_have_the_rows_in_their_order_and_each_once(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    for number in (2, 0, 1):
        journal.add(row(number, tmp_path))
    journal.add(row(1, tmp_path, status="failed", sku="=1+1"))
    journal.write()
    journal.close()
    with (tmp_path / CSV_NAME).open(encoding="utf-8", newline="") as file:
        table = list(csv.DictReader(file))
    assert tuple(table[0]) == COLUMNS
    assert [(each["file"], each["status"]) for each in table] == [
        ("x_post/0.jpg", "ok"),
        ("x_post/1.jpg", "failed"),
        ("x_post/2.jpg", "ok"),
    ]
    assert table[0]["problems"] == "a; b; c" and json.loads(table[0]["recipe"]) == {"layout": "above"}
    assert table[1]["sku"] == "'=1+1"  # no formula for a spreadsheet
    read = rows_of((tmp_path / JSON_NAME).read_text(encoding="utf-8"))
    assert [each.number for each in read] == [0, 1, 2] and read[0] == row(0, tmp_path)


def test_what_was_made_is_known_after_a_stop_as_long_as_its_file_is_what_it_was(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    for number in range(3):
        journal.add(row(number, tmp_path))
    journal.add(row(3, tmp_path, status="failed"))
    journal.close()
    with (tmp_path / JOURNAL).open("a", encoding="utf-8") as file:
        file.write('{"number": 4, "key": "ke')  # killed in the middle of a row
    (tmp_path / "x_post" / "1.jpg").write_bytes(b"changed")
    (tmp_path / "x_post" / "2.jpg").unlink()
    again = Journal(tmp_path)
    assert again.done("key 0") == row(0, tmp_path)
    assert again.done("key 1") is None and again.done("key 2") is None
    assert again.done("key 3") is None and again.done("key 4") is None  # failed ones are tried again
    again.keep(row(7, tmp_path, key="key 0"))
    again.add(row(8, tmp_path))
    assert [each.number for each in again.rows()] == [7, 8]
    again.close()
    with closing(Journal(tmp_path)) as third:
        assert third.done("key 8") is not None


def test_a_journal_with_other_things_in_it_is_read_past_them(tmp_path: Path) -> None:
    (tmp_path / JOURNAL).write_text('not json\n{"a": 1}\n' + row(0, tmp_path).to_json() + "\n", encoding="utf-8")
    with closing(Journal(tmp_path)) as journal:
        assert journal.done("key 0") is not None
