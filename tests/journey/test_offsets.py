"""What is acknowledged to Kafka, seen with Kafka's own admin calls."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from confluent_kafka import ConsumerGroupTopicPartitions, TopicPartition
from confluent_kafka.admin._listoffsets import OffsetSpec

from tests.journey.storefront import DEADLINE_SECONDS

if TYPE_CHECKING:
    from confluent_kafka.admin import AdminClient

    from tests.journey.storefront import Reader, Storefront

pytestmark = pytest.mark.usefixtures("service")

CREATE = "order.create.v1"
SAMPLE = {"customerId": "12345", "products": [{"productId": "98765", "quantity": 1}]}
READ_BY = {
    "oms-orders": ("orders.commands", "orders.replies"),
    "oms-customers": ("customers.requests",),
    "oms-inventory": ("inventory.requests",),
}


@pytest.mark.parametrize("group", READ_BY)
async def test_no_lag_is_left_once_everything_is_answered(
    storefront: Storefront, results: Reader, group: str
) -> None:
    """Every consumer group commits the ends of all its topics."""
    results.results_of({storefront.send(CREATE, SAMPLE) for _ in range(100)})
    end = time.monotonic() + DEADLINE_SECONDS
    while lag := _lag(storefront.admin, group, READ_BY[group]):
        assert time.monotonic() < end, f"{group} leaves {lag}"


def _lag(admin: AdminClient, group: str, topics: tuple[str, ...]) -> dict[tuple[str, int], int]:
    """For each partition of the topics, the records that the group has not acknowledged."""
    found = admin.list_topics(timeout=30).topics
    partitions = [TopicPartition(topic, n) for topic in topics for n in found[topic].partitions]
    request = ConsumerGroupTopicPartitions(group, partitions)
    answer = admin.list_consumer_group_offsets([request])[group].result(30)
    committed = {(tp.topic, tp.partition): max(tp.offset, 0) for tp in answer.topic_partitions}
    latest = OffsetSpec.latest()  # type: ignore[no-untyped-call]  # it has few types
    ends = admin.list_offsets(dict.fromkeys(partitions, latest))
    lags = {
        (tp.topic, tp.partition): future.result(30).offset - committed[tp.topic, tp.partition]
        for tp, future in ends.items()
    }
    return {where: lag for where, lag in lags.items() if lag}
