"""The Adverts tab: from one product to finished adverts for every channel, and the choice among them."""
# Gradio is typed in part.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportPrivateImportUsage=false

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr

from studio.campaign.brand_kit import BrandKits
from studio.campaign.channels import load_channels
from studio.campaign.claims import Flag, flags, load_claims
from studio.campaign.copywriting import Copywriter, load_copy
from studio.campaign.plan import Plan
from studio.campaign.winners import keep_winners
from studio.errors import InputError, StudioError
from studio.library.shares import DAYS, MAX_DAYS
from studio.ui import adverts_markup as markup
from studio.ui.advert_files import archive
from studio.ui.advert_form import PARTS, Form, advert_form, grouped, to_request, words_of
from studio.ui.advert_preview import AdvertPreview
from studio.ui.advert_request import MAX_PICTURES, PANES, AdvertRequest, keep_table, to_plan, unsaid
from studio.ui.advert_runs import Run, Runs
from studio.ui.brand_kit_form import PRESS_LOOK
from studio.ui.errors import plain_words
from studio.ui.library_tab import chosen, link_box
from studio.ui.markup import notice
from studio.ui.picture import decoded
from studio.ui.queues import ASKS, DRAWS

if TYPE_CHECKING:
    from gradio.components import Component

    from studio.campaign.manifest import Row
    from studio.service import Studio

_SCRIPT = Path(__file__).with_name("adverts.js")

COMPARED = (2, 4)  # adverts side by side, at least and at most
EVERYTHING, PROBLEMS = "All adverts", "With problems"

#: For the browser: what is ticked there goes in place of the first value.
TICKED = "(_, ...others) => [JSON.stringify(window.adverts?.ticked() ?? []), ...others]"
SURE = "(_, ...others) => [confirm('Delete this campaign and its files for good?'), ...others]"
SCROLL = "() => document.querySelector('#adverts-progress').scrollIntoView({behavior: 'smooth', block: 'center'})"


@dataclass(frozen=True, kw_only=True)
class AdvertsTab:
    """Where pictures of other tabs are sent to, as those that edit are; and the campaigns of the page."""

    studio: Studio
    form: Form
    runs: Runs
    name: str = "adverts"

    @property
    def opened(self) -> list[Component]:
        """The widgets that a picture sets, in the order of `opening`."""
        form = self.form
        return [form.source, form.pictures, form.products, form.clear, *columns(form)]

    def opening(self, path: str | Path) -> list[Any]:
        """The values of `opened` for the picture at `path`. Raises InputError where it is none."""
        pictures = (kept(self.studio, path),)
        return ["pictures", pictures, markup.products(pictures), gr.Button(visible=True), *on_source("pictures")]


def columns(form: Form) -> list[Component]:
    """What comes and goes with the way in which the product is given."""
    return [form.by_words, form.by_pictures, form.by_table, form.own_words]  # pyright: ignore[reportReturnType]


def adverts_tab(studio: Studio, tab: gr.Tab) -> AdvertsTab:
    """Lays the tab out inside `tab`, and connects it to `studio`."""
    runs, preview = Runs(studio), AdvertPreview(studio)

    # 1. Layout: what is wanted on the left; how it will look, and what was made, on the right.
    with gr.Row(elem_classes="workbench", elem_id="adverts"):
        with gr.Column(elem_classes="words"):
            form = advert_form(studio)
            with gr.Row(elem_classes="actions"):
                run = gr.Button("Make the adverts", variant="primary", elem_id="adverts-run")
                stop = gr.Button("Stop", visible=False, elem_id="adverts-stop")
        with gr.Column(elem_classes="stage"):
            price = gr.HTML(elem_id="adverts-price", js_on_load=_SCRIPT.read_text(encoding="utf-8"))
            previews = gr.HTML(elem_id="adverts-previews")
            progress = gr.HTML(elem_id="adverts-progress")
            with gr.Column(visible=False, elem_id="adverts-made") as made:
                which = gr.Radio([EVERYTHING, PROBLEMS], value=EVERYTHING, show_label=False, elem_classes="pills")
                compared = gr.HTML(elem_id="adverts-compared")
                grid = gr.HTML(elem_id="adverts-grid")
                with gr.Column(elem_id="adverts-choice"):
                    gr.HTML('<p id="adverts-count" class="faint" role="status">Tick the winners.</p>')
                    with gr.Row(elem_classes="next-steps"):
                        compare = gr.Button("Compare", size="sm", elem_id="adverts-compare")
                        winners = gr.Button("Download winners (ZIP)", size="sm", elem_id="adverts-winners")
                        everything = gr.Button("Download all (ZIP)", size="sm", elem_id="adverts-all")
                        keep = gr.Button("Put winners into the library", size="sm", elem_id="adverts-keep")
                    said = gr.HTML()
                    zip_file = gr.File(label="Download", visible=False, elem_id="adverts-zip")
                    with gr.Accordion("Share the winners for approval", open=False, elem_id="adverts-share"):
                        title = gr.Textbox(label="Title", placeholder="Spring campaign", max_lines=1)
                        note = gr.Textbox(label="Note", placeholder="Which of these shall we run?", lines=2)
                        with gr.Row():
                            days = gr.Number(DAYS, label="Days until it ends", precision=0, minimum=1, maximum=MAX_DAYS)
                            password = gr.Textbox(label="Password (none if empty)", type="password", max_lines=1)
                        share = gr.Button("Make a link", size="sm", elem_id="adverts-make-link")
                        link = gr.Textbox(
                            label="Link", visible=False, interactive=False, buttons=["copy"], elem_id="adverts-link"
                        )
            with gr.Accordion("Earlier campaigns", open=False, elem_id="adverts-earlier") as earlier:
                campaign = gr.Dropdown(runs.earlier(), value=None, label="Campaign", elem_id="adverts-campaign")
                with gr.Row(elem_classes="next-steps"):
                    show = gr.Button("Show it", size="sm")
                    go_on = gr.Button("Go on with it", size="sm")
                    delete = gr.Button("Delete it", size="sm")
        look = gr.Button(visible="hidden", elem_id="adverts-look")
        # What only the browser knows travels in these.
        ticked, sure = gr.Textbox(visible="hidden"), gr.Checkbox(visible="hidden")
        number, seen, written = gr.State(""), gr.State(("", -1, "")), gr.State(0)
        timer = gr.Timer(1, active=False)

    # 2. The form.
    quiet: dict[str, Any] = {"show_progress": "hidden", **ASKS}
    form.source.input(on_source, form.source, columns(form), **quiet).success(None, js=PRESS_LOOK)
    with_pictures = [form.pictures, form.products, form.clear, form.upload]
    form.upload.upload(
        partial(on_upload, studio), [form.upload, form.pictures], with_pictures, show_progress_on=form.products, **ASKS
    ).success(None, js=PRESS_LOOK)
    form.clear.click(lambda: ((), "", gr.Button(visible=False), None), outputs=with_pictures, **quiet)
    form.table_files.upload(
        partial(on_table, studio),
        form.table_files,
        [form.table, form.table_said],
        show_progress_on=form.table_said,
        **ASKS,
    ).success(None, js=PRESS_LOOK)
    panes = [part for pane in form.panes for part in pane.words]
    form.write.click(
        partial(on_write, studio), [written, *form.inputs], [written, form.languages, *panes], **quiet
    ).success(None, js=PRESS_LOOK)
    form.usual.click(partial(on_usual, studio), outputs=list(form.channels), **quiet).success(None, js=PRESS_LOOK)
    look.click(  # by adverts.js, a moment after the last key or tick
        partial(on_advert_preview, studio, runs, preview),
        form.inputs,
        [price, previews, *(pane.flags for pane in form.panes)],
        show_progress="hidden",
        trigger_mode="always_last",
        **DRAWS,
    )

    # 3. Running.
    following = [number, timer, stop]
    watched = [seen, progress, grid, made, timer, stop]
    run.click(partial(on_run, runs), form.inputs, following, trigger_mode="once", **quiet).success(
        partial(on_watch, studio, runs), [number, which, seen], watched, **quiet
    ).success(None, js=SCROLL)
    timer.tick(partial(on_watch, studio, runs), [number, which, seen], watched, **quiet)
    which.input(partial(on_watch, studio, runs), [number, which, seen], watched, **quiet)
    stop.click(partial(on_stop, runs), number, progress, **quiet)
    tab.select(partial(on_open, runs), number, [number, timer, stop, campaign], **quiet).success(
        partial(on_watch, studio, runs), [number, which, seen], watched, **quiet
    ).success(None, js=PRESS_LOOK)
    earlier.expand(partial(on_earlier, runs), outputs=campaign, **quiet)
    for button, open_campaign in ((show, on_show), (go_on, on_go_on)):
        button.click(partial(open_campaign, runs), campaign, following, **quiet).success(
            partial(on_watch, studio, runs), [number, which, seen], watched, **quiet
        ).success(None, js=SCROLL)
    delete.click(partial(on_delete, runs), [sure, campaign, number], [number, campaign], js=SURE, **quiet).success(
        partial(on_watch, studio, runs), [number, which, seen], watched, **quiet
    )

    # 4. Choosing.
    picked = [ticked, number]
    compare.click(partial(on_compare, studio, runs), picked, compared, js=TICKED, **quiet)
    everything.click(partial(on_all, runs), number, zip_file, **ASKS)
    winners.click(partial(on_winners, runs), picked, zip_file, js=TICKED, **ASKS)
    keep.click(partial(on_keep, studio, runs), picked, said, js=TICKED, **ASKS)

    def make_link(request: gr.Request, *values: Any) -> tuple[Any, str]:  # Gradio finds no request in a partial
        return on_share(studio, runs, request, *values)

    share.click(make_link, [*picked, title, note, days, password], [link, password], js=TICKED, **ASKS)
    return AdvertsTab(studio=studio, form=form, runs=runs)


# The form


def on_source(source: str) -> list[Any]:
    """Shows what goes with the way in which the product is given."""
    shown = [source == each for each in ("words", "pictures", "table")]
    return [*(gr.Column(visible=each) for each in shown), gr.Column(visible=source != "table")]


def kept(studio: Studio, path: str | Path) -> str:
    """Keeps the picture in a file; one that the library has already stays what it is. Raises InputError."""
    return studio.keep(decoded(path))


def on_upload(studio: Studio, paths: list[str] | None, pictures: tuple[str, ...]) -> tuple[Any, ...]:
    """Adds photos to those that are there."""
    with plain_words():
        found = tuple(dict.fromkeys([*pictures, *(kept(studio, path) for path in paths or ())]))
        if len(found) > MAX_PICTURES:
            raise InputError(f"These are {len(found)} pictures.", f"Use at most {MAX_PICTURES}.")
        return found, markup.products(found), gr.Button(visible=bool(found)), None


def on_table(studio: Studio, files: list[str] | None) -> tuple[str, str]:
    """Reads a table of products, and says which of its rows can't be used."""
    with plain_words():
        name = keep_table(studio, [Path(file) for file in files or ()])
        plan = to_plan(AdvertRequest(source="table", table=name, channels=("meta_feed_square",)), studio)
        return name, markup.table(len(plan.briefs), plan.bad, plan.notes)


def on_usual(studio: Studio) -> list[list[str]]:
    """Ticks the channels that are ticked at the beginning."""
    with plain_words():
        channels = load_channels(studio.settings.prompts_dir)
        return [[each.name for each in of if each.name in channels.standard] for of in grouped(channels.all).values()]


def on_write(studio: Studio, written: int, *values: Any) -> list[Any]:
    """Writes words by the templates, in the languages that are ticked: other ones at every press. A price and small
    print stay, and so do words in other languages."""
    with plain_words():
        request = to_request(*values)
        writer = Copywriter(load_copy(studio.settings.prompts_dir), studio.prompts.vocabulary)
        attributes = _attributes(studio, request)
        texts: list[Any] = list(values[-len(PANES) * len(PARTS) :])
        for place, language in enumerate(PANES):
            if language not in request.languages:
                continue
            said = [
                writer.write(
                    attributes,
                    name=request.name,
                    language=language,
                    tone=tone,
                    audience=request.audience,
                    variant=written,
                )
                for tone in request.tones
            ]
            first = place * len(PARTS)
            headlines = list(dict.fromkeys(words.headline for words in said))
            texts[first : first + 2] = ["\n".join(headlines), said[0].subline]
            texts[first + PARTS.index("cta")] = said[0].cta
        return [written + 1, list(request.languages), *texts]


def _attributes(studio: Studio, request: AdvertRequest) -> dict[str, str]:
    """What is known of the product."""
    if request.source != "pictures":
        return dict(studio.prompts.known(request.description))
    recipe = studio.library.recipe(request.pictures[0]) if request.pictures else None
    return dict(recipe.attributes) if recipe else {}


def on_advert_preview(studio: Studio, runs: Runs, preview: AdvertPreview, *values: Any) -> list[Any]:
    """How many adverts there will be, how the first ones look, and what had better not be said."""
    nothing = [""] * len(PANES)
    with plain_words():
        try:
            request = to_request(*values)
            other, *texts = values[-len(PANES) * len(PARTS) - 1 :]
            found = [_flags(studio, request, pane) for pane in words_of(other, texts)]
            plan = to_plan(request, studio)
            campaign = runs.campaign(request)
            cost = markup.price(campaign.count, campaign.seconds)
            if without := " and ".join(unsaid(request)):
                cost += notice(f"No adverts in {without}: it has no headline. Type one, or press “Write it for me”.")
        except StudioError as error:  # in the page rather than as a message that pops up at every key
            return [f'<p class="advert-price faint">{notice(str(error))}</p>', "", *nothing]
        try:
            drawn = markup.previews(preview.draw(plan))
        except StudioError as error:
            drawn = notice(str(error), kind="problem")
        return [cost, drawn, *(markup.flagged(each) for each in found)]


def _flags(studio: Studio, request: AdvertRequest, said: Sequence[Any]) -> list[Flag]:
    """Claims that nobody can prove, and what the brand never says."""
    text = " / ".join(text for words in said for text in words.by_role.values())
    found = flags(text, load_claims(studio.settings.prompts_dir))
    if request.brand:
        found += BrandKits(studio.settings.data_dir).load(request.brand).flags(text)
    return found


# Running


def on_run(runs: Runs, *values: Any) -> list[Any]:
    """Begins the campaign that the form shows, or goes on with it."""
    with plain_words():
        request = to_request(*values)
        _check_words(runs, request)
        return _following(runs.start(request))


def _check_words(runs: Runs, request: AdvertRequest) -> None:
    """Raises InputError where adverts would have no headline, before anything is made."""
    campaign = runs.campaign(request)
    plan: Plan = campaign.plan
    is_given = request.source == "table" or any(words.headline for words in plan.words) or request.name
    if is_given or all(not each.words for each in campaign.channels):
        return
    if "product" not in _attributes(runs.studio, request):
        raise InputError("There is no headline.", "Type one, or say what the product is called.")


def _following(run: Run) -> list[Any]:
    return [run.number, gr.Timer(active=True), gr.Button(visible=run.is_going_on)]


def on_watch(studio: Studio, runs: Runs, number: str, which: str, seen: tuple[str, int, str]) -> list[Any]:
    """How far the campaign of this page is. The adverts are shown anew where there are others."""
    with plain_words():
        run = runs.find(number) if number else None
        going_on = run is not None and run.is_going_on
        now = (number, len(run.rows) if run else 0, which)
        channels = load_channels(studio.settings.prompts_dir).all
        shown = gr.skip()
        if now != seen:
            shown = markup.grid(run, channels, studio.shares.verdicts(), problems_only=which == PROBLEMS)
        made = gr.Column(visible=run is not None and bool(run.rows))
        return [now, markup.progress(run), shown, made, gr.Timer(active=going_on), gr.Button(visible=going_on)]


def on_stop(runs: Runs, number: str) -> str:
    """Stops the campaign after the advert that is being made."""
    with plain_words():
        _run(runs, number).stop()
        return notice("Stopping…")


def on_open(runs: Runs, number: str) -> list[Any]:
    """On coming to the tab: the campaign that is going on, where the page shows none yet."""
    with plain_words():
        run = runs.find(number) if number else runs.newest_going_on()
        following = _following(run) if run and run.is_going_on else [gr.skip(), gr.skip(), gr.skip()]
        return [*following, gr.Dropdown(runs.earlier())]


def on_earlier(runs: Runs) -> Any:
    """All campaigns that there are."""
    with plain_words():
        return gr.Dropdown(runs.earlier())


def on_show(runs: Runs, campaign: str | None) -> list[Any]:
    """Shows what was made of an earlier campaign."""
    with plain_words():
        return _following(_run(runs, campaign))


def on_go_on(runs: Runs, campaign: str | None) -> list[Any]:
    """Goes on with an earlier campaign; what is there isn't made again."""
    with plain_words():
        return _following(runs.start(_run(runs, campaign).request))


def on_delete(runs: Runs, sure: bool, campaign: str | None, number: str) -> list[Any]:
    """Deletes an earlier campaign, where the user is sure."""
    with plain_words():
        if sure is not True:
            return [gr.skip(), gr.skip()]
        runs.delete(_run(runs, campaign).number)
        return ["" if campaign == number else number, gr.Dropdown(runs.earlier(), value=None)]


def _run(runs: Runs, number: str | None) -> Run:
    run = runs.find(number) if number else None
    if run is None:
        raise InputError("There is no campaign yet.", "Make one, or choose one of the earlier ones.")
    return run


# Choosing


def on_compare(studio: Studio, runs: Runs, ticked: str, number: str) -> str:
    """Adverts side by side."""
    with plain_words():
        run = _run(runs, number)
        rows = _ticked(run, ticked)
        low, high = COMPARED
        if not low <= len(rows) <= high:
            raise InputError(f"{markup.adverts(len(rows))} can't be compared.", f"Tick {low} to {high}.")
        return markup.compared(run, rows, load_channels(studio.settings.prompts_dir).all)


def on_all(runs: Runs, number: str) -> Any:
    """A ZIP of all adverts, with manifest and report."""
    with plain_words():
        return gr.File(str(archive(_run(runs, number))), visible=True)


def on_winners(runs: Runs, ticked: str, number: str) -> Any:
    """A ZIP of those that are ticked, with manifest and report."""
    with plain_words():
        run = _run(runs, number)
        return gr.File(str(archive(run, [row.file for row in _ticked(run, ticked)])), visible=True)


def on_keep(studio: Studio, runs: Runs, ticked: str, number: str) -> str:
    """Puts those that are ticked into the library."""
    with plain_words():
        count = len(_in_library(studio, _run(runs, number), ticked))
        return notice(f"{markup.adverts(count)} are in the library." if count != 1 else "1 advert is in the library.")


def on_share(
    studio: Studio,
    runs: Runs,
    request: gr.Request,
    ticked: str,
    number: str,
    title: str,
    note: str,
    days: float | None,
    password: str,
) -> tuple[Any, str]:
    """Makes a link that shows those that are ticked, to be approved; they are put into the library for it."""
    with plain_words():
        run = _run(runs, number)
        _, token = studio.shares.create(
            _in_library(studio, run, ticked),
            title=title or run.title,
            note=note,
            days=None if days is None else int(days),
            password=password,
        )
        return link_box(studio, request, token), ""


def _in_library(studio: Studio, run: Run, ticked: str) -> list[str]:
    """The hashes of ticked adverts, which the library keeps from now on."""
    return keep_winners(studio, run.folder, [row.file for row in _ticked(run, ticked)])


def _ticked(run: Run, ticked: str) -> list[Row]:
    """The rows of the files that are ticked in the browser. Raises InputError where there are none."""
    names = set(chosen(ticked))
    rows = [row for row in run.rows if row.file in names]
    if not rows:
        raise InputError("These adverts are not there any more.", "Tick others.")
    return rows
