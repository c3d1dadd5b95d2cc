"""Everything that decides a training run. It is printed, and stored with the run."""

from __future__ import annotations

from dataclasses import dataclass

from studio.models.presets import DIFFUSION_PRESETS, image_size

#: R1/R2 weight at the start and the end of a run, by the size of the images: R3GAN's for 64 px (arXiv 2501.05441), and
#: four times as much where they are twice as large, as the squares of the slopes of an enlarged image sum to a quarter.
GAMMA = {16: (2.0, 0.2), 32: (2.0, 0.2), 64: (2.0, 0.2), 128: (8.0, 0.8), 256: (32.0, 3.2)}


@dataclass(frozen=True, kw_only=True)
class RunConfig:
    """What decides any run. Its progress is the larger of images seen / `num_images` and time / `minutes`."""

    preset: str
    num_images: int = 2_000_000
    minutes: float | None = None
    batch_size: int = 32  # of a step, in all processes together
    seed: int = 0

    text_steps: int = 2500  # of 128 captions, before the networks start
    text_learning_rate: float = 1e-3

    ema_half_life: int = 20_000  # images, never more than a fortieth of what was seen
    checkpoint_minutes: float = 5.0
    checkpoint_images: int | None = None  # a checkpoint after so many as well, whatever the clock says


@dataclass(frozen=True, kw_only=True)
class TrainingConfig(RunConfig):
    """A run of the GAN. Shares are of its progress."""

    preset: str = "c128"

    growth: tuple[float, ...] = (0.15, 0.35)  # a quarter of the size up to the first share, half up to the second
    regression_share: float = 0.3  # regression on the exact render alone, up to here
    contest_size: int | None = None  # larger renders then teach the stages above this size, by regression alone
    regression_learning_rate: tuple[float, float] = (1e-3, 5e-5)
    adversarial_learning_rate: tuple[float, float] = (5e-4, 5e-5)
    discriminator_width: float = 0.5  # of the generator's
    reconstruction_weight: float = 2.0
    adversarial_weight: float = 0.1
    attribute_weight: float = 0.05
    feature_weight: float = 0.1
    penalty_every: int = 4
    #: Share of images that the discriminator tells right, above which it is shown them moved and cut out more often.
    augment_target: float = 0.8

    @property
    def size(self) -> int:
        return image_size(self.preset)

    def size_at(self, progress: float) -> int:
        """Pixels of the images that are learnt at a share of the run; 16 are the fewest that the networks draw."""
        return max(16, self.size >> sum(progress < share for share in self.growth))

    @staticmethod
    def gamma(size: int, progress: float) -> float:
        start, end = GAMMA[size]
        return start * (end / start) ** progress


@dataclass(frozen=True, kw_only=True)
class DiffusionConfig(RunConfig):
    """A run of the diffusion model."""

    preset: str = "diffusion64"
    learning_rate: tuple[float, float] = (2.5e-3, 5e-5)
    warm_up: int = 5_000  # images over which the rate rises from nothing
    noisy_times: float = 0.4  # times of noise are r to this power, r even in 0..1, so that most are noisy ones ...
    noisy_share: float = 0.85  # ... up to this share of the run; then r itself
    text_dropout: float = (
        0.1  # of images are shown without their words, so that guidance has something to lead away from
    )

    @property
    def size(self) -> int:
        return DIFFUSION_PRESETS[self.preset].size


@dataclass(frozen=True, kw_only=True)
class PictureConfig(RunConfig):
    """A run of a network that makes pictures of pictures. A batch is `batch_size` squares of `crop` pixels, or as many
    pixels in larger squares."""

    num_images: int = 10_000_000
    batch_size: int = 8
    crop: int = 128
    growth: float = 0.6  # squares of up to twice the size from this share of the run on, where pictures are as large
    learning_rate: tuple[float, float] = (1e-3, 2e-5)
    warm_up: int = 100  # steps over which the rate rises from nothing

    #: From this share of the run on a discriminator learns too, and the network to be taken for real.
    contest: float = 1.0
    adversarial_weight: float = 0.0
    discriminator_learning_rate: float = 2e-4
    gamma: float = 1.0  # R1 weight
    penalty_every: int = 4

    def size_at(self, progress: float) -> int:
        """Pixels along the sides of the squares at a share of the run."""
        return self.crop if progress < self.growth or self.growth >= 1 else 2 * self.crop


@dataclass(frozen=True, kw_only=True)
class InpaintingConfig(PictureConfig):
    """A run of the inpainter."""

    preset: str = "inpaint"


@dataclass(frozen=True, kw_only=True)
class ProductMaskConfig(PictureConfig):
    """A run of the network that finds the product; it looks at whole pictures of 256 pixels in the end."""

    preset: str = "product-mask"
    batch_size: int = 16
    growth: float = 0.4


@dataclass(frozen=True, kw_only=True)
class UpscalingConfig(PictureConfig):
    """A run of the upscaler, on squares of `crop` pixels that were made half as large."""

    preset: str = "upscale"
    batch_size: int = 16
    crop: int = 96
    growth: float = 1.0
    contest: float = 0.7
    adversarial_weight: float = 0.003


PICTURE_CONFIGS: dict[str, type[PictureConfig]] = {
    kind.preset: kind for kind in (InpaintingConfig, ProductMaskConfig, UpscalingConfig)
}
