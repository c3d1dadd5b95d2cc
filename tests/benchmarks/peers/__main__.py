"""`python -m tests.benchmarks.peers --data DIR --test DIR --out DIR --minutes 20 [--only NAME …] [--seeds 3]`"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from studio.errors import StudioError
from studio.models.errors import SnapshotError
from studio.prompts import load_prompts
from studio.settings import Settings
from studio.training.folder import TrainingStopped
from tests.benchmarks.peers.benchmark import ENTRIES, Scale, run_benchmark
from tests.benchmarks.peers.setting import Budget


def main(
    data: Annotated[Path, typer.Option(file_okay=False, help="Renders to train on.")],
    test: Annotated[Path, typer.Option(file_okay=False, help="Held-out renders.")],
    out: Annotated[Path, typer.Option(file_okay=False, help="Folder for runs and report; what is there goes on.")],
    minutes: Annotated[float, typer.Option(min=0.01, help="Minutes of training steps a peer.")] = 20,
    judge: Annotated[Path | None, typer.Option(dir_okay=False, help="A judge for 64 px; else one is trained.")] = None,
    judge_data: Annotated[
        list[Path] | None, typer.Option(file_okay=False, help="Renders for the judge; else every other held-out one.")
    ] = None,
    only: Annotated[list[str] | None, typer.Option(help=f"A peer: {', '.join(ENTRIES)}.")] = None,
    seeds: Annotated[int, typer.Option(min=1, help="Trainings of ours and of the best other peer.")] = 1,
    count: Annotated[int, typer.Option(min=8, help="Held-out scenes to measure on.")] = Scale.count,
) -> None:
    """Trains peers of the embedded model on the same renders for the same minutes, and measures all alike."""
    settings = Settings()
    try:
        run_benchmark(
            data=data,
            test=test,
            out=out,
            budget=Budget(minutes=minutes),
            prompts=load_prompts(settings.prompts_dir),
            judge=judge,
            judge_data=judge_data or (),
            only=only or (),
            seeds=seeds,
            text_encoder=settings.text_encoder,
            scale=Scale(count=count),
            say=lambda line: typer.echo(line, err=True),
        )
    except (StudioError, SnapshotError, TrainingStopped) as error:
        typer.echo(f"Error: {error}", err=True)
        raise typer.Exit(1) from error
    typer.echo(f"The report is {out / 'report.md'}.", err=True)


if __name__ == "__main__":
    typer.run(main)
