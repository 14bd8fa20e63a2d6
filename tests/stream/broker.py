"""What tests do at a real broker: make topics, write, read everything, look at a group."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING
from uuid import uuid4

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import NewTopic
from confluent_kafka import ConsumerGroupTopicPartitions
from confluent_kafka.admin import AdminClient

from workers.stream.connection import bootstrap_servers
from workers.stream.topic_admin import admin_client

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Mapping, Sequence

    from aiokafka import ConsumerRecord

    from workers.settings import Settings

PARTITIONS = 4


def fresh_name(kind: str) -> str:
    """A name that no other test has."""
    return f"{kind}.{uuid4().hex[:12]}"


async def create_topic(
    settings: Settings,
    name: str,
    partitions: int = PARTITIONS,
    config: Mapping[str, str] | None = None,
) -> str:
    """Create a topic and return its name once it can be written to."""
    async with admin_client(settings) as client:
        await client.create_topics(
            [NewTopic(name, partitions, 1, topic_configs=dict(config or {}))]
        )
    async with producer(settings) as found:
        await found.partitions_for(name)
    return name


@asynccontextmanager
async def producer(settings: Settings) -> AsyncIterator[AIOKafkaProducer]:
    """A plain, connected producer."""
    found = AIOKafkaProducer(bootstrap_servers=bootstrap_servers(settings), linger_ms=5)
    try:
        await found.start()
        yield found
    finally:
        await found.stop()


async def write(
    settings: Settings, topics: Sequence[str], values: Iterable[str], partitions: int = PARTITIONS
) -> list[str]:
    """Write the values in turn to all partitions of all topics, and return them."""
    written = list(values)
    async with producer(settings) as found:
        sent = [
            await found.send(
                topics[number // partitions % len(topics)],
                value.encode(),
                key=value.encode(),
                partition=number % partitions,
            )
            for number, value in enumerate(written)
        ]
        await asyncio.gather(*sent)
    return written


async def read_all(settings: Settings, topic: str) -> list[ConsumerRecord]:
    """Every record that is on the topic now, partition by partition."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap_servers(settings),
        auto_offset_reset="earliest",
        isolation_level="read_committed",
    )
    try:
        await consumer.start()
        return await _read_to_the_end(consumer, topic)
    finally:
        await consumer.stop()


async def _read_to_the_end(consumer: AIOKafkaConsumer, topic: str) -> list[ConsumerRecord]:
    numbers = await consumer._client._wait_on_metadata(topic)  # noqa: SLF001 - no public wait
    places = [TopicPartition(topic, number) for number in sorted(numbers)]
    consumer.assign(places)
    ends = await consumer.end_offsets(places)
    found: dict[TopicPartition, list[ConsumerRecord]] = {place: [] for place in places}
    for place in places:
        while await consumer.position(place) < ends[place]:
            for where, records in (await consumer.getmany(place, timeout_ms=200)).items():
                found[where].extend(records)
    return [record for place in places for record in found[place]]


async def values_on(settings: Settings, topic: str) -> Counter[str]:
    """How often each value is on the topic now."""
    return Counter((record.value or b"").decode() for record in await read_all(settings, topic))


def committed(settings: Settings, group: str) -> dict[tuple[str, int], int]:
    """The committed offset of every partition for which the group has committed one."""
    client = AdminClient({"bootstrap.servers": settings.kafka_bootstrap})
    [answer] = client.list_consumer_group_offsets([ConsumerGroupTopicPartitions(group)]).values()
    places = answer.result(timeout=30).topic_partitions
    return {(place.topic, place.partition): place.offset for place in places if place.offset >= 0}


async def lag(settings: Settings, group: str, topics: Sequence[str]) -> int:
    """Records on the topics that the group has not committed."""
    done = await asyncio.to_thread(committed, settings, group)
    total = 0
    for topic in topics:
        consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap_servers(settings))
        try:
            await consumer.start()
            numbers = await consumer._client._wait_on_metadata(topic)  # noqa: SLF001 - no public wait
            places = [TopicPartition(topic, number) for number in numbers]
            ends = await consumer.end_offsets(places)
            total += sum(ends[p] - done.get((topic, p.partition), 0) for p in places)
        finally:
            await consumer.stop()
    return total
