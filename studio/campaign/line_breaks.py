"""Where a line may end: after spaces and hyphens, and between any two Chinese or Japanese characters but those that
may not begin or end a line (the classes OP, CL, EX, NS of Unicode UAX 14, in short)."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import pairwise

#: Chinese characters, kana and the punctuation that goes with them.
_IDEOGRAPH = "\u2e80-\u2fff\u3001-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff01-\uff5e\U00020000-\U000323af"
_NOT_FIRST = "，。、！？；：）】》」』〉〕”’…—～·％‰℃,.!?;:)]}%々ーぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮ"
_NOT_LAST = "（【《「『〈〔“‘([{$¥€£￥"
_ENDS_A_PHRASE = " ，。、！？；：…～,.!?;:）】》」』〉"
_ONE = re.compile(f"[{_IDEOGRAPH}]")
_NUMBER = re.compile(r"[\d.,]+ ")
_SHORT = re.compile(r"[^\W\d]{1,2}\W?|[€%]\W?")  # a unit, such as ml
_AFTER_HYPHEN = re.compile(r"(?<=\w[-‐–/])(?=\w)")


def pieces(text: str, whole: frozenset[str] = frozenset()) -> list[str]:
    """What a text is cut into; a line may end after each piece. A piece ends with its space, if it has one.

    `whole` are words of scripts without spaces that stay in one.
    """
    unit_pattern = _units(whole)
    found: list[str] = []
    for word in re.findall(r"\S+\s*", text.strip()):
        units = [part for unit in unit_pattern.findall(word.rstrip()) for part in _AFTER_HYPHEN.split(unit)]
        joined: list[str] = []
        for unit in units:
            if joined and (unit[0] in _NOT_FIRST or joined[-1][-1] in _NOT_LAST or not _breaks(joined[-1], unit)):
                joined[-1] += unit
            else:
                joined.append(unit)
        if found and _NUMBER.fullmatch(found[-1]) and _SHORT.fullmatch(joined[0]):
            joined[0] = found.pop() + joined[0]  # 350 ml
        elif found and (joined[0][0] in _NOT_FIRST or found[-1].rstrip()[-1] in _NOT_LAST):
            joined[0] = found.pop() + joined[0]  # Bonjour !
        if word != word.rstrip():
            joined[-1] += " "
        found += joined
    return found


def broken(units: Sequence[str], width_of: Callable[[str], float], width: float) -> list[str] | None:
    """Fills lines one after the other; None where a piece alone is too wide. `width_of` measures one piece."""
    lines: list[str] = []
    used = 0.0
    for unit in units:
        bare = width_of(unit.rstrip())
        if bare > width:
            return None
        if lines and used + bare <= width:
            lines[-1] += unit
        else:
            lines.append(unit)
            used = 0.0
        used += width_of(unit)
    return [line.rstrip() for line in lines]


def balanced(units: Sequence[str], width_of: Callable[[str], float], width: float) -> list[str] | None:
    """As `broken`, with lines about equally long: the narrowest column that takes no more lines.

    Scripts without spaces are read by phrases: lines end after their punctuation, if that takes one line more at most.
    """
    lines = broken(units, width_of, width)
    if lines is None or len(lines) == 1:
        return lines
    if any(_ONE.match(unit) for unit in units):
        phrases = _phrases(units)
        whole = broken(phrases, width_of, width)
        if whole is not None and len(whole) <= len(lines) + 1:
            units, lines = phrases, whole
    low, high = width / 2, width
    for _ in range(6):
        middle = (low + high) / 2
        tried = broken(units, width_of, middle)
        if tried is not None and len(tried) == len(lines):
            lines, high = tried, middle
        else:
            low = middle
    return lines


def torn(lines: Sequence[str]) -> int:
    """How many lines of a script without spaces end inside a phrase."""
    return sum(
        bool(_ONE.match(line[-1]) and _ONE.match(after)) and line[-1] not in _ENDS_A_PHRASE
        for line, after in pairwise(lines)
    )


def _phrases(units: Sequence[str]) -> list[str]:
    """Pieces put together up to the next punctuation or space."""
    found: list[str] = []
    for number, unit in enumerate(units):
        if number and units[number - 1][-1] not in _ENDS_A_PHRASE:
            found[-1] += unit
        else:
            found.append(unit)
    return found


@lru_cache(maxsize=8)
def _units(whole: frozenset[str]) -> re.Pattern[str]:
    """Matches one word of `whole`, one character of a script without spaces, or a run of others."""
    words = [re.escape(word) for word in sorted(whole, key=len, reverse=True) if len(word) > 1]
    single = f"[{_IDEOGRAPH}“”‘’…—·]"
    return re.compile("|".join((*words, single, rf"[^\s{_IDEOGRAPH}“”‘’…—·]+")))


def _breaks(before: str, after: str) -> bool:
    """Whether a line may end between two units that stand next to each other."""
    hyphen = before[-1] in "-‐–/" and len(before) > 1
    return bool(_ONE.match(after) or _ONE.match(before[-1])) or hyphen
