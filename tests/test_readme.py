"""The README is what a newcomer follows: its tree is the real one, its commands exist."""

import re
import shlex
from pathlib import Path

import pytest
from typer.main import get_command

from studio.cli import app

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def tree() -> set[str]:
    block = README.split("```text\n")[1].split("```")[0]
    return {line.split()[0] for line in block.splitlines() if line.startswith("  ")}


def test_the_tree_is_the_real_one() -> None:
    entries = {
        path.name + ("/" if path.is_dir() else "")
        for path in (ROOT / "studio").iterdir()
        if not path.name.startswith(("_", "."))
    }
    assert tree() == entries


@pytest.mark.parametrize("line", re.findall(r"^    (studio .+)$", README, re.MULTILINE))
def test_every_command_takes_its_options(line: str) -> None:
    words = shlex.split(line, comments=True)[1:]
    command = get_command(app)
    path = 0
    while hasattr(command, "commands"):
        command = command.commands[words[path]]  # pyright: ignore[reportAttributeAccessIssue]
        path += 1
    known = {option for parameter in command.params for option in parameter.opts}
    assert {word for word in words[path:] if word.startswith("--")} <= known


def test_linked_files_are_there() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert target.startswith("http") or (ROOT / target).is_file(), target
