from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from studio.settings import Settings, packaged


def test_fields_are_read_from_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("STUDIO_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("STUDIO_MAX_COUNT", "7")
    monkeypatch.setenv("STUDIO_BACKEND", "")  # an empty variable is the same as none

    settings = Settings()

    assert settings.data_dir == tmp_path
    assert settings.max_count == 7
    assert settings.backend == "gan"


def test_arguments_win_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STUDIO_DEVICE", "cuda")

    assert Settings(device="cpu").device == "cpu"


def test_settings_do_not_change() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Settings().device = "cuda"  # type: ignore[misc]


@pytest.mark.parametrize("field", ["max_count", "max_prompt_length", "max_upload_bytes", "queue_size"])
def test_limits_are_at_least_one(field: str) -> None:
    with pytest.raises(ValidationError, match=field):
        Settings.model_validate({field: 0})


def test_the_packaged_prompts_are_found_from_any_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)

    assert (packaged("prompts") / "vocabulary.yaml").is_file()
