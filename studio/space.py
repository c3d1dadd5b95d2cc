"""Writes a folder that runs as a hosted Gradio Space."""

from __future__ import annotations

import re
import shutil
from importlib.metadata import PackageNotFoundError, requires, version
from importlib.resources import files
from pathlib import Path

from studio.errors import StudioError
from studio.settings import packaged

#: Not one of our own: where torch for machines without a graphics card is found, which is much smaller.
_CPU_TORCH = "--extra-index-url https://download.pytorch.org/whl/cpu"

_README = """\
---
title: Product image studio
emoji: 🏺
colorFrom: green
colorTo: gray
sdk: gradio
sdk_version: {gradio}
python_version: "3.11"
app_file: app.py
license: apache-2.0
short_description: Type what a product is, and see it at once.
---

# Product image studio

Type what a product is, get pictures of it, drawn by a text-conditioned GAN on two CPU cores. The same on your own
computer: `pip install -r requirements.txt`, then `python app.py`, which opens it on port 7860.

What is drawn here is seen by nobody else, and gone when the machine restarts.
"""

_APP = '''\
"""Runs the product image studio for everybody who comes along."""

import os

os.environ.setdefault("STUDIO_OPEN_TO_ALL", "true")

from studio.server import serve
from studio.settings import Settings

serve(Settings(), host="0.0.0.0", port=int(os.environ.get("PORT", "7860")), open_browser=False)
'''


def write_space(out: Path) -> None:
    """Writes README.md with front matter, requirements.txt, app.py and the studio with its words and weights to `out`.

    Raises StudioError where `out` holds something else.
    """
    if out.is_dir() and any(out.iterdir()) and not (out / "studio" / "_packaged").is_dir():
        raise StudioError(f"{out} is not empty.", "Name a new folder.")
    try:
        package = out / "studio"
        if package.exists():
            shutil.rmtree(package)
        shutil.copytree(Path(str(files("studio"))), package, ignore=shutil.ignore_patterns("__pycache__", "*.pyc"))
        for name in ("prompts", "assets"):
            shutil.copytree(packaged(name), package / "_packaged" / name, dirs_exist_ok=True)
        (out / "README.md").write_text(_README.format(gradio=version("gradio")), encoding="utf-8")
        (out / "requirements.txt").write_text("\n".join([_CPU_TORCH, *_requirements(), ""]), encoding="utf-8")
        (out / "app.py").write_text(_APP, encoding="utf-8")
    except OSError as error:
        raise StudioError(f"{out} can't be written: {error}.", "Make room, or name another folder.") from error


def _requirements() -> list[str]:
    """What the studio needs to run, as its own installation says."""
    try:
        declared = requires("product-image-studio") or ()
    except PackageNotFoundError as error:
        raise StudioError(
            "The studio is not installed here.", "Install it with pip install, also from a checkout."
        ) from error
    return sorted(each for each in declared if not re.search(r"\bextra\s*==", each))
