"""Signs that a run goes wrong: what is measured, what it means, and what to do about it.

`measure` looks at what the networks make of a few dozen captions, at every checkpoint; `judge` turns figures into
words; `Watch` lets each sign be said once.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from studio.data.packed import PackedData, image_batch, prior_batch
from studio.models.adapter import Conditioning
from studio.models.discriminator import Discriminator
from studio.models.presets import EPS_WIDTH, num_stages
from studio.models.random_features import RandomFeatures
from studio.training.text import EncodedTexts

#: Captions that are drawn, twice, to measure by.
COUNT = 48
#: Of fewer images pairs that are described alike are a matter of luck.
FEWEST_FOR_DIVERSITY = 16

#: Diversity below this is collapse. Renders of 128 pixels that are blurred to 8 keep 0.98; a good model of twelve
#: products had 0.96, and where it was given one caption for all 0.28, one u as well 0.01, but one u alone 0.75.
ALIKE = 0.7
#: Share of pairs told right, or mean difference of logits, from which the generator learns next to nothing: a
#: difference of 5 is a probability of 0.993.
WON_SHARE, WON_GAP = 0.98, 5.0
#: R1 and R2 with their weight. All else in the discriminator's loss begins at about 4 and falls.
STEEP = 10.0
#: Logits of right captions over wrong ones; 0.1 is a probability of 0.525, where 0.5 would be a guess.
DEAF = 0.1
#: How far down from training images to drawn ones unseen images are rated (r_v of Karras et al. 2020: 0 is well, 1
#: means that it tells training images from all others), if that is more than chance by so many standard errors.
BY_HEART, STANDARD_ERRORS = 0.5, 3.0
#: Of the attributes that are recognised in real images, the share recognised in drawn ones; where not even half of
#: those of real images are, the reader is no judge.
MISDRAWN, ABLE_READER = 0.5, 0.5

#: Images over which a sign has to last before it is said, where all runs show it for a while; and those over which it
#: has to be gone before it is said anew. In as many the augmentation goes from nothing to its full strength.
LASTING = 20_000
PATIENT = frozenset({"won", "deaf"})
#: Nothing that is drawn is good at first: these are said once it was good, or after half of the run.
LEARNT = frozenset({"alike", "misdrawn"})
#: Seconds of training after which a sign that stays is said again.
AGAIN = 3600.0


def judge(figures: Mapping[str, float]) -> dict[str, str | None]:
    """For every sign that the figures allow to judge: its words where it is there, None where all is well."""
    found: dict[str, str | None] = {}

    def sign(name: str, there: bool, words: str) -> None:
        found[name] = words if there else None

    if (diversity := figures.get("diversity")) is not None:
        sign(
            "alike",
            diversity < ALIKE,
            f"The images are becoming alike: two of like descriptions differ {diversity:.2f} times as much as in the"
            f" data, and below {ALIKE} is collapse. If the newest sheet shows one picture again and again, more"
            " training won't mend it: begin anew with more images, or with a model that is varied (--from).",
        )
    if (told_right := figures.get("told_right")) is not None:
        gap = figures["gap"]
        sign(
            "won",
            told_right > WON_SHARE or gap > WON_GAP,
            f"The discriminator has won: it tells {told_right:.0%} of the drawn images from real ones, by {gap:.1f} on"
            " average, so the generator hardly learns from it any more. More images help most. If newer sheets look"
            " worse than older ones, put a copy of the snapshot aside and stop.",
        )
    if (penalty := figures.get("penalty")) is not None:
        sign(
            "steep",
            penalty > STEEP,
            f"The discriminator's slopes explode: R1 is {figures['r1']:.3g} and R2 {figures['r2']:.3g}, which makes"
            f" {penalty:.3g} of its loss, where all the rest is 4 at most. Images will turn to noise. Stop, and go on"
            " with half the rates (--resume --set adversarial_learning_rate=FIRST,LAST).",
        )
    if (sensitivity := figures.get("text_sensitivity")) is not None:
        sign(
            "deaf",
            sensitivity < DEAF,
            f"The captions are ignored: the discriminator scores right ones {sensitivity:.2f} above wrong ones, and 0"
            " is a guess, so what is drawn won't follow the words. See whether the captions say what the images show,"
            " and whether they differ.",
        )
    if (unseen := figures.get("held_out_logit")) is not None:
        seen, drawn = figures["trained_logit"], figures["drawn_logit"]
        surplus = seen - unseen
        sign(
            "by heart",
            surplus > STANDARD_ERRORS * figures["held_out_error"] and surplus > BY_HEART * (seen - drawn),
            f"The discriminator knows the training images by heart: it scores them {surplus:.1f} above images that it"
            f" never saw, and {seen - drawn:.1f} above drawn ones. From here on it teaches to copy them. More images"
            " help most; else stop once the newest sheets are no better than the ones before.",
        )
    if (drawn_right := figures.get("drawn_right")) is not None and (real_right := figures["real_right"]) > ABLE_READER:
        sign(
            "misdrawn",
            drawn_right < MISDRAWN * real_right,
            f"The images don't show what their captions say: {drawn_right:.0%} of it is recognised in drawn images,"
            f" {real_right:.0%} in real ones. If this doesn't rise any more, see whether the captions are right, or"
            " begin anew with a larger preset or more images.",
        )
    return found


class Watch:
    """Says a sign when it appears, and again only after it was gone for a while, or after a long time."""

    def __init__(self) -> None:
        self._since: dict[str, int] = {}
        self._gone_since: dict[str, int] = {}
        self._said: dict[str, float] = {}
        self._was_well: set[str] = set()

    def look(self, figures: Mapping[str, float], *, images: int, seconds: float, share: float) -> list[str]:
        """The words that are due after so many images and seconds of training, at a share of the run."""
        due: list[str] = []
        for name, words in judge(figures).items():
            if words is None:
                self._was_well.add(name)
                self._since.pop(name, None)
                if images - self._gone_since.setdefault(name, images) >= LASTING:
                    self._said.pop(name, None)
                continue
            self._gone_since.pop(name, None)
            lasted = images - self._since.setdefault(name, images)
            if name in PATIENT and lasted < LASTING:
                continue
            if name in LEARNT and name not in self._was_well and share < 0.5:
                continue
            if seconds - self._said.get(name, -AGAIN) >= AGAIN:
                self._said[name] = seconds
                due.append(words)
        return due


@torch.no_grad()
def measure(
    generator: nn.Module,
    discriminator: Discriminator,
    adapter: nn.Module,
    data: PackedData,
    texts: EncodedTexts,
    *,
    held_out: tuple[PackedData, EncodedTexts] | None,
    size: int,
    contest: bool,
) -> dict[str, float]:
    """Figures of what the (averaged) generator draws at `size` pixels, the same captions and noise every time.

    `diversity`: the mean distance of two drawn images of like descriptions, over that of the two images of the data
    that they are drawn after, in the features of a random network. A pair is an image and the one of which is said most
    nearly the same; each of the two is drawn from its own caption, and with its own u where images are exact renders,
    else with u and eps drawn at random. So 1 is right in both stages, whether noise has an effect yet or not: of exact
    renders it shows when images no longer follow u and words, of photos when one caption gives one picture.

    `drawn_right` and `real_right`: the share of what captions say that is recognised in drawn and in real images, the
    held-out ones where there are any. The reader is the discriminator with its attribute heads, which learn from real
    images alone; but the generator is trained to please them, so an outsider would recognise less.

    `trained_logit`, `drawn_logit`, `held_out_logit`, with the standard error of the difference of first and last: how
    real the discriminator finds them, in the `contest`, where it learns to.

    `texts` begins with the captions of `data`, image by image; that of `held_out` has one caption an image.
    """
    device = next(generator.parameters()).device
    chosen = _evenly(len(data))
    both = torch.cat([chosen, _described_alike(data, chosen)])
    noise = torch.Generator().manual_seed(0)
    u = data.u[both] if data.exact else prior_batch(data, len(both), noise)
    z = torch.cat([u, torch.randn(len(both), EPS_WIDTH, generator=noise)], dim=1).to(device)
    conditioning = _read(texts, both * data.caption_labels.shape[1], adapter, device)
    drawn = generator(z, conditioning, num_stages(size)).clamp(-1, 1)
    real = image_batch(data, both, size, device)

    figures: dict[str, float] = {}
    if len(data) >= FEWEST_FOR_DIVERSITY and (differ := _gap(real)) > 0:
        figures["diversity"] = _gap(drawn) / differ
    n = len(chosen)
    said = data.caption_labels[chosen, 0]
    h_drawn, h_real = discriminator.features(drawn[:n])[0], discriminator.features(real[:n])[0]
    figures["drawn_right"] = _recognised(discriminator, h_drawn, said)
    figures["real_right"] = _recognised(discriminator, h_real, said)
    if held_out:
        unseen, unseen_texts = held_out
        few = _evenly(len(unseen))
        h_unseen = discriminator.features(image_batch(unseen, few, size, device))[0]
        figures["real_right"] = _recognised(discriminator, h_unseen, unseen.caption_labels[few, 0])
        if contest:
            sentence = conditioning.sentence[:n]
            trained_logit = discriminator.logit(h_real, sentence)
            unseen_logit = discriminator.logit(h_unseen, _read(unseen_texts, few, adapter, device).sentence)
            figures |= {
                "trained_logit": float(trained_logit.mean()),
                "drawn_logit": float(discriminator.logit(h_drawn, sentence).mean()),
                "held_out_logit": float(unseen_logit.mean()),
                "held_out_error": float((trained_logit.var() / n + unseen_logit.var() / len(few)).sqrt()),
            }
    return figures


def _evenly(count: int) -> Tensor:
    return torch.linspace(0, count - 1, min(COUNT, count)).long()


def _described_alike(data: PackedData, chosen: Tensor) -> Tensor:
    """For every chosen image another one, of which most nearly the same is said; of equals any one."""
    said = data.caption_labels[:, 0]
    alike = (said[chosen][:, None] == said[None]).sum(2).float()
    alike += 0.5 * torch.rand(alike.shape, generator=torch.Generator().manual_seed(0))
    alike[torch.arange(len(chosen)), chosen] = -1
    return alike.argmax(1)


def _read(texts: EncodedTexts, places: Tensor, adapter: nn.Module, device: torch.device) -> Conditioning:
    return adapter(*(each.to(device) for each in texts.batch(places)))


def _gap(images: Tensor) -> float:
    """Mean distance of image i of the first half and image i of the second."""
    first, second = RandomFeatures(seed=1)(images.cpu()).chunk(2)
    return float((first - second).norm(dim=1).mean())


def _recognised(discriminator: Discriminator, h: Tensor, said: Tensor) -> float:
    """The share of what is said of images, `said` [n, groups], that the attribute heads find in them."""
    right = total = 0
    for group, logits in enumerate(discriminator.classify(h).values()):
        label = said[:, group].to(h.device)
        spoken = label < logits.shape[1] - 1
        right += int((logits.argmax(1) == label)[spoken].sum())
        total += int(spoken.sum())
    return right / max(total, 1)
