from pathlib import Path

import pytest

from studio.errors import InputError
from studio.untrusted import read_file


def test_a_file_is_read_up_to_its_limit(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"x" * 1200)

    assert read_file(file, 1200, hint="") == b"x" * 1200
    with pytest.raises(InputError, match=r"file is larger than 1,199 bytes\. Make it smaller first\.$"):
        read_file(file, 1199, hint="")


def test_what_never_ends_is_not_read_to_its_end() -> None:
    with pytest.raises(InputError, match=r"^The photo is larger than 2 MB\. Split it\.$"):
        read_file(Path("/dev/zero"), 2 * 2**20, hint="", smaller="Split it.", called="The photo")


def test_what_cannot_be_read_is_said_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none can't be read: No such file or directory\. Name another\.$"):
        read_file(tmp_path / "none", 9, hint="Name another.")
    with pytest.raises(InputError, match=r"^The table can't be read: Is a directory\. Name another\.$"):
        read_file(tmp_path, 9, hint="Name another.", called="The table")
