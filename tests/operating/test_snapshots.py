"""The newest snapshot of every order lies last on its topic, whatever workers do meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from schemas.topics import SNAPSHOTS
from tests.orders.memory_publisher import MemoryPublisher
from tests.spec.story import DELETED, LANE, PENDING, PROCESSING, SHIPPED, given
from workers.dev.verifying.report import Silence
from workers.operating.snapshots import count_orders, missing_orders, rebuild, snapshot_of
from workers.orders.evolve import at_version
from workers.orders.ports import Write
from workers.orders.store import MongoOrderStore

if TYPE_CHECKING:
    from collections.abc import Sequence

    from motor.motor_asyncio import AsyncIOMotorDatabase

    from workers.orders.order import Order
    from workers.stream.ports import OutboundRecord

    Database = AsyncIOMotorDatabase[dict[str, Any]]

pytestmark = pytest.mark.stack


def order_with(order_id: str, *happened: str) -> Order:
    """An order to which this happened."""
    order = given(*happened).order
    assert order is not None
    return order._replace(id=order_id, revision=order.version)


@pytest.fixture
def store(database: Database) -> MongoOrderStore:
    """The orders of an empty database."""
    return MongoOrderStore(database, refusals_keep_days=14, guard=lambda: None)


class BesideWorkers(MemoryPublisher):
    """A topic on which a worker is always quicker: it stores and writes before we do."""

    def __init__(self, store: MongoOrderStore, changes: Sequence[tuple[Order, Order]]) -> None:
        """The worker makes these changes, one for each of our writes."""
        super().__init__()
        self._store = store
        self._changes = list(changes)

    async def publish(self, records: Sequence[OutboundRecord]) -> None:
        """Let the worker go first."""
        if self._changes:
            before, after = self._changes.pop(0)
            assert not await self._store.save([Write(before, after)])
            await super().publish([snapshot_of(after)])
        await super().publish(records)


def versions(records: Sequence[OutboundRecord], order_id: str) -> list[int]:
    """The versions of an order, in the order in which they lie on the topic."""
    own = [dict(record.headers) for record in records if record.key == order_id.encode()]
    return [int(headers["ce_orderversion"]) for headers in own]


async def test_every_order_gets_its_snapshot(database: Database, store: MongoOrderStore) -> None:
    """In its lane, as its worker writes it; a deleted one gets a null value."""
    orders = [order_with(f"order-{number:04}", *PROCESSING) for number in range(450)]
    orders.append(order_with("zero", *DELETED))
    await store.save([Write(None, order) for order in orders])
    topic = MemoryPublisher()
    rebuilt = await rebuild(database, store, topic, [], Silence())
    assert (rebuilt.orders, rebuilt.deleted, rebuilt.moved) == (451, 1, 0)
    assert topic.records == [snapshot_of(order) for order in orders]
    assert {(record.topic, record.partition) for record in topic.records} == {(SNAPSHOTS, LANE)}
    assert [record.key for record in topic.records if record.value is None] == [b"zero"]


async def test_only_the_orders_that_are_named(database: Database, store: MongoOrderStore) -> None:
    """The others are left alone, and those that do not exist are told."""
    await store.save([Write(None, order_with(name, *PENDING)) for name in ("a", "b", "c")])
    topic = MemoryPublisher()
    rebuilt = await rebuild(database, store, topic, ["c", "a"], Silence())
    assert rebuilt.orders == 2
    assert {record.key for record in topic.records} == {b"a", b"c"}
    assert (await count_orders(database, ["a", "nobody"])).orders == 1
    assert await missing_orders(database, ["a", "nobody"]) == ["nobody"]


async def test_a_worker_that_is_quicker_has_the_last_word(
    database: Database, store: MongoOrderStore
) -> None:
    """An older snapshot that came behind a newer one is followed by the newer one once more."""
    shipped = order_with("moving", *SHIPPED)
    first, second, third = (at_version(shipped, n)._replace(revision=n) for n in (1, 2, 3))
    resting = order_with("resting", *PENDING)
    await store.save([Write(None, first), Write(None, resting)])
    topic = BesideWorkers(store, [(first, second), (second, third)])
    rebuilt = await rebuild(database, store, topic, [], Silence())
    assert versions(topic.records, "moving") == [2, 1, 3, 2, 3]
    assert versions(topic.records, "resting") == [1]
    assert rebuilt.moved == 2


async def test_an_order_that_is_deleted_meanwhile_ends_with_null(
    database: Database, store: MongoOrderStore
) -> None:
    """The snapshot with its data does not stay behind."""
    before, after = (order_with("erased", *DELETED[:n]) for n in (2, 3))
    await store.save([Write(None, before)])
    topic = BesideWorkers(store, [(before, after)])
    await rebuild(database, store, topic, [], Silence())
    assert [record.value is None for record in topic.records] == [True, False, True]
