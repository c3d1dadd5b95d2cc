"""The report: report.json with every figure, report.md with one table, sheets of pictures."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from studio.evaluation.presentation import contact_sheet

HEAD = (
    *("peer", "seed", "parameters", "images seen", "KID x 1000, judge", "KID x 1000, random"),
    *("product", "colour", "material", "joint", "sharpness", "told apart", "diversity", "time of an image"),
)


def write_report(out: Path, report: Mapping[str, Any]) -> None:
    (out / "report.json").write_text(json.dumps(report, indent=2, allow_nan=False) + "\n", encoding="utf-8")
    (out / "report.md").write_text(to_markdown(report), encoding="utf-8")


def write_sheets(out: Path, drawn: Mapping[str, Tensor], *, columns: int) -> None:
    """`drawn` has of each peer images [prompts * columns, 3, size, size], prompt by prompt. Of each its own sheet, a
    prompt a row; and one of all, a prompt a row, a peer a column, with the first image of each."""
    (out / "sheets").mkdir(exist_ok=True)
    for name, images in drawn.items():
        contact_sheet(images, columns=columns).save(out / "sheets" / f"{name}.png")
    firsts = [images[::columns] for images in drawn.values()]
    contact_sheet(torch.stack(firsts, dim=1).flatten(0, 1), columns=len(firsts)).save(out / "contact_sheet.png")


def to_markdown(report: Mapping[str, Any]) -> str:
    settings = report["settings"]
    rows = [_row("held-out renders (the floor)", None, report["renders"])]
    rows += [_row(run["title"], run, run["figures"]) for run in report["runs"]]
    lines = [
        f"# Peers at {settings['size']} px",
        f"{settings['minutes']} minutes of training steps each, {settings['threads']} threads, batches of "
        f"{settings['batch_size']}, {settings['train_count']} renders; the text stage before is shared. Measured on "
        f"{settings['count']} held-out scenes. Judge: {settings['judge']}. In brackets: 95 % intervals over scenes, "
        "which say nothing of how much another training would differ; for that there are seeds.",
        "\n".join(f"| {' | '.join(row)} |" for row in (HEAD, ["---"] * len(HEAD), *rows)),
        "Product, colour, material and all five core attributes jointly are the judge's accuracies divided by those on "
        "renders. KID is in the features of the judge and of a fixed random network, against renders of other scenes: "
        "it compares the rows of this table, and nothing else. Sharpness is high-frequency power over that of renders. "
        "Told apart is the mean accuracy of fresh classifiers between the peer's images and renders; 50 % is perfect. "
        "Diversity is the distance of two images of one description over that of two renders of it, in the judge's "
        "features. The time is that of one image, of words already read, over ours in the same minute.",
        *_over_seeds(report["runs"]),
        *(f"{each['title']}, seed {each['seed']}, fell apart: {each['why']}" for each in report["stopped"]),
        "## Contact sheet",
        "![Contact sheet](contact_sheet.png)",
        "Columns: " + ", ".join(report["contact_sheet"]["columns"]) + ". Rows:",
        "\n".join(f"{place}. {prompt}" for place, prompt in enumerate(report["contact_sheet"]["prompts"], 1)),
        f"Judge sha256 `{report['hashes']['judge']}`.",
    ]
    return "\n\n".join(lines) + "\n"


def _row(title: str, run: Mapping[str, Any] | None, figures: Mapping[str, Any]) -> list[str]:
    apart, diversity, time = figures["told_apart"], figures.get("diversity", {}).get("judge"), figures.get("time")
    return [
        title,
        str(run["seed"]) if run else "",
        f"{run['parameters'] / 1e6:.1f} M" if run else "",
        f"{run['images_seen']:,}" if run else "",
        *(
            _with_interval(each["kid"], each["kid_interval"], 1000, ".3g")
            for each in (figures["distances"]["judge"], figures["distances"]["random"])
        ),
        *(
            _with_interval(each["ratio"], each["ratio_interval"])
            for each in (figures["accuracy"][name] for name in ("product", "colour", "material", "joint"))
        ),
        _with_interval(figures["sharpness"]["value"], figures["sharpness"]["interval"]),
        _with_interval(apart["value"], apart["interval"], 100, ".0f") + " %",
        _with_interval(diversity["value"], diversity["interval"]) if diversity else "-",
        f"{time['ratio']:.2g} x" if time else "-",
    ]


def _over_seeds(runs: Sequence[Mapping[str, Any]]) -> list[str]:
    """Of peers that were trained more than once: how much a training differs from the next."""
    by_title: dict[str, list[float]] = {}
    for run in runs:
        by_title.setdefault(run["title"], []).append(run["figures"]["distances"]["judge"]["kid"])
    return [
        f"{title}: KID in the judge's features {1000 * sum(kids) / len(kids):.3g} on average over {len(kids)} seeds "
        f"({1000 * min(kids):.3g} to {1000 * max(kids):.3g})."
        for title, kids in by_title.items()
        if len(kids) > 1
    ]


def _with_interval(value: float | None, interval: Sequence[float | None], scale: float = 1, form: str = ".2f") -> str:
    def said(number: float | None) -> str:
        return "-" if number is None else format(scale * number, form)

    return f"{said(value)} ({said(interval[0])}..{said(interval[1])})"
