"""How long a campaign takes, on this computer and as busy as it is: a small picture is timed, then the adverts."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO

from PIL import Image

#: Threads that draw adverts; Pillow and the encoders run side by side in them.
WORKERS = 2

#: What one advert takes in one of the threads, and one megapixel of it, and a photo, and one that is drawn first: in
#: times of what a bare megapixel takes to be enlarged and encoded there (tests/benchmarks/bench_campaign.py).
_ADVERT, _MEGAPIXEL, _PHOTO, _DRAWING = 1.1, 2.3, 7.0, 10.0
_TIMED, _TIMED_SIDE = 0.25, 700  # seconds, pixels
#: So long one timing holds; a page asks at every key.
_HOLDS = 30.0  # seconds
#: The first guess counts as so many adverts that were made, and so many of the latest are looked at.
_GUESS_COUNTS, _LATEST = 6, 60


class Pace:
    """What a bare megapixel takes now in each of the threads, in seconds. Any number of threads may ask."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._timed: tuple[float, float] | None = None

    def __call__(self) -> float:
        with self._lock:
            if self._timed is None or self._clock() - self._timed[0] > _HOLDS:
                self._timed = self._clock(), _megapixel()
            return self._timed[1]


pace = Pace()


def guessed(*, adverts: int, megapixels: float, photos: int, drawings: int, pace: float) -> float:
    """Seconds that so many adverts take, of so many megapixels each on average."""
    pictures = photos * _PHOTO + drawings * _DRAWING
    return pace * (pictures + adverts * (_ADVERT + megapixels * _MEGAPIXEL) / WORKERS)


class TimeLeft:
    """How long the rest takes, by the latest adverts; at first by a guess of so many seconds an advert as well."""

    def __init__(self, guess: float) -> None:
        self._guess = guess
        self._made: deque[float] = deque(maxlen=_LATEST + 1)

    def after(self, now: float, rest: int) -> float:
        """Seconds for the `rest`, when an advert has just been made. What went before the first one, such as loading a
        model, isn't held against the others."""
        self._made.append(now)
        timed = len(self._made) - 1
        took = self._made[-1] - self._made[0]
        return rest * (took + self._guess * _GUESS_COUNTS) / (timed + _GUESS_COUNTS)


def in_words(seconds: float) -> str:
    """A time as people say it: "12 seconds", "3 minutes", "2 hours"."""
    for unit, name in ((3600, "hour"), (60, "minute"), (1, "second")):
        if seconds >= 1.5 * unit or unit == 1:
            number = max(1, round(seconds / unit))
            return f"{number} {name}{'' if number == 1 else 's'}"
    raise AssertionError


def _megapixel() -> float:
    """Enlarges and encodes a small picture again and again, in as many threads as there will be; long enough for others
    to have their turns as well."""
    small = Image.effect_noise((256, 256), 40).convert("RGB")
    started = time.perf_counter()

    def work(_: int) -> int:
        done = 0
        while time.perf_counter() - started < _TIMED:
            large = small.resize((_TIMED_SIDE, _TIMED_SIDE), Image.Resampling.LANCZOS)
            large.save(BytesIO(), "JPEG", quality=92, subsampling=0)
            done += 1
        return done

    with ThreadPoolExecutor(WORKERS) as pool:
        done = sum(pool.map(work, range(WORKERS)))
    return (time.perf_counter() - started) * WORKERS / (max(1, done) * _TIMED_SIDE**2 / 1e6)
