"""Reads topics without a group: what is there already, or only what comes from now on."""

from __future__ import annotations

from contextlib import asynccontextmanager
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from aiokafka import AIOKafkaConsumer, TopicPartition

from workers.stream.connection import client_arguments
from workers.stream.topic_admin import admin_client

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection

    from workers.settings import Settings
    from workers.stream.ports import InboundRecord

LONGEST_WAIT_SECONDS = 0.1
_FETCH_WAIT_MILLISECONDS = 50


class Start(StrEnum):
    """From where topics are read."""

    BEGINNING = "beginning"
    NOW = "now"


@asynccontextmanager
async def follow(
    settings: Settings, partitions: Collection[TopicPartition], start: Start
) -> AsyncIterator[AIOKafkaConsumer]:
    """A consumer of these partitions that stands at `start` when the block begins.

    Raises:
        KafkaConnectionError: no broker answers.
        KafkaError: the broker does not let read.
    """
    consumer: Any = AIOKafkaConsumer(
        **client_arguments(settings),
        auto_offset_reset="earliest",
        isolation_level="read_committed",
        fetch_max_wait_ms=_FETCH_WAIT_MILLISECONDS,
    )
    try:
        await consumer.start()
        consumer.assign(list(partitions))
        if start is Start.NOW:
            await consumer.seek_to_end()
        else:
            await consumer.seek_to_beginning()
        yield consumer
    finally:
        await consumer.stop()


async def next_records(
    consumer: AIOKafkaConsumer, longest_wait: float = LONGEST_WAIT_SECONDS
) -> list[InboundRecord]:
    """What has come, the oldest first; empty if nothing comes within `longest_wait` seconds."""
    found = await consumer.getmany(timeout_ms=int(longest_wait * 1000))
    records = [record for records in found.values() for record in records]
    return sorted(records, key=lambda record: record.timestamp)


async def partitions_of(settings: Settings, topics: Collection[str]) -> list[TopicPartition]:
    """All partitions of those of the topics that exist.

    Raises:
        OutsideAwayError: no broker answers.
    """
    async with admin_client(settings) as client:
        there = set(await client.list_topics())
        wanted = [topic for topic in topics if topic in there]
        described = await client.describe_topics(wanted) if wanted else []
    return [
        TopicPartition(topic["topic"], partition["partition"])
        for topic in described
        for partition in topic["partitions"]
    ]
