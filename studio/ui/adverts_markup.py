"""The HTML of the Adverts tab. Everything that comes from outside is escaped here and nowhere else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING
from urllib.parse import quote

from studio.campaign.pace import in_words
from studio.ui.markup import data_url, notice, side_by_side

if TYPE_CHECKING:
    from studio.campaign.advert import Advert
    from studio.campaign.box import Box
    from studio.campaign.brief import BadBrief
    from studio.campaign.channels import Channel
    from studio.campaign.claims import Flag
    from studio.campaign.layouts import Layout
    from studio.campaign.manifest import Row
    from studio.ui.advert_runs import Run

#: Adverts of one channel that are shown; all are in the ZIP.
SHOWN = 24
_FAILURES = 8  # products that could not be made, said one by one
_BAD_ROWS = 5

#: How wide and high a layout's picture is, by its first shape.
_ICONS = {"strip": (84, 22), "landscape": (64, 36), "square": (44, 44), "portrait": (36, 46), "tower": (20, 52)}
_PAPER, _SCENE, _BLOCK, _PRODUCT, _WORDS = "#efe6da", "#d5e3de", "#0f4f49", "#e08a4f", "#3b3833"


def adverts(count: int) -> str:
    """The number of adverts in words."""
    return f"{count:,} advert{'' if count == 1 else 's'}"


def price(count: int, seconds: float) -> str:
    """How many adverts there will be, and what they take."""
    return f'<p class="advert-price" role="status"><strong>{adverts(count)}</strong>, about {in_words(seconds)}</p>'


def flagged(flags: Sequence[Flag]) -> str:
    """What had better not be said, beside the words that say it."""
    items = "".join(f"<li>“{escape(flag.word)}”: {escape(flag.reason)}</li>" for flag in flags)
    return f'<ul class="advert-flags" role="status">{items}</ul>' if items else ""


def previews(drawn: Iterable[Advert]) -> str:
    """Small adverts that live in the page only."""
    items = "".join(_preview(advert) for advert in drawn)
    return f'<section class="advert-previews"><h2>Preview, not kept</h2><ul>{items}</ul></section>' if items else ""


def _preview(advert: Advert) -> str:
    width, height = advert.image.size
    title = escape(advert.channel.title)
    wide = ' class="wide"' if width > 3 * height else ""
    return (
        f'<li{wide} style="--shape: {width / height:.3f}"><img src="{data_url(advert.image)}"'
        f' alt="Preview for {title}"><span>{title}</span></li>'
    )


def products(pictures: Sequence[str]) -> str:
    """The pictures of the product, by their hashes in the library."""
    items = "".join(
        f'<li><img src="/thumbs/{sha256}" alt="Picture {number} of the product"></li>'
        for number, sha256 in enumerate(pictures, start=1)
    )
    return f'<ul class="advert-products">{items}</ul>' if items else ""


def table(count: int, bad: Sequence[BadBrief], unused: Sequence[str]) -> str:
    """What a table of products has, and which of its rows can't be used."""
    said = f"{count:,} product{'' if count == 1 else 's'} can be made."
    if unused:
        said += f" Columns that aren't used: {', '.join(unused)}."
    rows = "".join(f"<li>Line {each.line}: {escape(each.problem)}</li>" for each in bad[:_BAD_ROWS])
    more = f"<li>and {len(bad) - _BAD_ROWS:,} others</li>" if len(bad) > _BAD_ROWS else ""
    return notice(said) + (f'<ul class="advert-flags">{rows}{more}</ul>' if bad else "")


def progress(run: Run | None) -> str:
    """How far a campaign is."""
    if run is None:
        return ""
    done, failed = len(run.rows), sum(row.status == "failed" for row in run.rows)
    part = f"{done:,} of {adverts(run.total)}"
    wrong = f" {failed:,} failed." if failed else ""
    match run.state:
        case "waiting":
            return notice("Another campaign is running: this one waits for its turn.")
        case "running":
            left = f", about {in_words(run.seconds_left)} left" if run.seconds_left else ""
            share = 100 * done / max(1, run.total)
            return (
                f'<div class="advert-progress" role="progressbar" aria-label="Adverts" aria-valuenow="{share:.0f}"'
                f' aria-valuemin="0" aria-valuemax="100"><div style="width: {share:.1f}%"></div></div>'
                f'<p class="faint">{part}{left}.{wrong}</p>'
            )
        case "done":
            return notice(f"{adverts(done - failed)} done.{wrong}", kind="problem" if failed else "exact")
        case "stopped":
            return notice(f"Stopped with {part}. What was made is kept.{wrong}")
        case "failed":
            return notice(f"{run.problem} {part} are there.", kind="problem")


def grid(run: Run | None, channels: Mapping[str, Channel], verdicts: Mapping[str, str], *, problems_only: bool) -> str:
    """The adverts by channel, each to tick and to open, with what is wrong in words, and what was said of it on a link
    (`verdicts`, by the hashes of files)."""
    if run is None or not run.rows:
        return ""
    rows = [row for row in run.rows if not problems_only or row.problems]
    if not rows:
        return '<p class="nothing">No advert has a problem.</p>'
    failed = [row for row in rows if not row.channel]
    by_channel: dict[str, list[Row]] = {}
    for row in rows:
        if row.channel:
            by_channel.setdefault(row.channel, []).append(row)
    parts = [_failures(failed)] if failed else []
    parts += [_channel(run, channels.get(name), name, of, verdicts) for name, of in by_channel.items()]
    return f'<div class="advert-channels">{"".join(parts)}</div>'


def _failures(rows: Sequence[Row]) -> str:
    items = "".join(
        f"<li><strong>{escape(row.sku) or 'A row'}</strong>: {escape('; '.join(row.problems))}</li>"
        for row in rows[:_FAILURES]
    )
    more = f"<li>and {len(rows) - _FAILURES:,} others</li>" if len(rows) > _FAILURES else ""
    listed = f'<ul class="advert-flags">{items}{more}</ul>'
    return f'<section class="advert-channel not-made"><h3>Not made</h3>{listed}</section>'


def _channel(run: Run, channel: Channel | None, name: str, rows: Sequence[Row], verdicts: Mapping[str, str]) -> str:
    title = channel.title if channel else name
    size = f"{rows[0].width} x {rows[0].height}"
    cards = "".join(_card(run, title, row, verdicts.get(row.sha256, "")) for row in rows[:SHOWN])
    more = f'<p class="faint">and {len(rows) - SHOWN:,} others, which the ZIP has</p>' if len(rows) > SHOWN else ""
    shape = "wide" if rows[0].width > 2 * rows[0].height else "tall" if rows[0].height > 1.5 * rows[0].width else ""
    return (
        f'<section class="advert-channel {shape}" style="--count: {min(len(rows), SHOWN)}">'
        f'<h3>{escape(title)} <span class="faint">{size}</span></h3>'
        f'<ul class="advert-grid">{cards}</ul>{more}</section>'
    )


def _card(run: Run, title: str, row: Row, verdict: str) -> str:
    problems = "".join(f"<li>{escape(problem)}</li>" for problem in row.problems)
    said = f'<ul class="advert-problems">{problems}</ul>' if problems else ""
    badge = '<span class="badge rejected">failed</span>' if row.status == "failed" else ""
    badge += f' <span class="badge {verdict}">{verdict}</span>' if verdict else ""
    if not row.file:
        return f'<li class="not-made"><span class="words">{escape(row.sku)} {badge}</span>{said}</li>'
    called = escape(name_of(row))
    return (
        f'<li><a href="{address(run, row)}" target="_blank"><img src="{address(run, row, "/small")}"'
        f' alt="{called}, {escape(title)}" width="{row.width}" height="{row.height}" loading="lazy"></a>'
        f'<label class="tick"><input type="checkbox" value="{escape(row.file)}"'
        f' aria-label="Winner: {called}, {escape(title)}"></label>'
        f'<span class="words">{called} {badge}</span>{said}</li>'
    )


def name_of(row: Row) -> str:
    """What an advert is called: its file without channel and ending."""
    return row.file.rpartition("/")[2].rpartition(".")[0]


def address(run: Run, row: Row, of: str = "") -> str:
    """Where the page finds an advert's file, and its small picture; another one of its name has another address."""
    return f"/adverts/{run.number}/{quote(row.file)}{of}?v={row.sha256[:12]}"


def compared(run: Run, rows: Sequence[Row], channels: Mapping[str, Channel]) -> str:
    """Adverts side by side, and below each what sets it apart from the others."""
    facts = [
        {
            "Advert": name_of(row),
            "Channel": channels[row.channel].title if row.channel in channels else row.channel,
            "Size": f"{row.width} x {row.height}",
            "Problems": "; ".join(row.problems) or "none",
        }
        for row in rows
    ]
    pictures = [(address(run, row), name_of(row)) for row in rows]
    return side_by_side(pictures, facts, classes="compared advert-compared")


def layout_icons(layouts: Sequence[Layout], selector: str) -> str:
    """A style that puts a small picture of each layout before its name: where product and words are."""
    rules = "".join(
        f'{selector} label:nth-of-type({number})::before{{background-image:url("{_icon(layout)}");'
        f"width:{_ICONS[layout.shapes[0]][0]}px;height:{_ICONS[layout.shapes[0]][1]}px}}"
        for number, layout in enumerate(layouts, start=1)
    )
    return f"<style>{rules}</style>"


def _icon(layout: Layout) -> str:
    width, height = _ICONS[layout.shapes[0]]
    parts = [_rectangle(0, 0, width, height, _SCENE if layout.ground == "scene" else _PAPER, 3)]
    from studio.campaign.box import Box

    inner = Box(left=width * 0.06, top=height * 0.06, right=width * 0.94, bottom=height * 0.94)
    block = layout.block(inner, width, height)
    if block is not None:
        parts.append(_box(block, _BLOCK, 0))
    if layout.product is not None:
        product = inner.part(layout.product)
        side = min(product.width, product.height) * 0.8
        middle = (product.left + product.right) / 2
        parts.append(_rectangle(middle - side / 2, product.bottom - side, side, side, _PRODUCT, side * 0.2))
    if layout.words is not None:
        words, ink = inner.part(layout.words), "#ffffff" if block is not None else _WORDS
        if layout.panel == "card":
            parts.append(_box(words, "#ffffff", 2))
        line = max(2.0, min(5.0, words.height * 0.2))
        count = 2 if words.height > 3 * line else 1
        top = (words.top + words.bottom) / 2 - line * (count - 0.5)
        for number in range(count):
            share = (0.84, 0.55)[number]
            left = words.left + words.width * (0.08 if layout.align == "start" else (1 - share) / 2)
            parts.append(_rectangle(left, top + 2 * line * number, words.width * share, line, ink, 1))
    if layout.action is not None:
        action = inner.part(layout.action)
        high = min(action.height * 0.7, 8.0)
        top = (action.top + action.bottom - high) / 2
        parts.append(_rectangle(action.left, top, action.width, high, _WORDS, 3))
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}">{"".join(parts)}</svg>'
    return "data:image/svg+xml," + quote(svg)


def _box(box: Box, colour: str, radius: float) -> str:
    return _rectangle(box.left, box.top, box.width, box.height, colour, radius)


def _rectangle(x: float, y: float, width: float, height: float, colour: str, radius: float) -> str:
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" rx="{radius:.1f}" fill="{colour}"/>'
    )
