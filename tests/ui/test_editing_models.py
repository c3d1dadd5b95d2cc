"""The choice of the model in the tabs that edit, and what a slow one says of itself; without a browser."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gradio as gr
import pytest
import yaml

from studio import provenance
from studio.backends.base import Backend, Capabilities, Choice, Control, Drawing, Editing, Step, Watch
from studio.backends.registry import offers, open_backend
from studio.request import InpaintRequest
from studio.service import Studio
from studio.settings import Settings
from studio.ui import editing_tab, inpaint_tab, restyle_tab
from studio.ui.create_tab import on_drop
from studio.ui.editing_tab import NO_EDITING, on_model, on_press, settings_of
from studio.ui.grid import Making
from studio.ui.inpaint_tab import NO_FILLING, on_extend, on_inpaint
from studio.ui.progress import on_look, on_stop
from studio.ui.restyle_tab import on_restyle
from studio.ui.results import NOTHING_NEW, Result
from tests.backends import pipelines
from tests.fakes import FakeBackend, FakeRetoucher
from tests.serving import until
from tests.ui.editing import UNSET, Bench, bench_in, laid_out, stroke

STEPS = Control(name="num_inference_steps", label="Steps", low=1, high=100, step=1, unit="", default=20)


class SlowBackend(FakeBackend):
    """Edits in five steps, and calls `between` after each."""

    between: Any = staticmethod(lambda step: None)

    def __init__(self) -> None:
        super().__init__(quick=False)

    @property
    def capabilities(self) -> Capabilities:
        offered = super().capabilities
        assert offered.editing is not None
        return replace(offered, editing=replace(offered.editing, controls=(STEPS,)), negative_prompt=True)

    def inpaint(self, request: InpaintRequest, index: int, watch: Watch | None = None) -> Drawing:
        drawing = super().inpaint(request, index)
        for done in range(1, 6):
            assert watch
            watch(Step(done=done, total=5, preview=lambda: drawing.image))
            self.between(Step(done=done + 10 * index, total=5))
        return drawing


@pytest.fixture
def slow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Bench, SlowBackend]]:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "cache"))
    backend = SlowBackend()
    bench = bench_in(tmp_path)
    studio = Studio(bench.studio.settings, backends=lambda _: backend, retoucher=FakeRetoucher())
    yield Bench(studio, bench.path), backend
    studio.library.close()


def fill(bench: Bench, making: Making, made: tuple[Result, ...] = ()) -> Iterator[list[Any]]:
    return on_inpaint(bench.studio, stroke(), bench.picture, made, "a handle", making.count, "7", making, *UNSET)


def pressed(bench: Bench, count: int) -> Making:
    return on_press(bench.studio, Making(), count, "")[0]


# --- Watching and stopping -------------------------------------------------------------------------------------------


def test_a_slow_edit_can_be_looked_at_before_it_has_begun_and_a_quick_one_says_nothing(
    slow: tuple[Bench, SlowBackend], tmp_path: Path
) -> None:
    making, begun = on_press(slow[0].studio, Making(), 2, "")
    assert (making.count, making.state, making.slow, len(begun)) == (2, "asked", True, 16)

    quick = bench_in(tmp_path)
    making, begun = on_press(quick.studio, Making(), 2, "")
    assert (making.count, making.slow, begun) == (2, False, "")
    assert len(next(fill(quick, making))[0]) == 1
    assert on_press(quick.studio, making, 2, "") == (gr.skip(), gr.skip())
    quick.studio.library.close()


def test_a_stop_before_its_turn_draws_nothing(slow: tuple[Bench, SlowBackend]) -> None:
    bench, backend = slow
    making = pressed(bench, 2)
    on_stop(making)

    assert list(fill(bench, making)) == [NOTHING_NEW]
    assert making.state == "stopped" and backend.happened == []


def test_a_stop_while_the_model_is_loaded_ends_before_the_first_step(
    slow: tuple[Bench, SlowBackend], monkeypatch: pytest.MonkeyPatch
) -> None:
    bench, backend = slow
    making = pressed(bench, 2)

    def loading(self: SlowBackend) -> None:
        assert making.step == Step(stage="loading")
        on_stop(making)

    monkeypatch.setattr(SlowBackend, "load", loading)
    backend.between = lambda step: pytest.fail("a step was taken")

    assert list(fill(bench, making)) == []
    assert making.state == "stopped" and bench.studio.library.recent(10) == []


def test_a_press_that_is_refused_ends_the_looking(slow: tuple[Bench, SlowBackend]) -> None:
    bench, _ = slow
    making = pressed(bench, 1)
    with pytest.raises(gr.Error, match="Nothing is marked"):
        next(on_inpaint(bench.studio, "", bench.picture, (), "", 1, "7", making, *UNSET))
    assert making.state == "failed" and on_press(bench.studio, making, 1, "")[0].state == "asked"


def test_a_stop_ends_within_a_step_and_leaves_what_is_finished(slow: tuple[Bench, SlowBackend]) -> None:
    bench, backend = slow
    earlier = list(fill(bench, pressed(bench, 1)))[-1][0]
    steps: list[int] = []
    making = pressed(bench, 4)
    drawing = fill(bench, making, earlier)

    def stopping(step: Step) -> None:
        steps.append(step.done)
        if step.done == 1:
            assert making.step and making.step.done == 1 and making.forming is not None
        if step.done == 12:  # the second one of the second picture
            on_stop(making)

    backend.between = stopping
    *_, last = drawing

    assert steps == [1, 2, 3, 4, 5, 11, 12]
    assert [result.seed for result in last[0]] == [7, 7] and last[2].visible
    assert making.state == "stopped" and making.done == 1
    assert sum(record.kind == "inpaint" for record in bench.studio.library.recent(10)) == 2


def test_what_is_seen_of_an_edit_ends_when_it_fails(slow: tuple[Bench, SlowBackend]) -> None:
    bench, backend = slow
    making = pressed(bench, 2)
    drawing = fill(bench, making)
    made = next(drawing)[0]

    def breaking(step: Step) -> None:
        raise RuntimeError("the graphics card fell out")

    async def looked() -> list[Any]:
        seen: list[Any] = []
        async for words, row, stop in on_look(making):
            seen.append((words, row.visible, stop.interactive))
            if making.state == "drawing":
                with pytest.raises(gr.Error, match="Something went wrong"):
                    next(drawing)
        return seen

    backend.between = breaking
    making.step = Step(done=2, total=5)
    first, last = asyncio.run(looked())
    assert "Picture 2 of 2, step 2 of 5" in first[0] and first[1:] == (True, True)
    assert last == ("", False, True)
    assert len(made) == 1


def test_while_one_is_made_the_other_button_of_the_tab_says_so(slow: tuple[Bench, SlowBackend]) -> None:
    bench, _ = slow
    making = pressed(bench, 2)
    drawing = fill(bench, making)
    next(drawing)

    with pytest.raises(gr.Error, match="A picture is being made here"):
        on_press(bench.studio, making, 1, "")
    extending = on_extend(bench.studio, bench.picture, (), "Square 1:1", "", 1, "7", making, *UNSET)
    assert list(extending) == [NOTHING_NEW]
    made = list(drawing)[-1][0]
    making, _ = on_press(bench.studio, making, 1, "")
    *_, last = on_extend(bench.studio, bench.picture, made, "Square 1:1", "", 1, "7", making, *UNSET)
    assert len(last[0]) == 3


@pytest.mark.parametrize("seen", [1, 2])
def test_what_a_closed_page_began_is_finished(slow: tuple[Bench, SlowBackend], seen: int) -> None:
    bench, _ = slow
    drawing: Any = fill(bench, pressed(bench, 3))
    for _ in range(seen):
        next(drawing)
    drawing.close()

    until(lambda: sum(record.kind == "inpaint" for record in bench.studio.library.recent(10)) == 3)


# --- What a model is sent, and shows ---------------------------------------------------------------------------------


@pytest.mark.parametrize("listens", [True, False])
def test_only_what_the_model_offers_is_sent(listens: bool) -> None:
    editing = Editing(size=64, keeps=("product",), by_words=True, controls=(STEPS,) if listens else ())
    choices = (Choice(name="scheduler", label="Scheduler", values=("DDIM", "Euler")),) if listens else ()
    offered = Capabilities(
        sizes=(64,), controls=(), licence="", choices=choices, negative_prompt=listens, editing=editing
    )

    values = settings_of(offered, "diffusion:a/b", " text ", "Euler", False, 12, False, 3.0, True, 1.0)

    assert values["backend"] == "diffusion:a/b" and settings_of(offered, *UNSET)["backend"] is None
    assert values["controls"] == ({"num_inference_steps": 12} if listens else {})
    assert values["negative_prompt"] == ("text" if listens else "")
    assert values["choices"] == ({"scheduler": "Euler"} if listens else {})
    assert settings_of(offered, *UNSET)["choices"] == {}


def test_words_go_to_no_model_that_takes_none(tmp_path: Path) -> None:
    class Wordless(FakeBackend):
        @property
        def capabilities(self) -> Capabilities:
            editing = Editing(size=64, keeps=("product",), by_words=False)
            return replace(super().capabilities, editing=editing)

    bench = bench_in(tmp_path)
    bench.studio = Studio(bench.studio.settings, backends=lambda _: Wordless(), retoucher=FakeRetoucher())
    (result,) = list(fill(bench, pressed(bench, 1)))[-1][0]

    assert provenance.read_recipe(result.path.read_bytes()).prompt == ""
    bench.studio.library.close()


def test_a_strength_goes_to_no_model_that_takes_none(tmp_path: Path) -> None:
    bench = bench_in(tmp_path)
    bench.studio = Studio(
        bench.studio.settings, backends=lambda _: FakeBackend(strength=False), retoucher=FakeRetoucher()
    )
    *_, last = on_restyle(
        bench.studio, "", bench.picture, (), "on pink", "nothing", 0.4, 1, "7", None, Making(), *UNSET
    )

    assert provenance.read_recipe(last[0][0].path.read_bytes()).parameters["strength"] == 1.0
    bench.studio.library.close()


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Folders with tiny pipelines of diffusers, by their kinds."""
    return {
        kind: pipelines.write(kind, tmp_path_factory.mktemp("models") / kind)
        for kind in ("sd", "sd-inpaint", "lcm", "klein")
    }


@pytest.fixture
def studio(tmp_path: Path, tiny: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> Iterator[Studio]:
    """One that draws with a fake, and offers tiny pipelines of diffusers beside it."""
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "cache"))
    about = {"good_for": "x", "licence": "x", "allows": "x", "dtype": "float32", "download_gb": 0.1, "memory_gb": 0.1}
    numbers = {"steps": 3, "guidance": 7.5, "size": pipelines.SIZE}
    words = tmp_path / "words"
    words.mkdir()
    listed = [{"name": str(folder), "title": kind, **about, **numbers} for kind, folder in tiny.items()]
    (words / "models.yaml").write_text(yaml.safe_dump(listed), encoding="utf-8")

    def opened(name: str) -> Backend:
        return FakeBackend() if name == "gan" else open_backend(name, settings=made.settings, prompts=made.prompts)

    settings = Settings(data_dir=tmp_path / "data", prompts_dir=words, device="cpu")
    made = Studio(settings, backends=opened, retoucher=FakeRetoucher())
    yield made
    made.library.close()


def name_of(studio: Studio, kind: str) -> str:
    return next(offer.name for offer in studio.offers if offer.title == kind)


def adapted(studio: Studio, tab: Any, name: str, *given: Any) -> list[Any]:
    """What a tab shows of a model that was chosen, in the end."""
    own = 3 if tab is inpaint_tab else 4
    *_, last = on_model(studio, tab._adapted, own, name, "Heun", True, True, True, *given)
    return last


def test_the_inpaint_tab_adapts_to_the_model(studio: Studio) -> None:
    status, about, drawing, negative, scheduler, *rows, prompt, wordless, refused = adapted(
        studio, inpaint_tab, name_of(studio, "sd")
    )
    assert (status.value, status.visible) == ("", False) and "Good for" in about
    assert (drawing.visible, negative.visible, prompt.visible, wordless.visible) == (True, True, True, False)
    assert [row.visible for row in rows[:3]] == [True, True, False] and rows[3].value == 3
    assert not refused.visible
    assert (scheduler.visible, scheduler.value, scheduler.choices[0]) == (True, "", ("The model's own: DDIM", ""))

    *_, drawing, negative, scheduler, row, _, _, _, _, _, prompt, wordless, refused = adapted(studio, inpaint_tab, "")
    assert (drawing.visible, negative.visible, scheduler.visible, row.visible) == (False, False, False, False)
    assert (prompt.visible, wordless.visible, refused.visible) == (True, False, False)


def test_what_a_model_can_t_do_is_said_when_it_is_chosen(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    *_, prompt, wordless, refused = adapted(studio, inpaint_tab, name_of(studio, "lcm"))
    assert not prompt.visible and not wordless.visible and refused.visible and NO_FILLING in refused.value
    *_, keep, _, _, refused = adapted(studio, restyle_tab, name_of(studio, "lcm"), "product")
    assert [value for _, value in keep.choices] == ["shape", "nothing"] and keep.value == "shape"
    assert not refused.visible

    monkeypatch.setattr(FakeBackend, "capabilities", Capabilities(sizes=(16,), controls=(), licence=""))
    *_, prompt, wordless, refused = adapted(studio, inpaint_tab, "")
    assert not prompt.visible and not wordless.visible and NO_EDITING in refused.value
    *_, keep, _, strength, refused = adapted(studio, restyle_tab, "", "product")
    assert keep.choices == [] and keep.value is None and NO_EDITING in refused.value
    assert not strength.visible

    *_, last = on_model(studio, inpaint_tab._adapted, 3, "diffusion:/nowhere/at/all", "", True, True, True)
    assert "There is no folder" in last[0].value and set(map(str, last[2:])) == {str(gr.skip())}


@pytest.mark.parametrize(("chosen", "kept"), [("product", "product"), ("shape", "product"), (None, "product")])
def test_what_is_kept_stays_where_the_model_can_keep_it(studio: Studio, chosen: str | None, kept: str) -> None:
    *_, keep, _, _, refused = adapted(studio, restyle_tab, name_of(studio, "sd-inpaint"), chosen)
    assert [value for _, value in keep.choices] == ["product"] and keep.value == kept
    assert not refused.visible

    *_, keep, _, _, _ = adapted(studio, restyle_tab, name_of(studio, "sd"), chosen)
    assert keep.value == (chosen or "product") and len(keep.choices) == 3


def test_a_strength_is_set_where_the_model_takes_one(studio: Studio) -> None:
    *_, variants, strength, _ = adapted(studio, restyle_tab, name_of(studio, "klein"), "nothing")
    assert (variants.label, strength.visible) == ("Variants", False)
    *_, variants, strength, _ = adapted(studio, restyle_tab, name_of(studio, "sd"), "nothing")
    assert (variants.label, strength.visible) == ("Strength and variants", True)


def test_an_edit_by_a_chosen_model_is_recorded_and_redrawn(studio: Studio, tmp_path: Path) -> None:
    bench = Bench(studio, bench_in(tmp_path).path)
    sd = [name_of(studio, "sd"), "blue", "EulerDiscrete", False, 2, True, 0.0, True, 0.0]
    ways: list[Iterator[list[Any]]] = [
        on_inpaint(studio, stroke(), bench.picture, (), "a handle", 2, "7", Making(), *sd),
        on_extend(studio, bench.picture, (), "Square 1:1", "more", 1, "7", Making(), *sd),
        on_restyle(studio, "", bench.picture, (), "on pink", "product", 0.8, 1, "7", None, Making(), *sd),
    ]
    for way, kind in zip(ways, ("inpaint", "outpaint", "restyle"), strict=True):
        *_, last = way
        result = last[0][0]
        recipe = provenance.read_recipe(result.path.read_bytes())
        assert (recipe.kind, recipe.backend, recipe.model, recipe.negative_prompt) == (kind, "diffusion", "sd", "blue")
        assert (recipe.controls, recipe.choices) == ({"num_inference_steps": 2}, {"scheduler": "EulerDiscrete"})
        *_, verdict, _ = on_drop(studio, (), str(result.path))
        assert "Exact" in str(verdict)


# --- What is offered -------------------------------------------------------------------------------------------------


def parts_of(studio: Studio, build: Any) -> dict[Any, Any]:
    page = laid_out(build, studio)[1]
    return {getattr(part, "elem_id", None): part for part in page.blocks.values()}


def test_the_embedded_model_is_good_for_something_else_where_it_edits(studio: Studio) -> None:
    for build in (inpaint_tab.inpaint_tab, restyle_tab.restyle_tab):
        _, page = laid_out(build, studio)
        values = [str(getattr(part, "value", "")) for part in page.blocks.values()]
        (about,) = [value for value in values if "Good for" in value]
        assert "filled from what is around" in about and "kinds of products" not in about
    assert "filled from what is around" in adapted(studio, inpaint_tab, "")[1]
    assert "<dd>x</dd>" in adapted(studio, inpaint_tab, name_of(studio, "sd"))[1]  # as in the Create tab


@pytest.mark.parametrize(
    ("build", "name"), [(inpaint_tab.inpaint_tab, "inpaint"), (restyle_tab.restyle_tab, "restyle")]
)
def test_models_are_offered_where_there_is_a_choice(
    studio: Studio, build: Any, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = parts_of(studio, build)
    assert parts[f"{name}-models"].visible
    titles = [title for title, _ in parts[f"{name}-model"].choices]
    assert titles[1:] == ["sd", "sd-inpaint", "lcm", "klein"] and parts[f"{name}-model"].value == ""

    first, sd, *_ = studio.offers
    monkeypatch.setattr(Studio, "offers", (first, replace(sd, edits=False)))
    assert not parts_of(studio, build)[f"{name}-models"].visible


def test_the_embedded_diffusion_model_edits_nothing(studio: Studio) -> None:
    edits = {offer.name: offer.edits for offer in offers(studio.settings, studio.prompts)}
    assert not edits["diffusion"] and edits["gan"]


def test_the_page_is_built_without_diffusers(tmp_path: Path) -> None:
    script = (
        "import sys; from studio.service import Studio; from studio.ui.page import build_page;"
        " build_page(Studio()); print('diffusers' in sys.modules)"
    )
    environment = {"STUDIO_DATA_DIR": str(tmp_path), "PATH": "", "PYTHONPATH": ":".join(filter(None, sys.path))}
    for backend in ("gan", f"diffusion:{tmp_path}"):
        told = subprocess.run(
            [sys.executable, "-c", script],
            env={**environment, "STUDIO_BACKEND": backend},
            capture_output=True,
            text=True,
            check=True,
        )
        assert told.stdout.strip() == "False"


def test_until_a_slow_library_is_there_the_tabs_assume_that_the_model_edits(tmp_path: Path) -> None:
    later: Any = SimpleNamespace(settings=Settings(data_dir=tmp_path, backend=f"diffusion:{tmp_path}"))
    assert editing_tab.editing_at_once(later) is editing_tab.ANYTHING
