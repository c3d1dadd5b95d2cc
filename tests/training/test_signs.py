from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from studio.data.packed import PackedData, part
from studio.data.renders import pack_renders
from studio.models.adapter import Conditioning
from studio.models.discriminator import Discriminator
from studio.prompts import Prompts
from studio.training import signs
from studio.training.signs import Watch, judge, measure
from studio.training.text import EncodedTexts
from tests.evaluation.toy import write_toys

#: A run in its contest, as it should be.
WELL = {
    "diversity": 0.93,
    "told_right": 0.81,
    "gap": 1.2,
    "r1": 0.4,
    "r2": 0.6,
    "penalty": 0.5,
    "text_sensitivity": 1.4,
    "trained_logit": 0.5,
    "held_out_logit": 0.3,
    "held_out_error": 0.2,
    "drawn_logit": -0.9,
    "drawn_right": 0.6,
    "real_right": 0.8,
}
#: What is different in one that goes wrong, and what is then said.
WRONG = {
    "alike": ({"diversity": 0.55}, "becoming alike: two of like descriptions differ 0.55 times"),
    "won": ({"told_right": 0.995, "gap": 3.0}, "has won: it tells 100%"),
    "steep": ({"r1": 90.0, "r2": 400.0, "penalty": 490.0}, "slopes explode: R1 is 90 and R2 400"),
    "deaf": ({"text_sensitivity": -0.01}, "captions are ignored"),
    "by heart": ({"held_out_logit": -0.4}, "by heart: it scores them 0.9 above images that it never saw, and 1.4"),
    "misdrawn": ({"drawn_right": 0.3}, "don't show what their captions say: 30%"),
}


def look(watch: Watch, changes: dict[str, float], *, images: int, seconds: float = 0.0, share: float = 0.6) -> str:
    return " ".join(watch.look(WELL | changes, images=images, seconds=seconds, share=share))


def test_a_healthy_run_shows_no_sign() -> None:
    assert judge(WELL) == dict.fromkeys(WRONG)
    assert judge({}) == {}


@pytest.mark.parametrize("name", WRONG)
def test_each_sign_is_said_of_a_run_that_has_it(name: str) -> None:
    changes, words = WRONG[name]
    found = judge(WELL | changes)
    assert words in (found.pop(name) or "")
    assert not any(found.values())


@pytest.mark.parametrize(
    "changes",
    [
        {"gap": 6.0},  # too wide, whatever the share
        {"held_out_logit": -0.4, "held_out_error": 0.4},  # may be chance
        {"drawn_right": 0.1, "real_right": 0.3},  # the reader reads nothing yet
    ],
)
def test_figures_at_the_edge(changes: dict[str, float]) -> None:
    assert [name for name, words in judge(WELL | changes).items() if words] == (["won"] if "gap" in changes else [])


def test_a_sign_is_said_once_and_again_when_it_comes_back_or_after_an_hour() -> None:
    watch = Watch()
    steep, words = WRONG["steep"]
    assert words in look(watch, steep, images=1000)
    assert not look(watch, steep, images=2000, seconds=60)
    assert not look(watch, {}, images=3000, seconds=120)
    assert not look(watch, steep, images=4000, seconds=180), "it had hardly been gone"
    assert words in look(watch, steep, images=5000, seconds=3600)

    assert not look(watch, {}, images=10_000, seconds=3700)
    assert not look(watch, {}, images=30_000, seconds=3800)
    assert words in look(watch, steep, images=31_000, seconds=3900)


def test_figures_that_were_not_taken_change_nothing() -> None:
    watch = Watch()
    assert look(watch, WRONG["alike"][0], images=1000)
    for images in range(2000, 50_000, 1000):
        assert not watch.look({"told_right": 0.8, "gap": 1.0}, images=images, seconds=60, share=0.6)
    assert not look(watch, WRONG["alike"][0], images=50_000, seconds=60)


@pytest.mark.parametrize("name", sorted(signs.PATIENT))
def test_what_every_run_shows_for_a_while_is_said_once_it_lasts(name: str) -> None:
    watch = Watch()
    changes, words = WRONG[name]
    assert not look(watch, changes, images=0)
    assert not look(watch, changes, images=19_000)
    assert not look(watch, {}, images=19_500), "it was gone"
    assert not look(watch, changes, images=20_500)
    assert words in look(watch, changes, images=41_000)


@pytest.mark.parametrize("name", sorted(signs.LEARNT))
def test_what_has_to_be_learnt_first_is_said_late_or_once_it_is_lost(name: str) -> None:
    changes, words = WRONG[name]
    early = Watch()
    assert not look(early, changes, images=1000, share=0.1)
    assert not look(early, {}, images=2000, share=0.2)
    assert words in look(early, changes, images=3000, share=0.3)
    assert words in look(Watch(), changes, images=3000, share=0.5)


class Painter(nn.Module):
    """Draws what a function of z and the sentence says."""

    def __init__(self, paint: Callable[[Tensor, Tensor], Tensor]) -> None:
        super().__init__()
        self.nothing = nn.Parameter(torch.zeros(()))
        self.paint = paint

    def forward(self, z: Tensor, conditioning: Conditioning, stages: int) -> Tensor:
        return self.paint(z, conditioning.sentence)


class Reader(nn.Module):
    """The sentence of a text is its only token."""

    def forward(self, states: Tensor, mask: Tensor) -> Conditioning:
        return Conditioning(sentence=states[:, 0], tokens=states, mask=mask, logits={})


def texts_of(data: PackedData, captions: int) -> EncodedTexts:
    """Each says the number of its image."""
    numbers = torch.arange(len(data)).repeat_interleave(captions)[:, None]
    return EncodedTexts(numbers.half(), torch.ones(len(numbers), dtype=torch.long))


@pytest.fixture(scope="module")
def toys(tmp_path_factory: pytest.TempPathFactory, prompts: Prompts) -> PackedData:
    """Forty renders of eight descriptions."""
    return pack_renders(write_toys(tmp_path_factory.mktemp("toys") / "toys", seeds=range(40)), prompts)


@pytest.fixture
def discriminator(toys: PackedData) -> Discriminator:
    torch.manual_seed(0)
    return Discriminator("tiny", toys.attributes)


def figures(
    data: PackedData, discriminator: Any, paint: Callable[[Tensor, Tensor], Tensor], **options: Any
) -> dict[str, float]:
    texts = texts_of(data, data.caption_labels.shape[1])
    given = {"held_out": None, "size": 32, "contest": False} | options
    return measure(Painter(paint), discriminator, Reader(), data, texts, **given)


def image_of(data: PackedData) -> Callable[[Tensor, Tensor], Tensor]:
    return lambda z, sentence: data.images[sentence[:, 0].long()].float() / 127.5 - 1


def test_a_perfect_copy_is_as_varied_as_the_data_and_a_soft_one_nearly(
    toys: PackedData, discriminator: Discriminator
) -> None:
    copy = image_of(toys)
    assert figures(toys, discriminator, copy)["diversity"] == pytest.approx(1, abs=1e-5)

    def soft(z: Tensor, sentence: Tensor) -> Tensor:
        small = nn.functional.avg_pool2d(copy(z, sentence), 4)
        return nn.functional.interpolate(small, scale_factor=4, mode="bilinear")

    found = figures(toys, discriminator, soft)
    assert found["diversity"] > signs.ALIKE
    assert judge(found)["alike"] is None


def test_noise_that_has_no_effect_yet_changes_nothing_for_exact_renders(
    toys: PackedData, discriminator: Discriminator
) -> None:
    copy, width = image_of(toys), len(toys.u_names)

    def follows_u(z: Tensor, sentence: Tensor) -> Tensor:
        assert torch.equal(z[:, :width], toys.u[sentence[:, 0].long()])
        return copy(z, sentence)

    assert figures(toys, discriminator, follows_u)["diversity"] == pytest.approx(1, abs=1e-5)


def test_one_picture_for_all_or_for_a_caption_is_collapse(toys: PackedData, discriminator: Discriminator) -> None:
    def one(z: Tensor, sentence: Tensor) -> Tensor:
        return image_of(toys)(z, sentence)[:1].expand(len(z), -1, -1, -1)

    found = figures(toys, discriminator, one)
    assert found["diversity"] == pytest.approx(0, abs=1e-5)
    assert "becoming alike" in (judge(found)["alike"] or "")

    # Of photos one caption has many pictures, and here it gives one.
    photos = replace(toys, exact=False, u=torch.randn(100, len(toys.u_names)))
    labels = photos.caption_labels[:, 0, :2]

    def one_a_caption(z: Tensor, sentence: Tensor) -> Tensor:
        said = labels[sentence[:, 0].long()]
        first = [int((labels == each).all(1).nonzero()[0, 0]) for each in said]
        return photos.images[torch.tensor(first)].float() / 127.5 - 1

    spoken = replace(
        photos, caption_labels=photos.caption_labels[:, :, :2], attributes=dict(list(toys.attributes.items())[:2])
    )
    judged = Discriminator("tiny", spoken.attributes)
    assert figures(spoken, judged, one_a_caption)["diversity"] < 0.1

    def noise(z: Tensor, sentence: Tensor) -> Tensor:
        return photos.images[(z[:, 0].abs() * 1000).long() % len(photos)].float() / 127.5 - 1

    assert figures(spoken, judged, noise)["diversity"] > signs.ALIKE


def test_a_few_images_or_equal_ones_have_no_diversity(toys: PackedData, discriminator: Discriminator) -> None:
    few = part(toys, 0, 8)
    assert "diversity" not in figures(few, discriminator, image_of(few))
    equal = replace(toys, images=torch.zeros_like(toys.images))
    assert "diversity" not in figures(equal, discriminator, image_of(equal))


class KnowingDiscriminator:
    """Knows the brightness of images: scores them by it, and reads the first class where they are bright."""

    def __init__(self, attributes: Mapping[str, tuple[str, ...]]) -> None:
        self._attributes = attributes

    def features(self, image: Tensor) -> tuple[Tensor, list[Tensor]]:
        return image.mean((1, 2, 3))[:, None], []

    def logit(self, h: Tensor, sentence: Tensor) -> Tensor:
        return h[:, 0]

    def classify(self, h: Tensor) -> dict[str, Tensor]:
        return {
            group: torch.cat([h, -h, torch.full((len(h), len(classes) - 1), -9.0)], dim=1)
            for group, classes in self._attributes.items()
        }


def grey(data: PackedData, level: int, label: int) -> PackedData:
    """The same images in one shade of grey, each of which is said to be of one class."""
    noise = torch.randint(-9, 9, data.images.shape, generator=torch.Generator().manual_seed(level))
    return replace(
        data,
        images=(level + noise).to(torch.uint8),
        caption_labels=torch.full_like(data.caption_labels, label),
    )


@pytest.mark.parametrize("unseen_level", [200, 60])
def test_unseen_images_tell_what_is_known_by_heart(toys: PackedData, unseen_level: int) -> None:
    trained, unseen = grey(part(toys, 0, 20), 200, 0), grey(part(toys, 20, 40), unseen_level, 0)
    knowing = KnowingDiscriminator(toys.attributes)

    def dark(z: Tensor, sentence: Tensor) -> Tensor:
        return torch.full((len(z), 3, 32, 32), -0.8)

    held_out = unseen, texts_of(unseen, 1)
    found = figures(trained, knowing, dark, held_out=held_out, contest=True)
    assert bool(judge(found)["by heart"]) == (unseen_level == 60)
    assert "held_out_logit" not in figures(trained, knowing, dark, held_out=held_out, contest=False)
    assert "held_out_logit" not in figures(trained, knowing, dark, contest=True)


def test_what_is_drawn_is_read_by_the_heads(toys: PackedData) -> None:
    bright = grey(toys, 200, 0)
    knowing = KnowingDiscriminator(toys.attributes)

    def shade(value: float) -> Callable[[Tensor, Tensor], Tensor]:
        return lambda z, sentence: torch.full((len(z), 3, 32, 32), value)

    right, wrong = figures(bright, knowing, shade(0.5)), figures(bright, knowing, shade(-0.5))
    assert (right["drawn_right"], right["real_right"]) == (1, 1)
    assert (wrong["drawn_right"], wrong["real_right"]) == (0, 1)
    assert judge(right)["misdrawn"] is None
    assert "0% of it is recognised in drawn images, 100% in real ones" in (judge(wrong)["misdrawn"] or "")
    # What a caption leaves open is not asked for, and unseen images are read where there are some.
    silent = replace(bright, caption_labels=torch.full_like(bright.caption_labels, 99))
    assert figures(silent, knowing, shade(0.5))["drawn_right"] == 0
    dark = grey(toys, 60, 0)
    assert figures(bright, knowing, shade(0.5), held_out=(dark, texts_of(dark, 1)))["real_right"] == 0
