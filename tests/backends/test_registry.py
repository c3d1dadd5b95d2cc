from pathlib import Path

import pytest

from studio.backends.registry import maker_of, offers, open_backend
from studio.errors import InputError, WeightsError
from studio.prompts import load_prompts
from studio.request import Recipe
from studio.settings import Settings


@pytest.mark.parametrize("name", ["", "gun", "diffusers:x", "GAN", "../gan"])
def test_unknown_names_are_refused(name: str) -> None:
    with pytest.raises(InputError, match="no backend"):
        open_backend(name, settings=Settings(), prompts=load_prompts())


def test_a_folder_is_opened_without_loading_it(tmp_path: Path) -> None:
    backend = open_backend(f"gan:{tmp_path}", settings=Settings(), prompts=load_prompts())

    assert backend.name == "gan"
    with pytest.raises(WeightsError, match=str(tmp_path)):
        backend.load()


def test_a_model_of_the_hub_is_opened_without_a_look_at_it() -> None:
    backend = open_backend("diffusion:a/b@" + "c" * 40, settings=Settings(), prompts=load_prompts())

    assert (backend.name, backend.model) == ("diffusion", "a/b")
    with pytest.raises(InputError, match="40 hex digits"):
        open_backend("diffusion:a/b@main", settings=Settings(), prompts=load_prompts())


def test_offers_begin_with_the_model_of_the_settings(tmp_path: Path) -> None:
    prompts = load_prompts()
    names = [offer.name for offer in offers(Settings(), prompts)]
    assert names[:2] == ["gan", "diffusion"]
    assert {f"diffusion:{model.name}" for model in prompts.models} <= set(names)

    first, *others = offers(Settings(backend=f"diffusion:{tmp_path}"), prompts)
    assert (first.name, first.title) == (f"diffusion:{tmp_path}", tmp_path.name)
    assert [offer.name for offer in others][:2] == ["gan", "diffusion"]


def test_strangers_are_offered_no_downloads() -> None:
    assert all(offer.here for offer in offers(Settings(open_to_all=True), load_prompts()))


@pytest.mark.parametrize(
    ("backend", "model", "maker"),
    [
        ("gan", "product-world-256", None),
        ("gan", "product-world-128", None),
        ("gan", "a-run", None),
        ("diffusion", "diffusion64", "diffusion"),
        ("diffusion", "a/b", None),
        ("retoucher", "retoucher", None),
    ],
)
def test_the_maker_of_an_image_is_found_among_the_offers(backend: str, model: str, maker: str | None) -> None:
    prompts = load_prompts()
    assert maker_of(offers(Settings(), prompts), recipe_of(backend, model)) == maker
    listed = prompts.models[0].name
    assert maker_of(offers(Settings(), prompts), recipe_of("diffusion", listed)) == f"diffusion:{listed}"
    others = offers(Settings(backend="diffusion"), prompts)
    assert maker_of(others, recipe_of("gan", "a-run")) == "gan"
    assert maker_of(others, recipe_of("gan", "product-world-256")) == "gan"
    own = offers(Settings(backend="gan:run/snapshot"), prompts)
    assert maker_of(own, recipe_of("gan", "run")) is None


def recipe_of(backend: str, model: str) -> Recipe:
    return Recipe(
        kind="generate",
        prompt="a mug",
        seed=7,
        index=0,
        size=64,
        backend=backend,
        model=model,
        model_sha256="0" * 64,
        parameters={},
        pixels_sha256="0" * 64,
        versions={},
        created="2026-01-01T00:00:00+00:00",
        licence="",
    )
