"""The words of the studio: reads and validates the `prompts/` folder, and answers what a prompt asks for.

`vocabulary.yaml` names what the embedded model can draw in English, Chinese and German, `words.yaml` the words that ask
for nothing in particular, `captions.yaml` the ways to describe a picture, `examples.yaml` prompts to start from,
`refusals.yaml` what isn't drawn, `models.yaml` the diffusion models that are offered, `looks.yaml` how to prompt them,
`styles.yaml` the styles of the Restyle tab.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Literal, TypeVar, cast

import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter, ValidationError, field_validator

from studio.errors import PromptsError
from studio.lexicon import Found, Lexicon, Phrase, Piece, adjoining, normal, phrase_of, plural, with_articles
from studio.refusals import Refusal, words_of
from studio.settings import packaged
from studio.styles import Styles
from studio.untrusted import read_file
from studio.world.scene import PRODUCTS

FILES = (
    "vocabulary.yaml",
    "words.yaml",
    "captions.yaml",
    "examples.yaml",
    "refusals.yaml",
    "models.yaml",
    "looks.yaml",
    "styles.yaml",
)

#: Of a YAML file: many times what people write.
MAX_BYTES = 10 * 2**20

#: What a caption template may mention.
SLOTS = frozenset(
    {
        *("a", "number", "product", "colour", "material", "material:word", "finish", "proportion"),
        *("pattern", "pattern:word", "accent", "accent:word", "accent:colour", "scene", "scene:word", "details"),
    }
)

_SLOT = re.compile(r"\{([^{}]*)\}")
_SILHOUETTE = "silhouette"  # the group of what a product's silhouettes are called, in lexicons alone
_COUNTABLE = ("product", "scene", "part", _SILHOUETTE)  # the groups whose words have plurals
_GERMAN_PLURALS = ("e", "en", "n")  # an s is a genitive as often
_ANY_PART = "accents"  # what the part is called when the product isn't known
_PAIR = Found("number", "pair")
_LONGEST_UNKNOWN = 3  # words that are reported as one thing, such as "Eiffel tower"


class Entry(BaseModel):
    """What is read from a file of words: nothing unknown in it, no text empty."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True, str_min_length=1)


class Wording(Entry):
    """What asks for something, in three languages."""

    en: tuple[str, ...] = ()
    zh: tuple[str, ...] = ()
    de: tuple[str, ...] = ()

    @property
    def english(self) -> tuple[str, ...]:
        """All that means it in English."""
        return self.en


class Term(Wording):
    """A class of the vocabulary and what it is called."""

    word: str
    #: How a caption says it: "on a marble counter" for the scene "marble counter".
    phrase: str
    #: What stands before it: "a", or "a pair of", or nothing.
    article: str = Field("a", min_length=0)
    #: Words for a quality that are this product where no product is named: "a green glass".
    alone: tuple[str, ...] = ()
    #: Of a product: the kinds that have names (`Product.silhouettes`).
    silhouettes: Mapping[str, Wording] = Field(default_factory=dict[str, Wording])
    #: Other ways in which a caption says it.
    says: tuple[str, ...]
    en: tuple[str, ...] = Field(min_length=1)
    zh: tuple[str, ...] = Field(min_length=1)
    de: tuple[str, ...] = Field(min_length=1)

    @property
    def english(self) -> tuple[str, ...]:
        return (self.phrase, *self.says, *self.en)

    @property
    def countable(self) -> bool:
        """Whether its plural means several of it: not that of "a pair of headphones"."""
        return self.article == "a"


class CaptionTemplates(Entry):
    """The contents of `captions.yaml`, where they are explained."""

    descriptions: tuple[str, ...] = Field(min_length=1)
    statements: tuple[str, ...] = Field(min_length=1)
    keywords: tuple[str, ...] = Field(min_length=1)
    frames: tuple[str, ...] = Field(min_length=1)
    pairs: tuple[str, ...] = Field(min_length=1)
    tags: tuple[str, ...] = Field(min_length=1)
    praise: tuple[str, ...] = Field(min_length=1)
    anything: tuple[str, ...] = Field(min_length=1)

    @field_validator("descriptions", "statements", "keywords")
    @classmethod
    def _known_slots(cls, templates: tuple[str, ...]) -> tuple[str, ...]:
        for template in templates:
            slots = _SLOT.findall(template)
            if strange := set(slots) - SLOTS:
                raise ValueError(f"{{{min(strange)}}} is not one of {', '.join(sorted(SLOTS))}")
            if "product" not in slots or re.search(r"[{}\[\]]", re.sub(r"\[[^\[\]]*\]", "", _SLOT.sub("", template))):
                raise ValueError(f"“{template}” needs {{product}}, and every bracket its partner")
        return templates

    @field_validator("descriptions", "keywords")
    @classmethod
    def _first_says_anything(cls, templates: tuple[str, ...]) -> tuple[str, ...]:
        bracketed = re.findall(r"\[[^\[\]{}]*\{([^{}]*)\}[^\[\]{}]*\]", templates[0])
        optional = {slot.partition(":")[0] for slot in bracketed}
        others = set(_SLOT.findall(templates[0])) - set(bracketed)
        if {*optional, "product", "a"} != {slot.partition(":")[0] for slot in SLOTS} or others - {"a", "product"}:
            raise ValueError("the first one must have every slot but {a} and {product}, each in brackets of its own")
        return templates

    @field_validator("frames")
    @classmethod
    def _around_text(cls, frames: tuple[str, ...]) -> tuple[str, ...]:
        for frame in frames:
            if _SLOT.findall(frame) != ["text"]:
                raise ValueError(f"“{frame}” needs {{text}} once, and nothing else in braces")
        return frames


class _Language(Entry):
    stop: tuple[str, ...]
    articles: tuple[str, ...] = ()
    joins: tuple[str, ...] = ()
    filler: tuple[str, ...]
    surroundings: tuple[str, ...]


class _German(_Language):
    also_english: tuple[str, ...]


class _Words(Entry):
    en: _Language
    zh: _Language
    de: _German


class _Refused(Entry):
    """An entry of `refusals.yaml`, where it is explained."""

    reason: str
    words: tuple[str, ...] = Field(min_length=1)

    @field_validator("words")
    @classmethod
    def _something_to_find(cls, words: tuple[str, ...]) -> tuple[str, ...]:
        for word in words:
            if not words_of(word):
                raise ValueError(f"“{word}” has no letters")
        return words


class ListedModel(Entry):
    """An entry of `models.yaml`, where its fields are explained."""

    name: str
    revision: str | None = Field(default=None, pattern="^[0-9a-f]{40}$")
    title: str
    good_for: str
    licence: str
    allows: str
    steps: int = Field(ge=1, le=100)
    guidance: float = Field(ge=0, le=20)
    size: int = Field(ge=16, le=4096, multiple_of=8)
    dtype: Literal["float16", "bfloat16", "float32"]
    download_gb: float = Field(ge=0)
    memory_gb: float = Field(ge=0)


class Look(Entry):
    """An entry of `looks.yaml`, where it is explained."""

    prompt: str
    negative: str = Field(default="", min_length=0)

    @field_validator("prompt")
    @classmethod
    def _around_prompt(cls, text: str) -> str:
        if _SLOT.findall(text) != ["prompt"]:
            raise ValueError(f"“{text}” needs {{prompt}} once, and nothing else in braces")
        return text

    def expand(self, description: str) -> str:
        """The whole prompt for a short description."""
        return self.prompt.replace("{prompt}", description.strip().rstrip("."))


@dataclass(frozen=True, kw_only=True)
class Prompts:
    """The validated contents of `prompts/`."""

    #: group -> class -> term, in the order of the attribute heads.
    vocabulary: Mapping[str, Mapping[str, Term]]
    captions: CaptionTemplates
    examples: tuple[str, ...]
    refusals: tuple[Refusal, ...]
    models: tuple[ListedModel, ...]
    looks: Mapping[str, Look]
    styles: Styles
    lexicon: Lexicon
    #: product -> the lexicon that knows its part, too.
    lexicons: Mapping[str, Lexicon]
    #: product -> the lexicon that knows its silhouettes.
    silhouettes: Mapping[str, Lexicon]

    def part(self, product: str | None) -> Term:
        """What the part with the second colour is called."""
        return self.vocabulary["part"][PRODUCTS[product].part if product else _ANY_PART]

    def canonical(self, prompt: str) -> str:
        """The prompt as the text encoder reads it: Chinese and German words in canonical English, English as typed.

        A prompt without known Chinese or German comes back as it is (Unicode NFKC, no space around it); of one with it,
        the punctuation and what is unknown in Chinese is left out.
        """
        text = normal(prompt)
        pieces = self._pieces(text)
        if not any(piece.foreign and piece.named for piece in pieces):
            return text
        product = _product(pieces)
        is_pair = any(_PAIR in piece.named for piece in pieces)
        head: list[str] = []
        accents: list[str] = []
        places: list[str] = []
        of_others = self._of_others(text, pieces)
        for index, piece in enumerate(pieces):
            if index in of_others and pieces[index + 1].foreign:
                continue  # the thing itself is left out
            if not piece.foreign:
                head.append(text[piece.start : piece.end])
                continue
            named = dict(piece.named)
            if accent := named.pop("accent", None):
                accents.append(self._with_accent(accent, named.pop("pattern", None), product))
            for group, name in named.items():
                term = self.vocabulary[group][name]
                if group == "product":
                    head.append(plural(term.phrase) if is_pair and term.countable else term.phrase)
                # "on a marble counter" goes to the end, wherever it stood; the plural says that it is a pair.
                elif (group, name) != _PAIR or "product" not in named:
                    (places if " " in term.phrase else head).append(term.phrase)
        while (accents or places) and head and self.lexicon.is_filler(phrase_of(head[-1])):
            head.pop()  # the "on the" that stood before the place
        return " ".join(part for part in (*head, *accents, ", ".join(places)) if part)

    def unknown_words(self, prompt: str, offered: Mapping[str, Sequence[str]] | None = None) -> tuple[str, ...]:
        """The things that can't be drawn, as typed, each once; `offered` are the classes that can, by default all."""
        text = normal(prompt)
        things: list[list[Piece]] = []
        for piece in self._pieces(text):
            # Who can't draw two draws one: "mugs" isn't an unknown thing.
            if piece.known and set(piece.named) <= {_PAIR, *self._offered(piece, offered)}:
                continue
            last = things[-1] if things else []
            if (
                last
                and len(last) < _LONGEST_UNKNOWN
                and adjoining(text, last[-1].end, piece.start)
                and last[-1].foreign == piece.foreign
            ):
                last.append(piece)
            else:
                things.append([piece])
        typed: dict[str, str] = {}
        for thing in things:
            words = text[thing[0].start : thing[-1].end]
            typed.setdefault(words.casefold(), words)
        return tuple(typed.values())

    def known(self, prompt: str, offered: Mapping[str, Sequence[str]] | None = None) -> dict[str, str]:
        """The attributes that a prompt names literally: group -> class, the first mention of each group, as far as they
        are `offered`, by default all."""
        text = self.canonical(prompt)
        pieces = self._pieces(text)
        attributes: dict[str, str] = {}
        of_others = self._of_others(text, pieces)
        for index, piece in enumerate(pieces):
            # In "a watch on a leather cushion" the leather isn't the watch's.
            elsewhere = "product" in attributes and any(
                not following.known and adjoining(text, piece.end, following.start)
                for following in pieces[index + 1 : index + 2]
            )
            if not elsewhere and index not in of_others:
                for group, name in self._offered(piece, offered):
                    attributes.setdefault(group, name)
        return attributes

    def silhouette(self, prompt: str, product: str) -> str | None:
        """The kind of a product that a prompt names: "wine" in "two wine glasses". None if it names none."""
        pieces = self.silhouettes[product].pieces(normal(prompt))
        return next((found.name for each in pieces for found in each.named if found.group == _SILHOUETTE), None)

    @cached_property
    def _pieces(self) -> Callable[[str], list[Piece]]:
        """`_cut`, which remembers: several things are asked of each prompt."""
        return lru_cache(maxsize=64)(self._cut)

    def _cut(self, text: str) -> list[Piece]:
        """The pieces of a text, with the parts of the product that it names first."""
        pieces = self._with_thing(text, self.lexicon.pieces(text))
        product = _product(pieces)
        if product:
            with_parts = self._with_thing(text, self.lexicons[product].pieces(text))
            if _product(with_parts) == product:  # it is not the part itself that was taken for a product, as in 瓶盖
                return with_parts
        return pieces

    def _with_thing(self, text: str, pieces: list[Piece]) -> list[Piece]:
        """The pieces with the thing in them that may be a material as well, where no product is named."""
        if _product(pieces):
            return pieces
        for index, piece in enumerate(pieces):
            name = self._alone.get(phrase_of(text[piece.start : piece.end]))
            if name and self.lexicon.is_thing(text, pieces, index):
                thing = piece._replace(named=(*piece.named, Found("product", name)))
                return [*pieces[:index], thing, *pieces[index + 1 :]]
        return pieces

    @cached_property
    def _alone(self) -> dict[Phrase, str]:
        return {phrase_of(word): name for name, term in self.vocabulary["product"].items() for word in term.alone}

    def _of_others(self, text: str, pieces: Sequence[Piece]) -> set[int]:
        """The places of qualities that are said of an unknown thing before the product, which has its own: of "red" in
        "red roses in a white vase"."""
        place = next((index for index, piece in enumerate(pieces) if "product" in dict(piece.named)), 0)
        first = self.lexicon.first_of_qualities(text, pieces[:place], pieces[place]) if place else 0
        own = {found.group for piece in pieces[first:place] for found in piece.named}
        return {
            index
            for index, (piece, following) in enumerate(pairwise(pieces[:first]))
            if piece.named
            and own.issuperset(found.group for found in piece.named)
            and not following.known
            and adjoining(text, piece.end, following.start)
        }

    def _with_accent(self, accent: str, pattern: str | None, product: str | None) -> str:
        colour = self.vocabulary["colour"][accent].phrase
        if pattern:
            return f"with {colour} {pattern}"
        part = self.part(product)
        return with_articles(f"with {part.article} {colour} {part.phrase}".replace("  ", " "))

    def _offered(self, piece: Piece, offered: Mapping[str, Sequence[str]] | None) -> list[Found]:
        return [found for found in piece.named if offered is None or found[1] in offered.get(found[0], ())]


def load_prompts(folder: Path | None = None) -> Prompts:
    """Reads `prompts/`; a file in `folder`, the user's own, replaces the packaged one of its name.

    Raises PromptsError, which names file, line and field, for whatever doesn't fit.
    """
    shipped = packaged("prompts")
    if folder is not None and not folder.is_dir():
        raise PromptsError(folder, 0, "", "there is no such folder")
    vocabulary, words, captions, examples, refusals, models, looks, styles = (
        words_file(name, folder) for name in FILES
    )
    terms = _vocabulary(vocabulary)
    if vocabulary.parent != shipped:
        _same_classes(vocabulary, terms, _vocabulary(shipped / vocabulary.name))
    lexicon = _lexicon(terms, validated(words, TypeAdapter(_Words)))
    return Prompts(
        vocabulary=terms,
        captions=validated(captions, TypeAdapter(CaptionTemplates)),
        examples=validated(examples, _EXAMPLES),
        refusals=tuple(
            Refusal(subject=subject, reason=entry.reason, words=entry.words)
            for subject, entry in validated(refusals, TypeAdapter(dict[str, _Refused])).items()
        ),
        models=validated(models, TypeAdapter(tuple[ListedModel, ...])),
        looks=validated(looks, TypeAdapter(dict[str, Look])),
        styles=validated(styles, TypeAdapter(Styles)),
        lexicon=lexicon,
        lexicons={
            name: _knowing(lexicon, {Found("part", product.part): terms["part"][product.part]})
            for name, product in PRODUCTS.items()
        },
        silhouettes={
            name: _knowing(lexicon, {Found(_SILHOUETTE, kind): words for kind, words in term.silhouettes.items()})
            for name, term in terms["product"].items()
        },
    )


_Place = tuple[str | int, ...]
_Lines = dict[_Place, int]
_T = TypeVar("_T")

_VOCABULARY = TypeAdapter(dict[str, dict[str, Term]])
_EXAMPLES = TypeAdapter(Annotated[tuple[Annotated[str, StringConstraints(min_length=1)], ...], Field(min_length=1)])

#: pydantic's kinds of error in the words of somebody who edits a list.
_PROBLEMS = {
    "dict_type": "should be a group of names, each with a colon",
    "extra_forbidden": "is not a field that belongs here",
    "float_parsing": "should be a number",
    "float_type": "should be a number",
    "missing": "is missing",
    "model_type": "should be a group of names, each with a colon",
    "literal_error": "is not one of the words that can stand here",
    "string_too_short": "is empty",
    "string_type": "should be text",
    "too_short": "needs at least one entry",
    "tuple_type": "should be a list",
}


def _vocabulary(file: Path) -> Mapping[str, Mapping[str, Term]]:
    data, lines = _read(file)
    for classes in _mapping(data).values():
        for name, entry in _mapping(classes).items():
            given = _mapping(entry)
            if given is entry:
                _mapping(classes)[name] = {"phrase": name, "says": given.get("en", ()), **given, "word": name}
    vocabulary = _validate(file, data, lines, _VOCABULARY)
    for name, product in PRODUCTS.items():
        term = vocabulary.get("product", {}).get(name)
        for kind in set(term.silhouettes if term else ()) - set(product.silhouettes):
            problem = f"“{kind}” is none of the kinds that it comes in: {', '.join(product.silhouettes)}"
            line = _line(lines, ("product", name, "silhouettes", kind))
            raise PromptsError(file, line, f"product.{name}.silhouettes", problem)
    seen: dict[tuple[str, tuple[str, ...]], Found] = {}
    for group, classes in vocabulary.items():
        for name, term in classes.items():
            for field in ("phrase", "says", "en", "zh", "de"):
                value: str | tuple[str, ...] = getattr(term, field)
                for index, text in enumerate([value] if isinstance(value, str) else value):
                    line = _line(lines, (group, name, field, index))
                    language = field if field in ("zh", "de") else "en"
                    found = Found(group, name)
                    owner = found if group == "part" else seen.setdefault((language, phrase_of(text)), found)
                    if not phrase_of(text):
                        raise PromptsError(file, line, f"{group}.{name}.{field}", f"“{text}” has no letters")
                    if owner != found:
                        problem = f"“{text}” stands for {owner.group} {owner.name} already"
                        raise PromptsError(file, line, f"{group}.{name}.{field}", problem)
    return vocabulary


def _lexicon(vocabulary: Mapping[str, Mapping[str, Term]], words: _Words) -> Lexicon:
    terms = {Found(group, name): term for group, classes in vocabulary.items() for name, term in classes.items()}
    products = frozenset(found for found in terms if found.group == "product")
    parts = frozenset(found for found in terms if found.group == "part")
    lexicon = Lexicon(
        english=dict.fromkeys(map(phrase_of, (*words.en.stop, *words.en.filler)), ()),
        german=dict.fromkeys(map(phrase_of, (*words.de.stop, *words.de.filler)), ()),
        chinese=dict.fromkeys(map(normal, (*words.zh.stop, *words.zh.filler)), ()),
        ambiguous=frozenset(map(phrase_of, words.de.also_english)),
        stops=frozenset(map(phrase_of, (*words.en.stop, *words.de.stop))),
        articles=frozenset(map(phrase_of, (*words.en.articles, *words.de.articles))),
        joins=frozenset(map(phrase_of, (*words.en.joins, *words.de.joins))),
        surroundings=frozenset(
            phrase_of(text) for language in (words.en, words.zh, words.de) for text in language.surroundings
        ),
        # What is said in one word describes the product; the rest is where it stands and how it is photographed.
        qualities=frozenset(found for found, term in terms.items() if " " not in term.phrase) - products - parts,
        products=products,
        patterns=frozenset(found for found in terms if found.group == "pattern"),
        parts=parts,
        accents={found: Found("accent", found.name) for found in terms if found.group == "colour"},
    )
    return _knowing(lexicon, {found: terms[found] for found in terms if found not in parts or found.name == _ANY_PART})


def _knowing(lexicon: Lexicon, terms: Mapping[Found, Wording]) -> Lexicon:
    """A lexicon that has these words, too."""
    english: dict[Phrase, tuple[Found, ...]] = {}
    german: dict[Phrase, tuple[Found, ...]] = {}
    chinese: dict[str, tuple[Found, ...]] = {}
    for found, term in terms.items():
        several = (found, _PAIR) if isinstance(term, Term) and found.group == "product" and term.countable else (found,)
        if found.group in _COUNTABLE:
            for *start, last in map(phrase_of, term.english):
                english[(*start, plural(last))] = several
        if found.group in ("product", _SILHOUETTE):
            for *start, last in map(phrase_of, term.de):
                german |= {(*start, last + ending): several for ending in _GERMAN_PLURALS}
    for found, term in terms.items():
        english |= dict.fromkeys(map(phrase_of, term.english), (found,))
        german |= dict.fromkeys(map(phrase_of, term.de), (found,))
        chinese |= dict.fromkeys(map(normal, term.zh), (found,))
    return lexicon.with_words(english=english, german=german, chinese=chinese)


def _product(pieces: Sequence[Piece]) -> str | None:
    """The product that is named first."""
    return next((found.name for piece in pieces for found in piece.named if found.group == "product"), None)


def _mapping(value: object) -> dict[str, object]:
    """A mapping as it is; anything else as an empty one, for pydantic to complain about."""
    return cast("dict[str, object]", value) if isinstance(value, dict) else {}


def _same_classes(file: Path, own: Mapping[str, Mapping[str, Term]], shipped: Mapping[str, Mapping[str, Term]]) -> None:
    """The groups and classes are those that the model was trained on, in the same order."""
    _, lines = _read(file)
    for group in [*shipped, *own]:
        if list(own.get(group, ())) != list(shipped.get(group, ())):
            expected = ", ".join(shipped.get(group, ())) or "no such group"
            raise PromptsError(file, _line(lines, (group,)), group, f"the model knows, in this order: {expected}")
    if list(own) != list(shipped):
        raise PromptsError(file, 1, "", f"the groups must be, in this order: {', '.join(shipped)}")


def words_file(name: str, folder: Path | None) -> Path:
    """A file of `prompts/`: the one in `folder`, the user's own, or else the packaged one."""
    own = folder / name if folder is not None else None
    return own if own is not None and own.is_file() else packaged("prompts") / name


def validated(file: Path, kind: TypeAdapter[_T]) -> _T:
    """The contents of a YAML file, which has nothing but text; raises PromptsError where they don't fit `kind`."""
    data, lines = _read(file)
    return _validate(file, data, lines, kind)


def _validate(file: Path, data: object, lines: _Lines, kind: TypeAdapter[_T]) -> _T:
    try:
        return kind.validate_python(data)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        problem = _PROBLEMS.get(first["type"], first["msg"].removeprefix("Value error, "))
        place = first["loc"]
        raise PromptsError(file, _line(lines, place), ".".join(map(str, place)), problem) from error


def _line(lines: _Lines, place: _Place) -> int:
    """The line of a place, or of the nearest thing around it."""
    while place and place not in lines:
        place = place[:-1]
    return lines.get(place, 1)


def _read(file: Path) -> tuple[object, _Lines]:
    """The contents of a YAML file, every scalar as text, and the line (from 1) of each place in it."""
    try:
        text = read_file(file, MAX_BYTES, hint="Check its name and its permissions.").decode("utf-8")
        # BaseLoader knows no types: in a list of words, "on" and "no" are words.
        root = yaml.BaseLoader(text).get_single_node()
    except UnicodeDecodeError as error:
        raise PromptsError(file, 0, "", "is not a text file in UTF-8") from error
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        raise PromptsError(file, line, "", f"is not YAML, {error.problem or 'something is wrong here'}") from error
    except yaml.YAMLError as error:
        raise PromptsError(file, 0, "", "is not YAML, it has characters that are not text") from error
    lines: _Lines = {}

    def value(node: yaml.Node | None, place: _Place) -> object:
        if node is None:
            return None
        lines.setdefault(place, node.start_mark.line + 1)
        if isinstance(node, yaml.MappingNode):
            found: dict[str, object] = {}
            for key_node, value_node in node.value:
                key, line = str(key_node.value), key_node.start_mark.line + 1
                inner = (*place, key)
                if key in found:
                    raise PromptsError(file, line, ".".join(map(str, inner)), "is given twice")
                lines[inner] = line
                found[key] = value(value_node, inner)
            return found
        if isinstance(node, yaml.SequenceNode):
            return [value(item, (*place, index)) for index, item in enumerate(node.value)]
        return node.value

    return value(root, ()), lines
