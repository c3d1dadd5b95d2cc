"""What many tests share: the words, and tiny networks with random weights."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
from hypothesis import settings

from studio.likeness import Likeness
from studio.prompts import Prompts, load_prompts
from studio.world.scene import ATTRIBUTES, U_NAMES

# The same examples each time, so that a run that passed passes again; `--hypothesis-profile default` draws new ones.
settings.register_profile("same", derandomize=True)
settings.load_profile("same")


@pytest.fixture(scope="session")
def prompts() -> Prompts:
    """The words that the studio comes with."""
    return load_prompts()


@pytest.fixture(scope="session")
def tiny_text_encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a text encoder that is loaded in no time and understands nothing."""
    from studio.models.text_encoder import build_tiny

    folder = tmp_path_factory.mktemp("text_encoder")
    build_tiny(folder)
    return folder


@pytest.fixture(scope="session")
def tiny_snapshot(tmp_path_factory: pytest.TempPathFactory, tiny_text_encoder: Path) -> Path:
    """A folder with an untrained snapshot of 32 px that goes with `tiny_text_encoder`."""
    from studio.models.snapshot import build_tiny
    from studio.models.text_encoder import TextEncoder

    folder = tmp_path_factory.mktemp("snapshot")
    sha256 = TextEncoder.load(str(tiny_text_encoder)).sha256
    build_tiny(folder, sha256, u_names=U_NAMES, attributes=ATTRIBUTES)
    return folder


@pytest.fixture(scope="session")
def tiny_likeness(tmp_path_factory: pytest.TempPathFactory, tiny_text_encoder: Path) -> Likeness:
    """Says what texts and pictures are like with networks that nobody trained: what is equal is nearest to itself."""
    import torch

    from studio.models.judge import Judge, save_judge

    path = tmp_path_factory.mktemp("likeness") / "likeness.safetensors"
    with torch.random.fork_rng():
        torch.manual_seed(0)
        judge = Judge(ATTRIBUTES, 32)
    for weights in judge.parameters():
        if weights.ndim == 4:
            weights.data *= 3  # torch's own weights let a picture fade on its way through the layers
    save_judge(path, judge, attributes=ATTRIBUTES, note="untrained", dtype=torch.float16)
    return Likeness(path, text_encoder=str(tiny_text_encoder))


@pytest.fixture
def full_disk() -> Callable[[int], AbstractContextManager[None]]:
    """Within it no file grows beyond so many bytes: what is written meets an error as on a full disk."""
    resource = pytest.importorskip("resource", reason="not on Windows")

    @contextmanager
    def limit(size: int) -> Generator[None]:
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    return limit
