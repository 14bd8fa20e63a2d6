"""Writes the newest snapshots of orders again, from MongoDB, beside workers that go on working.

The rule: a version is written, and then the order's version is looked up again; if it has moved
on, the newer one is written as well, until it has not. So what is written here last was still the
newest when it lay on the topic, and whatever a worker stores after that it writes behind it.
Without the second look, a worker's newer snapshot could lie before an older one of ours, which is
the one that compaction would keep. Up to then a reader may see 3 2 3, and keeps the highest
version, as always.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from schemas.status import Status
from workers.database import away_when_unreachable
from workers.orders.encode import envelope, order_json, snapshot_record

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection, Sequence

    from motor.motor_asyncio import AsyncIOMotorDatabase

    from workers.dev.verifying.report import Progress
    from workers.orders.order import Order
    from workers.orders.ports import OrderStore
    from workers.stream.ports import OutboundRecord, Publisher

    Database = AsyncIOMotorDatabase[dict[str, Any]]

_AT_ONCE: Final = 200


@dataclass(slots=True)
class Rebuilt:
    """How many orders have their newest snapshot again, and how many of them a null value.

    `moved` counts orders that a worker changed meanwhile, so that one more was written.
    """

    orders: int = 0
    deleted: int = 0
    moved: int = 0


async def rebuild(
    database: Database,
    store: OrderStore,
    publisher: Publisher,
    order_ids: Sequence[str],
    told: Progress,
) -> Rebuilt:
    """Write the newest snapshot of these orders, of all if none is named; all acknowledged.

    Raises:
        OutsideAwayError, OutsideRefusesError: Kafka or MongoDB does not answer, or says no. What
            was written by then is as it should be.
    """
    rebuilt = Rebuilt()
    told.begin("Writing snapshots", (await count_orders(database, order_ids)).orders)
    async for some in _in_parts(database, order_ids):
        await _write(database, store, publisher, some, rebuilt)
        told.advance(len(some))
    return rebuilt


async def count_orders(database: Database, order_ids: Sequence[str]) -> Rebuilt:
    """How many of these orders there are, of all if none is named, and how many are deleted."""
    named = _named(order_ids)
    with away_when_unreachable():
        orders = await database["orders"].count_documents(named)
        deleted = await database["orders"].count_documents(
            {**named, "status": Status.DELETED.value}
        )
    return Rebuilt(orders, deleted)


async def missing_orders(database: Database, order_ids: Sequence[str]) -> list[str]:
    """Those of these orders that do not exist."""
    there = await _versions(database, order_ids)
    return [order_id for order_id in order_ids if order_id not in there]


def _named(order_ids: Collection[str]) -> dict[str, Any]:
    return {"_id": {"$in": list(order_ids)}} if order_ids else {}


def snapshot_of(order: Order) -> OutboundRecord:
    """The snapshot of an order, equal to the byte to the one that its worker wrote."""
    deleted = order.status is Status.DELETED
    return snapshot_record(order, order_json(order), envelope(order), deleted=deleted)


async def _write(
    database: Database,
    store: OrderStore,
    publisher: Publisher,
    order_ids: Sequence[str],
    rebuilt: Rebuilt,
) -> None:
    orders = await store.load(order_ids)
    rebuilt.orders += len(orders)
    rebuilt.deleted += sum(order.status is Status.DELETED for order in orders.values())
    while orders:
        await publisher.publish([snapshot_of(order) for order in orders.values()])
        now = await _versions(database, orders)
        moved = [name for name, order in orders.items() if now.get(name) != order.version]
        rebuilt.moved += len(moved)
        orders = await store.load(moved)


async def _versions(database: Database, order_ids: Collection[str]) -> dict[str, int]:
    """The versions that these orders have now, by a majority of the replica set."""
    query = {"_id": {"$in": list(order_ids)}}
    with away_when_unreachable():
        found = await database["orders"].find(query, {"version": 1}).to_list(None)
    return {document["_id"]: document["version"] for document in found}


async def _in_parts(database: Database, order_ids: Sequence[str]) -> AsyncIterator[Sequence[str]]:
    """The ids that are named, or those of all orders, some at a time."""
    for first in range(0, len(order_ids), _AT_ONCE):
        yield order_ids[first : first + _AT_ONCE]
    some = [] if order_ids else await _ids_after(database, None)
    while some:
        yield some
        some = await _ids_after(database, some[-1])


async def _ids_after(database: Database, last: str | None) -> list[str]:
    query = {} if last is None else {"_id": {"$gt": last}}
    with away_when_unreachable():
        orders = database["orders"].find(query, {"_id": 1}).sort("_id", 1).limit(_AT_ONCE)
        return [document["_id"] async for document in orders]
