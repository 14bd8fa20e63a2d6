"""What the service holds and has told at one moment, and what has changed since another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from tests.journey.storefront import headers_of, key_of, read_all

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from confluent_kafka import Message
    from motor.motor_asyncio import AsyncIOMotorDatabase

    Document = dict[str, Any]
    Documents = AsyncIOMotorDatabase[Document]

COLLECTIONS = ("orders", "stock", "reservations")


class Moment(NamedTuple):
    """Documents by collection and `_id`, and what lies on the topics of events and results."""

    documents: Mapping[str, Mapping[str, Document]]
    events: frozenset[object]
    answered: frozenset[object]


async def moment(bootstrap: str, documents: Documents) -> Moment:
    """Look at everything; it is consistent only while nothing is in flight."""
    collections = {
        name: {document["_id"]: document async for document in documents[name].find()}
        for name in COLLECTIONS
    }
    events = frozenset(map(_content, read_all(bootstrap, "orders.events")))
    answered = frozenset(map(_result, read_all(bootstrap, "orders.results")))
    return Moment(collections, events, answered)


def _content(message: Message) -> object:
    return key_of(message), message.value(), *headers_of(message).items()


def _result(message: Message) -> object:
    """A result without what is erased with its order, which a later one leaves out."""
    return key_of(message), headers_of(message)["ce_id"], headers_of(message)["ce_time"]


def what_changed(before: Moment, after: Moment) -> Iterator[str]:
    """Documents that differ, and events and results that are new, in words."""
    for name in COLLECTIONS:
        old, new = before.documents[name], after.documents[name]
        for key in old.keys() | new.keys():
            if old.get(key) != new.get(key):
                yield f"{name}: {old.get(key)} became {new.get(key)}"
    for event in after.events - before.events:
        yield f"there is a new event: {event}"
    for result in after.answered - before.answered:
        yield f"there is a new result: {result}"
