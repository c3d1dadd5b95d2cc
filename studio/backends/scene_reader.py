"""How our own models read: what they make of a prompt, and the whole scene that they make of a prompt and a seed.

What words say of a scene stands; what they leave open the seed decides, before anything is drawn.
"""

from __future__ import annotations

import random
import re
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

from studio.backends.base import Control
from studio.errors import WeightsError
from studio.lexicon import words_in
from studio.request import Understanding, Understood
from studio.world.captions import complete
from studio.world.scene import (
    ATTRIBUTES,
    CORE_ATTRIBUTES,
    ELEVATION,
    FILL,
    LIGHT_ELEVATION,
    PRODUCTS,
    TURN,
    U_NAMES,
    sample_continuous,
    sample_core,
    sample_silhouette,
    step_continuous,
    u_of,
)

if TYPE_CHECKING:
    from pathlib import Path

    from torch import Tensor

    from studio.models.adapter import Conditioning, TextAdapter
    from studio.models.text_encoder import TextEncoder
    from studio.prompts import Prompts

CONFIDENT = 0.5
#: What the word lists have the words for: heads are believed about it only where a prompt has a word beyond them.
LISTED = ("colour", "material")
#: How far a small step goes: in a camera's or light's span up to this share, in the noise of the GAN by this weight.
STEP = 0.25

CONTROLS = (
    Control(name="azimuth", label="Turn", low=-TURN, high=TURN, step=1, unit="°"),
    Control(name="elevation", label="Camera height", low=ELEVATION[0], high=ELEVATION[1], step=1, unit="°"),
    Control(name="fill", label="Closeness", low=FILL[0], high=FILL[1], step=0.01, unit=""),
    Control(name="light_azimuth", label="Light from left to right", low=-160, high=160, step=1, unit="°"),
    Control(
        name="light_elevation", label="Light height", low=LIGHT_ELEVATION[0], high=LIGHT_ELEVATION[1], step=1, unit="°"
    ),
    Control(name="softness", label="Soft light", low=0, high=1, step=0.01, unit=""),
    Control(name="warmth", label="Warm light", low=-1, high=1, step=0.01, unit=""),
)


def controls_of(u_names: Sequence[str]) -> tuple[Control, ...]:
    """Camera and light, as far as a model is told of them: `u_names` are the entries of its u."""
    told = {name.removesuffix("_sin") for name in u_names}
    return tuple(control for control in CONTROLS if control.name in told)


@dataclass(frozen=True, kw_only=True)
class Planned:
    """What an image is drawn from: `text` for the model, the `attributes` that it is to have, `u` (U_NAMES to numbers),
    and what recipes keep of all, JSON values only."""

    text: str
    attributes: Mapping[str, str]
    u: Mapping[str, float]
    parameters: dict[str, object]


class SceneReader:
    """Reads with an encoder and an adapter. Threads may ask at once."""

    def __init__(
        self,
        folder: Path,
        *,
        encoder: TextEncoder,
        adapter: TextAdapter,
        attributes: Mapping[str, tuple[str, ...]],
        u_names: Sequence[str],
        exact: bool,
        prompts: Prompts,
        device: str,
    ) -> None:
        """`folder` is the model's; `attributes` are those that it was trained on, a part of the world's; `exact` says
        that it learnt from renders, whose captions say all core attributes. Raises WeightsError where that is another
        product world."""
        strange = any(set(classes) - set(ATTRIBUTES.get(group, ())) for group, classes in attributes.items())
        incomplete = set(CORE_ATTRIBUTES) - set(attributes)
        if set(u_names) - set(U_NAMES) or (exact and (strange or incomplete)):
            raise WeightsError(
                f"The model in {folder} was trained on another product world.",
                "Install the studio again, or name the folder of another model.",
            )
        self._encoder = encoder
        self._adapter = adapter
        self._offered = attributes
        self._u_names = tuple(u_names)
        self._exact = exact
        self._prompts = prompts
        self._device = device
        # A text has at most 256 tokens, and so 256 KiB of states: 32 MiB at worst.
        self.encode = lru_cache(maxsize=128)(self._encode)
        self.understand = lru_cache(maxsize=256)(self._understand)

    def plan(self, prompt: str, first: int, steps: Sequence[int], controls: Mapping[str, float]) -> Planned:
        """The scene of a prompt and of the seed `first`, or one that is small steps away, each with its own seed."""
        rng = random.Random(first)

        # 1. What the words say stands; what they leave open is the seed's: the first one's, where it is near an image.
        understanding = self.understand(prompt)
        said = {attribute.group: attribute.value for attribute in understanding.attributes}
        core = sample_core(rng, said, self._offered) if self._completed else {}
        attributes = said | core
        continuous = sample_continuous(rng, attributes)
        silhouette = sample_silhouette(rng, core["product"]) if core else 0
        if understanding.silhouette:
            silhouette = PRODUCTS[core["product"]].silhouettes.index(understanding.silhouette)
        for step in steps:
            continuous = step_continuous(random.Random(step), continuous, attributes, STEP)
        continuous |= controls

        # 2. Complete the prompt: a model of exact renders was trained on captions that say all core attributes.
        left_open = {group: value for group, value in core.items() if group not in said}
        text = complete(understanding.canonical, left_open, self._prompts)
        return Planned(
            text=text,
            attributes=attributes,
            u=u_of(continuous, silhouette),
            parameters={
                "model_prompt": text,
                "attributes": attributes,
                **({"continuous": continuous, "silhouette": silhouette} if self._u_names else {}),
            },
        )

    def conditions(self, text: str, attributes: Mapping[str, str]) -> Conditioning:
        """What a text is encoded to, with `attributes` as if the heads had read them without a doubt: what is said
        literally, or was chosen by the seed, they may have read otherwise."""
        import torch

        encoded = self.encode(text)
        certain: dict[str, Tensor] = {}
        for group, name in attributes.items():
            logits = encoded.logits[group].new_full(encoded.logits[group].shape, -torch.inf)
            logits[:, self._offered[group].index(name)] = 0
            certain[group] = logits
        return replace(encoded, logits={**encoded.logits, **certain})

    def _understand(self, prompt: str) -> Understanding:
        """What the attribute heads are confident of; a word that is literally there overrules them, and is certain."""
        canonical = self._prompts.canonical(prompt)
        attributes = self._attributes(canonical)
        unread: tuple[str, ...] = ()
        said = {attribute.group for attribute in attributes}
        if not self._has_room(canonical, [group for group in self._completed if group not in said]):
            canonical, unread = self._shortened(canonical)
            attributes = self._attributes(canonical)  # what was not read is not said
        product = next((found.value for found in attributes if found.group == "product"), None)
        return Understanding(
            prompt=prompt,
            canonical=canonical,
            attributes=attributes,
            unknown=tuple(
                thing
                for thing in self._prompts.unknown_words(prompt, self._offered)
                if not set(_words(thing)) <= set(_words(" ".join(name for _, name in self._own)))
            ),
            unread=unread,
            silhouette=self._prompts.silhouette(prompt, product) if self._exact and product else None,
        )

    def _attributes(self, canonical: str) -> tuple[Understood, ...]:
        known = self._prompts.known(canonical, self._offered) | {
            group: name for group, name in self._own if _says(canonical, name)
        }
        # Where every word is known and none names a colour, none is asked for: "Bluetooth" isn't blue.
        literal = () if self._prompts.unknown_words(canonical, self._offered) else LISTED
        attributes: list[Understood] = []
        for group, logits in self.encode(canonical).logits.items():
            classes = self._offered[group]
            if group in known:
                attributes.append(Understood(group=group, value=known[group], confidence=1.0))
            elif group not in literal:
                probability, best = logits[0].softmax(0).max(0)
                if int(best) < len(classes) and float(probability) >= CONFIDENT:  # the last one is "not said"
                    attributes.append(Understood(group=group, value=classes[int(best)], confidence=float(probability)))
        return tuple(attributes)

    def _has_room(self, text: str, left_open: Sequence[str]) -> bool:
        """Whether the encoder reads a text to its end with whatever a seed may add for the groups that it leaves open.

        Of all seeds, so that the images of a grid are drawn from the same words.
        """
        encoder = self._encoder
        longest = {group: self._longest[group] for group in left_open}
        return encoder.tokens(complete(text, longest, self._prompts)) <= encoder.max_tokens

    def _shortened(self, text: str) -> tuple[str, tuple[str, ...]]:
        """As many words of a text as there is room for, whatever they leave open, and the words that are left over."""
        words = words_in(text)
        room = bisect_left(words, True, key=lambda word: not self._has_room(text[: word.end()], self._completed))
        return text[: words[room - 1].end()] if room else "", tuple(word[0] for word in words[room:])

    @property
    def _completed(self) -> tuple[str, ...]:
        """The groups that every prompt has to say, and that a seed fills in."""
        return CORE_ATTRIBUTES if self._exact else ()

    @property
    def _own(self) -> list[tuple[str, str]]:
        """Groups and classes of a shop's own table, which no word list has."""
        return [
            (group, name)
            for group, classes in self._offered.items()
            for name in classes
            if name not in ATTRIBUTES.get(group, ())
        ]

    @cached_property
    def _longest(self) -> dict[str, str]:
        """Of each group that a seed fills in the class whose phrase has the most tokens."""
        encoder, vocabulary = self._encoder, self._prompts.vocabulary
        return {
            group: max(self._offered[group], key=lambda name: encoder.tokens(vocabulary[group][name].phrase))
            for group in self._completed
        }

    def _encode(self, text: str) -> Conditioning:
        import torch

        with torch.inference_mode():
            encoded = self._encoder.encode([text])
            return self._adapter(encoded.states.to(self._device), encoded.mask.to(self._device))


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())


def _says(text: str, name: str) -> bool:
    return f" {' '.join(_words(name))} " in f" {' '.join(_words(text))} "
