"""The small pieces of HTML on the page. Everything that comes from outside is escaped here and nowhere else."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING

from studio import imaging
from studio.backends.base import Step
from studio.request import Understood

if TYPE_CHECKING:
    from PIL import Image

    from studio.backends.base import Capabilities
    from studio.backends.registry import Offer
    from studio.request import GeneratedImage, Understanding, Verdict
    from studio.signature import Signature
    from studio.ui.grid import Making

#: From this confidence on (0 .. 1) an attribute is shown as understood, below it as a guess.
SURE = 0.75

HEADER = """
<header class="masthead">
  <h1>Product image studio</h1>
  <p>Say what the product is, and see it at once.</p>
</header>
"""

VERDICTS = {
    "exact": "Exact: this picture can be drawn again, pixel by pixel.",
    "close": "Close: drawn again, it is nearly the same.",
    "not_reproducible": "Not reproducible: it can't be drawn again as it is.",
}

SIGNATURES = {
    "intact": "Its signature is intact.",
    "altered": "Its signature says that the file was altered.",
}


def notice(text: str, *, kind: str = "note") -> str:
    """One line for the user; `kind` is "note", "busy" or "problem". Nothing for no text."""
    role = "alert" if kind == "problem" else "status"
    return f'<p class="notice {kind}" role="{role}">{escape(text)}</p>' if text else ""


def verdict(found: Verdict, signature: Signature | None) -> str:
    """What a dropped picture's recipe and signature are worth."""
    signed = f" {SIGNATURES[signature.state]}" if signature else ""
    return (
        f'<p class="notice verdict {found.outcome}" role="status">'
        f"<strong>{escape(VERDICTS[found.outcome])}</strong> {escape(found.reason)}{signed}</p>"
    )


def previews(title: str, images: Iterable[GeneratedImage]) -> str:
    """A strip of small pictures that live in the page only: no file is written for them."""
    items = "".join(
        f'<li><img src="{data_url(drawn.image)}"'
        f' alt="Preview of: {escape(drawn.recipe.prompt)}, seed {drawn.seed}"></li>'
        for drawn in images
    )
    return f'<section class="previews"><h2>{escape(title)}</h2><ul>{items}</ul></section>'


def forming(making: Making) -> str:
    """How far the image has come that is being drawn, and what there is of it."""
    step, picture = making.step or Step(), making.forming
    if making.step is None:
        doing = "waiting for its turn"
    elif step.stage == "drawing":
        doing = f"step {step.done} of {step.total}" if step.total else "drawing"
    else:
        doing = f"{step.stage} the model" + (f": {step.done:,} of {step.total:,} MB" if step.total else "")
    words = f"picture {making.done + 1} of {making.count}, {doing}" if making.count > 1 else doing
    value = f' max="{step.total}" value="{step.done}"' if step.total else ""
    shown = f'<img src="{data_url(picture)}" alt="What there is of the picture">' if picture else ""
    return (
        f'<section class="forming">{shown}<div><p role="status">{words[0].upper()}{words[1:]}</p>'
        f"<progress{value}></progress></div></section>"
    )


def offer(chosen: Offer, offered: Capabilities | None, *, editing: bool = False) -> str:
    """What a backend is good for (with `editing`: in the tabs that edit), what it costs and what may be done with its
    pictures; `offered` is None where it is not here yet."""
    good_for = (editing and chosen.good_for_editing) or chosen.good_for
    rows = {"Good for": good_for, "Costs": chosen.cost, "Licence": chosen.licence}
    if offered is not None:
        if offered.licence not in chosen.licence:
            rows["Licence"] = f"{offered.licence}, says its model card"
        rows["Safety"] = (
            "a checker hides some pictures" if offered.safety_checker else "no checker looks at its pictures"
        )
    items = "".join(f"<dt>{name}</dt><dd>{escape(words)}</dd>" for name, words in rows.items())
    return f'<dl class="offer">{items}</dl>'


def chips(understanding: Understanding) -> str:
    """What was understood (a guess is fainter), what can't be drawn or was not read, and the English that was read."""
    parts: list[str] = []
    found = [_attribute(each) for each in understanding.attributes]
    if understanding.silhouette:
        found.append(_attribute(Understood(group="kind", value=understanding.silhouette, confidence=1.0)))
    if found:
        parts.append(_row("Understood", found))
    if understanding.unknown:
        unknown = (f'<li class="chip unknown">{escape(word)}</li>' for word in understanding.unknown)
        parts.append(_row("Can't draw", unknown))
    if understanding.unread:
        count = len(understanding.unread)
        words = "the last word was" if count == 1 else f"the last {count} words were"
        parts.append(notice(f"Too long: {words} not read."))
    if understanding.canonical != understanding.prompt.strip():
        english = f'<q lang="en">{escape(understanding.canonical)}</q>'
        parts.append(f'<p class="canonical"><span>Read as</span> {english}</p>')
    return f'<div class="understanding" aria-live="polite">{"".join(parts)}</div>' if parts else ""


def _attribute(found: Understood) -> str:
    sure = found.confidence >= SURE
    return (
        f'<li class="chip {"sure" if sure else "guess"}" title="{escape(found.group)}: {found.confidence:.0%} sure">'
        f'<span class="group">{escape(found.group)}</span> {escape(found.value)}{"" if sure else " ?"}</li>'
    )


def _row(title: str, items: Iterable[str]) -> str:
    return f'<div class="chips"><span>{title}</span><ul>{"".join(items)}</ul></div>'


def data_url(image: Image.Image) -> str:
    """An image as text, so that no file is written for it."""
    return "data:image/webp;base64," + base64.b64encode(imaging.to_webp(image, max(image.size))).decode()


def side_by_side(
    pictures: Sequence[tuple[str, str]], facts: Sequence[Mapping[str, str]], *, classes: str = "compared"
) -> str:
    """Pictures (address and description), and below each those of its facts that set it apart from the others."""
    differing = [name for name in facts[0] if len({each[name] for each in facts}) > 1]
    items = "".join(
        f'<li><img src="{source}" alt="{escape(said)}"><dl>'
        + "".join(f"<dt>{name}</dt><dd>{escape(each[name]) or 'none'}</dd>" for name in differing)
        + "</dl></li>"
        for (source, said), each in zip(pictures, facts, strict=True)
    )
    return f'<ul class="{classes}">{items}</ul>'
