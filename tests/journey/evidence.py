"""What can be seen of the service from outside: all that is on its topics and in MongoDB."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from confluent_kafka import ConsumerGroupTopicPartitions, TopicPartition
from confluent_kafka.admin._listoffsets import OffsetSpec

from tests.journey.storefront import read_all

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from confluent_kafka import Message
    from confluent_kafka.admin import AdminClient
    from motor.motor_asyncio import AsyncIOMotorDatabase

    Document = dict[str, Any]
    Documents = AsyncIOMotorDatabase[Document]

READ_BY = {
    "oms-orders": ("orders.commands", "orders.replies"),
    "oms-customers": ("customers.requests",),
    "oms-inventory": ("inventory.requests",),
}


class Record(NamedTuple):
    """A record as it lies on its topic; `headers` as texts."""

    topic: str
    partition: int
    offset: int
    key: str
    value: bytes | None
    headers: Mapping[str, str]


class Position(NamedTuple):
    """How far a group has come in one partition, and where the partition ends."""

    group: str
    topic: str
    partition: int
    committed: int
    end: int


@dataclass(frozen=True, slots=True)
class Evidence:
    """Topics by name, collections by `_id`, and the positions of all groups."""

    topics: Mapping[str, Sequence[Record]]
    orders: Mapping[str, Document]
    stock: Mapping[str, Document]
    reservations: Mapping[str, Document]
    positions: Sequence[Position]


TOPICS = (
    "orders.commands",
    "orders.results",
    "orders.events",
    "orders.snapshots",
    "orders.replies",
    *(f"dlq.{topic}" for topics in READ_BY.values() for topic in topics),
)


async def gather(bootstrap: str, admin: AdminClient, documents: Documents) -> Evidence:
    """Read everything; it is consistent only while nothing is in flight."""
    return Evidence(
        topics={topic: [_record(m) for m in read_all(bootstrap, topic)] for topic in TOPICS},
        orders=await _collection(documents, "orders"),
        stock=await _collection(documents, "stock"),
        reservations=await _collection(documents, "reservations"),
        positions=positions(admin),
    )


async def _collection(documents: Documents, name: str) -> dict[str, Document]:
    return {document["_id"]: document async for document in documents[name].find()}


def _record(message: Message) -> Record:
    found = message.headers() or []
    pairs = found.items() if isinstance(found, dict) else found
    return Record(
        message.topic() or "",
        message.partition() or 0,
        message.offset() or 0,
        _text(message.key()),
        _bytes(message.value()),
        {name: _text(value) for name, value in pairs},
    )


def _text(value: str | bytes | None) -> str:
    return (_bytes(value) or b"").decode(errors="backslashreplace")


def _bytes(value: str | bytes | None) -> bytes | None:
    return value.encode() if isinstance(value, str) else value


def positions(admin: AdminClient) -> list[Position]:
    """Where every group stands in every partition that it reads; 0 where it stands nowhere."""
    return [found for group, topics in READ_BY.items() for found in _of(admin, group, topics)]


def _of(admin: AdminClient, group: str, topics: Sequence[str]) -> list[Position]:
    known = admin.list_topics(timeout=30).topics
    partitions = [TopicPartition(topic, n) for topic in topics for n in known[topic].partitions]
    asked = ConsumerGroupTopicPartitions(group, partitions)
    answer = admin.list_consumer_group_offsets([asked])[group].result(30)
    committed = {(tp.topic, tp.partition): max(tp.offset, 0) for tp in answer.topic_partitions}
    latest = OffsetSpec.latest()  # type: ignore[no-untyped-call]  # it has few types
    ends = admin.list_offsets(dict.fromkeys(partitions, latest))
    return [
        Position(
            group, tp.topic, tp.partition, committed[tp.topic, tp.partition], end.result(30).offset
        )
        for tp, end in ends.items()
    ]


async def is_at_rest(admin: AdminClient, documents: Documents) -> bool:
    """Whether nothing is in flight, nor will be without a new command.

    Nothing is unread, no order waits for anybody, and meanwhile nothing was written.
    """
    before = positions(admin)
    if any(position.committed != position.end for position in before):
        return False
    unfinished = {"status": {"$in": ["pending", "canceling"]}}
    waiting = {"$or": [{"waiting": {"$exists": True}}, unfinished]}
    if await documents["orders"].find_one(waiting) is not None:
        return False
    return positions(admin) == before
