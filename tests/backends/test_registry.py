from pathlib import Path

import pytest

from studio.backends.registry import open_backend
from studio.errors import InputError, WeightsError
from studio.prompts import load_prompts
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
