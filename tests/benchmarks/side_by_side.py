"""The embedded GAN and the embedded diffusion model on the same words and seeds: figures, time, pictures.

    python -m tests.benchmarks.side_by_side --test held-out --out side-by-side

Both draw as users get it, through `Studio`. Scenes of which both know every word are drawn from seeds; of the renders
in `--test` (of 64 px or a multiple) the diffusion model alone draws the scenes that it knows.
All pictures are averaged down to 64 px. The judge is the network by which the library finds what looks alike; its share
on renders is the most that can be reached. Sharpness is high-frequency power over that of renders; KID is in the
features of a fixed random network, on scenes of other renders. In brackets: 95 % intervals over scenes. Times are of
one image, words and all, in turns; the fastest of each counts.
"""

# torch's types leave much open.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from __future__ import annotations

import itertools
import random
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import torch.nn.functional as F
import typer
from torch import Tensor

from studio import GenerationRequest, Studio
from studio.evaluation.judge import read_judge
from studio.evaluation.measure import Examined, examine
from studio.evaluation.metrics import kernel_distance, sharpness_ratio
from studio.evaluation.presentation import contact_sheet
from studio.evaluation.renders import Records, read_records
from studio.evaluation.runs import CONTACT_PROMPTS
from studio.prompts import load_prompts
from studio.settings import Settings, packaged
from studio.world.captions import caption
from studio.world.scene import Scene, sample_scene
from tests.benchmarks.intervals import said
from tests.benchmarks.peers.measuring import read_small

SIZE = 64
GROUPS = ("product", "colour", "material", "scene")
FIRST_SEED = 5_000_000  # of scenes that nobody rendered
COLUMNS = 2  # images of a prompt
TIMINGS = 7
#: Drawn by both, as far as both know what they name.
PROMPTS = (
    "a glossy red ceramic mug on a marble counter",
    "a matte black metal bottle in a white studio",
    "a brown leather handbag on a wooden table",
    "a teal metal lamp in a grey studio",
    "a blue ceramic vase in front of a pink backdrop",
    "a yellow plastic bowl on a concrete floor",
    "a white ceramic teapot in a grey studio",
    "an orange wooden chair on a concrete floor",
    "a purple plastic suitcase in front of a blue backdrop",
    "white plastic headphones in a black studio",
    "a navy leather watch on a wooden table",
    "a green glass jar in a white studio",
)


class Way:
    """A backend with its settings."""

    def __init__(self, title: str, backend: str, folder: Path, **controls: float) -> None:
        self.title = title
        self._controls = controls
        self._studio = Studio(Settings(data_dir=folder, backend=backend, text_encoder=None))

    @property
    def attributes(self) -> Mapping[str, tuple[str, ...]]:
        return self._studio.capabilities.attributes

    def knows(self, text: str) -> bool:
        """Whether it knows every thing that a text names."""
        return not self._studio.understand(text).unknown

    def draw(self, text: str, seed: int) -> Tensor:
        """uint8 [3, 64, 64]."""
        request = GenerationRequest(prompt=text, count=1, seed=seed, controls=self._controls)
        (drawn,) = self._studio.preview(request)
        pixels = torch.from_numpy(np.array(drawn.image)).permute(2, 0, 1)
        return F.avg_pool2d(pixels.float(), pixels.shape[-1] // SIZE).round().byte()

    def draw_all(self, texts: Sequence[str]) -> Tensor:
        """uint8 [n, 3, 64, 64]; image i is of seed i."""
        return torch.stack([self.draw(text, seed) for seed, text in enumerate(texts)])


def ways(folder: Path, diffusion: Path | None) -> list[Way]:
    name = f"diffusion:{diffusion}" if diffusion else "diffusion"
    stepwise = [Way(f"diffusion, {steps} steps", name, folder, num_inference_steps=steps) for steps in (4, 10, 20)]
    return [Way("GAN", "gan", folder), *stepwise]


def main(
    test: Annotated[Path, typer.Option(file_okay=False, help="Held-out renders.")],
    out: Annotated[Path, typer.Option(file_okay=False, help="Folder for the sheets of pictures.")],
    diffusion: Annotated[
        Path | None, typer.Option(file_okay=False, help="Snapshot of a run of preset diffusion64 instead.")
    ] = None,
    count: Annotated[int, typer.Option(min=8, help="Scenes to measure on.")] = 200,
) -> None:
    """Prints a table, and draws two sheets."""
    out.mkdir(parents=True, exist_ok=True)
    prompts = load_prompts()
    judge = read_judge(packaged("assets") / "likeness.safetensors", size=SIZE).judge

    def texts(scenes: Sequence[Scene]) -> list[str]:
        return [caption(each.attributes(), random.Random(f"side by side {each.seed}"), prompts) for each in scenes]

    with tempfile.TemporaryDirectory() as folder:
        both = ways(Path(folder), diffusion)
        gan, *stepwise = both

        # 1. All that the diffusion model knows.
        records, products = read_records([test]), stepwise[0].attributes["product"]
        known = [pair for pair in zip(records.scenes, records.files, strict=True) if pair[0].product in products]
        scenes, files = zip(*known[:count], strict=True)
        held = read_small(Records(scenes=scenes, files=files), SIZE)
        renders = examine(held.images, held.scenes, judge)
        floor = kernel_distance(renders.features["random"][::2], renders.features["random"][1::2])
        lines = [_row("held-out renders", renders, f"KID x 1000 {1000 * floor:.1f}, sharpness 1")]
        for way in stepwise:
            run = examine(way.draw_all(texts(held.scenes)), held.scenes, judge)
            kid = kernel_distance(run.features["random"][::2], renders.features["random"][1::2])
            sharpness = float(sharpness_ratio(run.power, renders.power))
            lines.append(_row(way.title, run, f"KID x 1000 {1000 * kid:.1f}, sharpness {sharpness:.2f}"))

        # 2. What both know.
        common = list(itertools.islice(_known_to(gan.attributes, stepwise[0].attributes), count))
        for way in both:
            run = examine(way.draw_all(texts(common)), common, judge)
            lines.append(_row(f"{way.title}, scenes that both know", run, ""))

        # 3. Time, in turns.
        best = {way.title: float("inf") for way in both}
        for turn in range(TIMINGS):
            for way in both:
                began = time.perf_counter()
                way.draw(PROMPTS[0], turn)
                best[way.title] = min(best[way.title], time.perf_counter() - began)
        for way in stepwise:
            lines.append(f"{way.title}: {best[way.title] / best[gan.title]:.1f} times the GAN's time")
        typer.echo("\n".join(lines))

        # 4. Pictures: a prompt a row; of each way its images.
        shared = [text for text in PROMPTS if all(way.knows(text) for way in both)]
        rows = [way.draw(text, seed) for text in shared for way in both for seed in range(COLUMNS)]
        contact_sheet(torch.stack(rows), columns=COLUMNS * len(both)).save(out / "side_by_side.png")
        own = [text for text in CONTACT_PROMPTS if stepwise[-1].knows(text)]
        rows = [stepwise[-1].draw(text, seed) for text in own for seed in range(2 * COLUMNS)]
        contact_sheet(torch.stack(rows), columns=2 * COLUMNS).save(out / "diffusion.png")


def _known_to(*worlds: Mapping[str, tuple[str, ...]]) -> Iterator[Scene]:
    for seed in itertools.count(FIRST_SEED):
        scene = sample_scene(seed)
        if all(value in known.get(group, ()) for known in worlds for group, value in scene.attributes().items()):
            yield scene


def _row(title: str, run: Examined, rest: str) -> str:
    shares = [said(np.asarray(run.correct[group].double()), 2) for group in GROUPS]
    return f"| {title} | {' | '.join(shares)} | {rest} |"


if __name__ == "__main__":
    typer.run(main)
