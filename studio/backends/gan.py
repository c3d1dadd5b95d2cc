"""The embedded model: a transformer text encoder, and a GAN that draws what it read."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from studio import imaging
from studio.backends.base import Capabilities, Drawing, Editing, Watch
from studio.backends.scene_reader import STEP, SceneReader, controls_of
from studio.errors import InputError, WeightsError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from PIL import Image

    from studio.backends.retoucher import Retoucher
    from studio.models.snapshot import Snapshot
    from studio.models.text_encoder import TextEncoder
    from studio.prompts import Prompts
    from studio.request import GenerationRequest, InpaintRequest, RestyleRequest, Understanding

#: Crops around a hole have at most so many pixels along the longer side; the inpainter learnt from half as many.
INPAINT_SIZE = 512


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
            controls = controls_of([str(name) for name in record["u_names"]])
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise _weights_error(f"There is no usable model in {self._folder}.") from error
        return Capabilities(
            sizes=(size,),
            controls=controls,
            licence=licence,
            attributes=attributes,
            near=True,
            editing=Editing(size=INPAINT_SIZE, keeps=("product", "shape", "nothing"), by_words=False),
        )

    def fetch(self, watch: Watch | None = None) -> None:
        """It is here."""

    def load(self) -> None:
        _ = self._reader

    def unload(self) -> None:
        """It stays, being small."""

    def understand(self, prompt: str) -> Understanding:
        return self._reader.understand(prompt)

    def generate(self, request: GenerationRequest, index: int, watch: Watch | None = None) -> Drawing:
        assert request.seed is not None  # the engine has resolved it
        first, *steps = (*request.near, request.seed + index)
        planned = self._reader.plan(request.prompt, first, steps, request.controls)
        return Drawing(
            self.draw(planned.text, planned.u, first, *steps, attributes=planned.attributes),
            {
                "controls": dict(request.controls),
                **({"near": list(request.near)} if request.near else {}),
                **planned.parameters,
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
        from studio.editing.restyle import needs_product, restyle

        assert request.seed is not None
        image = request.image
        parameters: dict[str, object] = {}
        if request.prompt:
            instruction = read(self._prompts, request.prompt)
            mask = request.mask
            if mask is None and needs_product(instruction, self._prompts, request.keep):
                assert self._retoucher is not None
                mask = self._retoucher.product_mask(image)
                parameters["product_mask_sha256"] = self._retoucher.product_mask_sha256
            restyled = restyle(
                image,
                mask,
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

    def draw(
        self,
        text: str,
        u: Mapping[str, float],
        seed: int,
        *steps: int,
        attributes: Mapping[str, str] = MappingProxyType({}),
    ) -> Image.Image:
        """The text as it stands, with `attributes` whatever was read, and camera, light and proportions as `u` (U_NAMES
        to numbers) says; only eps is the seed's, or a small step away from it for each of `steps`."""
        import torch

        conditioning = self._reader.conditions(text, attributes)
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

    @cached_property
    def _reader(self) -> SceneReader:
        networks = self._networks
        config = networks.snapshot.config
        return SceneReader(
            self._folder,
            encoder=networks.encoder,
            adapter=networks.snapshot.adapter,
            attributes=config.attributes,
            u_names=config.u_names,
            exact=config.exact,
            prompts=self._prompts,
            device=self._device,
        )

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
        try:
            snapshot.adapter.to(self._device)
            snapshot.generator.to(self._device)
        except (AssertionError, RuntimeError) as error:
            raise InputError(
                f"The device {self._device!r} can't be used here: {str(error).splitlines()[0]}",
                "Set STUDIO_DEVICE to cpu, or to one that this installation of torch has.",
            ) from error
        return _Networks(encoder=encoder, snapshot=snapshot)


def _weights_error(message: str) -> WeightsError:
    return WeightsError(message, "Install the studio again, or name the folder of a trained model with gan:DIR.")
