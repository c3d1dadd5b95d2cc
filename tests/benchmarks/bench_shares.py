"""Share pages while the studio draws: the time of a page, and what 50 pages a second cost a grid.

Run `python -m pytest tests/benchmarks/bench_shares.py -s`. The studio is a process of its own, with the shipped model.
"""

import http.client
import os
import re
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from gradio_client import Client

from studio import GenerationRequest, Studio
from studio.settings import Settings

IMAGES = 12
RATE = 50  # pages a second
GRID = 48  # images
REPEATS = 12
LIMITS = {"page": 0.030, "slower": 1.2}


@pytest.fixture
def site(tmp_path: Path) -> Iterator[tuple[str, str]]:
    """The address of a running studio, and the path of a share with some images."""
    studio = Studio(Settings(data_dir=tmp_path))
    images = [image.sha256 for image in studio.generate(GenerationRequest(prompt="a red mug", count=IMAGES, seed=1))]
    _, token = studio.shares.create(images, title="Mugs")
    studio.library.close()
    command = [sys.executable, "-m", "studio", "serve", "--no-browser", "--port", "7900"]
    server = subprocess.Popen(
        command, env={**os.environ, "STUDIO_DATA_DIR": str(tmp_path)}, stderr=subprocess.PIPE, text=True
    )
    assert server.stderr
    address = None
    while not address:
        address = re.search(r"http://127\.0\.0\.1:\d+", server.stderr.readline())
    reading = threading.Thread(target=server.stderr.read)
    reading.start()
    yield address[0], f"/s/{token}"
    server.kill()
    reading.join()
    server.stderr.close()
    server.wait()


def seconds_of_grid(client: Client, seed: int) -> float:
    began = time.perf_counter()
    client.predict(prompt="a navy leather handbag", count=GRID, seed=seed, api_name="/generate")
    return time.perf_counter() - began


def seconds_of_page(visitor: http.client.HTTPConnection, path: str) -> float:
    began = time.perf_counter()
    visitor.request("GET", path)
    answer = visitor.getresponse()
    answer.read()
    assert answer.status == 200
    return time.perf_counter() - began


def ask_for_pages(visitor: http.client.HTTPConnection, path: str, stop: threading.Event, took: list[float]) -> None:
    """Asks for a page every 20 ms; those that are late follow at once."""
    due = time.perf_counter()
    while not stop.is_set():
        took.append(seconds_of_page(visitor, path))
        due += 1 / RATE
        time.sleep(max(0, due - time.perf_counter()))


def test_pages_are_quick_and_drawing_goes_on(site: tuple[str, str]) -> None:
    url, path = site
    visitor = http.client.HTTPConnection(urlsplit(url).netloc)  # costs the machine less than httpx
    with closing(Client(url, download_files=False, verbose=False)) as client, closing(visitor):
        seconds_of_grid(client, 1)  # the model is warm
        alone = [seconds_of_page(visitor, path) for _ in range(100)]
        quiet, busy, took = list[float](), list[float](), list[float]()
        asked = 0.0
        for repeat in range(REPEATS):  # in turns, since a machine is not as fast all the time
            quiet.append(seconds_of_grid(client, 100 + repeat))
            stop = threading.Event()
            visiting = threading.Thread(target=ask_for_pages, args=(visitor, path, stop, took))
            visiting.start()
            busy.append(seconds_of_grid(client, 200 + repeat))
            stop.set()
            visiting.join()
            asked += busy[-1]
    slower = statistics.median(b / q for b, q in zip(busy, quiet, strict=True))
    print(f"a page of {IMAGES} images alone: median {1000 * statistics.median(alone):.1f} ms")  # noqa: T201
    print(f"beside a grid: {len(took) / asked:.0f} pages a second, median {1000 * statistics.median(took):.1f} ms")  # noqa: T201
    print(f"a grid of {GRID} beside {RATE} pages a second takes {slower:.2f} times as long")  # noqa: T201
    assert statistics.median(alone) < LIMITS["page"] and slower < LIMITS["slower"]
