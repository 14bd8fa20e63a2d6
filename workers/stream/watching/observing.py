"""Observes one run of a worker: feeds the watchdog, and writes the state file.

The event loop looks once a second at what moves; the watchdog's thread, which goes on when the
loop does not, judges it and writes it down.
"""

from __future__ import annotations

import asyncio
import os
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple

import structlog

from workers.state_file import StateFile, Wait, WorkerState, state_directory
from workers.stream.patience import note_waits, patiently
from workers.stream.times import SystemClock, rfc3339
from workers.stream.watching.signs import Sight, Signs
from workers.stream.watching.unfinished import acknowledged, positions, progress_of, unfinished
from workers.stream.watching.watchdog import Watchdog, end_process_on_failure, seconds_now

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import TracebackType

    from faust.types import TP

    from workers.settings import Settings
    from workers.state_file import Phase
    from workers.stream.app import WorkerApp
    from workers.stream.lanes.lanes import Lanes
    from workers.stream.watching.aside import KafkaFromAside
    from workers.stream.watching.watchdog import Limits
    from workers.stream.writing.copies import ReplyCopies

_log = structlog.get_logger()

_BEAT_SECONDS: Final = 1.0
_LOOK_ASIDE_SECONDS: Final = 10.0


class Situation(NamedTuple):
    """A worker at one moment: its state, its lag, and two counts since it was started.

    `behind` has the records of each partition that wait to be acknowledged, of those that were
    there when Kafka was last looked at.
    """

    state: WorkerState
    behind: Mapping[TP, int]
    waits: int
    copies_not_sent: int


class Observer:
    """Watches a worker from its first moment to its last, as a context manager."""

    def __init__(self, settings: Settings, worker: str, limits: Limits) -> None:
        """Observe nothing until it is entered, in the task that runs the worker."""
        self._worker = worker
        self._limits = limits
        self._file = StateFile(state_directory(settings), worker)
        self._file_fails = False
        self._started_at = _now()
        self._progress: tuple[Mapping[TP, int], str | None] = ({}, None)
        self._finishing = False
        self._app: WorkerApp | None = None
        self._lanes: Lanes | None = None
        self._takes_now: Callable[[TP], bool] = lambda _: True
        self._not_fetched: dict[TP, int] = {}
        self._ends: Mapping[TP, int] = {}
        self._signs = Signs()
        self._watchdog = Watchdog(self._signs.seconds, limits, self._write)
        self.guard = self._watchdog.guard
        self._waits = note_waits()
        self._beating: asyncio.Task[None] | None = None

    def __enter__(self) -> None:
        self._waits = note_waits()
        self._watchdog.start()
        self._beating = asyncio.create_task(self._beat(), name="beat")
        self._beating.add_done_callback(end_process_on_failure)

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self._watchdog.stop()
        if self._beating is not None:
            self._beating.cancel()
        self._file.remove()

    def working(self, app: WorkerApp, lanes: Lanes, takes_now: Callable[[TP], bool]) -> None:
        """Everything is connected, and the worker is about to join its group.

        `takes_now` tells whether a partition belongs to a lane that takes records of its topic for
        now.
        """
        self._app, self._lanes, self._takes_now = app, lanes, takes_now

    def finishing(self, at_most_seconds: float) -> None:
        """The worker was asked to end, and does, within this time."""
        self._finishing = True
        self._watchdog.leave_within(at_most_seconds)

    def lane_numbers(self) -> frozenset[int]:
        """The lanes that are open."""
        return frozenset() if self._lanes is None else self._lanes.numbers

    def situation(self, copies: ReplyCopies) -> Situation:
        """All that can be told of now; may be asked from any thread."""
        done = {} if self._app is None else acknowledged(self._app)
        behind = {tp: max(0, end - done[tp]) for tp, end in self._ends.items() if tp in done}
        return Situation(self._state(), behind, self._waits.begun, copies.not_sent)

    async def look_aside(self, kafka: KafkaFromAside) -> None:
        """See every ten seconds whether Kafka answers, and whether records wait there."""
        while True:
            await asyncio.sleep(_LOOK_ASIDE_SECONDS)
            if self._app is None:
                continue
            fetched = positions(self._app)
            ends = await patiently(partial(kafka.ends, fetched.keys()))
            self._ends = ends
            self._not_fetched = {
                tp: position
                for tp, position in fetched.items()
                if position < ends.get(tp, 0) and self._takes_now(tp)
            }

    async def _beat(self) -> None:
        while True:
            if self._phase() == "working":
                self._watchdog.guard()
            self._watchdog.beat()
            self._signs.look(self._sight())
            self._note_progress()
            await asyncio.sleep(_BEAT_SECONDS)

    def _sight(self) -> Sight:
        app, lanes = self._app, self._lanes
        # An end has a bound of its own.
        phase = None if self._finishing or self._waits.reasons() else self._phase()
        if app is None or lanes is None:
            return Sight(phase)
        taken = unfinished(app)
        return Sight(
            phase,
            fetches=lanes.fetches,
            round_seconds=lanes.longest_round,
            unfinished={tp: at for tp, at in taken.items() if self._takes_now(tp)},
            not_fetched=self._not_fetched,
        )

    def _note_progress(self) -> None:
        if self._app is not None and (done := progress_of(self._app)) != self._progress[0]:
            self._progress = (done, _now())

    def _phase(self) -> Phase:
        if self._finishing:
            return "finishing"
        if self._app is None or self._lanes is None:
            return "starting"
        has_settled = self._lanes.joined.is_set() and not self._app.rebalancing
        return "working" if has_settled else "joining"

    def _write(self) -> None:
        """Write the state down; a worker whose folder is not writable works on."""
        try:
            self._file.write(self._state())
        except OSError as error:
            if not self._file_fails:
                _log.warning("state_not_written", reason=str(error))
            self._file_fails = True
        else:
            self._file_fails = False

    def _state(self) -> WorkerState:
        waiting = (Wait(reason=why, seconds=s) for why, s in self._waits.reasons().items())
        return WorkerState(
            worker=self._worker,
            pid=os.getpid(),
            started_at=self._started_at,
            written_at=_now(),
            clock=seconds_now(),
            phase=self._phase(),
            lanes=tuple(sorted(self.lane_numbers())),
            progress_at=self._progress[1],
            waiting=tuple(waiting),
            signs=self._watchdog.signs(),
            limits=asdict(self._limits),
        )


def _now() -> str:
    return rfc3339(SystemClock().now())
