"""The Library tab: what was made is found again, put in order, and shown to others by a link."""
# Gradio is typed in part.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportPrivateImportUsage=false

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, cast

import gradio as gr

from studio.backends.registry import maker_of
from studio.errors import InputError, StudioError
from studio.library import Found, Search
from studio.library.records import utc_now
from studio.library.shares import DAYS, MAX_DAYS, MAX_DEMO
from studio.request import GenerationRequest, described
from studio.ui import library_markup as markup
from studio.ui.controls import from_request, new_seed, request_of
from studio.ui.create_tab import PRESS_GENERATE, PRESS_PREVIEW
from studio.ui.errors import plain_words
from studio.ui.markup import notice
from studio.ui.own_site import SHARES, host_name
from studio.ui.picture import decoded
from studio.ui.queues import ASKS
from studio.ui.sending import send_buttons
from studio.ui.served import public_zip, zip_with_manifest
from studio.world.scene import COLOURS

if TYPE_CHECKING:
    from PIL import Image

    from studio.likeness import Vectors
    from studio.request import Recipe
    from studio.service import Studio
    from studio.ui.create_tab import CreateTab

PAGE = 48  # images
COMPARED = (2, 4)  # images side by side, at least and at most

ANY_COLOUR, ANY_PROJECT, ANY_TAG, NO_PROJECT = "Any colour", "Any project", "Any tag", "No project"
EVERYTHING, STARRED, TRASH = "Everything", "Starred", "Trash"
NEWEST, OLDEST = "Newest first", "Oldest first"
ANY_WAY = "Any way"
ANY_TIME = "Any time"
#: Days back from now.
WHEN = {ANY_TIME: None, "Last 24 hours": 1, "Last 7 days": 7, "Last 30 days": 30, "Last year": 365}

#: For the browser: what is ticked there goes in place of the first value.
TICKED = "(_, ...others) => [JSON.stringify(window.library.ticked()), ...others]"
UNTICK = "() => window.library.untick()"
SURE = "() => confirm('Delete everything in the trash for good?')"
OPENED = "(_, ...others) => [window.library.opened, ...others]"


@dataclass(frozen=True, kw_only=True)
class LibraryTab:
    """What other tabs take: `opened` has the hash of the image that is looked at, `sends` send it to be edited."""

    opened: gr.Textbox
    sends: Mapping[str, gr.Button]


def library_tab(studio: Studio, create: CreateTab, tabs: gr.Tabs, tab: gr.Tab) -> LibraryTab:
    """Lays the tab out inside `tab` of `tabs`, and connects it to `studio` and to the settings of `create`."""
    # 1. Layout: what to look for, what was found, what to do with what is ticked, and one image in full.
    with gr.Column(elem_id="library"):
        with gr.Row(elem_id="library-look-for"):
            words = gr.Textbox(
                label="Search", placeholder="navy handbag", max_lines=1, elem_id="library-search", scale=4
            )
            picture = gr.UploadButton(
                "Search by a picture", file_types=["image"], size="sm", elem_id="library-picture", scale=1
            )
        with gr.Row(visible=False, elem_id="library-like") as like_row:
            like_said = gr.HTML()
            unlike = gr.Button("Clear", size="sm")
        with gr.Row(elem_id="library-filters"):
            colour = gr.Dropdown([ANY_COLOUR, *COLOURS], value=ANY_COLOUR, label="Colour")
            project = gr.Dropdown([ANY_PROJECT], value=ANY_PROJECT, label="Project")
            tag = gr.Dropdown([ANY_TAG], value=ANY_TAG, label="Tag")
            when = gr.Dropdown(list(WHEN), value=ANY_TIME, label="Made")
            how = gr.Dropdown([ANY_WAY], value=ANY_WAY, label="How", visible=False)
            sort = gr.Dropdown([NEWEST, OLDEST], value=NEWEST, label="Order")
        which = gr.Radio([EVERYTHING, STARRED, TRASH], value=EVERYTHING, show_label=False, elem_id="library-which")
        said = gr.HTML(elem_id="library-said")
        undo = gr.Button("Undo", visible=False, size="sm", elem_id="library-undo")
        details = gr.HTML(elem_id="library-details")
        with gr.Row(visible=False, elem_id="library-opened") as opened_actions:
            with gr.Row(elem_id="library-one") as one:
                use = gr.Button("Use these settings", variant="primary", size="sm", elem_id="library-use")
                more = gr.Button("More like this", size="sm", elem_id="library-more")
                similar = gr.Button("Find similar", size="sm", elem_id="library-similar")
            sends = send_buttons("library")
            close = gr.Button("Close", size="sm")
        grid = gr.HTML(elem_id="library-grid")
        with gr.Row(elem_id="library-pages"):
            before = gr.Button("Previous", size="sm", interactive=False)
            after = gr.Button("Next", size="sm", interactive=False)
        with gr.Column(elem_id="library-actions"):
            gr.HTML('<p id="library-count" role="status"></p>')
            with gr.Row(elem_id="library-buttons"):
                star = gr.Button("Star", size="sm")
                unstar = gr.Button("Unstar", size="sm")
                compare = gr.Button("Compare", size="sm")
                archive = gr.Button("Download (ZIP)", size="sm")
                public = gr.Button("Download for the public (ZIP)", size="sm")
                delete = gr.Button("Delete", size="sm", elem_id="library-delete")
                restore = gr.Button("Bring back", visible=False, size="sm", elem_id="library-restore")
                untick = gr.Button("Clear", size="sm")
            zip_file = gr.File(label="Download", visible=False, elem_id="library-zip")
            with gr.Accordion("Tag, or put into a project", open=False):
                with gr.Row():
                    label = gr.Textbox(label="Tag", placeholder="spring sale", max_lines=1, elem_id="library-tag")
                    put_tag = gr.Button("Add tag", size="sm")
                    drop_tag = gr.Button("Remove tag", size="sm")
                with gr.Row():
                    into = gr.Dropdown(
                        [NO_PROJECT], value=NO_PROJECT, label="Project", allow_custom_value=True, elem_id="library-into"
                    )
                    move = gr.Button("Move there", size="sm")
                    dissolve = gr.Button("Delete project, keep images", size="sm")
            with gr.Accordion("Share by a link", open=False, elem_id="library-share"):
                title = gr.Textbox(label="Title", placeholder="Autumn mugs", max_lines=1)
                note = gr.Textbox(label="Note", placeholder="Which of these shall we take further?", lines=2)
                with gr.Row():
                    days = gr.Number(DAYS, label="Days until it ends", precision=0, minimum=1, maximum=MAX_DAYS)
                    password = gr.Textbox(label="Password (none if empty)", type="password", max_lines=1)
                    demo = gr.Number(0, label="Pictures visitors may draw", precision=0, minimum=0, maximum=MAX_DEMO)
                    download = gr.Checkbox(True, label="Visitors may download")
                share = gr.Button("Make a link", variant="primary", elem_id="library-make-link")
                link = gr.Textbox(
                    label="Link", visible=False, interactive=False, buttons=["copy"], elem_id="library-link"
                )
        empty = gr.Button("Empty the trash for good", visible=False, size="sm", elem_id="library-empty")
        with gr.Accordion("Links", open=False, elem_id="library-links") as links:
            listed = gr.HTML()
            with gr.Row():
                which_link = gr.Dropdown([], label="Link", elem_id="library-which-link")
                show_link = gr.Button("Show it", size="sm")
                revoke = gr.Button("Withdraw", size="sm")
                forget = gr.Button("Delete", size="sm")
            same_link = gr.Textbox(label="Link", visible=False, interactive=False, buttons=["copy"])
        press_open = gr.Button(visible="hidden", elem_id="library-open")
        # What only the browser knows travels in these.
        ticked, opened, sure = gr.Textbox(visible="hidden"), gr.Textbox(visible="hidden"), gr.Checkbox(visible="hidden")
        deleted = gr.State([])
        page, like = gr.State(0), gr.State(None)

    # 2. Finding.
    narrowing = [colour, project, tag, when, how, sort, which]
    filters = [words, like, *narrowing]
    shown = [grid, said, before, after, project, tag, into, page, delete, restore, empty]
    find = partial(on_find, studio)
    look: dict[str, Any] = {"show_progress": "hidden", **ASKS}
    tab.select(partial(on_kinds, studio), how, how, **look).then(find, [page, *filters], shown, **look)
    # Pasted words are no "input" to Gradio's textbox of one line, but they are a change.
    for narrowed in (words.change, *(each.input for each in narrowing)):
        narrowed(lambda: 0, outputs=page, **look).then(
            find, [page, *filters], shown, trigger_mode="always_last", **look
        )
    for button, step in ((before, -1), (after, 1)):
        button.click(partial(on_turn, step), page, page, **look).then(find, [page, *filters], shown, **look)

    liked = [like, like_said, like_row, page]
    for chosen_like in (
        picture.upload(partial(on_picture, studio), picture, liked, **look),
        similar.click(partial(on_similar, studio), opened, liked, **look),
        unlike.click(lambda: (None, "", gr.Row(visible=False), 0), outputs=liked, **look),
    ):
        chosen_like.success(find, [page, *filters], shown, **look)

    # 3. Doing something with what is ticked, and looking again.
    def changes(button: gr.Button, change: Any, inputs: Sequence[Any], outputs: Any = None, *, untick: bool) -> None:
        done = button.click(partial(change, studio), [ticked, *inputs], outputs, js=TICKED, **look)
        again = done.success(find, [page, *filters], shown, **look)
        if untick:
            again.success(None, js=UNTICK)

    changes(star, on_star, [], untick=False)
    changes(unstar, on_unstar, [], untick=False)
    changes(put_tag, on_tag, [label], label, untick=False)
    changes(drop_tag, on_untag, [label], label, untick=False)
    changes(move, on_move, [into], untick=False)
    dissolve.click(partial(on_dissolve, studio), into, into, **look).success(find, [page, *filters], shown, **look)
    changes(delete, on_delete, [], [deleted, undo], untick=True)
    changes(restore, on_restore, [], untick=True)
    undo.click(partial(on_undo, studio), deleted, [deleted, undo], **look).success(
        find, [page, *filters], shown, **look
    )
    empty.click(partial(on_empty, studio), sure, said, js=SURE, **look).success(find, [page, *filters], shown, **look)
    untick.click(None, js=UNTICK)
    archive.click(partial(on_archive, studio), ticked, zip_file, js=TICKED, **ASKS)
    public.click(partial(on_public, studio), ticked, zip_file, js=TICKED, **ASKS)
    compare.click(partial(on_compare, studio), ticked, [details, opened_actions, one], js=TICKED, **look)

    # 4. One image in full, and back to where it was made, or on to others like it.
    press_open.click(partial(on_look, studio), opened, [opened, details, opened_actions, one], js=OPENED, **look)
    close.click(lambda: ("", gr.Row(visible=False)), outputs=[details, opened_actions], **look)
    there = [*create.request, create.lock, tabs]
    use.click(partial(on_use, studio, create), opened, there, **look).success(None, js=PRESS_PREVIEW)
    more.click(partial(on_more, studio, create), opened, there, **look).success(None, js=PRESS_GENERATE)

    # 5. Links.
    about = [listed, which_link]

    def make_link(request: gr.Request, *values: Any) -> tuple[Any, str]:  # Gradio finds no request in a partial
        return on_share(studio, request, *values)

    def link_again(request: gr.Request, number: int | None) -> Any:
        return on_show_link(studio, request, number)

    share.click(
        make_link,
        [ticked, title, note, days, password, download, demo],
        [link, password],
        js=TICKED,
        **look,
    ).success(partial(on_links, studio), outputs=about, **look)
    links.expand(partial(on_links, studio), outputs=about, **look)
    show_link.click(link_again, which_link, same_link, **look)
    for button, change in ((revoke, on_revoke), (forget, on_forget)):
        button.click(partial(change, studio), which_link, **look).success(
            partial(on_links, studio), outputs=about, **look
        )
    return LibraryTab(opened=opened, sends=sends)


def on_turn(step: int, page: int) -> int:
    """The page before or after."""
    return page + step


def to_search(
    studio: Studio,
    page: int,
    words: str,
    colour: str,
    project: str,
    tag: str,
    when: str,
    how: str,
    sort: str,
    which: str,
) -> Search:
    """What the filters of the tab ask for."""
    days = WHEN.get(when)
    kind, _, backend = how.partition(" ") if how != ANY_WAY else ("", "", "")
    projects = {each.name: each.id for each in studio.library.projects()}
    return Search(
        words=words,
        colour=None if colour == ANY_COLOUR else colour,
        project=None if project == ANY_PROJECT else projects.get(project, -1),
        tag=None if tag == ANY_TAG else tag,
        since=utc_now() - timedelta(days=days) if days else None,
        kind=kind or None,
        backend=backend or None,
        starred=which == STARRED,
        trash=which == TRASH,
        sort="oldest" if sort == OLDEST else "newest",
        offset=PAGE * page,
        limit=PAGE,
    )


def on_find(
    studio: Studio, page: int, words: str, like: Vectors | None, colour: str, project: str, tag: str, *others: str
) -> tuple[Any, ...]:
    """One page of what was looked for; the last one there is, where there are fewer now. A project or a tag that is
    gone narrows nothing any more."""
    with plain_words():
        library = studio.library
        projects, tags = [ANY_PROJECT, *(each.name for each in library.projects())], [ANY_TAG, *library.tags()]
        narrowing = project if project in projects else ANY_PROJECT, tag if tag in tags else ANY_TAG
        search = to_search(studio, max(page, 0), words, colour, *narrowing, *others)
        found, said = _find(studio, search, like)
        if not found.images and found.total:
            page = (found.total - 1) // PAGE
            found, said = _find(studio, replace(search, offset=PAGE * page), like)
        return (
            markup.grid(found.images, none="Nothing looks like it." if like is not None else _nothing_found(search)),
            markup.found(found.total, PAGE * page, len(found.images), library.storage(), trash=search.trash, said=said),
            gr.Button(interactive=page > 0),
            gr.Button(interactive=PAGE * (page + 1) < found.total),
            _filter(projects, project),
            _filter(tags, tag),
            gr.Dropdown([NO_PROJECT, *projects[1:]]),
            page,
            gr.Button(visible=not search.trash),
            gr.Button(visible=search.trash),
            gr.Button(visible=search.trash and found.total > 0),
        )


def _filter(choices: Sequence[str], chosen: str) -> gr.Dropdown:
    """A filter with new choices. What is chosen is set only where it is gone: it may be another one by now."""
    return gr.Dropdown(choices) if chosen in choices else gr.Dropdown(choices, value=choices[0])


def _find(studio: Studio, search: Search, like: Vectors | None) -> tuple[Found, str]:
    """What is like a picture; or what has the words, else what means the same. With what there is to say of it."""
    if like is not None:
        left = studio.similar.catch_up()
        return studio.similar.by_look(search, like), f"What looks like it, the nearest first.{_later(left)}"
    found = studio.library.find(search)
    if found.total or not search.words.strip() or search.trash:
        return found, ""
    with suppress(StudioError):  # without the weights for it nothing was found, which is no error
        left = studio.similar.catch_up()
        near = studio.similar.by_meaning(search)
        if near.total:
            return near, f"No image has these words. These come near in meaning, the nearest first.{_later(left)}"
    return found, ""


def _later(left: int) -> str:
    return f" {markup.images(left)} are still to be looked at: search again in a while." if left > 0 else ""


def on_kinds(studio: Studio, how: str) -> Any:
    """The ways in which images were made, where there are several."""
    with plain_words():
        ways = [(f"{markup.how(kind)} ({backend})", f"{kind} {backend}") for kind, backend in studio.library.kinds()]
        kept = len(ways) > 1 and how in [name for _, name in ways]
        return gr.Dropdown([ANY_WAY, *ways], value=how if kept else ANY_WAY, visible=len(ways) > 1)


def on_picture(studio: Studio, path: str) -> tuple[Vectors, str, Any, int]:
    """Looks for what is like a picture that was chosen; the picture isn't kept."""
    with plain_words():
        return _like(studio, decoded(path), "the picture that you chose")


def on_similar(studio: Studio, sha256: str) -> tuple[Vectors, str, Any, int]:
    """Looks for what is like an image of the library."""
    with plain_words():
        path = studio.file(sha256)
        if path is None:
            raise InputError("This image is not in the library any more.", "Search again.")
        return _like(studio, decoded(path), "the image that is open")


def _like(studio: Studio, image: Image.Image, what: str) -> tuple[Vectors, str, Any, int]:
    seen = described(studio.likeness.seen(image))
    said = f" It seems to show: {seen.lower()}." if seen else ""
    return studio.similar.look(image), notice(f"Like {what}.{said}"), gr.Row(visible=True), 0


def on_star(studio: Studio, ticked: str) -> None:
    with plain_words():
        studio.library.star(chosen(ticked))


def on_unstar(studio: Studio, ticked: str) -> None:
    with plain_words():
        studio.library.star(chosen(ticked), False)


def on_tag(studio: Studio, ticked: str, tag: str) -> str:
    with plain_words():
        studio.library.tag(chosen(ticked), tag)
    return ""


def on_untag(studio: Studio, ticked: str, tag: str) -> str:
    with plain_words():
        studio.library.untag(chosen(ticked), tag)
    return ""


def on_move(studio: Studio, ticked: str, name: str) -> None:
    """Into the project of this name, which is made where there is none."""
    with plain_words():
        images = chosen(ticked)
        studio.library.move(images, None if name == NO_PROJECT else studio.library.add_project(name or ""))


def on_dissolve(studio: Studio, name: str) -> str:
    """Deletes the project of this name; its images are in none then."""
    with plain_words():
        numbers = {each.name: each.id for each in studio.library.projects()}
        if name not in numbers:
            raise InputError("There is no such project.", "Choose one of the list.")
        studio.library.delete_project(numbers[name])
    return NO_PROJECT


def on_delete(studio: Studio, ticked: str) -> tuple[list[str], Any]:
    with plain_words():
        images = chosen(ticked)
        studio.library.delete(images)
    return images, gr.Button(f"Undo: bring back {markup.images(len(images))}", visible=True)


def on_undo(studio: Studio, deleted: list[str]) -> tuple[list[str], Any]:
    with plain_words():
        studio.library.restore(deleted)
    return [], gr.Button(visible=False)


def on_restore(studio: Studio, ticked: str) -> None:
    with plain_words():
        studio.library.restore(chosen(ticked))


def on_empty(studio: Studio, sure: bool) -> Any:
    with plain_words():
        if sure is not True:
            return gr.skip()
        return notice(f"{markup.images(studio.library.empty_trash())} deleted for good.")


def on_archive(studio: Studio, ticked: str) -> Any:
    """A ZIP with the images, and a table of what they are."""
    with plain_words():
        images = _kept(studio, chosen(ticked))
        return gr.File(str(zip_with_manifest(images, studio.library.tags)), visible=True)


def on_public(studio: Studio, ticked: str) -> Any:
    """A ZIP with the images as strangers get them: marked and signed, without prompts and settings."""
    with plain_words():
        images = _kept(studio, chosen(ticked))
        return gr.File(str(public_zip(images, studio.public_png)), visible=True)


def on_compare(studio: Studio, ticked: str) -> tuple[Any, ...]:
    with plain_words():
        images = chosen(ticked)
        low, high = COMPARED
        if not low <= len(images) <= high:
            raise InputError(f"{markup.images(len(images))} can't be compared.", f"Tick {low} to {high}.")
        kept = [record for record, _ in _kept(studio, images)]
        recipes = [studio.library.recipe(record.sha256) for record in kept]
        return markup.compared(kept, recipes), gr.Row(visible=True), gr.Row(visible=False)


def on_look(studio: Studio, sha256: str) -> tuple[Any, ...]:
    """One image in full, with all that is known of it."""
    with plain_words():
        record, recipe = studio.library.image(sha256), studio.library.recipe(sha256)
        if record is None or recipe is None:
            raise InputError("This image is not in the library any more.", "Search again.")
        projects = {each.id: each.name for each in studio.library.projects()}
        project = projects.get(record.project_id) if record.project_id else None
        shown = markup.details(record, recipe, studio.library.tags(sha256), project)
        return sha256, shown, gr.Row(visible=True), gr.Row(visible=True)


def _drawn(studio: Studio, sha256: str) -> Recipe:
    """The recipe of an image that was drawn from words. Raises InputError for any other."""
    recipe = _recipe(studio, sha256)
    if recipe.kind != GenerationRequest.kind:
        raise InputError("This picture was not drawn from words alone.", "Choose one that was.")
    return recipe


def on_use(studio: Studio, create: CreateTab, sha256: str) -> list[Any]:
    """Puts the settings of an image back where images are made, the seed locked."""
    with plain_words():
        request = request_of(_drawn(studio, sha256), studio.offers)
        return [*from_request(create.controls, request), True, gr.Tabs(selected="create")]


def on_more(studio: Studio, create: CreateTab, sha256: str) -> list[Any]:
    """Asks for pictures that are a small step away from this one."""
    with plain_words():
        recipe = _drawn(studio, sha256)
        backend = maker_of(studio.offers, recipe)
        if not studio.engine.capabilities(backend).near:
            raise InputError("Its model draws no pictures near another one.", "Use its settings, with another seed.")
        like = replace(recipe.request_like, backend=backend, seed=new_seed(), count=4)
        return [*from_request(create.controls, like), False, gr.Tabs(selected="create")]


def on_share(
    studio: Studio,
    request: gr.Request,
    ticked: str,
    title: str,
    note: str,
    days: float | None,
    password: str,
    download: bool,
    demo: float | None,
) -> tuple[Any, str]:
    with plain_words():
        _, token = studio.shares.create(
            chosen(ticked),
            title=title,
            note=note,
            days=None if days is None else int(days),
            password=password,
            download=download,
            demo=int(demo or 0),
        )
        return link_box(studio, request, token), ""


def on_links(studio: Studio) -> tuple[str, Any]:
    """All links there are, what became of them, and what was said."""
    with plain_words():
        shared = [studio.shares.details(share.id) for share in studio.shares.all()]
        names = [(markup.link_name(each.share), each.share.id) for each in shared]
        return markup.links(shared), gr.Dropdown(names, value=names[0][1] if names else None)


def on_show_link(studio: Studio, request: gr.Request, number: int | None) -> Any:
    with plain_words():
        return link_box(studio, request, studio.shares.token(_chosen_link(number)))


def on_revoke(studio: Studio, number: int | None) -> None:
    with plain_words():
        studio.shares.revoke(_chosen_link(number))


def on_forget(studio: Studio, number: int | None) -> None:
    with plain_words():
        studio.shares.delete(_chosen_link(number))


def chosen(ticked: str) -> list[str]:
    """The hashes that are ticked in the browser. Raises InputError where there are none."""
    try:
        found = json.loads(ticked)
    except ValueError:
        found = None
    if not isinstance(found, list) or not all(isinstance(each, str) for each in found):  # pyright: ignore[reportUnknownVariableType]
        raise InputError("The page is out of step with the studio.", "Reload it.")
    if not found:
        raise InputError("No image is ticked.", "Tick some first.")
    return [str(each) for each in found]  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]


def _recipe(studio: Studio, sha256: str) -> Recipe:
    recipe = studio.library.recipe(sha256)
    if recipe is None:
        raise InputError("This image is not in the library any more.", "Search again.")
    return recipe


def _kept(studio: Studio, images: Sequence[str]) -> list[tuple[Any, Any]]:
    found = [(studio.library.image(sha256), studio.file(sha256)) for sha256 in images]
    kept = [(record, path) for record, path in found if record is not None and path is not None]
    if not kept:
        raise InputError("These images are not in the library any more.", "Search again.")
    return kept


def _chosen_link(number: int | None) -> int:
    if number is None:
        raise InputError("No link is chosen.", "Choose one.")
    return number


def link_box(studio: Studio, request: gr.Request, token: str) -> Any:
    """The box with a share's link, to be copied."""
    base = studio.settings.share_url
    info = None
    if not base:
        host = cast("str", request.headers.get("host", "localhost"))
        base = f"{request.headers.get('x-forwarded-proto', 'http')}://{host}"
        if host_name(host) in ("localhost", "127.0.0.1", "::1"):
            info = "It works on this computer only: whoever runs the studio can name an address in STUDIO_SHARE_URL."
    return gr.Textbox(f"{base}{SHARES}{token}", visible=True, info=info)


def _nothing_found(search: Search) -> str:
    if search.trash:
        return "The trash is empty."
    plain = Search(offset=search.offset, limit=search.limit, sort=search.sort)
    return "Nothing was made yet: describe a product in the Create tab." if search == plain else "Nothing was found."
