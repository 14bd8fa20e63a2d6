"""Reads back what the work has left in MongoDB and on the topics of events and results."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import orjson

from schemas import headers as names
from workers.database import connect
from workers.dev.bench.checks import Evidence, Pieces

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from motor.motor_asyncio import AsyncIOMotorCollection

    from workers.dev.bench.backlog import Field
    from workers.dev.bench.positions import Ends
    from workers.settings import Settings
    from workers.stream.ports import InboundRecord

    Document = dict[str, Any]

_AT_ONCE: Final = 1_000
_SHOWN: Final = {"status": 1, "customerId": 1, "products": 1, "state": 1}


@dataclass(frozen=True, slots=True)
class Beginning:
    """How things were before the work."""

    events: Ends
    results: Ends
    stock: Mapping[str, Pieces]


async def beginning(field: Field) -> Beginning:
    """How things are now.

    Raises:
        PyMongoError, KafkaError: MongoDB or Kafka does not answer.
    """
    stock = await read_stock(field.ground.settings)
    return Beginning(await field.events.ends(), await field.results.ends(), stock)


async def read_stock(settings: Settings) -> dict[str, Pieces]:
    """What there is of each product, by product id."""
    database = connect(settings)
    try:
        found = await database["stock"].find().to_list(None)
    finally:
        database.client.close()
    return {
        one["_id"]: Pieces(one["available"], one["reserved"], one["fulfilled"]) for one in found
    }


async def gather_evidence(field: Field, since: Beginning, order_ids: Sequence[str]) -> Evidence:
    """What the work on these orders has left since the beginning.

    Raises:
        PyMongoError, KafkaError: MongoDB or Kafka does not answer.
    """
    database = connect(field.ground.settings)
    try:
        orders = await _by_id(database["orders"], order_ids)
        reservations = await _by_id(database["reservations"], order_ids)
    finally:
        database.client.close()
    results = await field.results.between(since.results, await field.results.ends())
    events = await field.events.between(since.events, await field.events.ends())
    stock = await read_stock(field.ground.settings)
    return Evidence(orders, reservations, since.stock, stock, _outcomes(results), _versions(events))


async def _by_id(
    collection: AsyncIOMotorCollection[Document], ids: Sequence[str]
) -> dict[str, Document]:
    found: dict[str, Document] = {}
    for first in range(0, len(ids), _AT_ONCE):
        some = {"_id": {"$in": list(ids[first : first + _AT_ONCE])}}
        documents = await collection.find(some, _SHOWN).to_list(None)
        found.update((document["_id"], document) for document in documents)
    return found


def _outcomes(records: Sequence[InboundRecord]) -> dict[str, list[tuple[str, str]]]:
    """Outcome and status of the results of each command, by command id."""
    found: dict[str, list[tuple[str, str]]] = {}
    for record in records:
        result = orjson.loads(record.value or b"")
        told = (result["outcome"], result.get("status", ""))
        found.setdefault(result["command"]["id"], []).append(told)
    return found


def _versions(records: Sequence[InboundRecord]) -> dict[str, list[int]]:
    """The versions that events tell of each order, by order id, in the order of the topic."""
    found: dict[str, list[int]] = {}
    for record in records:
        order_id = (record.key or b"").decode()
        found.setdefault(order_id, []).append(int(dict(record.headers)[names.ORDER_VERSION]))
    return found
