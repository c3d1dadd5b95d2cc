"""Finds known words in what people type: English, German with its endings and compounds, and Chinese without spaces."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

_CHINESE = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_WORD = re.compile(rf"(?P<chinese>[{_CHINESE}]+)|[^\W\d_{_CHINESE}]+")
_UNIT = re.compile(rf"[{_CHINESE}]|[^\W{_CHINESE}]+")
_VOWEL = re.compile(r"\b([Aa]) (?=[aeiou])")
_IN = re.compile(r"\s+in\s+")
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
    """Phrases of three languages and what they stand for: attributes, or nothing if they are filler."""

    english: Mapping[Phrase, tuple[Found, ...]]
    german: Mapping[Phrase, tuple[Found, ...]]
    chinese: Mapping[str, tuple[Found, ...]]
    #: German words that are English ones, too: German only in a text that has more German than English.
    ambiguous: frozenset[Phrase]
    #: Small words such as "the" and "on".
    stops: frozenset[Phrase]
    #: Small words that stand before a thing, but not before the name of a material alone; and "and" and "or".
    articles: frozenset[Phrase]
    joins: frozenset[Phrase]
    #: Filler such as "background": a quality right before it isn't the product's.
    surroundings: frozenset[Phrase]
    #: The attributes that are qualities, and those that are things.
    qualities: frozenset[Found]
    products: frozenset[Found]
    patterns: frozenset[Found]
    #: Parts of products, which can't be asked for by themselves.
    parts: frozenset[Found]
    #: What a colour stands for where it is said of a part: colour -> accent.
    accents: Mapping[Found, Found]

    def with_words(
        self,
        *,
        english: Mapping[Phrase, tuple[Found, ...]],
        german: Mapping[Phrase, tuple[Found, ...]],
        chinese: Mapping[str, tuple[Found, ...]],
    ) -> Lexicon:
        """A lexicon that knows these, too; what they mean here, they mean nothing else."""
        return replace(
            self,
            english={**self.english, **english},
            german={**self.german, **german},
            chinese={**self.chinese, **chinese},
        )

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
        return self._with_accents(text, self._with_surroundings(text, pieces))

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
            return Piece(start, end, self.english.get(phrase, ()), True, False)
        return None

    def _is_english(self, phrase: Phrase) -> bool:
        """Whether it is an English phrase of the lexicon, or an inflected word of filler: highlighting, posed."""
        if phrase in self.english or len(phrase) != 1:
            return phrase in self.english
        return any(self.is_filler((stem,)) for stem in _stems(phrase[0]))

    def is_filler(self, phrase: Phrase) -> bool:
        """Whether it is an English phrase that stands for nothing."""
        return phrase in self.english and not self.english[phrase]

    def _german_meaning(self, phrase: Phrase) -> tuple[Found, ...] | None:
        """What a German phrase stands for; None if it isn't known. Takes compounds apart: Leder + Tasche."""
        for known in self._uninflected(phrase):
            return self.german[known]
        if len(phrase) != 1 or len(phrase[0]) > _LONGEST_COMPOUND:
            return None
        word = phrase[0]
        for cut in range(len(word) - _SHORTEST_STEM, _SHORTEST_STEM - 1, -1):
            first, rest = self._german_part(word[:cut]), word[cut:]
            if first and (others := self._german_meaning((rest,))):
                return (*first, *others)
        return None

    def _german_part(self, word: str) -> tuple[Found, ...]:
        # The bottles of "Flaschenglas" aren't many.
        return next((self.german[known][:1] for known in self._uninflected((word,))), ())

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
                named = self.chinese[word.text[position : position + length]]
                yield Piece(start, start + length, named, True, True)
                unknown = position + length
            position += length or 1
        if unknown < len(word.text):
            yield Piece(word.start + unknown, word.end, (), False, True)

    def _with_surroundings(self, text: str, pieces: Sequence[Piece]) -> Iterator[Piece]:
        """Joins "red" and "background" to something unknown: it isn't the product that is to be red."""
        quality: Piece | None = None
        for piece in pieces:
            if (
                quality
                and adjoining(text, quality.end, piece.start)
                and phrase_of(text[piece.start : piece.end]) in self.surroundings
            ):
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

    def _with_accents(self, text: str, pieces: Iterable[Piece]) -> list[Piece]:
        """Joins "red" and "cap" where a cap is a part, and "red" and "stripes", but not "red" and "striped" before the
        product: what is to be red isn't all of the product."""
        read: list[Piece] = []
        bare: Piece | None = None  # the part that was read last, if it was without a colour
        for piece in pieces:
            start = self.first_of_qualities(text, read, piece)
            coloured = max((i for i in range(start, len(read)) if read[i].named[:1] in self._colours), default=None)
            if not self.parts.isdisjoint(piece.named):
                read[start:] = [self._of_part([*read[start:], piece])]
                bare = None if read[-1].named else read[-1]
            elif (
                coloured is not None
                and not self.patterns.isdisjoint(piece.named)
                and (text[piece.end - 1] == "s" or any(not self.products.isdisjoint(each.named) for each in read))
            ):
                accent = self.accents[read[coloured].named[0]]
                read[coloured:] = [_joined([*read[coloured:], piece], (accent, *piece.named))]
            elif bare and piece.named in self._colours and _IN.fullmatch(text, bare.end, piece.start):
                read[-2:] = [_joined([*read[-2:], piece], (self.accents[piece.named[0]],))]
            else:
                read.append(piece)
        return read

    def first_of_qualities(self, text: str, read: Sequence[Piece], piece: Piece) -> int:
        """From where on what was read is but qualities, right before a piece."""
        start, end = len(read), piece.start
        for before in reversed(read):
            is_quality = before.named and self.qualities.issuperset(before.named)
            if not adjoining(text, before.end, end) or not (is_quality or text[before.start : before.end] == "的"):
                break
            start, end = start - 1, before.start
        return start

    def is_thing(self, text: str, pieces: Sequence[Piece], index: int) -> bool:
        """Whether a word for a quality is the noun of its phrase, with an article: "glass" in "a green glass on a
        shelf", but neither in "something in green glass" nor in "a glass decoration"."""
        end = pieces[index].end
        for following in pieces[index + 1 : index + 2]:
            # "On a marble counter" is one piece.
            word = phrase_of(text[following.start : following.end])[:1]
            if adjoining(text, end, following.start) and (word not in self.stops or word in self.joins):
                return False
        start = pieces[index].start
        for before in reversed(pieces[:index]):
            if not adjoining(text, before.end, start):
                return False
            word, start = phrase_of(text[before.start : before.end]), before.start
            if word in self.articles or word in self.stops:
                return word in self.articles
        return False

    def _of_part(self, pieces: Sequence[Piece]) -> Piece:
        """Qualities and the part that they are said of: the colour is an accent, and nothing else can be asked for."""
        said = [found for piece in pieces for found in piece.named]
        accents = [self.accents[found] for found in said if found in self.accents]
        known = bool(accents) or self.qualities.isdisjoint(said)
        return _joined(pieces, tuple(accents[-1:]), known=known)

    @cached_property
    def _colours(self) -> frozenset[tuple[Found, ...]]:
        return frozenset((colour,) for colour in self.accents)

    @cached_property
    def _longest_phrase(self) -> int:
        return max(len(phrase) for phrase in (*self.english, *self.german))

    @cached_property
    def _longest_chinese(self) -> int:
        return max(map(len, self.chinese))


def _joined(pieces: Sequence[Piece], named: tuple[Found, ...], *, known: bool = True) -> Piece:
    return Piece(pieces[0].start, pieces[-1].end, named, known, any(piece.foreign for piece in pieces))


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


def with_articles(text: str) -> str:
    """The text with "an" for "a" where it has to be."""
    return _VOWEL.sub(r"\1n ", text)


def _stems(word: str) -> Iterator[str]:
    """What an inflected English word may come from: highlighting -> highlight, posing -> pose."""
    for ending in _ENGLISH_ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= _SHORTEST_STEM:
            stem = word.removesuffix(ending)
            yield stem
            yield stem + "e"
