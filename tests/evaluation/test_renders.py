import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from studio.errors import InputError
from studio.evaluation.renders import description, read_records, read_renders, to_float, twins
from studio.world.scene import CORE_ATTRIBUTES
from tests.evaluation.toy import draw_toy, toy_scene, write_toys


def test_reads_pixels_masks_and_scenes_by_seed_and_every_folder_once(tmp_path: Path) -> None:
    later, earlier = write_toys(tmp_path / "a", seeds=range(4, 6)), write_toys(tmp_path / "b", seeds=range(2))
    renders = read_renders(read_records([later, earlier, later]), 32)
    assert renders.scenes == tuple(toy_scene(seed) for seed in (0, 1, 4, 5))
    expected = torch.from_numpy(np.array(draw_toy(toy_scene(1), 32)))
    assert torch.equal(renders.images[1], expected[..., :3].permute(2, 0, 1))
    assert torch.equal(renders.masks[1], expected[..., 3])


def test_scales_down_without_mixing_the_mask_into_the_colour(tmp_path: Path) -> None:
    renders = read_renders(read_records([write_toys(tmp_path / "a", seeds=range(1), size=64)]), 16)
    assert renders.images.shape == (1, 3, 16, 16)
    corner = to_float(renders.images)[0, :, 0, 0]  # backdrop of a white studio, where alpha is 0
    assert corner.tolist() == pytest.approx([235 / 127.5 - 1] * 3, abs=0.05)


def test_renders_that_would_have_to_be_enlarged_are_refused(tmp_path: Path) -> None:
    records = read_records([write_toys(tmp_path / "a", seeds=range(1), size=32)])
    with pytest.raises(InputError, match=r"is 32 px, and 64 px are needed. Render with --size 64"):
        read_renders(records, 64)


def test_skips_records_whose_file_is_not_there_yet(tmp_path: Path) -> None:
    folder = write_toys(tmp_path / "a", seeds=range(3))
    (folder / "images" / "00000001.png").unlink()
    assert [scene.seed for scene in read_records([folder]).scenes] == [0, 2]


def test_says_what_is_wrong_with_a_folder(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no renders in"):
        read_records([tmp_path])
    (tmp_path / "records.jsonl").write_text(
        json.dumps({"file": "images/gone.png"} | toy_scene(0).to_record()) + "\n", encoding="utf-8"
    )
    with pytest.raises(InputError, match="No render that"):
        read_records([tmp_path])


def test_twins_are_two_scenes_of_one_description_whatever_camera_and_light() -> None:
    one = replace(toy_scene(0), accent="red", pattern=None, number=None)
    turned = replace(one, seed=1, azimuth=one.azimuth + 10)
    plain, striped = replace(one, seed=2, accent=None), replace(one, seed=3, pattern="stripes")

    assert description(plain) == {group: getattr(one, group) for group in CORE_ATTRIBUTES}
    assert description(one) == description(plain) | {"accent": "red"}
    assert twins([one, plain, striped, turned], 9, seed=0) == [(0, 3)]
    assert sorted(twins([one, plain, turned, plain, one], 9, seed=0)) == [(0, 2), (1, 3)]
    assert len(twins([one, plain, turned, plain], 1, seed=0)) == 1
