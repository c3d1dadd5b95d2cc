"""The endpoint that scripts call, through gradio_client."""

import hashlib
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image

from studio import imaging, provenance
from studio.backends.base import Capabilities, Choice
from studio.backends.diffusion import GUIDANCE, STEPS
from studio.server import names_of
from studio.service import Studio
from studio.settings import Settings
from tests.fakes import FakeBackend, FakeRetoucher
from tests.serving import build_app, connected, serving


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    settings = Settings(data_dir=tmp_path_factory.mktemp("data"))
    made = Studio(settings, backends=lambda _: FakeBackend(), retoucher=FakeRetoucher())
    yield made
    made.library.close()


@pytest.fixture(scope="module")
def client(studio: Studio, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    with connected(studio, tmp_path_factory) as client:
        yield client


def test_the_prompt_is_enough(client: Client) -> None:
    gallery, record = client.predict("a red mug", api_name="/generate")

    assert len(gallery) == 4
    for shown, kept in zip(gallery, record["images"], strict=True):
        data = Path(shown["image"]).read_bytes()
        assert hashlib.sha256(data).hexdigest() == kept["sha256"]
        assert provenance.read_recipe(data).seed == kept["seed"]
        assert shown["caption"] == f"Seed {kept['seed']}"
    assert [kept["index"] for kept in record["images"]] == [0, 1, 2, 3]


def test_one_image_is_the_first_of_many(client: Client) -> None:
    many, _ = client.predict(prompt="a red mug", count=3, seed=7, api_name="/generate")
    one, _ = client.predict(prompt="a red mug", count=1, seed=7, api_name="/generate")
    last, _ = client.predict(prompt="a red mug", count=1, seed=9, api_name="/generate")

    def pixels(shown: dict[str, Any]) -> str:
        return imaging.pixels_sha256(imaging.decode(Path(shown["image"]).read_bytes()))

    assert pixels(one[0]) == pixels(many[0])
    assert pixels(last[0]) == pixels(many[2])


def test_controls_and_size_are_passed_on(client: Client) -> None:
    gallery, _ = client.predict("a mug", count=1, seed=2**63 - 1, size=32, azimuth=-20.5, api_name="/generate")

    recipe = provenance.read_recipe(Path(gallery[0]["image"]).read_bytes())
    assert (recipe.seed, recipe.size, recipe.controls) == (2**63 - 1, 32, {"azimuth": -20.5})


class StepByStep(FakeBackend):
    """Takes what diffusion models take."""

    @property
    def capabilities(self) -> Capabilities:
        offered = super().capabilities
        assert offered.editing
        return replace(
            offered,
            controls=(STEPS, GUIDANCE),
            choices=(Choice(name="scheduler", label="Scheduler", values=("DDIM", "Euler")),),
            negative_prompt=True,
            editing=replace(offered.editing, controls=(STEPS, GUIDANCE)),
        )


@pytest.mark.parametrize("endpoint", ["generate", "inpaint", "outpaint", "restyle"])
def test_a_model_that_the_page_offers_can_be_named_and_set(
    endpoint: str, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    studio = Studio(
        Settings(data_dir=tmp_path / "data"),
        backends=lambda name: StepByStep(model=name),
        retoucher=FakeRetoucher(),
    )
    picture, mask = tmp_path / "picture.png", tmp_path / "mask.png"
    Image.new("RGB", (64, 48), "red").save(picture)
    full = Image.new("L", (64, 48))
    full.paste(255, (8, 8, 20, 20))
    full.save(mask)
    given: dict[str, Any] = {
        "generate": {},
        "inpaint": {"image": handle_file(picture), "mask": handle_file(mask)},
        "outpaint": {"image": handle_file(picture)},
        "restyle": {"image": handle_file(picture), "mask": handle_file(mask)},
    }[endpoint]
    offered = studio.offers[-1].name
    with closing(studio.library), connected(studio, tmp_path_factory) as client:
        for model, expected in ((None, studio.settings.backend), (offered, offered)):
            gallery, _ = client.predict(**given, prompt="blue", count=1, seed=1, model=model, api_name=f"/{endpoint}")
            assert provenance.read_recipe(Path(gallery[0]["image"]).read_bytes()).model == expected
        by_hand = {"num_inference_steps": 3, "guidance_scale": 2.5}
        words: dict[str, Any] = {"negative_prompt": "people", "scheduler": "Euler"}
        gallery, _ = client.predict(**given, **by_hand, **words, prompt="blue", count=1, api_name=f"/{endpoint}")
        recipe = provenance.read_recipe(Path(gallery[0]["image"]).read_bytes())
        assert (recipe.controls, recipe.parameters["negative_prompt"]) == (by_hand, "people")
        assert recipe.parameters["choices"] == {"scheduler": "Euler"}


def test_the_endpoints_are_documented(client: Client) -> None:
    described: Any = client.view_api(return_format="dict", print_info=False)

    named = described["named_endpoints"]
    assert named.keys() == {"/generate", "/inpaint", "/outpaint", "/restyle", "/enhance", "/product_mask", "/campaign"}
    assert described["unnamed_endpoints"] == {}
    for name, endpoint in named.items():
        first, *others = endpoint["parameters"]
        assert first["parameter_name"] == {"/generate": "prompt", "/campaign": "description"}.get(name, "image")
        assert first["parameter_has_default"] == (name == "/campaign")
        assert all(each["parameter_has_default"] for each in others)
        types = [part["python_type"]["type"] for part in (*endpoint["parameters"], *endpoint["returns"])]
        assert "Any" not in types and len(endpoint["description"]) > 80
    endpoint = described["named_endpoints"]["/generate"]
    assert "keep them in the library" in endpoint["description"]
    assert "Any" not in [result["python_type"]["type"] for result in endpoint["returns"]]
    assert len(endpoint["returns"]) == 2
    assert [parameter["parameter_name"] for parameter in endpoint["parameters"]][:4] == [
        "prompt",
        "count",
        "seed",
        "size",
    ]
    assert [parameter["parameter_has_default"] for parameter in endpoint["parameters"]] == [False] + [True] * 16


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"prompt": ""}, "The prompt is empty"),
        ({"prompt": " \n\t"}, "The prompt is empty"),
        ({"prompt": "a" * 10_000}, "The prompt has 10,000 characters"),
        ({"prompt": 7}, "The prompt is empty"),
        ({"prompt": ["a mug"]}, "The prompt is empty"),
        ({"prompt": "a mug", "count": 0}, "The number of images can't be 0"),
        ({"prompt": "a mug", "count": 1000}, "The number of images can't be 1000"),
        ({"prompt": "a mug", "count": 2.5}, "The number of images can't be 2.5"),
        ({"prompt": "a mug", "count": "<b>4</b>"}, "can't be &lt;b&gt;4&lt;/b&gt;"),
        ({"prompt": "a mug", "seed": -1}, "The seed can't be -1"),
        ({"prompt": "a mug", "seed": 2**63}, "The seed can't be"),
        ({"prompt": "a mug", "seed": "7"}, "The seed can't be 7"),
        ({"prompt": "a mug", "size": 31}, "can't draw images of 31 pixels"),
        ({"prompt": "a mug", "azimuth": 61}, "Turn (azimuth) can't be 61"),
        ({"prompt": "a mug", "warmth": 0.5}, "There is no control 'warmth'"),
        ({"prompt": "a mug", "model": "gan:/srv/run/snapshot"}, "There is no model"),
        ({"prompt": "a mug", "model": ["gan"]}, "There is no model"),
    ],
)
def test_what_can_t_be_drawn_is_said_in_words(client: Client, given: dict[str, Any], words: str) -> None:
    with pytest.raises(AppError) as caught:
        client.predict(**given, api_name="/generate")

    assert words in str(caught.value)
    assert "Traceback" not in str(caught.value)


@pytest.mark.parametrize(
    "prompt",
    [
        "🐉☕️",
        "<img src=x onerror=alert(1)>",
        "كوب أحمر على طاولة",
        "红色陶瓷杯子",
        "a\u202emug",
        "{{value}} ${x}",
        "'; --",
    ],
)
def test_any_text_is_a_prompt_and_is_kept_as_it_was_typed(client: Client, prompt: str) -> None:
    gallery, _ = client.predict(prompt, count=1, seed=1, api_name="/generate")

    assert provenance.read_recipe(Path(gallery[0]["image"]).read_bytes()).prompt == prompt


def test_the_spine_with_real_networks(
    tmp_path: Path, tiny_snapshot: Path, tiny_text_encoder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "cache"))
    settings = Settings(data_dir=tmp_path / "data", backend=f"gan:{tiny_snapshot}", text_encoder=str(tiny_text_encoder))
    studio = Studio(settings)
    with serving(build_app(studio, names_of("127.0.0.1"))) as url:
        with closing(Client(url, download_files=str(tmp_path / "got"), verbose=False)) as client:
            gallery, _ = client.predict("红色陶瓷杯子", 2, 7, azimuth=30, api_name="/generate")
        recipe, verdict = studio.recipe(Path(gallery[1]["image"]))
    studio.library.close()

    assert verdict.outcome == "exact"
    assert (recipe.prompt, recipe.seed, recipe.controls) == ("红色陶瓷杯子", 8, {"azimuth": 30})
    assert "red" in str(recipe.parameters["model_prompt"])


# --- Editing ---------------------------------------------------------------------------------------------------------

PHOTO_SIZE = (90, 70)
HOLE = (30, 20, 50, 40)


@pytest.fixture(scope="module")
def photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("photos") / "photo.jpg"
    Image.effect_noise(PHOTO_SIZE, 80).convert("RGB").save(path, quality=95)
    return path


@pytest.fixture(scope="module")
def mask(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("masks") / "mask.png"
    black = Image.new("L", PHOTO_SIZE)
    black.paste(255, HOLE)
    black.save(path)
    return path


def files_of(answer: Any) -> list[bytes]:
    """The files of an answer, each of which is what its record says."""
    gallery, record = answer
    files = [Path(shown["image"]).read_bytes() for shown in gallery]
    assert [hashlib.sha256(data).hexdigest() for data in files] == [kept["sha256"] for kept in record["images"]]
    assert all(kept["url"] == f"/files/{kept['sha256']}" for kept in record["images"])
    return files


def test_a_photo_is_inpainted(client: Client, photo: Path, mask: Path) -> None:
    answer = client.predict(
        handle_file(photo), handle_file(mask), prompt="a handle", count=2, seed=7, api_name="/inpaint"
    )

    files = files_of(answer)
    assert [image["seed"] for image in answer[1]["images"]] == [7, 8]
    before = imaging.decode(photo.read_bytes())
    for data in files:
        after = imaging.decode(data)
        recipe = provenance.read_recipe(data)
        assert (recipe.kind, recipe.prompt, after.size) == ("inpaint", "a handle", PHOTO_SIZE)
        beside = (0, 0, HOLE[0], PHOTO_SIZE[1])
        assert imaging.max_difference(before.crop(beside), after.crop(beside)) == 0
        assert imaging.max_difference(before.crop(HOLE), after.crop(HOLE)) > 0


@pytest.mark.parametrize("endpoint", ["/inpaint", "/restyle"])
def test_the_alpha_of_a_mask_counts(client: Client, photo: Path, mask: Path, tmp_path: Path, endpoint: str) -> None:
    painted = tmp_path / "painted.png"
    with Image.open(mask) as alpha:
        Image.merge("LA", [Image.new("L", PHOTO_SIZE, 255), alpha]).convert("RGBA").save(painted)
    pixels = [
        provenance.read_recipe(
            files_of(
                client.predict(handle_file(photo), prompt="blue", seed=7, api_name=endpoint, mask=handle_file(each))
            )[0]
        ).pixels_sha256
        for each in (mask, painted)
    ]

    assert pixels[0] == pixels[1]


@pytest.mark.parametrize(("aspect", "size"), [("1:1", (90, 90)), ("1.91:1", (134, 70)), (" 4 : 5 ", (90, 112))])
def test_a_photo_is_extended(client: Client, photo: Path, aspect: str, size: tuple[int, int]) -> None:
    (data,) = files_of(client.predict(handle_file(photo), aspect, seed=7, api_name="/outpaint"))

    assert imaging.decode(data).size == size
    assert provenance.read_recipe(data).kind == "outpaint"


def test_a_photo_is_restyled(client: Client, photo: Path, mask: Path) -> None:
    (data,) = files_of(
        client.predict(
            handle_file(photo),
            prompt="on pink",
            keep="product",
            strength=0.5,
            seed=7,
            mask=handle_file(mask),
            reference=handle_file(mask),
            api_name="/restyle",
        )
    )

    recipe = provenance.read_recipe(data)
    assert (recipe.kind, recipe.parameters["keep"], recipe.parameters["strength"]) == ("restyle", "product", 0.5)
    assert recipe.sources.keys() == {"image", "mask", "reference"}
    before, after = imaging.decode(photo.read_bytes()), imaging.decode(data)
    assert imaging.max_difference(before.crop(HOLE), after.crop(HOLE)) == 0


def test_a_photo_is_improved(client: Client, photo: Path) -> None:
    (data,) = files_of(client.predict(handle_file(photo), {"exposure": 0.5}, upscale=2, api_name="/enhance"))
    assert imaging.decode(data).size == (180, 140)
    assert provenance.read_recipe(data).parameters["settings"] == {"exposure": 0.5}

    (data,) = files_of(client.predict(handle_file(photo), white_background=True, api_name="/enhance"))
    assert imaging.decode(data).getpixel((1, 1)) == (255, 255, 255)
    assert provenance.read_recipe(data).parameters["settings"].keys() > {"white_background"}  # type: ignore[union-attr]


def test_the_product_of_a_photo_is_found(client: Client, photo: Path) -> None:
    path = client.predict(handle_file(photo), exclude=[[45, 35]], api_name="/product_mask")

    found = Image.open(path, formats=("PNG",))
    assert (found.mode, found.size) == ("L", PHOTO_SIZE)
    assert found.getpixel((45, 34)) == 255
    assert found.getpixel((45, 35)) == found.getpixel((1, 1)) == 0


@pytest.mark.parametrize(
    ("endpoint", "given", "words"),
    [
        ("/inpaint", {}, "There is no mask"),
        ("/inpaint", {"mask": "photo", "count": 0}, "number of images can't be 0"),
        ("/outpaint", {"aspect": "wide"}, "aspect can't be wide"),
        ("/outpaint", {"aspect": "0:1"}, "aspect can't be 0:1"),
        ("/outpaint", {"aspect": "1:0"}, "aspect can't be"),
        ("/restyle", {}, "Nothing is said of how it should look"),
        ("/restyle", {"prompt": "on pink", "keep": "all"}, "can't keep &#x27;all&#x27;"),
        ("/enhance", {"settings": {}, "upscale": 3}, "can't be made 3 times as large"),
        ("/product_mask", {"include": [[1, 2, 3]]}, "pairs of numbers"),
        ("/product_mask", {"exclude": [["a", "b"]]}, "pairs of numbers"),
    ],
)
def test_an_edit_that_makes_no_sense_is_refused_in_words(
    client: Client, photo: Path, endpoint: str, given: dict[str, Any], words: str
) -> None:
    values: dict[str, Any] = {name: handle_file(photo) if value == "photo" else value for name, value in given.items()}

    with pytest.raises(AppError) as caught:
        client.predict(handle_file(photo), **values, api_name=endpoint)

    assert words.replace("&#x27;", "'") in str(caught.value).replace("&#x27;", "'")


@pytest.mark.parametrize("endpoint", ["/inpaint", "/outpaint", "/restyle", "/enhance", "/product_mask"])
def test_files_of_the_server_and_files_that_are_no_picture_are_refused(
    client: Client, tmp_path: Path, endpoint: str
) -> None:
    (tmp_path / "x.png").write_bytes(b"not a picture")
    foreign: list[Any] = [{"path": "/etc/passwd"}, {"path": str(Path(__file__))}, {"path": 7}, {}, "x", None, [1]]
    for given in foreign:
        with pytest.raises(AppError, match="There is no picture"):
            client.predict(given, api_name=endpoint)
    with pytest.raises(AppError, match="not a PNG, JPEG or WebP"):
        client.predict(handle_file(tmp_path / "x.png"), api_name=endpoint)
