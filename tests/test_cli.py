import hashlib
import json
import struct
import subprocess
import sys
import zlib
from pathlib import Path
from typing import Any

import pytest
import typer
from PIL import Image, ImageChops
from typer.testing import CliRunner, Result

from studio import imaging, provenance
from studio.campaign.brand_kit import BrandKits, brand_kit
from studio.cli import _by_hand, app
from studio.request import Recipe
from studio.training import TrainingConfig
from tests.evaluation.toy import write_toys

PROMPT = "a glossy red ceramic mug on a marble counter"


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, tiny_snapshot: Path, tiny_text_encoder: Path) -> None:
    monkeypatch.setenv("STUDIO_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("STUDIO_BACKEND", f"gan:{tiny_snapshot}")
    monkeypatch.setenv("STUDIO_TEXT_ENCODER", str(tiny_text_encoder))


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def generate(out: Path, *arguments: object) -> list[dict[str, object]]:
    result = run("generate", PROMPT, "--out", out, "--json", *arguments)
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)["images"]


def recipe_of(image: dict[str, object]) -> Recipe:
    return provenance.read_recipe(Path(str(image["path"])).read_bytes())


def test_generate_writes_copies_of_what_the_library_keeps(tmp_path: Path) -> None:
    images = generate(tmp_path / "out", "--count", 3, "--seed", 7)

    assert [Path(str(image["path"])).name for image in images] == ["000-7.png", "001-8.png", "002-9.png"]
    assert [(image["seed"], image["index"]) for image in images] == [(7, 0), (8, 1), (9, 2)]
    for image in images:
        data, sha256 = Path(str(image["path"])).read_bytes(), str(image["sha256"])
        assert hashlib.sha256(data).hexdigest() == sha256
        assert (tmp_path / "data" / "files" / sha256[:2] / f"{sha256}.png").read_bytes() == data


def test_generate_twice_or_one_alone_gives_equal_pixels(tmp_path: Path) -> None:
    first = generate(tmp_path / "1", "--count", 4, "--seed", 7)
    again = generate(tmp_path / "2", "--count", 4, "--seed", 7)
    third = generate(tmp_path / "3", "--count", 1, "--seed", 9)

    hashes = [recipe_of(image).pixels_sha256 for image in first]
    assert hashes == [recipe_of(image).pixels_sha256 for image in again]
    assert recipe_of(third[0]).pixels_sha256 == hashes[2]


def test_generate_without_a_folder_names_the_files_in_the_library(tmp_path: Path) -> None:
    result = run("generate", PROMPT, "--count", 1)

    assert result.exit_code == 0
    assert result.stdout == ""
    assert Path(result.stderr.strip().splitlines()[-1]).is_relative_to(tmp_path / "data" / "files")


def test_recipe_says_exact_of_an_untouched_file(tmp_path: Path) -> None:
    (image,) = generate(tmp_path, "--count", 1, "--seed", 7)

    result = run("recipe", image["path"], "--json")
    found = json.loads(result.stdout)

    assert (found["verdict"], found["intact"], found["max_difference"]) == ("exact", True, 0)
    assert (found["recipe"]["prompt"], found["recipe"]["seed"]) == (PROMPT, 7)
    spoken = run("recipe", image["path"])
    assert spoken.stdout == ""
    assert "exact" in spoken.stderr and PROMPT in spoken.stderr
    assert found["signature"] == {"state": "intact", "signer": "Product image studio", "own": True}
    assert "intact, by this installation" in spoken.stderr


def test_recipe_says_altered_of_changed_pixels(tmp_path: Path) -> None:
    from PIL import Image

    (image,) = generate(tmp_path, "--count", 1)
    recipe = recipe_of(image)
    with Image.open(str(image["path"])) as opened:
        changed = opened.convert("RGB")
    changed.putpixel((0, 0), (1, 2, 3))
    (tmp_path / "changed.png").write_bytes(provenance.to_png(changed, recipe))

    found = json.loads(run("recipe", tmp_path / "changed.png", "--json").stdout)

    assert (found["verdict"], found["intact"], found["signature"]) == ("not_reproducible", False, None)


def test_recipe_says_altered_of_a_changed_file(tmp_path: Path) -> None:
    (image,) = generate(tmp_path, "--count", 1)
    body = b"tEXtComment\0mine"
    chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    data = Path(str(image["path"])).read_bytes()
    (tmp_path / "changed.png").write_bytes(data[:-12] + chunk + data[-12:])  # before the chunk that ends the file

    result = run("recipe", tmp_path / "changed.png")
    assert "Signature:altered" in result.stderr.replace(" ", "")


def plain_error(result: Result) -> str:
    """The one line that is said; fails on a traceback, a second line or anything on stdout."""
    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit)
    assert result.stdout == ""
    (line,) = [line for line in result.stderr.splitlines() if line.strip()]
    assert line.startswith("Error: ")
    return line


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("",), "prompt is empty"),
        (("x" * 10_000,), "10,000 characters"),
        ((PROMPT, "--count", 0), "Ask for 1 to 64"),
        ((PROMPT, "--count", 1000), "Ask for 1 to 64"),
        ((PROMPT, "--seed", -1), "whole number"),
        ((PROMPT, "--seed", 2**63), "whole number"),
        ((PROMPT, "--size", 31), "It offers: 32"),
        ((PROMPT, "--backend", "dall-e"), "no backend 'dall-e'"),
        ((PROMPT, "--backend", "gan:/nowhere"), "no usable model in /nowhere"),
    ],
)
def test_what_cannot_be_drawn_is_one_plain_line_and_exit_code_1(arguments: tuple[object, ...], said: str) -> None:
    assert said in plain_error(run("generate", *arguments, "--json"))


def test_altered_weights_are_one_plain_line(tmp_path: Path, tiny_snapshot: Path) -> None:
    (tmp_path / "config.json").write_bytes((tiny_snapshot / "config.json").read_bytes())
    (tmp_path / "model.safetensors").write_bytes(b"altered")

    assert "weights" in plain_error(run("generate", PROMPT, "--backend", f"gan:{tmp_path}"))


def test_a_folder_that_cannot_be_written_names_where_the_image_is_kept(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")

    assert "kept as" in plain_error(run("generate", PROMPT, "--count", 1, "--out", tmp_path / "file" / "out"))


UNWRITABLE = [
    pytest.param("file/out", id="below a file"),
    pytest.param(
        "/proc/self",
        id="there, but nobody writes there",
        marks=pytest.mark.skipif(sys.platform != "linux", reason="/proc"),
    ),
]


@pytest.mark.parametrize("out", UNWRITABLE)
@pytest.mark.parametrize(
    "command",
    [
        ("evaluate", "--data", "renders"),
        ("world", "render", "--count", 1, "--seed", 0, "--size", 16, "--workers", 1),
        ("world", "render", "--count", 2, "--seed", 0, "--size", 16, "--workers", 2),
    ],
)
def test_an_out_folder_that_cannot_be_written_is_said_before_the_work(
    tmp_path: Path, command: tuple[object, ...], out: str
) -> None:
    (tmp_path / "file").write_text("in the way")

    assert "can't be written" in plain_error(run(*command, "--out", tmp_path / out))


def test_a_file_without_a_recipe_is_one_plain_line(tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text("hello")

    assert "not a PNG" in plain_error(run("recipe", tmp_path / "note.txt"))
    assert "can't be read" in plain_error(run("recipe", tmp_path / "missing.png", "--json"))


def test_a_setting_that_makes_no_sense_names_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STUDIO_MAX_COUNT", "many")

    assert "STUDIO_MAX_COUNT" in plain_error(run("generate", PROMPT))


@pytest.mark.parametrize(
    "arguments",
    [
        ("generate",),
        ("generate", PROMPT, "--seed", "NaN"),
        ("generate", PROMPT, "--count", "two"),
        ("generate", PROMPT, "--colour", "red"),
        ("paint",),
        ("recipe",),
        ("serve", "--port", 70_000),
        ("train", "--data", "x", "--out", "y", "--preset", "huge"),
        ("train", "--data", "x", "--data", "z", "--out", "y", "--preset", "tiny-diffusion"),
        ("train", "--data", "x", "--out", "y", "--preset", "tiny", "--set", "colour=red"),
        ("train", "--data", "x", "--out", "y", "--preset", "tiny", "--set", "batch_size=many"),
        ("train", "--data", "x", "--out", "y", "--preset", "tiny", "--set", "batch_size=0"),
        ("train", "--data", "x", "--out", "y", "--preset", "tiny", "--set", "regression_learning_rate=1e-3"),
        ("train", "--data", "x", "--out", "y", "--preset", "tiny", "--set", "adversarial_weight=nan"),
        ("world", "render", "--count", 0, "--seed", 1, "--size", 64, "--out", "x"),
        ("world", "render", "--count", 1, "--seed", 1, "--size", 64, "--out", "x", "--product", "dragon"),
    ],
)
def test_wrong_usage_is_exit_code_2(arguments: tuple[object, ...]) -> None:
    assert run(*arguments).exit_code == 2


def test_a_dry_run_prints_the_settings_of_the_training_and_writes_nothing(tmp_path: Path) -> None:
    result = run(
        "train",
        "--data",
        tmp_path,
        "--preset",
        "tiny",
        "--out",
        tmp_path / "run",
        "--minutes",
        3,
        "--dry-run",
        "--json",
    )

    settings = json.loads(result.stdout)
    assert (settings["preset"], settings["minutes"], settings["resume"]) == ("tiny", 3.0, False)
    assert list(tmp_path.iterdir()) == []


def test_a_run_has_settings_by_hand_and_keeps_them_when_it_goes_on(tmp_path: Path) -> None:
    out = tmp_path / "run"
    arguments = ("train", "--data", tmp_path, "--preset", "tiny", "--out", out, "--dry-run", "--json")
    by_hand = ("batch_size=8", "growth=0.1,0.2,0.3", "adversarial_learning_rate=2e-4,1e-5", "contest_size=16")
    result = run(*arguments, "--minutes", 3, *(word for each in by_hand for word in ("--set", each)))
    settings = json.loads(result.stdout)
    assert settings["batch_size"] == 8
    assert settings["growth"] == [0.1, 0.2, 0.3]
    assert settings["adversarial_learning_rate"] == [2e-4, 1e-5]
    assert settings["contest_size"] == 16

    out.mkdir()
    (out / "config.json").write_text(json.dumps(settings), encoding="utf-8")
    longer = json.loads(run(*arguments, "--resume", "--minutes", 5, "--set", "growth=").stdout)
    assert longer == settings | {"resume": True, "minutes": 5.0, "growth": []}
    assert json.loads(run(*arguments, "--resume").stdout)["minutes"] == 3.0
    assert json.loads(run(*arguments, "--resume", "--set", "contest_size=").stdout)["contest_size"] is None
    assert json.loads(run(*arguments).stdout)["batch_size"] == TrainingConfig.batch_size

    (out / "config.json").write_text("{", encoding="utf-8")
    refused = run(*arguments, "--resume")
    assert refused.exit_code == 1
    assert "The settings of the run" in refused.stderr


def test_the_diffusion_model_is_trained_by_the_same_command(tmp_path: Path) -> None:
    arguments = ("train", "--data", tmp_path, "--preset", "diffusion64", "--out", tmp_path / "run")
    settings = json.loads(run(*arguments, "--dry-run", "--json").stdout)
    assert (settings["preset"], settings["text_dropout"]) == ("diffusion64", 0.1)
    refused = run(*arguments, "--from", tmp_path)
    assert refused.exit_code == 1
    assert "There is no model in" in refused.stderr


@pytest.mark.parametrize("preset", ["inpaint", "product-mask", "upscale"])
def test_networks_for_pictures_are_trained_by_the_same_command(tmp_path: Path, preset: str) -> None:
    arguments = ("train", "--data", tmp_path, "--preset", preset, "--out", tmp_path / "run")
    settings = json.loads(run(*arguments, "--dry-run", "--json").stdout)
    assert settings["preset"] == preset and settings["contest"] > 0


def test_the_inpainter_is_trained_on_several_folders(tmp_path: Path) -> None:
    folders = [write_toys(tmp_path / name, seeds=range(2)) for name in ("a", "b")]
    arguments = ("train", "--data", folders[0], "--data", folders[1], "--preset", "inpaint", "--out", tmp_path / "run")
    settings = json.loads(run(*arguments, "--dry-run", "--json").stdout)
    assert settings["preset"] == "inpaint" and settings["data"] == ", ".join(map(str, folders))
    refused = run(*arguments, "--from", tmp_path)
    assert refused.exit_code == 1
    assert "inpainter.safetensors can't be read" in refused.stderr
    trained = run(*arguments)
    assert trained.exit_code == 1
    assert trained.stderr.splitlines()[-1] == (
        "Error: The pictures are smaller than 128 px: render or import larger ones."
    )


def test_a_gan_is_trained_on_renders_of_several_sizes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given: dict[str, Any] = {}

    def remember(_: object, **options: object) -> Path:
        given.update(options)
        return tmp_path

    monkeypatch.setattr("studio.training.train", remember)
    small = write_toys(tmp_path / "small", seeds=range(2), size=16)
    large = write_toys(tmp_path / "large", seeds=range(2))
    done = run("train", "--data", small, "--data", large, "--preset", "tiny", "--out", tmp_path / "run")
    assert done.exit_code == 0, done.stderr
    assert [each.images.shape[-1] for each in (given["data"], *given["smaller"])] == [32, 16]


def test_training_and_measuring_want_renders(tmp_path: Path, tiny_snapshot: Path) -> None:
    out = tmp_path / "out"

    assert "studio world render" in plain_error(
        run("evaluate", "--data", tmp_path, "--out", out, "--model", tiny_snapshot)
    )
    trained = run("train", "--data", tmp_path, "--preset", "tiny", "--out", out)
    assert trained.exit_code == 1
    assert "studio world render" in trained.stderr.splitlines()[-1]


@pytest.mark.parametrize(
    "error",
    [MemoryError(), RuntimeError("DefaultCPUAllocator: can't allocate memory"), RuntimeError("CUDA out of memory.")],
)
def test_too_little_memory_is_said(
    error: Exception, tmp_path: Path, tiny_snapshot: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def exhaust(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("studio.training.train", exhaust)
    renders = write_toys(tmp_path / "toys", seeds=range(2))
    result = run("train", "--data", renders, "--preset", "tiny", "--out", tmp_path / "run")
    assert result.exit_code == 1
    assert result.stderr.splitlines()[-1].startswith("Error: The memory is too small. Take a smaller preset")


LAZY = "import sys, studio.cli; sys.argv = ['studio', '--help']\ntry: studio.cli.main()\nexcept SystemExit: pass\n"


def test_help_imports_nothing_heavy() -> None:
    code = LAZY + "print(*{name.partition('.')[0] for name in sys.modules}, file=sys.stderr)"

    finished = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert "generate" in finished.stdout
    loaded = set(finished.stderr.split())
    assert not loaded & {
        "torch",
        "transformers",
        "gradio",
        "diffusers",
        "sqlalchemy",
        "PIL",
        "numpy",
        "pydantic",
        "bpy",
    }


def test_a_library_is_backed_up_and_restored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (image,) = generate(tmp_path / "out", "--count", 1)
    Image.new("RGBA", (40, 20), "#ff000080").save(tmp_path / "logo.png")
    font = next(Path("assets/fonts").glob("*.ttf"))
    kit = brand_kit(name="Tide & Clay", colour="#0F766E", never=("cheap",), logo=tmp_path / "logo.png", font=font)
    BrandKits(tmp_path / "data").save(kit)

    copied = run("backup", tmp_path / "copy", "--json")
    assert json.loads(copied.stdout) == {"out": str(tmp_path / "copy"), "images": 1, "lost": []}
    refused = run("restore", tmp_path / "copy")
    assert refused.exit_code == 1 and "already holds library.db" in refused.stderr
    monkeypatch.setenv("STUDIO_DATA_DIR", str(tmp_path / "again"))
    assert run("restore", tmp_path / "copy").exit_code == 0
    sha256 = str(image["sha256"])
    kept = tmp_path / "again" / "files" / sha256[:2] / f"{sha256}.png"
    assert kept.read_bytes() == Path(str(image["path"])).read_bytes()
    again = BrandKits(tmp_path / "again").load("Tide & Clay")
    assert again.digest == kit.digest and again.words.never == ("cheap",) and again.font is not None

    (tmp_path / "copy" / "files" / sha256[:2] / f"{sha256}.png").write_bytes(b"rotten")
    monkeypatch.setenv("STUDIO_DATA_DIR", str(tmp_path / "third"))
    damaged = run("restore", tmp_path / "copy")
    assert damaged.exit_code == 1 and f"missing or damaged: {sha256}" in damaged.stderr


def test_a_space_is_written(tmp_path: Path) -> None:
    result = run("space", tmp_path / "space", "--json")

    assert json.loads(result.stdout) == {"out": str(tmp_path / "space")}
    assert (tmp_path / "space" / "app.py").is_file()


def test_settings_of_the_model_are_given_by_name() -> None:
    assert _by_hand("people", ["num_inference_steps=8", "scheduler=DDIM", "azimuth=-3.5"]) == {
        "negative_prompt": "people",
        "controls": {"num_inference_steps": 8.0, "azimuth": -3.5},
        "choices": {"scheduler": "DDIM"},
    }
    with pytest.raises(typer.BadParameter, match="NAME=VALUE"):
        _by_hand("", ["scheduler"])


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "photo.jpg"
    Image.effect_noise((96, 72), 60).convert("RGB").save(path, quality=95)
    return path


@pytest.fixture
def white(tmp_path: Path) -> Path:
    """A mask that is white in the middle."""
    mask = Image.new("L", (96, 72))
    mask.paste(255, (30, 20, 60, 50))
    mask.save(tmp_path / "mask.png")
    return tmp_path / "mask.png"


def edited(*arguments: object) -> Image.Image:
    result = run(*arguments, "--json")
    assert result.exit_code == 0, result.stderr
    (image,) = json.loads(result.stdout)["images"]
    recipe = run("recipe", image["path"], "--json")
    assert json.loads(recipe.stdout)["verdict"] == "exact"
    return imaging.decode(Path(image["path"]).read_bytes())


def test_photos_are_edited(photo: Path, white: Path, tmp_path: Path) -> None:
    source, mask = imaging.decode(photo.read_bytes()), imaging.decode_mask(white.read_bytes())

    filled = edited("inpaint", photo, "--mask", white, "--seed", 3, "--out", tmp_path / "out")
    placed = edited("restyle", photo, "--mask", white, "--prompt", "on a marble counter")
    recoloured = edited("restyle", photo, "--mask", white, "--prompt", "make it navy", "--keep", "shape")

    assert (tmp_path / "out" / "000-3.png").is_file()
    inverse = ImageChops.invert(mask)
    for image, locked in ((filled, inverse), (placed, mask), (recoloured, inverse)):
        difference = ImageChops.difference(image, source)
        assert difference.getbbox() is not None
        assert ImageChops.multiply(difference, locked.convert("RGB")).getbbox() is None
    assert edited("outpaint", photo, "--aspect", "2:1").size == (144, 72)
    assert edited("enhance", photo, "--auto", "--upscale", 2).width > 150


def test_the_product_is_found_and_written_beside_the_photo(photo: Path) -> None:
    result = run("mask", photo, "--json")

    assert result.exit_code == 0, result.stderr
    assert json.loads(result.stdout) == {"path": str(photo.with_name("photo-mask.png"))}
    with Image.open(photo.with_name("photo-mask.png")) as mask:
        assert (mask.mode, mask.size) == ("L", (96, 72))


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("inpaint", "PHOTO", "--mask", "missing.png"), 1, "missing.png can't be read: No such file"),
        (("inpaint", "PHOTO", "--mask", "/dev/zero"), 1, "/dev/zero is larger than 320 MB. Make it smaller"),
        (("outpaint", "PHOTO", "--aspect", "wide"), 2, "not a shape such as 16:9"),
        (("restyle", "PHOTO"), 1, "Nothing is said"),
        (("inpaint", "PHOTO", "--mask", "PHOTO", "--set", "azimuth=3"), 1, "There is no control 'azimuth'"),
        (("outpaint", "PHOTO", "--aspect", "2:1", "--negative-prompt", "people"), 1, "what is not to be seen"),
        (("restyle", "PHOTO", "--prompt", "on pink", "--set", "scheduler=DDIM"), 1, "There is no choice 'scheduler'"),
        (("restyle", "PHOTO", "--prompt", "xyzzy", "--keep", "nothing"), 1, "Nothing in this instruction"),
        (("enhance", "PHOTO"), 2, "nothing is asked for"),
        (("enhance", "PHOTO", "--upscale", "3"), 1, "can't be made 3 times"),
    ],
)
def test_edits_that_make_no_sense_are_refused(photo: Path, arguments: tuple[str, ...], code: int, said: str) -> None:
    result = run(*(photo if each == "PHOTO" else each for each in arguments))

    assert result.exit_code == code
    assert said in " ".join(result.stderr.replace("│", " ").split())
