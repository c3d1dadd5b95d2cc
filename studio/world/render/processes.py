"""Renders a range of scenes into one folder, here or in several processes."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from pathlib import Path

from studio.data.renders import keep_products
from studio.errors import StudioError
from studio.world.scene import PRODUCTS

TELL_SECONDS = 2.0


def render_scenes(
    *,
    count: int,
    seed: int,
    size: int,
    out: Path,
    held_out: bool = False,
    products: Sequence[str] = tuple(PRODUCTS),
    workers: int,
    on_progress: Callable[[int], None],
) -> int:
    """Renders the scenes of seeds `seed` .. `seed + count - 1`, of `products`; what is in `out` already is kept.

    `on_progress` is told how many of them are there; the last figure is returned. Raises StudioError where Blender is
    missing, a process fails or the disk is full; the same call goes on where it stopped. Raises InputError where `out`
    has renders of other products, or of the same in another order, which are other scenes.
    """
    keep_products(out, products)

    def done() -> int:
        return sum(1 for path in (out / "images").glob("*.png") if seed <= int(path.stem) < seed + count)

    told = time.monotonic()

    def tell() -> None:
        """Now and then: to look through a large folder takes as long as a small picture."""
        nonlocal told
        if time.monotonic() - told >= TELL_SECONDS:
            on_progress(done())
            told = time.monotonic()

    if workers == 1:
        _render_here(
            count=count,
            seed=seed,
            size=size,
            out=out,
            held_out=held_out,
            products=products,
            on_done=tell,
        )
    else:
        command = ["--count", str(count), "--seed", str(seed), "--size", str(size), "--out", str(out)]
        command += ["--held-out"] if held_out else []
        if tuple(products) != tuple(PRODUCTS):
            command += [option for product in products for option in ("--product", product)]
        _render_in_processes(command, out, workers, on_tick=tell)
    on_progress(done())
    return done()


def _render_here(
    *,
    count: int,
    seed: int,
    size: int,
    out: Path,
    held_out: bool,
    products: Sequence[str],
    on_done: Callable[[], None],
) -> None:
    with _stdout_silenced():
        try:
            from studio.world.render.draw import draw_many
        except ImportError as error:  # bpy is not there, or was built for another numpy
            hint = "Install the studio's extra `world` (Python 3.11): pip install '.[world]'"
            raise StudioError(f"Blender can't be loaded: {error}.", hint) from error
        try:
            draw_many(count=count, seed=seed, size=size, out=out, held_out=held_out, products=products, on_done=on_done)
        except OSError as error:  # the disk is full, or the folder is gone
            raise StudioError(f"The renders can't be saved in {out}: {error}.", "The same command goes on.") from error


def _render_in_processes(options: Sequence[str], out: Path, workers: int, on_tick: Callable[[], None]) -> None:
    command = [sys.executable, "-m", "studio", "world", "render", "--workers", "1", *options]
    out.mkdir(parents=True, exist_ok=True)
    log = out / "render.log"
    with log.open("wb") as errors:
        processes = [subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=errors) for _ in range(workers)]
        _pin(processes)
        try:
            while any(process.poll() is None for process in processes):
                on_tick()
                time.sleep(0.5)
        finally:
            for process in processes:
                process.terminate()
                process.wait()
    if any(process.returncode for process in processes):
        last = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-1:]
        raise StudioError(f"Rendering stopped. {' '.join(last)}", f"More is in {log}; the same command goes on.")


def _pin(processes: list[subprocess.Popen[bytes]]) -> None:
    """Gives each process a core of its own: Blender starts a thread for each it sees, and idle ones spin."""
    if sys.platform == "linux":
        cores = sorted(os.sched_getaffinity(0))
        for index, process in enumerate(processes):
            os.sched_setaffinity(process.pid, {cores[index % len(cores)]})


@contextmanager
def _stdout_silenced() -> Generator[None]:
    """Blender writes its log to file descriptor 1, past `sys.stdout`, where a program may be reading results."""
    sys.stdout.flush()
    kept = os.dup(1)
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)
    os.close(silence)
    try:
        yield
    finally:
        ctypes.CDLL("ucrtbase" if os.name == "nt" else None).fflush(None)  # what C holds back would come out later
        os.dup2(kept, 1)
        os.close(kept)
