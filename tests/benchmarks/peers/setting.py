"""What all peers have in common: renders, words, budget."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Protocol

import torch
from torch import Tensor

from studio.data.packed import PackedData, image_batch
from studio.models.adapter import Conditioning, TextAdapter
from studio.models.presets import image_size
from studio.models.text_encoder import TextEncoder
from studio.prompts import Prompts
from studio.training.config import RunConfig
from studio.training.progress import Say
from studio.training.reading import encode_captions, trained_adapter
from studio.training.text import EncodedTexts

CPU = torch.device("cpu")


class Peer(Protocol):
    """One way of learning to draw. It is built with the setting, the folder of its run and a seed."""

    def train(self, say: Say) -> None:
        """Trains until the budget is spent, from where its folder was left; does nothing where it was spent."""
        ...

    def draw(self, texts: Sequence[str], seeds: Sequence[int]) -> Tensor:
        """Images uint8 [n, 3, size, size], once it is trained; image i is of text i and seed i."""
        ...

    @property
    def parameters(self) -> int:
        """Of the networks that draw, without what all share: text encoder and adapter."""
        ...

    @property
    def images_seen(self) -> int: ...


Build = Callable[["Setting", Path, int], Peer]


@dataclass(frozen=True, kw_only=True)
class Budget:
    """A peer trains for so many minutes of steps, or so many images, whichever are spent first."""

    minutes: float | None
    num_images: int = 2_000_000
    batch_size: int = 32
    text_steps: int = 2500
    checkpoint_minutes: float = 2.0


@dataclass(frozen=True, kw_only=True)
class Batch:
    """`real` float [n, 3, size, size] in -1..1; `products` [n], the class of each; the conditioning of its captions."""

    real: Tensor
    products: Tensor
    conditioning: Conditioning


@dataclass(frozen=True, kw_only=True)
class Setting:
    """`texts` are the captions of `data`, encoded, and `adapter` reads them; both lie in `text_folder` for trainers
    that look for them in the folder of a run. `text_encoder` says where the encoder came from."""

    data: PackedData
    encoder: TextEncoder
    text_encoder: str | None
    prompts: Prompts
    texts: EncodedTexts
    adapter: TextAdapter
    text_folder: Path
    budget: Budget
    gan_preset: str
    diffusion_preset: str

    @property
    def size(self) -> int:
        return image_size(self.gan_preset)

    def run(self, seed: int) -> RunConfig:
        """The settings of a run, for peers that have none of their own."""
        budget = self.budget
        return RunConfig(
            preset=self.gan_preset,
            num_images=budget.num_images,
            minutes=budget.minutes,
            batch_size=budget.batch_size,
            seed=seed,
            text_steps=budget.text_steps,
            checkpoint_minutes=budget.checkpoint_minutes,
        )

    def read(self, texts: Sequence[str]) -> Conditioning:
        """What the adapter makes of texts; kept, as all peers are given the same ones."""
        return self._read(tuple(texts))

    @cached_property
    def _read(self) -> Callable[[tuple[str, ...]], Conditioning]:
        return lru_cache(maxsize=64)(self._read_uncached)

    @torch.inference_mode()
    def _read_uncached(self, texts: tuple[str, ...]) -> Conditioning:
        encoded = self.encoder.encode(texts)
        return self.adapter(encoded.states, encoded.mask)

    @torch.no_grad()
    def batch(self, generator: torch.Generator) -> Batch:
        """Images, captions that say everything, and mirror images where they are right, as our own trainer has them."""
        data, n = self.data, self.budget.batch_size
        chosen = torch.randint(len(data), (n,), generator=generator)
        full = torch.randint(2, (n,), generator=generator)
        mirrored = data.mirrors[chosen, full] & (torch.rand(n, generator=generator) < 0.5)
        places = chosen * data.caption_labels.shape[1] + full
        return Batch(
            real=image_batch(data, chosen, self.size, CPU, mirrored),
            products=data.labels[chosen, list(data.attributes).index("product")],
            conditioning=self.adapter(*self.texts.batch(places)),
        )


def open_setting(
    data: PackedData,
    out: Path,
    *,
    encoder: TextEncoder,
    text_encoder: str | None,
    prompts: Prompts,
    budget: Budget,
    gan_preset: str,
    diffusion_preset: str,
    say: Say,
) -> Setting:
    """Encodes the captions and trains the adapter, once for all peers, or reads both where they lie in `out`."""
    folder = out / "text"
    folder.mkdir(parents=True, exist_ok=True)
    texts = encode_captions([data], encoder, folder, say)
    config = RunConfig(preset=gan_preset, text_steps=budget.text_steps)
    with torch.random.fork_rng():
        torch.manual_seed(config.seed)
        adapter = trained_adapter(config, [data], texts, None, folder, say)
    return Setting(
        data=data,
        encoder=encoder,
        text_encoder=text_encoder,
        prompts=prompts,
        texts=texts,
        adapter=adapter,
        text_folder=folder,
        budget=budget,
        gan_preset=gan_preset,
        diffusion_preset=diffusion_preset,
    )


def to_pixels(images: Tensor) -> Tensor:
    """Float images in -1..1 to uint8."""
    return ((images.clamp(-1, 1) + 1) * 127.5).round().byte()


def noises(seeds: Sequence[int], *shape: int) -> Tensor:
    """Gaussian noise [n, *shape], row i from seed i alone."""
    return torch.stack([torch.randn(shape, generator=torch.Generator().manual_seed(seed)) for seed in seeds])


def count_parameters(network: torch.nn.Module) -> int:
    return sum(each.numel() for each in network.parameters())
