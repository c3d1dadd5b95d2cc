"""The command line: parse, construct, call, save. What is slow to import is imported inside the commands."""

from __future__ import annotations

import json
import math
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, cast, get_origin, get_type_hints

import typer
from typer.core import TyperGroup

from studio.errors import StudioError
from studio.models.presets import DIFFUSION_PRESETS, PRESETS
from studio.request import Keep

if TYPE_CHECKING:
    from PIL import Image

    from studio.backends.base import Step
    from studio.library.backup import Copied
    from studio.request import Request
    from studio.settings import Settings
    from studio.signature import Signature

Crop = Literal["centre", "product"]
#: What torch says, with a GPU and without.
_OUT_OF_MEMORY = re.compile("out of memory|allocate memory|not enough memory")
#: Not ones that draw: one says what pictures are like, for the library; the others make pictures of pictures.
LIKENESS = "likeness"
PICTURE_PRESETS = ("inpaint", "product-mask", "upscale")
#: What `campaign --json` says of each advert.
_ROW = ("file", "sha256", "sku", "channel", "width", "height", "status", "problems")
ALL_PRESETS = (*PRESETS, *DIFFUSION_PRESETS, LIKENESS, *PICTURE_PRESETS)


class _PlainErrors(TyperGroup):
    """Ends with one plain line and exit code 1 where a command raises StudioError."""

    def invoke(self, ctx: Any) -> Any:  # typer's own copy of click has no public types
        try:
            return super().invoke(ctx)
        except StudioError as error:
            typer.echo("Error: " + " ".join(str(error).split()), err=True)
            raise typer.Exit(1) from error


app = typer.Typer(
    cls=_PlainErrors,
    help="Turns product descriptions into images, in the browser or here.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
world = typer.Typer(help="The product world that the embedded model learns from.", no_args_is_help=True)
app.add_typer(world, name="world")
data = typer.Typer(help="Photos of your own to train on.", no_args_is_help=True)
app.add_typer(data, name="data")


def main() -> None:
    """The command `studio`."""
    app(prog_name="studio")


BackendOption = Annotated[
    str | None,
    typer.Option(
        help="gan, gan:DIR for a model that you trained, or diffusion:MODEL[@REVISION], a folder or hub name."
    ),
]
ImageArgument = Annotated[Path, typer.Argument(dir_okay=False, help="A PNG, JPEG or WebP of at most 40 megapixels.")]
OutOption = Annotated[Path | None, typer.Option(file_okay=False, help="Folder for copies named NNN-SEED.png.")]
SeedOption = Annotated[int | None, typer.Option(help="Whole number; the same one gives the same pixels.")]
MaskOption = Annotated[
    Path | None, typer.Option(dir_okay=False, help="Image of the same size, white = product; found by itself.")
]
AgainstOption = Annotated[str, typer.Option("--negative-prompt", help="What is not to be seen, if the model listens.")]
SetOption = Annotated[
    list[str] | None,
    typer.Option("--set", help="A setting of the model, as recipes name it: num_inference_steps=8, azimuth=30."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print the result on stdout for programs to read.")]


@app.command()
def serve(
    host: Annotated[str, typer.Option(help="Address to listen on; 0.0.0.0 for the whole network.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="The next free one from here is taken.")] = 7860,
    backend: BackendOption = None,
    share: Annotated[bool, typer.Option("--share", help="Also open a public link.")] = False,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Don't open the browser.")] = False,
) -> None:
    """Open the studio in the browser."""
    from studio import server

    server.serve(_settings(backend), host=host, port=port, open_browser=not no_browser, share=share)


@app.command()
def generate(
    prompt: Annotated[str, typer.Argument(help="What the product is: a glossy red ceramic mug on a marble counter.")],
    count: Annotated[int, typer.Option(help="How many images; image i has seed + i.")] = 4,
    seed: SeedOption = None,
    size: Annotated[int | None, typer.Option(help="Side in pixels; the model's own by default.")] = None,
    near: Annotated[
        list[int] | None,
        typer.Option(help="Seed of an image to stay near, a small step away; again for further steps."),
    ] = None,
    negative_prompt: AgainstOption = "",
    settings: SetOption = None,
    backend: BackendOption = None,
    out: OutOption = None,
    as_json: JsonOption = False,
) -> None:
    """Draw images of a product."""
    from studio.request import GenerationRequest

    request = GenerationRequest(
        prompt=prompt,
        count=count,
        seed=seed,
        size=size,
        near=tuple(near or ()),
        **_by_hand(negative_prompt, settings),
    )
    _draw(request, backend, out, as_json)


@app.command()
def inpaint(
    image: ImageArgument,
    mask: Annotated[Path, typer.Option(dir_okay=False, help="Image of the same size, white = repaint.")],
    prompt: Annotated[str, typer.Option(help="What is to be there, for a diffusion backend.")] = "",
    count: Annotated[int, typer.Option(help="How many variants; variant i has seed + i.")] = 1,
    seed: SeedOption = None,
    negative_prompt: AgainstOption = "",
    settings: SetOption = None,
    backend: BackendOption = None,
    out: OutOption = None,
    as_json: JsonOption = False,
) -> None:
    """Repaint a part of a photo; what is outside the mask stays, bit by bit."""
    from studio.request import InpaintRequest

    request = InpaintRequest(
        image=_picture(image),
        mask=_mask(mask),
        prompt=prompt,
        count=count,
        seed=seed,
        **_by_hand(negative_prompt, settings),
    )
    _draw(request, backend, out, as_json)


@app.command()
def outpaint(
    image: ImageArgument,
    aspect: Annotated[str, typer.Option(help="Width to height, such as 16:9.")],
    prompt: Annotated[str, typer.Option(help="What is to be there, for a diffusion backend.")] = "",
    seed: SeedOption = None,
    negative_prompt: AgainstOption = "",
    settings: SetOption = None,
    backend: BackendOption = None,
    out: OutOption = None,
    as_json: JsonOption = False,
) -> None:
    """Extend a photo to another shape."""
    from studio.request import OutpaintRequest

    request = OutpaintRequest(
        image=_picture(image),
        aspect=_aspect(aspect),
        prompt=prompt,
        seed=seed,
        **_by_hand(negative_prompt, settings),
    )
    _draw(request, backend, out, as_json)


@app.command()
def restyle(
    image: ImageArgument,
    prompt: Annotated[str, typer.Option(help="How it should look: make it navy leather; on a marble counter.")] = "",
    keep: Annotated[Keep, typer.Option(help="What stays: the product's pixels, its shape, or nothing.")] = "product",
    strength: Annotated[float, typer.Option(help="0 keeps the photo, 1 ignores it as far as keep allows.")] = 1.0,
    reference: Annotated[Path | None, typer.Option(dir_okay=False, help="A picture whose look it should have.")] = None,
    mask: MaskOption = None,
    count: Annotated[int, typer.Option(help="How many variants; variant i has seed + i.")] = 1,
    seed: SeedOption = None,
    negative_prompt: AgainstOption = "",
    settings: SetOption = None,
    backend: BackendOption = None,
    out: OutOption = None,
    as_json: JsonOption = False,
) -> None:
    """Give a photo other surroundings, its product another colour or material, or all of it another look."""
    from studio.request import RestyleRequest

    request = RestyleRequest(
        image=_picture(image),
        prompt=prompt,
        keep=keep,
        strength=strength,
        reference=_picture(reference) if reference else None,
        mask=_mask(mask) if mask else None,
        count=count,
        seed=seed,
        **_by_hand(negative_prompt, settings),
    )
    _draw(request, backend, out, as_json)


@app.command()
def enhance(
    image: ImageArgument,
    auto: Annotated[bool, typer.Option("--auto", help="What the photo seems to need; the others overrule it.")] = False,
    exposure: Annotated[float | None, typer.Option(help="In stops, -2 to 2.")] = None,
    white_balance: Annotated[float | None, typer.Option(help="How much of the light's tint goes, 0 to 1.")] = None,
    warmth: Annotated[float | None, typer.Option(help="-1 (cooler) to 1 (warmer).")] = None,
    contrast: Annotated[float | None, typer.Option(help="-1 to 1.")] = None,
    denoise: Annotated[float | None, typer.Option(help="0 to 1.")] = None,
    sharpen: Annotated[float | None, typer.Option(help="0 to 1.")] = None,
    straighten: Annotated[float | None, typer.Option(help="Degrees anticlockwise, -15 to 15.")] = None,
    fill: Annotated[float | None, typer.Option(help="Crop so that the product fills this share, 0 to 1.")] = None,
    aspect: Annotated[str | None, typer.Option(help="Crop to a shape such as 4:5.")] = None,
    white_background: Annotated[bool, typer.Option("--white-background", help="All but the product is 255.")] = False,
    shadow: Annotated[float | None, typer.Option(help="How much of its shadow stays on the white, 0 to 1.")] = None,
    upscale: Annotated[int, typer.Option(help="Times as wide and high: 1, 2 or 4.")] = 1,
    mask: MaskOption = None,
    out: OutOption = None,
    as_json: JsonOption = False,
) -> None:
    """Improve a photo: light, colour, sharpness, crop, white background, size."""
    from studio.editing.enhance import measured
    from studio.request import EnhanceRequest

    picture = _picture(image)
    needed = asdict(measured(picture)) if auto else {}
    given: dict[str, object] = {
        "exposure": exposure,
        "white_balance": white_balance,
        "warmth": warmth,
        "contrast": contrast,
        "denoise": denoise,
        "sharpen": sharpen,
        "straighten": straighten,
        "fill": fill,
        "aspect": list(_aspect(aspect)) if aspect else None,
        "white_background": 1.0 if white_background else None,
        "shadow": shadow,
    }
    settings = {name: value for name, value in needed.items() if value}
    settings |= {name: value for name, value in given.items() if value is not None}
    if not settings and upscale == 1:
        raise typer.BadParameter("nothing is asked for: give --auto, or what is to be done")
    chosen = _mask(mask) if mask else None
    _draw(EnhanceRequest(image=picture, settings=settings, upscale=upscale, mask=chosen), None, out, as_json)


@app.command()
def mask(
    image: ImageArgument,
    out: Annotated[Path | None, typer.Option(dir_okay=False, help="PNG to write; by default beside the image.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Find the product in a photo: white = product, of the same size."""
    from studio.service import Studio

    path = out or image.with_name(f"{image.stem}-mask.png")
    found = Studio(_settings(None)).product_mask(_picture(image))
    _make(path.parent)
    try:
        found.save(path, "PNG")
    except OSError as error:
        raise StudioError(f"{path} can't be written: {error.strerror}.", "Name another file with --out.") from error
    if as_json:
        _print_json({"path": str(path)})
    else:
        typer.echo(str(path), err=True)


@app.command()
def campaign(
    plan: Annotated[Path, typer.Argument(dir_okay=False, help="A plan (YAML), or a table of products (CSV).")],
    out: Annotated[
        Path,
        typer.Option(
            help="New folder or ZIP; one of an earlier time is gone on with. What the plan lost goes to replaced/."
        ),
    ],
    channels: Annotated[
        str | None, typer.Option(help="Names with commas; by default those of the plan, or six for ads.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Make finished adverts of products: product x scene x words x channel."""
    from studio.campaign.brand_kit import BrandKits
    from studio.campaign.campaign import Campaign
    from studio.campaign.pace import in_words
    from studio.campaign.plan import read_plan
    from studio.campaign.sources import darkroom_of
    from studio.service import Studio

    studio = Studio(_settings(None))
    names = [name.strip() for name in (channels or "").split(",") if name.strip()]
    made = Campaign(
        read_plan(plan, names, BrandKits(studio.settings.data_dir)),
        darkroom=darkroom_of(studio),
        prompts=studio.prompts,
        signer=studio.signer,
        folder=studio.settings.prompts_dir,
    )
    for note in made.plan.notes:
        typer.echo(note, err=True)
    typer.echo(f"Adverts to make: {made.count:,}, about {in_words(made.seconds)} once all is loaded.", err=True)
    rows: list[dict[str, object]] = []
    failed = done = 0
    try:
        with _progress("Adverts", made.count, is_told=True) as progress:
            for step in made.run(out):
                row = step.row
                failed += row.status == "failed"
                done += row.status == "ok"
                if row.status == "failed":
                    what = row.file or ", ".join(filter(None, (row.sku, row.channel))) or "A row"
                    typer.echo(f"{what}: {'; '.join(row.problems)}", err=True)
                rows += [{name: getattr(row, name) for name in _ROW}] if as_json else []
                progress(step.done, left=f"about {in_words(step.seconds_left)} left" if step.seconds_left else "")
    except KeyboardInterrupt:
        typer.echo("Stopped. What was made is kept; the same command goes on.", err=True)
        raise
    if as_json:
        _print_json({"out": str(out), "adverts": rows, "failed": failed})
    else:
        # A product that fails is one row, whatever the number of its adverts.
        typer.echo(f"Made: {done}, failed: {made.count - done}; they and report.html are in {out}.", err=True)
    if failed:
        raise typer.Exit(1)


@app.command()
def recipe(file: Annotated[Path, typer.Argument()], backend: BackendOption = None, as_json: JsonOption = False) -> None:
    """Say what made an image, whether it is intact, and whether it redraws."""
    from studio.service import Studio

    studio = Studio(_settings(backend))
    signature = studio.signature(file)
    found, verdict = studio.recipe(file)
    if as_json:
        _print_json(
            {
                "recipe": json.loads(found.to_json()),
                "intact": verdict.intact,
                "verdict": verdict.outcome,
                "max_difference": verdict.max_difference,
                "reason": verdict.reason,
                "signature": asdict(signature) if signature else None,
            }
        )
        return
    rows = {
        "Prompt": found.prompt,
        "Seed": found.seed,
        "Size": " x ".join(str(side) for side in found.dimensions) + " pixels",
        "Model": f"{found.model} ({found.backend}, {found.model_sha256[:12]}), licence {found.licence}",
        "Settings": ", ".join(f"{name} {value:g}" for name, value in found.controls.items()) or "none by hand",
        **({"Near": f"seed {', '.join(str(seed) for seed in found.near)}"} if found.near else {}),
        "Made": found.created,
        "Pixels": "intact" if verdict.intact else "altered",
        "Signature": _signature_words(signature),
        "Redraw": f"{verdict.outcome.replace('_', ' ')}. {verdict.reason}",
    }
    for name, value in rows.items():
        typer.echo(f"{name + ':':10}{value}", err=True)


@app.command()
def space(
    folder: Annotated[Path, typer.Argument(file_okay=False, help="New folder, or that of an earlier time.")],
    as_json: JsonOption = False,
) -> None:
    """Write a folder that runs as a hosted Gradio Space."""
    from studio.space import write_space

    write_space(folder)
    if as_json:
        _print_json({"out": str(folder)})
    else:
        typer.echo(f"{folder} is ready to be pushed; python {folder / 'app.py'} runs it here.", err=True)


@app.command()
def backup(
    folder: Annotated[
        Path, typer.Argument(file_okay=False, help="Where to; what is there of an earlier time is kept.")
    ],
    as_json: JsonOption = False,
) -> None:
    """Copy the library, brand kits and campaigns, also while the studio runs."""
    from studio.library.backup import backup as copy
    from studio.service import Studio

    library = Studio(_settings(None)).library
    with _progress("Copying") as progress:
        copied = copy(library, folder, folders=_beside_the_library(), on_progress=progress)
    _say_copied(copied, folder, as_json)


@app.command()
def restore(
    folder: Annotated[Path, typer.Argument(file_okay=False, help="A backup.")], as_json: JsonOption = False
) -> None:
    """Bring a backup back, to where there is no library."""
    from studio.library.backup import restore as copy

    settings = _settings(None)
    if settings.database_url or settings.files_url:
        raise StudioError(
            "A backup is brought back to a data folder alone.", "Unset STUDIO_DATABASE_URL and STUDIO_FILES_URL first."
        )
    data_dir = settings.data_dir
    with _progress("Copying") as progress:
        copied = copy(folder, data_dir, folders=_beside_the_library(), on_progress=progress)
    _say_copied(copied, data_dir, as_json)


@app.command()
def train(
    data: Annotated[
        list[Path],
        typer.Option(
            file_okay=False,
            help="Folder that `studio world render` or `studio data import` wrote; "
            f"{', '.join(PICTURE_PRESETS)} take several; GANs several of renders.",
        ),
    ],
    preset: Annotated[str, typer.Option(help=f"Size of the networks: {', '.join(ALL_PRESETS)}.")],
    out: Annotated[Path, typer.Option(file_okay=False, help="Folder for the checkpoint, the snapshot and samples.")],
    start: Annotated[
        Path | None,
        typer.Option(
            "--from", file_okay=False, help="A snapshot to begin with; for diffusion64 a GAN's, to read with."
        ),
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the run that is in the folder.")] = False,
    minutes: Annotated[float | None, typer.Option(min=0.1, help="Minutes of training steps, all told.")] = None,
    by_hand: Annotated[
        list[str] | None,
        typer.Option("--set", help="Another setting, as --dry-run prints them: batch_size=64, growth=0.1,0.2."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the settings of the run, and stop.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Train a model of your own."""
    if preset not in ALL_PRESETS:
        raise typer.BadParameter(f"{preset!r} is not one of {', '.join(ALL_PRESETS)}", param_hint="--preset")
    is_first = os.environ.get("RANK", "0") == "0"  # of the processes that torchrun starts
    diffusion = preset in DIFFUSION_PRESETS
    pictures = preset in PICTURE_PRESETS

    if len(data) > 1 and (diffusion or preset == LIKENESS):
        raise typer.BadParameter(f"{preset} is trained on one folder", param_hint="--data")
    if preset == LIKENESS:
        if start or resume or by_hand or dry_run:
            raise typer.BadParameter("likeness is trained in one go: give --data, --out and --minutes alone")
        _train_likeness(data[0], out, minutes, as_json)
        return

    from studio.data.folder import pack_for_training
    from studio.models.diffusion import INDEX, load_diffusion
    from studio.models.errors import SnapshotError
    from studio.models.snapshot import load_snapshot
    from studio.models.text_encoder import TextEncoder
    from studio.prompts import load_prompts
    from studio.training.config import PICTURE_CONFIGS, DiffusionConfig, PictureConfig, TrainingConfig
    from studio.training.folder import TrainingStopped, as_begun

    settings = _settings(None)
    kind = PICTURE_CONFIGS.get(preset, DiffusionConfig if diffusion else TrainingConfig)
    config = kind(preset=preset)
    try:
        config = as_begun(config, out) if resume else config
    except TrainingStopped as error:
        raise StudioError(str(error)) from error
    config = replace(config, minutes=minutes or config.minutes, **_settings_of_run(kind, by_hand or []))
    resolved = asdict(config) | {
        "data": ", ".join(map(str, data)),
        "out": str(out),
        "from": str(start),
        "resume": resume,
    }
    for name, value in resolved.items() if is_first else ():
        typer.echo(f"{name:28}{value}", err=True)
    if dry_run:
        if as_json:
            _print_json(resolved)
        return
    try:
        gone_on = load_diffusion(start) if start and diffusion and (start / INDEX).is_file() else None
        begin = load_snapshot(start) if start and not pictures and not gone_on else None
        goes_on = resume and kind is TrainingConfig and (out / "snapshot").exists()
        known = load_snapshot(out / "snapshot") if goes_on else begin
        prompts, u_names = load_prompts(settings.prompts_dir), known.config.u_names if known else ()
        sets = [pack_for_training(folder, prompts, u_names=u_names) for folder in data]
        if isinstance(config, PictureConfig):
            from studio.training.pictures import train as train_on_pictures
            from studio.training.tasks import task_of

            run = partial(train_on_pictures, config, task_of(preset, sets), start=start)
        else:
            (packed, kept), *others = sorted(sets, key=lambda each: -each[0].images.shape[-1])
            encoder = TextEncoder.load(settings.text_encoder)
            if isinstance(config, DiffusionConfig):
                from studio.training.diffusion import train as train_diffusion

                run = partial(train_diffusion, config, start=gone_on or begin, data=packed, encoder=encoder)
            else:
                from studio.training import train as train_gan

                smaller = [each for each, _ in others]
                run = partial(
                    train_gan, config, start=begin, data=packed, smaller=smaller, held_out=kept, encoder=encoder
                )
        snapshot = run(out=out, resume=resume, say=lambda line: typer.echo(line, err=True))
    except (SnapshotError, TrainingStopped) as error:
        raise StudioError(str(error)) from error
    except KeyboardInterrupt:
        typer.echo(f"Stopped. What was learnt is kept in {out}; --resume goes on.", err=True)
        raise
    except (RuntimeError, MemoryError) as error:
        if isinstance(error, RuntimeError) and not _OUT_OF_MEMORY.search(str(error)):
            raise
        raise StudioError("The memory is too small.", "Take a smaller preset, or fewer or smaller images.") from error
    if not is_first:
        return
    if as_json:
        _print_json({"snapshot": str(snapshot)})
    elif pictures:
        typer.echo(f"The network is in {snapshot}; the studio takes the one in its assets.", err=True)
    else:
        name = f"{'diffusion' if diffusion else 'gan'}:{snapshot}"
        typer.echo(f"Draw with it: studio generate --backend {name} PROMPT", err=True)


def _settings_of_run(kind: type, given: list[str]) -> dict[str, Any]:
    """NAME=VALUE in the types of a run's settings; VALUE,VALUE where they are several, nothing where there is none."""
    from pydantic import TypeAdapter, ValidationError

    types = {name: each for name, each in get_type_hints(kind).items() if name not in ("preset", "minutes")}
    found: dict[str, Any] = {}
    for setting in given:
        name, _, value = setting.partition("=")
        if name not in types:
            raise typer.BadParameter(f"{setting!r} is none of {', '.join(types)}", param_hint="--set")
        several = get_origin(types[name]) is tuple
        plain = [*filter(None, value.split(","))] if several else value or None
        try:
            parsed = TypeAdapter[Any](types[name]).validate_python(plain)
        except ValidationError as error:
            raise typer.BadParameter(f"{setting!r}: {error.errors()[0]['msg']}", param_hint="--set") from error
        least = 1 if isinstance(parsed, int) and name != "seed" else 0
        numbers = [] if parsed is None else cast("list[float]", parsed if several else [parsed])
        if not all(least <= number < math.inf for number in numbers):
            raise typer.BadParameter(f"{setting!r} is not {least} or more", param_hint="--set")
        found[name] = parsed
    return found


def _by_hand(negative_prompt: str, settings: list[str] | None) -> dict[str, Any]:
    """What requests of all kinds say of how the model draws: NAME=VALUE is a control, which is a number, or a choice,
    which is a word."""
    controls: dict[str, float] = {}
    choices: dict[str, str] = {}
    for setting in settings or []:
        name, given, value = setting.partition("=")
        if not name or not given:
            raise typer.BadParameter(f"{setting!r} is not NAME=VALUE", param_hint="--set")
        try:
            controls[name] = float(value)
        except ValueError:
            choices[name] = value
    return {"negative_prompt": negative_prompt, "controls": controls, "choices": choices}


def _train_likeness(data: Path, out: Path, minutes: float | None, as_json: bool) -> None:
    from studio.evaluation.judge import LIKENESS_MINUTES, train_likeness

    _make(out)
    path = train_likeness(data, out, minutes=minutes or LIKENESS_MINUTES, say=lambda line: typer.echo(line, err=True))
    if as_json:
        _print_json({"likeness": str(path)})
    else:
        typer.echo(f"It is in {path}; the studio takes assets/likeness.safetensors.", err=True)


@app.command()
def evaluate(
    data: Annotated[Path, typer.Option(file_okay=False, help="Held-out renders.")],
    out: Annotated[Path, typer.Option(file_okay=False, help="Folder for the report and the contact sheet.")],
    judge_data: Annotated[Path | None, typer.Option(file_okay=False, help="Renders to train the judge on.")] = None,
    train_data: Annotated[Path | None, typer.Option(file_okay=False, help="The model's own training renders.")] = None,
    unseen_data: Annotated[
        Path | None, typer.Option(file_okay=False, help="Renders of combinations kept from training (--held-out).")
    ] = None,
    model: Annotated[Path | None, typer.Option(file_okay=False, help="A snapshot; by default the packaged.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Measure a model on held-out renders."""
    from studio.evaluation import report
    from studio.prompts import load_prompts

    settings = _settings(None)
    _make(out)
    figures = report.evaluate(
        data=data,
        out=out,
        judge_data=[judge_data] if judge_data else [],
        train_data=train_data,
        unseen_data=unseen_data,
        model=model,
        prompts=load_prompts(settings.prompts_dir),
        text_encoder=settings.text_encoder,
    )
    if as_json:
        _print_json(figures)
    else:
        typer.echo(f"The report is {out / 'report.md'}, the images are in {out / 'contact_sheet.png'}.", err=True)


@world.command()
def render(
    count: Annotated[int, typer.Option(min=1, help="How many scenes.")],
    seed: Annotated[int, typer.Option(min=0, help="Seed of the first scene; the others follow.")],
    size: Annotated[int, typer.Option(min=16, max=2048, help="Side in pixels.")],
    out: Annotated[Path, typer.Option(file_okay=False, help="Folder; what is there already is kept.")],
    held_out: Annotated[
        bool, typer.Option("--held-out", help="Draw combinations of attributes that are kept from training.")
    ] = False,
    product: Annotated[
        list[str] | None, typer.Option(help="Draw this product alone; may be given several times.")
    ] = None,
    workers: Annotated[int, typer.Option(min=1, help="Processes, one core each.")] = os.cpu_count() or 1,
    as_json: JsonOption = False,
) -> None:
    """Draw scenes of the product world with Blender; a quarter of them once more, with one thing changed."""
    from studio.data.statistics import SHEET, STATISTICS, write_statistics
    from studio.world.render.processes import render_scenes
    from studio.world.scene import PRODUCTS

    if unknown := [name for name in product or () if name not in PRODUCTS]:
        raise typer.BadParameter(
            f"the world has no {unknown[0]!r}; it has {', '.join(PRODUCTS)}", param_hint="--product"
        )
    _make(out)
    with _progress("Rendering", count) as progress:
        images = render_scenes(
            count=count,
            seed=seed,
            size=size,
            out=out,
            held_out=held_out,
            products=tuple(dict.fromkeys(product or PRODUCTS)),
            workers=workers,
            on_progress=progress,
        )
    write_statistics(out)
    if as_json:
        _print_json({"out": str(out), "images": images})
    else:
        typer.echo(f"What there is: {out / STATISTICS}, {out / SHEET}", err=True)


@data.command("import")
def import_(
    folder: Annotated[
        Path, typer.Argument(file_okay=False, exists=True, help="Folder with photos, and a CSV or none.")
    ],
    out: Annotated[Path, typer.Option(file_okay=False, help="New folder for the data set.")],
    size: Annotated[int, typer.Option(min=16, max=1024, help="Side in pixels; smaller photos are left out.")] = 128,
    table: Annotated[Path | None, typer.Option("--csv", dir_okay=False, help="A line a photo.")] = None,
    crop: Annotated[Crop, typer.Option(help="The middle of a photo, or what stands out from its border.")] = "centre",
    caption: Annotated[
        str | None, typer.Option(help="Text with columns in braces: 'a {colour} {category}'; colour is measured.")
    ] = None,
    group: Annotated[
        str | None, typer.Option(help="Column of what photos have in common, such as a seller or a shoot.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Make a data set of your own photos; their captions can be edited in its catalogue.csv."""
    from studio.data.catalogue import import_catalogue

    _make(out)
    with _progress("Importing") as progress:
        report = import_catalogue(
            folder, out, size=size, table=table, crop=crop, caption=caption, group=group, on_progress=progress
        )
    if as_json:
        _print_json(asdict(report) | {"out": str(out)})
        return
    for each in report.left_out:
        typer.echo(f"left out: {each.source}: {each.reason}", err=True)
    typer.echo(
        f"{report.images} photos in {report.groups} groups are in {out}, {report.test} of them for measuring;"
        f" edit their captions in {out / 'catalogue.csv'}.",
        err=True,
    )


def _draw(request: Request, backend: str | None, out: Path | None, as_json: bool) -> None:
    """Draws a request with a progress bar, copies what was made to `out`, and says where it is."""
    from studio.service import Studio

    studio = Studio(_settings(backend))
    made: list[dict[str, object]] = []
    with _progress("Drawing", request.count) as progress:

        def watch(step: Step) -> None:
            within = (len(made) + step.done / max(step.total, 1), request.count)
            progress(*((step.done, step.total) if step.stage == "downloading" else within))

        for image in studio.stream(request, watch):
            path = image.path
            if out is not None:
                path = _copy(image.path, out / f"{image.index:03d}-{image.seed}.png")
            made.append({"path": str(path), "seed": image.seed, "index": image.index, "sha256": image.sha256})
            progress(len(made))
    if as_json:
        _print_json({"images": made})
    else:
        for item in made:
            typer.echo(item["path"], err=True)


def _aspect(text: str) -> tuple[int, int]:
    if not (found := re.fullmatch(r"\s*(\d{1,4})\s*[:x/]\s*(\d{1,4})\s*", text)):
        raise typer.BadParameter(f"{text!r} is not a shape such as 16:9", param_hint="--aspect")
    return int(found[1]), int(found[2])


def _picture(path: Path) -> Image.Image:
    from studio import imaging

    return imaging.decode(_read(path))


def _mask(path: Path) -> Image.Image:
    from studio import imaging

    return imaging.decode_mask(_read(path))


def _read(path: Path) -> bytes:
    from studio.settings import MAX_PICTURE_BYTES
    from studio.untrusted import read_file

    return read_file(path, MAX_PICTURE_BYTES, hint="Name a PNG, JPEG or WebP image.")


def _signature_words(signature: Signature | None) -> str:
    if signature is None:
        return "none"
    return f"{signature.state}, by {'this installation' if signature.own else signature.signer or 'nobody known'}"


def _say_copied(copied: Copied, out: Path, as_json: bool) -> None:
    """Says what was copied; ends with exit code 1 where files were missing or damaged."""
    if as_json:
        _print_json({"out": str(out), "images": copied.images, "lost": list(copied.lost)})
    else:
        for sha256 in copied.lost:
            typer.echo(f"missing or damaged: {sha256}", err=True)
        typer.echo(f"{copied.images} images are in {out}.", err=True)
    if copied.lost:
        raise typer.Exit(1)


def _settings(backend: str | None) -> Settings:
    from pydantic import ValidationError

    from studio.settings import Settings

    try:
        return Settings(backend=backend) if backend else Settings()
    except ValidationError as error:
        first = error.errors()[0]
        name = "STUDIO_" + "_".join(str(part) for part in first["loc"]).upper()
        raise StudioError(f"{name} can't be used: {first['msg'].lower()}.", "Correct or unset it.") from error


def _beside_the_library() -> tuple[str, ...]:
    """The folders of the data folder that a backup has as well."""
    from studio.campaign.brand_kit import FOLDER
    from studio.ui.advert_request import CAMPAIGNS, TABLES

    return FOLDER, CAMPAIGNS, TABLES


@contextmanager
def _progress(title: str, total: int | None = None, *, is_told: bool = False) -> Generator[Callable[..., None]]:
    """A bar on stderr while there is someone to see it; yields the function that moves it to a number, of a total.

    Where it `is_told` how long the rest takes, it says that.
    """
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    time_left = TextColumn("{task.fields[left]}") if is_told else TimeRemainingColumn()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), time_left)
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=total, left="")

        def move(done: float, of: int | None = total, left: str = "") -> None:
            bar.update(task, completed=done, total=of, left=left)

        yield move


def _make(folder: Path) -> None:
    """The folder is there and can be written to: said before the work rather than after it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise StudioError(f"{folder} can't be written: {error.strerror}.", "Name another folder with --out.") from error


def _copy(kept: Path, copy: Path) -> Path:
    try:
        copy.parent.mkdir(parents=True, exist_ok=True)
        return Path(shutil.copyfile(kept, copy))
    except OSError as error:
        raise StudioError(f"{copy} can't be written: {error.strerror}.", f"The image is kept as {kept}.") from error


def _print_json(result: object) -> None:
    typer.echo(json.dumps(result))
