"""Started as a process of its own: trains on packed data and kills itself in the middle of a step."""

import os
import signal
import sys
from pathlib import Path
from typing import Any

from studio.data.packed import load_packed
from studio.models.text_encoder import TextEncoder
from studio.training import loop
from tests.training.test_going_on import CONFIG


def main(packed: Path, encoder: str, out: Path, last_step: int) -> None:
    step_down = loop.descend  # pyright: ignore[reportPrivateUsage]
    steps = 0

    def step_down_or_die(*args: Any) -> None:
        nonlocal steps
        steps += 1
        if steps > 2 * last_step + 1:  # one network has done this step, the other one has not
            os.kill(os.getpid(), signal.SIGKILL)
        step_down(*args)

    loop.descend = step_down_or_die  # pyright: ignore[reportPrivateUsage]
    loop.train(CONFIG, data=load_packed(packed), encoder=TextEncoder.load(encoder), out=out)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]), int(sys.argv[4]))
