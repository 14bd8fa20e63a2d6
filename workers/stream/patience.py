"""Waiting for Kafka or MongoDB: say so once when they are away, try again, say when they are back."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TypeVar

import stamina
import structlog

from workers.stream.ports import OutsideAwayError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

_log = structlog.get_logger()

_LONGEST_PAUSE_SECONDS = 5.0

Result = TypeVar("Result")

# Each wait is told once, below; a line for each try would bury everything else.
stamina.instrumentation.set_on_retry_hooks([])


async def patiently(attempt: Callable[[], Awaitable[Result]], **context: object) -> Result:
    """Call `attempt` until it does not raise `OutsideAwayError`; `context` goes into the log."""
    away_since: float | None = None
    async for retry in stamina.retry_context(
        on=OutsideAwayError, attempts=None, timeout=None, wait_max=_LONGEST_PAUSE_SECONDS
    ):
        with retry:
            try:
                result = await attempt()
            except OutsideAwayError as error:
                if away_since is None:
                    away_since = time.monotonic()
                    _log.warning("waiting_for_outside", reason=str(error), **context)
                raise
    if away_since is not None:
        waited = round(time.monotonic() - away_since, 1)
        _log.info("outside_is_back", after_seconds=waited, **context)
    return result
