"""The command `studio campaign`."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from studio.campaign import sources
from studio.cli import app
from tests.campaign.drawn import FakeDarkroom

CSV = "sku,description\nmug,a red mug\n,a lamp\njar,a jar\n"


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The command's own darkroom needs trained networks."""
    monkeypatch.setenv("STUDIO_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setattr(sources, "darkroom_of", lambda studio: FakeDarkroom().darkroom)  # pyright: ignore[reportUnknownLambdaType, reportUnknownArgumentType]


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["campaign", *map(str, arguments)])


def test_adverts_are_written_and_a_failed_row_is_exit_code_1(tmp_path: Path) -> None:
    (tmp_path / "briefs.csv").write_text(CSV, encoding="utf-8")
    result = run(tmp_path / "briefs.csv", "--channels", "x_ads_card, iab_mobile", "--out", tmp_path / "out", "--json")
    assert result.exit_code == 1
    said = json.loads(result.stdout)
    assert said["failed"] == 1 and said["out"] == str(tmp_path / "out")
    assert [each["file"] for each in said["adverts"]] == [
        *("", "x_ads_card/mug.jpg", "iab_mobile/mug.jpg", "x_ads_card/jar.jpg", "iab_mobile/jar.jpg")
    ]
    assert "A row: line 3: The sku is empty" in result.stderr
    assert "Adverts to make: 5, about " in result.stderr
    assert all((tmp_path / "out" / each["file"]).is_file() for each in said["adverts"] if each["file"])


def test_where_all_goes_well_the_exit_code_is_0_and_a_zip_is_written(tmp_path: Path) -> None:
    plan = tmp_path / "plan.yaml"
    plan.write_text("products: [{sku: mug, description: a red mug}]\nchannels: [x_ads_card]\n", encoding="utf-8")
    result = run(plan, "--out", tmp_path / "adverts.zip")
    assert result.exit_code == 0 and result.stdout == ""
    assert "Made: 1, failed: 0" in result.stderr and (tmp_path / "adverts.zip").is_file()


def test_what_failed_is_told_with_product_and_channel(tmp_path: Path) -> None:
    (tmp_path / "briefs.csv").write_text("sku,description\nmug,a red mug\n", encoding="utf-8")
    result = run(tmp_path / "briefs.csv", "--channels", "amazon_main", "--out", tmp_path / "out")
    assert result.exit_code == 1 and "mug, amazon_main: Amazon main image shows the real product" in result.stderr


def test_a_product_that_fails_counts_as_all_of_its_adverts(tmp_path: Path) -> None:
    (tmp_path / "briefs.csv").write_text("sku,description\nmug,a red mug\nlamp,a dragon lamp\n", encoding="utf-8")
    result = run(tmp_path / "briefs.csv", "--channels", "x_ads_card, iab_mobile", "--out", tmp_path / "out")
    assert result.exit_code == 1 and "Made: 2, failed: 2;" in result.stderr


def test_a_wrong_plan_is_one_plain_line(tmp_path: Path) -> None:
    plan = tmp_path / "plan.yaml"
    plan.write_text("products: []\nseed: 3\n", encoding="utf-8")
    result = run(plan, "--out", tmp_path / "out")
    assert result.exit_code == 1 and "line 2, seed: is not a field" in result.stderr
    assert run(tmp_path / "none.csv", "--out", tmp_path / "out").exit_code == 1
    assert run(plan).exit_code == 2
