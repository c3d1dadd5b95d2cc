import hashlib
import struct
import zlib
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from studio import imaging, provenance
from studio.errors import InputError, WeightsError
from studio.request import GenerationRequest
from studio.service import Studio
from studio.settings import Settings
from tests.fakes import FakeBackend

REQUEST = GenerationRequest(prompt="a red mug", count=3, seed=7)


@pytest.fixture
def studio_of(tmp_path: Path):
    opened: list[Studio] = []

    def build(backend: FakeBackend | None = None, **settings: object) -> Studio:
        used = backend or FakeBackend()
        made = Studio(Settings(data_dir=tmp_path, backend="fake", **settings), backends=lambda _: used)  # type: ignore[arg-type]
        opened.append(made)
        return made

    yield build
    for studio in opened:
        studio.library.close()


Build = Callable[..., Studio]


def test_what_is_generated_is_kept_with_its_recipe(studio_of: Build) -> None:
    studio = studio_of()

    images = studio.generate(REQUEST)

    assert [image.seed for image in images] == [7, 8, 9]
    for image in images:
        data = image.path.read_bytes()
        assert image.sha256 == hashlib.sha256(data).hexdigest()
        assert studio.file(image.sha256) == image.path
        assert provenance.read_recipe(data) == image.recipe
        assert imaging.max_difference(imaging.decode(data), image.image) == 0


@pytest.mark.parametrize("open_to_all", [False, True])
def test_what_strangers_made_is_kept_for_a_day(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, open_to_all: bool
) -> None:
    studio = Studio(Settings(data_dir=tmp_path, open_to_all=open_to_all), backends=lambda _: FakeBackend())
    list(studio.generate(GenerationRequest(prompt="a mug", count=2, seed=7)))
    monkeypatch.setattr("studio.service.OPEN_KEPT", timedelta(0))
    studio.tidy()
    assert studio.library.storage().images == (0 if open_to_all else 2)
    studio.library.close()


def test_each_image_is_kept_before_the_next_is_drawn(studio_of: Build) -> None:
    backend = FakeBackend()
    studio = studio_of(backend)

    first = next(studio.stream(REQUEST))

    assert backend.drawn == [7]
    assert first.path.exists()
    assert studio.file(first.sha256) == first.path


def test_a_preview_has_the_same_pixels_and_keeps_nothing(studio_of: Build, tmp_path: Path) -> None:
    studio = studio_of()

    previews = studio.preview(REQUEST)

    assert list(tmp_path.iterdir()) == []
    assert [preview.recipe.pixels_sha256 for preview in previews] == [
        image.recipe.pixels_sha256 for image in studio.generate(REQUEST)
    ]


def test_the_recipe_of_a_file_and_of_its_bytes(studio_of: Build) -> None:
    studio = studio_of()
    (image,) = studio.generate(GenerationRequest(prompt="a mug", count=1))

    recipe, verdict = studio.recipe(image.path)

    assert (recipe, verdict.outcome) == (image.recipe, "exact")
    assert studio.recipe(image.path.read_bytes()) == (recipe, verdict)


def test_a_picture_of_another_size_than_its_recipe_says_is_not_decoded(studio_of: Build) -> None:
    studio = studio_of()
    (image,) = studio.generate(GenerationRequest(prompt="a mug", count=1))
    data = bytearray(image.path.read_bytes())
    # The header claims 39 megapixels, of which there are 16 x 16: decoding them would be an error.
    data[16:24] = struct.pack(">II", 6300, 6300)
    data[29:33] = struct.pack(">I", zlib.crc32(data[12:29]))
    with pytest.raises(InputError, match="damaged or incomplete"):
        imaging.decode(bytes(data))

    recipe, verdict = studio.recipe(bytes(data))

    assert recipe == image.recipe
    assert (verdict.outcome, verdict.intact, verdict.max_difference) == ("not_reproducible", False, None)
    assert verdict.reason == "The pixels were changed after the image was made."


def test_files_that_are_no_images_of_ours_are_refused(
    studio_of: Build, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("studio.service.MAX_PICTURE_BYTES", 2**20)
    studio = studio_of()
    (tmp_path / "large").write_bytes(b"x" * (2**20 + 1))

    for source, said in (
        (tmp_path / "missing.png", "can't be read"),
        (tmp_path, "can't be read"),
        (tmp_path / "large", "larger than 1 MB"),
        (b"x" * (2**20 + 1), "larger than 1 MB"),
        (b"text", "not a PNG"),
    ):
        with pytest.raises(InputError, match=said):
            studio.recipe(source)


def test_broken_weights_raise_on_warm_and_on_generate(studio_of: Build) -> None:
    studio = studio_of(FakeBackend(broken=True))

    with pytest.raises(WeightsError):
        studio.warm()
    with pytest.raises(WeightsError):
        studio.generate(REQUEST)


def test_what_the_shipped_list_refuses_is_refused_everywhere(studio_of: Build) -> None:
    backend = FakeBackend()
    studio = studio_of(backend)
    request = GenerationRequest(prompt="a mug with a Hakenkreuz", count=1)

    for ask in (studio.generate, studio.preview, lambda request: studio.understand(request.prompt)):
        with pytest.raises(InputError, match=r"^This studio doesn't draw symbols .* Leave out “Hakenkreuz”\.$"):
            ask(request)
    assert backend.drawn == []


def test_capabilities_and_understanding_are_the_backends(studio_of: Build) -> None:
    studio = studio_of()

    assert studio.capabilities.sizes == (16, 32)
    assert studio.understand("a mug").attributes[0].value == "mug"
