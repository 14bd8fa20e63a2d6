"""The watchdog: a worker that was paused, is stuck or makes no progress ends itself, and says why.

It is a thread, for Kafka's heartbeat runs in a thread too and survives a stuck event loop: the
group would wait for this worker for ever. A supervisor starts the worker again.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import structlog

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

_log = structlog.get_logger()

_CLOCK: Final = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
_TICK_SECONDS: Final = 1.0


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds after which each kind of silence ends the process."""

    paused: float = 15.0
    loop_stuck: float = 60.0
    rebalancing: float = 90.0
    round_stuck: float = 120.0


@dataclass(frozen=True, slots=True)
class Signs:
    """What the watchdog looks at; each returns seconds."""

    rebalancing: Callable[[], float]
    longest_round: Callable[[], float]


def seconds_now() -> float:
    """Seconds that also go on while the machine or the process is paused, where it can be had."""
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
        end_process(f"{task.get_name()} failed", error=repr(error))


class Watchdog:
    """Ticks each second in a thread of its own."""

    def __init__(self, signs: Signs, limits: Limits) -> None:
        """Watch nothing until `start`."""
        self._signs = signs
        self._limits = limits
        self._last_tick = seconds_now()
        self._last_beat = seconds_now()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="watchdog", daemon=True)

    def start(self) -> None:
        """Begin to watch."""
        self._last_tick = self._last_beat = seconds_now()
        self._thread.start()

    def stop(self) -> None:
        """Watch no more; the end is near and bounded elsewhere."""
        self._stopped.set()

    def beat(self) -> None:
        """The event loop runs: to be called from it, each second."""
        self._last_beat = seconds_now()

    def guard(self) -> None:
        """End the process if it was paused: somebody else has its lanes by now.

        To be called before every write and produce.
        """
        paused = seconds_now() - self._last_tick
        if paused > self._limits.paused and not self._stopped.is_set():
            end_process("paused for longer than the session timeout", seconds=round(paused, 1))

    def _watch(self) -> None:
        while not self._stopped.wait(_TICK_SECONDS):
            self.guard()
            self._last_tick = seconds_now()
            self._check("the event loop is stuck", self._loop_silence(), self._limits.loop_stuck)
            self._check(
                "joining the group, or rebalancing, does not end",
                self._signs.rebalancing(),
                self._limits.rebalancing,
            )
            self._check(
                "a round makes no progress", self._signs.longest_round(), self._limits.round_stuck
            )

    def _loop_silence(self) -> float:
        return seconds_now() - self._last_beat

    def _check(self, reason: str, seconds: float, limit: float) -> None:
        if seconds > limit:
            end_process(reason, seconds=round(seconds, 1), limit_seconds=limit)
