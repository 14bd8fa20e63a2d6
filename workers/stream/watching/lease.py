"""Writes only while the group surely counts this worker in: as long as its heartbeats are answered.

A worker whose heartbeats did not arrive has lost its lanes without knowing it. Until the group
answers again it begins no write; if it was thrown out it then learns that first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from workers.stream.ports import OutsideAwayError
from workers.stream.watching.watchdog import seconds_now

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable


class Lease:
    """How long ago the group's coordinator has last been asked something that it answered."""

    def __init__(self, seconds: float, now: Callable[[], float] = seconds_now) -> None:
        """Hold for `seconds` after each heartbeat; until the first one, hold without end."""
        self._seconds = seconds
        self._now = now
        self._renewed_at: float | None = None

    def renewing(self, heartbeat: Callable[[], Awaitable[bool]]) -> Callable[[], Awaitable[bool]]:
        """The same heartbeat, which renews the lease, from when it was sent, if it is answered."""

        async def renew() -> bool:
            sent_at = self._now()
            is_answered = await heartbeat()
            if is_answered:
                self._renewed_at = sent_at
            return is_answered

        return renew

    def begin(self) -> None:
        """The group has just assigned partitions to this worker."""
        self._renewed_at = self._now()

    def check(self) -> None:
        """To be called before every write.

        Raises:
            OutsideAwayError: somebody else may have this worker's lanes by now; try again later.
        """
        if self._renewed_at is None:
            return
        silence = self._now() - self._renewed_at
        if silence > self._seconds:
            message = f"Kafka has not answered this worker's heartbeats for {silence:.0f} s"
            raise OutsideAwayError(message)
