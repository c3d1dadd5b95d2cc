"""The endpoint that scripts call, through gradio_client."""

import hashlib
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from gradio_client import Client
from gradio_client.exceptions import AppError

from studio import imaging, provenance
from studio.server import names_of
from studio.service import Studio
from studio.settings import Settings
from tests.fakes import FakeBackend
from tests.serving import build_app, serving


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    made = Studio(Settings(data_dir=tmp_path_factory.mktemp("data")), backends=lambda _: FakeBackend())
    yield made
    made.library.close()


@pytest.fixture(scope="module")
def client(studio: Studio, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_TEMP_DIR", str(tmp_path_factory.mktemp("cache")))
        with serving(build_app(studio)) as url:
            with closing(Client(url, download_files=str(tmp_path_factory.mktemp("got")), verbose=False)) as connected:
                yield connected


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


def test_it_is_the_only_endpoint_and_is_documented(client: Client) -> None:
    described: Any = client.view_api(return_format="dict", print_info=False)

    assert list(described["named_endpoints"]) == ["/generate"]
    assert described["unnamed_endpoints"] == {}
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
    assert [parameter["parameter_has_default"] for parameter in endpoint["parameters"]] == [False] + [True] * 15


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
