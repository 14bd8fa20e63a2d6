"""Creates the topics of the contract, and waits until they are there."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import (
    KafkaConnectionError,
    KafkaError,
    KafkaTimeoutError,
    NodeNotReadyError,
    RequestTimedOutError,
    TopicAlreadyExistsError,
    for_code,
)

from schemas.topics import TOPICS
from workers.stream.connection import client_arguments, why_not_connected

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable

    from workers.settings import Settings


_AWAY: Final = (
    KafkaConnectionError,
    KafkaTimeoutError,
    NodeNotReadyError,
    RequestTimedOutError,
)


@dataclass(frozen=True, slots=True)
class TopicsCreated:
    """Names of the topics that were made now, and of those that were there."""

    created: tuple[str, ...]
    existing: tuple[str, ...]


@asynccontextmanager
async def admin_client(settings: Settings) -> AsyncIterator[AIOKafkaAdminClient]:
    """A connected admin client.

    Raises:
        OutsideAwayError: no broker answers, or none lets this client in.
    """
    client = AIOKafkaAdminClient(**client_arguments(settings))
    try:
        await client.start()
        yield client
    except _AWAY as error:
        raise await why_not_connected(settings) from error
    finally:
        await client.close()


async def create_topics(settings: Settings) -> TopicsCreated:
    """Create what is missing, ready to be read and written; what is there stays as it is.

    Raises:
        OutsideAwayError: no broker answers.
        KafkaError: the broker refuses a topic; the message says which and why.
    """
    async with admin_client(settings) as client:
        response = await client.create_topics(
            [
                NewTopic(
                    topic.name,
                    settings.partitions,
                    settings.replication_factor,
                    topic_configs=topic.config,
                )
                for topic in TOPICS
            ]
        )
    created: list[str] = []
    existing: list[str] = []
    for name, code, *reason in response.topic_errors:
        error = for_code(code)
        if error is TopicAlreadyExistsError:
            existing.append(name)
        elif code == 0:
            created.append(name)
        else:
            message = f"topic {name} was not created: {reason[0] if reason else error.__name__}"
            raise KafkaError(message)
    if created:
        await _wait_for_leaders(settings, created)
    return TopicsCreated(tuple(created), tuple(existing))


async def _wait_for_leaders(settings: Settings, topics: Iterable[str]) -> None:
    """A topic that was just made refuses reads and writes until its partitions have leaders."""
    consumer = AIOKafkaConsumer(**client_arguments(settings))
    try:
        await consumer.start()
        await consumer.end_offsets(
            [
                TopicPartition(topic, partition)
                for topic in topics
                for partition in range(settings.partitions)
            ]
        )
    finally:
        await consumer.stop()


async def missing_topics(settings: Settings, wanted: Iterable[str]) -> list[str]:
    """Those of `wanted` that the broker does not have.

    Raises:
        OutsideAwayError: no broker answers.
    """
    async with admin_client(settings) as client:
        there = set(await client.list_topics())
    return sorted(set(wanted) - there)
