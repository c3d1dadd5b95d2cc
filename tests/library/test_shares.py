from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from studio.errors import InputError, StudioError
from studio.library import Library, Shares
from studio.library import shares as shares_module
from studio.library.shares import MAX_COMMENTS, TRIES, TRIES_SECONDS, NoSuchShare, TooManyTries
from tests.library.test_library import add, add_advert, exported

NOW = datetime(2026, 3, 1, 12)


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    opened = Library(tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def shares(library: Library, tmp_path: Path, clock: Clock) -> Shares:
    return Shares(library, tmp_path, now=clock)


def test_a_link_shows_its_images_in_their_order(library: Library, shares: Shares) -> None:
    mug, bag, _ = (add(library, prompt, n) for n, prompt in enumerate(["a mug", "a bag", "a secret"]))

    number, token = shares.create([bag, mug, bag], title=" Spring ", note="Which one?")
    shared = shares.open(token)

    assert shared and [image.recipe.prompt for image in shared.images] == ["a bag", "a mug"]
    assert [image.path for image in shared.images] == [library.path(bag), library.path(mug)]
    assert (shared.share.title, shared.share.note, shared.share.id) == ("Spring", "Which one?", number)
    assert shares.token(number) == token
    assert len(token) == 43  # 256 bits
    assert shares.create([mug])[1] != token


def test_a_new_link_shows_nothing_of_one_that_was_deleted(library: Library, shares: Shares) -> None:
    mug, bag = add(library, "a mug", 1), add(library, "a bag", 2)
    first, token = shares.create([mug])
    assert shares.open(token)
    shares.delete(first)

    second, token = shares.create([bag])
    shared = shares.open(token)
    assert second != first
    assert shared and [image.recipe.prompt for image in shared.images] == ["a bag"]


def test_the_token_is_nowhere_in_the_files(library: Library, shares: Shares, tmp_path: Path) -> None:
    _, token = shares.create([add(library, "a mug")], password="open sesame")
    library.close()

    for path in tmp_path.rglob("*"):
        if path.is_file():
            assert token.encode() not in path.read_bytes()
            assert b"open sesame" not in path.read_bytes()
    assert (tmp_path / "shares.key").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("token", ["", "x", "é" * 43, "\udc00", "A" * 43, "' OR 1=1 --"])
def test_any_other_token_shows_nothing(library: Library, shares: Shares, token: str) -> None:
    shares.create([add(library, "a mug")])

    with pytest.raises(NoSuchShare):
        shares.open(token)


def test_a_link_ends_when_it_was_said_to(library: Library, shares: Shares, clock: Clock) -> None:
    mug = add(library, "a mug")
    _, week = shares.create([mug])
    _, forever = shares.create([mug], days=None)

    clock.now = NOW + timedelta(days=7, seconds=-1)
    assert shares.open(week)
    clock.now = NOW + timedelta(days=7)
    with pytest.raises(NoSuchShare):
        shares.open(week)
    clock.now = NOW + timedelta(days=9999)
    assert shares.open(forever)


def test_a_withdrawn_link_ends_at_once(library: Library, shares: Shares) -> None:
    number, token = shares.create([add(library, "a mug")])
    other, kept = shares.create([add(library, "a mug")])

    shares.revoke(number)
    shares.delete(other)
    for each in (token, kept):
        with pytest.raises(NoSuchShare):
            shares.open(each)
    assert [share.state(NOW) for share in shares.all()] == ["revoked"]


def test_what_is_deleted_is_not_shown_and_comes_back(library: Library, shares: Shares) -> None:
    mug, bag = add(library, "a mug", 1), add(library, "a bag", 2)
    _, token = shares.create([mug, bag])

    def shown() -> list[str]:
        shared = shares.open(token)
        assert shared
        return [image.sha256 for image in shared.images]

    library.delete([mug])
    assert shown() == [bag]
    library.restore([mug])
    assert shown() == [mug, bag]
    library.delete([bag])
    library.empty_trash()
    assert shown() == [mug]


def test_a_password_is_asked_for_and_proved(library: Library, shares: Shares, tmp_path: Path) -> None:
    mug = add(library, "a mug")
    _, token = shares.create([mug], password="open sesame")
    _, other = shares.create([mug], password="open sesame")

    assert shares.open(token) is None
    assert shares.unlock(token, "Open sesame", "1.2.3.4") is None
    proof = shares.unlock(token, "open sesame", "1.2.3.4")
    assert proof
    assert shares.open(token, proof)
    assert shares.open(other, proof) is None
    assert Shares(library, tmp_path, now=lambda: NOW).open(token, proof)  # after a restart, too


def test_a_proof_that_is_none_opens_nothing(library: Library, shares: Shares) -> None:
    _, token = shares.create([add(library, "a mug")], password="open sesame")
    assert shares.open(token, "é") is None


def test_guessing_is_slowed_down_for_the_guesser_alone(
    library: Library, shares: Shares, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1000.0
    monkeypatch.setattr(shares_module.time, "monotonic", lambda: now)
    _, token = shares.create([add(library, "a mug")], password="right")
    for _ in range(TRIES):
        assert shares.unlock(token, "wrong", "6.6.6.6") is None

    with pytest.raises(TooManyTries):
        shares.unlock(token, "right", "6.6.6.6")
    assert shares.unlock(token, "right", "1.2.3.4")
    now += TRIES_SECONDS
    assert shares.unlock(token, "right", "6.6.6.6")


def test_comments_stay_with_the_image_they_are_about(library: Library, shares: Shares) -> None:
    mug, bag = add(library, "a mug", 1), add(library, "a bag", 2)
    number, token = shares.create([mug])
    shared = shares.open(token)
    assert shared

    shares.comment(shared, mug, name=" Ann ", text="Lovely <b>", verdict="approved")
    for wrong in (
        {"sha256": bag, "name": "Ann", "text": "no", "verdict": ""},
        {"sha256": mug, "name": " ", "text": "no", "verdict": ""},
        {"sha256": mug, "name": "Ann", "text": " ", "verdict": ""},
        {"sha256": mug, "name": "Ann", "text": "no", "verdict": "maybe"},
        {"sha256": mug, "name": "Ann", "text": "x" * 1001, "verdict": ""},
    ):
        with pytest.raises(InputError):
            shares.comment(shared, **wrong)

    (comment,) = shares.details(number).comments
    assert (comment.sha256, comment.name, comment.text, comment.verdict, comment.created) == (
        mug,
        "Ann",
        "Lovely <b>",
        "approved",
        NOW,
    )


def test_strangers_cannot_fill_the_disk(library: Library, shares: Shares, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shares_module, "MAX_COMMENTS", 2)
    assert MAX_COMMENTS == 500
    mug = add(library, "a mug")
    _, token = shares.create([mug])

    with pytest.raises(InputError, match="no further"):
        for _ in range(3):
            shared = shares.open(token)
            assert shared
            shares.comment(shared, mug, name="Ann", text="spam", verdict="")


def test_visitors_draw_as_many_as_they_may(library: Library, shares: Shares) -> None:
    _, token = shares.create([add(library, "a mug")], demo=2)
    share = shares.find(token)

    assert [shares.take_demo(share) for _ in range(3)] == [True, True, False]
    shares.give_back_demo(share)
    assert shares.take_demo(share)


def test_views_are_counted(library: Library, shares: Shares) -> None:
    number, token = shares.create([add(library, "a mug")])
    share = shares.find(token)

    shares.count_view(share)
    assert shares.find(token).views == 1  # the first at once
    for _ in range(3):
        shares.count_view(share)
    assert shares.find(token).views == 1  # others wait for the owner, or some seconds
    assert shares.details(number).share.views == 4
    shares.count_view(share)
    (listed,) = shares.all()
    assert listed.views == 5


def test_what_changes_is_shown_at_once(library: Library, shares: Shares, tmp_path: Path, clock: Clock) -> None:
    mug, bag = add(library, "a mug", 0), add(library, "a bag", 1)
    _, token = shares.create([mug, bag], demo=1)
    other_process = Shares(library, tmp_path, now=clock)

    def seen() -> tuple[list[str], int, int]:
        shared = shares.open(token)
        assert shared and shares.open(token) is shared  # not read again
        return [image.sha256 for image in shared.images], len(shared.comments), shared.share.demo_left

    assert seen() == ([mug, bag], 0, 1)
    library.delete([mug])
    assert seen() == ([bag], 0, 1)
    library.restore([mug])
    assert seen() == ([mug, bag], 0, 1)
    shared = other_process.open(token)
    assert shared
    other_process.comment(shared, bag, name="Ann", text="Lovely", verdict="")
    assert seen() == ([mug, bag], 1, 1)
    assert other_process.take_demo(shared.share)
    assert seen() == ([mug, bag], 1, 0)


@pytest.mark.parametrize(
    "wrong",
    [{"days": 0}, {"days": 10_000}, {"demo": -1}, {"demo": 9999}, {"title": "x" * 121}, {"note": "\udc00"}],
)
def test_a_link_that_makes_no_sense(library: Library, shares: Shares, wrong: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        shares.create([add(library, "a mug")], **wrong)
    assert shares.all() == []


def test_only_what_is_there_can_be_shared(library: Library, shares: Shares) -> None:
    mug = add(library, "a mug")
    for images in ([], ["0" * 64], [mug, "0" * 64]):
        with pytest.raises(InputError):
            shares.create(images)
    with pytest.raises(InputError):
        shares.create([mug], viewer="stranger")
    library.delete([mug])
    with pytest.raises(InputError):
        shares.create([mug])


def test_another_viewer_has_no_hold_on_it(library: Library, shares: Shares) -> None:
    number, token = shares.create([add(library, "a mug")])

    assert shares.all(viewer="stranger") == []
    shares.revoke(number, viewer="stranger")
    shares.delete(number, viewer="stranger")
    for reading in (shares.token, shares.details):
        with pytest.raises(NoSuchShare):
            reading(number, viewer="stranger")
    assert shares.open(token)


def test_a_lost_key_leaves_links_working(library: Library, shares: Shares, tmp_path: Path) -> None:
    number, token = shares.create([add(library, "a mug")])
    (tmp_path / "shares.key").unlink()
    again = Shares(library, tmp_path, now=lambda: NOW)

    assert again.open(token)
    with pytest.raises(StudioError, match="can't be shown again"):
        again.token(number)


# Exported files


def test_an_advert_is_shown_as_the_file_that_goes_out(library: Library, shares: Shares) -> None:
    image, export = add_advert(library)
    mug = add(library, "a mug")
    by_image, by_export = shares.create([image, mug])[0], shares.create([export, image])[0]

    first, second = shares.details(by_image).images
    assert (first.sha256, first.name) == (export, "x_post/mug.jpg") and first.path.read_bytes() == exported()
    assert (second.sha256, second.name) == (mug, "")
    assert [each.sha256 for each in shares.details(by_export).images] == [export]  # both are the same


def test_an_approval_is_of_the_exported_file_and_of_no_other(library: Library, shares: Shares) -> None:
    image, first = add_advert(library)
    _, token = shares.create([first])
    shared = shares.open(token)
    assert shared
    with pytest.raises(InputError, match="not on this page"):
        shares.comment(shared, image, name="Ann", text="", verdict="approved")
    shares.comment(shared, first, name="Ann", text="", verdict="approved")
    assert shares.verdicts() == {first: "approved"}

    # Exported once more, the same pixels are another file, which nobody has approved.
    second = library.add_export(image, exported() + b"\0", "x_post/mug.jpg")
    _, later = shares.create([image])
    found = shares.open(later)
    assert found and [each.sha256 for each in found.images] == [second]
    assert second not in shares.verdicts()
    again = shares.open(token)
    assert again and [each.sha256 for each in again.images] == [first]  # the old link shows what was approved
    shares.comment(again, first, name="Ann", text="No, after all", verdict="rejected")
    shares.comment(again, first, name="Ben", text="Hm", verdict="")
    assert shares.verdicts() == {first: "rejected"} and shares.verdicts("another") == {}


def test_a_file_of_somebody_else_or_of_a_deleted_image_is_not_shared(library: Library, shares: Shares) -> None:
    image, export = add_advert(library)
    with pytest.raises(InputError, match="not in the library"):
        shares.create([export], viewer="another")
    _, token = shares.create([export])
    library.delete([image])
    shared = shares.open(token)
    assert shared is not None and not shared.images
    with pytest.raises(InputError, match="not in the library"):
        shares.create([export])
