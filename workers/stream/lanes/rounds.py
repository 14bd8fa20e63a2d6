"""Rounds: what waits in all free lanes is handled together, and then marked as done.

One round costs nearly the same for one record as for fifty. So what has arrived meanwhile, in
whatever lane, goes into the next round; two run side by side, so that the database works on one
while the other is being decided. A lane is in one round at a time: within it nothing overtakes.
When the outside is away, each lane waits by itself: it may be away for one partition only.
"""

from __future__ import annotations

import asyncio
import time
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from workers.stream.patience import patiently
from workers.stream.ports import OutsideAwayError

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Sequence

    from workers.stream.lanes.lane import Lane
    from workers.stream.ports import BatchHandler, CopyRecord, CopySender, InboundRecord
    from workers.stream.transport.batches import RecordBatch

_SIDE_BY_SIDE = 2


class _Share(NamedTuple):
    """What a round has taken of one lane."""

    lane: Lane
    batches: list[RecordBatch]

    @property
    def records(self) -> int:
        return sum(len(batch.records) for batch in self.batches)


class Rounds:
    """Begins rounds while there is something to handle, and not too many at once."""

    def __init__(
        self,
        handler: BatchHandler,
        copies: CopySender,
        batch_records: int,
        on_handled: Callable[[int, Sequence[RecordBatch]], None],
        on_failure: Callable[[BaseException], None],
    ) -> None:
        """Take from no lane yet.

        `batch_records` is about the most that one round handles; `on_handled` is told which
        batches of which lane are, and `on_failure` when a round has failed: nothing of it is
        acknowledged then.
        """
        self._handler = handler
        self._copies = copies
        self._batch_records = batch_records
        self._on_handled = on_handled
        self._on_failure = on_failure
        self._lanes: list[Lane] = []
        self._running: set[asyncio.Task[None]] = set()
        self._patient: set[asyncio.Task[None]] = set()
        self._copying: set[asyncio.Task[None]] = set()
        self._begun_at: dict[int, float] = {}
        self._begins_soon = False
        self._is_taking = True

    @property
    def longest(self) -> float:
        """Seconds that the oldest round under way has taken; waits for the outside do not count."""
        # A copy, for the watchdog's thread asks while rounds begin and end.
        begun = list(self._begun_at.values())
        return time.monotonic() - min(begun) if begun else 0.0

    def add(self, lane: Lane) -> None:
        """Take from this lane, too, which is open now."""
        self._lanes.append(lane)
        self.begin_soon()

    def begin_soon(self) -> None:
        """Begin what can be begun, once all that has just arrived is in its lane."""
        if not self._begins_soon:
            self._begins_soon = True
            asyncio.get_running_loop().call_soon(self._begin)

    async def finish(self, within: float) -> int:
        """Begin no further round; return how many have not ended `within` seconds."""
        self._is_taking = False
        loop = asyncio.get_running_loop()
        end = loop.time() + within
        while under_way := self._under_way:
            seconds = end - loop.time()
            if seconds <= 0:
                break
            # A round that ends may leave copies to be sent.
            await asyncio.wait(under_way, timeout=seconds)
        return len(under_way)

    def clear(self) -> None:
        """Forget all lanes; what is under way in them is cancelled."""
        for task in self._under_way:
            task.cancel()
        self._lanes = []
        self._is_taking = True

    @property
    def _under_way(self) -> set[asyncio.Task[None]]:
        return self._running | self._patient | self._copying

    def _begin(self) -> None:
        self._begins_soon = False
        while self._is_taking and len(self._running) < _SIDE_BY_SIDE:
            shares = self._take()
            if not shares:
                return
            self._start(self._round(shares), self._running)

    def _start(self, work: Coroutine[None, None, None], group: set[asyncio.Task[None]]) -> None:
        task = asyncio.create_task(work, name="round")
        group.add(task)
        task.add_done_callback(partial(self._ended, group))

    def _take(self) -> list[_Share]:
        """From each free lane in turn, until the round has enough; who got none is first next."""
        shares: list[_Share] = []
        room = self._batch_records
        for _ in range(len(self._lanes)):
            if room <= 0:
                break
            lane = self._lanes.pop(0)
            self._lanes.append(lane)
            if lane.is_busy:
                continue
            share = _Share(lane, lane.take(room, self._handler.paused_topics(lane.number)))
            if share.batches:
                lane.is_busy = True
                shares.append(share)
                room -= share.records
        return shares

    def _ended(self, group: set[asyncio.Task[None]], task: asyncio.Task[None]) -> None:
        group.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._on_failure(error)
        self.begin_soon()

    async def _round(self, shares: Sequence[_Share]) -> None:
        try:
            copies = await self._timed(_records(shares))
        except OutsideAwayError:
            for share in shares:
                self._start(self._patient_round(share), self._patient)
        else:
            self._is_over(shares, copies)

    async def _patient_round(self, share: _Share) -> None:
        attempt = partial(self._timed, _records([share]))
        self._is_over([share], await patiently(attempt, lane=share.lane.number))

    def _is_over(self, shares: Sequence[_Share], copies: Sequence[CopyRecord]) -> None:
        """All outputs are acknowledged: so will the records be, once the copies are sent."""
        for share in shares:
            positions = {batch.topic: batch.next_offset for batch in share.batches}
            self._handler.acknowledged(share.lane.number, positions)
            share.lane.is_busy = False
            self._on_handled(share.lane.number, share.batches)
        if copies:
            task = asyncio.create_task(self._copies.send(copies), name="copies")
            self._copying.add(task)
            task.add_done_callback(partial(self._copied, shares))
        else:
            _mark_done(shares)

    async def _timed(self, records: Sequence[InboundRecord]) -> Sequence[CopyRecord]:
        identity = id(records)
        self._begun_at[identity] = time.monotonic()
        try:
            return await self._handler.handle(records)
        finally:
            del self._begun_at[identity]

    def _copied(self, shares: Sequence[_Share], task: asyncio.Task[None]) -> None:
        self._copying.discard(task)
        if not task.cancelled():
            _mark_done(shares)


def _records(shares: Sequence[_Share]) -> list[InboundRecord]:
    batches = [batch for share in shares for batch in share.batches]
    return [record for batch in batches for record in batch.records]


def _mark_done(shares: Sequence[_Share]) -> None:
    for share in shares:
        for batch in share.batches:
            batch.done = True
