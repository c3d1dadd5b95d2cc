import json
from pathlib import Path

import pytest
from PIL import Image

from studio.campaign.sources import darkroom_of, photo, read_photo
from studio.errors import InputError
from studio.provenance import COMPOSITE, DRAWN
from studio.request import GenerationRequest, RestyleRequest
from studio.service import Studio
from studio.settings import Settings
from tests.campaign.drawn import product, save_photo
from tests.fakes import FakeBackend, FakeRetoucher


def unknown(pixels_sha256: str) -> None:
    """A library that has nothing."""


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    return Studio(Settings(data_dir=tmp_path / "data"), backends=lambda _: FakeBackend(), retoucher=FakeRetoucher())


def test_what_is_drawn_is_kept_and_is_a_concept(studio: Studio) -> None:
    room = darkroom_of(studio)
    drawn = room.draw("a mug", 7)
    assert drawn.origin == "drawn" and drawn.concept == "no photo is behind it" and drawn.source_type == DRAWN
    assert drawn.made["seed"] == 7 and drawn.made["prompt"] == "a mug"
    again = room.kept(str(drawn.made["sha256"]))
    assert again.image.tobytes() == drawn.image.tobytes() and again.made == drawn.made
    assert room.product_mask(drawn.image).size == drawn.image.size
    assert room.read("a red mug") == {"product": "mug", "colour": "red"}
    with pytest.raises(InputError, match="no picture ffff"):
        room.kept("f" * 64)
    studio.library.close()


def test_another_model_another_mask_model_and_new_weights_are_noticed(tmp_path: Path) -> None:
    def model(**settings: str) -> str:
        return darkroom_of(Studio(Settings(data_dir=tmp_path, **settings), backends=lambda _: FakeBackend())).model  # pyright: ignore[reportArgumentType]

    assert model() == "gan"
    trained = tmp_path / "snapshot"
    trained.mkdir()
    found = [model(mask_model="sam"), model(backend=f"gan:{trained}")]
    for weights in ("a", "b"):
        (trained / "config.json").write_text(json.dumps({"weights_sha256": weights}))
        found.append(model(backend=f"gan:{trained}"))
    assert len(set(found)) == 4


def test_a_photo_of_the_library_is_no_concept(tmp_path: Path) -> None:
    # As a PNG it is larger than what was uploaded, and than what may be.
    studio = Studio(Settings(data_dir=tmp_path, max_upload_bytes=1000), backends=lambda _: FakeBackend())
    image, _ = product()
    found = darkroom_of(studio).kept(studio.keep(image))
    assert found.origin == "photo" and found.concept == "" and found.source_type == COMPOSITE
    studio.library.close()


def test_a_file_with_a_drawn_picture_is_a_concept(studio: Studio, tmp_path: Path) -> None:
    room = darkroom_of(studio)
    (saved,) = studio.generate(GenerationRequest(prompt="a mug", count=1, seed=7))
    bare = tmp_path / "bare.png"
    saved.image.save(bare)  # as other programs save it, without the recipe
    for path, known in ((bare, room.known), (saved.path, room.known), (saved.path, unknown)):
        data, sha256 = read_photo(path)
        found = photo(data, path.name, sha256, {}, known)
        assert found.origin == "drawn" and found.concept and found.source_type == DRAWN
    shape = RestyleRequest(image=product()[0], prompt="blue", keep="shape")
    (altered,) = studio.generate(shape)
    assert photo(altered.path.read_bytes(), "x", "", {}, room.known).origin == "altered"
    studio.library.close()


def test_photos_are_read_as_untrusted_files(tmp_path: Path) -> None:
    path = save_photo(tmp_path / "one.png")
    data, sha256 = read_photo(path)
    found = photo(data, path.name, sha256, {"product": "mug"}, unknown)
    assert found.made == {"photo": "one.png", "sha256": sha256} and found.image.size == (160, 160)
    with pytest.raises(InputError, match=r"image none\.png can't be read"):
        read_photo(tmp_path / "none.png")
    with pytest.raises(InputError, match="not a PNG"):
        photo(b"nothing", "x", "", {}, unknown)


def test_a_large_photo_is_made_as_small_as_the_largest_channel(tmp_path: Path) -> None:
    path = tmp_path / "large.png"
    Image.new("RGB", (6000, 300), "red").save(path)
    data, sha256 = read_photo(path)
    assert photo(data, path.name, sha256, {}, unknown).image.size == (4096, 205)
