"""Any text-to-image pipeline of diffusers, and our own small one, behind the same requests as the GAN.

What a model can do is asked of its pipeline (the parameters of `__call__`, the parts, their configurations), never
looked up by its name. One set of weights serves all tasks: words to a picture, a picture to another, holes. diffusers
is imported when such a model is looked at, and not before.
"""
# Pipelines have no common types: each model's is its own.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from __future__ import annotations

import gc
import inspect
import math
import re
import threading
from bisect import bisect_left
from collections.abc import Callable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from studio.backends import model_folder
from studio.backends.base import Capabilities, Choice, Control, Drawing, Editing, Step, Watch
from studio.backends.model_folder import ModelFolder
from studio.backends.scene_reader import SceneReader, controls_of
from studio.errors import InputError, StudioError, WeightsError
from studio.lexicon import words_in
from studio.request import Understanding

if TYPE_CHECKING:
    from collections.abc import Generator

    from PIL import Image
    from torch import Tensor

    from studio.models.text_encoder import TextEncoder
    from studio.prompts import ListedModel, Prompts
    from studio.request import GenerationRequest, InpaintRequest, Keep, RestyleRequest

#: The tasks of a pipeline.
WORDS, PICTURE, HOLES = "text-to-image", "image-to-image", "inpainting"
#: What each of them leaves as it is in a restyled picture.
_KEEPS: Mapping[str, tuple[Keep, ...]] = {HOLES: ("product",), PICTURE: ("shape", "nothing")}

STEPS = Control(name="num_inference_steps", label="Steps", low=1, high=100, step=1, unit="")
GUIDANCE = Control(name="guidance_scale", label="Guidance", low=0, high=20, step=0.1, unit="")
#: Of models that learnt to follow prompts without guidance, and can be guided away from another one all the same.
AGAINST = Control(name="true_cfg_scale", label="Weight of what is not to be seen", low=1, high=10, step=0.1, unit="")
CONTROLS = (STEPS, GUIDANCE, AGAINST)
SCHEDULER = "scheduler"

#: Sides in pixels, where a model says nothing of it; and what divides them, at least.
USUAL_SIZE, GRAIN = 1024, 8
#: What is tried in turn where memory is short, by device, the quickest first. "tiling" decodes large pictures in
#: pieces, which changes them by a hair, so that recipes tell.
SAVINGS = {"cuda": ("offload", "tiling", "piecewise offload"), "cpu": ("tiling",)}
#: Beside its weights a model needs memory to work in: this share of them.
ROOM = 0.25
#: What libraries raise over folders that aren't as they should be.
_BROKEN = (OSError, ValueError, KeyError, TypeError, AttributeError, RuntimeError, MemoryError, ImportError)
_OUT_OF_MEMORY = re.compile("out of memory|allocate memory|not enough memory", re.IGNORECASE)
#: The class of our own small model's folders.
OWN_PIPELINE = "TextAdapterPipeline"


@dataclass(frozen=True, kw_only=True)
class _Facts:
    """What is known of a model before it is loaded. `tasks` are the classes of its pipelines, `needs_mask` says that it
    does nothing but fill holes, `distilled` that it learnt to do without guidance, `schedulers` are names of classes,
    its own first; `attributes` and `u_names` are what our own small model was trained on."""

    folder: ModelFolder
    tasks: Mapping[str, type]
    needs_mask: bool
    distilled: bool
    size: int
    grain: int
    schedulers: tuple[str, ...]
    attributes: Mapping[str, tuple[str, ...]]
    u_names: tuple[str, ...]
    licence: str

    @property
    def own(self) -> bool:
        return self.folder.pipeline == OWN_PIPELINE

    @property
    def drawing(self) -> str:
        """The task that draws from words alone."""
        return HOLES if self.needs_mask else WORDS

    def parameters(self, task: str) -> Mapping[str, inspect.Parameter]:
        """What a task's pipeline takes."""
        return inspect.signature(self.tasks[task].__call__).parameters

    def guidance(self, task: str) -> str | None:
        """The parameter that a pipeline calls what we call guidance; None where it takes none or pays no heed to it."""
        if self.distilled:
            return None
        taken = self.parameters(task)
        for name in (GUIDANCE.name, AGAINST.name):
            if name in taken and taken[name].default is not None:
                return name
        return None


class DiffusionBackend:
    """Draws with one model, one image a call from a generator of its own, so that no pixel depends on a batch."""

    name = "diffusion"

    def __init__(
        self,
        model: str,
        revision: str | None = None,
        *,
        prompts: Prompts,
        text_encoder: str | None = None,
        device: str = "cpu",
    ) -> None:
        """`model` is a folder, or a name of the hub, of which `revision` may be the commit (40 hex digits);
        `text_encoder` is as in the settings, for our own small model. Raises InputError for a revision that is none."""
        listed = [entry for entry in prompts.models if entry.name == model]
        self._name = model
        self._listed: ListedModel | None = listed[0] if listed else None
        self._revision = revision or (self._listed.revision if self._listed else None)
        self._prompts = prompts
        self._text_encoder = text_encoder
        self._device = device
        self._pipeline: Any = None
        self._savings: tuple[str, ...] = ()
        self._colours: Tensor | None = None
        self._scheduler_config: Any = None
        self._tokenizing = threading.Lock()
        if model_folder.is_hub_name(model):
            model_folder.check_name(model, self._revision)

    @property
    def model(self) -> str:
        """The name on the hub, or the folder's own: where it lies is nobody's business."""
        return self._name if model_folder.is_hub_name(self._name) else self._facts.folder.path.resolve().name

    @property
    def model_sha256(self) -> str:
        return self._sha256

    @cached_property
    def _sha256(self) -> str:
        return self._facts.folder.sha256()

    @property
    def capabilities(self) -> Capabilities:
        return self._capabilities

    # What is known of a model

    @cached_property
    def _facts(self) -> _Facts:
        folder = model_folder.find(self._name, self._revision, half=self._device != "cpu")
        if folder is None:
            raise WeightsError(
                f"{self._name} is not on this computer yet.", "Wait for its download, or choose it under Model."
            )
        if folder.pipeline == OWN_PIPELINE:
            return _own_facts(folder)
        tasks = _tasks(folder)
        image_to_latents = 2 ** max(0, _halvings(folder.config("vae")))
        denoiser = folder.config("unet") or folder.config("transformer")
        side = denoiser.get("sample_size")
        size = side * image_to_latents if isinstance(side, int) else USUAL_SIZE
        return _Facts(
            folder=folder,
            tasks=tasks,
            # Beside the noise it is given the picture and the mask, as further channels.
            needs_mask=denoiser.get("in_channels") == 2 * folder.config("vae").get("latent_channels", 0) + 1,
            distilled=model_folder.read_json(folder.path / model_folder.INDEX).get("is_distilled") is True,
            size=self._listed.size if self._listed else size,
            grain=max(GRAIN, 2 * image_to_latents),
            schedulers=_schedulers(folder, tasks),
            attributes={},
            u_names=(),
            licence=folder.licence,
        )

    @cached_property
    def _capabilities(self) -> Capabilities:
        facts = self._facts
        sides = (facts.size, facts.size * 3 // 4, facts.size // 2)
        schedulers = tuple(name.removesuffix("Scheduler") for name in facts.schedulers)
        tasks = [task for task in _KEEPS if task in facts.tasks and (task == HOLES or not facts.needs_mask)]
        keeps: tuple[Keep, ...] = tuple(keep for task in tasks for keep in _KEEPS[task])
        return Capabilities(
            sizes=sides[:1] if facts.own else tuple(dict.fromkeys(side - side % facts.grain for side in sides)),
            controls=self._controls(facts.drawing),
            licence=facts.licence,
            choices=(Choice(name=SCHEDULER, label="Scheduler", values=schedulers),) if len(schedulers) > 1 else (),
            attributes=facts.attributes,
            negative_prompt="negative_prompt" in facts.parameters(facts.drawing),
            editing=Editing(
                size=facts.size,
                keeps=keeps,
                by_words=True,
                strength=all("strength" in facts.parameters(task) for task in tasks),
                fills=HOLES in tasks,
                controls=self._controls(tasks[0]),
            )
            if tasks
            else None,
            quick=False,
            safety_checker="safety_checker" in facts.folder.parts,
        )

    def _controls(self, task: str) -> tuple[Control, ...]:
        """Those that the task's pipeline takes. What it does where nobody sets them is what it does for words alone."""
        taken, usual = self._facts.parameters(task), self._facts.parameters(self._facts.drawing)
        guidance = self._facts.guidance(task)
        controls = [replace(STEPS, default=self._listed.steps if self._listed else usual[STEPS.name].default)]
        if guidance:
            scale = self._listed.guidance if self._listed else usual.get(guidance, taken[guidance]).default
            controls.append(replace(GUIDANCE, default=scale))
        if AGAINST.name in taken and guidance != AGAINST.name:
            controls.append(replace(AGAINST, default=taken[AGAINST.name].default))
        return (*controls, *controls_of(self._facts.u_names))

    # Weights

    def fetch(self, watch: Watch | None = None) -> None:
        name, half = self._name, self._device != "cpu"
        if not model_folder.is_hub_name(name) or model_folder.find(name, self._revision, half=half):
            return
        model_folder.download(name, self._revision, half=half, watch=watch)
        if model_folder.find(name, self._revision, half=half) is None:
            raise WeightsError(f"The download of {name} is not whole.", "Try again.")

    def load(self) -> None:
        if self._pipeline is not None:
            return
        _ = self.model_sha256  # so that what was altered isn't loaded
        if self._facts.own:
            _ = self._reader
        with self._explained():
            self._pipeline = self._loaded()
            self._scheduler_config = self._pipeline.scheduler.config
            self._save_memory(self._savings_at_first())
            if "offload" not in " ".join(self._savings):
                self._pipeline.to(self._device)

    def unload(self) -> None:
        self._pipeline, self._colours, self._savings = None, None, ()
        _free()

    def _loaded(self) -> Any:
        """The pipeline of the folder's own class, on the CPU."""
        import torch
        from diffusers.pipelines.pipeline_utils import DiffusionPipeline
        from diffusers.utils import logging as diffusers_logging
        from transformers.utils import logging as transformers_logging

        facts = self._facts
        if facts.own:
            from studio.models.diffusion_pipeline import TextAdapterPipeline

            return _quiet(TextAdapterPipeline.from_snapshot(facts.folder.path, self._encoder))
        diffusers_logging.disable_progress_bar()
        transformers_logging.disable_progress_bar()
        pipeline = DiffusionPipeline.from_pretrained(
            facts.folder.path,
            dtype=getattr(torch, self._dtype),
            variant="fp16" if facts.folder.half else None,
            use_safetensors=True,
            local_files_only=True,
            trust_remote_code=False,
        )
        return _quiet(pipeline)

    @cached_property
    def _dtype(self) -> str:
        """As torch names it: what the list says, or 16 bits on a graphics card; 32 on the CPU, slow with 16."""
        import torch

        if self._device == "cpu" or self._facts.own:
            return "float32"
        if self._listed:
            return self._listed.dtype
        return "bfloat16" if self._device.startswith("cuda") and torch.cuda.is_bf16_supported() else "float16"

    @cached_property
    def _encoder(self) -> TextEncoder:
        """That of our own small model."""
        from studio.models.text_encoder import TextEncoder

        return TextEncoder.load(self._text_encoder)

    @cached_property
    def _reader(self) -> SceneReader:
        from studio.models.diffusion import load_reading
        from studio.models.errors import SnapshotError

        folder = self._facts.folder.path
        try:
            description, adapter = load_reading(folder)
            encoder = self._encoder
        except SnapshotError as error:
            raise WeightsError(str(error), "Copy the folder again.") from error
        if description.text_encoder_sha256 != encoder.sha256:
            raise WeightsError(f"The model in {folder} was trained with another text encoder.", "Name another model.")
        return SceneReader(
            folder,
            encoder=encoder,
            adapter=adapter,
            attributes=description.attributes,
            u_names=description.u_names,
            exact=description.exact,
            prompts=self._prompts,
            device="cpu",
        )

    @contextmanager
    def _explained(self) -> Generator[None]:
        """What goes wrong while a model is loaded, in words."""
        from safetensors import SafetensorError

        from studio.models.errors import SnapshotError

        try:
            yield
        except SnapshotError as error:
            self.unload()
            raise WeightsError(str(error), "Copy the folder again.") from error
        except AssertionError as error:  # torch's word for a device that it wasn't built for
            self.unload()
            raise InputError(
                f"The device {self._device!r} can't be used here: {error}.",
                "Set STUDIO_DEVICE to cpu, or to one that this installation of torch has.",
            ) from error
        except (*_BROKEN, SafetensorError) as error:
            self.unload()
            if _is_out_of_memory(error):
                raise self._too_large() from error
            first = str(error).strip().partition("\n")[0]
            raise WeightsError(f"{self.model} can't be loaded: {first}", "Copy or download it again.") from error

    # Memory

    def _savings_at_first(self) -> tuple[str, ...]:
        """What has to be saved from the start, by what is free."""
        import torch

        need = self._facts.folder.num_bytes * (2 if self._facts.folder.half and self._dtype == "float32" else 1)
        if not self._device.startswith("cuda"):
            return ()
        free, _ = torch.cuda.mem_get_info(self._device)
        return ("offload",) if need * (1 + ROOM) > free else ()

    def _save_memory(self, savings: tuple[str, ...]) -> None:
        """Applies savings to the pipeline as it is, in addition to those that it has."""
        for saving in savings:
            if saving == "offload":
                self._pipeline.enable_model_cpu_offload(device=self._device)
            elif saving == "piecewise offload":
                self._pipeline.enable_sequential_cpu_offload(device=self._device)
            else:
                self._pipeline.vae.enable_slicing()
                self._pipeline.vae.enable_tiling()
        self._savings = tuple(dict.fromkeys((*self._savings, *savings)))

    def _save_more(self) -> bool:
        """The next saving that there is; False where there is none."""
        possible = SAVINGS.get(self._device.partition(":")[0], ())
        for saving in possible:
            if saving in self._savings or (saving == "tiling" and not hasattr(self._pipeline, "vae")):
                continue
            self._save_memory((saving,))
            return True
        return False

    def _too_large(self) -> StudioError:
        where = "graphics card" if self._device.startswith("cuda") else "computer"
        return StudioError(
            f"The memory of this {where} is too small for {self.model}.",
            "Ask for smaller pictures, close other programs, or take a smaller model.",
        )

    # Words

    def understand(self, prompt: str) -> Understanding:
        if self._facts.own:
            return self._reader.understand(prompt)
        words = words_in(prompt)
        room = bisect_left(words, True, key=lambda word: not self._has_room(prompt[: word.end()]))
        return Understanding(
            prompt=prompt,
            canonical=prompt,
            attributes=(),
            unknown=(),
            unread=tuple(word[0] for word in words[room:]),
        )

    def _has_room(self, text: str) -> bool:
        """Whether one of the model's encoders reads a text to its end."""
        with self._tokenizing:
            windows = [len(tokenizer(text)["input_ids"]) <= window for tokenizer, window in self._tokenizers]
        return any(windows) or not windows

    @cached_property
    def _tokenizers(self) -> list[tuple[Any, int]]:
        """With how many tokens of each are read. Not those of the pipeline, which may be drawing in another thread."""
        from transformers import AutoTokenizer

        most = self._facts.parameters(self._facts.drawing).get("max_sequence_length")
        tokenizers: list[tuple[Any, int]] = []
        for part in self._facts.folder.parts:
            if not part.startswith("tokenizer"):
                continue
            try:
                tokenizer = AutoTokenizer.from_pretrained(
                    self._facts.folder.path / part, local_files_only=True, trust_remote_code=False
                )
            except (OSError, ValueError, KeyError, ImportError):
                continue  # then it isn't known what it reads; loading the model says what is wrong
            tokenizer.deprecation_warnings["sequence-length-is-longer-than-the-specified-maximum"] = True
            window = tokenizer.model_max_length
            tokenizers.append((tokenizer, min(window, most.default) if most else window))
        return tokenizers

    # Drawing

    def generate(self, request: GenerationRequest, index: int, watch: Watch | None = None) -> Drawing:
        from PIL import Image

        assert request.size is not None
        size = (request.size, request.size)
        if not self._facts.needs_mask:
            return self._draw(WORDS, request, index, watch, size)
        everything = {"image": Image.new("RGB", size, "grey"), "mask_image": Image.new("L", size, 255), "strength": 1.0}
        return self._draw(HOLES, request, index, watch, size, everything)

    def inpaint(self, request: InpaintRequest, index: int, watch: Watch | None = None) -> Drawing:
        if HOLES not in self._facts.tasks:
            raise InputError("This model fills no holes.", "Choose another model for that.")
        return self._edit(HOLES, request, index, watch, mask=request.mask)

    def restyle(self, request: RestyleRequest, index: int, watch: Watch | None = None) -> Drawing:
        from PIL import ImageOps

        drawing = Drawing(request.image, {})
        if request.prompt and request.strength > 0:
            if request.keep == "product":
                assert request.mask is not None  # the engine has found it
                surroundings = ImageOps.invert(request.mask)
                drawing = self._edit(HOLES, request, index, watch, mask=surroundings, strength=request.strength)
            else:
                drawing = self._edit(PICTURE, request, index, watch, strength=request.strength)
        if request.reference is not None:
            from studio.editing.reference import like

            drawing = drawing._replace(image=like(drawing.image, request.reference, strength=request.strength))
        return drawing

    def _edit(
        self,
        task: str,
        request: InpaintRequest | RestyleRequest,
        index: int,
        watch: Watch | None,
        *,
        mask: Image.Image | None = None,
        strength: float = 1.0,
    ) -> Drawing:
        """Draws at the model's size, and comes back to the picture's."""
        from PIL import Image

        image = request.image
        scale = self._facts.size / max(image.size)
        grain = self._facts.grain
        width, height = (max(grain, round(side * scale / grain) * grain) for side in image.size)
        given: dict[str, Any] = {"image": image.resize((width, height), Image.Resampling.LANCZOS), "strength": strength}
        if mask is not None:
            # What is to change but a little is drawn anew as well; the engine blends.
            hole = mask.point(lambda value: 255 if value else 0)
            given["mask_image"] = hole.resize((width, height), Image.Resampling.NEAREST)
        image, parameters = self._draw(task, request, index, watch, (width, height), given)
        return Drawing(image.resize(request.image.size, Image.Resampling.LANCZOS), parameters)

    def _draw(
        self,
        task: str,
        request: GenerationRequest | InpaintRequest | RestyleRequest,
        index: int,
        watch: Watch | None,
        size: tuple[int, int],
        given: Mapping[str, Any] | None = None,
    ) -> Drawing:
        """One call of the task's pipeline. `size` is width and height, `given` what a picture to start from needs."""
        assert request.seed is not None
        given = dict(given or {})
        facts, taken, guidance = self._facts, self._facts.parameters(task), self._facts.guidance(task)

        # 1. What the request sets, and the model's own settings for the rest.
        values = {control.name: control.default for control in self._controls(task)} | dict(request.controls)
        steps = int(values[STEPS.name] or 1)
        if given.get("strength"):  # so many of the steps are really done: at least one
            steps = max(steps, math.ceil(1 / given["strength"]))
        settings: dict[str, Any] = {STEPS.name: steps}
        if guidance:
            settings[guidance] = values[GUIDANCE.name]
        if AGAINST.name in values:
            settings[AGAINST.name] = values[AGAINST.name]
        against = settings.get(AGAINST.name, settings.get(guidance or "", 0.0))
        negative = request.negative_prompt
        if negative and against <= 1:
            label = AGAINST.label if AGAINST.name in values else GUIDANCE.label
            raise InputError(
                f"The model pays no heed to what is not to be seen while “{label}” is {against:g}.",
                "Set it above 1, or leave the negative prompt empty.",
            )
        if AGAINST.name in settings and against > 1 and not negative:
            negative = " "  # such a pipeline guides only where there is something to lead away from
        width, height = size
        arguments = settings | given | {"width": width, "height": height, "negative_prompt": negative or None}
        prompt, scene = request.prompt, {"model_prompt": request.prompt}
        if facts.own:  # what words and seed leave open is decided before it draws
            by_hand = {control.name for control in controls_of(facts.u_names)}
            moved = {name: value for name, value in request.controls.items() if name in by_hand}
            planned = self._reader.plan(request.prompt, request.seed + index, (), moved)
            prompt, scene = planned.text, dict(planned.parameters)
            arguments["u"] = [planned.u[name] for name in facts.u_names]
        arguments = {name: value for name, value in arguments.items() if name in taken and value is not None}

        # 2. Draw.
        scheduler = request.choices.get(SCHEDULER, facts.schedulers[0].removesuffix("Scheduler"))
        arguments = {"prompt": prompt, **arguments}
        image = self._call(task, arguments, request.seed + index, f"{scheduler}Scheduler", watch, size)

        # 3. What it was drawn with.
        return Drawing(
            image,
            {
                **scene,
                "scheduler": scheduler,
                "dtype": self._dtype,
                STEPS.name: steps,
                **({GUIDANCE.name: values[GUIDANCE.name]} if guidance else {}),
                **({AGAINST.name: values[AGAINST.name]} if AGAINST.name in values else {}),
                **({"strength": given["strength"]} if "strength" in taken and "strength" in given else {}),
                **({"revision": facts.folder.revision} if facts.folder.revision else {}),
                **({"memory_savings": list(self._savings)} if self._savings else {}),
            },
        )

    def _call(
        self,
        task: str,
        arguments: Mapping[str, Any],
        seed: int,
        scheduler: str,
        watch: Watch | None,
        size: tuple[int, int],
    ) -> Image.Image:
        """Calls the pipeline, and again with less memory where it had too little."""
        import torch

        while True:
            pipeline = self._pipeline_of(task, scheduler)
            watched = {"callback_on_step_end": self._between_steps(watch, size)} if watch else {}
            if "callback_on_step_end" not in self._facts.parameters(task):
                watched = {}
            try:
                # Noise from the CPU, so that it is the same on every device.
                generator = torch.Generator().manual_seed(seed)
                output = pipeline(**arguments, generator=generator, output_type="pil", **watched)
                if any(getattr(output, "nsfw_content_detected", None) or ()):
                    raise InputError("The model's safety checker hid the picture.", "Use other words, or another seed.")
                return output.images[0]
            except (TypeError, ValueError, IndexError, AttributeError) as error:
                if scheduler == self._facts.schedulers[0]:
                    raise
                raise InputError(  # classes that diffusers calls compatible aren't with every model and number of steps
                    f"The scheduler {scheduler.removesuffix('Scheduler')} can't draw this: {error}",
                    "Choose another, or another number of steps.",
                ) from error
            except (RuntimeError, MemoryError) as error:
                if not _is_out_of_memory(error):
                    raise
            finally:
                if "offload" in self._savings:
                    pipeline.maybe_free_model_hooks()
                del pipeline
            # Here, as within `except` the error would hold on to all that was drawn so far.
            _free()
            if not self._save_more():
                raise self._too_large()

    def _pipeline_of(self, task: str, scheduler: str) -> Any:
        """The pipeline of a task, over the weights of the one before, with a scheduler that has seen no other image."""
        import diffusers
        from diffusers.pipelines import auto_pipeline

        facts = self._facts
        if type(self._pipeline) is not facts.tasks[task]:
            auto = {
                WORDS: auto_pipeline.AutoPipelineForText2Image,
                PICTURE: auto_pipeline.AutoPipelineForImage2Image,
                HOLES: auto_pipeline.AutoPipelineForInpainting,
            }[task]
            self._pipeline = _quiet(auto.from_pipe(self._pipeline))
            self._save_memory(tuple(saving for saving in self._savings if saving != "tiling"))
        self._pipeline.scheduler = getattr(diffusers, scheduler).from_config(self._scheduler_config)
        return self._pipeline

    def _between_steps(self, watch: Watch, size: tuple[int, int]) -> Callable[..., dict[str, Any]]:
        """What a pipeline calls after each step."""

        def on_step_end(pipeline: Any, step: int, _timestep: Any, tensors: Mapping[str, Any]) -> dict[str, Any]:
            total = getattr(pipeline, "num_timesteps", None) or step + 1
            watch(Step(done=step + 1, total=total, preview=self._preview(pipeline, tensors["latents"], size)))
            return {}

        return on_step_end

    def _preview(self, pipeline: Any, latents: Tensor, size: tuple[int, int]) -> Callable[[], Image.Image] | None:
        """What draws the image as it is between two steps, small; None where that isn't known."""
        from studio import imaging
        from studio.backends import forming

        if self._facts.own:
            return lambda: imaging.to_pil(pipeline.to_pixels(latents))
        raw = forming.raw_latents(pipeline, latents, *size)
        if raw is None:
            return None

        def draw() -> Image.Image:
            if self._colours is None:
                self._colours = forming.fit_colours(pipeline.vae)
            return forming.to_picture(raw, self._colours)

        return draw


def _tasks(folder: ModelFolder) -> dict[str, type]:
    """The pipelines that diffusers knows for a folder's kind of model. Raises WeightsError where it draws no pictures
    from words."""
    from diffusers.pipelines import auto_pipeline

    known: dict[str, Mapping[Any, type]] = {
        WORDS: auto_pipeline.AUTO_TEXT2IMAGE_PIPELINES_MAPPING,
        PICTURE: auto_pipeline.AUTO_IMAGE2IMAGE_PIPELINES_MAPPING,
        HOLES: auto_pipeline.AUTO_INPAINT_PIPELINES_MAPPING,
    }
    kinds = [
        kind
        for pipelines in known.values()
        for kind, pipeline in pipelines.items()
        if pipeline.__name__ == folder.pipeline
    ]
    if not kinds or kinds[0] not in known[WORDS]:
        raise WeightsError(
            f"A {folder.pipeline} draws no pictures from words.", "Choose a text-to-image model of diffusers."
        )
    return {task: pipelines[kinds[0]] for task, pipelines in known.items() if kinds[0] in pipelines}


def _schedulers(folder: ModelFolder, tasks: Mapping[str, type]) -> tuple[str, ...]:
    """The folder's own scheduler, and where the pipeline takes any of its family, the others that can be used here."""
    import diffusers

    _, own = folder.parts["scheduler"]
    family = inspect.signature(tasks[WORDS].__init__).parameters["scheduler"].annotation
    if getattr(family, "__name__", family) != "KarrasDiffusionSchedulers":
        return (own,)
    others = getattr(diffusers, own).from_config(folder.config("scheduler")).compatibles
    # Those with `_backends` stand for what needs a library that isn't here.
    return (own, *sorted({other.__name__ for other in others if not hasattr(other, "_backends")} - {own}))


def _own_facts(folder: ModelFolder) -> _Facts:
    from studio.models.diffusion import READABLE
    from studio.models.diffusion_pipeline import TextAdapterPipeline

    description = model_folder.read_json(folder.path / "config.json")
    if description.get("format_version") not in READABLE:
        raise WeightsError(
            f"The model in {folder.path} is of another format than this version reads.", "Train it anew."
        )
    try:
        attributes = {str(group): tuple(map(str, classes)) for group, classes in description["attributes"].items()}
        size, licence = int(description["size"]), str(description["licence"])
        u_names = tuple(map(str, description["u_names"]))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise WeightsError(f"There is no usable model in {folder.path}.", "Copy the folder again.") from error
    return _Facts(
        folder=folder,
        tasks={WORDS: TextAdapterPipeline},
        needs_mask=False,
        distilled=False,
        size=size,
        grain=1,
        schedulers=(folder.parts["scheduler"][1],),
        attributes=attributes,
        u_names=u_names,
        licence=licence,
    )


def _halvings(vae: Mapping[str, Any]) -> int:
    """How often a VAE halves a picture, as its configuration tells: between its stages, or in so many of them."""
    for name in ("block_out_channels", "encoder_block_out_channels"):
        if name in vae:
            return len(vae[name]) - 1
    return len(vae.get("temperal_downsample", (True, True, True)))


def _quiet(pipeline: Any) -> Any:
    """Without a progress bar on the terminal."""
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def _is_out_of_memory(error: BaseException) -> bool:
    return isinstance(error, MemoryError) or bool(_OUT_OF_MEMORY.search(str(error)))


def _free() -> None:
    """Gives back what nobody holds any more."""
    import torch

    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
