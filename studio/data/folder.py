"""What training reads, whichever command wrote the folder."""

from __future__ import annotations

from pathlib import Path

from studio.data import catalogue, renders
from studio.data.packed import PackedData
from studio.prompts import Prompts


def pack_for_training(
    folder: Path, prompts: Prompts, *, u_names: tuple[str, ...] = ()
) -> tuple[PackedData, PackedData | None]:
    """The renders or photos of a folder to train on, and those for measuring; None where these are too few.

    `u_names` are the entries of u that a model to begin with knows, for photos. Raises InputError.
    """
    if (folder / catalogue.TABLE).is_file():
        return catalogue.pack_for_training(folder, u_names=u_names)
    return renders.pack_for_training(folder, prompts)
