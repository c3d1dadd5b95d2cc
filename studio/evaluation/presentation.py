"""The report for people: a table in Markdown, and a sheet of pictures without words."""

# torch's types leave much open.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from studio.data.colour import PASSING_SHARE
from studio.evaluation.measure import ACCURACIES

GAP = 4  # pixels between the pictures of a sheet

RUNS = {
    "renders": "held-out renders (the floor)",
    "asked": "model, as a user gets it",
    "other_words": "model, asked in other words",
    "typo": "model, asked with one typing error",
    "paired": "model, with the render's own camera, light and proportions",
    "nearest": "nearest training render by attributes",
    "product_only": "model, told the product only",
    "shuffled": "model, captions shuffled",
}


EXTRAS = {"accent": "second colour", "bound": "both colours", "pattern": "pattern", "number": "pair"}


def contact_sheet(images: Tensor, *, columns: int) -> Image.Image:
    """uint8 images [n, 3, size, size] in rows of `columns`, on white."""
    size = images.shape[-1]
    padded = F.pad(images, (0, GAP, 0, GAP), value=255)
    rows = padded.unflatten(0, (-1, columns)).permute(0, 3, 1, 4, 2)  # rows, height, columns, width, channels
    sheet = rows.reshape(-1, columns * (size + GAP), 3)
    return Image.fromarray(sheet[:-GAP, :-GAP].contiguous().numpy(), "RGB")


def to_markdown(report: Mapping[str, Any]) -> str:
    """The report for people, from the content of report.json."""
    settings = report["settings"]
    sections = [
        f"# Evaluation of {settings['model']}",
        f"{settings['count']} held-out scenes at {settings['size']} px, seed {settings['seed']}. Judge: "
        f"{settings['judge']}. In brackets: 95 % intervals.",
        *_attributes(report),
        *_distances(report),
        "## Diversity",
        _diversity(report["diversity"]),
        *_unseen(report["unseen_combinations"]),
        *_memorisation(report["memorisation"]),
        "## What fails",
        "\n".join(f"- {each}" for each in report["failing"])
        or "No product or material is below 85 % of the renders' figure.",
        *(part for group in report["breakdown"].items() for part in _breakdown(*group)),
        *_contact_sheet(report["contact_sheet"]),
        *_sweeps(report["sweeps"]),
        f"Model sha256 `{report['hashes']['model']}`, judge sha256 `{report['hashes']['judge']}`.",
    ]
    return "\n\n".join(sections) + "\n"


def _attributes(report: Mapping[str, Any]) -> Iterator[str]:
    runs = report["runs"]
    head = ["", *ACCURACIES, "colour check"]

    def figures(name: str) -> list[Mapping[str, Any]]:
        return [*(runs[name]["accuracy"][each] for each in ACCURACIES), runs[name]["colour_check"]]

    yield "## Attributes, as an independently trained judge reads them"
    yield _table(head, [[label, *map(_share, figures(name))] for name, label in RUNS.items() if name in runs])
    yield "The same, divided by the figure of the held-out renders:"
    yield _table(
        head, [[RUNS[name], *map(_ratio, figures(name))] for name in RUNS if name in runs and name != "renders"]
    )
    renders, asked = runs["renders"], runs["asked"]
    yield from _extras(runs)
    yield (
        "The colour check passes when the colour asked for is the nearest named one (CIE94 with the weights for "
        f"textiles) on {_percent(PASSING_SHARE)} of the product's pixels. Any other colour passes it on "
        f"{_percent(renders['wrong_names_passing'])} of renders and {_percent(asked['wrong_names_passing'])} of the "
        f"model's images. A stricter check, of the median colour alone, passes on "
        f"{_percent(renders['median_colour']['value'])} of renders and "
        f"{_percent(asked['median_colour']['value'])} of the model's images. With their true masks instead of the "
        f"judge's (overlap {_percent(report['judge_mask_iou'])}) "
        f"{_percent(report['renders_colour_check_with_true_mask'])} of renders pass."
    )


def _extras(runs: Mapping[str, Any]) -> Iterator[str]:
    given = [name for name in EXTRAS if name in runs["renders"]["extras"]]
    if not given:
        return
    yield "Of the scenes that have one, the share of which the judge names it as asked:"
    head = ["", *(f"{EXTRAS[name]} (n = {runs['renders']['extras'][name]['count']})" for name in given)]
    rows = [
        [label, *(_share(runs[name]["extras"][each]) for each in given)] for name, label in RUNS.items() if name in runs
    ]
    yield _table(head, rows)
    exchanged = (_percent(runs[name]["colours_exchanged"]) for name in ("asked", "renders"))
    yield (
        "The same for what a user gets, divided by the figure of the renders: "
        + ", ".join(f"{EXTRAS[name]} {_ratio(runs['asked']['extras'][name])}" for name in given)
        + ". The two colours are named the wrong way round in {} of the model's images and {} of renders.".format(
            *exchanged
        )
    )


def _unseen(unseen: Mapping[str, Any] | None) -> Iterator[str]:
    if unseen is None:
        return
    yield "## Combinations that were kept from training"
    asked, renders = unseen["asked"], unseen["renders"]
    yield _table(
        [f"n = {unseen['count']}", *ACCURACIES, "colour check"],
        [
            ["renders", *(_share(renders["accuracy"][name]) for name in ACCURACIES), _share(renders["colour_check"])],
            [
                "model, as a user gets it",
                *(_share(asked["accuracy"][name]) for name in ACCURACIES),
                _share(asked["colour_check"]),
            ],
            ["ratio", *(_ratio(asked["accuracy"][name]) for name in ACCURACIES), _ratio(asked["colour_check"])],
        ],
    )


def _memorisation(memorisation: Mapping[str, Any] | None) -> Iterator[str]:
    if memorisation is None:
        return
    yield "## Memorisation"
    ratios = [
        f"{_plain(memorisation[kind]['value'])} ({_plain(low)}..{_plain(high)}) in the features of the {name}"
        for kind, name in (("judge", "judge"), ("random", "random network"))
        for low, high in [memorisation[kind]["interval"]]
    ]
    yield (
        f"From an image to the nearest of {memorisation['count']} training renders it is {' and '.join(ratios)} as far "
        "as from a render that was not trained on. Well below 1, the model would be repeating what it saw."
    )


def _distances(report: Mapping[str, Any]) -> Iterator[str]:
    runs = report["runs"]
    kinds = list(runs["renders"]["distances"])
    count = runs["renders"]["distances"][kinds[0]]["count"]
    yield "## Distances, sharpness, likeness"
    head = [
        "",
        *(f"KID x 1000, {kind}" for kind in kinds),
        *(f"FD, {kind}" for kind in kinds),
        "sharpness",
        "PSNR",
        "SSIM",
        *(f"map distance, {kind}" for kind in kinds),
    ]
    yield _table(head, [[label, *_distance_cells(runs[name])] for name, label in RUNS.items() if name in runs])
    yield (
        f"KID and the Fréchet distance (FD) compare {count} images with {count} renders of other scenes, so the "
        "first row is their floor. They are taken in the features of the judge and of a fixed random network: compare "
        "them with each other, not with figures published elsewhere. Sharpness is high-frequency power over that of "
        "renders. PSNR (dB), SSIM and the map distances are to the render of the same scene. A map distance is the "
        "mean squared difference of feature maps with channels normalised to length 1 (0 is equal, 2 unrelated), as "
        "LPIPS takes it, but in the maps of these two networks and without weights learnt from people: it is not LPIPS."
    )
    apart = report["told_apart_from_renders"]
    asked, renders = apart["asked"], apart["renders"]
    each = sorted(asked["each"])
    yield (
        f"{len(each)} small classifiers, each trained for {apart['steps']} steps on half of the scenes to tell the "
        f"model's images (as a user gets them) from renders, are right about {_share(asked)} of the {asked['count']} "
        f"images of the other half (single ones {100 * each[0]:.0f} % to {100 * each[-1]:.0f} %); as many, trained to "
        f"tell renders from renders of other scenes, about {_share(renders)} of {renders['count']}. 50 % is perfect: "
        "no better than guessing."
    )


def _distance_cells(run: Mapping[str, Any]) -> Iterator[str]:
    for kind in run["distances"].values():
        low, high = kind["kid_interval"]
        yield f"{1000 * kind['kid']:.3g} ({1000 * low:.3g}..{1000 * high:.3g})"
    for kind in run["distances"].values():
        yield f"{kind['frechet']:.3g}"
    low, high = run["sharpness"]["interval"]
    yield f"{_plain(run['sharpness']['value'])} ({_plain(low)}..{_plain(high)})"
    yield f"{run['psnr']:.1f}"
    yield _plain(run["ssim"])
    for distance in run["map_distance"].values():
        yield f"{distance:.3f}"


def _diversity(diversity: Mapping[str, Any]) -> str:
    if not diversity["count"]:
        return "No two renders are of one description, so there is nothing to compare with."
    seeds, eps = diversity["over_seeds"], diversity["over_eps_alone"]
    return (
        f"Over {diversity['count']} descriptions, two images of one description differ by {_plain(seeds['judge'])} "
        f"(judge) and {_plain(seeds['random'])} (random network) of what two renders of it differ by; with camera, "
        f"light and proportions held, by {_plain(eps['judge'])} and {_plain(eps['random'])}."
    )


def _breakdown(group: str, parts: Mapping[str, Any]) -> Iterator[str]:
    names = [*ACCURACIES, "colour_check"]
    yield f"## By {group} (model / renders)"
    yield _table(
        [group, "n", *ACCURACIES, "colour check"],
        [
            [
                label,
                str(part["count"]),
                *(f"{_percent(part['model'][n])} / {_percent(part['renders'][n])}" for n in names),
            ]
            for label, part in parts.items()
        ],
    )


def _contact_sheet(sheet: Mapping[str, Any]) -> Iterator[str]:
    yield "## Contact sheet"
    yield "![Contact sheet](contact_sheet.png)"
    yield f"Seeds {sheet['seeds'][0]} to {sheet['seeds'][-1]} from left to right; the rows from the top:"
    yield "\n".join(f"{place}. {prompt}" for place, prompt in enumerate(sheet["prompts"], 1))


def _sweeps(sweeps: Mapping[str, Any]) -> Iterator[str]:
    if not sweeps["controls"]:
        return
    yield "## Sweeps"
    yield "![Sweeps](sweeps.png)"
    yield (
        f"Seed 0; from left to right a control goes from its lowest to its highest value. Under each other: "
        f"{', '.join(sweeps['controls'])}, for each of these prompts:"
    )
    yield "\n".join(f"{place}. {prompt}" for place, prompt in enumerate(sweeps["prompts"], 1))


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *rows))


def _share(figure: Mapping[str, Any]) -> str:
    low, high = figure["interval"]
    return f"{_percent(figure['value'])} ({_percent(low)}..{_percent(high)})"


def _ratio(figure: Mapping[str, Any]) -> str:
    low, high = figure["ratio_interval"]
    return f"{_plain(figure['ratio'])} ({_plain(low)}..{_plain(high)})"


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.0f} %"


def _plain(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"
