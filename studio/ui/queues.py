"""The two queues of the page, as listeners name them."""

from __future__ import annotations

from typing import Any

RUNNING = 2

#: All that draws waits in one queue, so that nobody's grid starves: first come, first served, and the engine takes
#: turns image by image between the two that run.
ENGINE: dict[str, Any] = {"concurrency_id": "engine", "concurrency_limit": RUNNING}
#: What belongs to the page only: no part of the documented API.
DRAWS: dict[str, Any] = {**ENGINE, "api_visibility": "private"}
#: What draws nothing is on the queue too, but need not wait for grids: a newer request has to reach the one it stops.
ASKS: dict[str, Any] = {"concurrency_id": "page", "concurrency_limit": RUNNING, "api_visibility": "private"}
#: Those that only look at what is being drawn: they cost no thread, so that any number may.
LOOKS: dict[str, Any] = {"concurrency_id": "look", "concurrency_limit": None, "api_visibility": "private"}
