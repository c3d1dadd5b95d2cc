import pytest

from studio.campaign.pace import Pace, TimeLeft, guessed, in_words


def test_a_timing_holds_for_a_while() -> None:
    now = [0.0]
    pace = Pace(clock=lambda: now[0])
    first = pace()
    assert 0 < first < 60
    now[0] = 29
    assert pace() == first
    now[0] = 45
    assert pace() != first  # to a billionth of a second


def test_more_takes_longer_and_so_does_a_busy_computer() -> None:
    def of(*, adverts: int = 10, megapixels: float = 2, photos: int = 1, drawings: int = 0, pace: float = 0.1) -> float:
        return guessed(adverts=adverts, megapixels=megapixels, photos=photos, drawings=drawings, pace=pace)

    assert of(pace=0.3) == pytest.approx(3 * of())
    assert of(adverts=20) > of() and of(megapixels=3) > of() and of(photos=2) > of()
    assert of(photos=0, drawings=1) > of()


def test_the_rest_is_judged_by_what_was_made_and_less_and_less_by_the_guess() -> None:
    left = TimeLeft(guess=0.1)
    assert left.after(100.0, 50) == pytest.approx(5)  # loading the model for 100 seconds says nothing of the others
    found = [left.after(100.0 + number, 100) for number in range(1, 200)]  # it takes ten times as long as was guessed
    assert found == sorted(found) and 80 < found[-1] < 100
    assert left.after(400.0, 0) == 0


def test_a_computer_that_becomes_quick_is_noticed() -> None:
    left = TimeLeft(guess=1)
    slow = [left.after(float(number), 100) for number in range(100)]
    quick = [left.after(99 + 0.1 * number, 100) for number in range(1, 100)]
    assert slow[-1] > 90 and quick[-1] < 20


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.2, "1 second"),
        (12, "12 seconds"),
        (89, "89 seconds"),
        (91, "2 minutes"),
        (3600, "60 minutes"),
        (7000, "2 hours"),
    ],
)
def test_times_are_said_in_words(seconds: float, words: str) -> None:
    assert in_words(seconds) == words
