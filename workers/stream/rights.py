"""Which rights a worker lacks at Kafka: looked at before it begins, so that each is named.

A topic that a client may not see is to it as if it were missing, and a group that it may not join
ends the consumer in the middle of its work.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiokafka.errors import (
    GroupAuthorizationFailedError,
    KafkaError,
    TopicAuthorizationFailedError,
    for_code,
)
from aiokafka.protocol.metadata import MetadataRequest

from workers.stream.topic_admin import admin_client

if TYPE_CHECKING:
    from collections.abc import Collection

    from aiokafka.admin import AIOKafkaAdminClient

    from workers.settings import Settings


async def missing_rights(
    settings: Settings, group: str, reads: Collection[str], writes: Collection[str]
) -> list[str]:
    """What this client may not do, such as `Read on topic orders.commands`.

    The right to read or to write a topic brings with it the right to see it, and that is what is
    looked at: who was given that alone is refused only when it writes.

    Raises:
        OutsideAwayError: no broker answers.
    """
    async with admin_client(settings) as client:
        hidden = await _hidden(client, {*reads, *writes})
        may_join = await _may_join(client, group)
    return [
        *(f"Read on topic {topic}" for topic in sorted(hidden.intersection(reads))),
        *(f"Write on topic {topic}" for topic in sorted(hidden.intersection(writes))),
        *([] if may_join else [f"Read on group {group}"]),
    ]


async def _hidden(client: AIOKafkaAdminClient, topics: Collection[str]) -> set[str]:
    """Those of the topics that this client may not see, be they there or not."""
    request = MetadataRequest(sorted(topics), allow_auto_topic_creation=False)
    answer = await client._send_request(request)  # noqa: SLF001 - its own would make the topics
    return {
        topic
        for code, topic, *_ in answer.topics
        if for_code(code) is TopicAuthorizationFailedError
    }


async def _may_join(client: AIOKafkaAdminClient, group: str) -> bool:
    try:
        await client.find_coordinator(group)
    except GroupAuthorizationFailedError:
        return False
    except KafkaError as error:
        if not error.retriable:  # nobody coordinates it yet
            raise
    return True
