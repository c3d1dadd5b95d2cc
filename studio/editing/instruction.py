"""Reads what somebody wants of a photo: "make it navy leather", "on a marble counter", "goldene Stunde"."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from studio.editing.backdrop import View
from studio.editing.changes import Said, events
from studio.errors import InputError
from studio.lexicon import Found, Lexicon, Piece, normal, phrase_of
from studio.prompts import Prompts

_LYING = Found("view", "lying")
#: The style that stands for a sweep of any colour.
SWEEP = "sweep"

_HEX = re.compile(r"#(?:[0-9a-fA-F]{6}|[0-9a-fA-F]{3})\b")
_GROUPS = ("product", "colour", "material", "finish", "scene", "style")
_HINT = "Try “make it navy leather”, “on a marble counter”, “on a #f6c9d2 sweep” or “golden hour”."


@dataclass(frozen=True, kw_only=True)
class Instruction:
    """What was understood; None where nothing was said. Names are those of the vocabulary and of `styles.yaml`."""

    #: A name, or #rrggbb.
    colour: str | None = None
    material: str | None = None
    finish: str | None = None
    scene: str | None = None
    style: str | None = None
    #: Colour of a background, a name or #rrggbb: "on a navy backdrop".
    backdrop: str | None = None
    #: Whether the product stands before the camera, or lies below it as clothes on a floor do: "flat lay".
    view: View = "standing"
    #: Words that were not understood, as typed.
    unknown: tuple[str, ...] = ()


def read(prompts: Prompts, text: str) -> Instruction:
    """What an English, Chinese or German text asks for. Raises InputError where nothing of it is understood."""
    typed = normal(text)
    pieces = _with_hex(typed, _lexicon(prompts).pieces(_HEX.sub(lambda match: " " * len(match[0]), typed)))
    settings = frozenset(name for name, style in prompts.styles.styles.items() if style.sweep or style.scene)
    said, between = Said(settings, SWEEP), events(typed, pieces)
    view: View = "standing"
    unknown: list[str] = []
    for index, piece in enumerate(pieces):
        while between and between[0][0] <= piece.start:
            said.event(between.pop(0)[1])
        if not piece.known:
            unknown.append(typed[piece.start : piece.end])
        for found in piece.named:
            of_backdrop = found.group == "colour" and _is_of_backdrop(typed, piece, pieces[index + 1 : index + 2])
            if found == _LYING:
                view = "lying"
            elif found.group in _GROUPS:
                said.mention(found, of_backdrop=of_backdrop)
    if not said.named:
        raise InputError("Nothing in this instruction was understood." if typed else "There is no instruction.", _HINT)
    return Instruction(**said.named, view=view, unknown=tuple(dict.fromkeys(unknown)))


def _is_of_backdrop(text: str, colour: Piece, following: list[Piece]) -> bool:
    """Whether a colour is said of the sweep right after it."""
    return any(
        Found("style", SWEEP) in piece.named and not text[colour.end : piece.start].strip(" -的") for piece in following
    )


def _with_hex(text: str, pieces: list[Piece]) -> list[Piece]:
    written = [Piece(m.start(), m.end(), (Found("colour", _long(m[0])),), True, False) for m in _HEX.finditer(text)]
    return sorted([*pieces, *written], key=lambda piece: piece.start)


def _long(colour: str) -> str:
    digits = colour[1:].lower()
    return "#" + (digits if len(digits) == 6 else "".join(2 * digit for digit in digits))


def _lexicon(prompts: Prompts) -> Lexicon:
    """The words of the vocabulary and of the styles. A background is one of them here, and not just surroundings."""
    filler, lying, styles = prompts.styles.filler, prompts.styles.lying, prompts.styles.styles
    english = dict.fromkeys(map(phrase_of, filler.en), ()) | dict.fromkeys(map(phrase_of, lying.en), (_LYING,))
    german = dict.fromkeys(map(phrase_of, filler.de), ()) | dict.fromkeys(map(phrase_of, lying.de), (_LYING,))
    chinese = dict.fromkeys(map(normal, filler.zh), ()) | dict.fromkeys(map(normal, lying.zh), (_LYING,))
    found: Mapping[str, tuple[Found, ...]] = {name: (Found("style", name),) for name in styles}
    return replace(prompts.lexicon, surroundings=frozenset()).with_words(
        english={**english, **{phrase_of(word): found[name] for name, style in styles.items() for word in style.en}},
        german={**german, **{phrase_of(word): found[name] for name, style in styles.items() for word in style.de}},
        chinese={**chinese, **{normal(word): found[name] for name, style in styles.items() for word in style.zh}},
    )
