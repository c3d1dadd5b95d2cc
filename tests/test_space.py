import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import httpx
import pytest
import yaml
from typer.testing import CliRunner

from studio.cli import app
from studio.errors import StudioError
from studio.space import write_space
from tests.serving import until

ROOT = Path(__file__).parents[1]


def test_a_space_says_how_it_is_run(tmp_path: Path) -> None:
    write_space(tmp_path / "space")
    write_space(tmp_path / "space")  # again, as after an update

    _, front, _ = (tmp_path / "space" / "README.md").read_text(encoding="utf-8").split("---\n")
    said = yaml.safe_load(front)
    assert (said["sdk"], said["app_file"], said["license"]) == ("gradio", "app.py", "apache-2.0")
    wanted = set((tmp_path / "space" / "requirements.txt").read_text().splitlines()[1:])
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]

    def names(lines: set[str] | list[str]) -> set[str]:
        return {re.split(r"[<>=!~\[;, ]", line)[0] for line in lines}

    assert names(wanted) == names(declared)


def test_it_runs_from_its_own_files(tmp_path: Path, tiny_snapshot: Path, tiny_text_encoder: Path) -> None:
    space = tmp_path / "space"
    write_space(space)
    environment = os.environ | {
        "PORT": "0",
        "STUDIO_BACKEND": f"gan:{tiny_snapshot}",
        "STUDIO_TEXT_ENCODER": str(tiny_text_encoder),
        "STUDIO_DATA_DIR": str(tmp_path / "data"),
    }
    running = subprocess.Popen(
        [sys.executable, "app.py"], cwd=space, env=environment, stderr=subprocess.PIPE, text=True, bufsize=1
    )
    try:
        assert running.stderr
        line = running.stderr.readline()
        port = re.search(r":(\d+)", line)
        assert port, line
        url = f"http://127.0.0.1:{port[1]}"

        def is_up() -> bool:
            try:
                return httpx.get(f"{url}/healthz").json() == {"status": "ok"}
            except httpx.ConnectError:
                return False

        until(is_up)
        page = httpx.get(url).text
        assert "Describe the product" in page and "Library" not in page
    finally:
        running.terminate()
        running.communicate()


def test_the_container_is_built_of_what_there_is_and_runs_what_there_is() -> None:
    lines = (ROOT / "assets" / "deploy" / "Containerfile").read_text().replace("\\\n", " ").splitlines()
    steps = [line.split(maxsplit=1) for line in lines if line.strip() and not line.startswith("#")]
    said = {name: words for name, words in steps}

    copied = [name for step, words in steps if step == "COPY" for name in words.split()[:-1]]
    assert all((ROOT / name).exists() for name in copied) and {"studio", "prompts", "assets"} <= set(copied)
    assert [step for step, _ in steps].index("USER") < [step for step, _ in steps].index("CMD")
    assert said["USER"] not in ("root", "0")
    assert "/healthz" in said["HEALTHCHECK"] and said["EXPOSE"] in said["HEALTHCHECK"]
    program, command, *options = json.loads(said["CMD"])
    known = CliRunner().invoke(app, [command, "--help"], env={"COLUMNS": "200"}).stdout
    assert program == "studio" and all(option in known for option in options if option.startswith("--"))


def test_other_peoples_folders_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("mine")

    with pytest.raises(StudioError, match="not empty"):
        write_space(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]

    (tmp_path / "app.py").write_text("an app of somebody else's")
    with pytest.raises(StudioError, match="not empty"):
        write_space(tmp_path)
