"""What of an instruction is how things are, and what is how they are to be: "change the white background to pink"."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from studio.lexicon import Found, Piece, adjoining

#: `becomes`: what follows takes the place of what was said before it, the thing that is said first, or last in Chinese
#: (`turns`). `instead`: the other way round. `verb`: something else is to be changed. `and`: what is to be was said.
_Kind = Literal["becomes", "turns", "instead", "verb", "and"]

_ENGLISH = (
    r"\b(?:chang|replac|swap|switch|exchang|substitut|turn|mak|convert|transform|recolou?r|repaint)(?:e[sd]?|ing)?\b"
)
_GERMAN = r"\b(?:mach|ersetz|tausch|änder|färb|verwand(?:e?l)?|wechse?l|streich)(?:e|en|n|t)?\b"
_EVENTS: dict[_Kind, str] = {
    "verb": f"{_ENGLISH}|{_GERMAN}|把(?!手)|将|將",
    "turns": "[换換改变變转轉染涂塗漆][成为為作]",
    "instead": r"\binstead of\b|\brather than\b|\b(?:an)?statt\b|\banstelle\b|而不是|代替",
    "and": r"\b(?:and|und|then|dann)\b|[,;.，。；、]|和|并|並|然后|然後",
}
#: Small words by which something becomes something else where there is a verb for it, anywhere: "durch Blau ersetzen".
_BECOMES = tuple(
    (re.compile(verb, re.IGNORECASE), re.compile(word, re.IGNORECASE))
    for verb, word in (
        (rf"{_ENGLISH}|\b(?:colou?r|paint|dye|from)\b", r"(?<!next )(?<!close )(?<!similar )\b(?:to|into)\b"),
        (r"\b(?:chang|replac|swap|switch|exchang|substitut)", r"\b(?:with|by|for)\b"),
        (r"\b(?:ersetz|(?:aus|ein|um)?(?:ge)?tausch|wechs)", r"\b(?:durch|gegen|mit)\b"),
        (r"\b(?:um)?(?:ge)?(?:änder|färb|verwand|wandel|wandl|wechs)", r"\b(?:zu|in|auf)\b"),
        (r"\bmach", r"\bzu\b"),
    )
)
#: "Make the red bag blue": what is said after the bag is how it is to be.
_MAKE = re.compile(
    r"\b(?:make|paint|dye|turn|colou?r|recolou?r|repaint)\s+(?:the|this|that|my|our)\b"
    r"|\b(?:mach|mache|färb|färbe|streich|streiche)\s+(?:den|die|das|diese[ns]?|meine?n?)\b",
    re.IGNORECASE,
)
_QUALITIES = {"colour", "material", "finish"}


class _Mention(NamedTuple):
    """`slot` is the field that it set, None where it set none; `around`: it is said of the surroundings."""

    slot: str | None
    around: bool
    is_thing: bool


@dataclass
class Said:
    """What an instruction asks for, by the names of `Instruction`'s fields, as its mentions come in."""

    #: The styles that are surroundings, and the one that is a sweep of any colour.
    settings: frozenset[str]
    sweep: str
    named: dict[str, str] = field(default_factory=dict[str, str])
    _phase: Literal["now", "then", "instead"] = "now"
    #: What there is now.
    _now: list[_Mention] = field(default_factory=list[_Mention])
    #: The fields that were set for it, and whether it is the surroundings that change.
    _old: set[str] = field(default_factory=set[str])
    _changes_around: bool = False
    _is_said: bool = False
    _begins_with_instead: bool = False

    def event(self, kind: _Kind) -> None:
        """Takes what is between two mentions."""
        if kind in ("becomes", "turns") or (kind == "and" and self._begins_with_instead):
            things = [each for each in self._now if each.is_thing]
            if self._now:
                self._changes_around = (things or self._now)[-1].around if kind == "turns" else self._now[0].around
            self._old |= {each.slot for each in self._now if each.slot}
            self._now, self._phase, self._is_said, self._begins_with_instead = [], "then", False, False
        elif kind == "instead":
            self._begins_with_instead = not self.named
            self._phase = "instead" if self.named else "now"
        elif (kind == "verb" and self._phase == "now") or self._phase == "instead" or self._is_said:
            self._now, self._old, self._phase = [], set(), "now"
            self._changes_around = self._is_said = False

    def mention(self, found: Found, *, of_backdrop: bool) -> None:
        """Takes what is named, or leaves it."""
        slot, name = "backdrop" if of_backdrop else found.group, found.name
        around = slot in ("scene", "backdrop") or (slot == "style" and name in self.settings)
        if self._phase == "then":
            if slot != "product":
                self._is_said = True
                self._becomes(slot, name, around=around)
            return
        has_around = any(self._is_around(each) for each in self.named)
        if self._phase == "instead" and has_around and (around or slot == "colour"):
            return
        if slot == "product" or slot in self.named:
            self._now.append(_Mention(None, around, around or slot == "product"))
        else:
            self.named[slot] = name
            self._now.append(_Mention(slot, around, around))

    def _becomes(self, slot: str, name: str, *, around: bool) -> None:
        if self._changes_around and "colour" in self._old and (around or slot == "colour"):
            del self.named["colour"]  # which was that of what is there
            self._old.remove("colour")
        if self._changes_around and slot == "colour":
            if "backdrop" in self._old or "backdrop" not in self.named:
                self._leave({"scene", "style", "backdrop"})
                self.named |= {"style": self.sweep, "backdrop": name}
            return
        if around:
            self._leave(self._old)
        elif slot in self._old:
            self._old.remove(slot)
            del self.named[slot]
        self.named.setdefault(slot, name)

    def _leave(self, slots: set[str]) -> None:
        """Forgets surroundings that were said."""
        for slot in [each for each in self.named if each in slots and self._is_around(each)]:
            del self.named[slot]
            self._old.discard(slot)

    def _is_around(self, slot: str) -> bool:
        return slot in ("scene", "backdrop") or (slot == "style" and self.named[slot] in self.settings)


def events(text: str, pieces: Sequence[Piece]) -> list[tuple[int, _Kind]]:
    """What changes how mentions are meant, by its place in the text, in order."""
    found: list[tuple[int, _Kind]] = [
        (match.start(), kind)
        for kind, pattern in _EVENTS.items()
        for match in re.finditer(pattern, text, re.IGNORECASE)
    ]
    for verb, word in _BECOMES:
        if verb.search(text):
            found.extend((match.start(), "becomes") for match in word.finditer(text))
    for match in _MAKE.finditer(text):
        if (place := _predicate(text, [piece for piece in pieces if piece.start >= match.end()])) is not None:
            found.append((place, "becomes"))
    return sorted(found)


def _predicate(text: str, pieces: Sequence[Piece]) -> int | None:
    """Where the qualities begin that follow the first things of a text: "blue" in "the red bag blue on a table"."""
    things: list[Piece] = []
    for piece in pieces:
        is_place = any(found.group == "scene" for found in piece.named) and not all(map(_is_quality, things))
        apart = bool(things) and not adjoining(text, things[-1].end, piece.start)
        if (piece.known and not piece.named) or is_place or apart:
            break
        things.append(piece)
    first = len(things)
    while first and _is_quality(things[first - 1]):
        first -= 1
    return things[first].start if 0 < first < len(things) else None


def _is_quality(piece: Piece) -> bool:
    return bool(piece.named) and {found.group for found in piece.named} <= _QUALITIES
