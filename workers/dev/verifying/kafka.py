"""Reads topics from beginning to end without a group, and how far the groups have come."""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import GroupCoordinatorNotAvailableError, NotCoordinatorForGroupError

from schemas.topics import COMMANDS, CUSTOMER_REQUESTS, INVENTORY_REQUESTS, REPLIES
from workers.stream.connection import client_arguments, kafka_away
from workers.stream.topic_admin import admin_client

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from aiokafka.admin import AIOKafkaAdminClient

    from workers.dev.verifying.bounds import Place
    from workers.settings import Settings
    from workers.stream.ports import InboundRecord

READ_BY: Final[Mapping[str, tuple[str, ...]]] = {
    "oms-orders": (COMMANDS, REPLIES),
    "oms-customers": (CUSTOMER_REQUESTS,),
    "oms-inventory": (INVENTORY_REQUESTS,),
}
"""The groups of the contract, and the topics that each reads."""

_PARTITIONS_AT_ONCE: Final = 8
_RECORDS_AT_ONCE: Final = 5_000
_LONGEST_SILENCE_SECONDS: Final = 30.0
_POLL_MILLISECONDS: Final = 500
_COORDINATOR_ATTEMPTS: Final = 20
_COORDINATOR_PAUSE_SECONDS: Final = 0.25


@asynccontextmanager
async def connected_topics(settings: Settings) -> AsyncIterator[Topics]:
    """The topics of the broker.

    Raises:
        KafkaConnectionError: no broker answers.
    """
    consumer: Any = AIOKafkaConsumer(
        **client_arguments(settings),
        auto_offset_reset="none",
        enable_auto_commit=False,
        isolation_level="read_committed",
        fetch_max_wait_ms=_POLL_MILLISECONDS,
    )
    try:
        await consumer.start()
        yield Topics(consumer, settings)
    finally:
        await consumer.stop()


class Topics:
    """The topics as they are at the broker; use `connected_topics` to make one."""

    def __init__(self, consumer: AIOKafkaConsumer, settings: Settings) -> None:
        """Read with this consumer, which belongs to no group."""
        self._consumer: Any = consumer
        self._settings = settings

    async def ends(self, places: Sequence[Place]) -> dict[Place, int]:
        """The offset after the last record of each partition; open transactions left out."""
        partitions = [TopicPartition(*place) for place in places]
        return _by_place(await self._consumer.end_offsets(partitions))

    async def starts(self, places: Sequence[Place]) -> dict[Place, int]:
        """The offset of the first record that each partition keeps."""
        partitions = [TopicPartition(*place) for place in places]
        return _by_place(await self._consumer.beginning_offsets(partitions))

    async def has_record(self, place: Place, start: int, end: int) -> bool:
        """Whether there is a record in between, and not only marks of transactions."""
        async for records in self.read([place], {place: start}, {place: end}):
            if records:
                return True
        return False

    async def read(
        self, places: Sequence[Place], starts: Mapping[Place, int], ends: Mapping[Place, int]
    ) -> AsyncIterator[Sequence[InboundRecord]]:
        """All records of these partitions between the two; of each partition in their order.

        Raises:
            OutsideAwayError: the broker has not answered for half a minute.
        """
        filled = [place for place in places if ends[place] > starts.get(place, 0)]
        for first in range(0, len(filled), _PARTITIONS_AT_ONCE):
            some = filled[first : first + _PARTITIONS_AT_ONCE]
            async for records in self._read_some(some, starts, ends):
                yield records

    async def _read_some(
        self, places: Sequence[Place], starts: Mapping[Place, int], ends: Mapping[Place, int]
    ) -> AsyncIterator[Sequence[InboundRecord]]:
        open_ = {TopicPartition(*place) for place in places}
        self._consumer.assign(list(open_))
        for place in places:
            self._consumer.seek(TopicPartition(*place), starts.get(place, 0))
        heard = time.monotonic()
        while open_:
            found = await self._consumer.getmany(
                *open_, timeout_ms=_POLL_MILLISECONDS, max_records=_RECORDS_AT_ONCE
            )
            for partition, records in found.items():
                yield _below(records, ends[partition])
            done = [p for p in open_ if await self._consumer.position(p) >= ends[p]]
            open_.difference_update(done)
            self._consumer.pause(*done)
            if found or done:
                heard = time.monotonic()
            elif time.monotonic() - heard > _LONGEST_SILENCE_SECONDS:
                raise kafka_away(self._settings)


async def committed(settings: Settings) -> dict[Place, int]:
    """How far each partition is committed by its group; those that never were are left out.

    Raises:
        OutsideAwayError: no broker answers.
    """
    async with admin_client(settings) as client:
        return await committed_by(client)


async def committed_by(client: AIOKafkaAdminClient) -> dict[Place, int]:
    """The same, asked by a client that is connected already."""
    found: dict[Place, int] = {}
    for group, topics in READ_BY.items():
        offsets = await _offsets(client, group)
        found |= {
            (place.topic, place.partition): position.offset
            for place, position in offsets.items()
            if place.topic in topics and position.offset >= 0
        }
    return found


async def _offsets(client: AIOKafkaAdminClient, group: str) -> Mapping[TopicPartition, Any]:
    """The group's offsets; the first who asks a new broker for them waits a little."""
    for attempt in range(_COORDINATOR_ATTEMPTS):
        try:
            offsets: Mapping[TopicPartition, Any] = await client.list_consumer_group_offsets(group)
        except (GroupCoordinatorNotAvailableError, NotCoordinatorForGroupError):
            if attempt == _COORDINATOR_ATTEMPTS - 1:
                raise
            await asyncio.sleep(_COORDINATOR_PAUSE_SECONDS)
        else:
            return offsets
    raise AssertionError("the last attempt returns or raises")


def _by_place(offsets: Mapping[TopicPartition, int]) -> dict[Place, int]:
    return {(place.topic, place.partition): offset for place, offset in offsets.items()}


def _below(records: Sequence[InboundRecord], end: int) -> Sequence[InboundRecord]:
    if records[-1].offset < end:
        return records
    return [record for record in records if record.offset < end]
