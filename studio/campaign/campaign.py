"""START HERE: from a plan to finished adverts, in the order in which it happens."""

from __future__ import annotations

import hashlib
import json
import logging
import re
import secrets
import time
import unicodedata
from collections import deque
from collections.abc import Generator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import studio
from studio.campaign.advert import Advert, Composer, Look, Words
from studio.campaign.brief import Brief
from studio.campaign.channels import Channel, Channels, load_channels
from studio.campaign.checks import checked
from studio.campaign.claims import flags, load_claims
from studio.campaign.copywriting import Copywriter, load_copy
from studio.campaign.encoding import encoded
from studio.campaign.export import Export, Unwritable, is_full
from studio.campaign.fonts import Fonts
from studio.campaign.layouts import Layout, Layouts, load_layouts, shape_of
from studio.campaign.manifest import Row
from studio.campaign.pace import WORKERS, TimeLeft, guessed, pace
from studio.campaign.plan import Plan, Shot, count_of, languages_of, shots_of, words_of
from studio.campaign.sources import Darkroom, Picture, photo, read_photo
from studio.campaign.subject import Subject
from studio.errors import InputError, StudioError
from studio.prompts import Prompts
from studio.refusals import Refusal
from studio.signature import Signer

logger = logging.getLogger(__name__)

_LONGEST_NAME = 48  # characters of a file's name that come from the sku
_RESERVED = frozenset({"con", "prn", "aux", "nul", *(f"{kind}{n}" for kind in ("com", "lpt") for n in range(1, 10))})


@dataclass(frozen=True, kw_only=True)
class Progress:
    """One advert of a campaign is done: `row` says how it went, `is_new` whether it was made now rather than earlier.
    `seconds_left` is an estimate, None before there is a measure."""

    done: int
    total: int
    row: Row
    is_new: bool
    seconds_left: float | None


@dataclass(frozen=True, kw_only=True)
class _Task:
    """One advert that is to be made; `variant` counts the words that its brief has."""

    number: int
    name: str
    key: str
    sku: str
    variant: int
    layout: Layout
    channel: Channel


@dataclass(frozen=True, kw_only=True)
class _Prepared:
    """A product's picture, ready for its adverts, and what they say; no subject where only a logo is shown."""

    picture: Picture
    subject: Subject | None
    words: tuple[Words, ...]


class Campaign:
    """A plan that can be counted, priced and run. Raises StudioError where the plan itself can't be carried out."""

    def __init__(
        self,
        plan: Plan,
        *,
        darkroom: Darkroom,
        prompts: Prompts,
        signer: Signer,
        folder: Path | None = None,
        fonts: Fonts | None = None,
    ) -> None:
        """`folder` is the user's own folder of words, where some of `prompts/` may be replaced."""
        self.plan = plan
        self._darkroom = darkroom
        self._signer = signer
        self._channels: Channels = load_channels(folder)
        self._layouts: Layouts = load_layouts(folder)
        self._claims: tuple[Refusal, ...] = load_claims(folder)
        self._writer = Copywriter(load_copy(folder), prompts.vocabulary)
        look = plan.brand.look if plan.brand else Look()
        whole = frozenset(
            word for group in ("product", "material") for term in prompts.vocabulary[group].values() for word in term.zh
        )
        self._composer = Composer(fonts=fonts or Fonts(), look=look, whole=whole)
        self.channels: list[Channel] = self._channels.chosen(plan.channels)
        #: How many adverts there will be, and products that can't be made.
        self.count = count_of(plan, self._channels, self._layouts) + len(plan.bad)

    @property
    def seconds(self) -> float:
        """What it takes at a guess, on this computer and as busy as it is now."""
        drawings = sum(len(shots_of(self.plan, brief)) for brief in self.plan.briefs if brief.is_drawn)
        photos = sum(len(shots_of(self.plan, brief)) for brief in self.plan.briefs if not brief.is_drawn)
        area = sum(channel.width * channel.height for channel in self.channels) / len(self.channels) / 1e6
        return guessed(adverts=self.count, megapixels=area, photos=photos, drawings=drawings, pace=pace())

    def run(self, out: Path) -> Generator[Progress]:
        """Makes the adverts into a folder or a ZIP, and says of each how it went.

        What is there from an earlier time isn't made again. Closing the generator stops it; the next run goes on. A
        failed advert stops no other; only where nothing can be written StudioError is raised.
        """
        export = Export(out)
        finished = False
        try:
            with closing(self._rows(export)) as rows:
                clock, left = TimeLeft(self.seconds / max(1, self.count)), None
                for done, (row, is_new) in enumerate(rows, start=1):
                    if is_new:
                        export.add(row)
                        left = clock.after(time.monotonic(), max(0, self.count - done))
                    yield Progress(done=done, total=max(self.count, done), row=row, is_new=is_new, seconds_left=left)
            export.finish(title="Adverts")
            finished = True
        finally:
            if not finished:
                export.close()

    def preview(self, side: int, count: int) -> Generator[Advert]:
        """How the first product's adverts look, each in another shape of the chosen channels, `count` at most. They are
        about `side` pixels long, and nothing is written. Raises StudioError."""
        if not self.plan.briefs:
            return
        prepared = self._prepared(shots_of(self.plan, self.plan.briefs[0])[0])
        shapes: dict[str, Channel] = {}
        for channel in self.channels:
            if channel.kind != "logo":
                shapes.setdefault(shape_of(channel.frame) if channel.words else channel.background, channel)
        for channel in list(shapes.values())[:count]:
            self._refuse(prepared.picture, prepared.words[0], channel)
            layout = self._layouts.for_channel(channel, self.plan.layouts)[0]
            # A strip is drawn in its own size, or its words would be too small.
            scale = min(1.0, max(side / max(channel.size), side / 3 / min(channel.size)))
            size = round(channel.width * scale), round(channel.height * scale)
            small = channel.model_copy(update={"size": size})
            yield self._composer.draw(prepared.subject, prepared.words[0], layout, small)

    def _rows(self, export: Export) -> Generator[tuple[Row, bool]]:
        """All rows in their order, and whether each is new. A product is drawn while those before it are composed."""
        number = 0
        for bad in self.plan.bad:
            problem = f"line {bad.line}: {bad.problem}" if bad.line else bad.problem
            yield Row(number=number, key="", sku=bad.sku, status="failed", problems=(problem,)), True
            number += 1
        names: set[str] = set()
        waiting: deque[tuple[Row, bool] | Future[Row]] = deque()
        pool = ThreadPoolExecutor(WORKERS, thread_name_prefix="adverts")
        try:
            for shot in (shot for brief in self.plan.briefs for shot in shots_of(self.plan, brief)):
                tasks: list[_Task] = []
                there: dict[int, Row] = {}
                prepared: _Prepared | None = None
                problem = ""
                try:
                    with _stopping_no_other("a product"):
                        # 1. What is to be made of this picture, and what of it there is already.
                        tasks = self._tasks(shot, number, names)
                        there = {task.number: row for task in tasks if (row := export.journal.done(task.key))}
                        # 2. The picture, the product on it, and the words.
                        prepared = self._prepared(shot) if len(there) < len(tasks) else None
                except _Failed as failed:
                    problem = str(failed)
                # 3. Its adverts.
                number += len(tasks)
                for task in tasks:
                    if task.number in there:
                        row = replace(there[task.number], number=task.number)
                        export.journal.keep(row)
                        waiting.append((row, False))
                    elif prepared is not None:
                        waiting.append(pool.submit(self._make, task, prepared, export))
                    while len(waiting) > 2 * WORKERS:
                        yield _settled(waiting.popleft())
                if problem:
                    problem = f"line {shot.brief.line}: {problem}" if shot.brief.line else problem
                    row = Row(number=number, key="", sku=shot.brief.sku, status="failed", problems=(problem,))
                    waiting.append((row, True))
                    number += 1
            while waiting:
                yield _settled(waiting.popleft())
        finally:
            pool.shutdown(cancel_futures=True)

    def _tasks(self, shot: Shot, first: int, names: set[str]) -> list[_Task]:
        """The adverts of one picture: words x channels x layouts. Nothing is drawn for it."""
        plan = self.plan
        languages = languages_of(plan, shot.brief)
        decided = self._decided(shot)
        tasks: list[_Task] = []
        for variant, language in enumerate(languages):
            for channel in self.channels:
                if variant and not channel.words:
                    continue  # it is the same whatever the words
                layouts = self._layouts.for_channel(channel, plan.layouts)
                for layout in layouts:
                    parts = [_file_name(shot.brief.sku)]
                    parts += [f"scene{plan.scenes.index(shot.scene) + 1}"] if len(plan.scenes) > 1 else []
                    parts += [f"seed{shot.seed}"] if len(plan.seeds) > 1 and (shot.brief.is_drawn or shot.scene) else []
                    parts += [f"{variant + 1}-{language}"] if len(languages) > 1 and channel.words else []
                    parts += [layout.name] if len(layouts) > 1 else []
                    name = _unused(f"{channel.name}/{'_'.join(parts)}", names)
                    own = (decided, name, variant, layout.model_dump_json(), channel.model_dump_json())
                    tasks.append(
                        _Task(
                            number=first + len(tasks),
                            name=name,
                            key=_hash(own),
                            sku=shot.brief.sku,
                            variant=variant,
                            layout=layout,
                            channel=channel,
                        )
                    )
        return tasks

    def _decided(self, shot: Shot) -> str:
        """A hash of all that decides the pixels of a picture's adverts, but for layout and channel."""
        brief, plan = shot.brief, self.plan
        photo_sha256 = read_photo(brief.image)[1] if brief.image is not None else brief.kept
        said = {name: value for name, value in asdict(brief).items() if name not in ("line", "image")}
        return _hash(
            (
                studio.__version__,
                self._darkroom.model,
                said,
                photo_sha256,
                (shot.scene, shot.seed),
                [asdict(words) for words in plan.words],
                asdict(plan.copy),
                self._writer.digest,
                plan.brand.digest if plan.brand else "",
                plan.concepts_in_listings,
            )
        )

    def _prepared(self, shot: Shot) -> _Prepared:
        """The picture of a shot, made ready, and what its adverts say."""
        picture = self._picture(shot)
        subject = None
        if any(channel.kind != "logo" for channel in self.channels):
            # A photo keeps its own pixels; what was drawn is small.
            upscale = self._darkroom.upscale if picture.origin == "drawn" else None
            mask = picture.mask or self._darkroom.product_mask(picture.image)
            subject = Subject(picture.image, mask, upscale)
        return _Prepared(
            picture=picture,
            subject=subject,
            words=tuple(words_of(self.plan, shot.brief, picture.attributes, self._writer)),
        )

    def _picture(self, shot: Shot) -> Picture:
        """The picture of a shot, which its photo, the library or the model gives; put into another scene if asked."""
        brief = shot.brief
        if brief.is_drawn:
            return self._darkroom.draw(shot.prompt, shot.seed)
        picture = self._given(brief)
        if not shot.scene:
            return picture
        mask = picture.mask or self._darkroom.product_mask(picture.image)
        staged = self._darkroom.restage(picture.image, mask, shot.scene, shot.seed)
        made = {**picture.made, "scene": shot.scene, "scene_seed": shot.seed}
        return replace(picture, image=staged, mask=mask, made=made)

    def _given(self, brief: Brief) -> Picture:
        """The picture that a brief has: a photo, or one of the library."""
        if brief.image is not None:
            data, sha256 = read_photo(brief.image)
            said = self._darkroom.read(brief.description) if brief.description else dict[str, str]()
            return photo(data, brief.image.name, sha256, said, self._darkroom.known)
        return self._darkroom.kept(brief.kept or "")

    def _make(self, task: _Task, prepared: _Prepared, export: Export) -> Row:
        """One advert, or a row that says why there is none. Raises Unwritable."""
        try:
            with _stopping_no_other(f"an advert for {task.channel.name}"):
                return self._made(task, prepared, export)
        except _Failed as failed:
            return replace(_row(task), problems=(str(failed),))

    def _made(self, task: _Task, prepared: _Prepared, export: Export) -> Row:
        """One advert: composed, encoded, marked, signed, measured, written."""
        channel, picture, words = task.channel, prepared.picture, prepared.words[task.variant]
        source = picture.source_type
        self._refuse(picture, words, channel)
        advert = self._composer.draw(prepared.subject, words, task.layout, channel)
        data, kind = encoded(advert.image, channel, source=source, signer=self._signer)
        measured = checked(data, advert, source=source, verify=self._signer.verify)
        name = f"{task.name}.{kind}"
        export.write(name, data)
        missed = [check for check in measured if not check.passed]
        notes = [str(check) for check in missed] + list(advert.notes) + self._warnings(picture, words, channel)
        return replace(
            _row(task),
            file=name,
            sha256=hashlib.sha256(data).hexdigest(),
            status="failed" if any(not check.advice for check in missed) else "ok",
            problems=tuple(notes),
            recipe=_recipe(picture, words, advert, self.plan),
            checks=tuple(asdict(check) for check in measured),
        )

    def _refuse(self, picture: Picture, words: Words, channel: Channel) -> None:
        """Raises InputError for what may not be made: concepts for listings, and words that the brand never uses."""
        if picture.concept and channel.kind == "listing" and not self.plan.concepts_in_listings:
            raise InputError(
                f"{channel.title} shows the real product, and this picture is a concept: {picture.concept}.",
                "Give a photo, or allow concepts in listings.",
            )
        if self.plan.brand is not None and channel.words:
            for text in words.by_role.values():
                for flag in self.plan.brand.flags(text):
                    raise InputError(f"{flag}.", "Say it in other words.")

    def _warnings(self, picture: Picture, words: Words, channel: Channel) -> list[str]:
        """What a person should know of an advert that was made."""
        found: list[str] = []
        if picture.concept and channel.kind == "listing":
            found.append(f"a concept in a listing, as was asked for: {picture.concept}")
        if channel.words:
            said = " / ".join(words.by_role.values())
            found += [str(flag) for flag in flags(said, self._claims)]
        return found


def _settled(made: tuple[Row, bool] | Future[Row]) -> tuple[Row, bool]:
    return (made.result(), True) if isinstance(made, Future) else made


def _row(task: _Task) -> Row:
    """The row of an advert that isn't made yet."""
    channel = task.channel
    return Row(
        number=task.number,
        key=task.key,
        sku=task.sku,
        channel=channel.name,
        width=channel.width,
        height=channel.height,
        status="failed",
    )


class _Failed(Exception):
    """One product or advert can't be made; says why, for people."""


@contextmanager
def _stopping_no_other(what: str) -> Generator[None]:
    """Whatever goes wrong inside is a `_Failed`. Raises Unwritable where nothing can be written any more.

    What nobody expected is in the log, under a number; `what` it was has none of anybody's words in it.
    """
    try:
        yield
    except Exception as error:
        if isinstance(error, Unwritable):
            raise
        if is_full(error):
            raise Unwritable("The disk is full.", "Make room; what was made is kept.") from error
        if isinstance(error, StudioError):
            raise _Failed(str(error)) from error
        number = secrets.token_hex(4)
        logger.exception("%s could not be made (error %s)", what, number)
        raise _Failed(
            f"Something went wrong in the studio (error {number}), and its log says what. Run it once more."
        ) from error


def _recipe(picture: Picture, words: Words, advert: Advert, plan: Plan) -> dict[str, object]:
    """How an advert was made."""
    faces = sorted({painted.setting.face.path.name for painted in advert.words})
    return {
        "kind": "advert",
        "studio": studio.__version__,
        "picture": dict(picture.made),
        "origin": picture.origin,
        "layout": advert.layout,
        "words": asdict(words) if advert.channel.words else {},
        "brand": plan.brand.name if plan.brand else None,
        "enlarged": round(advert.scale, 3),
        "upscaler": advert.factor,
        "fonts": faces,
    }


def _hash(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True, ensure_ascii=False, default=str).encode()).hexdigest()


def _file_name(sku: str) -> str:
    """A name for files of what somebody calls a product; any system takes it."""
    text = unicodedata.normalize("NFKC", sku)
    text = re.sub(r"[^\w.-]+", "-", text).strip("-. _")[:_LONGEST_NAME].rstrip("-. ")
    return f"{text}-" if text.casefold().partition(".")[0] in _RESERVED else text or "product"


def _unused(name: str, names: set[str]) -> str:
    """The name, with a number behind it where it is taken; small and capital letters are the same to some systems."""
    number, tried = 1, name
    while tried.casefold() in names:
        number += 1
        tried = f"{name}-{number}"
    names.add(tried.casefold())
    return tried
