"""Waiting for Kafka or MongoDB: said once when they are away, and once when they are back."""

from __future__ import annotations

import time
from contextvars import ContextVar
from typing import TYPE_CHECKING, Final, TypeVar

import stamina
import structlog

from workers.stream.ports import OutsideAwayError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

_log = structlog.get_logger()

_LONGEST_PAUSE_SECONDS = 5.0

Result = TypeVar("Result")

# Each wait is told once, below; a line for each try would bury everything else.
stamina.instrumentation.set_on_retry_hooks([])


class Waits:
    """The waits that are under way; may be asked from any thread."""

    def __init__(self) -> None:
        """Nothing is waited for."""
        self._under_way: dict[int, _Wait] = {}
        self.begun = 0
        """How many there have been."""

    def begin(self, wait: _Wait) -> None:
        """Remember a wait until `end`."""
        self._under_way[id(wait)] = wait
        self.begun += 1

    def end(self, wait: _Wait) -> None:
        """Forget a wait; nothing if it never began."""
        self._under_way.pop(id(wait), None)

    def reasons(self) -> dict[str, float]:
        """What is waited for, and for how many seconds already."""
        found: dict[str, float] = {}
        for wait in list(self._under_way.values()):
            found[wait.reason] = max(found.get(wait.reason, 0.0), wait.seconds)
        return found


_WAITS: Final[ContextVar[Waits | None]] = ContextVar("waits", default=None)


def note_waits() -> Waits:
    """All waits of this task, and of the tasks that it makes, from now on."""
    waits = Waits()
    _WAITS.set(waits)
    return waits


async def patiently(attempt: Callable[[], Awaitable[Result]], **context: object) -> Result:
    """Call `attempt` until it does not raise `OutsideAwayError`; `context` goes into the log."""
    try:
        # Nearly always this is all; what follows costs more than many an attempt.
        return await attempt()
    except OutsideAwayError as error:
        wait = _Wait(context)
        wait.goes_on(str(error))
    waits = _WAITS.get() or Waits()
    waits.begin(wait)
    try:
        return await _again_and_again(attempt, wait)
    finally:
        waits.end(wait)


async def _again_and_again(attempt: Callable[[], Awaitable[Result]], wait: _Wait) -> Result:
    async for retry in stamina.retry_context(
        on=OutsideAwayError, attempts=None, timeout=None, wait_max=_LONGEST_PAUSE_SECONDS
    ):
        with retry:
            try:
                result = await attempt()
            except OutsideAwayError as error:
                wait.goes_on(str(error))
                raise
            wait.ends()
            return result
    raise AssertionError("retrying without a limit does not end")


class _Wait:
    """One wait: since when, for what, and what is logged of it."""

    def __init__(self, context: Mapping[str, object]) -> None:
        self._context = context
        self._since = time.monotonic()
        self.reason = ""

    @property
    def seconds(self) -> float:
        """How long it has been."""
        return time.monotonic() - self._since

    def goes_on(self, reason: str) -> None:
        """Log the reason, but only when it is a new one."""
        if reason != self.reason:
            _log.warning("waiting_for_outside", reason=reason, **self._context)
        self.reason = reason

    def ends(self) -> None:
        """Log how long it was."""
        _log.info("outside_is_back", after_seconds=round(self.seconds, 1), **self._context)
