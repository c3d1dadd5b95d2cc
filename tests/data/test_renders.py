import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from PIL import Image

from studio.data import renders
from studio.data.packed import image_batch, known_batch, load_packed
from studio.data.renders import PACKED, SOME_PRODUCTS, labels_of, pack_for_training, pack_renders, read_records
from studio.errors import InputError
from studio.prompts import Prompts
from studio.world.scene import ATTRIBUTES, COLOURS, U_NAMES, is_held_out
from tests.evaluation.toy import draw_toy, toy_scene, write_toys


def test_packing_keeps_pixels_masks_and_words(tmp_path: Path, prompts: Prompts) -> None:
    folder = write_toys(tmp_path / "toys", seeds=range(6))
    data = pack_renders(folder, prompts)
    assert data.images.shape == (6, 3, 32, 32)
    assert data.u.shape == (6, len(U_NAMES))
    assert set(data.masks.unique().tolist()) == {0, 255}
    for index in range(6):
        attributes = toy_scene(index).attributes()
        assert data.labels[index].tolist() == labels_of(attributes, data.attributes)
        full = dict(zip(ATTRIBUTES, data.caption_labels[index, 0].tolist(), strict=True))
        assert ATTRIBUTES["colour"][full["colour"]] == attributes["colour"]
    again = load_packed(folder / PACKED)
    assert again.captions == data.captions
    assert torch.equal(again.images, data.images)


def test_new_renders_are_packed_anew(tmp_path: Path, prompts: Prompts) -> None:
    folder = write_toys(tmp_path / "toys", seeds=range(3))
    assert len(pack_renders(folder, prompts)) == 3
    more = write_toys(tmp_path / "more", seeds=range(3, 5))
    for path in (more / "images").iterdir():
        path.rename(folder / "images" / path.name)
    with (folder / "records.jsonl").open("a") as records:
        records.write((more / "records.jsonl").read_text())
    assert len(pack_renders(folder, prompts)) == 5


def test_edits_are_learnt_from_too_but_not_those_that_became_a_combination_kept_from_training(
    tmp_path: Path, prompts: Prompts
) -> None:
    folder = write_toys(tmp_path / "toys", seeds=range(3))
    (folder / "edits").mkdir()
    changed = [
        replace(toy_scene(1), colour=colour, material=material, edited="material")
        for colour in COLOURS
        for material in ATTRIBUTES["material"]
    ]
    kept = next(scene for scene in changed if is_held_out(scene.attributes()))
    edits = [replace(toy_scene(0), colour="green", edited="colour"), kept]
    assert not is_held_out(edits[0].attributes())
    with (folder / "edits.jsonl").open("w") as records:
        for scene in edits:
            draw_toy(scene, 32).save(folder / f"edits/{scene.seed}.png")
            records.write(json.dumps({"file": f"edits/{scene.seed}.png"} | scene.to_record()) + "\n")

    data = pack_renders(folder, prompts)
    assert len(data) == 4
    assert data.labels[3].tolist() == labels_of(edits[0].attributes(), data.attributes)
    assert data.captions[3] != data.captions[0]
    assert not torch.equal(data.images[3], data.images[0])


def test_other_files_or_other_words_are_packed_anew(tmp_path: Path, prompts: Prompts) -> None:
    folder = write_toys(tmp_path / "toys", seeds=range(3))
    first = pack_renders(folder, prompts)
    written = (folder / PACKED).stat().st_mtime_ns
    assert torch.equal(pack_renders(folder, prompts).images, first.images)
    assert (folder / PACKED).stat().st_mtime_ns == written

    path = folder / "images" / "00000001.png"
    with Image.open(path) as image:
        image.transpose(Image.Transpose.FLIP_TOP_BOTTOM).save(path)
    flipped = pack_renders(folder, prompts)
    assert torch.equal(flipped.images[1], first.images[1].flip(1))

    frames = prompts.captions.model_copy(update={"frames": ("{text}, please",), "tags": ("please",)})
    words = replace(prompts, captions=frames)
    assert pack_renders(folder, words).captions != first.captions


def test_some_renders_are_kept_from_training_and_stay_so(
    tmp_path: Path, prompts: Prompts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(renders, "HELD_OUT_SHARE", 0.5)
    few, none = pack_for_training(write_toys(tmp_path / "few", seeds=range(20)), prompts)
    assert (len(few), none) == (20, None)

    kept: list[set[bytes]] = []
    for count in (50, 60):
        folder = write_toys(tmp_path / str(count), seeds=range(count))
        train, held_out = pack_for_training(folder, prompts)
        assert held_out and len(train) + len(held_out) == count
        assert len(held_out.captions) == len(held_out.u) == len(held_out.images) >= 16
        whole = pack_renders(folder, prompts)
        assert torch.equal(torch.cat([train.images, held_out.images]), whole.images)
        assert [*train.captions, *held_out.captions] == whole.captions
        kept.append({image.numpy().tobytes() for image in held_out.images})
        assert not kept[-1] & {image.numpy().tobytes() for image in train.images}
    assert kept[0] < kept[1]


def test_a_pack_that_was_cut_off_is_made_anew_and_a_full_disk_is_said(
    tmp_path: Path, prompts: Prompts, full_disk: Callable[[int], AbstractContextManager[None]]
) -> None:
    folder = write_toys(tmp_path / "toys", seeds=range(3))
    pack_renders(folder, prompts)
    (folder / PACKED).write_bytes((folder / PACKED).read_bytes()[:1000])
    with full_disk(1000), pytest.raises(InputError, match=r"packed\.safetensors can't be written"):
        pack_renders(folder, prompts)
    assert sorted(path.name for path in folder.iterdir()) == ["images", PACKED, "records.jsonl"]
    assert len(pack_renders(folder, prompts)) == 3


def test_renders_of_two_sizes_are_refused(tmp_path: Path, prompts: Prompts) -> None:
    folder = write_toys(tmp_path / "toys", seeds=range(2))
    path = folder / "images" / "00000001.png"
    with Image.open(path) as image:
        image.resize((16, 16)).save(path)
    with pytest.raises(InputError, match="of another size"):
        pack_renders(folder, prompts)


def test_a_folder_of_some_products_knows_no_others(tmp_path: Path, prompts: Prompts) -> None:
    folder = write_toys(tmp_path / "toys", seeds=range(12))
    shown = [scene.product for _, scene in read_records(folder)]
    whole = pack_renders(folder, prompts)
    assert whole.attributes == ATTRIBUTES

    some = (*sorted(set(shown)), "toy car")
    (folder / SOME_PRODUCTS).write_text(json.dumps(some))
    data = pack_renders(folder, prompts)
    assert set(data.attributes["product"]) == set(some) < set(ATTRIBUTES["product"])
    assert list(data.attributes) == list(ATTRIBUTES) and data.attributes["colour"] == ATTRIBUTES["colour"]
    group = list(ATTRIBUTES).index("product")
    assert [data.attributes["product"][label] for label in data.labels[:, group]] == shown
    for wrong in data.mismatched:
        assert prompts.known(wrong).get("product", "toy car") in some


def test_smaller_batches_are_averaged(tmp_path: Path, prompts: Prompts) -> None:
    data = pack_renders(write_toys(tmp_path / "toys", seeds=range(2)), prompts)
    whole = image_batch(data, torch.arange(2), 32, torch.device("cpu"))
    half = image_batch(data, torch.arange(2), 16, torch.device("cpu"))
    assert whole.min() >= -1 and whole.max() <= 1
    torch.testing.assert_close(half[0, 0, 0, 0], whole[0, 0, :2, :2].mean())


def test_errors_name_file_and_line(tmp_path: Path, prompts: Prompts) -> None:
    with pytest.raises(InputError, match="no renders"):
        read_records(tmp_path)
    folder = write_toys(tmp_path / "toys", seeds=range(2))
    broken = next((folder / "images").iterdir())
    whole = broken.read_bytes()
    chunk = whole.index(b"IDAT")
    for harm in (whole[:60], whole[:chunk] + b"I\x00AT" + whole[chunk + 4 :], b"", b"no image"):
        broken.write_bytes(harm)
        with pytest.raises(InputError, match=f"{broken.name} is not a whole image. Delete it and render it anew"):
            pack_renders(folder, prompts)
    with (folder / "records.jsonl").open("a") as records:
        records.write("{}\n")
    with pytest.raises(InputError, match="line 3"):
        read_records(folder)


def test_a_mirrored_picture_is_that_of_the_turned_scene(tmp_path: Path, prompts: Prompts) -> None:
    data = pack_renders(write_toys(tmp_path / "toys", seeds=range(40)), prompts)
    scenes = [scene for _, scene in read_records(tmp_path / "toys")]
    group, sides = list(ATTRIBUTES).index("side"), ATTRIBUTES["side"]
    said = [[sides[label] if label < len(sides) else None for label in row] for row in data.caption_labels[..., group]]
    assert data.mirrors.tolist() == [
        [scene.is_symmetric and side not in ("left", "right") for side in row]
        for scene, row in zip(scenes, said, strict=True)
    ]
    assert data.mirrors.any() and not data.mirrors.all()

    every = torch.arange(40)
    mirrored = every % 2 == 0
    device = torch.device("cpu")
    plain, images = image_batch(data, every, 32, device), image_batch(data, every, 32, device, mirrored)
    assert torch.equal(images[1::2], plain[1::2]) and torch.equal(images[::2], plain[::2].flip(3))
    u, labels = known_batch(data, every, mirrored)
    for i, scene in enumerate(scenes):
        turned = replace(scene, azimuth=-scene.azimuth, light_azimuth=-scene.light_azimuth)
        shown = turned if mirrored[i] else scene
        torch.testing.assert_close(u[i], torch.tensor(list(shown.u.values())))
        assert labels[i].tolist() == labels_of(shown.attributes(), data.attributes)
