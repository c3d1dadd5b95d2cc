"""Started by torchrun, once a process: trains on toy renders, or goes on, and leaves the weights of every process."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from accelerate import PartialState
from safetensors.torch import save_file

from studio.data.renders import pack_renders
from studio.models.text_encoder import TextEncoder
from studio.prompts import load_prompts
from studio.training import loop
from tests.training.test_loop import CONFIG


def main(renders: Path, encoder: str, out: Path, num_images: int) -> None:
    keep = loop._keep  # pyright: ignore[reportPrivateUsage]

    def keep_every_process(*args: Any) -> None:
        networks = args[1]
        for network in ("generator", "discriminator"):
            weights = getattr(networks, network).state_dict()
            path = out / f"{network}-{PartialState().process_index}.safetensors"
            save_file({name: value.contiguous() for name, value in weights.items()}, path)
        keep(*args)

    loop._keep = keep_every_process  # pyright: ignore[reportPrivateUsage]
    config = replace(CONFIG, num_images=num_images, text_steps=5, regression_share=0.5)
    loop.train(
        config,
        data=pack_renders(renders, load_prompts()),
        encoder=TextEncoder.load(encoder),
        out=out,
        resume=(out / "config.json").exists(),
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]), int(sys.argv[4]))
