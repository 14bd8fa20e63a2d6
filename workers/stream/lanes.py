"""Lanes: the records of one partition number, of all topics, handled batch by batch.

Each lane is one task. It takes what is there, has it handled, and only then marks its batches as
done. Lanes run side by side; within a lane nothing overtakes.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from workers.stream.patience import patiently

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from faust.types import TP

    from workers.stream.batches import RecordBatch
    from workers.stream.ports import BatchHandler, CopyRecord, CopySender, InboundRecord

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class LanePlan:
    """How partitions form lanes, and how much a lane does at once.

    A lane opens when this process has its partition of each of `topics`.
    """

    topics: frozenset[str]
    lane_of: Callable[[int], int]
    batch_records: int
    finish_seconds: float


class Lane:
    """The waiting batches of one lane, and the task that handles them."""

    def __init__(
        self,
        number: int,
        handler: BatchHandler,
        copies: CopySender,
        batch_records: int,
        on_room: Callable[[], None],
    ) -> None:
        """Take no records yet; `batch_records` is the most that one round handles."""
        self.number = number
        self._handler = handler
        self._copies = copies
        self._batch_records = batch_records
        self._on_room = on_room
        self._waiting: deque[RecordBatch] = deque()
        self._something = asyncio.Event()
        self._reserved = 0
        self._copying: set[asyncio.Task[None]] = set()
        self._closing = False
        self._round_began: float | None = None

    def reserve(self, batch: RecordBatch) -> None:
        """Count the records of a batch that is on its way here."""
        self._reserved += len(batch.records)

    def put(self, batch: RecordBatch) -> None:
        """Let a batch wait for its turn."""
        self._waiting.append(batch)
        self._something.set()

    def full(self, topic: str) -> bool:
        """Whether two rounds' worth of records wait already, or the topic is paused."""
        if self._reserved >= 2 * self._batch_records:
            return True
        return topic in self._handler.paused_topics(self.number)

    def stop_taking(self) -> None:
        """Begin no further round; what waits stays unacknowledged."""
        self._closing = True
        self._something.set()

    async def run(self, acknowledged: Mapping[str, int]) -> None:
        """Open the lane, then handle round after round until `stop_taking`."""
        await patiently(lambda: self._handler.open(self.number, acknowledged), lane=self.number)
        while not self._closing:
            batches = await self._take()
            if batches and not self._closing:
                await self._round(batches)
        if self._copying:
            await asyncio.wait(self._copying)

    async def _take(self) -> list[RecordBatch]:
        await self._something.wait()
        taken: list[RecordBatch] = []
        kept: deque[RecordBatch] = deque()
        room = self._batch_records
        paused = self._handler.paused_topics(self.number)
        while self._waiting and room > 0:
            batch = self._waiting.popleft()
            if batch.topic in paused:
                kept.append(batch)
            else:
                taken.append(batch)
                room -= len(batch.records)
        kept.extend(self._waiting)
        self._waiting = kept
        if not taken or not kept:
            self._something.clear()
        return taken

    async def _round(self, batches: Sequence[RecordBatch]) -> None:
        records = [record for batch in batches for record in batch.records]
        copies = await patiently(lambda: self._timed(records), lane=self.number)
        self._handler.acknowledged(
            self.number, {batch.topic: batch.next_offset for batch in batches}
        )
        self._reserved -= len(records)
        # A topic that was paused may be open again now.
        self._something.set()
        self._on_room()
        if copies:
            task = asyncio.create_task(self._copies.send(copies))
            self._copying.add(task)
            task.add_done_callback(self._copying.discard)
            task.add_done_callback(lambda done: None if done.cancelled() else _mark_done(batches))
        else:
            _mark_done(batches)

    async def _timed(self, records: Sequence[InboundRecord]) -> Sequence[CopyRecord]:
        self._round_began = time.monotonic()
        try:
            return await self._handler.handle(self.number, records)
        finally:
            self._round_began = None

    @property
    def round_seconds(self) -> float:
        """Seconds that the round under way has taken; 0 when none is or when it waits."""
        return 0.0 if self._round_began is None else time.monotonic() - self._round_began


def _mark_done(batches: Sequence[RecordBatch]) -> None:
    for batch in batches:
        batch.done = True


class Lanes:
    """All lanes of this process: which are open, and who gets a batch."""

    def __init__(
        self,
        handler: BatchHandler,
        copies: CopySender,
        plan: LanePlan,
        on_failure: Callable[[BaseException], None],
    ) -> None:
        """Open nothing yet; `on_failure` is told when a lane's task dies."""
        self._handler = handler
        self._copies = copies
        self._plan = plan
        self._on_failure = on_failure
        self._lanes: dict[int, Lane] = {}
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._room = asyncio.Event()
        self.joined = asyncio.Event()

    @property
    def numbers(self) -> frozenset[int]:
        """The lanes that are open."""
        return frozenset(self._lanes)

    @property
    def longest_round(self) -> float:
        """Seconds that the oldest round under way has taken, without waits for the outside."""
        # A copy, for the watchdog's thread asks while lanes open and close.
        return max((lane.round_seconds for lane in list(self._lanes.values())), default=0.0)

    def open(self, acknowledged: Mapping[TP, int]) -> None:
        """Open every lane whose partitions are all here, at these offsets."""
        offsets: dict[int, dict[str, int]] = {}
        topics: dict[int, set[str]] = {}
        for tp, offset in acknowledged.items():
            number = self._plan.lane_of(tp.partition)
            offsets.setdefault(number, {})[tp.topic] = offset
            topics.setdefault(number, set()).add(tp.topic)
        for number, found in topics.items():
            if found >= self._plan.topics and number not in self._lanes:
                self._start(number, offsets[number])
        self._room.set()
        self.joined.set()

    def _start(self, number: int, acknowledged: Mapping[str, int]) -> None:
        lane = Lane(number, self._handler, self._copies, self._plan.batch_records, self._room.set)
        task = asyncio.create_task(lane.run(acknowledged), name=f"lane-{number}")
        task.add_done_callback(self._ended)
        self._lanes[number] = lane
        self._tasks[number] = task

    def _ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            self._on_failure(error)

    def put(self, batch: RecordBatch) -> None:
        """Let the batch wait in its lane; without an open lane it stays unacknowledged."""
        lane = self._lanes.get(self._plan.lane_of(batch.partition))
        if lane is not None:
            lane.put(batch)

    def reserve(self, batch: RecordBatch) -> None:
        """Count a batch that is on its way to its lane."""
        lane = self._lanes.get(self._plan.lane_of(batch.partition))
        if lane is not None:
            lane.reserve(batch)

    def full(self, tp: TP) -> bool:
        """Whether no more records of this partition should be fetched."""
        lane = self._lanes.get(self._plan.lane_of(tp.partition))
        return lane is None or lane.full(tp.topic)

    async def wait_for_room(self, timeout: float) -> None:  # noqa: ASYNC109 - an upper bound, not an error
        """Return when a lane has finished a round, or after `timeout` seconds."""
        self._room.clear()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._room.wait(), timeout)

    async def finish(self) -> None:
        """Begin no new round, wait for those under way, then forget all lanes."""
        for lane in self._lanes.values():
            lane.stop_taking()
        tasks = set(self._tasks.values())
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=self._plan.finish_seconds)
            for task in late:
                _log.warning(
                    "lane_given_up",
                    lane=task.get_name(),
                    after_seconds=self._plan.finish_seconds,
                    consequence="its records are not acknowledged and will be handled again",
                )
        self.close()

    def close(self) -> None:
        """Forget all lanes at once; what is under way in them is cancelled."""
        for task in self._tasks.values():
            task.cancel()
        for number in self._lanes:
            self._handler.close(number)
        self._lanes.clear()
        self._tasks.clear()
