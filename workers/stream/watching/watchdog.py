"""The watchdog: a worker that was paused, is stuck or makes no progress ends itself, and says why.

It is a thread, for a stuck event loop cannot notice that it is. A supervisor starts the worker
again.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Final

import structlog

from workers.logs import words_of

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Mapping

_log = structlog.get_logger()

_CLOCK: Final = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
_TICK_SECONDS: Final = 1.0


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds after which each kind of silence ends the process."""

    paused: float = 15.0
    loop_stuck: float = 60.0
    starting: float = 120.0
    rebalancing: float = 90.0
    round_stuck: float = 120.0
    fetching_stuck: float = 60.0
    work_stuck: float = 180.0
    not_fetched: float = 180.0


REASONS: Final[Mapping[str, str]] = {
    "loop_stuck": "the event loop is stuck",
    "starting": "starting does not end",
    "rebalancing": "joining the group, or rebalancing, does not end",
    "round_stuck": "a round makes no progress",
    "fetching_stuck": "nothing asks Kafka for records any more",
    "work_stuck": "records are taken and do not get acknowledged",
    "not_fetched": "records wait in Kafka and do not come",
}
"""What the log says of each sign that is over its limit."""


def seconds_now() -> float:
    """Seconds that also go on while the machine or the process is paused, where it can be had.

    All processes of one machine have the same.
    """
    return time.clock_gettime(_CLOCK)


def end_process(reason: str, **details: object) -> None:
    """Say why and end at once, without any clean-up that could acknowledge something."""
    _log.error("worker_ends_itself", reason=reason, **details)
    sys.stderr.flush()
    sys.stdout.flush()
    os._exit(1)


def end_process_on_failure(task: asyncio.Task[None]) -> None:
    """For `add_done_callback`: without this task the worker would only seem to work."""
    if not task.cancelled() and (error := task.exception()) is not None:
        _log.error("task_failed", task=task.get_name(), exc_info=error)
        end_process(f"{task.get_name()} failed", error=words_of(error))


class Watchdog:
    """Ticks each second in a thread of its own, also while everything else has ended."""

    def __init__(
        self,
        signs: Callable[[], Mapping[str, float]],
        limits: Limits,
        on_tick: Callable[[], None],
    ) -> None:
        """Watch nothing until `start`.

        `signs` tells seconds by names of `Limits`; `on_tick` is called once a second. Both are
        called in the watchdog's thread.
        """
        self._signs = signs
        self._limits = limits
        self._on_tick = on_tick
        self._last_tick = seconds_now()
        self._last_beat = seconds_now()
        self._leave_at: float | None = None
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watchdog", daemon=True)

    def start(self) -> None:
        """Begin to watch."""
        self._last_tick = self._last_beat = seconds_now()
        self._thread.start()

    def stop(self) -> None:
        """Watch no more: all work has ended. What `leave_within` has set still holds."""
        self._stopped.set()

    def leave_within(self, seconds: float) -> None:
        """End with exit code 0 after so long, finished or not: the worker was asked to end.

        What is not acknowledged then will be handled again.
        """
        if self._leave_at is None:
            self._leave_at = seconds_now() + seconds

    def beat(self) -> None:
        """The event loop runs: to be called from it, each second."""
        self._last_beat = seconds_now()

    def guard(self) -> None:
        """End the process if it, or its loop, stood still: somebody else has its lanes by now.

        To be called from the event loop, before every write and produce: heartbeats are sent in it.
        """
        self._end_if_paused()
        self._end_if_too_long(
            "the event loop was stuck for longer than the session timeout", self._last_beat
        )

    def _end_if_paused(self) -> None:
        self._end_if_too_long("paused for longer than the session timeout", self._last_tick)

    def _end_if_too_long(self, reason: str, since: float) -> None:
        seconds = seconds_now() - since
        if seconds > self._limits.paused and not self._stopped.is_set():
            end_process(reason, seconds=round(seconds, 1))

    def signs(self) -> dict[str, float]:
        """Seconds of each kind of silence, by names of `Limits`."""
        return {"loop_stuck": seconds_now() - self._last_beat, **self._signs()}

    def _run(self) -> None:
        try:
            while True:
                self._tick()
                time.sleep(_TICK_SECONDS)
        except Exception as error:  # noqa: BLE001 - nobody else would notice that nobody watches
            _log.error("watchdog_failed", exc_info=error)
            end_process("the watchdog failed", error=words_of(error))

    def _tick(self) -> None:
        if self._leave_at is not None and seconds_now() > self._leave_at:
            _leave_at_once()
        if self._stopped.is_set():
            return
        self._end_if_paused()
        self._last_tick = seconds_now()
        limits = asdict(self._limits)
        for name, seconds in self.signs().items():
            if seconds > limits[name]:
                end_process(REASONS[name], seconds=round(seconds, 1), limit_seconds=limits[name])
        self._on_tick()


def _leave_at_once() -> None:
    _log.warning("left_without_finishing")
    sys.stderr.flush()
    sys.stdout.flush()
    os._exit(0)
