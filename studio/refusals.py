"""Finds what the studio doesn't draw in what people type: the words and phrases of `prompts/refusals.yaml`."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

# Scripts that are written without spaces, or whose words have endings attached: Chinese, Japanese, Korean.
_NO_SPACES = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U000323af"
_BETWEEN = re.compile(r"[\s_‐‑–-]+")  # the words of an entry
_GAP = r"[\W_]+"  # between the words of a prompt: "a b", "a-b" and "a_b" are one
# A letter or digit of a script with spaces, next to which a word has not ended.
_LETTER = rf"[^\W_{_NO_SPACES}]"


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """Something that isn't drawn: what it is, why not, and the words and phrases that ask for it."""

    subject: str
    reason: str
    words: tuple[str, ...]

    def found_in(self, prompt: str) -> str | None:
        """The first of the words that stands in `prompt`, as the list has it; None if none does."""
        match = self._pattern.search(folded(prompt))
        return self.words[int(str(match.lastgroup)[1:])] if match else None

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        return re.compile("|".join(f"(?P<w{index}>{_pattern(word)})" for index, word in enumerate(self.words)))


def refused(prompt: str, refusals: Iterable[Refusal]) -> tuple[Refusal, str] | None:
    """The first refusal that `prompt` meets and the word or phrase that it met; None if there is none."""
    return next(((refusal, word) for refusal in refusals if (word := refusal.found_in(prompt)) is not None), None)


def folded(text: str) -> str:
    """Text as it is compared: Unicode NFKC without small and capital letters and without characters that don't show."""
    shown = "".join(letter for letter in text if unicodedata.category(letter) != "Cf")
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", shown).casefold())


def words_of(text: str) -> list[str]:
    """The folded words of an entry."""
    return [word for word in _BETWEEN.split(folded(text)) if word]


def _pattern(entry: str) -> str:
    """Matches an entry in folded text as whole words; in scripts without spaces anywhere."""
    words = words_of(entry)
    before = rf"(?<!{_LETTER})" if re.match(_LETTER, words[0]) else ""
    after = rf"(?!{_LETTER})" if re.match(_LETTER, words[-1][-1]) else ""
    return before + _GAP.join(map(re.escape, words)) + after
