"""Partitions are added while orders are open: old orders stay in their lane, new ones spread."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from confluent_kafka import KafkaException
from confluent_kafka.cimpl import NewPartitions

from tests.journey.storefront import DEADLINE_SECONDS, Storefront, data_of
from tests.journey.worker_processes import Workers
from workers.dev.running import prepare
from workers.dev.stack import StackOptions, start_stack

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from workers.settings import Settings

BEFORE, AFTER = 3, 6
PATIENT = {"OMS_REPLY_TIMEOUT": "60"}
SAMPLE = {"customerId": "12345", "products": [{"productId": "98765", "quantity": 1}]}


@pytest.fixture
def few_partitions() -> Iterator[Settings]:
    """A Kafka of this test's own, whose topics have three partitions each, and a MongoDB."""
    with start_stack(StackOptions(ephemeral=True)) as stack:
        settings = stack.settings.model_copy(update={"partitions": BEFORE})
        prepare(settings)
        yield settings


def send_to(partition: int, storefront: Storefront, order_id: str, command: str) -> str:
    """Send a create or a cancel to one partition; return its id."""
    data = SAMPLE if command == "create" else {}
    return storefront.send(f"order.{command}.v1", data, order_id=order_id, partition=partition)


@pytest.mark.stack
@pytest.mark.slow
async def test_workers_go_on_when_partitions_are_added(
    few_partitions: Settings, tmp_path: Path
) -> None:
    """Open orders are finished in their old lanes, new partitions are read, nobody is restarted."""
    storefront = Storefront(few_partitions.kafka_bootstrap)
    workers = Workers(few_partitions, tmp_path)
    try:
        workers.start("orders", "inventory", **PATIENT)
        add_partitions_while_orders_are_open(storefront, workers)
    finally:
        workers.end_all()


def add_partitions_while_orders_are_open(storefront: Storefront, workers: Workers) -> None:
    """The story: create, add partitions, finish the old orders, create and cancel in new ones."""
    events, results = storefront.reader("orders.events"), storefront.reader("orders.results")
    old = [str(uuid4()) for _ in range(2 * BEFORE)]
    lanes = {order_id: number % BEFORE for number, order_id in enumerate(old)}
    creates = {send_to(lanes[order_id], storefront, order_id, "create") for order_id in old}
    events.until(lambda found: set(old) <= {(m.key() or b"").decode() for m in found})
    add_partitions(storefront)
    workers.start("customers", **PATIENT)
    assert {r["outcome"] for r in results.results_of(creates).values()} == {"accepted"}
    # A client that connects now knows the new partitions; an older one learns of them in time.
    storefront = Storefront(storefront.bootstrap)
    results = storefront.reader("orders.results")
    new = [str(uuid4()) for _ in range(AFTER)]
    created = {send_to(lane, storefront, order_id, "create") for lane, order_id in enumerate(new)}
    assert {r["status"] for r in results.results_of(created).values()} == {"processing"}
    canceled = {send_to(AFTER - 1, storefront, order_id, "cancel") for order_id in old}
    found = results.until(lambda all_: canceled <= {data_of(m)["command"]["id"] for m in all_})
    for message in found:
        if data_of(message)["command"]["id"] in canceled:
            assert data_of(message)["status"] == "canceled"
            assert message.partition() == lanes[(message.key() or b"").decode()]


def add_partitions(storefront: Storefront) -> None:
    """Give every topic of the service six partitions; return when all of them can be used."""
    topics: dict[str, Any] = storefront.admin.list_topics(timeout=30).topics
    own = [name for name in topics if not name.startswith("__")]
    wanted = [NewPartitions(name, AFTER) for name in own]
    for added in storefront.admin.create_partitions(wanted).values():
        added.result(DEADLINE_SECONDS)
    end = time.monotonic() + DEADLINE_SECONDS
    while not all(is_readable(storefront, name) for name in own):
        assert time.monotonic() < end, "a new partition has no leader"


def is_readable(storefront: Storefront, topic: str) -> bool:
    """Whether all partitions of a topic have a leader that answers for them."""
    try:
        storefront.reader(topic).close()
    except KafkaException:
        return False
    return True
