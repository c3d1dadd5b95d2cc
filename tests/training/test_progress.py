from dataclasses import replace

import pytest

from studio.training import TrainingConfig
from studio.training.progress import CONTEST, COPYING, EXPLAINED, Means, Progress, duration, report

CONFIG = TrainingConfig(preset="tiny", num_images=100_000)


def test_a_report_is_a_line_for_somebody_who_never_trained_a_gan() -> None:
    figures = {"reconstruction": 0.41234, "text_sensitivity": 1.31, "features": 0.5, "seconds_a_step": 1.0}
    progress = Progress(step=1250, num_images_seen=40_000, seconds=1200)
    assert report(figures, progress, CONFIG, rate=33.0, doing=f"{COPYING} at 64 px") == (
        " 40%  copying the renders at 64 px: 40,000 images, 33.0 a second, about 30 min left"
        " · 0.412 off the renders · right captions 1.31 above wrong ones"
    )
    contest = {"told_right": 0.784, "gap": 1.0, "r1": 2.0, "strength": 0.25, "text_sensitivity": 0.9}
    assert report(contest, progress, CONFIG, rate=8.0, doing=f"{CONTEST} at 32 px").endswith(
        "about 2 h 5 min left · 78% told from real ones · right captions 0.90 above wrong ones"
        " · 25% shown moved or cut out"
    )


def test_what_is_left_is_the_images_or_the_minutes_whichever_end_first() -> None:
    progress = Progress(num_images_seen=40_000, seconds=1200)
    assert progress.seconds_left(CONFIG, rate=10.0) == 6000
    assert progress.seconds_left(replace(CONFIG, minutes=50), rate=10.0) == 1800
    assert progress.seconds_left(replace(CONFIG, minutes=500), rate=10.0) == 6000


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(-5, "a minute"), (20, "a minute"), (100, "2 min"), (3599, "1 h 0 min"), (9000, "2 h 30 min")],
)
def test_durations(seconds: float, words: str) -> None:
    assert duration(seconds) == words


def test_means_begin_anew_after_each_report() -> None:
    means = Means()
    means.add(gap=1.0)
    means.add(gap=3.0, r1=5.0)
    assert means.take() == {"gap": 2.0, "r1": 5.0}
    assert means.take() == {}


def test_both_stages_are_explained() -> None:
    assert set(EXPLAINED) == {COPYING, CONTEST}
