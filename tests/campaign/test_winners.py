import hashlib
import os
import time
import zipfile
from collections.abc import Generator
from contextlib import closing
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from studio import provenance
from studio.campaign.brief import Brief
from studio.campaign.campaign import Campaign, Progress
from studio.campaign.manifest import JOURNAL, Journal, rows_of
from studio.campaign.plan import CopyChoice, Plan
from studio.campaign.winners import export_winners, keep_winners, rows_in
from studio.errors import InputError
from studio.prompts import Prompts
from studio.service import Studio
from studio.settings import Settings
from studio.signature import Signer
from tests.campaign.drawn import FakeDarkroom
from tests.campaign.test_campaign import MUG
from tests.fakes import FakeBackend, FakeRetoucher


@pytest.fixture
def folder(tmp_path: Path, prompts: Prompts, signer: Signer) -> Path:
    plan = Plan(briefs=(MUG,), channels=("x_ads_card", "iab_medium_rectangle"), copy=CopyChoice(variants=2))
    made = Campaign(plan, darkroom=FakeDarkroom().darkroom, prompts=prompts, signer=signer)
    list(made.run(tmp_path / "campaign"))
    return tmp_path / "campaign"


def test_winners_are_packed_byte_by_byte_with_their_own_manifest(folder: Path, tmp_path: Path) -> None:
    chosen = [row.file for row in rows_in(folder)][1:3]
    export_winners(folder, chosen, tmp_path / "chosen.zip")
    with zipfile.ZipFile(tmp_path / "chosen.zip") as packed:
        assert set(packed.namelist()) == {*chosen, "manifest.csv", "manifest.json", "report.html"}
        assert all(packed.read(name) == (folder / name).read_bytes() for name in chosen)
        assert [row.file for row in rows_of(packed.read("manifest.json").decode())] == chosen
    assert sorted(path.name for path in tmp_path.iterdir()) == ["campaign", "chosen.zip"]


def test_what_is_not_the_campaign_s_any_more_is_no_winner(folder: Path, prompts: Prompts, signer: Signer) -> None:
    long = "Donaudampfschifffahrtsgesellschaftskapitänsmütze" * 3
    room = FakeDarkroom().darkroom

    def run(*briefs: Brief) -> Generator[Progress]:
        plan = Plan(briefs=briefs, channels=("x_ads_card", "iab_medium_rectangle"))
        return Campaign(plan, darkroom=room, prompts=prompts, signer=signer).run(folder)

    made = [step.row for step in run(MUG)]
    assert [row.file for row in rows_in(folder)] == [row.file for row in made]
    # Stopped, it is what there is: what failed, and then was made, is there once.
    list(run(replace(MUG, headline=long)))
    failed = rows_in(folder)
    assert [row.status for row in failed] == ["failed", "failed"]
    with closing(Journal(folder)) as journal:
        journal.add(replace(failed[0], file="x_ads_card/mug.jpg", status="ok"))
    later = time.time() + 9
    os.utime(folder / JOURNAL, (later, later))
    found = [(row.key, row.status) for row in rows_in(folder)]
    assert [each for each in found if each[0] == failed[0].key] == [(failed[0].key, "ok")]
    assert (failed[1].key, "failed") in found


def test_winners_are_kept_in_the_library_and_name_the_exported_file(folder: Path, tmp_path: Path) -> None:
    studio = Studio(Settings(data_dir=tmp_path / "data"), backends=lambda _: FakeBackend(), retoucher=FakeRetoucher())
    (row, *_) = rows_in(folder)
    (sha256,) = keep_winners(studio, folder, [row.file])
    assert sha256 == row.sha256
    assert studio.library.files.path(sha256, "jpg").read_bytes() == (folder / row.file).read_bytes()
    assert keep_winners(studio, folder, [row.file]) == [sha256]  # once more
    ((_, path),) = studio.recent(9)
    recipe = provenance.read_recipe(path.read_bytes())
    assert recipe.kind == "advert" and recipe.prompt == "Red mug" and recipe.origin == "drawn"
    assert recipe.parameters["sha256"] == hashlib.sha256((folder / row.file).read_bytes()).hexdigest()
    with Image.open(BytesIO((folder / row.file).read_bytes())) as exported, Image.open(path) as kept:
        assert kept.convert("RGB").tobytes() == exported.convert("RGB").tobytes()
    _, verdict = studio.recipe(path)
    assert verdict.intact and verdict.outcome == "not_reproducible"
    studio.library.close()


@pytest.mark.parametrize(
    ("files", "problem"),
    [
        (["x_ads_card/other.jpg"], "no such advert: x_ads_card/other.jpg"),
        (["../campaign/manifest.json"], "no such advert"),
        ([], "No advert is chosen"),
    ],
)
def test_what_the_campaign_did_not_make_is_no_winner(
    folder: Path, tmp_path: Path, files: list[str], problem: str
) -> None:
    with pytest.raises(InputError, match=problem):
        export_winners(folder, files, tmp_path / "chosen.zip")
    with pytest.raises(InputError, match="no campaign"):
        export_winners(tmp_path, files, tmp_path / "chosen.zip")
