"""Searches by nearness, over networks that nobody trained: of equal words and pictures they say the same."""

import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from studio import imaging, similar
from studio.library import Search
from studio.likeness import Likeness
from studio.request import GenerationRequest
from studio.service import Studio
from studio.settings import Settings
from studio.similar import Similar
from tests.fakes import FakeBackend
from tests.serving import until


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    made = Studio(Settings(data_dir=tmp_path / "data"), backends=lambda _: FakeBackend())
    yield made
    made.library.close()


@pytest.fixture
def finder(studio: Studio, tiny_likeness: Likeness) -> Similar:
    return Similar(studio.library, tiny_likeness, studio.prompts)


def made(studio: Studio, prompt: str, count: int = 1) -> list[str]:
    return [image.sha256 for image in studio.generate(GenerationRequest(prompt=prompt, count=count, seed=7))]


def test_the_same_words_are_nearest(studio: Studio, finder: Similar) -> None:
    (bag,), (mug,), (lamp,) = made(studio, "zzz bag"), made(studio, "qqqq mug"), made(studio, "a lamp")
    assert finder.catch_up() == 0

    for prompt, image in (("zzz bag", bag), ("qqqq mug", mug), ("a lamp", lamp)):
        found = finder.by_meaning(Search(words=prompt))
        assert found.images[0].sha256 == image
        assert found.total == len(found.images)


def test_the_same_picture_is_nearest_and_filters_hold(studio: Studio, finder: Similar) -> None:
    first, second = made(studio, "a mug", 40), made(studio, "a bag", 20)
    finder.catch_up()
    path = studio.file(first[3])
    assert path
    look = finder.look(imaging.decode(path.read_bytes()))

    found = finder.by_look(Search(limit=50), look)
    assert found.images[0].sha256 == first[3] and found.total == 60 and len(found.images) == 50
    further = finder.by_look(Search(offset=50, limit=50), look)
    assert {image.sha256 for image in (*found.images, *further.images)} == {*first, *second}
    studio.library.star(second[:3])
    studio.library.delete([first[3]])
    assert {image.sha256 for image in finder.by_look(Search(starred=True), look).images} == set(second[:3])
    assert first[3] not in {image.sha256 for image in finder.by_look(Search(), look).images}
    assert [image.sha256 for image in finder.by_look(Search(trash=True), look).images] == [first[3]]


def test_what_is_new_is_found_and_what_is_gone_is_not(studio: Studio, finder: Similar) -> None:
    (mug,) = made(studio, "a mug")
    finder.catch_up()
    assert [image.sha256 for image in finder.by_meaning(Search(words="a mug")).images] == [mug]

    (bag,) = made(studio, "qqq bag")
    finder.catch_up()
    assert finder.by_meaning(Search(words="qqq bag")).images[0].sha256 == bag
    studio.library.delete([bag])
    studio.library.empty_trash()
    assert bag not in {image.sha256 for image in finder.by_meaning(Search(words="qqq bag")).images}
    again = Similar(studio.library, finder._likeness, studio.prompts)
    assert [image.sha256 for image in again.by_meaning(Search(words="a mug")).images] == [mug]


def test_what_cannot_be_read_is_passed_over(studio: Studio, finder: Similar) -> None:
    gone, broken, whole = made(studio, "a mug", 3)
    for sha256, data in ((gone, None), (broken, b"no image")):
        path = studio.file(sha256)
        assert path
        path.unlink() if data is None else path.write_bytes(data)

    assert finder.catch_up() == 0 == finder.catch_up()
    assert [image.sha256 for image in finder.by_meaning(Search(words="a mug")).images] == [whole]


def test_much_is_looked_at_later(studio: Studio, finder: Similar, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(similar, "PATIENCE", 0.0)
    images = made(studio, "a mug", 64) + made(studio, "a bag", 64)

    assert finder.catch_up() == 128 - 32
    until(lambda: not finder._looking.locked())
    assert finder.catch_up() == 0
    assert {image.sha256 for image in finder.by_look(Search(limit=200), np.ones(128, np.int8)).images} == set(images)


def test_several_may_look_at_once(studio: Studio, finder: Similar) -> None:
    images = made(studio, "a mug", 40)
    threads = [threading.Thread(target=finder.catch_up) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(finder.by_look(Search(limit=200), np.ones(128, np.int8)).images) == len(images)


def test_vectors_of_other_networks_are_made_anew(studio: Studio, finder: Similar, tiny_likeness: Likeness) -> None:
    (mug,) = made(studio, "a mug")
    finder.catch_up()

    class Newer(Likeness):
        @property
        def version(self) -> str:
            return "newer"

    newer = Newer(tiny_likeness._weights, text_encoder=tiny_likeness._text_encoder)
    other = Similar(studio.library, newer, studio.prompts)
    assert other.by_meaning(Search(words="a mug")).total == 0
    other.catch_up()
    assert [image.sha256 for image in other.by_meaning(Search(words="a mug")).images] == [mug]
