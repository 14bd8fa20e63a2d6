"""A worker whose heartbeats are not answered may have lost its lanes, and writes nothing."""

from __future__ import annotations

import pytest

from workers.stream.ports import OutsideAwayError
from workers.stream.watching.lease import Lease


class Clock:
    """Seconds, moved by hand."""

    def __init__(self) -> None:
        """Begin some day."""
        self.seconds = 100.0

    def __call__(self) -> float:
        """The seconds of now."""
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    """A clock of this test's own."""
    return Clock()


@pytest.fixture
def lease(clock: Clock) -> Lease:
    """A lease of ten seconds, begun now."""
    found = Lease(10, clock)
    found.begin()
    return found


def test_a_worker_that_has_not_joined_may_write(clock: Clock) -> None:
    """Before the first assignment there are no lanes to lose."""
    lease = Lease(10, clock)
    clock.seconds += 1_000
    lease.check()


def test_a_lease_ends_without_heartbeats(lease: Lease, clock: Clock) -> None:
    """It holds for its time, and then says for how long the group has been silent."""
    clock.seconds += 10
    lease.check()
    clock.seconds += 1
    with pytest.raises(OutsideAwayError, match="heartbeats for 11 s"):
        lease.check()


async def test_an_answered_heartbeat_renews_it_from_when_it_was_sent(
    lease: Lease, clock: Clock
) -> None:
    """The answer may have been on its way for long: the group counts from the question."""

    async def slow() -> bool:
        clock.seconds += 8
        return True

    assert await lease.renewing(slow)()
    clock.seconds += 2
    lease.check()
    clock.seconds += 1
    with pytest.raises(OutsideAwayError):
        lease.check()


async def test_a_refused_heartbeat_renews_nothing(lease: Lease, clock: Clock) -> None:
    """The group no longer knows this worker, or nobody answered at all."""

    async def refused() -> bool:
        clock.seconds += 8
        return False

    assert not await lease.renewing(refused)()
    clock.seconds += 3
    with pytest.raises(OutsideAwayError):
        lease.check()
