"""Rounds without a broker: who is handled together, and who waits for whom."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.stream.records import Record
from tests.waiting import eventually
from workers.stream.lanes.lane import Lane
from workers.stream.lanes.rounds import Rounds
from workers.stream.ports import OutsideAwayError
from workers.stream.transport.batches import RecordBatch

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from workers.stream.ports import CopyRecord, InboundRecord

TOPIC = "orders.commands"


class Handler:
    """Handles every record but those of partitions that are away; it sends no copies either."""

    def __init__(self) -> None:
        """Nothing is away."""
        self.away: set[int] = set()

    async def open(self, lane: int, acknowledged: Mapping[str, int]) -> None:
        """Nothing is remembered."""

    def close(self, lane: int) -> None:
        """Nothing is remembered."""

    def acknowledged(self, lane: int, positions: Mapping[str, int]) -> None:
        """Nothing is remembered."""

    def paused_topics(self, lane: int) -> frozenset[str]:  # noqa: ARG002 - the port's signature
        """No topic ever pauses."""
        return frozenset()

    async def handle(self, records: Sequence[InboundRecord]) -> Sequence[CopyRecord]:
        """Be away for some of them, or be done."""
        if any(record.partition in self.away for record in records):
            raise OutsideAwayError("a partition is away")
        return ()

    async def send(self, copies: Sequence[CopyRecord]) -> None:
        """Send nothing."""


@pytest.fixture
def handler() -> Handler:
    """A handler that is all there."""
    return Handler()


@pytest.fixture
def lanes() -> list[Lane]:
    """Four lanes that are open."""
    return [Lane(number) for number in range(4)]


@pytest.fixture
async def rounds(handler: Handler, lanes: list[Lane]) -> AsyncIterator[Rounds]:
    """Rounds over these lanes; what is under way ends with the test."""
    failures: list[BaseException] = []
    found = Rounds(handler, handler, 10, lambda _lane, _batches: None, failures.append)
    for lane in lanes:
        found.add(lane)
    yield found
    found.clear()
    assert failures == []


def _put(lane: Lane) -> RecordBatch:
    batch = RecordBatch(TOPIC, lane.number, [Record(b"v", partition=lane.number)])
    lane.put(batch)
    return batch


async def test_lanes_that_wait_for_the_outside_keep_no_other_from_its_work(
    rounds: Rounds, lanes: list[Lane], handler: Handler
) -> None:
    """As many lanes as there are rounds side by side, and one more, are away; the last goes on."""
    handler.away = {0, 1, 2}
    waiting = [_put(lane) for lane in lanes]
    rounds.begin_soon()
    await eventually(lambda: waiting[3].done, "the lane that nothing is away for")
    later = _put(lanes[3])
    rounds.begin_soon()
    await eventually(lambda: later.done, "its next record, while the others still wait")
    assert [batch.done for batch in waiting] == [False, False, False, True]
    handler.away.clear()
    await eventually(lambda: all(batch.done for batch in waiting), "all, once all is there")
