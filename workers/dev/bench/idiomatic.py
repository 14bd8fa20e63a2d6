"""The same work in idiomatic Faust: agents that take one event at a time, as its guide has them.

`python -m workers.dev.bench.idiomatic orders|customers|inventory`. One operation on MongoDB and
one send after the other; it trusts Faust's acknowledgements, and knows no rules either.
"""

from __future__ import annotations

import asyncio
import sys
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final

import faust
import orjson
from motor.motor_asyncio import AsyncIOMotorClient

from schemas import headers as names
from schemas.topics import (
    COMMANDS,
    CUSTOMER_REQUESTS,
    EVENTS,
    INVENTORY_REQUESTS,
    REPLIES,
    RESULTS,
    SNAPSHOTS,
)
from workers.dev.bench import shapes
from workers.dev.bench.role_process import moment, moment_of, say_ready, until_asked_to_end
from workers.settings import Settings
from workers.stream.connection import bootstrap_servers

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from faust.types import EventT, StreamT, TopicT
    from mode.types.signals import BaseSignalT
    from motor.motor_asyncio import AsyncIOMotorDatabase

    Database = AsyncIOMotorDatabase[dict[str, Any]]
    Topics = dict[str, TopicT]

_TOPICS: Final = (
    COMMANDS,
    CUSTOMER_REQUESTS,
    EVENTS,
    INVENTORY_REQUESTS,
    REPLIES,
    RESULTS,
    SNAPSHOTS,
)


def build(settings: Settings, role: str, folder: str) -> faust.App:
    """The app of one role, with Faust's own defaults but for its web server and leader topic.

    `folder` is where Faust may keep files.
    """
    app = faust.App(
        f"oms-{role}",
        broker=[f"kafka://{server}" for server in bootstrap_servers(settings)],
        consumer_auto_offset_reset="earliest",
        topic_allow_declare=False,
        topic_disable_leader=True,
        web_enabled=False,
        datadir=folder,
    )
    topics = {
        name: app.topic(name, key_type=bytes, value_type=bytes, value_serializer="raw")
        for name in _TOPICS
    }
    client: AsyncIOMotorClient[dict[str, Any]] = AsyncIOMotorClient(settings.mongo_uri)
    _AGENTS[role](app, topics, client[settings.mongo_database])

    @app.on_partitions_assigned.connect
    async def _joined(*_assigned: Any, signal: BaseSignalT[Any], **_about: Any) -> None:  # noqa: ANN401, ARG001 - the signature is Faust's
        say_ready(role)

    return app


def orders(app: faust.App, topics: Topics, database: Database) -> None:
    """The two agents of the orders worker."""

    @app.agent(topics[COMMANDS])
    async def create(stream: StreamT[bytes]) -> None:
        async for event in stream.events():
            order = shapes.read_create(*_record(event), moment())
            await database["orders"].insert_one(shapes.order_document(order))
            for message in shapes.created(order):
                await _send(topics, message)

    @app.agent(topics[REPLIES])
    async def go_on(stream: StreamT[bytes]) -> None:
        async for event in stream.events():
            record, found = _record(event)
            one = {"_id": record.key.decode()}
            if found[names.TYPE] == shapes.VALID:
                order = _open(await database["orders"].find_one(one))
                await _send(topics, shapes.reserve_request(order, found[names.ID]))
                continue
            now, cause = moment(), found[names.ID]
            order = _open(await database["orders"].find_one(one))
            change = shapes.order_update(order, now, cause, record.offset)
            await database["orders"].update_one(one, change)
            for message in shapes.confirmed(order, now, cause):
                await _send(topics, message)


def customers(app: faust.App, topics: Topics, database: Database) -> None:
    """The agent of the customers worker."""

    @app.agent(topics[CUSTOMER_REQUESTS])
    async def validate(stream: StreamT[bytes]) -> None:
        async for event in stream.events():
            record, found = _record(event)
            await database["customers"].find_one({"_id": orjson.loads(record.value)["customerId"]})
            await _send(topics, shapes.reply(record, found, b"/customers", shapes.VALID))


def inventory(app: faust.App, topics: Topics, database: Database) -> None:
    """The agent of the inventory worker."""

    @app.agent(topics[INVENTORY_REQUESTS])
    async def reserve(stream: StreamT[bytes]) -> None:
        async for event in stream.events():
            record, found = _record(event)
            products = orjson.loads(record.value)["products"]
            for line in products:
                count = line["quantity"]
                await database["stock"].update_one(
                    {"_id": line["productId"], "available": {"$gte": count}},
                    {"$inc": {"available": -count, "reserved": count}},
                )
            await database["reservations"].insert_one(shapes.reservation(record.key, products))
            await _send(topics, shapes.reply(record, found, b"/inventory", shapes.RESERVED))


_AGENTS: Final[Mapping[str, Callable[[faust.App, Topics, Database], None]]] = {
    "orders": orders,
    "customers": customers,
    "inventory": inventory,
}


def _record(event: EventT[bytes]) -> tuple[Any, dict[str, bytes]]:
    """The message of an event, and its headers by name."""
    return event.message, dict(event.headers)


def _open(document: Any) -> shapes.Open:  # noqa: ANN401 - a document of MongoDB
    """The order that a document holds."""
    cause = document["history"][0]["cause"]
    wanted = {name: document[name] for name in ("customerId", "products")}
    return shapes.Open(
        document["_id"].encode(),
        cause["id"].encode(),
        cause["source"].encode(),
        orjson.dumps(wanted),
        cause["offset"],
        document["lane"],
        moment_of(document["createdAt"]),
    )


async def _send(topics: Topics, message: shapes.Message) -> None:
    await topics[message.topic].send(
        key=message.key, value=message.value, headers=dict(message.headers)
    )


async def run(role: str) -> None:
    """Run the role's app until cancelled."""
    with TemporaryDirectory() as folder:
        app = build(Settings(), role, folder)
        await app.start()
        try:
            await asyncio.Event().wait()
        finally:
            await app.stop()


if __name__ == "__main__":
    asyncio.run(until_asked_to_end(run(sys.argv[1])))
