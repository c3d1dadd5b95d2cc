import errno
import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from studio.data.renders import read_products
from studio.errors import InputError, StudioError
from studio.world.render.processes import _stdout_silenced, render_scenes
from studio.world.scene import PRODUCTS


def test_missing_blender_names_the_extra(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "bpy", None)
    monkeypatch.delitem(sys.modules, "studio.world.render.draw", raising=False)

    with pytest.raises(StudioError, match="extra `world`"):
        render_scenes(count=1, seed=0, size=16, out=tmp_path, workers=1, on_progress=lambda _: None)


def test_a_full_disk_is_said_in_plain_words(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def draw_many(**_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setitem(sys.modules, "studio.world.render.draw", SimpleNamespace(draw_many=draw_many))

    with pytest.raises(StudioError, match=r"can't be saved in .*No space left"):
        render_scenes(count=1, seed=0, size=16, out=tmp_path, workers=1, on_progress=lambda _: None)


def test_the_products_that_are_asked_for_are_drawn_and_written_down(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked: list[object] = []
    draw = SimpleNamespace(draw_many=lambda **arguments: asked.append(arguments["products"]))  # type: ignore[misc]
    monkeypatch.setitem(sys.modules, "studio.world.render.draw", draw)

    def render(folder: str, **arguments: tuple[str, ...]) -> None:
        out, keep = tmp_path / folder, lambda _: None
        render_scenes(count=1, seed=0, size=16, out=out, workers=1, on_progress=keep, **arguments)  # type: ignore[arg-type, misc]

    render("all")
    render("some", products=("mug", "bowl"))
    assert asked == [tuple(PRODUCTS), ("mug", "bowl")]
    assert (read_products(tmp_path / "all"), read_products(tmp_path / "some")) == (tuple(PRODUCTS), ("mug", "bowl"))

    (tmp_path / "some" / "records.jsonl").touch()
    render("some", products=("mug", "bowl"))
    for others in (("bowl", "mug"), tuple(PRODUCTS)):
        with pytest.raises(InputError, match="of other products, or of these in another order"):
            render("some", products=others)
    (tmp_path / "some" / "products.json").write_text('["dragon"]')
    with pytest.raises(InputError, match="products that this world doesn't have"):
        render("some", products=("mug", "bowl"))


def test_what_is_written_past_sys_stdout_is_silenced_for_a_while(capfd: pytest.CaptureFixture[str]) -> None:
    with _stdout_silenced():
        os.write(1, b"Fra:1 Mem:8.72M")
    os.write(1, b"result")

    assert capfd.readouterr().out == "result"


@pytest.mark.slow
def test_processes_share_a_folder_and_go_on_where_it_stopped(tmp_path: Path) -> None:
    if subprocess.run([sys.executable, "-c", "import bpy"], capture_output=True).returncode:
        pytest.skip("Blender is not installed")  # asked in a process of its own: a bpy that doesn't fit may crash

    def render(count: int, workers: int) -> dict[str, object]:
        command = [sys.executable, "-m", "studio", "world", "render", "--seed", "5", "--size", "16", "--json"]
        command += ["--product", "mug", "--product", "toy car"]
        command += ["--count", str(count), "--workers", str(workers), "--out", str(tmp_path)]
        finished = subprocess.run(command, capture_output=True, text=True, check=True)
        return json.loads(finished.stdout)  # and so nothing of Blender's is in it

    assert render(1, workers=1) == {"out": str(tmp_path), "images": 1}
    first = (tmp_path / "images" / "00000005.png").stat().st_mtime_ns
    assert render(3, workers=2) == {"out": str(tmp_path), "images": 3}

    assert (tmp_path / "images" / "00000005.png").stat().st_mtime_ns == first
    records = [json.loads(line) for line in (tmp_path / "records.jsonl").read_text().splitlines()]
    assert {record["seed"] for record in records} == {5, 6, 7}
    assert {record["product"] for record in records} <= {"mug", "toy car"}
