"""Describes a scene in words, in the many ways in which people would: what the model learns to read.

The wordings are in `prompts/captions.yaml`, the words in `prompts/vocabulary.yaml`.
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence
from functools import cache

from studio.lexicon import plural, with_articles
from studio.prompts import Prompts
from studio.world.scene import ATTRIBUTES, CORE_ATTRIBUTES, EXTRA_ATTRIBUTES

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
BARE_PLURAL_SHARE = 0.3  # of pairs are but a plural
SWAPPED_SHARE = 0.3  # of mismatched captions, where there is an accent, have it and the colour the wrong way round

SHORTEST_MISTYPED = 4  # letters: in a shorter word one more or less makes another word

_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_BRACKET = re.compile(r"\[([^\[\]]*)\]")
_SLOT = re.compile(r"\{([^{}]*)\}")
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
    return with_articles(text)


def mismatched(
    attributes: Mapping[str, str],
    rng: random.Random,
    prompts: Prompts,
    offered: Mapping[str, Sequence[str]] = ATTRIBUTES,
) -> str:
    """A caption that is wrong in exactly one of the core attributes given, in favour of one that is `offered`, or has
    colour and accent swapped."""
    if {"colour", "accent"} <= attributes.keys() and rng.random() < SWAPPED_SHARE:
        return caption({**attributes, "colour": attributes["accent"], "accent": attributes["colour"]}, rng, prompts)
    group = rng.choice([group for group in attributes if group in CORE_ATTRIBUTES and len(offered[group]) > 1])
    wrong = rng.choice([name for name in offered[group] if name != attributes[group]])
    return caption({**attributes, group: wrong}, rng, prompts)


def mistyped(text: str, rng: random.Random) -> str:
    """The text with one slip of the fingers: in one of its longer words a letter is missing, doubled, exchanged with
    its neighbour or replaced. The first letter is right, as it mostly is (Yannakoudakis and Fawthrop 1983)."""
    words = [word for word in re.finditer(r"[A-Za-z]+", text) if len(word[0]) >= SHORTEST_MISTYPED]
    if not words:
        return text
    word = rng.choice(words)
    letters = word[0]
    place = rng.randrange(1, len(letters) - 1)
    before, letter, after = letters[:place], letters[place], letters[place + 1 :]
    slips = {before + after, before + 2 * letter + after, before + after[0] + letter + after[1:]}
    slips.add(before + rng.choice(_LETTERS) + after)
    return text[: word.start()] + rng.choice(sorted(slips - {letters})) + text[word.end() :]


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

    def said(canonical: str, others: tuple[str, ...]) -> str:
        return rng.choice(others) if others and rng.random() < synonyms else canonical

    product = attributes.get("product")
    term = prompts.vocabulary["product"][product] if product else None
    words = {"a": "", "product": said(term.phrase, term.says) if term else rng.choice(prompts.captions.anything)}
    article = term.article if term else "a"
    if rng.random() < _ARTICLE_SHARE:
        article = rng.choice(_ARTICLES)
    if "number" in attributes:
        article = prompts.vocabulary["number"][attributes["number"]].phrase
        if term is None or term.countable:
            words["product"] = plural(words["product"])
        if term and term.countable:
            article = rng.choice(prompts.captions.pairs) if rng.random() > BARE_PLURAL_SHARE else ""
    if rng.random() < PRAISED_SHARE:
        article += f" {rng.choice(prompts.captions.praise)}"
    words["number" if "number" in attributes else "a"] = article
    if "accent" in attributes:
        part, colour = prompts.part(product), prompts.vocabulary["colour"][attributes["accent"]]
        words["accent:colour"] = said(colour.phrase, colour.says)
        words["accent:word"] = f"{words['accent:colour']} {said(part.phrase, part.says)}"
        words["accent"] = f"{part.article} {words['accent:word']}"
    for group in (group for group in attributes if group not in ("product", "number", "accent")):
        other = prompts.vocabulary[group][attributes[group]]
        words[group] = said(other.phrase, other.says)
        # Of a scene's names any will do where a plain name stands, but "made of metallic" isn't English.
        words[f"{group}:word"] = said(other.word, other.en if group == "scene" else ())
    details = [words[group] for group in DETAILS if group in words]
    rng.shuffle(details)
    words["details"] = ", ".join(details)
    return " ".join(_SLOT.sub(lambda slot: words[slot[1]], template).split())


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
    return frozenset(slot.partition(":")[0] for slot in _SLOT.findall(template)) - {"a"}


def _some(attributes: Mapping[str, str], rng: random.Random) -> dict[str, str]:
    """The attributes less some of those that `complete` adds; what it is stays more often than the rest."""
    some = {
        group: name
        for group, name in attributes.items()
        if group in EXTRA_ATTRIBUTES or rng.random() > (LEFT_OUT_SHARE / 2 if group == "product" else LEFT_OUT_SHARE)
    }
    return some or dict([rng.choice(list(attributes.items()))])
