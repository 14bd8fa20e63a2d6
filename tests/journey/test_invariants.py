"""The checks of the invariants find what they are there to find."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from tests.journey.evidence import TOPICS, Evidence, Position, Record
from tests.journey.invariants import violations, what_a_replay_changed, wrong_dead_letters

if TYPE_CHECKING:
    from collections.abc import Callable

    Spoil = Callable[[Evidence], Evidence]

STOCKED = {"apple": 10}
TIME = "2026-01-31T12:00:00.123Z"
LINES = [{"productId": "apple", "quantity": 2}]
COMMANDS, RESULTS, EVENTS, SNAPSHOTS = TOPICS[:4]


def order(status: str, version: int, **more: object) -> dict[str, Any]:
    """An order as it is told."""
    told = {"id": "o-1", "customerId": "ann", "products": LINES, "status": status}
    return {**told, "version": version, "createdAt": TIME, "updatedAt": TIME, **more}


def record(topic: str, data: object, offset: int = 0, **headers: str) -> Record:
    """A record of the order `o-1` in lane 3; the names of headers lose their `ce_`."""
    named = {f"ce_{name}": value for name, value in headers.items()}
    return Record(topic, 3, offset, "o-1", json.dumps(data).encode(), named)


def event(kind: str, status: str, version: int, previous: str | None = None) -> Record:
    """The event of one version."""
    data = {"order": order(status, version)} | (
        {} if previous is None else {"previousStatus": previous}
    )
    own = {"type": f"order.{kind}.v1", "orderversion": str(version)}
    return record(EVENTS, data, offset=version, **own)


def healthy() -> Evidence:
    """One order that was created and is in `processing`; its pieces are reserved."""
    command = record(COMMANDS, {}, id="c-1", source="/shop")
    reference = {"id": "c-1", "source": "/shop", "type": "order.create.v1"}
    result = record(RESULTS, {"orderId": "o-1", "command": reference})
    events = [event("created", "pending", 1), event("processing", "processing", 2, "pending")]
    snapshot = record(SNAPSHOTS, order("processing", 2), orderversion="2")
    topics: dict[str, list[Record]] = {topic: [] for topic in TOPICS}
    topics |= {COMMANDS: [command], RESULTS: [result], EVENTS: events, SNAPSHOTS: [snapshot]}
    milliseconds = 1_769_860_800_123
    stored = {
        **{name: value for name, value in order("processing", 2).items() if name != "id"},
        "_id": "o-1",
        "lane": 3,
        "createdAt": milliseconds,
        "updatedAt": milliseconds,
        "history": [{"version": 1}, {"version": 2}],
    }
    return Evidence(
        topics=topics,
        orders={"o-1": stored},
        stock={"apple": {"_id": "apple", "available": 8, "reserved": 2, "fulfilled": 0}},
        reservations={"o-1": {"_id": "o-1", "state": "reserved", "products": LINES}},
        positions=[Position("oms-orders", COMMANDS, 3, 1, 1)],
    )


def with_more(*records: Record) -> Spoil:
    """Some records more."""

    def spoil(evidence: Evidence) -> Evidence:
        topics = {name: [*found] for name, found in evidence.topics.items()}
        for one in records:
            topics[one.topic].append(one)
        return replace(evidence, topics=topics)

    return spoil


def without(topic: str) -> Spoil:
    """Without the last record of a topic."""
    return lambda evidence: replace(
        evidence, topics={**evidence.topics, topic: evidence.topics[topic][:-1]}
    )


def stored(collection: str, key: str, **changed: object) -> Spoil:
    """Another content of one document."""

    def spoil(evidence: Evidence) -> Evidence:
        documents = getattr(evidence, collection)
        other: Any = {collection: {key: {**documents[key], **changed}}}
        return replace(evidence, **other)

    return spoil


REFERENCE = {"id": "c-1", "source": "/shop", "type": "order.create.v1"}
SPOILED: dict[str, tuple[Spoil, str]] = {
    "a result is missing": (without(RESULTS), "has 0 different results"),
    "a second, different result": (
        with_more(record(RESULTS, {"orderId": "o-1", "command": REFERENCE, "code": "X"})),
        "has 2 different results",
    ),
    "a result without a command": (
        with_more(record(RESULTS, {"orderId": "o-1", "command": {**REFERENCE, "id": "c-2"}})),
        "nobody sent it",
    ),
    "an event is missing": (without(EVENTS), "events [1], history [1, 2], version 2"),
    "an event without its document": (
        with_more(event("shipped", "shipped", 3, "processing")),
        "events [1, 2, 3], history [1, 2]",
    ),
    "an event told in two ways": (
        with_more(event("processing", "processing", 2)),
        "version 2 of order o-1 in different ways",
    ),
    "an event that came too early": (
        with_more(event("shipped", "shipped", 4, "processing")),
        "version 4 came before 3",
    ),
    "an event in another lane": (
        with_more(event("created", "pending", 1)._replace(partition=4)),
        "lives in lane 3",
    ),
    "a step that is not allowed": (
        with_more(event("deleted", "deleted", 3, "processing")),
        "deleted leads from processing",
    ),
    "a document that was not told": (
        stored("orders", "o-1", shipping={"company": "UPS"}),
        "is stored as",
    ),
    "an old snapshot": (without(SNAPSHOTS), "the newest snapshot is None"),
    "less than nothing": (stored("stock", "apple", available=-1, fulfilled=9), "product apple"),
    "pieces that are lost": (stored("stock", "apple", available=7), "of 10 pieces"),
    "pieces that nobody holds": (
        stored("stock", "apple", available=7, reserved=3),
        "reservations hold 2",
    ),
    "a reservation unlike its order": (
        stored("reservations", "o-1", state="released"),
        "is processing, and its reservation is released",
    ),
    "an order that waits": (stored("orders", "o-1", waiting={"since": 1}), "waits for"),
    "something unread": (
        lambda e: replace(e, positions=[Position("oms-orders", COMMANDS, 3, 0, 1)]),
        "something left to read",
    ),
}


def test_nothing_is_wrong_with_what_is_well() -> None:
    """A story that went well violates nothing, and neither does an equal duplicate."""
    evidence = healthy()
    again = with_more(*evidence.topics[EVENTS], *evidence.topics[RESULTS])(evidence)
    assert violations(evidence, STOCKED) == violations(again, STOCKED) == []
    assert list(what_a_replay_changed(evidence, again)) == []


@pytest.mark.parametrize("name", SPOILED)
def test_what_is_wrong_is_told(name: str) -> None:
    """Each fault is found, in words that say which it is."""
    spoil, told = SPOILED[name]
    assert any(told in sentence for sentence in violations(spoil(healthy()), STOCKED))


@pytest.mark.parametrize("name", ["a second, different result", "an event without its document"])
def test_what_a_replay_must_not_do_is_told(name: str) -> None:
    """A new result for an old command, and a new event, are found."""
    assert list(what_a_replay_changed(healthy(), SPOILED[name][0](healthy())))


def test_dead_letters_are_the_poison_that_was_fed_and_nothing_else() -> None:
    """One too many and one too few are both found; a letter takes the place of a result."""
    letter = Record("dlq.orders.commands", 3, 0, "o-9", b"{no", {})
    own = {"__dlq.errors.partition": "3", "__dlq.errors.offset": "7"}
    fed = Record(COMMANDS, 3, 7, "o-9", b"{no", {"ce_id": "c-9", "ce_source": "/shop"})
    evidence = with_more(letter._replace(headers=own), fed)(healthy())
    assert violations(evidence, STOCKED) == []
    assert list(wrong_dead_letters(evidence, [b"{no"])) == []
    assert "is no poison" in next(wrong_dead_letters(evidence, []))
    assert "no dead letter" in next(wrong_dead_letters(evidence, [b"{no", b"{yes"]))
