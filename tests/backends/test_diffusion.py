"""Tiny pipelines that are written here, drawn with by the backend and by diffusers alone."""
# Pipelines have no common types.
# pyright: basic

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image, ImageDraw

from studio import imaging
from studio.backends.base import Step
from studio.backends.diffusion import DiffusionBackend
from studio.engine import Engine
from studio.errors import InputError, StudioError, WeightsError
from studio.prompts import ListedModel, Prompts
from studio.request import GenerationRequest, InpaintRequest, RestyleRequest
from studio.settings import Settings
from studio.world.scene import ATTRIBUTES, CORE_ATTRIBUTES, U_NAMES, u_of
from tests.fakes import FakeBackend, FakeRetoucher

Write = Callable[[str], Path]
Open = Callable[[str], DiffusionBackend]

STEPS = {"num_inference_steps": 3.0}
REQUEST = GenerationRequest(prompt="a red mug", count=2, seed=7, size=32, controls=STEPS)
KINDS = ("sd", "sdxl", "sd3", "flux", "klein", "z-image", "qwen-image")
#: What a pipeline takes in place of a guidance scale; models that learnt to do without it take nothing.
GUIDED = {"klein": "", "qwen-image": "true_cfg_scale"}


@pytest.fixture(scope="module")
def write(tmp_path_factory: pytest.TempPathFactory) -> Write:
    """Writes a tiny pipeline of a kind, once."""
    folder = tmp_path_factory.mktemp("pipelines")

    def written(kind: str) -> Path:
        from tests.backends import pipelines

        return folder / kind if (folder / kind).exists() else pipelines.write(kind, folder / kind)

    return written


@pytest.fixture(scope="module")
def open_backend(write: Write, prompts: Prompts) -> Open:
    """Opens one of them; what was loaded stays loaded for the next test."""
    opened: dict[str, DiffusionBackend] = {}

    def backend(kind: str) -> DiffusionBackend:
        if kind not in opened:
            folder = write(kind)
            opened[kind] = DiffusionBackend(str(folder), prompts=with_entry(prompts, folder, side(kind)))
        opened[kind].load()
        return opened[kind]

    return backend


def side(kind: str) -> int:
    """Pixels of what a kind is said to draw; FLUX.2 looks at no picture of fewer than 64."""
    return 64 if kind == "klein" else 32


def with_entry(prompts: Prompts, folder: Path, size: int = 32) -> Prompts:
    """The list with an entry for a folder, as its owner would add it."""
    entry = ListedModel(
        name=str(folder),
        title="Tiny",
        good_for="tests",
        licence="mit",
        allows="all",
        steps=4,
        guidance=3.0,
        size=size,
        dtype="float16",
        download_gb=0,
        memory_gb=0,
    )
    return replace(prompts, models=(entry,))


def photo(size: tuple[int, int] = (48, 32)) -> Image.Image:
    image = Image.new("RGB", size, "white")
    ImageDraw.Draw(image).ellipse((8, 8, 24, 24), fill="red")
    return image


def hole(size: tuple[int, int] = (48, 32)) -> Image.Image:
    mask = Image.new("L", size)
    mask.paste(255, (8, 8, 24, 24))
    return mask


def bare(folder: Path, auto: str, seed: int, **arguments: Any) -> Image.Image:
    """What diffusers draws by itself."""
    import diffusers

    pipeline = getattr(diffusers, auto).from_pretrained(folder, local_files_only=True, use_safetensors=True)
    pipeline.set_progress_bar_config(disable=True)
    return pipeline(**arguments, generator=torch.Generator().manual_seed(seed)).images[0]


def same(first: Image.Image, second: Image.Image) -> bool:
    return imaging.pixels_sha256(first) == imaging.pixels_sha256(second)


def guided(kind: str, scale: float) -> dict[str, Any]:
    """How a kind of pipeline is told of guidance. One that is led away from something has to be told from what."""
    name = GUIDED.get(kind, "guidance_scale")
    return ({name: scale} if name else {}) | ({"negative_prompt": " "} if name == "true_cfg_scale" else {})


class Stopped(Exception):
    pass


@pytest.mark.parametrize("kind", KINDS)
def test_words_give_what_diffusers_alone_gives(kind: str, write: Write, open_backend: Open) -> None:
    controls = {**STEPS, "guidance_scale": 4.0}
    drawn = open_backend(kind).generate(replace(REQUEST, controls=controls), 1).image

    expected = bare(
        write(kind),
        "AutoPipelineForText2Image",
        REQUEST.seed + 1,  # type: ignore[operator]
        prompt=REQUEST.prompt,
        num_inference_steps=3,
        height=32,
        width=32,
        **guided(kind, 4.0),
    )
    assert same(drawn, expected)


@pytest.mark.parametrize("kind", KINDS)
def test_a_picture_gives_what_diffusers_alone_gives(kind: str, write: Write, open_backend: Open) -> None:
    request = RestyleRequest(
        prompt="blue glass",
        seed=3,
        image=photo((side(kind), side(kind))),
        keep="nothing",
        strength=0.6,
        controls={"num_inference_steps": 5},
    )
    drawing = open_backend(kind).restyle(request, 0)

    expected = bare(
        write(kind),
        "AutoPipelineForImage2Image",
        3,
        prompt="blue glass",
        image=request.image,
        num_inference_steps=5,
        **({"strength": 0.6} if kind != "klein" else {}),  # it looks at the picture, and draws another
        **({"height": side(kind), "width": side(kind)} if kind not in ("sd", "sdxl") else {}),  # they take its
        **guided(kind, 3.0),
    )
    assert same(drawing.image, expected)
    assert drawing.parameters.get("strength") == (0.6 if kind != "klein" else None)


@pytest.mark.parametrize("kind", ["sd", "sd-inpaint", "sdxl", "sd3", "flux", "z-image", "qwen-image"])
def test_a_hole_gives_what_diffusers_alone_gives(kind: str, write: Write, open_backend: Open) -> None:
    image, mask = photo((32, 32)), hole((32, 32))
    request = InpaintRequest(prompt="a blue cup", seed=3, image=image, mask=mask, controls=STEPS)
    drawn = open_backend(kind).inpaint(request, 0).image

    expected = bare(
        write(kind),
        "AutoPipelineForInpainting",
        3,
        prompt="a blue cup",
        image=image,
        mask_image=mask,
        strength=1.0,
        num_inference_steps=3,
        height=32,
        width=32,
        **guided(kind, 3.0),
    )
    assert same(drawn, expected)


def test_a_model_that_is_still_to_come_is_said_to_be(
    prompts: Prompts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(WeightsError, match=r"nobody/nothing is not on this computer yet\. Wait for its download"):
        _ = DiffusionBackend("nobody/nothing", None, prompts=prompts).capabilities


def test_a_model_for_holes_draws_from_words_as_if_all_were_one(open_backend: Open) -> None:
    backend = open_backend("sd-inpaint")
    assert backend.capabilities.editing is not None
    assert backend.capabilities.editing.keeps == ("product",)

    first, second = (backend.generate(REQUEST, index).image for index in range(2))
    assert first.size == (32, 32) and not same(first, second)


def test_one_set_of_weights_serves_all_tasks_in_any_order(open_backend: Open) -> None:
    backend = open_backend("sd")
    before = backend.generate(REQUEST, 0).image
    network = backend._pipeline.unet
    edit = RestyleRequest(prompt="x", seed=1, image=photo(), mask=hole(), strength=0.5, controls=STEPS)
    for keep in ("product", "shape", "nothing"):
        drawn = backend.restyle(replace(edit, keep=keep), 0).image
        assert drawn.size == edit.image.size
    assert backend._pipeline.unet is network
    assert same(backend.generate(REQUEST, 0).image, before)


def test_strength_zero_keeps_the_picture_and_a_little_takes_a_step(open_backend: Open) -> None:
    edit = RestyleRequest(prompt="x", seed=1, image=photo(), keep="nothing", strength=0.0, controls=STEPS)
    backend = open_backend("sd")
    assert same(backend.restyle(edit, 0).image, edit.image)
    assert backend.restyle(replace(edit, strength=0.1), 0).parameters["num_inference_steps"] == 10


def test_pixels_depend_on_no_other_image_nor_on_being_watched(open_backend: Open) -> None:
    backend = open_backend("sd")
    grid = [backend.generate(REQUEST, index).image for index in range(2)]
    torch.manual_seed(99)
    state = torch.get_rng_state()
    alone = backend.generate(replace(REQUEST, seed=8, count=1), 0, lambda step: step.preview and step.preview()).image  # type: ignore[func-returns-value]

    assert same(alone, grid[1]) and not same(grid[0], grid[1])
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize(
    ("kind", "controls", "negative", "scheduler"),
    [
        ("sd", ["num_inference_steps", "guidance_scale"], True, "DDIM"),
        ("lcm", ["num_inference_steps", "guidance_scale"], False, None),
        ("sd3", ["num_inference_steps", "guidance_scale"], True, None),
        ("flux", ["num_inference_steps", "guidance_scale", "true_cfg_scale"], True, None),
        ("klein", ["num_inference_steps"], False, None),
        ("z-image", ["num_inference_steps", "guidance_scale"], True, None),
        ("qwen-image", ["num_inference_steps", "guidance_scale"], True, None),
    ],
)
def test_the_pipeline_is_asked_what_it_takes(
    kind: str, controls: list[str], negative: bool, scheduler: str | None, open_backend: Open
) -> None:
    offered = open_backend(kind).capabilities

    assert [control.name for control in offered.controls] == controls
    assert {control.name: control.default for control in offered.controls}["num_inference_steps"] == 4
    assert offered.negative_prompt is negative
    assert [choice.values[0] for choice in offered.choices] == ([scheduler] if scheduler else [])
    assert (offered.sizes[0], offered.licence, offered.quick) == (side(kind), "openrail++", False)


@pytest.mark.parametrize(("kind", "strength"), [("sd", True), ("sd-inpaint", True), ("lcm", True), ("klein", False)])
def test_the_pipelines_that_restyle_are_asked_whether_they_take_a_strength(
    kind: str, strength: bool, open_backend: Open
) -> None:
    editing = open_backend(kind).capabilities.editing
    assert editing is not None and editing.strength is strength


def test_without_an_entry_in_the_list_the_model_s_own_settings_hold(write: Write, prompts: Prompts) -> None:
    offered = DiffusionBackend(str(write("sd")), prompts=prompts).capabilities

    assert {control.name: control.default for control in offered.controls} == {
        "num_inference_steps": 50,
        "guidance_scale": 7.5,
    }
    assert offered.sizes == (32, 24, 16)


def test_another_scheduler_draws_another_picture_and_is_recorded(open_backend: Open) -> None:
    backend = open_backend("sd")
    usual = backend.generate(REQUEST, 0)
    other = backend.generate(replace(REQUEST, choices={"scheduler": "EulerAncestralDiscrete"}), 0)

    assert (usual.parameters["scheduler"], other.parameters["scheduler"]) == ("DDIM", "EulerAncestralDiscrete")
    assert not same(usual.image, other.image)
    assert same(backend.generate(REQUEST, 0).image, usual.image)


def test_a_scheduler_that_fails_is_named(open_backend: Open) -> None:
    backend = open_backend("sd")
    with pytest.raises(InputError, match=r"The scheduler PNDM can't draw this: .* Choose another"):
        backend.generate(replace(REQUEST, controls={"num_inference_steps": 3}, choices={"scheduler": "PNDM"}), 0)
    assert backend.generate(REQUEST, 0).parameters["scheduler"] == "DDIM"


def test_a_negative_prompt_counts_or_is_refused(open_backend: Open) -> None:
    backend = open_backend("flux")
    request = replace(REQUEST, negative_prompt="text")
    with pytest.raises(InputError, match="pays no heed"):
        backend.generate(request, 0)

    weighed = replace(request, controls={**STEPS, "true_cfg_scale": 4.0})
    assert not same(backend.generate(weighed, 0).image, backend.generate(REQUEST, 0).image)
    with pytest.raises(InputError, match=r"Guidance.*0"):
        open_backend("sd").generate(replace(request, controls={**STEPS, "guidance_scale": 0.0}), 0)


def test_what_it_was_drawn_with_is_recorded(open_backend: Open) -> None:
    backend = open_backend("sd")
    parameters = backend.generate(replace(REQUEST, controls={}), 0).parameters

    assert parameters == {
        "model_prompt": "a red mug",
        "scheduler": "DDIM",
        "dtype": "float32",
        "num_inference_steps": 4,
        "guidance_scale": 3.0,
    }
    assert json.loads(json.dumps(parameters)) == parameters
    assert backend.model == "sd"
    assert len(backend.model_sha256) == 64


@pytest.mark.parametrize("kind", KINDS)
def test_every_step_is_told_and_can_be_looked_at(kind: str, open_backend: Open) -> None:
    steps: list[Step] = []
    seen: list[Image.Image] = []

    def watch(step: Step) -> None:
        steps.append(step)
        assert step.preview is not None
        seen.append(step.preview())

    open_backend(kind).generate(REQUEST, 0, watch)

    assert [(step.done, step.total) for step in steps] == [(1, 3), (2, 3), (3, 3)]
    assert {(image.mode, image.size) for image in seen} == {("RGB", (16, 16))}
    assert len({imaging.pixels_sha256(image) for image in seen}) == 3


@pytest.mark.parametrize("task", ["words", "picture", "hole"])
def test_what_is_stopped_ends_within_one_step_and_the_next_image_is_drawn(task: str, open_backend: Open) -> None:
    backend = open_backend("sd")
    expected = backend.generate(REQUEST, 0).image
    told: list[int] = []

    def stop(step: Step) -> None:
        told.append(step.done)
        raise Stopped

    edit = RestyleRequest(
        prompt="x", seed=1, image=photo(), mask=hole(), keep="nothing", controls={"num_inference_steps": 9}
    )
    draw = {
        "words": lambda: backend.generate(replace(REQUEST, controls={"num_inference_steps": 9}), 0, stop),
        "picture": lambda: backend.restyle(edit, 0, stop),
        "hole": lambda: backend.restyle(replace(edit, keep="product"), 0, stop),
    }[task]
    with pytest.raises(Stopped):
        draw()

    assert told == [1]
    assert same(backend.generate(REQUEST, 0).image, expected)


def test_the_engine_s_lock_is_free_after_a_stop(open_backend: Open) -> None:
    backend = open_backend("sd")
    engine = Engine(Settings(backend="x"), lambda _: backend, FakeRetoucher())

    def stop(step: Step) -> None:
        if step.done:
            raise Stopped

    with pytest.raises(Stopped):
        list(engine.generate(REQUEST, stop))
    (image, _) = engine.generate(REQUEST)
    assert image.recipe.backend == "diffusion"
    assert image.recipe.parameters["controls"] == STEPS
    assert engine.redraw(image.recipe, image.image).outcome == "exact"


def test_where_memory_is_short_less_is_used_and_recipes_tell(
    write: Write, prompts: Prompts, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = DiffusionBackend(str(write("sd")), prompts=with_entry(prompts, write("sd")))
    backend.load()
    expected = backend.generate(REQUEST, 0).image
    decode, failing = backend._pipeline.vae.decode, [True]

    def short(*arguments: Any, **named: Any) -> Any:
        if failing.pop() if failing else False:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB")
        return decode(*arguments, **named)

    monkeypatch.setattr(backend._pipeline.vae, "decode", short)
    drawing = backend.generate(REQUEST, 0)

    assert drawing.parameters["memory_savings"] == ["tiling"]
    assert backend._pipeline.vae.use_tiling
    assert imaging.max_difference(drawing.image, expected) <= 1  # one tile is all of so small a picture


def test_where_memory_never_suffices_it_is_explained_and_the_next_request_works(
    write: Write, prompts: Prompts, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = DiffusionBackend(str(write("sd")), prompts=prompts)
    backend.load()
    with monkeypatch.context() as patch:

        def never(*_: Any, **__: Any) -> Any:
            raise RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory")

        patch.setattr(backend._pipeline.unet, "forward", never)
        with pytest.raises(StudioError, match="memory of this computer is too small"):
            backend.generate(REQUEST, 0)
    assert backend.generate(REQUEST, 0).image.size == (32, 32)


def test_a_model_that_does_not_fit_when_it_is_loaded_is_explained(
    write: Write, prompts: Prompts, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = DiffusionBackend(str(write("sd")), prompts=prompts)

    def short() -> Any:
        raise MemoryError

    with monkeypatch.context() as patch:
        patch.setattr(backend, "_loaded", short)
        with pytest.raises(StudioError, match="too small"):
            backend.load()
    backend.load()


def test_other_errors_come_out_as_they_are(open_backend: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any, **__: Any) -> Any:
        raise RuntimeError("mat1 and mat2 shapes cannot be multiplied")

    backend = open_backend("sd")
    monkeypatch.setattr(backend._pipeline.unet, "forward", broken)
    with pytest.raises(RuntimeError, match="mat1"):
        backend.generate(REQUEST, 0)


def test_words_beyond_the_encoder_s_window_are_said(open_backend: Open) -> None:
    clip, with_t5 = open_backend("sd"), open_backend("sd3")
    short, long = "a red mug", "a glossy red ceramic mug on a marble counter " * 3

    assert clip.understand(short).unread == ()
    unread = clip.understand(long).unread
    assert unread and long.split()[-len(unread) :] == list(unread)
    assert with_t5.understand(long).unread == ()  # its third encoder reads on to 256 tokens
    assert with_t5.understand(long * 2).unread


def test_a_picture_that_the_safety_checker_hides_is_said(open_backend: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    backend = open_backend("sd")
    monkeypatch.setattr(
        type(backend._pipeline_of("text-to-image", "DDIMScheduler")),
        "run_safety_checker",
        lambda self, image, *_: (image, [True]),
    )
    with pytest.raises(InputError, match="safety checker hid"):
        backend.generate(REQUEST, 0)


def test_models_take_turns_in_memory(write: Write, prompts: Prompts) -> None:
    opened = {kind: DiffusionBackend(str(write(kind)), prompts=prompts) for kind in ("sd", "sd3")}
    engine = Engine(Settings(backend="sd"), {**opened, "fake": FakeBackend()}.__getitem__, FakeRetoucher())
    for kind in ("sd", "fake", "sd3", "fake", "sd"):
        engine.warm(kind)
        loaded = [name for name, backend in opened.items() if backend._pipeline is not None]
        assert loaded == [kind if kind != "fake" else loaded[0]]


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory, tiny_text_encoder: Path) -> Path:
    """A snapshot of our own small model, untrained."""
    from studio.models.adapter import TextAdapter
    from studio.models.diffusion import DiffusionDescription, build_unet, save_diffusion
    from studio.models.text_encoder import TextEncoder

    attributes = ATTRIBUTES | {"product": ("mug", "vase"), "colour": ("red", "blue")}
    with torch.random.fork_rng():
        torch.manual_seed(0)
        adapter, unet = TextAdapter(attributes), build_unet("tiny-diffusion", len(U_NAMES))
    folder = tmp_path_factory.mktemp("own") / "snapshot"
    description = DiffusionDescription(
        name="tiny",
        preset="tiny-diffusion",
        size=32,
        u_names=U_NAMES,
        attributes=attributes,
        text_encoder_sha256=TextEncoder.load(str(tiny_text_encoder)).sha256,
        num_images_seen=0,
    )
    save_diffusion(folder, adapter=adapter, unet=unet, description=description)
    return folder


def test_our_own_model_draws_by_the_same_path(own: Path, tiny_text_encoder: Path, prompts: Prompts) -> None:
    from studio.models.diffusion import load_diffusion, sample
    from studio.models.text_encoder import TextEncoder

    backend = DiffusionBackend(str(own), prompts=prompts, text_encoder=str(tiny_text_encoder))
    offered = backend.capabilities
    assert (offered.sizes, offered.licence, offered.editing) == ((32,), "Apache-2.0", None)
    backend.load()
    steps: list[Step] = []
    seen: list[Image.Image] = []

    def watch(step: Step) -> None:
        steps.append(step)
        assert step.preview is not None
        seen.append(step.preview())

    drawing = backend.generate(REQUEST, 1, watch)

    snapshot, encoder = load_diffusion(own), TextEncoder.load(str(tiny_text_encoder))
    read = drawing.parameters
    texts = [encoder.encode([text]) for text in (str(read["model_prompt"]), "")]
    words, empty = (snapshot.adapter(text.states, text.mask) for text in texts)
    u = u_of(read["continuous"], read["silhouette"])  # type: ignore[arg-type]
    told, generator = torch.tensor([[u[name] for name in U_NAMES]]), torch.Generator().manual_seed(8)
    (expected,) = sample(snapshot.unet, snapshot.scheduler, words, empty, told, [generator], num_inference_steps=3)
    assert imaging.max_difference(drawing.image, imaging.to_pil(expected)) <= 1  # diffusers rounds down
    assert [(step.done, step.total) for step in steps] == [(1, 3), (2, 3), (3, 3)]
    assert imaging.max_difference(seen[-1], drawing.image) <= 1
    assert drawing.parameters["num_inference_steps"] == 3


def test_our_own_model_is_told_a_whole_scene(own: Path, tiny_text_encoder: Path, prompts: Prompts) -> None:
    backend = DiffusionBackend(str(own), prompts=prompts, text_encoder=str(tiny_text_encoder))
    backend.load()
    offered = {control.name for control in backend.capabilities.controls}
    assert {"num_inference_steps", "guidance_scale", "azimuth", "warmth"} <= offered
    drawing = backend.generate(REQUEST, 0)
    turned = backend.generate(replace(REQUEST, controls=dict(REQUEST.controls) | {"azimuth": -40.0}), 0)

    attributes, prompt = drawing.parameters["attributes"], drawing.parameters["model_prompt"]
    assert isinstance(attributes, dict) and isinstance(prompt, str)
    assert set(CORE_ATTRIBUTES) <= set(attributes) and attributes["product"] == "mug"
    assert prompt.startswith("a red mug") and prompt != "a red mug"
    assert turned.parameters["continuous"] == drawing.parameters["continuous"] | {"azimuth": -40.0}  # type: ignore[operator]
    assert imaging.max_difference(turned.image, drawing.image) > 0


def test_our_own_pipeline_says_what_it_has_to_be_told(own: Path, tiny_text_encoder: Path) -> None:
    from studio.models.diffusion_pipeline import TextAdapterPipeline
    from studio.models.text_encoder import TextEncoder

    pipeline = TextAdapterPipeline.from_snapshot(own, TextEncoder.load(str(tiny_text_encoder)))
    with pytest.raises(ValueError, match=f"u has 1 values; this model is told {len(U_NAMES)}"):
        pipeline("a red mug", u=[0.0], generator=torch.Generator())


def test_our_own_model_says_what_it_reads(own: Path, tiny_text_encoder: Path, prompts: Prompts) -> None:
    backend = DiffusionBackend(str(own), prompts=prompts, text_encoder=str(tiny_text_encoder))
    read = backend.understand("ein roter Becher mit einem Drachen")

    assert {"product": "mug", "colour": "red"}.items() <= {
        found.group: found.value for found in read.attributes
    }.items()
    assert read.unknown == ("Drachen",)
    assert backend.understand("a red mug " * 60).unread  # of 256 tokens it reads no more


def test_our_own_model_is_checked(own: Path, tmp_path: Path, tiny_text_encoder: Path, prompts: Prompts) -> None:
    folder = copied(own, tmp_path / "copy")
    (folder / "adapter.safetensors").write_bytes(b"altered")
    with pytest.raises(WeightsError, match="not the ones"):
        DiffusionBackend(str(folder), prompts=prompts, text_encoder=str(tiny_text_encoder)).load()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"format_version": 1}, "of another format"),
        ({"u_names": ["flavour"]}, "another product world"),
        ({"text_encoder_sha256": "0" * 64}, "another text encoder"),
    ],
)
def test_our_own_model_of_another_world_is_refused(
    own: Path, tmp_path: Path, tiny_text_encoder: Path, prompts: Prompts, change: dict[str, object], said: str
) -> None:
    folder = copied(own, tmp_path / "copy")
    description = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(description | change))
    backend = DiffusionBackend(str(folder), prompts=prompts, text_encoder=str(tiny_text_encoder))
    for asked in (lambda: backend.understand("a red mug"), backend.load):
        with pytest.raises(WeightsError, match=f"{folder} .*{said}"):
            asked()


def copied(folder: Path, to: Path) -> Path:
    return Path(shutil.copytree(folder, to))


def refused(folder: Path, prompts: Prompts) -> str:
    with pytest.raises(WeightsError) as error:
        backend = DiffusionBackend(str(folder), prompts=prompts)
        _ = backend.capabilities
        backend.load()
    return str(error.value)


def test_a_folder_without_a_pipeline_is_refused(tmp_path: Path, prompts: Prompts) -> None:
    assert "no model_index.json" in refused(tmp_path, prompts)
    assert "There is no folder" in refused(tmp_path / "nowhere", prompts)


def test_pickles_are_refused(write: Write, tmp_path: Path, prompts: Prompts) -> None:
    folder = copied(write("sd"), tmp_path / "pickled")
    (folder / "unet" / "diffusion_pytorch_model.safetensors").unlink()
    bomb = f"cos\nsystem\n(S'touch {tmp_path / 'executed'}'\ntR."
    (folder / "unet" / "diffusion_pytorch_model.bin").write_text(bomb)

    assert "pickles" in refused(folder, prompts)
    assert not (tmp_path / "executed").exists()


def test_code_of_a_model_is_refused(write: Write, tmp_path: Path, prompts: Prompts) -> None:
    folder = copied(write("sd"), tmp_path / "coded")
    (folder / "pipeline.py").write_text(f"open({str(tmp_path / 'executed')!r}, 'w')")
    index = json.loads((folder / "model_index.json").read_text())
    for change in ({"_class_name": ["pipeline", "Evil"]}, {"unet": ["pipeline", "Evil"]}):
        (folder / "model_index.json").write_text(json.dumps(index | change))
        assert "no code of models" in refused(folder, prompts)
    assert not (tmp_path / "executed").exists()


def test_altered_and_missing_files_are_refused(write: Write, tmp_path: Path, prompts: Prompts) -> None:
    folder = copied(write("sd"), tmp_path / "altered")
    weights = folder / "unet" / "diffusion_pytorch_model.safetensors"
    data = weights.read_bytes()
    weights.write_bytes(data[: len(data) // 2])
    assert "can't be loaded" in refused(folder, prompts)
    weights.unlink()
    assert "weights of unet are missing" in refused(folder, prompts)


def test_the_hash_is_that_of_the_weights(write: Write, tmp_path: Path, prompts: Prompts) -> None:
    folder = copied(write("sd"), tmp_path / "copy")
    first = DiffusionBackend(str(folder), prompts=prompts).model_sha256
    assert first == DiffusionBackend(str(write("sd")), prompts=prompts).model_sha256

    weights = folder / "vae" / "diffusion_pytorch_model.safetensors"
    data = bytearray(weights.read_bytes())
    data[-1] ^= 1
    weights.write_bytes(data)
    assert DiffusionBackend(str(folder), prompts=prompts).model_sha256 != first


def test_a_pipeline_that_draws_no_pictures_from_words_is_refused(
    write: Write, tmp_path: Path, prompts: Prompts
) -> None:
    folder = copied(write("sd"), tmp_path / "wrong")
    index = json.loads((folder / "model_index.json").read_text())
    (folder / "model_index.json").write_text(json.dumps(index | {"_class_name": "StableVideoDiffusionPipeline"}))
    assert "draws no pictures from words" in refused(folder, prompts)


def test_a_device_that_is_not_there_is_said(write: Write, prompts: Prompts) -> None:
    if torch.cuda.is_available():
        pytest.skip("there is one")
    backend = DiffusionBackend(str(write("sd")), prompts=prompts, device="cuda")
    with pytest.raises(InputError, match="STUDIO_DEVICE"):
        backend.load()


def test_diffusers_is_imported_only_when_it_draws(tmp_path: Path) -> None:
    """In a process of its own: the page is built over the GAN, and the command line says its help."""
    script = (
        "import sys\n"
        "from studio.service import Studio\n"
        "from studio.settings import Settings\n"
        "from studio.ui.page import build_page\n"
        "from studio.cli import app\n"
        "studio = Studio(Settings())\n"
        "build_page(studio)\n"
        "studio.warm()\n"
        "assert 'diffusers' not in sys.modules, 'imported'\n"
    )
    environment = os.environ | {"STUDIO_DATA_DIR": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
