"""Started by torchrun, once a process: trains on toy renders, or goes on, and leaves the weights of every process and
what each of them said."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from accelerate import PartialState
from safetensors.torch import save_file

from studio.data.renders import pack_renders
from studio.models.text_encoder import TextEncoder
from studio.prompts import load_prompts
from studio.training import loop, run, signs
from tests.training.test_loop import CONFIG


def main(renders: Path, encoder: str, out: Path, num_images: int) -> None:
    built: list[Any] = []
    build_networks = loop.build_networks

    def build_and_remember(*args: Any) -> Any:
        built.append(build_networks(*args))
        return built[0]

    loop.build_networks = build_and_remember
    run.REPORT_SECONDS = 0.0
    signs.DEAF, signs.PATIENT = 1e9, frozenset()  # so that there is something to warn of
    said: list[str] = []
    loop.train(
        replace(CONFIG, num_images=num_images, regression_share=0.5),
        data=pack_renders(renders, load_prompts()),
        encoder=TextEncoder.load(encoder),
        out=out,
        resume=(out / "config.json").exists(),
        say=said.append,
    )
    process = PartialState().process_index
    (out / f"said-{process}.txt").write_text("\n".join(said))
    for network in ("generator", "discriminator"):
        weights = getattr(built[0], network).state_dict()
        path = out / f"{network}-{process}.safetensors"
        save_file({name: value.contiguous() for name, value in weights.items()}, path)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]), int(sys.argv[4]))
