"""Writes what was found to a real Kafka and a real MongoDB, where it can be found again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from workers.database import connect
from workers.dev.verifying.kafka import READ_BY
from workers.stream.connection import client_arguments

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    from tests.orders.records import Record
    from tests.verifying.found import Found
    from workers.settings import Settings


async def place(settings: Settings, found: Found) -> None:
    """Write all records and documents, and commit everything."""
    await write(settings, [record for records in found.topics.values() for record in records])
    await store(settings, "orders", found.orders)
    await store(settings, "reservations", found.reservations)
    await store(settings, "stock", found.stock)
    await commit_all(settings)


async def write(settings: Settings, records: Iterable[Record]) -> None:
    """Write these records at the ends of their partitions."""
    producer = AIOKafkaProducer(**client_arguments(settings), acks="all")
    await producer.start()
    try:
        for record in records:
            await producer.send(
                record.topic,
                key=record.key,
                value=record.value,
                partition=record.partition,
                headers=list(record.headers),
            )
        await producer.flush()
    finally:
        await producer.stop()


async def store(settings: Settings, name: str, documents: Mapping[str, Any]) -> None:
    """Let the collection hold these documents and no others."""
    database = connect(settings)
    try:
        await database[name].delete_many({})
        if documents:
            await database[name].insert_many(list(documents.values()))
    finally:
        database.client.close()


async def commit_all(settings: Settings, behind: int = 0) -> None:
    """Let all groups have read all partitions, but for so many records of those that have some."""
    for group, topics in READ_BY.items():
        consumer = AIOKafkaConsumer(
            **client_arguments(settings), group_id=group, enable_auto_commit=False
        )
        await consumer.start()
        try:
            places = [
                TopicPartition(topic, number)
                for topic in topics
                for number in range(settings.partitions)
            ]
            consumer.assign(places)
            ends = await consumer.end_offsets(places)
            await consumer.commit({at: max(end - behind, 0) for at, end in ends.items()})
        finally:
            await consumer.stop()


async def commit(settings: Settings, topic: str, partition: int, offset: int) -> None:
    """Let the group that reads the topic have come so far in one partition."""
    [group] = [name for name, topics in READ_BY.items() if topic in topics]
    consumer = AIOKafkaConsumer(
        **client_arguments(settings), group_id=group, enable_auto_commit=False
    )
    await consumer.start()
    try:
        consumer.assign([TopicPartition(topic, partition)])
        await consumer.commit({TopicPartition(topic, partition): offset})
    finally:
        await consumer.stop()
