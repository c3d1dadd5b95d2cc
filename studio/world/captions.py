"""Describes a scene in words, in the many ways in which people would: what the model learns to read.

The wordings are in `prompts/captions.yaml`, the words in `prompts/vocabulary.yaml`.
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from functools import cache

from studio.prompts import Prompts
from studio.world.scene import ATTRIBUTES, CORE_ATTRIBUTES

#: Groups that a template says together, in its slot {details}.
DETAILS = ("light", "tone", "side", "view", "framing")

KEYWORD_SHARE = 0.25  # of captions are keyword lists
COMPLETED_SHARE = 0.15  # begin like a prompt and end like `complete`
STATEMENT_SHARE = 0.12
FRAMED_SHARE = 0.3  # of descriptions and keyword lists have something meaningless around them
PRAISED_SHARE = 0.15
SYNONYM_SHARE = 0.35  # use other than the canonical words
SYNONYMS_WITHIN = 0.7  # of the words in such a caption
LEFT_OUT_SHARE = 0.25  # of the attributes, in captions that leave some out

_BRACKET = re.compile(r"\[([^\[\]]*)\]")
_SLOT = re.compile(r"\{([^{}]*)\}")
_VOWEL = re.compile(r"\b([Aa]) (?=[aeiou])")
_ARTICLES = ("the", "one", "our", "this", "")
_ARTICLE_SHARE = 0.2  # of articles are one of these


def caption(attributes: Mapping[str, str], rng: random.Random, prompts: Prompts) -> str:
    """One line that says every attribute given (group -> class), and none that isn't.

    Raises KeyError for a group or class that the vocabulary doesn't have.
    """
    kind = rng.random()
    if kind < KEYWORD_SHARE:
        text = _keywords(attributes, rng, prompts)
    elif kind < KEYWORD_SHARE + STATEMENT_SHARE and _fitting(prompts.captions.statements, _given(attributes)):
        text = _filled(prompts.captions.statements, attributes, rng, prompts)
    elif kind > 1 - COMPLETED_SHARE and len(attributes) > 1:
        said = _some(attributes, rng)
        missing = {group: name for group, name in attributes.items() if group not in said}
        text = complete(_description(said, rng, prompts), missing, prompts)
    else:
        text = _description(attributes, rng, prompts)
    return _VOWEL.sub(r"\1n ", text)


def mismatched(attributes: Mapping[str, str], rng: random.Random, prompts: Prompts) -> str:
    """A caption that is wrong in exactly one of the core attributes given."""
    group = rng.choice([group for group in attributes if group in CORE_ATTRIBUTES])
    wrong = rng.choice([name for name in ATTRIBUTES[group] if name != attributes[group]])
    return caption({**attributes, group: wrong}, rng, prompts)


def complete(prompt: str, missing: Mapping[str, str], prompts: Prompts) -> str:
    """Appends to a prompt what it left open: "a mug" becomes "a mug, red, ceramic, glossy, on a marble counter"."""
    phrases = [prompts.vocabulary[group][missing[group]].phrase for group in ATTRIBUTES if group in missing]
    return ", ".join(part for part in (prompt.rstrip(" .,;:!。，"), *phrases) if part)


def _description(attributes: Mapping[str, str], rng: random.Random, prompts: Prompts) -> str:
    text = _filled(prompts.captions.descriptions, attributes, rng, prompts)
    if rng.random() < FRAMED_SHARE:
        return rng.choice(prompts.captions.frames).replace("{text}", text)
    return text


def _keywords(attributes: Mapping[str, str], rng: random.Random, prompts: Prompts) -> str:
    text = _filled(prompts.captions.keywords, attributes, rng, prompts)
    keywords = [keyword.strip() for keyword in text.split(",") if keyword.strip()]
    if rng.random() < FRAMED_SHARE:
        keywords.append(rng.choice(prompts.captions.tags))
    rng.shuffle(keywords)
    return ", ".join(keywords)


def _filled(templates: tuple[str, ...], attributes: Mapping[str, str], rng: random.Random, prompts: Prompts) -> str:
    """One of the templates that say everything given, with its slots filled."""
    template = rng.choice(_fitting(templates, _given(attributes)))
    synonyms = SYNONYMS_WITHIN if rng.random() < SYNONYM_SHARE else 0.0
    article = "a"
    words: dict[str, str] = {}
    for group, name in attributes.items():
        term = prompts.vocabulary[group][name]
        slot, canonical, others = group, term.phrase, term.says
        if f"{{{group}:word}}" in template:
            # Of a scene's names any will do where a plain name stands, but "made of metallic" isn't English.
            slot, canonical, others = f"{group}:word", term.word, term.en if group == "scene" else ()
        words[slot] = rng.choice(others) if others and rng.random() < synonyms else canonical
        if group == "product":
            article = term.article
    if "product" not in words:
        words["product"] = rng.choice(prompts.captions.anything)
    details = [words.pop(group) for group in DETAILS if group in words]
    rng.shuffle(details)
    words["details"] = ", ".join(details)
    if rng.random() < _ARTICLE_SHARE:
        article = rng.choice(_ARTICLES)
    if rng.random() < PRAISED_SHARE:
        article += f" {rng.choice(prompts.captions.praise)}"
    words["a"] = article
    return _SLOT.sub(lambda slot: words[slot[1]], template).strip()


def _given(attributes: Mapping[str, str]) -> frozenset[str]:
    return frozenset("details" if group in DETAILS else group for group in attributes) | {"product"}


@cache
def _fitting(templates: tuple[str, ...], given: frozenset[str]) -> tuple[str, ...]:
    """The templates that say all of `given` and need nothing else, with their brackets resolved."""
    fitting: list[str] = []
    for template in templates:
        resolved = _BRACKET.sub(lambda bracket: bracket[1] if _slots(bracket[1]) <= given else "", template)
        if _slots(resolved) == given:
            fitting.append(resolved)
    return tuple(fitting)


def _slots(template: str) -> frozenset[str]:
    return frozenset(slot.removesuffix(":word") for slot in _SLOT.findall(template)) - {"a"}


def _some(attributes: Mapping[str, str], rng: random.Random) -> dict[str, str]:
    """The attributes less some; at least one stays, and what it is stays more often than the rest."""
    some = {
        group: name
        for group, name in attributes.items()
        if rng.random() > (LEFT_OUT_SHARE / 2 if group == "product" else LEFT_OUT_SHARE)
    }
    return some or dict([rng.choice(list(attributes.items()))])
