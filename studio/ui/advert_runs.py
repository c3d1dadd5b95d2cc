"""Campaigns that run behind the page: they go on when it is closed, and can be stopped and gone on with."""

from __future__ import annotations

import logging
import secrets
import shutil
import threading
import time
from contextlib import closing, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from studio.campaign.campaign import Campaign
from studio.campaign.manifest import Row, is_finished
from studio.campaign.sources import darkroom_of
from studio.campaign.winners import rows_in
from studio.errors import InputError, StudioError
from studio.ui.advert_request import CAMPAIGNS, AdvertRequest, title_of, to_plan

if TYPE_CHECKING:
    from studio.service import Studio

logger = logging.getLogger(__name__)

#: Campaigns that wait or run at once in all pages; one runs, since each takes both cores by itself.
MOST = 8
#: The request of a campaign, beside its adverts.
_REQUEST, _ADVERTS = "request.json", "adverts"

State = Literal["waiting", "running", "done", "stopped", "failed"]


@dataclass(eq=False)
class Run:
    """A campaign, and what became of it so far. A thread of its own writes it, pages read it."""

    number: str
    request: AdvertRequest
    #: Where its adverts are.
    folder: Path
    total: int
    state: State = "waiting"
    #: Without recipes and checks, which are in the folder: there may be thousands.
    rows: list[Row] = field(default_factory=list[Row])
    seconds_left: float | None = None
    problem: str = ""
    #: Somebody wants it to stop.
    unwanted: threading.Event = field(default_factory=threading.Event)
    ended: threading.Event = field(default_factory=threading.Event)

    @property
    def is_going_on(self) -> bool:
        return self.state in ("waiting", "running")

    @property
    def title(self) -> str:
        return title_of(self.request)

    def stop(self) -> None:
        """Stops it after the advert that is being made; one that waits for its turn at once."""
        self.unwanted.set()
        if self.state == "waiting":
            self.state = "stopped"


class Runs:
    """All campaigns of a studio. Any number of threads may use it."""

    def __init__(self, studio: Studio) -> None:
        self.studio = studio
        self._folder = studio.settings.data_dir / CAMPAIGNS
        self._runs: dict[str, Run] = {}
        self._lock = threading.Lock()
        self._turn = threading.Lock()

    def campaign(self, request: AdvertRequest) -> Campaign:
        """What a request comes to, to be counted. Raises StudioError."""
        studio = self.studio
        return Campaign(
            to_plan(request, studio),
            darkroom=darkroom_of(studio),
            prompts=studio.prompts,
            signer=studio.signer,
            folder=studio.settings.prompts_dir,
        )

    def start(self, request: AdvertRequest) -> Run:
        """Begins a campaign, or goes on with it; one that is going on is left alone. Raises StudioError."""
        campaign = self.campaign(request)
        with self._lock:
            going_on = [run for run in self._runs.values() if run.is_going_on]
            for run in going_on:
                if run.number == request.number:
                    return run
            if len(going_on) >= MOST:
                raise StudioError(f"{MOST} campaigns are waiting already.", "Try again when one of them is done.")
            folder = self._folder / request.number
            try:
                folder.mkdir(parents=True, exist_ok=True)
                (folder / _REQUEST).write_text(request.to_json(), encoding="utf-8")
            except OSError as error:
                raise StudioError(
                    f"The campaign can't be kept: {error.strerror}.", "Make room in the data folder."
                ) from error
            run = Run(number=request.number, request=request, folder=folder / _ADVERTS, total=campaign.count)
            self._runs[run.number] = run
        threading.Thread(target=self._work, args=(run, campaign), daemon=True, name="campaign").start()
        return run

    def find(self, number: str) -> Run | None:
        """A campaign of this time or an earlier one, None where it is gone."""
        with self._lock:
            run = self._runs.get(number)
        if run is not None or not number.isalnum():
            return run
        try:
            request = AdvertRequest.from_json((self._folder / number / _REQUEST).read_text(encoding="utf-8"))
        except (OSError, StudioError):
            return None
        try:
            total = self.campaign(request).count
        except StudioError:
            total = 0  # it can be looked at, and not gone on with: a brand kit may be gone
        folder = self._folder / number / _ADVERTS
        rows: list[Row] = []
        with suppress(InputError):
            rows = [replace(row, recipe=None, checks=()) for row in rows_in(folder)]
        state: State = "done" if is_finished(folder) else "stopped"
        run = Run(number=number, request=request, folder=folder, total=max(total, len(rows)), state=state, rows=rows)
        run.ended.set()
        with self._lock:
            return self._runs.setdefault(number, run)

    def earlier(self) -> list[tuple[str, str]]:
        """Title and number of every campaign there is, newest first."""
        found: list[tuple[float, str, str]] = []
        for file in self._folder.glob(f"*/{_REQUEST}"):
            with suppress(OSError, StudioError):
                request = AdvertRequest.from_json(file.read_text(encoding="utf-8"))
                made = file.stat().st_mtime
                day = time.strftime("%Y-%m-%d %H:%M", time.localtime(made))
                found.append((made, f"{title_of(request)} ({day})", file.parent.name))
        return [(title, number) for _, title, number in sorted(found, reverse=True)]

    def newest_going_on(self) -> Run | None:
        """The campaign that was begun last of those that are going on."""
        with self._lock:
            return next((run for run in reversed(self._runs.values()) if run.is_going_on), None)

    def delete(self, number: str) -> None:
        """Stops a campaign and deletes its files; what is in the library stays. Raises StudioError."""
        run = self.find(number)
        if run is None:
            raise InputError("There is no such campaign.", "Choose one of the list.")
        run.stop()
        if run.is_going_on:
            run.ended.wait(60)
        with self._lock:
            self._runs.pop(number, None)
        shutil.rmtree(self._folder / number, ignore_errors=True)

    def stop_all(self) -> None:
        """Stops every campaign, and forgets them all."""
        with self._lock:
            runs, self._runs = list(self._runs.values()), {}
        for run in runs:
            run.stop()
        for run in runs:
            run.ended.wait(60)

    def _work(self, run: Run, campaign: Campaign) -> None:
        try:
            with self._turn:
                if not run.unwanted.is_set():
                    run.state = "running"
                    self._make(run, campaign)
            if run.state != "done":
                run.state = "stopped"
        except StudioError as error:
            run.problem, run.state = str(error), "failed"
        except Exception:
            number = secrets.token_hex(4)
            logger.exception("a campaign failed (error %s)", number)
            run.problem = f"Something went wrong in the studio (error {number}). What was made is kept: try again."
            run.state = "failed"
        finally:
            run.seconds_left = None
            run.ended.set()

    def _make(self, run: Run, campaign: Campaign) -> None:
        with closing(campaign.run(run.folder)) as steps:
            for step in steps:
                run.rows.append(replace(step.row, recipe=None, checks=()))
                run.total, run.seconds_left = step.total, step.seconds_left
                if run.unwanted.is_set():
                    return
        run.state = "done"
