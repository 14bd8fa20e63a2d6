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

from workers.stream.allowed_operations import AllowedOperationsRequest, rights_of
from workers.stream.topic_admin import admin_client

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from aiokafka.admin import AIOKafkaAdminClient

    from workers.settings import Settings


async def missing_rights(
    settings: Settings, group: str, reads: Collection[str], writes: Collection[str]
) -> list[str]:
    """What this client may not do, such as `Read on topic orders.commands`.

    Of topics that are missing only what they are hidden from is told.

    Raises:
        OutsideAwayError: no broker answers.
    """
    async with admin_client(settings) as client:
        may_not_read = await _refused(client, reads, "Read")
        may_not_write = await _refused(client, writes, "Write")
        may_join = await _may_join(client, group)
    return [
        *(f"Read on topic {topic}" for topic in may_not_read),
        *(f"Write on topic {topic}" for topic in may_not_write),
        *([] if may_join else [f"Read on group {group}"]),
    ]


async def _refused(
    client: AIOKafkaAdminClient, topics: Collection[str], operation: str
) -> list[str]:
    """Those of the topics that do not allow it, or may not even be seen."""
    try:
        answer = await client._send_request(AllowedOperationsRequest(sorted(topics)))  # noqa: SLF001 - the driver has no such question
    except NotImplementedError:  # a broker that is older than the question
        return []
    return denied(answer.topics, operation)


def denied(told: Iterable[tuple[int, str, bool, object, int]], operation: str) -> list[str]:
    """The topics that do not allow the operation, by what a broker told of each.

    That is an error code, the name, and last the allowed operations as bits; a broker that does
    not tell them is taken to allow all.
    """
    return [
        topic
        for code, topic, _internal, _partitions, allowed in told
        if for_code(code) is TopicAuthorizationFailedError
        or (code == 0 and operation not in rights_of(allowed))
    ]


async def _may_join(client: AIOKafkaAdminClient, group: str) -> bool:
    try:
        await client.find_coordinator(group)
    except GroupAuthorizationFailedError:
        return False
    except KafkaError as error:
        if not error.retriable:  # nobody coordinates it yet
            raise
    return True
