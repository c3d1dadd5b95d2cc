"""Runs an application on a port of its own, for tests that speak HTTP or drive a browser."""

import asyncio
import json
import threading
import time
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from typing import Any

import httpx
import pytest
import uvicorn
from fastapi import FastAPI
from gradio_client import Client

from studio.server import create_app, listen
from studio.service import Studio


def build_app(studio: Studio, names: Collection[str] | None = None) -> FastAPI:
    """The application, built where an event loop runs: elsewhere Gradio makes loops of its own and leaves them open."""

    async def build() -> FastAPI:
        return create_app(studio, names=names)

    with ThreadPoolExecutor(1) as aside:  # playwright has a loop in this thread
        return aside.submit(lambda: asyncio.run(build())).result()


@contextmanager
def connected(studio: Studio, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """Yields a client of the page over `studio`, while that runs."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_TEMP_DIR", str(tmp_path_factory.mktemp("cache")))
        with serving(build_app(studio)) as url:
            with closing(Client(url, download_files=str(tmp_path_factory.mktemp("got")), verbose=False)) as client:
                yield client


@contextmanager
def serving(app: FastAPI) -> Iterator[str]:
    """Yields the URL of `app` while it runs in a thread."""
    listening = listen("127.0.0.1", 0)
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive(), "the server did not start"
            time.sleep(0.02)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()


def functions(url: str) -> list[dict[str, Any]]:
    """Every event of the page that runs Python, as the page's own configuration lists them."""
    config = httpx.get(f"{url}/config").raise_for_status().json()
    return [function for function in config["dependencies"] if function["backend_fn"]]


def call(url: str, jobs: list[tuple[int, list[Any]]], *, session: str = "test") -> list[dict[str, Any]]:
    """Puts `jobs` (function and inputs) on the queue as a page does; the last message about each, as they end."""
    ended: list[dict[str, Any]] = []
    with httpx.Client(base_url=f"{url}/gradio_api", timeout=120) as client:
        for function, data in jobs:
            body = {"fn_index": function, "data": data, "session_hash": session}
            client.post("/queue/join", json=body).raise_for_status()
        with client.stream("GET", "/queue/data", params={"session_hash": session}) as stream:
            for line in stream.iter_lines():
                message = json.loads(line.removeprefix("data:")) if line.startswith("data:") else {}
                if message.get("msg") == "process_completed":
                    ended.append(message)
                if len(ended) == len(jobs):
                    break
    return ended


def until(true: Callable[[], bool]) -> None:
    """Waits for something to become true, a minute at most."""
    end = time.monotonic() + 60
    while not true():
        assert time.monotonic() < end
        time.sleep(0.02)
