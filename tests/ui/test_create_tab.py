"""What the handlers of the tab say, without a browser."""

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gradio as gr
import pytest

from studio.backends import diffusion
from studio.backends.base import Control, Drawing, Step, Watch
from studio.request import GenerationRequest, Recipe
from studio.service import Studio
from studio.settings import Settings
from studio.ui.create_tab import (
    LATELY,
    on_ask,
    on_choose,
    on_draw,
    on_expand,
    on_load,
    on_model,
    on_more,
    on_near,
    on_preview,
    on_surprise,
)
from studio.ui.grid import Grid, Unattended
from studio.ui.progress import on_look, on_stop
from studio.world.scene import ATTRIBUTES
from tests.fakes import FakeBackend, SlowStudio
from tests.serving import until

CONTROLS = ()


@pytest.fixture
def studio(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SlowStudio]:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "cache"))
    made = SlowStudio(Settings(data_dir=tmp_path / "data"))
    made.pause = 0
    yield made
    made.library.close()


def ask(studio: SlowStudio, last: Grid, prompt: str = "a mug", seed: str = "7", *, lock: bool = False) -> Any:
    return on_ask(studio, CONTROLS, last, lock, prompt, 4, seed, "")


def draw(studio: SlowStudio, grid: Grid) -> list[Any]:
    return list(on_draw(studio, Unattended(1), grid))


def test_what_is_drawn_was_fixed_at_the_press(studio: SlowStudio) -> None:
    grid, seed, previews, *_ = ask(studio, Grid())

    assert (grid.request, seed, previews) == (GenerationRequest(prompt="a mug", count=4, seed=7), "7", "")
    *_, (gallery, download) = draw(studio, grid)
    assert [picture["caption"] for picture in gallery.value] == ["Seed 7", "Seed 8", "Seed 9", "Seed 10"]
    assert download.visible
    assert grid.state == "drawn"


@pytest.mark.parametrize(("lock", "same"), [(False, False), (True, True)])
def test_again_it_takes_a_new_seed_unless_that_is_locked(studio: SlowStudio, lock: bool, same: bool) -> None:
    grid = ask(studio, Grid())[0]
    draw(studio, grid)

    assert (ask(studio, grid, lock=lock)[1] == "7") is same


def test_what_failed_is_drawn_again_with_its_seed(studio: SlowStudio) -> None:
    grid = ask(studio, Grid())[0]
    studio.library.close()
    (studio.settings.data_dir / "files").write_text("in the way")
    with pytest.raises(gr.Error, match="can't be used"):
        draw(studio, grid)

    assert ask(studio, grid)[1] == "7"


def test_what_makes_no_sense_stops_nothing(studio: SlowStudio) -> None:
    last = Grid()
    for prompt, seed in (("", "7"), ("a mug", "seven")):
        with pytest.raises(gr.Error):
            ask(studio, last, prompt, seed)

    assert not last.superseded


def test_a_newer_request_stops_the_grid_before_it(studio: SlowStudio) -> None:
    grid = ask(studio, Grid())[0]
    drawing = on_draw(studio, Unattended(1), grid)
    next(drawing)
    ask(studio, grid, "a bowl")

    assert list(drawing) == [(gr.skip(), gr.skip())]
    assert len(studio.library.recent(100)) == 1


def test_a_newer_request_of_a_quick_model_waits_for_no_image(studio: SlowStudio) -> None:
    last = ask(studio, Grid())[0]
    with ThreadPoolExecutor(1) as aside, studio.engine._drawing:  # an image that takes minutes
        newer = aside.submit(ask, studio, last, "a bowl").result(timeout=20)

    assert last.superseded and newer[0].request.prompt == "a bowl"


class SteppingBackend(FakeBackend):
    """Draws in five steps, and has something to show after each."""

    def generate(self, request: GenerationRequest, index: int, watch: Watch | None = None) -> Drawing:
        drawing = super().generate(request, index)
        for done in range(1, 6):
            if watch:
                watch(Step(done=done, total=5, preview=lambda: drawing.image))
        return drawing


def test_a_grid_says_how_far_it_is_and_stops_within_a_step(tmp_path: Path) -> None:
    stepping = Studio(Settings(data_dir=tmp_path / "data"), backends=lambda _: SteppingBackend(quick=False))
    grid = Grid(GenerationRequest(prompt="a mug", count=4, seed=7))
    drawing = grid.draw(stepping)
    assert next(drawing).seed == 7
    assert (grid.done, grid.step) == (1, None)
    drawn = stepping.engine.generate

    def stopping(request: GenerationRequest, watch: Watch) -> Any:
        def stop(step: Step) -> None:
            watch(step)
            if step.done:
                assert grid.step == step and grid.forming is not None
                on_stop(grid)

        return drawn(request, stop)

    stepping.engine.generate = stopping  # type: ignore[method-assign, assignment]
    grid = Grid(GenerationRequest(prompt="a mug", count=4, seed=17))
    assert list(grid.draw(stepping)) == []
    assert grid.step is not None and grid.step.done == 1
    stepping.library.close()


def test_what_was_finished_before_a_stop_stays(studio: SlowStudio) -> None:
    grid = ask(studio, Grid())[0]
    drawing: Any = on_draw(studio, Unattended(1), grid)
    next(drawing)
    on_stop(grid)
    *_, (gallery, download) = drawing

    assert [picture["caption"] for picture in gallery.value] == ["Seed 7"]
    assert download.visible
    assert grid.state == "stopped"
    assert ask(studio, grid)[1] == "7"  # asked for again it is the same grid


def test_a_grid_that_is_stopped_before_its_turn_is_not_drawn(studio: SlowStudio) -> None:
    grid = ask(studio, Grid())[0]
    on_stop(grid)

    assert grid.state == "stopped"
    assert list(on_draw(studio, Unattended(1), grid)) == [(gr.skip(), gr.skip())]
    assert studio.library.recent(100) == []


def test_progress_is_looked_at_until_the_grid_is_there() -> None:
    request = GenerationRequest(prompt="a mug", count=2, seed=7)
    grid = Grid(request, slow=True, state="drawing", step=Step(done=2, total=5))

    async def looked() -> list[Any]:
        seen: list[Any] = []
        async for words, row, _ in on_look(grid):
            seen.append((words, row.visible))
            grid.state = "drawn"
        return seen

    first, last = asyncio.run(looked())
    assert "Picture 1 of 2, step 2 of 5" in first[0] and first[1]
    assert last == ("", False)


def test_a_slow_model_draws_no_previews(tmp_path: Path) -> None:
    backend = FakeBackend(quick=False)
    slow = Studio(Settings(data_dir=tmp_path / "data"), backends=lambda _: backend)
    assert on_preview(slow, CONTROLS, Grid(), "a mug", 4, "7", "")[0] == ""
    assert backend.drawn == []
    assert on_ask(slow, CONTROLS, Grid(), False, "a mug", 4, "7", "")[-2]  # which sets off the looking
    assert on_ask(SlowStudio(slow.settings), CONTROLS, Grid(), False, "a mug", 4, "7", "")[-2] == ""


def test_a_model_shows_what_it_offers(studio: SlowStudio) -> None:
    turn = Control(name="azimuth", label="Turn", low=-60, high=60, step=1, unit="°")
    *_, last = on_model(studio, (turn, diffusion.STEPS), "", "", "", True, True)
    status, about, look_row, negative, camera, drawing, size, scheduler, *rows_and_sliders = last

    assert status == "" and "Thirty-one kinds" in about
    assert [part.visible for part in (look_row, negative, camera, drawing)] == [False, False, True, False]
    assert size.visible and not scheduler.visible
    assert [row.visible for row in rows_and_sliders[:2]] == [True, False]


def test_a_model_that_is_not_here_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    plain = Studio(Settings(data_dir=tmp_path / "data"))
    *_, last = on_model(plain, (), "diffusion:nobody/nothing", "", "")
    assert "is not on this computer" in last[0]


class DownloadingBackend(FakeBackend):
    """Waits in the middle of its download."""

    def __init__(self) -> None:
        super().__init__()
        self.may_go_on, self.ended = threading.Event(), threading.Event()

    def fetch(self, watch: Watch | None = None) -> None:
        assert watch
        try:
            watch(Step(done=1, total=9, stage="downloading"))
            self.may_go_on.wait(5)
            watch(Step(done=2, total=9, stage="downloading"))
            self.happened.append("fetched")
        finally:
            self.ended.set()


def test_a_download_ends_with_its_page_and_is_not_waited_for(tmp_path: Path) -> None:
    backend = DownloadingBackend()
    downloading = Studio(Settings(data_dir=tmp_path / "data"), backends=lambda _: backend)
    looks: Any = on_model(downloading, (), "", "", "")
    next(looks)
    assert "1 of 9 MB" in next(looks)[0]
    looks.close()  # as Gradio does, in the thread that serves everybody

    assert not backend.ended.is_set()
    backend.may_go_on.set()
    assert backend.ended.wait(5)
    assert backend.happened == []


def test_a_download_is_seen_to_its_end(tmp_path: Path) -> None:
    backend = DownloadingBackend()
    downloading = Studio(Settings(data_dir=tmp_path / "data"), backends=lambda _: backend)
    looks: Any = on_model(downloading, (), "", "", "")
    assert "1 of 9 MB" in [next(looks)[0], next(looks)[0]][-1]
    backend.may_go_on.set()
    *_, last = looks

    assert last[0] == "" and backend.happened == ["fetched"]


def test_a_short_description_is_expanded_and_nothing_written_is_lost(studio: SlowStudio) -> None:
    prompt, negative = on_expand(studio, "Studio shot", "ein roter Becher", "")
    assert "red" in prompt and "studio product photograph" in prompt
    assert "watermark" in negative
    assert on_expand(studio, "Studio shot", "a mug", "my own words")[1] == "my own words"
    with pytest.raises(gr.Error, match="No look"):
        on_expand(studio, "", "a mug", "")


def test_a_grid_is_drawn_once(studio: SlowStudio) -> None:
    grid = ask(studio, Grid())[0]
    draw(studio, grid)

    assert draw(studio, grid) == [(gr.skip(), gr.skip())]
    assert len(studio.library.recent(100)) == 4


def test_a_preview_that_comes_after_the_press_says_nothing(studio: SlowStudio, monkeypatch: pytest.MonkeyPatch) -> None:
    last = Grid()
    seen = studio.preview

    def pressing(request: GenerationRequest) -> Any:
        ask(studio, last)
        return seen(request)

    monkeypatch.setattr(studio, "preview", pressing)
    assert on_preview(studio, CONTROLS, last, "a mug", 4, "7", "") == (gr.skip(), gr.skip())


def test_the_grid_that_is_on_the_page_is_not_previewed(studio: SlowStudio) -> None:
    grid = ask(studio, Grid())[0]

    assert on_preview(studio, CONTROLS, grid, "a mug", 4, "7", "")[0] == ""
    assert "Preview of" in on_preview(studio, CONTROLS, grid, "a mug", 4, "8", "")[0]


def test_more_like_one_that_was_chosen(studio: SlowStudio) -> None:
    chosen: Any = SimpleNamespace(index=2, value={"image": {"path": "/cache/2.png"}, "caption": "Seed 9"})
    assert not on_choose(Grid(), chosen)[1].visible
    with pytest.raises(gr.Error, match="No picture is chosen"):
        on_more(CONTROLS, Grid(), 0)

    grid = ask(studio, Grid())[0]
    index, more, path, send = on_choose(grid, chosen)
    assert more.visible and send.visible and path == "/cache/2.png"
    prompt, count, seed, near, *_, lock, _ = on_more(CONTROLS, grid, index)
    assert (prompt, count, near, lock) == ("a mug", 4, "9", False)
    further: Any = on_ask(studio, CONTROLS, grid, False, "a mug", 4, str(seed), str(near))[0]
    draw(studio, further)
    assert {recipe_of(studio, image.sha256).near for image in studio.library.recent(4)} == {(9,)}
    assert on_more(CONTROLS, further, 1)[3] == f"9 {int(str(seed)) + 1}"
    assert on_near("9").visible and not on_near("").visible


def recipe_of(studio: SlowStudio, sha256: str) -> Recipe:
    recipe = studio.library.recipe(sha256)
    assert recipe
    return recipe


def test_a_grid_whose_page_was_closed_is_finished(studio: SlowStudio) -> None:
    grid = ask(studio, Grid())[0]
    drawing: Any = on_draw(studio, Unattended(1), grid)
    next(drawing)
    drawing.close()

    until(lambda: len(studio.library.recent(100)) == 4)


def test_what_is_finished_unattended_does_not_pile_up() -> None:
    may_end = threading.Event()
    begun: list[int] = []

    def images(number: int) -> Iterator[int]:
        begun.append(number)
        may_end.wait(60)
        yield number

    unattended = Unattended(2)
    for number in range(5):
        unattended.finish(images(number))
    until(lambda: len(begun) == 2)
    may_end.set()

    def another_gets_in() -> bool:
        unattended.finish(images(5))
        return 5 in begun

    until(another_gets_in)
    assert sorted(set(begun)) == [0, 1, 5]


def test_a_grid_that_can_t_be_finished_makes_room(caplog: pytest.LogCaptureFixture) -> None:
    def failing() -> Iterator[int]:
        raise RuntimeError("no more room")
        yield 0

    unattended = Unattended(1)
    unattended.finish(failing())
    until(lambda: "no more room" in caplog.text)
    done = threading.Event()

    def fine() -> Iterator[int]:
        done.set()
        yield 0

    def it_gets_in() -> bool:
        unattended.finish(fine())
        return done.is_set()

    until(it_gets_in)


def test_an_empty_library_leaves_the_samples(studio: SlowStudio) -> None:
    assert on_load(studio) == gr.skip()


def test_what_was_made_last_is_shown_first_and_what_was_deleted_is_not(studio: SlowStudio) -> None:
    made = [
        studio.generate(GenerationRequest(prompt=f"a mug, number {seed}", count=1, seed=seed))[0]
        for seed in range(LATELY + 3)
    ]
    made[-1].path.unlink()

    shown = on_load(studio)

    assert shown.label == "Made here lately"
    assert [picture["caption"] for picture in shown.value] == [f"a mug, number {i}" for i in range(LATELY + 1, 2, -1)]


@pytest.mark.parametrize(
    ("attributes", "words"),
    [
        ({"colour": ("red",), "category": ("hat",)}, {"red hat"}),
        ({"product": ("dress", "skirt")}, {"dress", "skirt"}),
    ],
)
def test_a_shop_s_model_is_surprised_in_its_own_words(
    tmp_path: Path, attributes: dict[str, tuple[str, ...]], words: set[str]
) -> None:
    shop = Studio(Settings(data_dir=tmp_path / "data"), backends=lambda _: FakeBackend(attributes=attributes))

    assert {on_surprise(shop, "")[0] for _ in range(20)} == words
    shop.library.close()


def test_the_model_that_is_chosen_is_surprised(tmp_path: Path) -> None:
    backends = {
        "gan": FakeBackend(name="gan", attributes={"product": ("dress",)}),
        "diffusion": FakeBackend(name="diffusion", attributes={"product": ("skirt",)}),
    }
    both = Studio(Settings(data_dir=tmp_path / "data", backend="gan"), backends=backends.__getitem__)

    assert (on_surprise(both, "")[0], on_surprise(both, "diffusion")[0]) == ("dress", "skirt")


def test_a_model_of_a_part_of_the_world_is_surprised_by_that_part(tmp_path: Path) -> None:
    offered = {**ATTRIBUTES, "product": ("vase",), "colour": ("red",)}
    part = Studio(Settings(data_dir=tmp_path / "data"), backends=lambda _: FakeBackend(attributes=offered))

    for _ in range(20):
        known = part.prompts.known(on_surprise(part, "")[0])
        assert (known["product"], known["colour"]) == ("vase", "red")
    part.library.close()
