"""Products on backgrounds they were never on, with exact masks: what the product mask is learnt from.

Real photos of a catalogue come without masks. Their borders show floors, beds and walls, and their middles the fabric
of what is sold: so cut-out renders, and outlines of clothes filled with real fabric, lie on real floors.
"""

# torch's types leave much open.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
import torch.nn.functional as F
from torch import Tensor

from studio.data.degraded import blurred, through_jpeg
from studio.data.shapes import random_shape

#: Of a photo along each side, what is taken for its border.
BORDER = 0.13
#: Shares of the kinds of pictures; clothes on backgrounds are the rest.
AS_RENDERED, CUT_OUT, PHOTO = 0.3, 0.2, 0.3
#: Of the photos, those with known masks where there are some.
KNOWN = 0.8
HINTED = 0.5
DISC = 6 / 256  # radius of a click as a share of the side


@dataclass(frozen=True, kw_only=True)
class Sources:
    """What pictures are made of: uint8 renders [n, 3, side, side] with their masks [n, side, side], and photos with
    theirs, which are all 0 where nobody knows them."""

    renders: Tensor
    masks: Tensor
    photos: Tensor
    photo_masks: Tensor

    @cached_property
    def known(self) -> list[int]:
        """The photos whose masks are known."""
        return self.photo_masks.flatten(1).any(1).nonzero()[:, 0].tolist() if len(self.photos) else []


@dataclass(frozen=True, kw_only=True)
class Composite:
    """`image` [3, size, size] in -1..1; `mask` [1, size, size] in 0..1; `clicks` [2, size, size] of 0 and 1, on the
    product and beside it; `weight` [1, size, size] is 0 where nobody knows the mask."""

    image: Tensor
    mask: Tensor
    clicks: Tensor
    weight: Tensor


@dataclass(frozen=True, kw_only=True)
class _Thing:
    """Something cut out: colours [3, size, size] in 0..1 and how much of every pixel is of it, [1, size, size]."""

    colours: Tensor
    alpha: Tensor


def composite(sources: Sources, size: int, rng: random.Random) -> Composite:
    """A picture of one of the kinds."""
    kind = rng.random() if len(sources.photos) else rng.uniform(0, AS_RENDERED + CUT_OUT)
    if not len(sources.renders):
        kind = rng.uniform(AS_RENDERED + CUT_OUT, 1)
    weight = torch.ones(1, size, size)
    if kind < AS_RENDERED:
        index = rng.randrange(len(sources.renders))
        image, mask, clicks = _as_it_is(sources.renders[index], sources.masks[index], size, rng)
    elif kind < AS_RENDERED + CUT_OUT:
        image, mask, clicks = _composed(sources, [_cut_out(sources, size, rng)], size, rng)
    elif kind < AS_RENDERED + CUT_OUT + PHOTO:
        image, mask, clicks, weight = _photo(sources, size, rng)
    else:
        image, mask, clicks = _composed(sources, [_clothes(sources, size, rng)], size, rng)
    return Composite(image=_taken(image, rng) * 2 - 1, mask=mask, clicks=clicks, weight=weight)


def _as_it_is(picture: Tensor, known: Tensor, size: int, rng: random.Random) -> tuple[Tensor, Tensor, Tensor]:
    """A render or photo with its mask, maybe nearer or farther, off its middle, mirrored."""
    both = torch.cat([picture, known[None]])[None].float() / 255
    moved = _moved(
        both, size, rng, scale=rng.uniform(0.8, 1.5), angle=rng.gauss(0, 0.05), shift=0.15, edge="reflection"
    )
    mask = moved[3:]
    return moved[:3], mask, _clicks(mask, rng)


def _photo(sources: Sources, size: int, rng: random.Random) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """A real photo; where its mask isn't known a little of it is: its very middle is product, its corners are not."""
    if (known := sources.known) and rng.random() < KNOWN:
        index = rng.choice(known)
        image, mask, clicks = _as_it_is(sources.photos[index], sources.photo_masks[index], size, rng)
        return image, mask, clicks, torch.ones(1, size, size)
    whole = sources.photos[rng.randrange(len(sources.photos))][None].float() / 255
    image = F.interpolate(whole, size=(size, size), mode="bilinear", antialias=True)[0]
    y, x = (2 * torch.arange(size)[:, None] + 1) / size - 1, (2 * torch.arange(size)[None] + 1) / size - 1
    middle = (x**2 + y**2 < 0.15**2)[None].float()
    corners = ((x.abs() > 0.88) & (y.abs() > 0.88))[None].float()
    image, middle = (each.flip(2) for each in (image, middle)) if rng.random() < 0.5 else (image, middle)
    return image, middle, torch.zeros(2, size, size), 0.5 * (middle + corners)


def _composed(sources: Sources, things: list[_Thing], size: int, rng: random.Random) -> tuple[Tensor, Tensor, Tensor]:
    """Things on a background with soft shadows. A second thing, where there is one, is product as well, unless a click
    says that it isn't; clutter that reaches over the border is none, unless a click says that it is."""
    image = _background(sources, size, rng)
    clicks = torch.zeros(2, size, size)
    mask = torch.zeros(1, size, size)
    if rng.random() < 0.25:
        clutter = _clutter(sources, size, rng)
        image = _laid(image, clutter, rng)
        if rng.random() < 0.2 and clutter.alpha.sum() > 0.01 * size**2:
            mask, clicks = clutter.alpha, clicks + torch.stack([_disc(clutter.alpha, rng), torch.zeros(size, size)])
    if rng.random() < 0.2:
        rendered = len(sources.renders) and (not len(sources.photos) or rng.random() < 0.5)
        second = _cut_out(sources, size, rng) if rendered else _clothes(sources, size, rng)
        things = [second, *things]
    for number, thing in enumerate(things):
        image = _laid(image, thing, rng)
        if number < len(things) - 1 and rng.random() < 0.4:
            mask = mask * (1 - thing.alpha)
            clicks = clicks + torch.stack([torch.zeros(size, size), _disc(thing.alpha, rng)])
        else:
            mask = mask + thing.alpha * (1 - mask)
    # What lies on top later may cover the place of a click.
    clicks = torch.stack([clicks[0] * (mask[0] > 0.5), clicks[1] * (mask[0] < 0.5)]).clamp(0, 1)
    return image, mask, (clicks + _clicks(mask, rng)).clamp(0, 1)


def _laid(image: Tensor, thing: _Thing, rng: random.Random) -> Tensor:
    """On an image, with the shadow that it throws on it."""
    size = image.shape[-1]
    strength = rng.uniform(0.0, 0.65)
    if strength > 0.1:
        reach = max(1, round(size * rng.uniform(0.01, 0.05)))
        down, right = round(size * rng.uniform(-0.01, 0.05)), round(size * rng.gauss(0, 0.025))
        shadow = _spread(_spread(thing.alpha.roll((down, right), (1, 2)), reach), reach)
        image = image * (1 - strength * shadow)
    return thing.colours * thing.alpha + image * (1 - thing.alpha)


def _spread(alpha: Tensor, reach: int) -> Tensor:
    """Means over squares that reach so many pixels in all directions, at a quarter of the size, which is quicker."""
    small = F.avg_pool2d(alpha[None], 4)
    reach = max(1, round(reach / 4))
    small = F.avg_pool2d(small, 2 * reach + 1, stride=1, padding=reach)
    return F.interpolate(small, size=alpha.shape[1:], mode="bilinear")[0]


def _cut_out(sources: Sources, size: int, rng: random.Random) -> _Thing:
    """The product of a render, anywhere, of any size, maybe in part outside."""
    index = rng.randrange(len(sources.renders))
    return _cut(sources.renders[index], sources.masks[index], size, rng)


def _cut(picture: Tensor, mask: Tensor, size: int, rng: random.Random) -> _Thing:
    alpha = mask.float() / 255
    both = torch.cat([picture.float() / 255, alpha[None]])[None]
    extent = max(float(alpha.amax(0).sum()), float(alpha.amax(1).sum()), 8.0) / len(alpha)
    angle = rng.gauss(0, 0.2) if rng.random() < 0.8 else rng.uniform(-math.pi, math.pi)
    scale = min(max(rng.uniform(0.3, 1.05) / extent, 0.4), 1.8)
    moved = _moved(both, size, rng, scale=scale, angle=angle, shift=0.25, edge="zeros")
    return _Thing(colours=_tinted(moved[:3], rng, 0.15), alpha=moved[3:])


def _clothes(sources: Sources, size: int, rng: random.Random) -> _Thing:
    """An outline filled with what the middle of a photo shows, a little darker towards its edges; or what is cut out of
    a photo whose mask is known."""
    if (known := sources.known) and rng.random() < 0.5:
        index = rng.choice(known)
        return _cut(sources.photos[index], sources.photo_masks[index], size, rng)
    shape = random_shape(size, rng)[None, None]
    alpha = _moved(shape, size, rng, scale=rng.uniform(0.45, 1.35), angle=0.0, shift=0.12, edge="zeros")
    fabric = _fabric(sources, size, rng)
    reach = max(1, round(size * 0.03))
    shade = 1 - rng.uniform(0.0, 0.5) * (1 - _spread(alpha, reach))
    return _Thing(colours=_tinted(fabric * shade, rng, 0.2), alpha=alpha)


def _fabric(sources: Sources, size: int, rng: random.Random) -> Tensor:
    photo = sources.photos[rng.randrange(len(sources.photos))]
    side = photo.shape[-1]
    edge = round(side * rng.uniform(0.25, 0.5))
    y, x = (round((side - edge) / 2 + rng.uniform(-0.08, 0.08) * side) for _ in range(2))
    piece = photo[None, :, y : y + edge, x : x + edge].float() / 255
    piece = F.interpolate(piece, size=(size, size), mode="bilinear")[0]
    return piece.rot90(rng.randrange(4), (1, 2))


def _clutter(sources: Sources, size: int, rng: random.Random) -> _Thing:
    """The corner of something else: a patch of another background that reaches over the border."""
    shape = random_shape(size, rng)[None, None]
    turn, far = rng.uniform(0, 2 * math.pi), rng.uniform(0.85, 1.2)
    alpha = _shifted(shape, size, 1.2, turn, far * math.cos(turn), far * math.sin(turn), "zeros")
    return _Thing(colours=_tinted(_background(sources, size, rng), rng, 0.3), alpha=alpha)


def _background(sources: Sources, size: int, rng: random.Random) -> Tensor:
    """[3, size, size]: of one kind, or of two, one beside the other."""
    image = _surface(sources, size, rng)
    if rng.random() < 0.2:
        angle, off = rng.uniform(0, 2 * math.pi), rng.uniform(-0.6, 0.6)
        middles = (2 * torch.arange(size) + 1) / size - 1
        beyond = (middles * math.cos(angle) + middles[:, None] * math.sin(angle) - off) * size / rng.uniform(2, 8)
        share = (beyond + 0.5).clamp(0, 1)
        image = image * (1 - share) + _surface(sources, size, rng) * share
    return _tinted(image, rng, 0.1)


def _surface(sources: Sources, size: int, rng: random.Random) -> Tensor:
    kind = rng.random()
    if kind < 0.5 and len(sources.photos):
        return _border_of_a_photo(sources.photos[rng.randrange(len(sources.photos))], size, rng)
    if kind < 0.75 and len(sources.renders):
        return _backdrop(sources.renders[rng.randrange(len(sources.renders))], size)
    return _gradient(size, rng) if kind < 0.87 else _texture(size, rng)


def _border_of_a_photo(photo: Tensor, size: int, rng: random.Random) -> Tensor:
    """A strip along one side, as large as it was or larger, and its mirror images until the square is full."""
    side = photo.shape[-1]
    depth = round(side * rng.uniform(0.07, BORDER))
    scale = size / side * math.exp(rng.uniform(0, math.log(6)))
    long = rng.randint(depth, max(depth, min(side, round(size / scale))))
    start = rng.randint(0, side - long)
    piece = photo.rot90(rng.randrange(4), (1, 2))[None, :, :depth, start : start + long].float() / 255
    piece = F.interpolate(piece, size=[max(2, round(each * scale)) for each in piece.shape[2:]], mode="bilinear")[0]
    rows, columns = (_there_and_back(size, each, rng) for each in piece.shape[1:])
    return piece[:, rows][:, :, columns].rot90(rng.randrange(4), (1, 2))


def _there_and_back(count: int, length: int, rng: random.Random) -> Tensor:
    """0, 1, ..., length - 1, length - 1, ..., 0, 0, 1, ... from anywhere on, so many of them."""
    places = (torch.arange(count) + rng.randrange(2 * length)) % (2 * length)
    return torch.minimum(places, 2 * length - 1 - places)


def _backdrop(render: Tensor, size: int) -> Tensor:
    """From the leftmost columns of a render to the rightmost, where no product is."""
    left, right = (each.float().mean(2, keepdim=True) / 255 for each in (render[:, :, :3], render[:, :, -3:]))
    share = torch.linspace(0, 1, size)
    both = [F.interpolate(each[None], size=(size, 1), mode="bilinear", antialias=True)[0] for each in (left, right)]
    return both[0] * (1 - share) + both[1] * share


def _gradient(size: int, rng: random.Random) -> Tensor:
    """From one colour to another; often from a colour to nearly the same, as walls and paper are."""
    near = rng.choice((0.0, 0.1, 0.5))
    first = torch.tensor([rng.random() for _ in range(3)])
    if rng.random() < 0.5:
        first = first.mean() + 0.1 * (first - first.mean())
    second = first + near * torch.tensor([rng.gauss(0, 1) for _ in range(3)])
    angle = rng.uniform(0, 2 * math.pi)
    middles = torch.arange(size) / size - 0.5
    share = middles * math.cos(angle) + middles[:, None] * math.sin(angle) + 0.5
    return (first[:, None, None] * (1 - share) + second[:, None, None] * share).clamp(0, 1)


def _texture(size: int, rng: random.Random) -> Tensor:
    """Noise of several scales in two colours, maybe stretched like wood or folds."""
    generator = torch.Generator().manual_seed(rng.getrandbits(62))
    stretch = rng.choice((1, 1, 4))
    noise = torch.zeros(1, 1, size, size)
    for octave in range(2, 7):
        cells = torch.randn(1, 1, 2**octave, max(2, 2**octave // stretch), generator=generator)
        noise += F.interpolate(cells, size=(size, size), mode="bilinear") * 0.6**octave * 3
    share = noise[0].sigmoid()
    return _gradient(size, rng) * (1 - share) + _gradient(size, rng) * share


def _moved(
    image: Tensor, size: int, rng: random.Random, *, scale: float, angle: float, shift: float, edge: str
) -> Tensor:
    """[1, c, h, w] to [c, size, size], mirrored half of the times, moved by up to `shift` of the side."""
    if rng.random() < 0.5:
        image = image.flip(3)
    x, y = (2 * rng.uniform(-shift, shift) for _ in range(2))
    return _shifted(image, size, scale, angle, x, y, edge)


def _shifted(image: Tensor, size: int, scale: float, angle: float, x: float, y: float, edge: str) -> Tensor:
    cos, sin = math.cos(angle) / scale, math.sin(angle) / scale
    theta = torch.tensor([[[cos, sin, -(x * cos + y * sin)], [-sin, cos, x * sin - y * cos]]])
    grid = F.affine_grid(theta, [1, 1, size, size], align_corners=False)
    return F.grid_sample(image, grid, mode="bilinear", padding_mode=edge, align_corners=False)[0]


def _tinted(colours: Tensor, rng: random.Random, amount: float) -> Tensor:
    """Lighter or darker, warmer or colder."""
    gain = torch.tensor([rng.gauss(1, amount / 3) for _ in range(3)])[:, None, None] * math.exp(rng.gauss(0, amount))
    return (colours * gain).clamp(0, 1)


def _taken(image: Tensor, rng: random.Random) -> Tensor:
    """As a phone takes it: uneven light, contrast, blur, noise, JPEG."""
    size = image.shape[-1]
    if rng.random() < 0.5:
        corners = torch.tensor([rng.gauss(1, 0.15) for _ in range(9)]).view(1, 1, 3, 3)
        image = image * F.interpolate(corners, size=(size, size), mode="bilinear", align_corners=True)[0]
    image = image.clamp(1e-3, 1) ** math.exp(rng.gauss(0, 0.2))
    if rng.random() < 0.3:
        image = blurred(image, rng.uniform(0.2, 1.2))
    if rng.random() < 0.3:
        generator = torch.Generator().manual_seed(rng.getrandbits(62))
        image = image + rng.uniform(0, 0.04) * torch.randn(image.shape, generator=generator)
    if rng.random() < 0.3:
        image = (through_jpeg(image * 2 - 1, rng.randint(35, 92)) + 1) / 2
    return image.clamp(0, 1)


def _clicks(mask: Tensor, rng: random.Random) -> Tensor:
    """[2, size, size]: for half of the masks, one to three discs on the product or beside it."""
    size = mask.shape[-1]
    clicks = torch.zeros(2, size, size)
    if rng.random() < HINTED:
        for _ in range(rng.randint(1, 3)):
            side = rng.randrange(2)
            clicks[side] += _disc(mask if side == 0 else 1 - mask, rng)
    return clicks.clamp(0, 1)


def _disc(area: Tensor, rng: random.Random) -> Tensor:
    """A disc [size, size] round a place of an area [1, size, size]; none where there is no such place."""
    size = area.shape[-1]
    places = (area[0] > 0.9).nonzero()
    if not len(places):
        return torch.zeros(size, size)
    y, x = places[rng.randrange(len(places))].tolist()
    across, down = torch.arange(size) - x, torch.arange(size)[:, None] - y
    return (across**2 + down**2 <= (DISC * size) ** 2).float()


def composite_batch(
    sources: Sources, count: int, size: int, rng: random.Random
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Images, masks, clicks and weights of so many composites, each [count, c, size, size]."""
    made: Sequence[Composite] = [composite(sources, size, rng) for _ in range(count)]
    return (
        torch.stack([each.image for each in made]),
        torch.stack([each.mask for each in made]),
        torch.stack([each.clicks for each in made]),
        torch.stack([each.weight for each in made]),
    )
