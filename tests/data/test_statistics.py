import json
from pathlib import Path

from PIL import Image

from studio.data.statistics import COLUMNS, GAP, SHEET, STATISTICS, THUMBNAIL, write_statistics
from studio.world.scene import sample_edit
from tests.evaluation.toy import toy_scene, write_toys


def test_counts_words_spans_numbers_and_shows_every_product(tmp_path: Path) -> None:
    folder = write_toys(tmp_path / "toys", seeds=range(20))
    edited = sample_edit(toy_scene(4))
    (folder / "edits.jsonl").write_text(json.dumps({"file": "edits/4.png"} | edited.to_record()) + "\n")
    write_statistics(folder)

    text = (folder / STATISTICS).read_text(encoding="utf-8")
    assert text.startswith("# 20 renders, 1 of them")
    assert "| mug | 10 | 50.0% |" in text and "| teapot | 0 | 0.0% |" in text
    assert "| red | 10 | 50.0% |" in text
    assert f"| {edited.edited} | 1 | 100.0% |" in text
    lowest = min(toy_scene(seed).elevation for seed in range(20))
    assert f"| elevation | {lowest:.2f} |" in text

    step = THUMBNAIL + GAP
    with Image.open(folder / SHEET) as sheet:
        assert sheet.size == (COLUMNS * step - GAP, 2 * step - GAP)  # mugs and bottles
        for top in (0, step):
            row = sheet.crop((0, top, 10 * step - GAP, top + THUMBNAIL))
            assert row.getextrema() != ((255, 255),) * 3
