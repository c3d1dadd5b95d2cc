"""Folders in the format of diffusers, and the hub's: where they are, whether they may be loaded, what they say of
themselves. Nothing here needs diffusers, or loads a weight.

A folder is refused unless all its weights are safetensors and all its parts are classes of diffusers or transformers:
pickles and code of its own could do anything to this computer.
"""
# The hub's client is typed in part.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol, cast

import yaml

from studio.backends.base import Step, Watch
from studio.errors import InputError, StudioError, WeightsError

INDEX = "model_index.json"
CARD = "README.md"
UNKNOWN_LICENCE = "unknown"
#: Where the classes of a folder may come from; the last one is that of our own small model.
LIBRARIES = ("diffusers", "transformers", "studio.models.adapter")

_COMMIT = re.compile("[0-9a-f]{40}")
_SHA256 = re.compile("[0-9a-f]{64}")
_HUB_NAME = re.compile(r"[A-Za-z0-9][\w.-]*/[\w.-]+")
_PART = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_WEIGHTS = re.compile(r"(?:diffusion_pytorch_model|model)(\.fp16)?(?:-\d{5}-of-\d{5})?(\.fp16)?\.safetensors")
_PICKLES = (".bin", ".ckpt", ".pt", ".pth", ".pkl", ".msgpack")
#: What a part needs besides its weights: configurations, and the files of tokenizers.
_DESCRIPTIONS = (".json", ".txt", ".model", ".jinja")
_MEGABYTE = 10**6
_LONGEST_CARD = 2**18


@dataclass(frozen=True, kw_only=True)
class ModelFolder:
    """A folder that was looked through. `revision` is the commit of one from the hub; `parts` (name -> library, class)
    are those of its index; `weights` the files that are loaded, of which `half` says that they are the fp16 variant."""

    path: Path
    revision: str | None
    pipeline: str
    parts: Mapping[str, tuple[str, str]]
    weights: tuple[Path, ...]
    half: bool

    def config(self, part: str) -> dict[str, Any]:
        """What a part says of itself, {} where it says nothing."""
        for name in ("config.json", f"{part}_config.json"):
            file = self.path / part / name
            if file.is_file():
                return read_json(file)
        return {}

    @property
    def num_bytes(self) -> int:
        """Of all weights, on disk."""
        return sum(file.stat().st_size for file in self.weights)

    @property
    def licence(self) -> str:
        """As the front matter of the model card has it, such as "openrail++"."""
        return licence_of(self.path / CARD)

    def sha256(self) -> str:
        """Over names and hashes of all weights. Raises WeightsError where a file from the hub isn't what it was there.

        The hub's cache names a file's content after its hash.
        """
        total = hashlib.sha256()
        for file in self.weights:
            content = file.resolve()
            status = content.stat()
            digest = _digest(content, status.st_size, status.st_mtime_ns)
            if content.parent.name == "blobs" and _SHA256.fullmatch(content.name) and digest != content.name:
                raise WeightsError(
                    f"{file} is not the file that was published.", f"Delete {content}, so that it is downloaded again."
                )
            total.update(f"{file.relative_to(self.path).as_posix()} {digest}\n".encode())
        return total.hexdigest()


@lru_cache(maxsize=256)
def _digest(path: Path, _size: int, _changed: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def is_hub_name(model: str) -> bool:
    """Whether it is the name of a model of the hub, such as stabilityai/sdxl-turbo, rather than a folder."""
    return not Path(model).expanduser().is_dir() and _HUB_NAME.fullmatch(model) is not None


def check_name(model: str, revision: str | None) -> None:
    """Raises InputError for what names neither a folder nor a model of the hub."""
    if revision is not None and not _COMMIT.fullmatch(revision):
        raise InputError(f"The revision {revision!r} is no commit.", "Give all its 40 hex digits, or leave it out.")
    if not is_hub_name(model) and not Path(model).expanduser().is_dir():
        raise WeightsError(
            f"There is no folder {model}, and no model of the hub is called that.",
            "Name a diffusers folder, or a model such as diffusion:stabilityai/sdxl-turbo.",
        )


def find(model: str, revision: str | None, *, half: bool) -> ModelFolder | None:
    """The folder of that name, or what was downloaded of that model; None where a model of the hub isn't here, or not
    all of it. `half`: the fp16 variant will do, where there is one.

    Raises:
        InputError: the revision is no commit.
        WeightsError: there is no such thing, or it may not be loaded.
    """
    check_name(model, revision)
    if not is_hub_name(model):
        return look_through(Path(model).expanduser(), None, half=half)
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    try:
        path = Path(snapshot_download(model, revision=revision, local_files_only=True))
    except (LocalEntryNotFoundError, OSError, ValueError):
        return None
    try:
        return look_through(path, path.name, half=half)
    except Incomplete:
        return None


class Incomplete(WeightsError):
    """A file of the folder is missing."""


def look_through(path: Path, revision: str | None, *, half: bool) -> ModelFolder:
    """Raises WeightsError for a folder that may not be loaded, Incomplete where files are missing."""
    if not (path / INDEX).is_file():
        raise Incomplete(f"There is no {INDEX} in {path}.", "Name a folder in the format of diffusers.")
    pipeline, parts = read_index(read_json(path / INDEX), str(path))
    files = [file.relative_to(path).as_posix() for file in sorted(path.glob("*/*"))]
    chosen, is_half = choose_weights(files, parts, half=half, where=str(path))
    own = [path / f"{part}.safetensors" for part, (library, _) in parts.items() if library == LIBRARIES[-1]]
    for file in own:
        if not file.is_file():
            raise Incomplete(f"{file.name} is missing from {path}.", "Copy the folder again.")
    for name in files:
        if name.endswith(".safetensors.index.json"):
            _check_shards(path, name, chosen)
    weights = (*(path / name for name in chosen), *own)
    return ModelFolder(path=path, revision=revision, pipeline=pipeline, parts=parts, weights=weights, half=is_half)


def read_index(index: Mapping[str, Any], where: str) -> tuple[str, dict[str, tuple[str, str]]]:
    """The class of the pipeline, and those of its parts. Raises WeightsError where one is code of the folder's own."""
    pipeline = index.get("_class_name")
    if not isinstance(pipeline, str):
        raise WeightsError(f"{where} wants a program of its own to be run.", "The studio runs no code of models.")
    parts: dict[str, tuple[str, str]] = {}
    for name, spec in index.items():
        if not isinstance(spec, list) or len(cast("list[object]", spec)) != 2:
            continue
        library, class_name = cast("list[object]", spec)
        if library is None or class_name is None:
            continue
        if library not in LIBRARIES or not isinstance(class_name, str) or not _PART.fullmatch(name):
            raise WeightsError(
                f"{where} wants {library} for its {name}, which is neither of diffusers nor of transformers.",
                "The studio runs no code of models.",
            )
        parts[name] = (str(library), class_name)
    return pipeline, parts


def choose_weights(
    files: Sequence[str], parts: Mapping[str, tuple[str, str]], *, half: bool, where: str
) -> tuple[list[str], bool]:
    """Of all files (PART/NAME) the weights to load, and whether they are the fp16 variant: that is taken where `half`
    is wanted or nothing else is there. Raises WeightsError for pickles, Incomplete where a part has no weights."""
    plain: list[str] = []
    halves: list[str] = []
    lacking: dict[bool, list[str]] = {False: [], True: []}
    for part in parts:
        names = [name for name in files if name.startswith(f"{part}/")]
        if f"{part}/config.json" not in names or part.startswith("tokenizer"):
            continue  # schedulers, tokenizers and the like have no weights
        found: dict[bool, list[str]] = {False: [], True: []}
        for name in names:
            if match := _WEIGHTS.fullmatch(name.partition("/")[2]):
                found[bool(match[1] or match[2])].append(name)
        if not found[False] and not found[True]:
            if any(name.endswith(_PICKLES) for name in names):
                raise WeightsError(
                    f"The weights of {part} in {where} are pickles, which can run any program.",
                    "Take a model whose weights are safetensors.",
                )
            raise Incomplete(f"The weights of {part} are missing from {where}.", "Copy the folder again.")
        for kind, chosen in ((False, plain), (True, halves)):
            chosen += found[kind]
            if not found[kind]:
                lacking[kind].append(part)
    if not lacking[True] and (half or lacking[False]):
        return halves, True
    if lacking[False]:
        raise Incomplete(f"The weights of {lacking[False][0]} are missing from {where}.", "Copy the folder again.")
    return plain, False


def licence_of(card: Path) -> str:
    """The licence in the YAML front matter of a model card, "unknown" where none is said."""
    try:
        with card.open(encoding="utf-8", errors="replace") as file:
            text = file.read(_LONGEST_CARD)
    except OSError:
        return UNKNOWN_LICENCE
    if not text.startswith("---") or (end := text.find("\n---", 3)) < 0:
        return UNKNOWN_LICENCE
    try:
        said: object = yaml.safe_load(text[3:end])
    except yaml.YAMLError:
        return UNKNOWN_LICENCE
    front = cast("dict[str, object]", said) if isinstance(said, dict) else {}
    licence = front.get("license")
    if licence == "other":  # the hub's word for one that isn't on its list
        licence = front.get("license_name", licence)
    if isinstance(licence, list):
        licence = ", ".join(map(str, cast("list[object]", licence)))
    return str(licence) if licence else UNKNOWN_LICENCE


class RemoteFile(Protocol):
    """A file of the hub; `size` in bytes."""

    @property
    def rfilename(self) -> str: ...
    @property
    def size(self) -> int | None: ...


def wanted(files: Iterable[RemoteFile], index: Mapping[str, Any], *, half: bool, where: str) -> list[RemoteFile]:
    """Of the files of a model on the hub those that are needed: no pictures, no code, no weights twice.

    Weights come last: where they are all here, so is the rest.
    """
    _, parts = read_index(index, where)
    there = {file.rfilename: file for file in files}
    weights, is_half = choose_weights(list(there), parts, half=half, where=where)
    names = {INDEX, CARD, *weights}
    for name in there:
        part, _, file = name.partition("/")
        if part in parts and "/" not in file and file.endswith(_DESCRIPTIONS):
            is_list = ".safetensors.index." in file
            if not is_list or (".fp16." in file) == is_half:
                names.add(name)
    return sorted((file for name, file in there.items() if name in names), key=lambda file: file.rfilename in weights)


def download(model: str, revision: str | None, *, half: bool, watch: Watch | None = None) -> None:
    """Brings a model of the hub into the cache that all programs on this computer share. What is there of an earlier
    attempt is kept. `watch` is told of the megabytes, and may raise to stop it.

    Raises:
        WeightsError: there is no network, no such model, or it isn't given to everybody.
    """
    from huggingface_hub import HfApi, hf_hub_download
    from huggingface_hub.errors import GatedRepoError, HfHubHTTPError, LocalEntryNotFoundError, RepositoryNotFoundError

    try:
        # A name without a revision is resolved by its first file: the others are taken from the same commit.
        index = Path(hf_hub_download(model, INDEX, revision=revision))
        commit = index.parent.name
        listed = HfApi().model_info(model, revision=commit, files_metadata=True).siblings or []
        files = wanted(listed, read_json(index), half=half, where=model)
        total = sum(file.size or 0 for file in files)
        done = 0
        for file in files:
            bar = _bar(watch, done, total)
            hf_hub_download(model, file.rfilename, revision=commit, tqdm_class=bar)
            done += file.size or 0
            if watch:
                watch(Step(done=done // _MEGABYTE, total=total // _MEGABYTE, stage="downloading"))
    except GatedRepoError as error:
        raise WeightsError(
            f"{model} is given only to who accepted its licence.",
            f"Accept it at huggingface.co/{model}, and log in here with: hf auth login",
        ) from error
    except RepositoryNotFoundError as error:
        raise WeightsError(f"There is no model {model} on the hub.", "Look for typing errors.") from error
    except StudioError:
        raise
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError, ValueError) as error:
        raise not_here(model) from error


def not_here(model: str) -> WeightsError:
    """For a model of the hub where the hub can't be reached."""
    return WeightsError(
        f"{model} is not on this computer, and can't be downloaded now.",
        "Connect to the internet, or put its diffusers folder on this computer and use diffusion:FOLDER.",
    )


def _bar(watch: Watch | None, before: int, total: int) -> Any:
    """A class by which the hub's client tells how many bytes have come. It shows nothing by itself."""
    from huggingface_hub.utils import tqdm

    class Bar(tqdm):  # pyright: ignore[reportMissingTypeArgument]
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **(kwargs | {"disable": True}))
            self.come = int(kwargs.get("initial") or 0)

        def update(self, n: float | None = 1) -> bool | None:
            self.come += int(n or 0)
            if watch:
                done = min(before + self.come, total)
                watch(Step(done=done // _MEGABYTE, total=total // _MEGABYTE, stage="downloading"))
            return None

    return Bar


def _check_shards(path: Path, index: str, chosen: Sequence[str]) -> None:
    """All parts of weights that are in several files are there, if any of them is to be loaded."""
    folder = index.partition("/")[0]
    shards = {f"{folder}/{name}" for name in read_json(path / index).get("weight_map", {}).values()}
    if shards & set(chosen) and (missing := sorted(shards - set(chosen))):
        raise Incomplete(f"{missing[0]} is missing from {path}.", "Copy the folder again.")


def read_json(file: Path) -> dict[str, Any]:
    """An object in a JSON file. Raises WeightsError where there is none."""
    try:
        record: object = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise WeightsError(f"{file} can't be read.", "Copy the folder again.") from error
    if not isinstance(record, dict):
        raise WeightsError(f"{file} can't be read.", "Copy the folder again.")
    return cast("dict[str, Any]", record)
