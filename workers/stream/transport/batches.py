"""The Faust transport that hands over whole batches and commits only what is done.

Faust acknowledges single events, in a `finally`, and commits past gaps. Here one message is all
records that are there, in batches by partition, and per partition a queue remembers which are
done: only a done prefix is committed. The queue is cleared at assignment and nowhere else, so a
batch of an earlier assignment can be marked as done without any effect.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Any, Protocol, cast

from aiokafka.errors import ConsumerStoppedError
from faust.transport.drivers import aiokafka as driver
from faust.types import TP

from workers.stream.transport.consumer_loop import BatchConsumerThread

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from aiokafka import ConsumerRecord
    from faust.transport.consumer import RecordMap
    from faust.types import ConsumerMessage, Message
    from faust.types.transports import TPorTopicSet
    from mode.types import ServiceT

    from workers.stream.ports import InboundRecord
    from workers.stream.transport.consumer_loop import LeasedApp

_POLL_SECONDS = 1.0
_POLL_SECONDS_WHILE_SOME_ARE_FULL = 0.02


class RecordBatch:
    """The records of one partition that were there together, and whether they are done."""

    __slots__ = ("done", "next_offset", "partition", "records", "topic")

    def __init__(self, topic: str, partition: int, records: Sequence[InboundRecord]) -> None:
        """Take the records, which are in order of their offsets and at least one."""
        self.topic = topic
        self.partition = partition
        self.records = records
        self.next_offset = records[-1].offset + 1
        self.done = False

    @property
    def place(self) -> TP:
        """Its topic and partition."""
        return TP(self.topic, self.partition)


class Progress:
    """Per partition, the batches that were handed out, in order, and how far they are done."""

    def __init__(self) -> None:
        """Start with nothing handed out."""
        self._batches: dict[TP, deque[RecordBatch]] = {}
        self._position: dict[TP, int] = {}
        self._committed: dict[TP, int] = {}

    def clear(self) -> None:
        """Forget everything: the partitions have been assigned anew."""
        self._batches.clear()
        self._position.clear()
        self._committed.clear()

    def add(self, tp: TP, batch: RecordBatch) -> None:
        """Remember a batch that is being handed out."""
        self._batches.setdefault(tp, deque()).append(batch)

    def to_commit(self) -> dict[TP, int]:
        """The next offset of every partition whose done prefix has grown since `committed`."""
        for tp, batches in self._batches.items():
            while batches and batches[0].done:
                self._position[tp] = batches.popleft().next_offset
        return {
            tp: offset
            for tp, offset in self._position.items()
            if offset > self._committed.get(tp, -1)
        }

    def committed(self, offsets: Mapping[TP, int]) -> None:
        """These offsets are stored at the broker."""
        self._committed.update(offsets)


class Intake(Protocol):
    """Where batches go, and what the transport asks before it fetches more."""

    def reserve(self, batch: RecordBatch) -> None:
        """Count a batch that is on its way."""

    def full(self, tp: TP) -> bool:
        """Whether no more records of this partition should be fetched."""

    async def wait_for_room(self, timeout: float) -> None:  # noqa: ASYNC109 - an upper bound, not an error
        """Return when a partition may have room again, or after `timeout` seconds."""

    def open(self, acknowledged: Mapping[TP, int]) -> None:
        """These partitions are ours, from these offsets on."""

    def close(self) -> None:
        """No partition is ours."""

    async def finish(self) -> None:
        """Begin nothing new and wait, for a bounded time, for what has begun."""


class BatchConsumer(driver.Consumer):
    """The driver's consumer, with batches instead of messages and our own bookkeeping."""

    intake: Intake
    progress: Progress

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - the driver's
        """Take what the driver takes; the intake hangs on the app's transport."""
        super().__init__(*args, **kwargs)
        self.intake = cast("BatchTransport", self.transport).intake
        self.progress = Progress()

    def _new_consumer_thread(self) -> BatchConsumerThread:
        return BatchConsumerThread(self, loop=self.loop, beacon=self.beacon)

    async def _drain_messages(self, fetcher: ServiceT) -> None:
        """Fetch and hand over until the consumer or the fetcher stops.

        As the driver does, but for its bookkeeping of single events, which takes ten tasks each.
        """
        try:
            while not (self.should_stop or fetcher.should_stop):
                async for _, message in self.getmany(_POLL_SECONDS):
                    await self._hand_over(message)
                # A fetch that finds records at once never lets anybody else go on.
                await asyncio.sleep(0)
        except (ConsumerStoppedError, asyncio.CancelledError):
            if not self.app.should_stop:
                raise

    async def _hand_over(self, message: ConsumerMessage) -> None:
        """Put the message into the agent's stream; give up once the flow is suspended."""
        handing_over = asyncio.ensure_future(self.callback(message))
        suspended = asyncio.ensure_future(self.suspend_flow.wait())
        try:
            await asyncio.wait({handing_over, suspended}, return_when=asyncio.FIRST_COMPLETED)
            if handing_over.done():
                handing_over.result()
        finally:
            handing_over.cancel()
            suspended.cancel()

    async def getmany(self, timeout: float) -> AsyncIterator[tuple[TP, ConsumerMessage]]:  # noqa: ARG002, ASYNC109 - the signature is the driver's
        """Yield one message: all records that are there, a batch for each partition."""
        if not self.flow_active:
            await self.wait(self.can_resume_flow)  # type: ignore[arg-type]  # any event will do
        records = await self._fetch()
        # From after the fetch, whose records are of the assignment of now.
        generation = self.app.consumer_generation_id
        if self.should_stop:
            return
        if not self.flow_active:
            await self._give_back(records)
            return
        if records and not self._is_over(generation):
            batches = [self._hand_out(tp, found) for tp, found in records.items()]
            yield batches[0].place, self._message(batches)

    def _is_over(self, generation: int) -> bool:
        return not self.flow_active or self.app.consumer_generation_id != generation

    async def _give_back(self, records: RecordMap) -> None:
        """The fetch has moved the positions on: without this its records would be lost."""
        if records and self.assignment():
            await self.perform_seek()

    async def _fetch(self) -> RecordMap:
        active = self._get_active_partitions()
        wanted = {tp for tp in active if not self.intake.full(tp)}
        if not wanted:
            await self.intake.wait_for_room(_POLL_SECONDS)
            return {}
        some_are_full = len(wanted) < len(active)
        wait = _POLL_SECONDS_WHILE_SOME_ARE_FULL if some_are_full else _POLL_SECONDS
        return await self._getmany(wanted, wait)

    def _hand_out(self, tp: TP, records: Sequence[ConsumerRecord]) -> RecordBatch:
        batch = RecordBatch(tp.topic, tp.partition, records)
        self.progress.add(batch.place, batch)
        self.intake.reserve(batch)
        return batch

    def _message(self, batches: Sequence[RecordBatch]) -> ConsumerMessage:
        """One message for all of a fetch: to hand over costs more than to decode."""
        first = batches[0]
        message = self._to_message(first.place, cast("ConsumerRecord", first.records[-1]))
        message.value = batches  # type: ignore[assignment]  # our agent knows; Faust does not look
        return message

    async def on_partitions_assigned(self, assigned: set[TP], generation_id: int = 0) -> None:
        """Forget the batches of the assignment before this one."""
        self.progress.clear()
        self.intake.close()
        await super().on_partitions_assigned(assigned, generation_id)

    def resume_flow(self) -> None:
        """Open the lanes at the committed offsets: all positions have just been set to them."""
        mine = self.assignment()
        cast("LeasedApp", self.app).lease.begin()
        self.intake.open({tp: self._committed_offset.get(tp) or 0 for tp in mine})
        super().resume_flow()

    async def force_commit(
        self,
        topics: TPorTopicSet | None = None,  # noqa: ARG002 - the signature is the driver's
        start_new_transaction: bool = True,  # noqa: ARG002, FBT001, FBT002 - the driver's
    ) -> bool:
        """Commit the done prefix of every partition that is still assigned."""
        assignment = self.assignment()
        offsets = {tp: o for tp, o in self.progress.to_commit().items() if tp in assignment}
        if not offsets or not await self._commit(offsets):
            return False
        self.progress.committed(offsets)
        self._committed_offset.update(offsets)
        return True

    async def wait_empty(self) -> None:
        """Finish what has begun, then commit; a commit that is under way is waited for first."""
        await self.intake.finish()
        await self.maybe_wait_for_commit_to_finish()
        await self.force_commit()

    async def _add_gap(self, tp: TP, offset_from: int, offset_to: int) -> None:
        """Gaps need no bookkeeping: a batch knows its first and last offset."""

    def verify_event_path(self, now: float, tp: TP) -> None:
        """Nothing: the watchdog looks after progress, by batches."""

    def ack(self, message: Message) -> bool:  # noqa: ARG002 - the signature is the driver's
        """Nothing: a batch is acknowledged by its lane, after its outputs."""
        return False

    def track_message(self, message: Message) -> None:
        """Nothing: `progress` tracks batches."""


class BatchTransport(driver.Transport):
    """The driver's transport with the consumer above."""

    Consumer = BatchConsumer
    intake: Intake
