"""A campaign's plan: products x scenes x words x channels x layouts x seeds, and how many adverts that makes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from pydantic import Field, StringConstraints, TypeAdapter, field_validator

from studio.campaign.advert import Words
from studio.campaign.brand_kit import BrandKit, BrandKits, BrandWords, brand_kit
from studio.campaign.brief import BadBrief, Brief, Briefs, brief_of, inside, read_briefs
from studio.campaign.channels import Channels
from studio.campaign.copywriting import Copywriter, Language
from studio.campaign.layouts import Layouts
from studio.errors import InputError
from studio.prompts import Entry, validated
from studio.request import MAX_SEED

MAX_ADVERTS = 200_000
_Text = Annotated[str, StringConstraints(max_length=300)]


@dataclass(frozen=True, kw_only=True)
class CopyChoice:
    """Which words are written where a brief has none: each language with each tone, for a kind of customer, so many
    variants of each."""

    languages: tuple[Language, ...] = ("en",)
    tones: tuple[str, ...] = ("plain",)
    audience: str = "everyone"
    variants: int = 1


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is to be made. Channels and layouts are names; none are the standard ones, and the first that suits.

    `words` take the place of the briefs' own; a price and small print that they lack are the brief's. Where none has a
    headline, they say what else is said in their language, and headlines are written. `scenes` are put behind the
    descriptions that are drawn, and photos are put into them ("" is a photo's own). `seeds` draw anew.
    `concepts_in_listings` overrules that what shows no real product stays out of listings.
    """

    briefs: tuple[Brief, ...]
    bad: tuple[BadBrief, ...] = ()
    scenes: tuple[str, ...] = ("",)
    words: tuple[Words, ...] = ()
    copy: CopyChoice = field(default_factory=CopyChoice)
    channels: tuple[str, ...] = ()
    layouts: tuple[str, ...] = ()
    seeds: tuple[int, ...] = (0,)
    brand: BrandKit | None = None
    concepts_in_listings: bool = False
    notes: tuple[str, ...] = ()


class _Product(Entry):
    sku: str
    name: str = ""
    description: str = ""
    image: str = ""
    kept: Annotated[str, StringConstraints(pattern="^[0-9a-f]{64}$")] | None = None
    headline: str = ""
    subline: str = ""
    cta: str = ""
    price: str = ""
    disclaimer: str = ""


class _Words(Entry):
    language: str = "en"
    headline: _Text
    subline: _Text = Field("", min_length=0)
    cta: _Text = Field("", min_length=0)
    price: _Text = Field("", min_length=0)
    disclaimer: _Text = Field("", min_length=0)


class _Copy(Entry):
    languages: Annotated[tuple[Language, ...], Field(min_length=1)] = ("en",)
    tones: Annotated[tuple[str, ...], Field(min_length=1)] = ("plain",)
    audience: str = "everyone"
    variants: Annotated[int, Field(ge=1, le=20)] = 1


class _Brand(BrandWords):
    logo: str | None = None
    font: str | None = None


class _Plan(Entry):
    briefs: str | None = None
    products: tuple[_Product, ...] = ()
    scenes: tuple[_Text, ...] = ("",)
    words: tuple[_Words, ...] = ()
    copy_: _Copy = Field(default_factory=_Copy, alias="copy")
    channels: tuple[str, ...] = ()
    layouts: tuple[str, ...] = ()
    seeds: tuple[Annotated[int, Field(ge=0, le=MAX_SEED)], ...] = Field((0,), min_length=1)
    brand: _Brand | str | None = None
    concepts_in_listings: bool = False

    @field_validator("scenes")
    @classmethod
    def _one_at_least(cls, scenes: tuple[str, ...]) -> tuple[str, ...]:
        return scenes or ("",)


def read_plan(file: Path, channels: Sequence[str] = (), kits: BrandKits | None = None) -> Plan:
    """Reads a plan (YAML) or a table of briefs (CSV); `channels` take the place of those in it, `kits` are the brands
    that it may name.

    Raises InputError, for a YAML file PromptsError with file, line and field.
    """
    if file.suffix.lower() not in (".yaml", ".yml"):
        read = read_briefs(file)
        return Plan(briefs=read.good, bad=read.bad, channels=tuple(channels), notes=_notes(read))
    written = validated(file, TypeAdapter(_Plan))
    folder = file.parent
    briefs: list[Brief] = []
    bad: list[BadBrief] = []
    notes: tuple[str, ...] = ()
    if written.briefs:
        read = read_briefs(inside(folder, written.briefs))
        briefs, bad, notes = list(read.good), list(read.bad), _notes(read)
    for product in written.products:
        try:
            briefs.append(_brief(product, folder))
        except InputError as error:
            bad.append(BadBrief(sku=product.sku, line=None, problem=str(error)))
    if not briefs and not bad:
        raise InputError(f"{file.name} has no products.", "Write some under “products”, or name a CSV under “briefs”.")
    choice = written.copy_
    return Plan(
        briefs=tuple(briefs),
        bad=tuple(bad),
        scenes=written.scenes,
        words=tuple(Words(**words.model_dump()) for words in written.words),
        copy=CopyChoice(
            languages=choice.languages, tones=choice.tones, audience=choice.audience, variants=choice.variants
        ),
        channels=tuple(channels) or written.channels,
        layouts=written.layouts,
        seeds=written.seeds,
        brand=_brand(written.brand, folder, kits),
        concepts_in_listings=written.concepts_in_listings,
        notes=notes,
    )


def _notes(read: Briefs) -> tuple[str, ...]:
    return (f"columns that aren't used: {', '.join(read.unused)}",) if read.unused else ()


def _brief(product: _Product, folder: Path) -> Brief:
    texts = product.model_dump(exclude={"kept"})
    if product.kept is None:
        return brief_of(texts, folder)
    texts.pop("image")
    return Brief(**texts, kept=product.kept)


def _brand(brand: _Brand | str | None, folder: Path, kits: BrandKits | None) -> BrandKit | None:
    if brand is None:
        return None
    if isinstance(brand, str):
        if kits is None:
            raise InputError(f"There is no brand kit “{brand}”.", "Write the brand into the plan.")
        return kits.load(brand)
    return brand_kit(
        name=brand.name,
        colour=brand.colour,
        accent=brand.accent,
        style=brand.style,
        never=brand.never,
        logo=inside(folder, brand.logo) if brand.logo else None,
        font=inside(folder, brand.font) if brand.font else None,
    )


@dataclass(frozen=True, kw_only=True)
class Shot:
    """One picture of a product, and the adverts that show it."""

    brief: Brief
    scene: str
    seed: int

    @property
    def prompt(self) -> str:
        """What is drawn, where there is no picture."""
        return ", ".join(filter(None, (self.brief.description, self.scene))) if self.scene else self.brief.description


def shots_of(plan: Plan, brief: Brief) -> list[Shot]:
    """The pictures of one product: one for each scene and seed; a photo in its own scene has no seeds."""
    return [
        Shot(brief=brief, scene=scene, seed=seed)
        for scene in plan.scenes
        for seed in (plan.seeds if brief.is_drawn or scene else plan.seeds[:1])
    ]


def words_of(plan: Plan, brief: Brief, attributes: Mapping[str, str], writer: Copywriter) -> list[Words]:
    """What a brief's adverts say, once for each variant: nothing where nothing is known of the product. Raises
    InputError for a tone or kind of customer that there isn't."""
    if _are_given(plan, brief):
        return [_completed(words, brief) for words in plan.words]
    if brief.headline:
        own = Words(language=language_of(brief.headline), headline=brief.headline)
        return [_completed(own, brief)]
    written: list[Words] = []
    choice = plan.copy
    known = bool(brief.name) or "product" in attributes
    own = {words.language: _completed(words, brief) for words in plan.words}
    for language in choice.languages:
        for tone in choice.tones:
            for variant in range(choice.variants):
                if not known:  # adverts without words can be made all the same
                    written.append(Words(language=language))
                    continue
                words = writer.write(
                    attributes,
                    name=brief.name,
                    language=language,
                    tone=tone,
                    audience=choice.audience,
                    variant=variant,
                )
                written.append(_own_first(words, own.get(language, _completed(Words(), brief))))
    return written


def languages_of(plan: Plan, brief: Brief) -> list[str]:
    """The languages of what `words_of` gives, in its order: known before anything is drawn."""
    if _are_given(plan, brief):
        return [words.language for words in plan.words]
    if brief.headline:
        return [language_of(brief.headline)]
    choice = plan.copy
    return [language for language in choice.languages for _ in range(len(choice.tones) * choice.variants)]


def count_of(plan: Plan, channels: Channels, layouts: Layouts) -> int:
    """How many adverts a plan makes. Raises InputError for unknown channels and layouts, and for too many adverts."""
    chosen = [(channel, len(layouts.for_channel(channel, plan.layouts))) for channel in channels.chosen(plan.channels)]
    total = 0
    for brief in plan.briefs:
        variants = len(languages_of(plan, brief))
        total += len(shots_of(plan, brief)) * sum(
            number * (variants if channel.words else 1) for channel, number in chosen
        )
    if total > MAX_ADVERTS:
        raise InputError(f"These are {total:,} adverts.", f"Make at most {MAX_ADVERTS:,} at once.")
    return total


def _are_given(plan: Plan, brief: Brief) -> bool:
    """Whether the plan's words are all that is said."""
    return any(words.headline or brief.headline for words in plan.words)


def _completed(words: Words, brief: Brief) -> Words:
    """Words with the brief's own where they have none."""
    return Words(
        language=words.language,
        headline=words.headline or brief.headline,
        subline=words.subline or brief.subline,
        price=words.price or brief.price,
        cta=words.cta or brief.cta,
        disclaimer=words.disclaimer or brief.disclaimer,
    )


def _own_first(words: Words, own: Words) -> Words:
    """Words from templates, where those that somebody gave come first."""
    return Words(
        language=words.language,
        headline=words.headline,
        subline=own.subline or words.subline,
        price=own.price,
        cta=own.cta or words.cta,
        disclaimer=own.disclaimer,
    )


#: Languages by the script that gives them away: first and last code point.
_SCRIPTS = (
    ("ja", "\u3040", "\u30ff"),
    ("ko", "\uac00", "\ud7a3"),
    ("zh", "\u3400", "\u9fff"),
    ("ar", "\u0600", "\u06ff"),
    ("he", "\u0590", "\u05ff"),
)


def language_of(text: str) -> str:
    """The language that a text's script suggests, English where none does: it decides about fonts and line breaks."""
    return next((name for name, first, last in _SCRIPTS if any(first <= letter <= last for letter in text)), "en")
