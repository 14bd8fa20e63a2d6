"""The floor: the service's records and documents moved in batches by bare drivers.

`python -m workers.dev.bench.floor orders|customers|inventory`. One loop: fetch, database,
publish; offsets are committed now and then. No rules, no repetition is noticed, nothing is safe.
"""

from __future__ import annotations

import asyncio
import gc
import sys
from collections import Counter
from typing import TYPE_CHECKING, Any, Final, Protocol

import orjson
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from pymongo import AsyncMongoClient, UpdateOne

from schemas import headers as names
from schemas.topics import COMMANDS, CUSTOMER_REQUESTS, INVENTORY_REQUESTS, REPLIES
from workers.dev.bench import shapes
from workers.dev.bench.role_process import moment, say_ready, until_asked_to_end
from workers.settings import Settings
from workers.stream.connection import client_arguments

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from pymongo.asynchronous.database import AsyncDatabase

    from workers.dev.bench.shapes import Message, Open

    Outgoing = dict[tuple[str, int], list[Message]]

TOPICS: Final = {
    "orders": (COMMANDS, REPLIES),
    "customers": (CUSTOMER_REQUESTS,),
    "inventory": (INVENTORY_REQUESTS,),
}
_BATCH_RECORDS: Final = 2_000
_BATCH_BYTES: Final = 900_000
_POLL_MILLISECONDS: Final = 500


class Orders:
    """Inserts what is created, asks the two services, and updates what has its stock."""

    def __init__(self, database: AsyncDatabase[Any]) -> None:
        """Write to `database`."""
        self._orders = database["orders"]
        self._open: dict[bytes, Open] = {}

    async def handle(self, records: Sequence[Any], outgoing: Outgoing) -> None:
        """Handle one batch of commands and replies."""
        now = moment()
        inserts: list[shapes.Document] = []
        updates: list[UpdateOne] = []
        for record in records:
            found = dict(record.headers)
            messages = outgoing.setdefault((record.topic, record.partition), [])
            if record.topic == COMMANDS:
                order = self._open[record.key] = shapes.read_create(record, found, now)
                inserts.append(shapes.order_document(order))
                messages += shapes.created(order)
            elif found[names.TYPE] == shapes.VALID:
                messages.append(shapes.reserve_request(self._open[record.key], found[names.ID]))
            else:
                order, cause = self._open.pop(record.key), found[names.ID]
                change = shapes.order_update(order, now, cause, record.offset)
                updates.append(UpdateOne({"_id": record.key.decode()}, change))
                messages += shapes.confirmed(order, now, cause)
        if inserts:
            await self._orders.insert_many(inserts, ordered=False)
        if updates:
            await self._orders.bulk_write(updates, ordered=False)


class Customers:
    """Looks the customers up and says yes."""

    def __init__(self, database: AsyncDatabase[Any]) -> None:
        """Read from `database`."""
        self._customers = database["customers"]

    async def handle(self, records: Sequence[Any], outgoing: Outgoing) -> None:
        """Handle one batch of requests."""
        wanted = {orjson.loads(record.value)["customerId"] for record in records}
        await self._customers.find({"_id": {"$in": list(wanted)}}).to_list(None)
        reply_to_all(records, b"/customers", shapes.VALID, outgoing)


class Inventory:
    """Moves stock, inserts reservations and says yes."""

    def __init__(self, database: AsyncDatabase[Any]) -> None:
        """Write to `database`."""
        self._stock = database["stock"]
        self._reservations = database["reservations"]

    async def handle(self, records: Sequence[Any], outgoing: Outgoing) -> None:
        """Handle one batch of requests."""
        products = [orjson.loads(record.value)["products"] for record in records]
        pieces: Counter[str] = Counter()
        for line in (line for lines in products for line in lines):
            pieces[line["productId"]] += line["quantity"]
        moves = [
            UpdateOne({"_id": product}, {"$inc": {"available": -count, "reserved": count}})
            for product, count in pieces.items()
        ]
        pairs = zip(records, products, strict=True)
        await self._stock.bulk_write(moves, ordered=False)
        await self._reservations.insert_many(
            [shapes.reservation(record.key, lines) for record, lines in pairs], ordered=False
        )
        reply_to_all(records, b"/inventory", shapes.RESERVED, outgoing)


class Role(Protocol):
    """What one of the three processes does with a batch."""

    async def handle(self, records: Sequence[Any], outgoing: Outgoing) -> None:
        """Store what the records say, and add what is to be published, by cause's place."""


ROLES: Final[Mapping[str, Callable[[AsyncDatabase[Any]], Role]]] = {
    "orders": Orders,
    "customers": Customers,
    "inventory": Inventory,
}


def reply_to_all(records: Sequence[Any], source: bytes, kind: bytes, outgoing: Outgoing) -> None:
    """Add the answer yes to each request."""
    for record in records:
        messages = outgoing.setdefault((record.topic, record.partition), [])
        messages.append(shapes.reply(record, dict(record.headers), source, kind))


async def publish(producer: AIOKafkaProducer, outgoing: Outgoing) -> None:
    """Write all messages to the partition that their cause came from, and wait."""
    places: Outgoing = {}
    for (_topic, partition), messages in outgoing.items():
        for message in messages:
            places.setdefault((message.topic, partition), []).append(message)
    acknowledgements = [
        await producer.send_batch(batch, topic, partition=partition)
        for (topic, partition), messages in places.items()
        for batch in _batches(producer, messages)
    ]
    await asyncio.gather(*acknowledgements)


def _batches(producer: AIOKafkaProducer, messages: Iterable[Message]) -> list[Any]:
    batches = [producer.create_batch()]
    for _topic, key, value, headers in messages:
        if batches[-1].append(key=key, value=value, headers=headers, timestamp=None) is None:
            batches.append(producer.create_batch())
            batches[-1].append(key=key, value=value, headers=headers, timestamp=None)
    return batches


async def run(settings: Settings, role: str) -> None:
    """Take part in the role's group until cancelled."""
    consumer = AIOKafkaConsumer(
        *TOPICS[role],
        **client_arguments(settings),
        group_id=f"oms-{role}",
        auto_offset_reset="earliest",
        auto_commit_interval_ms=1_000,
        isolation_level="read_committed",  # the backlog is held back by a transaction
    )
    producer = AIOKafkaProducer(
        **client_arguments(settings),
        enable_idempotence=True,
        acks="all",
        linger_ms=0,
        max_batch_size=_BATCH_BYTES,
    )
    async with AsyncMongoClient[Any](settings.mongo_uri) as client, producer, consumer:
        handler = ROLES[role](client[settings.mongo_database])
        say_ready(role)  # a consumer that was given topics has joined once it has started
        await _work(consumer, producer, handler)


async def _work(consumer: AIOKafkaConsumer, producer: AIOKafkaProducer, role: Role) -> None:
    while True:
        fetched = await consumer.getmany(timeout_ms=_POLL_MILLISECONDS, max_records=_BATCH_RECORDS)
        records = [record for found in fetched.values() for record in found]
        if records:
            outgoing: Outgoing = {}
            await role.handle(records, outgoing)
            await publish(producer, outgoing)


def main() -> None:
    """Run the role on the command line."""
    gc.set_threshold(100_000, 50, 1_000)  # as the service: open orders live long
    asyncio.run(until_asked_to_end(run(Settings(), sys.argv[1])))


if __name__ == "__main__":
    main()
