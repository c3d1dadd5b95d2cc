"""The HTML of the Library tab. Everything that comes from outside is escaped here and nowhere else."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING, Any, cast

from studio.library.records import utc_now
from studio.request import ADVERT, PHOTO
from studio.ui.markup import side_by_side

if TYPE_CHECKING:
    from studio.library.library import Storage
    from studio.library.records import CommentRecord, ImageRecord, ShareRecord
    from studio.library.shares import Shared
    from studio.request import Recipe

#: How an image came about, by the kind of its request.
KINDS = {
    "generate": "Drawn",
    "inpaint": "Repainted",
    "outpaint": "Extended",
    "restyle": "Restyled",
    "enhance": "Improved",
    PHOTO: "Photo",
    ADVERT: "Advert",
}


def images(count: int) -> str:
    """The number of images in words: "1 image", "2 images"."""
    return f"{count:,} image{'' if count == 1 else 's'}"


def size(num_bytes: int) -> str:
    """Bytes as people read them: in kB, MB or GB of a thousand each."""
    unit = next((unit for unit in (1e3, 1e6) if num_bytes < 1000 * unit), 1e9)
    number, name = num_bytes / unit, {1e3: "kB", 1e6: "MB", 1e9: "GB"}[unit]
    return f"{number:.0f} {name}" if number >= 10 else f"{number:.1f} {name}"


def how(kind: str) -> str:
    """How an image came about, in a word."""
    return KINDS.get(kind, kind)


def title(record: ImageRecord) -> str:
    """What an image is called: its prompt, or how it came about."""
    return record.prompt or how(record.kind)


def grid(records: Sequence[ImageRecord], *, none: str) -> str:
    """Small pictures, each to tick or to open; `none` is what is said where there are none."""
    if not records:
        return f'<p class="nothing">{escape(none)}</p>'
    return f'<ul class="library-grid">{"".join(_card(record) for record in records)}</ul>'


def _card(record: ImageRecord) -> str:
    prompt, star = escape(title(record)), '<span class="star" title="Starred">★</span>' if record.starred else ""
    return (
        f'<li><button type="button" class="open" data-sha256="{record.sha256}" aria-label="Open: {prompt}">'
        f'<img src="/thumbs/{record.sha256}" alt="{prompt}, seed {record.seed}" loading="lazy"></button>'
        f'<label class="tick"><input type="checkbox" value="{record.sha256}" aria-label="Tick: {prompt}"></label>'
        f'{star}<span class="words">{prompt}</span></li>'
    )


def found(total: int, first: int, count: int, storage: Storage, *, trash: bool, said: str = "") -> str:
    """How many there are, which of them are shown, and what all take up; `said` is what else there is to say."""
    shown = f"{first + 1:,} to {first + count:,} of {images(total)}" if total > count else images(total)
    size_of = size(storage.trash_bytes if trash else storage.num_bytes)
    kept = " They are deleted for good after 30 days." if trash and total else ""
    first_said = f"{escape(said)}<br>" if said else ""
    return f'<p class="faint" role="status">{first_said}{shown} · {size_of} in all.{kept}</p>'


def details(record: ImageRecord, recipe: Recipe, tags: Sequence[str], project: str | None) -> str:
    """One image in full size, and what is known of it."""
    facts = {
        "Prompt": record.prompt,
        "How": how(record.kind),
        "Kept": _kept(recipe),
        "Seed": str(record.seed) if record.kind not in (PHOTO, ADVERT) else "",
        "Size": f"{record.width} x {record.height} pixels, {size(record.num_bytes)}",
        "Model": f"{recipe.model} ({recipe.backend}), licence {recipe.licence}" if recipe.model else "",
        "By hand": ", ".join(f"{name} {value:g}" for name, value in recipe.controls.items()),
        "Near": f"seed {', '.join(str(seed) for seed in recipe.near)}" if recipe.near else "",
        "Made": f"{record.created:%Y-%m-%d %H:%M} UTC",
        "Project": project or "",
        "Tags": ", ".join(tags),
        "SHA-256": record.sha256,
    }
    rows = "".join(f"<dt>{name}</dt><dd>{escape(value)}</dd>" for name, value in facts.items() if value)
    return (
        f'<section class="opened"><a href="/files/{record.sha256}" target="_blank"><img src="/files/{record.sha256}"'
        f' alt="{escape(recipe.alt_text)}"></a><div><dl>{rows}</dl><p>'
        f'<a href="/files/{record.sha256}" download="{record.seed}.png">Download with prompt and settings</a><br>'
        f'<a href="/files/{record.sha256}/public">Download for the public, without them</a></p></div></section>'
    )


def _kept(recipe: Recipe) -> str:
    """What an edit left as it was, "" where nothing was to stay."""
    from studio.editing.proof import Proof

    measured = recipe.parameters.get("proof")
    try:
        return Proof(**cast("dict[str, Any]", measured)).sentence if isinstance(measured, dict) else ""
    except TypeError:  # of another version
        return ""


def compared(records: Sequence[ImageRecord], recipes: Sequence[Recipe | None]) -> str:
    """Images side by side, and below each what sets it apart from the others."""
    rows = [
        {
            "Prompt": record.prompt,
            "How": how(record.kind),
            "Seed": str(record.seed),
            "Model": record.model,
            "By hand": ", ".join(f"{name} {value:g}" for name, value in recipe.controls.items()) if recipe else "",
            "Made": f"{record.created:%Y-%m-%d %H:%M} UTC",
        }
        for record, recipe in zip(records, recipes, strict=True)
    ]
    pictures = [(f"/files/{record.sha256}", f"{title(record)}, seed {record.seed}") for record in records]
    return side_by_side(pictures, rows)


def link_name(share: ShareRecord) -> str:
    """A share as a list names it."""
    return f"{share.title or 'Product images'} (made {share.created:%Y-%m-%d %H:%M}, {share.state(utc_now())})"


def links(shared: Sequence[Shared]) -> str:
    """All links, newest first, and what visitors said."""
    if not shared:
        return '<p class="nothing">There is no link yet: tick some images, and share them.</p>'
    return f'<ul class="links">{"".join(_link(each) for each in shared)}</ul>'


def _link(shared: Shared) -> str:
    share = shared.share
    state = share.state(utc_now())
    ends = f"until {share.expires:%Y-%m-%d}" if share.expires else "without end"
    facts = [images(len(shared.images)), {"open": f"open {ends}"}.get(state, state), f"seen {share.views:,} times"]
    facts += ["with a password"] if share.password_hash else []
    facts += [f"visitors may draw {share.demo_left}"] if share.demo_left else []
    numbers = {image.sha256: number for number, image in enumerate(shared.images, start=1)}
    said = "".join(_comment(comment, numbers.get(comment.sha256)) for comment in shared.comments)
    return (
        f"<li><strong>{escape(share.title or 'Product images')}</strong>"
        f' <span class="faint">{" · ".join(facts)}</span>{f"<ul>{said}</ul>" if said else ""}</li>'
    )


def _comment(comment: CommentRecord, number: int | None) -> str:
    verdict = f'<span class="badge {comment.verdict}">{comment.verdict}</span> ' if comment.verdict else ""
    place = f"No. {number}" if number else "an image that is gone"
    return (
        f"<li><strong>{escape(comment.name)}</strong> on {place} ({comment.sha256[:12]}),"
        f" {comment.created:%Y-%m-%d %H:%M} UTC: {verdict}{escape(comment.text)}</li>"
    )
