"""What the handlers of the tabs that edit say, without a browser."""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest import mock

import gradio as gr
import pytest
from PIL import Image, ImageChops

from studio import imaging, provenance
from studio.backends.base import Capabilities, Hints
from studio.editing.instruction import read
from studio.service import Studio
from studio.settings import Settings
from studio.ui import easel, inpaint_tab, restyle_tab, results, sending
from studio.ui.editing_tab import ASPECTS, EditingTab
from studio.ui.enhance_tab import ADJUSTMENTS, AS_IT_IS, enhance_tab, on_enhance, on_measure, on_preview
from studio.ui.grid import Making
from studio.ui.inpaint_tab import on_extend, on_inpaint
from studio.ui.picture import Picture, decoded, full_mask, mask_url, open_picture, read_mask, selection_of
from studio.ui.restyle_tab import EXAMPLES, grouped, on_example, on_restyle
from studio.ui.results import KEPT, Result, chosen_of, on_go_on
from tests.fakes import FakeBackend, FakeRetoucher
from tests.serving import until
from tests.ui.editing import BOX, SIZE, UNSET, Bench, bench_in, laid_out, stroke


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "cache"))
    made = bench_in(tmp_path)
    yield made
    made.studio.library.close()


def inpaint(bench: Bench, drawn: str, made: tuple[Result, ...] = (), *, count: int = 1, seed: str = "5") -> list[Any]:
    *_, last = on_inpaint(bench.studio, drawn, bench.picture, made, "a handle", count, seed, Making(), *UNSET)
    return last


def restyle(bench: Bench, drawn: str = "", **changed: Any) -> list[Any]:
    values = {"prompt": "on pink", "keep": "product", "strength": 1.0, "count": 1, "seed": "5", "reference": None}
    *_, last = on_restyle(bench.studio, drawn, bench.picture, (), *(values | changed).values(), Making(), *UNSET)
    return last


def same(first: Image.Image, second: Image.Image, box: tuple[int, int, int, int]) -> bool:
    return ImageChops.difference(first.crop(box), second.crop(box)).getbbox() is None


# --- Inpaint ---------------------------------------------------------------------------------------------------------


def test_what_is_marked_is_filled_and_the_rest_is_proved_to_be_as_it_was(bench: Bench) -> None:
    made, chosen, slider, said, actions, download, gallery, *_ = inpaint(bench, stroke())

    (result,) = made
    recipe = provenance.read_recipe(result.path.read_bytes())
    assert (recipe.kind, recipe.prompt, recipe.seed, recipe.dimensions) == ("inpaint", "a handle", 5, SIZE)
    after, before = decoded(result.path), decoded(bench.path)
    assert not same(before, after, BOX)
    assert same(before, after, (0, 0, SIZE[0], BOX[1])) and same(before, after, (0, BOX[3] + 1, *SIZE))
    assert "Every locked pixel" in said and "90 x 70 pixels" in said
    assert (chosen, slider.visible, actions.visible, gallery.visible) == (0, True, True, False)
    assert Path(download.value["path"]).read_bytes() == result.path.read_bytes()


def test_variants_come_one_after_the_other_the_newest_first(bench: Bench) -> None:
    steps = list(on_inpaint(bench.studio, stroke(), bench.picture, (), "", 2, "7", Making(), *UNSET))

    assert [[result.seed for result in step[0]] for step in steps] == [[7], [8, 7]]
    assert steps[-1][6].visible


def test_earlier_results_stay_and_do_not_pile_up(bench: Bench) -> None:
    made = inpaint(bench, stroke())[0]
    again = inpaint(bench, stroke(), made * KEPT, seed="6")[0]

    assert len(again) == KEPT
    assert [result.seed for result in again[:2]] == [6, 5]


def test_an_empty_seed_is_a_new_one_each_time(bench: Bench) -> None:
    assert inpaint(bench, stroke(), seed="")[0][0].seed != inpaint(bench, stroke(), seed=" ")[0][0].seed


@pytest.mark.parametrize(
    ("drawn", "seed", "words"),
    [
        ("", "5", "Nothing is marked"),
        (stroke((0, 0, *SIZE)), "5", "covers the whole image"),
        (mask_url(Image.new("L", SIZE)), "5", "covers nothing"),
        (stroke(size=(70, 90)), "5", "out of step"),
        (stroke(), "seven", "whole number"),
    ],
)
def test_what_can_t_be_filled_is_said_in_words(bench: Bench, drawn: str, seed: str, words: str) -> None:
    with pytest.raises(gr.Error, match=words):
        inpaint(bench, drawn, seed=seed)


def test_without_a_picture_all_say_so(bench: Bench) -> None:
    empty: list[Any] = [
        lambda: next(on_inpaint(bench.studio, stroke(), None, (), "", 1, "", Making(), *UNSET)),
        lambda: next(on_extend(bench.studio, None, (), "Square 1:1", "", 1, "", Making(), *UNSET)),
        lambda: next(on_restyle(bench.studio, "", None, (), "on pink", "product", 1, 1, "", None, Making(), *UNSET)),
        lambda: easel.on_select_product(bench.studio, "[]", None),
        lambda: easel.on_select_background(bench.studio, "[]", None),
        lambda: easel.on_invert(stroke(), None),
        lambda: easel.on_grow(stroke(), None),
        lambda: easel.on_mask_file(str(bench.path), None),
        lambda: easel.on_mask_file(None, bench.picture),
        lambda: on_measure(None),
        lambda: on_preview(bench.studio, None, False, AS_IT_IS, *UNTOUCHED),
        lambda: next(on_enhance(bench.studio, None, (), AS_IT_IS, False, AS_IT_IS, *UNTOUCHED)),
    ]
    for ask in empty:
        with pytest.raises(gr.Error, match="no picture yet"):
            ask()


def test_a_picture_that_is_gone_is_said_in_words(bench: Bench) -> None:
    picture = bench.picture
    bench.path.unlink()

    with pytest.raises(gr.Error, match="not here any more"):
        next(on_inpaint(bench.studio, stroke(), picture, (), "", 1, "", Making(), *UNSET))


@pytest.mark.parametrize(
    ("aspect", "size"), [("Square 1:1", (90, 90)), ("Wide 16:9", (124, 70)), ("Link 1.91:1", (134, 70))]
)
def test_a_picture_is_extended_to_the_shape_of_a_channel(bench: Bench, aspect: str, size: tuple[int, int]) -> None:
    *_, (made, _, slider, said, *_) = on_extend(bench.studio, bench.picture, (), aspect, "", 1, "5", Making(), *UNSET)

    after = decoded(made[0].path)
    left, top = (after.width - SIZE[0]) // 2, (after.height - SIZE[1]) // 2
    assert after.size == size
    assert imaging.max_difference(after.crop((left, top, left + SIZE[0], top + SIZE[1])), decoded(bench.path)) == 0
    assert "is exactly as it was" in said and made[0].caption == f"Extended to {aspect.split()[1]}"
    assert slider.visible


def test_a_shape_that_it_has_or_that_there_is_not_is_said_in_words(bench: Bench) -> None:
    Image.new("RGB", (40, 40)).save(bench.path)
    for aspect, words in (("Square 1:1", "aspect 1:1 already"), ("round", "no such shape")):
        with pytest.raises(gr.Error, match=words):
            next(on_extend(bench.studio, bench.picture, (), aspect, "", 1, "", Making(), *UNSET))
    assert all(width > 0 and height > 0 for width, height in ASPECTS.values())


# --- Restyle ---------------------------------------------------------------------------------------------------------


def test_the_product_stays_where_it_is_to_stay(bench: Bench) -> None:
    inside = (SIZE[0] // 4, SIZE[1] // 4, SIZE[0] - SIZE[0] // 4, SIZE[1] - SIZE[1] // 4)

    made, _, _, said, *_ = restyle(bench)
    after, before = decoded(made[0].path), decoded(bench.path)
    assert same(before, after, inside) and not same(before, after, (0, 0, SIZE[0], SIZE[1] // 4))
    assert "is exactly as it was" in said

    made, *_ = restyle(bench, keep="shape")
    after = decoded(made[0].path)
    assert not same(before, after, inside) and same(before, after, (0, 0, SIZE[0], SIZE[1] // 4))


def test_a_mask_that_was_painted_is_the_product(bench: Bench) -> None:
    made, *_ = restyle(bench, stroke())

    assert same(decoded(made[0].path), decoded(bench.path), BOX)
    assert provenance.read_recipe(made[0].path.read_bytes()).sources.keys() >= {"image", "mask"}


def test_with_nothing_kept_no_mask_is_needed(bench: Bench) -> None:
    made, _, _, said, *_ = restyle(bench, keep="nothing", strength=0.5)

    recipe = provenance.read_recipe(made[0].path.read_bytes())
    assert recipe.parameters["strength"] == 0.5 and "mask" not in recipe.sources
    assert "locked" not in said


def test_another_picture_says_how_it_should_look(bench: Bench, tmp_path: Path) -> None:
    Image.new("RGB", (30, 30), "navy").save(tmp_path / "like.png")

    made, *_ = restyle(bench, prompt="", reference=str(tmp_path / "like.png"))

    assert "reference" in provenance.read_recipe(made[0].path.read_bytes()).sources


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"prompt": " "}, "Nothing is said of how it should look"),
        ({"keep": "all"}, "what stays as it is"),
        ({"keep": None}, "what stays as it is"),
        ({"strength": 2}, "strength can't be 2"),
        ({"seed": "x"}, "whole number"),
    ],
)
def test_what_can_t_be_restyled_is_said_in_words(bench: Bench, changed: dict[str, Any], words: str) -> None:
    with pytest.raises(gr.Error, match=words):
        restyle(bench, **changed)


def test_an_example_says_what_it_keeps(bench: Bench) -> None:
    styles = {text: keep for group in grouped(bench.studio).values() for text, keep in group.items()}

    assert len(styles) > 10 and EXAMPLES.keys() & styles.keys() == {"golden hour"}
    for text, keep in (styles | EXAMPLES).items():
        found, kept = on_example(bench.studio, text, "")
        assert (found, kept) == (text, styles.get(text, keep))


@pytest.mark.parametrize("text", EXAMPLES)
def test_an_example_is_understood(bench: Bench, text: str) -> None:
    assert read(bench.studio.prompts, text).unknown == ()


# --- Enhance ---------------------------------------------------------------------------------------------------------

UNTOUCHED = [0.0] * len(ADJUSTMENTS)


def enhance(
    bench: Bench, *, enlarge: str = AS_IT_IS, white: bool = False, crop: str = AS_IT_IS, **changed: float
) -> Any:
    values = [changed.get(adjustment.name, 0.0) for adjustment in ADJUSTMENTS]
    *_, (made, *_) = on_enhance(bench.studio, bench.picture, (), enlarge, white, crop, *values)
    return provenance.read_recipe(made[0].path.read_bytes()), decoded(made[0].path)


def test_a_picture_is_improved_by_hand(bench: Bench) -> None:
    recipe, after = enhance(bench, exposure=0.5, enlarge="x2")

    assert (recipe.kind, recipe.parameters["settings"], after.size) == ("enhance", {"exposure": 0.5}, (180, 140))


def test_the_background_becomes_white_and_the_frame_another(bench: Bench) -> None:
    recipe, after = enhance(bench, white=True, crop="Square 1:1")

    assert recipe.parameters["settings"] == {"white_background": 1.0, "aspect": [1, 1]}
    assert after.size == (70, 70) and after.getpixel((1, 1)) == (255, 255, 255)


def test_what_a_picture_needs_is_measured_within_the_sliders(bench: Bench) -> None:
    Image.new("RGB", (64, 64), "#202020").save(bench.path)

    values = dict(zip((each.name for each in ADJUSTMENTS), on_measure(bench.picture), strict=True))

    assert values["exposure"] > 0 and values["fill"] == 0
    assert all(each.low <= values[each.name] <= each.high for each in ADJUSTMENTS)


def test_a_preview_is_not_kept_and_looks_for_the_product_once(bench: Bench) -> None:
    picture, found = bench.picture, mock.Mock(wraps=bench.studio.product_mask)
    bench.studio.product_mask = found  # type: ignore[method-assign]
    assert on_preview(bench.studio, picture, False, AS_IT_IS, *UNTOUCHED).visible
    assert picture.selection is None

    on_preview(bench.studio, picture, True, "Square 1:1", *UNTOUCHED)
    on_preview(bench.studio, picture, True, AS_IT_IS, *UNTOUCHED)
    assert found.call_count == 1
    assert bench.studio.library.recent(10) == []


def test_an_improvement_that_makes_no_sense_is_said_in_words(bench: Bench) -> None:
    for crop, exposure, words in (("round", 0, "no such shape"), (AS_IT_IS, 7, "Exposure can't be 7")):
        values = [exposure, *UNTOUCHED[1:]]
        with pytest.raises(gr.Error, match=words):
            on_preview(bench.studio, bench.picture, False, crop, *values)
        with pytest.raises(gr.Error, match=words):
            next(on_enhance(bench.studio, bench.picture, (), AS_IT_IS, False, crop, *values))


# --- The mask --------------------------------------------------------------------------------------------------------


def test_the_product_or_all_but_it_is_selected(bench: Bench) -> None:
    picture = bench.picture
    product = easel.on_select_product(bench.studio, "[]", picture)
    expected = FakeRetoucher().product_mask(decoded(bench.path))
    assert selection_of(picture).tobytes() == read_mask(picture, product).tobytes() == expected.tobytes()

    background = easel.on_select_background(bench.studio, "[]", picture)
    assert ImageChops.invert(read_mask(picture, background)).tobytes() == expected.tobytes()


def test_a_click_says_what_is_not_of_the_product(bench: Bench) -> None:
    hints = '[{"x": 0.5, "y": 0.5, "include": false}, {"x": -0.2, "y": 0.5, "include": false}]'

    mask = easel.on_select_product(bench.studio, hints, bench.picture)

    assert read_mask(bench.picture, mask).getpixel((45, 35)) == 0


def test_clicks_are_read_in_pixels_of_the_picture(bench: Bench) -> None:
    text = '[{"x": 1, "y": 0, "include": true}, {"x": 0.5, "y": 0.5, "include": false}]'

    assert easel.read_hints(text, bench.picture) == Hints(include=((89.0, 0.0),), exclude=((45.0, 35.0),))


@pytest.mark.parametrize("text", ["", "7", "[7]", '[{"x": "a", "y": 0, "include": true}]', '[{"x": 0}]', "{}x"])
def test_what_is_no_click_is_refused(bench: Bench, text: str) -> None:
    with pytest.raises(gr.Error, match="out of step"):
        easel.on_select_product(bench.studio, text, bench.picture)


def area(picture: Picture, drawn: str) -> int:
    return sum(value * count for value, count in enumerate(read_mask(picture, drawn).histogram()))


def test_a_mask_grows_shrinks_softens_and_is_inverted(bench: Bench) -> None:
    picture = bench.picture
    before = area(picture, stroke())

    grown, shrunk = easel.on_grow(stroke(), picture), easel.on_shrink(stroke(), picture)
    assert area(picture, shrunk) < before < area(picture, grown)
    assert area(picture, easel.on_soften(stroke(), picture)) == pytest.approx(before, rel=0.05)
    url = easel.on_invert(stroke(), picture)
    assert area(picture, url) == 255 * SIZE[0] * SIZE[1] - before
    url = easel.on_invert(url, picture)
    assert read_mask(picture, url).tobytes() == read_mask(picture, stroke()).tobytes()


def test_a_mask_file_is_taken_where_it_fits(bench: Bench, tmp_path: Path) -> None:
    path = tmp_path / "mask.png"
    mask = read_mask(bench.picture, stroke())
    mask.convert("RGB").save(path)

    picture = bench.picture
    url = easel.on_mask_file(str(path), picture)
    assert full_mask(picture, url).tobytes() == mask.tobytes()

    # As programs save it that paint on something see-through, and as others do that add an alpha to everything.
    painted = Image.merge("LA", [Image.new("L", mask.size, 255), mask])
    for same in (painted.convert("RGBA"), mask.convert("RGBA")):
        same.save(path)
        url = easel.on_mask_file(str(path), picture)
        assert full_mask(picture, url).tobytes() == mask.tobytes()

    Image.new("L", (10, 10)).save(path)
    with pytest.raises(gr.Error, match="10 x 10 pixels, the picture 90 x 70"):
        easel.on_mask_file(str(path), bench.picture)
    path.unlink()
    with pytest.raises(gr.Error, match="This mask can't be read"):
        easel.on_mask_file(str(path), bench.picture)


@pytest.mark.parametrize(
    "build", [inpaint_tab.inpaint_tab, restyle_tab.restyle_tab, lambda _, studio: enhance_tab(studio)]
)
def test_what_takes_its_time_puts_no_picture_back_over_a_newer_one(
    bench: Bench, build: Callable[[gr.Blocks, Studio], EditingTab]
) -> None:
    tab, page = laid_out(build, bench.studio)
    picture = tab.easel.picture

    assert [event for event in page.fns.values() if picture in event.inputs]
    assert not [event for event in page.fns.values() if picture in event.inputs and picture in event.outputs]


def test_a_mask_says_whose_it_is(bench: Bench, tmp_path: Path) -> None:
    other = tmp_path / "other.png"
    Image.new("RGB", SIZE, "red").save(other)
    masks = [
        change(stroke(), picture)
        for picture in (bench.picture, bench.picture, open_picture(other))
        for change in (easel.on_grow, easel.on_invert)
    ]

    keys = [mask.partition("#")[2] for mask in masks]
    assert keys[:2] == keys[2:4] and keys[0] == keys[1] != keys[4] == keys[5]
    assert f'data-key="{keys[0]}"' in easel.markup(bench.picture, inpaint_tab.LOOK)


# --- Uploads, results and sending ------------------------------------------------------------------------------------


def test_an_upload_is_shown_and_its_box_is_free_again(bench: Bench) -> None:
    tab = bench.tab(inpaint_tab.inpaint_tab)

    picture, view, box = easel.on_upload(tab.easel, str(bench.path))

    assert (picture.size, box) == (SIZE, None)
    assert re.search(r'<canvas width="90" height="70"', view) and "data:image/webp;base64," in view
    assert len(tab.easel.opened) == 3


def test_a_file_that_is_no_picture_is_refused_in_words(bench: Bench, tmp_path: Path) -> None:
    tab = bench.tab(inpaint_tab.inpaint_tab)
    (tmp_path / "x.png").write_bytes(b"no")

    with pytest.raises(gr.Error, match="not a PNG, JPEG or WebP"):
        easel.on_upload(tab.easel, str(tmp_path / "x.png"))


def test_a_result_can_be_gone_on_with_and_sent_on(bench: Bench) -> None:
    tab = bench.tab(restyle_tab.restyle_tab)
    made = inpaint(bench, stroke(), count=2)[0]

    picture, *_ = on_go_on(tab.easel, made, 1)
    assert Path(picture.path) == made[1].path
    *opened, tabs = sending.on_send(lambda made, chosen: chosen_of(made, chosen).path, tab.easel, made, 0)
    assert Path(opened[0].path) == made[0].path and tabs.selected == "restyle"


@pytest.mark.parametrize("chosen", [-1, 1, 7])
def test_without_a_result_nothing_is_sent(bench: Bench, chosen: int) -> None:
    made = inpaint(bench, stroke())[0]
    tab = bench.tab(restyle_tab.restyle_tab)

    with pytest.raises(gr.Error, match="no result yet"):
        on_go_on(tab.easel, made, chosen)
    with pytest.raises(gr.Error, match="no result yet"):
        on_go_on(tab.easel, (), 0)


def test_a_result_that_is_looked_at_is_shown_beside_what_it_was_made_of(bench: Bench) -> None:
    made = inpaint(bench, stroke(), count=2)[0]

    _, chosen, slider, said, *_ = results.showing(made, 1)

    assert (chosen, slider.visible) == (1, True)
    assert "Every locked pixel" in said


def test_words_of_results_are_escaped(bench: Bench) -> None:
    made = inpaint(bench, stroke())[0]

    assert "<b>" not in results.showing((replace(made[0], said="<b>"),), 0)[3]


def test_what_was_begun_for_a_page_that_was_closed_is_finished(bench: Bench) -> None:
    making = on_inpaint(bench.studio, stroke(), bench.picture, (), "", 4, "7", Making(), *UNSET)
    next(making)
    making.close()  # type: ignore[attr-defined]

    until(lambda: sum(record.kind == "inpaint" for record in bench.studio.library.recent(100)) == 4)


def test_a_failure_on_the_way_leaves_what_was_made(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    fill = FakeBackend.inpaint
    calls: list[int] = []

    def failing(self: FakeBackend, request: Any, index: int, watch: Any = None) -> Any:
        calls.append(index)
        if index == 1:
            raise RuntimeError("out of memory")
        return fill(self, request, index, watch)

    monkeypatch.setattr(FakeBackend, "inpaint", failing)
    making = on_inpaint(bench.studio, stroke(), bench.picture, (), "", 2, "7", Making(), *UNSET)
    assert len(next(making)[0]) == 1
    with pytest.raises(gr.Error, match="Something went wrong in the studio"):
        next(making)
    assert calls == [0, 1]
    assert sum(record.kind == "inpaint" for record in bench.studio.library.recent(10)) == 1


# --- Models that edit otherwise --------------------------------------------------------------------------------------


class Drawer(FakeBackend):
    """Draws, and edits nothing."""

    @property
    def capabilities(self) -> Capabilities:
        return replace(super().capabilities, editing=None)


class Filler(FakeBackend):
    """Fills without words, and restyles nothing but surroundings."""

    @property
    def capabilities(self) -> Capabilities:
        offered = super().capabilities
        assert offered.editing is not None
        return replace(offered, editing=replace(offered.editing, by_words=False, keeps=("product",)))


@pytest.mark.parametrize(
    ("backend", "words", "keeps"), [(Drawer(), False, 0), (Filler(), False, 1), (FakeBackend(), True, 3)]
)
def test_the_tabs_offer_what_the_model_can(tmp_path: Path, backend: FakeBackend, words: bool, keeps: int) -> None:
    studio = Studio(Settings(data_dir=tmp_path / "data"), backends=lambda _: backend, retoucher=FakeRetoucher())
    pages = [laid_out(build, studio)[1] for build in (inpaint_tab.inpaint_tab, restyle_tab.restyle_tab)]

    blocks = [block for page in pages for block in page.blocks.values()]
    parts = {part.elem_id: part for part in blocks if getattr(part, "elem_id", None)}
    prompt, keep = parts["inpaint-prompt"], parts["restyle-keep"]
    assert (prompt.visible, len(keep.choices)) == (words, keeps)  # type: ignore[attr-defined]
    notes = [part.value for part in blocks if isinstance(part, gr.HTML) and part.visible is True]
    assert any(inpaint_tab.NOT_BY_WORDS in str(note) for note in notes) is (keeps == 1)
    assert any("edits no pictures" in str(note) for note in notes) is (keeps == 0)
    if keeps == 1:
        assert on_example(studio, "make it navy leather", "")[1] == gr.skip()
