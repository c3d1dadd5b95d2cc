import copy
from dataclasses import replace

import pytest
import torch

from studio.models.adapter import Conditioning, TextAdapter
from studio.models.discriminator import Discriminator
from studio.models.generator import Generator, _smooth
from studio.models.presets import EPS_WIDTH, PRESETS, image_size

ATTRIBUTES = {"product": ("mug", "bottle"), "colour": ("red", "blue", "green")}


def conditioning(n: int, length: int = 5) -> Conditioning:
    generator = torch.Generator().manual_seed(1)
    states = torch.randn(n, length, 384, generator=generator)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return TextAdapter(ATTRIBUTES)(states, torch.ones(n, length, dtype=torch.bool))


@pytest.fixture(scope="module")
def generator() -> Generator:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        generator = Generator("tiny", 3, attributes=ATTRIBUTES)
        for parameter in generator.parameters():  # past the zero initialisation, so that every path counts
            parameter.data.add_(0.05 * torch.randn_like(parameter))
    return generator.eval()


def noise(n: int) -> torch.Tensor:
    return torch.randn(n, 3 + EPS_WIDTH, generator=torch.Generator().manual_seed(2))


def test_images_have_the_size_of_the_preset(generator: Generator) -> None:
    assert generator(noise(2), conditioning(2)).shape == (2, 3, 32, 32)


def test_fewer_stages_give_a_smaller_image(generator: Generator) -> None:
    assert generator(noise(2), conditioning(2), stages=2).shape == (2, 3, 16, 16)


def test_stages_that_are_fixed_draw_the_same_and_learn_nothing(generator: Generator) -> None:
    whole, part = generator(noise(2), conditioning(2)), generator(noise(2), conditioning(2), fixed=2)
    assert torch.equal(whole, part)
    names = [name for name, _ in generator.named_parameters()]
    slopes = torch.autograd.grad(part.sum(), list(generator.parameters()), allow_unused=True)
    learnt = {name for name, slope in zip(names, slopes, strict=True) if slope is not None}
    above = ("blocks.2.", "narrow.1.", "attention.2.", "to_rgb.2.")
    assert learnt == {name for name in names if name.startswith(above)}


def test_the_image_depends_on_noise_and_on_words(generator: Generator) -> None:
    words = conditioning(2)
    first, second = generator(noise(2), words)
    assert (first - second).abs().mean() > 1e-3
    swapped = Conditioning(
        sentence=words.sentence.flip(0), tokens=words.tokens.flip(0), mask=words.mask, logits=words.logits
    )
    assert (generator(noise(2), swapped)[0] - first).abs().mean() > 1e-3


def test_padding_tokens_do_not_count(generator: Generator) -> None:
    words = conditioning(1, length=4)
    padded = Conditioning(
        sentence=words.sentence,
        tokens=torch.cat([words.tokens, torch.full((1, 3, words.tokens.shape[2]), 9.0)], dim=1),
        mask=torch.tensor([[True] * 4 + [False] * 3]),
        logits=words.logits,
    )
    torch.testing.assert_close(generator(noise(1), padded), generator(noise(1), words))


def test_every_preset_has_its_size() -> None:
    assert {name: image_size(name) for name in PRESETS} == {
        "tiny": 32,
        "c64": 64,
        "c128": 128,
        "s64": 64,
        "s128": 128,
        "s256": 256,
        "m64": 64,
        "m128": 128,
        "m256": 256,
    }


def test_the_discriminator_judges_image_and_words_apart() -> None:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        discriminator = Discriminator("tiny", ATTRIBUTES)
    images = torch.randn(2, 3, 32, 32, generator=torch.Generator().manual_seed(3))
    h, maps = discriminator.features(images)
    assert [each.shape[-1] for each in maps] == [16, 8, 4]
    assert [each.shape[-1] for each in discriminator.features(images[..., ::2, ::2])[1]] == [8, 4]
    words = conditioning(2).sentence
    assert discriminator.logit(h, words).shape == (2,)
    assert not torch.allclose(discriminator.logit(h, words), discriminator.logit(h, -words))
    assert {group: each.shape[1] for group, each in discriminator.classify(h).items()} == {"product": 3, "colour": 4}
    # In half precision, too, in which a step may leave h.
    assert all(each.dtype == torch.float32 for each in discriminator.classify(h.bfloat16()).values())


@torch.no_grad()
def test_a_larger_preset_begins_with_the_pictures_of_the_smaller_one_enlarged() -> None:
    torch.manual_seed(0)
    smaller, larger, small_again = (Generator(preset, 3, attributes=ATTRIBUTES) for preset in ("c64", "c128", "c64"))
    larger.take_over(smaller, range(3))
    small_again.take_over(larger, range(3))
    z = noise(1)
    small, large = smaller(z, conditioning(1)), larger(z, conditioning(1))
    assert large.shape[-1] == 2 * small.shape[-1] == image_size("c128")
    enlarged = torch.nn.functional.interpolate(_smooth(small), scale_factor=2, mode="bilinear", align_corners=False)
    torch.testing.assert_close(large, enlarged)
    torch.testing.assert_close(small_again(z, conditioning(1)), small)
    assert all(parameter.requires_grad for parameter in larger.parameters())


@torch.no_grad()
def test_a_pattern_of_every_other_pixel_does_not_grow_into_a_grid() -> None:
    board = (torch.arange(8)[:, None] + torch.arange(8)) % 2 * 2.0 - 1
    columns = (torch.arange(8) % 2 * 2.0 - 1).expand(8, 8)
    inside = slice(1, -1)
    assert _smooth(torch.stack([board, columns])[None])[..., inside, inside].abs().max() < 1e-6
    assert torch.equal(_smooth(torch.full((1, 3, 4, 4), 0.3)), torch.full((1, 3, 4, 4), 0.3))


@torch.no_grad()
def test_a_larger_world_begins_with_the_pictures_of_the_smaller_one() -> None:
    torch.manual_seed(0)
    wider = {"product": ("vase", "mug", "bottle"), "colour": ("red", "blue", "green"), "finish": ("matte",)}
    smaller, larger = Generator("tiny", 2, attributes=ATTRIBUTES), Generator("tiny", 4, attributes=wider)
    larger.take_over(smaller, [2, 0])
    z = noise(2)[:, : 2 + EPS_WIDTH]
    u, eps = z[:, :2], z[:, 2:]
    beyond = torch.tensor([[0.5, -1.0], [2.0, 1.0]])  # what the smaller one has never heard of
    more = torch.cat([u[:, 1:], beyond[:, :1], u[:, :1], beyond[:, 1:], eps], dim=1)
    words = conditioning(2)
    never = torch.full((2, 1), -torch.inf)
    logits = {
        "product": torch.cat([never, words.logits["product"]], dim=1),
        "colour": words.logits["colour"],
        "finish": torch.tensor([[0.3, 0.7], [1.0, 0.0]]),
    }
    torch.testing.assert_close(larger(more, replace(words, logits=logits)), smaller(z, words))


@torch.no_grad()
def test_what_is_emphasised_is_told_as_if_it_were_more_than_certain(generator: Generator) -> None:
    twice = copy.deepcopy(generator)
    twice.emphasise("colour", 2)
    # Red, blue, green, and no colour.
    words = replace(conditioning(4), logits={"product": torch.zeros(4, 3), "colour": 99.0 * torch.eye(4)})
    words = replace(words, sentence=words.sentence[:1].expand(4, -1))
    u, eps = noise(1).expand(4, -1).split([3, EPS_WIDTH], dim=1)
    once, more = (network.mapping[0](network._told(u, eps, words)) for network in (generator, twice))
    assert torch.equal(once[3], more[3])
    torch.testing.assert_close(more[:3] - more[3], 2 * (once[:3] - once[3]))


@torch.no_grad()
def test_what_was_read_counts_beside_the_sentence(generator: Generator) -> None:
    words = conditioning(1)
    for group, classes in ATTRIBUTES.items():
        first, last = (
            replace(words, logits={**words.logits, group: 20.0 * torch.eye(len(classes) + 1)[[place]]})
            for place in (0, len(classes) - 1)
        )
        assert (generator(noise(1), first) - generator(noise(1), last)).abs().mean() > 1e-3
