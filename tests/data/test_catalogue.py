import csv
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from studio.cli import app
from studio.data.catalogue import import_catalogue, pack_catalogue, pack_for_training
from studio.errors import InputError
from studio.models.adapter import TextAdapter
from studio.world.scene import COLOURS


def photo(
    colour: str, *, at: tuple[float, float] = (0.5, 0.5), size: tuple[int, int] = (96, 64), seed: int = 0
) -> Image.Image:
    """A disc of a colour on a grey, slightly uneven backdrop; `at` is its centre as a share of the photo."""
    width, height = size
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width]
    disc = np.hypot(x - at[0] * width, y - at[1] * height) < 0.3 * min(size)
    pixels = np.where(disc[..., None], COLOURS[colour], 150) + rng.normal(0, 3, (height, width, 3)) + 10 * seed % 7
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """Six good photos of three sellers, and what a real folder has beside them."""
    folder = tmp_path / "shop"
    (folder / "sub").mkdir(parents=True)
    rows = [["photo", "Category", "seller", "for"]]
    for i, colour in enumerate(["red", "blue", "green", "yellow", "purple", "black"]):
        name = f"sub/{i}.png" if i % 2 else f"{i}.png"
        photo(colour, at=(0.35 + 0.05 * i, 0.5), seed=i).save(folder / name)
        rows.append([name, "T-Shirt", f"s{i // 2}", "men"])
    photo("red", at=(0.35, 0.5), seed=0).save(folder / "again.jpg", quality=80)
    photo("pink", size=(40, 20)).save(folder / "tiny.png")
    (folder / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 not a photo")
    (folder / "notes.txt").write_text("call the printer")
    rows.append(["gone.png", "Hat", "s9", "men"])
    with (folder / "table.csv").open("w", newline="") as file:
        csv.writer(file).writerows(rows)
    return folder


def lines(out: Path) -> list[dict[str, str]]:
    with (out / "catalogue.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_a_folder_becomes_a_data_set(shop: Path, tmp_path: Path) -> None:
    report = import_catalogue(shop, tmp_path / "out", size=32, group="seller")

    found = lines(tmp_path / "out")
    assert [line["source"] for line in found] == ["0.png", "2.png", "4.png", "sub/1.png", "sub/3.png", "sub/5.png"]
    assert [line["caption"] for line in found][:2] == ["a red t-shirt", "a green t-shirt"]
    assert all(line["for"] == "men" for line in found)
    assert (report.images, report.groups) == (6, 3)
    left_out = {each.source: each.reason for each in report.left_out}
    assert left_out["again.jpg"] == "the same photo as 0.png"
    assert "40 x 20" in left_out["tiny.png"]
    assert left_out["gone.png"] == "no such photo"
    assert set(left_out) == {"again.jpg", "tiny.png", "broken.jpg", "gone.png"}
    assert json.loads((tmp_path / "out" / "report.json").read_text())["images"] == 6
    for line in found:
        with Image.open(tmp_path / "out" / line["file"]) as image:
            assert (image.mode, image.size) == ("RGB", (32, 32))


def test_a_group_is_for_training_or_for_measuring(tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    folder.mkdir()
    with (folder / "table.csv").open("w", newline="") as file:
        file.write("file;seller\n")
        for i in range(60):
            photo(list(COLOURS)[i % 16], at=(0.2 + i / 100, 0.5), size=(32, 32), seed=i).save(folder / f"{i}.png")
            file.write(f"{i}.png;{i // 3}\n")

    import_catalogue(folder, tmp_path / "out", size=32, group="seller")

    splits: dict[str, set[str]] = {}
    for line in lines(tmp_path / "out"):
        splits.setdefault(line["group"], set()).add(line["split"])
    assert all(len(each) == 1 for each in splits.values())
    assert {split for each in splits.values() for split in each} == {"train", "test"}


@pytest.mark.parametrize("colour", ["red", "orange", "yellow", "green", "blue", "purple", "pink", "black", "white"])
def test_colours_are_measured_on_what_stands_out(tmp_path: Path, colour: str) -> None:
    folder = tmp_path / "shop"
    folder.mkdir()
    photo(colour, at=(0.4, 0.5)).save(folder / "1.jpg", quality=90)

    import_catalogue(folder, tmp_path / "out", size=32)

    (line,) = lines(tmp_path / "out")
    assert (line["colour"], line["caption"]) == (colour, f"a {colour} product")


def test_a_product_crop_follows_the_product(tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    folder.mkdir()
    photo("red", at=(0.2, 0.5), size=(192, 64)).save(folder / "1.png")

    shares = {}
    for crop in ("centre", "product"):
        import_catalogue(folder, tmp_path / crop, size=32, crop=crop)
        with Image.open(tmp_path / crop / "images" / "000000.png") as image:
            red = np.asarray(image).astype(int)
        shares[crop] = (red[..., 0] - red[..., 1] > 80).mean()
    assert shares["centre"] == 0
    assert shares["product"] > 0.25


def test_places_and_cameras_are_forgotten(tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    folder.mkdir()
    exif = Image.Exif()
    exif[0x0110] = "A camera"
    exif.get_ifd(0x8825)[1] = "N"
    photo("red").save(folder / "1.jpg", exif=exif)

    import_catalogue(folder, tmp_path / "out", size=32)

    with Image.open(tmp_path / "out" / "images" / "000000.png") as image:
        assert not image.getexif() and not image.info


def test_edited_captions_are_never_overwritten(shop: Path, tmp_path: Path) -> None:
    import_catalogue(shop, tmp_path / "out", size=32)
    (tmp_path / "out" / "catalogue.csv").write_text("edited")

    with pytest.raises(InputError, match="Name another folder"):
        import_catalogue(shop, tmp_path / "out", size=32)

    assert (tmp_path / "out" / "catalogue.csv").read_text() == "edited"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"caption": "a {colour} {style}"}, "no column 'style'.*{Category}"),
        ({"caption": "a {colour"}, "brace"),
        ({"group": "shoot"}, "no column 'shoot'.*Category"),
        ({"size": 512}, "None of the photos"),
    ],
)
def test_what_does_not_fit_is_said(shop: Path, tmp_path: Path, options: dict[str, object], words: str) -> None:
    with pytest.raises(InputError, match=words):
        import_catalogue(shop, tmp_path / "out", **{"size": 32, **options})  # type: ignore[arg-type]


def test_an_empty_folder_and_a_table_of_other_photos_are_said(tmp_path: Path, shop: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="no photos"):
        import_catalogue(tmp_path / "empty", tmp_path / "out", size=32)
    (shop / "other.csv").write_text("file\nnothing.png\n")
    with pytest.raises(InputError, match="Say with --csv"):
        import_catalogue(shop, tmp_path / "out", size=32)
    with pytest.raises(InputError, match=r"No column of .*other\.csv"):
        import_catalogue(shop, tmp_path / "out", size=32, table=shop / "other.csv")
    with (shop / "other.csv").open("wb") as file:
        file.truncate(51 * 2**20)
    with pytest.raises(InputError, match=r"other\.csv is larger than 50 MB"):
        import_catalogue(shop, tmp_path / "out", size=32, table=shop / "other.csv")


def test_the_command_says_what_was_left_out(shop: Path, tmp_path: Path) -> None:
    arguments = ["data", "import", str(shop), "--out", str(tmp_path / "out"), "--size", "32", "--group", "seller"]
    result = CliRunner().invoke(app, [*arguments, "--caption", "{Category} in {colour}"])

    assert result.exit_code == 0, result.output
    assert "left out: tiny.png: 40 x 20" in result.stderr
    assert "6 photos in 3 groups" in result.stderr
    assert lines(tmp_path / "out")[0]["caption"] == "t-shirt in red"


@pytest.fixture
def imported(tmp_path: Path) -> Path:
    """Forty photos of two kinds in four colours."""
    folder = tmp_path / "shop"
    folder.mkdir()
    with (folder / "table.csv").open("w", newline="") as file:
        file.write("file,category\n")
        for i in range(40):
            name = f"{i:02d}.png"
            photo(["red", "blue", "green", "black"][i % 4], at=(0.3 + i / 100, 0.5), seed=i).save(folder / name)
            file.write(f"{name},{'T-Shirt' if i % 3 else 'Hat'}\n")
    import_catalogue(folder, tmp_path / "out", size=32)
    return tmp_path / "out"


def test_an_import_is_packed_with_what_its_captions_say(imported: Path) -> None:
    data = pack_catalogue(imported, u_names=("fill", "azimuth_sin"))
    train = [line for line in lines(imported) if line["split"] == "train"]

    assert not data.exact
    assert data.attributes == {"colour": ("black", "blue", "green", "red"), "category": ("hat", "t-shirt")}
    assert data.images.shape == (len(train), 3, 32, 32)
    assert data.u.shape[1] == 2 and data.u.std(0).min() > 0.1
    for i, line in enumerate(train):
        full, shorter = data.captions[i]
        assert full == line["caption"]
        said = [("colour", line["colour"]), ("category", line["category"].lower())]
        for j, caption in enumerate((full, shorter)):
            for (group, value), label in zip(said, data.caption_labels[i, j].tolist(), strict=True):
                classes = data.attributes[group]
                assert (classes[label] == value) if value in caption else label == len(classes)
        assert data.labels[i].tolist() == data.caption_labels[i, 0].tolist()
        assert sum(value in shorter for _, value in said) == 1
        assert sum(value in data.mismatched[i].split() for _, value in said) == 1
    assert len(pack_catalogue(imported, split="test")) == len(lines(imported)) - len(train)


def test_columns_may_have_names_that_pytorch_keeps_for_itself(imported: Path) -> None:
    table = imported / "catalogue.csv"
    for column, attribute in (("type", "type_"), ("art.nr", "art_nr"), ("half", "half_")):
        header, rest = table.read_text().split("\n", 1)
        header = ",".join([*header.strip().split(",")[:-1], column])
        table.write_text(f"{header}\n{rest}")
        attributes = pack_catalogue(imported).attributes
        assert list(attributes) == ["colour", attribute]
        assert set(TextAdapter(attributes).heads) == {"colour", attribute}


def test_edited_captions_count(imported: Path) -> None:
    table = imported / "catalogue.csv"
    table.write_text(table.read_text().replace("a red t-shirt", "a very Red T-Shirt"))

    data = pack_catalogue(imported)

    assert data.u.shape[1] == 0
    assert any(captions[0] == "a very Red T-Shirt" for captions in data.captions)


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ("train", "", "line 2 has no split"),
        ("train", "test", "No photo of .* is for train"),
        ("train", "Train", "line 2 is neither for train nor for test"),
        ("a red t-shirt", "a t-shirt, red", "line .* has too many columns. Put a caption"),
        ("images/000000.png", "images/gone.png", r"gone\.png is not a whole image"),
    ],
)
def test_a_broken_import_is_said(imported: Path, before: str, after: str, words: str) -> None:
    table = imported / "catalogue.csv"
    table.write_text(table.read_text().replace(before, after))
    with pytest.raises(InputError, match=words):
        pack_catalogue(imported)


def test_a_photo_that_was_replaced_by_a_larger_one_is_said(imported: Path) -> None:
    path = imported / next(line["file"] for line in lines(imported)[5:] if line["split"] == "train")
    photo("red").resize((64, 64)).save(path)
    with pytest.raises(InputError, match=f"{path.name} is of another size"):
        pack_catalogue(imported)


def test_masks_beside_the_photos_are_packed_with_them(imported: Path) -> None:
    assert not pack_catalogue(imported).masks.any()
    mask = np.zeros((32, 32), np.uint8)
    mask[8:24, 8:24] = 255
    (imported / "masks").mkdir()
    Image.fromarray(mask).save(imported / "masks" / Path(lines(imported)[0]["file"]).name)
    masks = pack_catalogue(imported).masks
    assert np.array_equal(masks[0].numpy(), mask) and not masks[1:].any()

    Image.fromarray(mask[:8]).save(imported / "masks" / Path(lines(imported)[0]["file"]).name)
    with pytest.raises(InputError, match="another size than its photo"):
        pack_catalogue(imported)
    (imported / "masks" / Path(lines(imported)[0]["file"]).name).write_bytes(b"no image")
    with pytest.raises(InputError, match="not a whole image"):
        pack_catalogue(imported)


def test_photos_for_measuring_are_not_trained_on(imported: Path) -> None:
    for measured in (20, 3):
        table = imported / "catalogue.csv"
        found = lines(imported)
        with table.open("w", newline="") as file:
            writer = csv.DictWriter(file, list(found[0]))
            writer.writeheader()
            for i, line in enumerate(found):
                line["category"] = "scarf" if i == 0 else line["category"]  # which no photo to train on is
                writer.writerow(line | {"split": "test" if i < measured else "train"})

        train, held_out = pack_for_training(imported, u_names=("fill",))
        assert len(train) == 40 - measured
        if measured == 3:
            assert held_out is None
            continue
        assert held_out and len(held_out) == 20
        assert held_out.attributes == train.attributes
        assert "scarf" not in train.attributes["category"]
        assert held_out.labels[0, 1] == len(train.attributes["category"])


def test_captions_with_nothing_in_common_are_said(imported: Path) -> None:
    table = imported / "catalogue.csv"
    found = lines(imported)
    with table.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(found[0]))
        writer.writeheader()
        writer.writerows(line | {"caption": f"thing {i}"} for i, line in enumerate(found))
    with pytest.raises(InputError, match="nothing in common"):
        pack_catalogue(imported)
    with pytest.raises(InputError, match="no usable import"):
        pack_catalogue(imported / "images")
