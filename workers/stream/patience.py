"""Waiting for Kafka or MongoDB: said once when they are away, and once when they are back."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TypeVar

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


async def patiently(attempt: Callable[[], Awaitable[Result]], **context: object) -> Result:
    """Call `attempt` until it does not raise `OutsideAwayError`; `context` goes into the log."""
    try:
        # Nearly always this is all; what follows costs more than many an attempt.
        return await attempt()
    except OutsideAwayError as error:
        wait = _Wait(context)
        wait.goes_on(str(error))
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
    """One wait: what is logged of it."""

    def __init__(self, context: Mapping[str, object]) -> None:
        self._context = context
        self._since: float | None = None
        self._reason = ""

    def goes_on(self, reason: str) -> None:
        """Log the reason, but only when it is a new one."""
        if self._since is None:
            self._since = time.monotonic()
        if reason != self._reason:
            _log.warning("waiting_for_outside", reason=reason, **self._context)
        self._reason = reason

    def ends(self) -> None:
        """Log how long it was, if there was any wait."""
        if self._since is not None:
            waited = round(time.monotonic() - self._since, 1)
            _log.info("outside_is_back", after_seconds=waited, **self._context)
