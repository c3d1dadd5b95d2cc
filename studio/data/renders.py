"""Folders of renders: `images/SEED.png` (alpha = product mask) and `records.jsonl`, a scene record a line; where they
are of some of the world's products alone, `products.json` says of which."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from studio.data.packed import BROKEN_IMAGE, FEWEST_HELD_OUT, PackedData, load_packed, packed_key, part, save_packed
from studio.errors import InputError
from studio.models.snapshot import write_whole
from studio.prompts import Prompts
from studio.world.captions import caption, mismatched, mistyped
from studio.world.scene import ATTRIBUTES, CORE_ATTRIBUTES, EXTRA_ATTRIBUTES, U_MIRRORED, U_NAMES, Scene, is_held_out

PACKED = "packed.safetensors"
RECORDS = "records.jsonl"
SOME_PRODUCTS = "products.json"
FULL_CAPTIONS = 2  # an image, which say every core attribute
PARTIAL_CAPTIONS = 2  # which leave some out
MISTYPED_SHARE = 0.08  # of captions have one typing error, as prompts have
HELD_OUT_SHARE = 0.02  # of scenes are kept from training, to see whether it learns by heart


def read_records(folder: Path) -> list[tuple[Path, Scene]]:
    """The finished renders of a folder in the order of their seeds, each once.

    Raises:
        InputError: there is no record, or a line is not one.
    """
    records = folder / RECORDS
    if not records.is_file():
        raise InputError(f"There are no renders in {folder}.", "Make some with `studio world render`.")
    found = _read(records)
    if not found:
        raise InputError(f"No render that {records} speaks of is there.", "Make some with `studio world render`.")
    return found


def read_products(folder: Path) -> tuple[str, ...]:
    """The products that a folder's scenes are drawn from, in the order in which they were named; all where none were.

    Raises:
        InputError: the file that says so can't be read.
    """
    path = folder / SOME_PRODUCTS
    if not path.is_file():
        return ATTRIBUTES["product"]
    try:
        named = tuple(map(str, json.loads(path.read_text(encoding="utf-8"))))
    except (OSError, ValueError, TypeError) as error:
        raise InputError(f"{path} can't be read: {error}.", "Render into a new folder.") from error
    if not named or set(named) - set(ATTRIBUTES["product"]):
        raise InputError(f"{path} names products that this world doesn't have.", "Render into a new folder.")
    return named


def keep_products(folder: Path, products: Sequence[str]) -> None:
    """Says in a folder what its scenes are drawn from, before the first is.

    Raises:
        InputError: they are drawn from something else already, or it can't be written.
    """
    if tuple(products) == read_products(folder):
        return
    if (folder / RECORDS).is_file():
        raise InputError(
            f"The renders in {folder} are of other products, or of these in another order.", "Name a new folder."
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_whole(folder / SOME_PRODUCTS, json.dumps(list(products)).encode())
    except OSError as error:
        raise InputError(f"{folder} can't be written: {error.strerror}.", "Name another folder.") from error


def read_edits(folder: Path) -> list[tuple[Path, Scene]]:
    """The renders of a folder with one thing changed, less those that became a combination that is kept from training.

    Raises:
        InputError: a line is not a record.
    """
    records = folder / "edits.jsonl"
    edits = _read(records) if records.is_file() else []
    return [(path, scene) for path, scene in edits if not is_held_out(scene.attributes())]


def _read(records: Path) -> list[tuple[Path, Scene]]:
    found: dict[int, tuple[Path, Scene]] = {}
    for number, line in enumerate(records.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
        try:
            record = json.loads(line)
            scene, path = Scene.from_record(record), records.parent / record["file"]
        except (ValueError, KeyError, TypeError) as error:
            raise InputError(f"{records}, line {number} is not a scene record: {error!r}.") from error
        if path.is_file():
            found[scene.seed] = (path, scene)
    return [found[seed] for seed in sorted(found)]


def labels_of(attributes: Mapping[str, str], offered: Mapping[str, tuple[str, ...]]) -> list[int]:
    """The class of every offered group in order; the number of classes where the group is absent."""
    return [
        classes.index(attributes[group]) if group in attributes else len(classes) for group, classes in offered.items()
    ]


def pack_renders(folder: Path, prompts: Prompts) -> PackedData:
    """Reads a folder of renders, or the packed file beside them if it was made from the same files and words. Of the
    world's products its `attributes` have those that the renders are of.

    Captions depend on the seeds and on `prompts` alone, so that packing anew gives the same.
    """
    return _packed(_held_out_last(_all_records(folder)), folder, prompts)


def pack_for_training(folder: Path, prompts: Prompts) -> tuple[PackedData, PackedData | None]:
    """The renders to train on, and the few that are kept from it, to see what the networks make of scenes that they
    never saw; None where these would be too few.

    A scene is kept by its seed, so that it stays kept when more are rendered, and its edit with it.
    """
    records = _held_out_last(_all_records(folder))
    data, held_out = _packed(records, folder, prompts), _count_held_out(records)
    trained = len(data) - held_out
    return (part(data, 0, trained), part(data, trained, len(data))) if held_out else (data, None)


def _all_records(folder: Path) -> list[tuple[Path, Scene]]:
    """Scenes and edits: of a scene with one thing changed the difference says what the changed word means."""
    return read_records(folder) + read_edits(folder)


def _held_out_last(records: list[tuple[Path, Scene]]) -> list[tuple[Path, Scene]]:
    """In this order both parts are slices of what is packed, and nothing has to be copied."""
    return sorted(records, key=lambda record: _is_held_out(record[1])) if _count_held_out(records) else records


def _count_held_out(records: list[tuple[Path, Scene]]) -> int:
    count = sum(_is_held_out(scene) for _, scene in records)
    return count if count >= FEWEST_HELD_OUT else 0


def _is_held_out(scene: Scene) -> bool:
    return random.Random(f"held out {scene.seed}").random() < HELD_OUT_SHARE


def _packed(records: list[tuple[Path, Scene]], folder: Path, prompts: Prompts) -> PackedData:
    shown = read_products(folder)
    offered = ATTRIBUTES | {"product": tuple(name for name in ATTRIBUTES["product"] if name in shown)}
    texts = [_texts(scene, offered, prompts) for _, scene in records]
    files = [(f"{path.parent.name}/{path.name}", path.stat().st_size, path.stat().st_mtime_ns) for path, _ in records]
    scenes = [scene.to_record() for _, scene in records]
    key = hashlib.sha256(json.dumps([files, scenes, texts, offered, U_NAMES, U_MIRRORED]).encode()).hexdigest()
    packed = folder / PACKED
    if packed_key(packed) == key:
        return load_packed(packed)
    data = _pack(records, offered, texts)
    save_packed(packed, data, key)
    return data


#: What is said of one render: captions, what each of them says, and a caption with one attribute swapped.
_Texts = tuple[list[str], list[list[int]], str]


def _texts(scene: Scene, offered: Mapping[str, tuple[str, ...]], prompts: Prompts) -> _Texts:
    rng = random.Random(f"captions {scene.seed} {scene.edited}" if scene.edited else f"captions {scene.seed}")
    attributes = scene.attributes()
    said = [_full(attributes, rng) for _ in range(FULL_CAPTIONS)]
    said += [_partial(attributes, rng) for _ in range(PARTIAL_CAPTIONS)]
    captions = [caption(each, rng, prompts) for each in said]
    captions = [mistyped(text, rng) if rng.random() < MISTYPED_SHARE else text for text in captions]
    return (
        captions,
        [labels_of(each, offered) for each in said],
        mismatched(_full(attributes, rng), rng, prompts, offered),
    )


def _pack(records: list[tuple[Path, Scene]], offered: Mapping[str, tuple[str, ...]], texts: list[_Texts]) -> PackedData:
    pixels: list[np.ndarray] = []
    for path, _ in records:
        try:
            with Image.open(path) as image:
                pixels.append(np.asarray(image.convert("RGBA")))
        except BROKEN_IMAGE as error:
            raise InputError(f"{path} is not a whole image.", "Delete it and render it anew.") from error
        if pixels[-1].shape != pixels[0].shape:
            raise InputError(
                f"{path} is of another size than {records[0][0]}.", "Render each size into its own folder."
            )
    caption_labels = torch.tensor([labels for _, labels, _ in texts])
    stacked = torch.from_numpy(np.stack(pixels)).permute(0, 3, 1, 2)  # pyright: ignore[reportUnknownMemberType]
    return PackedData(
        exact=True,
        images=stacked[:, :3].contiguous(),
        masks=stacked[:, 3].contiguous(),
        u=torch.tensor([list(scene.u.values()) for _, scene in records], dtype=torch.float32),
        labels=torch.tensor([labels_of(scene.attributes(), offered) for _, scene in records]),
        captions=[captions for captions, _, _ in texts],
        caption_labels=caption_labels,
        mismatched=[wrong for _, _, wrong in texts],
        mirrors=_mirrors([scene for _, scene in records], caption_labels),
        u_mirrored=U_MIRRORED,
        u_names=U_NAMES,
        attributes=offered,
    )


def _mirrors(scenes: list[Scene], caption_labels: torch.Tensor) -> torch.Tensor:
    """[n, k]: the scene is symmetric, and the caption does not say from which side the light comes."""
    group, classes = list(ATTRIBUTES).index("side"), ATTRIBUTES["side"]
    sides = torch.tensor([classes.index("left"), classes.index("right")])
    symmetric = torch.tensor([scene.is_symmetric for scene in scenes])
    return symmetric[:, None] & ~torch.isin(caption_labels[:, :, group], sides)


def _full(attributes: Mapping[str, str], rng: random.Random) -> dict[str, str]:
    """All that a scene has always or is plain without; of what else stands out, about half is remarked on."""
    always = CORE_ATTRIBUTES + EXTRA_ATTRIBUTES
    return {group: name for group, name in attributes.items() if group in always or rng.random() < 0.5}


def _partial(attributes: Mapping[str, str], rng: random.Random) -> dict[str, str]:
    """Any part of what could be said, the product nearly always."""
    share = rng.uniform(0.25, 0.9)
    said = {group: name for group, name in attributes.items() if rng.random() < (0.93 if group == "product" else share)}
    return said or {"product": attributes["product"]}
