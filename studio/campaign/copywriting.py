"""Writes the words of adverts from what is known of a product, by the templates of `prompts/copy.yaml`."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Annotated, Literal, get_args

from pydantic import Field, StringConstraints, TypeAdapter, model_validator

from studio.campaign.advert import Words
from studio.errors import InputError
from studio.prompts import Entry, Term, validated, words_file

FILE = "copy.yaml"

Language = Literal["en", "zh", "de"]
LANGUAGES: tuple[Language, ...] = get_args(Language)
_SLOTS = frozenset({"product", "colour", "material", "material:word", "finish", "pattern"})
_SLOT = re.compile(r"\{([^{}]*)\}")
_OPTIONAL = re.compile(r"\[([^\[\]]*)\]")
_SENTENCE = re.compile(r"(^|[.!?] )(\w)")

Vocabulary = Mapping[str, Mapping[str, Term]]
_Templates = Annotated[tuple[Annotated[str, StringConstraints(min_length=1)], ...], Field(min_length=1)]


class _InLanguage(Entry):
    headline: dict[str, _Templates]
    subline: dict[str, _Templates]
    cta: dict[str, _Templates]


class CopyTemplates(Entry):
    """The contents of `copy.yaml`, where they are explained."""

    tones: dict[str, str] = Field(min_length=1)
    audiences: dict[str, str] = Field(min_length=1)
    words: dict[Language, _InLanguage]

    @model_validator(mode="after")
    def _complete(self) -> CopyTemplates:
        for language in LANGUAGES:
            if language not in self.words:
                raise ValueError(f"words has no {language}")
            said = self.words[language]
            for part, templates, expected in (
                ("headline", said.headline, self.tones),
                ("subline", said.subline, self.audiences),
                ("cta", said.cta, self.tones),
            ):
                if set(templates) != set(expected):
                    raise ValueError(f"words.{language}.{part} needs {', '.join(expected)}, and nothing else")
                for template in (template for several in templates.values() for template in several):
                    _check(template)
            for tone, templates in said.headline.items():
                if not any(set(_SLOT.findall(_OPTIONAL.sub("", each))) <= {"product"} for each in templates):
                    raise ValueError(
                        f"words.{language}.headline.{tone} needs one that has {{product}} alone outside brackets"
                    )
        return self


class Copywriter:
    """Writes words from templates. `vocabulary` says what classes are called in each language."""

    def __init__(self, templates: CopyTemplates, vocabulary: Vocabulary) -> None:
        self._templates = templates
        self._vocabulary = vocabulary

    @cached_property
    def digest(self) -> str:
        """A hash of all templates and words."""
        said = [
            self._templates.model_dump_json(),
            {g: {n: repr(t) for n, t in c.items()} for g, c in self._vocabulary.items()},
        ]
        return hashlib.sha256(json.dumps(said).encode()).hexdigest()

    @property
    def tones(self) -> Mapping[str, str]:
        """Tones by name, each with what people call it."""
        return self._templates.tones

    @property
    def audiences(self) -> Mapping[str, str]:
        """Kinds of customer by name, each with what people call it."""
        return self._templates.audiences

    def write(
        self,
        attributes: Mapping[str, str],
        *,
        name: str = "",
        language: Language = "en",
        tone: str = "plain",
        audience: str = "everyone",
        variant: int = 0,
    ) -> Words:
        """Words for a product: `attributes` are groups and classes of the vocabulary, `name` its own name.

        `variant` counts the headlines; it comes round again when there are no more. Raises InputError where neither a
        name nor a product is known.
        """
        said = self._templates.words[language]
        for chosen, offered, what in ((tone, self.tones, "tone"), (audience, self.audiences, "kind of customer")):
            if chosen not in offered:
                raise InputError(f"There is no {what} “{chosen}”.", f"There are: {', '.join(offered)}.")
        slots = self._slots(attributes, name, language)
        if "product" not in slots:
            raise InputError("Nothing is known of the product.", "Give a name, a description or a headline.")
        headline = _filled(said.headline[tone], slots, variant)
        return Words(
            language=language,
            headline=headline,
            subline=_filled(said.subline[audience], slots, variant),
            cta=_filled(said.cta[tone], slots, variant),
        )

    def _slots(self, attributes: Mapping[str, str], name: str, language: Language) -> dict[str, str]:
        """What there is to say, in a language."""
        slots: dict[str, str] = {}
        for group in ("product", "colour", "material", "finish", "pattern"):
            term = self._vocabulary.get(group, {}).get(attributes.get(group, ""))
            if term is None:
                continue
            if language == "en":
                slots[group] = term.phrase
                slots[f"{group}:word"] = term.word
            else:
                word = (term.zh if language == "zh" else term.de)[0]
                if language == "de" and group == "colour":
                    word = word[0].upper() + word[1:]
                slots[group] = slots[f"{group}:word"] = word
        if language == "zh" and "colour" in slots:
            slots["colour"] = slots["colour"].removesuffix("色")  # the template says it
        if name.strip():
            slots["product"] = name.strip()
        return {slot: text for slot, text in slots.items() if slot in _SLOTS}


@lru_cache(maxsize=4)
def load_copy(folder: Path | None = None) -> CopyTemplates:
    """Reads `copy.yaml`, the user's own in `folder` if there is one. Raises PromptsError."""
    return validated(words_file(FILE, folder), TypeAdapter(CopyTemplates))


def _check(template: str) -> None:
    """Raises ValueError for a template with strange slots or brackets."""
    if strange := set(_SLOT.findall(template)) - _SLOTS:
        raise ValueError(f"{{{min(strange)}}} is not one of {', '.join(sorted(_SLOTS))}")
    if re.search(r"[{}\[\]]", _OPTIONAL.sub("", _SLOT.sub("", template))):
        raise ValueError(f"“{template}”: every bracket needs its partner")


def _filled(templates: Sequence[str], slots: Mapping[str, str], variant: int) -> str:
    """The template of this number among those for which enough is known, filled in."""
    able = [each for each in templates if all(slot in slots for slot in _SLOT.findall(_OPTIONAL.sub("", each)))]
    template = (able or ["{product}"])[variant % max(1, len(able))]

    def optional(match: re.Match[str]) -> str:
        return match[1] if all(slot in slots for slot in _SLOT.findall(match[1])) else ""

    text = _SLOT.sub(lambda match: slots[match[1]], _OPTIONAL.sub(optional, template))
    text = " ".join(text.split()).strip("，、,;: ")
    return _SENTENCE.sub(lambda match: match[1] + match[2].upper(), text)
