"""Finds known words in what people type: English, German with its endings and compounds, and Chinese without spaces."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

_CHINESE = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_WORD = re.compile(rf"(?P<chinese>[{_CHINESE}]+)|[^\W\d_{_CHINESE}]+")
_UNIT = re.compile(rf"[{_CHINESE}]|[^\W{_CHINESE}]+")
_JOINT = re.compile(r"[\s'’\-‐‑–]*")  # what may stand between the words of one phrase

_ENGLISH_ENDINGS = ("s", "es", "d", "ed", "ing", "ly", "y")
_GERMAN_ENDINGS = ("e", "er", "es", "en", "em", "n", "s")
_SHORTEST_STEM = 3  # letters
_LONGEST_COMPOUND = 40  # letters

#: A phrase as its folded words, so that "Close-Up" and "close up" are the same.
Phrase = tuple[str, ...]


class Found(NamedTuple):
    """An attribute that a phrase stands for."""

    group: str
    name: str


class Piece(NamedTuple):
    """A stretch of a text, from `start` up to `end`."""

    start: int
    end: int
    #: What it stands for; a German compound may stand for several things, filler for nothing.
    named: tuple[Found, ...]
    known: bool
    #: Whether it is in a language that the text encoder doesn't read.
    foreign: bool


class _Word(NamedTuple):
    text: str  # folded
    start: int
    end: int
    chinese: bool


@dataclass(frozen=True, kw_only=True)
class Lexicon:
    """Phrases of three languages and what they stand for: an attribute, or None for filler."""

    english: Mapping[Phrase, Found | None]
    german: Mapping[Phrase, Found | None]
    chinese: Mapping[str, Found | None]
    #: German words that are English ones, too: German only in a text that has more German than English.
    ambiguous: frozenset[Phrase]
    #: Filler such as "background": a quality right before it isn't the product's.
    surroundings: frozenset[Phrase]
    #: The attributes that are qualities, and those that are things.
    qualities: frozenset[Found]
    products: frozenset[Found]

    def pieces(self, text: str) -> list[Piece]:
        """Cuts a normalised text into known phrases, the longest first, and unknown words; punctuation is left out."""
        words = [
            _Word(match[0].casefold(), match.start(), match.end(), match["chinese"] is not None)
            for match in _WORD.finditer(text)
        ]
        german = self._is_german(words)
        pieces: list[Piece] = []
        position = 0
        while position < len(words):
            if words[position].chinese:
                pieces.extend(self._segments(words[position]))
                position += 1
            else:
                length, piece = self._longest(text, words, position, german)
                pieces.append(piece)
                position += length
        return list(self._with_surroundings(text, pieces))

    def _longest(self, text: str, words: Sequence[_Word], position: int, german: bool) -> tuple[int, Piece]:
        """The longest known phrase at a position and its number of words; one unknown word if there is none."""
        for length in range(self._reach(text, words, position), 0, -1):
            piece = self._look_up(words[position : position + length], german)
            if piece is None:
                continue
            # English compounds have their head on the right: a "wooden table lamp" is a lamp, not a table.
            for start in range(position + 1, position + length):
                shortest = max(length, position + length - start + 1)
                for rival in range(self._reach(text, words, start), shortest - 1, -1):
                    other = self._look_up(words[start : start + rival], german)
                    if other and not self.products.isdisjoint(other.named):
                        return self._longest(text, words[:start], position, german)
            return length, piece
        word = words[position]
        return 1, Piece(word.start, word.end, (), len(word.text) == 1, False)

    def _reach(self, text: str, words: Sequence[_Word], position: int) -> int:
        """How many words from a position on could be one phrase: no comma and no Chinese among them."""
        length = 1
        for last, word in zip(words[position:], words[position + 1 :], strict=False):
            if length == self._longest_phrase or word.chinese or not adjoining(text, last.end, word.start):
                break
            length += 1
        return length

    def _look_up(self, words: Sequence[_Word], german: bool) -> Piece | None:
        phrase = tuple(word.text for word in words)
        start, end = words[0].start, words[-1].end
        in_german = self._german_meaning(phrase) if german or phrase not in self.ambiguous else None
        if in_german is not None and (german or not self._is_english(phrase)):
            return Piece(start, end, in_german, True, True)
        if self._is_english(phrase):
            found = self.english.get(phrase)
            return Piece(start, end, (found,) if found else (), True, False)
        return None

    def _is_english(self, phrase: Phrase) -> bool:
        """Whether it is an English phrase of the lexicon, or an inflected word of filler: highlighting, posed."""
        if phrase in self.english or len(phrase) != 1:
            return phrase in self.english
        return any(self.is_filler((stem,)) for stem in _stems(phrase[0]))

    def is_filler(self, phrase: Phrase) -> bool:
        """Whether it is an English phrase that stands for nothing."""
        return phrase in self.english and self.english[phrase] is None

    def _german_meaning(self, phrase: Phrase) -> tuple[Found, ...] | None:
        """What a German phrase stands for; None if it isn't known. Takes compounds apart: Leder + Tasche."""
        for known in self._uninflected(phrase):
            found = self.german[known]
            return (found,) if found else ()
        if len(phrase) != 1 or len(phrase[0]) > _LONGEST_COMPOUND:
            return None
        word = phrase[0]
        for cut in range(len(word) - _SHORTEST_STEM, _SHORTEST_STEM - 1, -1):
            first, rest = self._german_part(word[:cut]), word[cut:]
            if first and (others := self._german_meaning((rest,))):
                return (first, *others)
        return None

    def _german_part(self, word: str) -> Found | None:
        return next((self.german[known] for known in self._uninflected((word,))), None)

    def _uninflected(self, phrase: Phrase) -> Iterator[Phrase]:
        """The entries of which a German phrase may be a form, itself first."""
        if phrase in self.german:
            yield phrase
        *start, last = phrase
        for ending in _GERMAN_ENDINGS:
            stem = (*start, last.removesuffix(ending))
            # Small words have no endings: "son" is no form of "so".
            if last.endswith(ending) and stem in self.german and (self.german[stem] or len(stem[-1]) > _SHORTEST_STEM):
                yield stem

    def _is_german(self, words: Sequence[_Word]) -> bool:
        """Whether more words are German and not English than the other way round."""
        balance = 0
        for word in words:
            phrase = (word.text,)
            if not word.chinese and phrase not in self.ambiguous:
                balance += (self._german_meaning(phrase) is not None) - self._is_english(phrase)
        return balance > 0

    def _segments(self, word: _Word) -> Iterator[Piece]:
        """Cuts a run of Chinese characters by longest match."""
        position = unknown = 0
        while position < len(word.text):
            longest = min(self._longest_chinese, len(word.text) - position)
            lengths = range(longest, 0, -1)
            length = next((n for n in lengths if word.text[position : position + n] in self.chinese), 0)
            if length:
                start = word.start + position
                if unknown < position:
                    yield Piece(word.start + unknown, start, (), False, True)
                found = self.chinese[word.text[position : position + length]]
                yield Piece(start, start + length, (found,) if found else (), True, True)
                unknown = position + length
            position += length or 1
        if unknown < len(word.text):
            yield Piece(word.start + unknown, word.end, (), False, True)

    def _with_surroundings(self, text: str, pieces: Sequence[Piece]) -> Iterator[Piece]:
        """Joins "red" and "background" to something unknown: it isn't the product that is to be red."""
        quality: Piece | None = None
        for piece in pieces:
            if quality and phrase_of(text[piece.start : piece.end]) in self.surroundings:
                yield Piece(quality.start, piece.end, (), False, quality.foreign and piece.foreign)
                quality = None
                continue
            if quality:
                yield quality
            quality = piece if len(piece.named) == 1 and piece.named[0] in self.qualities else None
            if not quality:
                yield piece
        if quality:
            yield quality

    @cached_property
    def _longest_phrase(self) -> int:
        return max(len(phrase) for phrase in (*self.english, *self.german))

    @cached_property
    def _longest_chinese(self) -> int:
        return max(map(len, self.chinese))


def normal(text: str) -> str:
    """Unicode NFKC without space around it."""
    return unicodedata.normalize("NFKC", text).strip()


def phrase_of(text: str) -> Phrase:
    """The folded words of a text; empty if it has none."""
    return tuple(match[0].casefold() for match in _WORD.finditer(normal(text)))


def words_in(text: str) -> list[re.Match[str]]:
    """The words of a text and their places, known or not; each Chinese character is one."""
    return list(_UNIT.finditer(text))


def adjoining(text: str, end: int, start: int) -> bool:
    """Whether nothing but space, a hyphen or an apostrophe is between two places of a text."""
    return _JOINT.fullmatch(text, end, start) is not None


def plural(noun: str) -> str:
    """The regular English plural."""
    if noun.endswith(("s", "x", "z", "ch", "sh")):
        return noun + "es"
    if noun.endswith("y") and not noun.endswith(("ay", "ey", "oy", "uy")):
        return noun[:-1] + "ies"
    return noun + "s"


def _stems(word: str) -> Iterator[str]:
    """What an inflected English word may come from: highlighting -> highlight, posing -> pose."""
    for ending in _ENGLISH_ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= _SHORTEST_STEM:
            stem = word.removesuffix(ending)
            yield stem
            yield stem + "e"
