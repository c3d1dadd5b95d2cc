"""The embedded model: a transformer text encoder, and a GAN that draws what it read."""

from __future__ import annotations

import json
import random
import re
from bisect import bisect_left
from dataclasses import asdict, dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from studio import imaging
from studio.backends.base import Capabilities, Control, Drawing, Editing, Watch
from studio.errors import InputError, WeightsError
from studio.lexicon import words_in
from studio.request import Understanding, Understood
from studio.world.captions import complete
from studio.world.scene import (
    ATTRIBUTES,
    CORE_ATTRIBUTES,
    ELEVATION,
    FILL,
    LIGHT_ELEVATION,
    TURN,
    U_NAMES,
    sample_continuous,
    sample_core,
    sample_silhouette,
    step_continuous,
    u_of,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from PIL import Image

    from studio.backends.retoucher import Retoucher
    from studio.models.adapter import Conditioning
    from studio.models.snapshot import Snapshot
    from studio.models.text_encoder import TextEncoder
    from studio.prompts import Prompts
    from studio.request import GenerationRequest, InpaintRequest, RestyleRequest

CONFIDENT = 0.5
#: Crops around a hole have at most so many pixels along the longer side; the inpainter learnt from half as many.
INPAINT_SIZE = 512
#: How far a small step goes: in a camera's or light's span up to this share, in eps (Gaussian) by this weight.
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


@dataclass(frozen=True, kw_only=True)
class _Networks:
    encoder: TextEncoder
    snapshot: Snapshot


class GanBackend:
    """Draws with a snapshot of our own GAN, one image a forward pass, so that no float depends on a batch."""

    name = "gan"

    def __init__(
        self,
        folder: Path,
        *,
        prompts: Prompts,
        retoucher: Retoucher | None = None,
        text_encoder: str | None = None,
        device: str = "cpu",
    ) -> None:
        """`folder` holds the snapshot; `retoucher` edits pictures; `text_encoder` is as in the settings."""
        self._folder = folder
        self._retoucher = retoucher
        self._prompts = prompts
        self._text_encoder = text_encoder
        self._device = device
        # A text has at most 256 tokens, and so 256 KiB of states: 32 MiB at worst.
        self._encode = lru_cache(maxsize=128)(self._encode_uncached)
        self._understand = lru_cache(maxsize=256)(self._understand_uncached)

    @property
    def model(self) -> str:
        return self._networks.snapshot.config.name

    @property
    def model_sha256(self) -> str:
        return self._networks.snapshot.config.weights_sha256

    @property
    def capabilities(self) -> Capabilities:
        # Read here rather than by `load_snapshot`, which needs torch: the page opens before the model is warm.
        try:
            record = json.loads((self._folder / "config.json").read_text(encoding="utf-8"))
            size, licence = int(record["size"]), str(record["licence"])
            attributes = {group: tuple(classes) for group, classes in record["attributes"].items()}
            u_names = {str(name).removesuffix("_sin") for name in record["u_names"]}
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise _weights_error(f"There is no usable model in {self._folder}.") from error
        return Capabilities(
            sizes=(size,),
            controls=tuple(control for control in CONTROLS if control.name in u_names),
            licence=licence,
            attributes=attributes,
            near=True,
            editing=Editing(size=INPAINT_SIZE, keeps=("product", "shape", "nothing"), by_words=False),
        )

    def fetch(self, watch: Watch | None = None) -> None:
        """It is here."""

    def load(self) -> None:
        _ = self._networks

    def unload(self) -> None:
        """It stays, being small."""

    def understand(self, prompt: str) -> Understanding:
        return self._understand(prompt)

    def generate(self, request: GenerationRequest, index: int, watch: Watch | None = None) -> Drawing:
        assert request.seed is not None  # the engine has resolved it
        seed = request.seed + index
        first, *steps = (*request.near, seed)
        rng = random.Random(first)

        # 1. What the words say stands; what they leave open is the seed's: the first one's, where it is near an image.
        understanding = self.understand(request.prompt)
        said = {attribute.group: attribute.value for attribute in understanding.attributes}
        core = sample_core(rng, said, self._offered) if self._completed else {}
        continuous = sample_continuous(rng, said | core)
        silhouette = sample_silhouette(rng, core["product"]) if core else 0
        for step in steps:
            continuous = step_continuous(random.Random(step), continuous, said | core, STEP)
        continuous |= dict(request.controls)

        # 2. Complete the prompt: a model of exact renders was trained on captions that say all core attributes.
        left_open = {group: value for group, value in core.items() if group not in said}
        model_prompt = complete(understanding.canonical, left_open, self._prompts)

        # 3. Draw.
        return Drawing(
            self.draw(model_prompt, u_of(continuous, silhouette), first, *steps),
            {
                "controls": dict(request.controls),
                **({"near": list(request.near)} if request.near else {}),
                "model_prompt": model_prompt,
                "attributes": said | core,
                "continuous": continuous,
                "silhouette": silhouette,
            },
        )

    def inpaint(self, request: InpaintRequest, index: int, watch: Watch | None = None) -> Drawing:
        """Fills holes from what is around them; it has no use for words."""
        assert self._retoucher is not None and request.seed is not None
        filled = self._retoucher.fill(request.image, request.mask, request.seed + index)
        return Drawing(filled, {"inpainter_sha256": self._retoucher.inpainter_sha256})

    def restyle(self, request: RestyleRequest, index: int, watch: Watch | None = None) -> Drawing:
        """Surroundings from empty scenes of the product world, colours and materials laid over the product's shading,
        looks by image operations: what `studio.editing` does. No network draws it."""
        from studio.editing.instruction import read
        from studio.editing.reference import like
        from studio.editing.restyle import restyle

        assert request.seed is not None
        image = request.image
        parameters: dict[str, object] = {}
        if request.prompt:
            instruction = read(self._prompts, request.prompt)
            restyled = restyle(
                image,
                request.mask,
                instruction,
                self._prompts,
                keep=request.keep,
                strength=request.strength,
                seed=request.seed + index,
            )
            image, parameters["instruction"] = restyled.image, asdict(instruction)
        if request.reference is not None:
            image = like(image, request.reference, strength=request.strength)
        return Drawing(image, parameters)

    def draw(self, text: str, u: Mapping[str, float], seed: int, *steps: int) -> Image.Image:
        """The text as it stands, camera, light and proportions as `u` (U_NAMES to numbers) says; only eps is the
        seed's, or a small step away from it for each of `steps`."""
        import torch

        conditioning = self._encode(text)
        snapshot = self._networks.snapshot
        with torch.inference_mode():
            eps, *others = (
                torch.randn(1, snapshot.config.eps_dim, generator=torch.Generator().manual_seed(each))
                for each in (seed, *steps)
            )
            for other in others:  # as Gaussian as they are
                eps = (1 - STEP**2) ** 0.5 * eps + STEP * other
            z = torch.cat([torch.tensor([[u[name] for name in snapshot.config.u_names]]), eps], dim=1).to(self._device)
            return imaging.to_pil(snapshot.generator(z, conditioning)[0])

    def _understand_uncached(self, prompt: str) -> Understanding:
        """The attribute heads, where they are confident; a word that is literally there overrules them.

        The confidence is always the head's, so a word that the model itself did not read shows as unsure.
        """
        canonical = self._prompts.canonical(prompt)
        attributes = self._attributes(canonical)
        unread: tuple[str, ...] = ()
        said = {attribute.group for attribute in attributes}
        if not self._has_room(canonical, [group for group in self._completed if group not in said]):
            canonical, unread = self._shortened(canonical)
            attributes = self._attributes(canonical)  # what was not read is not said
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
        )

    def _attributes(self, canonical: str) -> tuple[Understood, ...]:
        known = self._prompts.known(canonical, self._offered) | {
            group: name for group, name in self._own if _says(canonical, name)
        }
        attributes: list[Understood] = []
        for group, logits in self._encode(canonical).logits.items():
            classes = self._offered[group]
            probabilities = logits[0].softmax(0)
            best = classes.index(known[group]) if group in known else int(probabilities.argmax())
            if best == len(classes):  # "not said"
                continue
            confidence = float(probabilities[best])
            if group in known or confidence >= CONFIDENT:
                attributes.append(Understood(group=group, value=classes[best], confidence=confidence))
        return tuple(attributes)

    def _has_room(self, text: str, left_open: Sequence[str]) -> bool:
        """Whether the encoder reads a text to its end with whatever a seed may add for the groups that it leaves open.

        Of all seeds, so that the images of a grid are drawn from the same words.
        """
        encoder = self._networks.encoder
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
        return CORE_ATTRIBUTES if self._networks.snapshot.config.exact else ()

    @property
    def _own(self) -> list[tuple[str, str]]:
        """Groups and classes of a shop's own table, which no word list has."""
        return [
            (group, name)
            for group, classes in self._offered.items()
            for name in classes
            if name not in ATTRIBUTES.get(group, ())
        ]

    @property
    def _offered(self) -> Mapping[str, tuple[str, ...]]:
        """The attributes that the model was trained on: a part of the world's."""
        return self._networks.snapshot.config.attributes

    @cached_property
    def _longest(self) -> dict[str, str]:
        """Of each group that a seed fills in the class whose phrase has the most tokens."""
        encoder, vocabulary = self._networks.encoder, self._prompts.vocabulary
        return {
            group: max(self._offered[group], key=lambda name: encoder.tokens(vocabulary[group][name].phrase))
            for group in self._completed
        }

    def _encode_uncached(self, text: str) -> Conditioning:
        import torch

        networks = self._networks
        with torch.inference_mode():
            encoded = networks.encoder.encode([text])
            return networks.snapshot.adapter(encoded.states.to(self._device), encoded.mask.to(self._device))

    @cached_property
    def _networks(self) -> _Networks:
        from studio.models.errors import SnapshotError
        from studio.models.snapshot import load_snapshot
        from studio.models.text_encoder import TextEncoder

        try:
            snapshot = load_snapshot(self._folder)
            encoder = TextEncoder.load(self._text_encoder)
        except SnapshotError as error:
            raise _weights_error(str(error)) from error
        config = snapshot.config
        if config.text_encoder_sha256 != encoder.sha256:
            raise _weights_error(f"The model in {self._folder} was trained with another text encoder.")
        strange = any(set(classes) - set(ATTRIBUTES.get(group, ())) for group, classes in config.attributes.items())
        incomplete = set(CORE_ATTRIBUTES) - set(config.attributes)
        if set(config.u_names) - set(U_NAMES) or (config.exact and (strange or incomplete)):
            raise _weights_error(f"The model in {self._folder} was trained on another product world.")
        try:
            snapshot.adapter.to(self._device)
            snapshot.generator.to(self._device)
        except (AssertionError, RuntimeError) as error:
            raise InputError(
                f"The device {self._device!r} can't be used here: {str(error).splitlines()[0]}",
                "Set STUDIO_DEVICE to cpu, or to one that this installation of torch has.",
            ) from error
        return _Networks(encoder=encoder, snapshot=snapshot)


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())


def _says(text: str, name: str) -> bool:
    return f" {' '.join(_words(name))} " in f" {' '.join(_words(text))} "


def _weights_error(message: str) -> WeightsError:
    return WeightsError(message, "Install the studio again, or name the folder of a trained model with gan:DIR.")
