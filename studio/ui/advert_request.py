"""What the Adverts tab and the endpoint `/campaign` ask for, so that it can be written down and gone on with."""

from __future__ import annotations

import hashlib
import json
import shutil
import textwrap
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast

from pydantic import TypeAdapter, ValidationError

from studio.campaign.advert import Words
from studio.campaign.brand_kit import BrandKits
from studio.campaign.brief import Brief, brief_of, read_briefs
from studio.campaign.copywriting import Language
from studio.campaign.plan import CopyChoice, Plan
from studio.campaign.typesetting import NAMES
from studio.errors import InputError, StudioError
from studio.request import MAX_SEED

if TYPE_CHECKING:
    from studio.service import Studio

#: Where campaigns and the tables of products lie in the data folder.
CAMPAIGNS, TABLES = "campaigns", "campaign_tables"
TABLE = "products.csv"
MAX_PICTURES = 12
#: Drawings of one product in one scene.
MAX_VARIANTS = 8
_LONGEST = 300  # characters of a text in an advert
_FILE_NAME = 40  # characters of a description that files are named after
_PICTURE_ENDINGS = (".png", ".jpg", ".jpeg", ".webp")

#: Languages that words are typed in. The last one is any other, chosen beside it.
PANES = {"en": "English", "zh": "中文", "de": "Deutsch", "": "Other"}
OTHERS = {
    "French": "fr",
    "Spanish": "es",
    "Italian": "it",
    "Portuguese": "pt",
    "Dutch": "nl",
    "Polish": "pl",
    "Turkish": "tr",
    "Japanese": "ja",
    "Korean": "ko",
    "Arabic": "ar",
    "Hebrew": "he",
}
_LANGUAGES = PANES | {language: title for title, language in OTHERS.items()}

Source = Literal["words", "pictures", "table"]


@dataclass(frozen=True, kw_only=True)
class AdvertRequest:
    """A campaign as people ask for it; all of it can be written down as JSON.

    `source` says which of description, `pictures` (hashes of the library) and `table` (a folder's name) is the product.
    `words` are written from templates where there are none, in `languages`, `tones` and for an `audience`; those
    without a headline go with what is written in their language. Variant i is drawn with seed `seed + i`. `brand` is
    the name of a kit, or "".
    """

    source: Source = "words"
    name: str = ""
    description: str = ""
    pictures: tuple[str, ...] = ()
    table: str = ""
    words: tuple[Words, ...] = ()
    languages: tuple[Language, ...] = ("en",)
    tones: tuple[str, ...] = ("plain",)
    audience: str = "everyone"
    scenes: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    layouts: tuple[str, ...] = ()
    seed: int = 1
    variants: int = 1
    brand: str = ""
    concepts_in_listings: bool = False

    @property
    def number(self) -> str:
        """The same for what is asked for twice: then the second time goes on with the first. 16 hexadecimal digits."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()[:16]

    def to_json(self) -> str:
        return json.dumps(asdict(self), ensure_ascii=False, sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> AdvertRequest:
        """Raises InputError."""
        try:
            return TypeAdapter(cls).validate_json(text)
        except ValidationError as error:
            raise InputError("This campaign was written down by another version.", "Set it up again.") from error


def title_of(request: AdvertRequest) -> str:
    """What a campaign is called in a list."""
    headline = next((words.headline for words in request.words), "")
    named = request.name or request.description or headline
    products = {"table": "Products of a table", "pictures": "A picture"}.get(request.source, "Adverts")
    return (named or products)[:60]


def unsaid(request: AdvertRequest) -> list[str]:
    """Languages that are ticked and have no headline, while others have one: nothing is made in them."""
    said = {words.language for words in request.words if words.headline}
    return [PANES[language] for language in request.languages if language not in said] if said else []


def to_plan(request: AdvertRequest, studio: Studio) -> Plan:
    """The plan that carries a request out. Raises InputError, in words for the person who asked."""
    for text in _texts(request):
        if any("\ud800" <= letter <= "\udfff" for letter in text):
            raise InputError("A text has a character that is none.", "Type it again.")
    for words in request.words:
        for role, text in words.by_role.items():
            if len(text) > _LONGEST:
                raise InputError(f"The {role} has {len(text)} characters.", f"Use at most {_LONGEST}.")
    _check_headlines(request)
    if not request.channels:
        raise InputError("No channel is ticked.", "Tick the places where the adverts go.")
    if not 1 <= request.variants <= MAX_VARIANTS:
        raise InputError(f"There can't be {request.variants} variants.", f"Use 1 to {MAX_VARIANTS}.")
    if not 0 <= request.seed <= MAX_SEED - MAX_VARIANTS:
        raise InputError("The seed must be a whole number.", "Use one that is not so large.")
    kit = BrandKits(studio.settings.data_dir).load(request.brand) if request.brand else None
    plan = Plan(
        briefs=(),
        scenes=request.scenes or ("",),
        words=request.words,
        copy=CopyChoice(
            languages=request.languages or ("en",), tones=request.tones or ("plain",), audience=request.audience
        ),
        channels=request.channels,
        layouts=request.layouts,
        seeds=tuple(range(request.seed, request.seed + request.variants)),
        brand=kit,
        concepts_in_listings=request.concepts_in_listings,
    )
    if request.source == "table":
        read = read_briefs(table_file(studio, request.table))
        return replace(plan, briefs=read.good, bad=read.bad, words=(), notes=read.unused)
    return replace(plan, briefs=_products(request))


def _check_headlines(request: AdvertRequest) -> None:
    """Raises InputError for what would never be seen: words for which there is no headline, and none is written."""
    written = () if any(words.headline for words in request.words) else request.languages
    for words in () if request.source == "table" else request.words:
        if words.by_role and not words.headline and words.language not in written:
            part, language = NAMES[next(iter(words.by_role))], _LANGUAGES.get(words.language, words.language)
            raise InputError(f"There is a {part} but no headline ({language}).", "Type one, or take the rest out.")


def _products(request: AdvertRequest) -> tuple[Brief, ...]:
    name = request.name.strip()
    if request.source == "words":
        if not request.description.strip():
            raise InputError("The product isn't described.", "Say what it is, or choose a picture of it.")
        sku = name or textwrap.shorten(request.description, _FILE_NAME, placeholder="") or "product"
        return (brief_of({"sku": sku, "name": name, "description": request.description}, Path()),)
    if not 1 <= len(request.pictures) <= MAX_PICTURES:
        if request.pictures:
            raise InputError(f"These are {len(request.pictures)} pictures.", f"Use at most {MAX_PICTURES}.")
        raise InputError("There is no picture of the product.", "Upload one, or send one here from another tab.")
    several = len(request.pictures) > 1
    return tuple(
        Brief(sku=f"{name or 'product'}{f' {number}' if several else ''}"[:80], name=name, kept=sha256)
        for number, sha256 in enumerate(request.pictures, start=1)
    )


def keep_table(studio: Studio, files: Sequence[Path]) -> str:
    """Keeps a table of products with the pictures that it names, and returns its name. Raises InputError."""
    tables = [file for file in files if file.suffix.lower() == ".csv"]
    pictures = [file for file in files if file.suffix.lower() in _PICTURE_ENDINGS]
    if len(tables) != 1:
        raise InputError("There has to be one table.", "Choose one CSV file, and with it the pictures that it names.")
    digest = hashlib.sha256()
    for file in sorted((*tables, *pictures), key=lambda file: file.name):
        digest.update(file.name.encode() + b"\0" + hashlib.sha256(file.read_bytes()).digest())
    folder = studio.settings.data_dir / TABLES / digest.hexdigest()
    try:
        if not (folder / TABLE).is_file():
            folder.mkdir(parents=True, exist_ok=True)
            for picture in pictures:
                shutil.copyfile(picture, folder / picture.name)
            shutil.copyfile(tables[0], folder / TABLE)  # last: where it is, all is
    except OSError as error:
        raise StudioError(f"The table can't be kept: {error.strerror}.", "Make room in the data folder.") from error
    return digest.hexdigest()


def table_file(studio: Studio, name: str) -> Path:
    """The file of a table that was kept. Raises InputError where there is none."""
    path = studio.settings.data_dir / TABLES / name / TABLE
    if not name.isalnum() or not path.is_file():
        raise InputError("There is no table of products.", "Upload a CSV file.")
    return path


def _texts(request: AdvertRequest) -> list[str]:
    said = [text for words in request.words for text in asdict(words).values()]
    return [request.name, request.description, *request.scenes, *cast("list[str]", said)]
