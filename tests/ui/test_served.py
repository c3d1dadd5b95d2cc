import hashlib
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from studio.request import GenerationRequest, SavedImage
from studio.service import Studio
from studio.settings import Settings
from studio.ui.served import copy_of, zip_of
from tests.fakes import FakeBackend


@pytest.fixture
def images(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[SavedImage]]:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "cache"))
    studio = Studio(Settings(data_dir=tmp_path / "data"), backends=lambda _: FakeBackend())
    yield studio.generate(GenerationRequest(prompt="a mug", count=3, seed=7))
    studio.library.close()


def test_a_copy_is_the_library_s_file_under_a_name_for_people(images: list[SavedImage]) -> None:
    copies = [copy_of(image, image.path) for image in images]

    assert [copy.name for copy in copies] == ["000-7.png", "001-8.png", "002-9.png"]
    assert [hashlib.sha256(copy.read_bytes()).hexdigest() for copy in copies] == [image.sha256 for image in images]


def test_a_copy_that_is_being_read_is_not_cut_short(images: list[SavedImage]) -> None:
    first = copy_of(images[0], images[0].path)
    with first.open("rb") as reading:
        assert copy_of(images[0], images[0].path) == first
        assert reading.read() == images[0].path.read_bytes()
    assert [path.name for path in first.parent.iterdir()] == ["000-7.png"]


def test_the_archive_has_every_image(images: list[SavedImage]) -> None:
    with zipfile.ZipFile(zip_of(images)) as archive:
        assert archive.namelist() == ["000-7.png", "001-8.png", "002-9.png"]
        assert [archive.read(name) for name in archive.namelist()] == [image.path.read_bytes() for image in images]
