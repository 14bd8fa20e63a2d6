"""How many partitions a topic has: an idempotent producer dies of writing to one too many."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiokafka.errors import KafkaError

from workers.stream.ports import OutsideAwayError
from workers.stream.topic_admin import admin_client

if TYPE_CHECKING:
    from workers.settings import Settings


async def count_partitions(settings: Settings, topic: str) -> int:
    """The number of partitions of `topic`, asked of the broker.

    Raises:
        OutsideAwayError: no broker answers, or it does not know the topic.
    """
    async with admin_client(settings) as client:
        try:
            [described] = await client.describe_topics([topic])
        except KafkaError as error:
            message = f"Kafka does not tell the partitions of {topic}: {error!r}"
            raise OutsideAwayError(message) from error
    partitions = len(described["partitions"])
    if partitions == 0:
        message = f"topic {topic} is missing; create it with: oms topics create"
        raise OutsideAwayError(message)
    return partitions
