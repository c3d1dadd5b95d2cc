"""Two hundred processes that add and delete images, each killed at a random moment.

Run `python -m pytest tests/benchmarks/bench_kills.py -s`.
"""

from pathlib import Path

from tests.library.test_library import check_nothing_is_lost, kill_again_and_again

KILLS = 200


def test_nothing_is_lost_and_nothing_dangles(tmp_path: Path) -> None:
    kept = kill_again_and_again(tmp_path, KILLS)
    check_nothing_is_lost(tmp_path, kept)
    print(f"{KILLS} kills, {len(kept)} images were said to be kept: 0 lost, 0 dangling")  # noqa: T201
