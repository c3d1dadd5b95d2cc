"""The report of a campaign: a page with every advert, what was measured, and what failed. Opens from the disk."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.resources import files
from pathlib import Path

from jinja2 import Environment

from studio.campaign.manifest import Row

REPORT_NAME = "report.html"


def write_report(path: Path, rows: Iterable[Row], *, title: str) -> None:
    """Writes the page, row by row. Raises OSError."""
    text = files("studio.campaign").joinpath("report.html").read_text(encoding="utf-8")
    template = Environment(autoescape=True).from_string(text)
    with path.open("w", encoding="utf-8") as file:
        for part in template.generate(rows=rows, title=title):
            file.write(part)
