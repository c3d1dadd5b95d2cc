import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from studio.errors import InputError, StudioError, WeightsError
from studio.evaluation.classifier import TRAININGS
from studio.evaluation.report import evaluate
from studio.evaluation.runs import CONTACT_PROMPTS, CONTACT_SEEDS, SWEEP_STEPS, SWEPT_CONTROLS, SWEPT_PROMPTS
from studio.prompts import load_prompts
from studio.world.scene import ATTRIBUTES
from tests.evaluation.toy import write_toys

Evaluate = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("toys")
    write_toys(folder / "test", seeds=range(1000, 1016))
    write_toys(folder / "judge", seeds=range(2000, 2048))
    write_toys(folder / "train", seeds=range(24))
    write_toys(folder / "unseen", seeds=range(3000, 3010))
    return folder


@pytest.fixture(scope="module")
def evaluate_toys(folders: Path, tiny_snapshot: Path, tiny_text_encoder: Path) -> Evaluate:
    def evaluate_with(out: Path, **changes: Any) -> dict[str, Any]:
        arguments: dict[str, Any] = {
            "data": folders / "test",
            "judge_data": [folders / "judge"],
            "train_data": folders / "train",
            "unseen_data": folders / "unseen",
            "model": tiny_snapshot,
            "text_encoder": str(tiny_text_encoder),
            "judge_steps": 60,
            "classifier_steps": 20,
            "count": 12,
        }
        return evaluate(out=out, **(arguments | changes))

    return evaluate_with


@pytest.fixture(scope="module")
def out(evaluate_toys: Evaluate, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("out")
    evaluate_toys(folder)
    return folder


@pytest.fixture(scope="module")
def report(out: Path) -> dict[str, Any]:
    return json.loads((out / "report.json").read_text(encoding="utf-8"))


def test_names_every_run_with_its_figures(report: dict[str, Any]) -> None:
    assert set(report["runs"]) == {
        *("renders", "asked", "other_words", "typo", "paired", "product_only", "shuffled", "nearest")
    }
    assert report["settings"]["count"] == 12
    for run in report["runs"].values():
        assert set(run["accuracy"]) == {"product", "colour", "material", "finish", "scene", "joint"}
        assert not run["extras"]  # the toys have none
        assert run["distances"]["judge"]["count"] == 6
        low, high = run["accuracy"]["product"]["interval"]
        assert low <= run["accuracy"]["product"]["value"] <= high


def test_renders_are_their_own_measure(report: dict[str, Any]) -> None:
    renders = report["runs"]["renders"]
    assert renders["accuracy"]["scene"]["ratio"] == 1
    assert renders["sharpness"]["value"] == 1
    assert renders["ssim"] == pytest.approx(1)
    assert renders["map_distance"] == {"judge": 0, "random": 0}
    assert renders["colour_check"]["value"] == 1
    assert report["renders_colour_check_with_true_mask"] == 1


def test_similar_training_renders_pass_and_an_untrained_model_does_not(report: dict[str, Any]) -> None:
    runs = report["runs"]
    assert runs["nearest"]["accuracy"]["scene"]["ratio"] == 1  # every toy combination is in the training set
    assert runs["nearest"]["colour_check"]["value"] > 0.8 > runs["asked"]["colour_check"]["value"]
    assert runs["asked"]["accuracy"]["joint"]["value"] < 0.5
    assert runs["nearest"]["psnr"] > runs["asked"]["psnr"] + 3
    for kind in ("judge", "random"):
        assert runs["nearest"]["map_distance"][kind] < 0.8 * runs["asked"]["map_distance"][kind]
    assert report["failing"]


def test_combinations_that_were_kept_from_training_are_measured_apart(report: dict[str, Any]) -> None:
    unseen = report["unseen_combinations"]
    assert unseen["count"] == 10
    assert unseen["renders"]["accuracy"]["scene"]["ratio"] == 1
    assert unseen["asked"]["accuracy"]["joint"]["value"] < 0.5


def test_an_untrained_model_repeats_no_training_render(report: dict[str, Any]) -> None:
    assert report["memorisation"]["count"] == 24
    assert report["memorisation"]["random"]["value"] > 2


def test_an_untrained_model_is_told_from_renders(report: dict[str, Any]) -> None:
    apart = report["told_apart_from_renders"]
    assert apart["asked"]["value"] > 0.9
    assert len(apart["asked"]["each"]) == TRAININGS
    low, high = apart["asked"]["interval"]
    assert low <= apart["asked"]["value"] <= high
    assert apart["asked"]["count"] == apart["renders"]["count"] == 12
    assert apart["renders"]["value"] < 0.9


def test_an_untrained_model_shows_no_diversity_worth_the_name(report: dict[str, Any]) -> None:
    diversity = report["diversity"]
    assert diversity["count"] > 0
    assert 0 <= diversity["over_eps_alone"]["random"] < 1


def test_writes_a_table_and_a_sheet_with_its_legend(out: Path) -> None:
    text = (out / "report.md").read_text(encoding="utf-8")
    assert "# Evaluation of tiny" in text
    assert "map distance" in text and "it is not LPIPS" in text
    assert "5 small classifiers" in text and "are right about" in text
    assert all(prompt in text for prompt in CONTACT_PROMPTS)
    assert "one typing error" in text and "kept from training" in text and "24 training renders" in text
    with Image.open(out / "sweeps.png") as sheet:
        assert sheet.size == (36 * SWEEP_STEPS - 4, 36 * len(SWEPT_PROMPTS) * len(SWEPT_CONTROLS) - 4)
    with Image.open(out / "contact_sheet.png") as sheet:
        assert sheet.size == (36 * len(CONTACT_SEEDS) - 4, 36 * len(CONTACT_PROMPTS) - 4)


def test_the_contact_sheet_has_a_row_for_every_product() -> None:
    prompts = load_prompts()
    assert {prompts.known(each)["product"] for each in CONTACT_PROMPTS} == set(ATTRIBUTES["product"])
    assert not any(prompts.unknown_words(each) for each in CONTACT_PROMPTS)


def test_with_its_judge_the_report_comes_out_the_same(
    evaluate_toys: Evaluate, out: Path, report: dict[str, Any], tmp_path: Path
) -> None:
    assert evaluate_toys(tmp_path / "again", judge=out / "judge.safetensors") == report


def test_a_report_that_cannot_be_saved_is_said_in_plain_words(
    evaluate_toys: Evaluate, out: Path, tmp_path: Path
) -> None:
    (tmp_path / "report.json").mkdir()

    with pytest.raises(StudioError, match="can't be saved"):
        evaluate_toys(tmp_path, judge=out / "judge.safetensors", count=8, train_data=None, classifier_steps=1)


def test_without_renders_for_the_judge_every_other_scene_is_its(evaluate_toys: Evaluate, tmp_path: Path) -> None:
    report = evaluate_toys(tmp_path, judge_data=[], train_data=None, unseen_data=None, judge_steps=2)
    assert report["settings"]["count"] == 8
    assert "on 8 renders" in report["settings"]["judge"]
    assert "nearest" not in report["runs"]
    assert report["memorisation"] is report["unseen_combinations"] is None


def test_refuses_to_judge_with_what_the_judge_has_seen(evaluate_toys: Evaluate, folders: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="held-out scenes are among the judge's"):
        evaluate_toys(tmp_path, judge_data=[folders / "test"])


def test_says_when_there_is_no_model(evaluate_toys: Evaluate, tmp_path: Path) -> None:
    with pytest.raises(WeightsError):
        evaluate_toys(tmp_path, model=tmp_path / "nowhere")
