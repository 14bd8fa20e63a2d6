"""How every Kafka client of this project connects: one place for addresses and security."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aiokafka.errors import KafkaConnectionError, UnknownTopicOrPartitionError

from workers.stream.ports import OutsideAwayError

if TYPE_CHECKING:
    from aiokafka import AIOKafkaProducer

    from workers.settings import Settings

_REQUEST_TIMEOUT_MILLISECONDS = 30_000


def client_arguments(settings: Settings) -> dict[str, Any]:
    """Arguments that aiokafka's producer, consumer and admin client have in common."""
    return {
        "bootstrap_servers": bootstrap_servers(settings),
        "client_id": "order-management-service",
        "request_timeout_ms": _REQUEST_TIMEOUT_MILLISECONDS,
    }


def bootstrap_servers(settings: Settings) -> list[str]:
    """The brokers' addresses, host:port each."""
    return [server.strip() for server in settings.kafka_bootstrap.split(",") if server.strip()]


async def start_producer(producer: AIOKafkaProducer, settings: Settings) -> None:
    """Connect a producer.

    Raises:
        OutsideAwayError: no broker answers.
    """
    try:
        await producer.start()
    except BaseException as error:
        await producer.stop()
        if isinstance(error, KafkaConnectionError):
            raise kafka_away(settings) from error
        raise


async def has_partition(producer: AIOKafkaProducer, topic: str, partition: int) -> bool:
    """Whether the topic has the partition; looked up anew if it is not known to have it.

    Raises:
        OutsideAwayError: no broker tells of the topic: none answers, or it is missing.
    """
    try:
        if partition in await producer.partitions_for(topic):
            return True
        await producer.client.force_metadata_update()
        return partition in await producer.partitions_for(topic)
    except UnknownTopicOrPartitionError as error:
        message = f"Kafka does not tell of the topic {topic}"
        raise OutsideAwayError(message) from error


def kafka_away(settings: Settings) -> OutsideAwayError:
    """The error that says where no broker answers."""
    return OutsideAwayError(f"Kafka does not answer at {settings.kafka_bootstrap}")
