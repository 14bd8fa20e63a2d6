"""Lanes: the records of one partition number, of all topics, which nothing overtakes.

A lane only keeps what waits; rounds take from the lanes that are free, handle what they took
together, and only then mark it as done.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import structlog

from workers.stream.lanes.lane import Lane
from workers.stream.lanes.room import Room
from workers.stream.lanes.rounds import Rounds
from workers.stream.patience import patiently

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from faust.types import TP

    from workers.stream.ports import BatchHandler, CopySender
    from workers.stream.transport.batches import RecordBatch

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class LanePlan:
    """How partitions form lanes, and how much is done at once.

    A lane opens when this process has its partition of each of `topics`.
    """

    topics: frozenset[str]
    lane_of: Callable[[int], int]
    batch_records: int
    finish_seconds: float


class Lanes:
    """All lanes of this process: which are open, and who gets a batch."""

    def __init__(
        self,
        handler: BatchHandler,
        copies: CopySender,
        plan: LanePlan,
        on_failure: Callable[[BaseException], None],
    ) -> None:
        """Open nothing yet; `on_failure` is told when opening a lane, or a round, fails."""
        self._handler = handler
        self._plan = plan
        self._on_failure = on_failure
        self._lanes: dict[int, Lane] = {}
        self._opening: set[asyncio.Task[None]] = set()
        self._may_have_room = asyncio.Event()
        self._room = Room(2 * plan.batch_records)
        self._rounds = Rounds(handler, copies, plan.batch_records, self._has_handled, on_failure)
        self.joined = asyncio.Event()
        self.fetches = 0
        """How often the transport has asked what to fetch, for a sign that it goes on."""

    @property
    def numbers(self) -> frozenset[int]:
        """The lanes that are open."""
        return frozenset(self._lanes)

    @property
    def longest_round(self) -> float:
        """Seconds that the oldest round under way has taken, without waits for the outside."""
        return self._rounds.longest

    def open(self, acknowledged: Mapping[TP, int]) -> None:
        """Open every lane whose partitions are all here, at these offsets."""
        offsets: dict[int, dict[str, int]] = {}
        for tp, offset in acknowledged.items():
            offsets.setdefault(self._plan.lane_of(tp.partition), {})[tp.topic] = offset
        for number, found in offsets.items():
            if found.keys() >= self._plan.topics and number not in self._lanes:
                self._start(number, found)
        self._may_have_room.set()
        self.joined.set()

    def _start(self, number: int, acknowledged: Mapping[str, int]) -> None:
        lane = Lane(number)
        self._lanes[number] = lane
        task = asyncio.create_task(self._open(lane, acknowledged), name=f"opening lane {number}")
        self._opening.add(task)
        task.add_done_callback(self._opened)

    async def _open(self, lane: Lane, acknowledged: Mapping[str, int]) -> None:
        opening = partial(self._handler.open, lane.number, acknowledged)
        await patiently(opening, lane=lane.number)
        self._rounds.add(lane)

    def _opened(self, task: asyncio.Task[None]) -> None:
        self._opening.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._on_failure(error)

    def put(self, batch: RecordBatch) -> None:
        """Let the batch wait in its lane; without an open lane it stays unacknowledged."""
        lane = self._lanes.get(self._plan.lane_of(batch.partition))
        if lane is not None:
            lane.put(batch)
            self._rounds.begin_soon()

    def reserve(self, batch: RecordBatch) -> None:
        """Count a batch that is on its way to its lane."""
        lane = self._lanes.get(self._plan.lane_of(batch.partition))
        if lane is not None:
            self._room.take(lane.number, batch)

    def _has_handled(self, lane: int, batches: Sequence[RecordBatch]) -> None:
        for batch in batches:
            self._room.give_back(lane, batch)
        self._may_have_room.set()

    def full(self, tp: TP) -> bool:
        """Whether no more records of this partition should be fetched."""
        self.fetches += 1
        lane = self._lanes.get(self._plan.lane_of(tp.partition))
        if lane is None or self._room.is_full(lane.number, tp.topic):
            return True
        return tp.topic in self._handler.paused_topics(lane.number)

    async def wait_for_room(self, timeout: float) -> None:  # noqa: ASYNC109 - an upper bound, not an error
        """Return when a round is over, or after `timeout` seconds."""
        self.fetches += 1
        self._may_have_room.clear()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._may_have_room.wait(), timeout)

    async def finish(self) -> None:
        """Begin no new round, wait for those under way, then forget all lanes."""
        late = await self._rounds.finish(self._plan.finish_seconds)
        if late:
            _log.warning(
                "rounds_given_up",
                rounds=late,
                after_seconds=self._plan.finish_seconds,
                consequence="their records are not acknowledged and will be handled again",
            )
        self.close()

    def close(self) -> None:
        """Forget all lanes at once; what is under way in them is cancelled."""
        self._rounds.clear()
        for task in self._opening:
            task.cancel()
        for number in self._lanes:
            self._handler.close(number)
        self._lanes.clear()
        self._room.clear()
