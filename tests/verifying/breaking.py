"""Ways to break what was found, and what must then be told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from schemas.topics import COMMANDS, INVENTORY_REQUESTS, REPLIES, dead_letter_topic
from tests.verifying.found import Found, everything_well, headers_with
from workers.dev.verifying.facts import Acknowledged
from workers.dev.verifying.ledger import Entry
from workers.dev.verifying.report import INVARIANTS

if TYPE_CHECKING:
    from tests.orders.records import Record

Break = Callable[[Found], object]


class Broken(NamedTuple):
    """A break, the invariant that it violates, the order that is named, some of the evidence."""

    spoil: Break
    invariant: int
    order_id: str | None
    evidence: str


def assert_is_found(broken: Broken) -> None:
    """It is told by the number and name of its invariant, with the order and the evidence.

    No other order is said to be broken.
    """
    found = everything_well()
    broken.spoil(found)
    verification = found.verified()
    assert not verification.holds
    assert verification.counts[broken.invariant].violated
    fitting = [v for v in verification.violations if v.invariant == broken.invariant]
    assert {v.name for v in fitting} == {INVARIANTS[broken.invariant]}
    assert any(broken.evidence in v.evidence for v in fitting), fitting
    assert broken.order_id in {v.order_id for v in fitting}
    assert {v.order_id for v in verification.violations} <= {broken.order_id, None}


DEAD = dead_letter_topic(COMMANDS)


def lose(topic: str, order_id: str, which: int = 0) -> Break:
    """Take one record of an order away; the others stay where they are."""
    return lambda found: found.topics[topic].__delitem__(found.on(topic, order_id)[which])


def tell_again(topic: str, order_id: str, which: int = 0, **headers: str) -> Break:
    """Write one record of an order once more, with other headers."""

    def spoil(found: Found) -> None:
        record = found.topics[topic][found.on(topic, order_id)[which]]
        found.append(record, headers=headers_with(record, **headers))

    return spoil


def tell_elsewhere(topic: str, order_id: str) -> Break:
    """Write the order's first record once more, in another partition."""

    def spoil(found: Found) -> None:
        found.append(found.topics[topic][found.on(topic, order_id)[0]], partition=7)

    return spoil


def swap(topic: str, order_id: str) -> Break:
    """Let an order's first two records change places."""

    def spoil(found: Found) -> None:
        records, (first, second) = found.topics[topic], found.on(topic, order_id)[:2]
        one, other = records[first], records[second]
        found.change(topic, first, value=other.value, headers=other.headers)
        found.change(topic, second, value=one.value, headers=one.headers)

    return spoil


def tell_otherwise(topic: str, order_id: str, which: int, old: str, new: str) -> Break:
    """Let one record of an order have another text somewhere in its value."""

    def spoil(found: Found) -> None:
        index = found.on(topic, order_id)[which]
        value = found.topics[topic][index].value or b""
        assert old.encode() in value
        found.change(topic, index, value=value.replace(old.encode(), new.encode()))

    return spoil


def label(topic: str, order_id: str, which: int, **headers: str) -> Break:
    """Let one record of an order have other headers."""

    def spoil(found: Found) -> None:
        index = found.on(topic, order_id)[which]
        record = found.topics[topic][index]
        found.change(topic, index, headers=headers_with(record, **headers))

    return spoil


def store(order_id: str, **fields: object) -> Break:
    """Let the order's document have other fields."""
    return lambda found: found.orders[order_id].update(fields)


def rewrite(order_id: str, version: int, **cause: object) -> Break:
    """Let a version in the order's history have another cause."""
    return lambda found: found.orders[order_id]["history"][version - 1]["cause"].update(cause)


def forget_version(order_id: str) -> Break:
    """Let the document be as it was before its newest version."""

    def spoil(found: Found) -> None:
        found.orders[order_id]["history"].pop()
        found.orders[order_id]["version"] -= 1

    return spoil


def forget_order(order_id: str) -> Break:
    """Let the document be gone."""
    return lambda found: found.orders.__delitem__(order_id)


def hold(order_id: str, state: str) -> Break:
    """Let the reservation have another state."""
    return lambda found: found.reservations[order_id].update(state=state)


def move(**pieces: int) -> Break:
    """Let the books of the apples have other pieces."""
    return lambda found: found.stock["apple"].update(pieces)


def acknowledge(order_id: str, identity: str, offset: int = -1) -> Break:
    """Write a command into the ledger."""
    command = Acknowledged(order_id, "/shop", identity, COMMANDS, 3, offset)
    entry = Entry(order_id, command, None, (COMMANDS, 3, offset))
    return lambda found: found.ledger.append(entry)


def feed(offset: int) -> Break:
    """Write poison into the ledger, that lies there on the topic of commands."""
    entry = Entry("", None, is_poison=True, place=(COMMANDS, 3, offset))
    return lambda found: found.ledger.append(entry)


def answer_the_dead(found: Found) -> None:
    """Give a command that has a result a dead letter besides."""
    bury(found, found.topics[COMMANDS][found.on(COMMANDS, "kept")[2]])


def bury_cause(order_id: str, version: int) -> Break:
    """Give the reply that made this version a dead letter besides."""

    def spoil(found: Found) -> None:
        cause = found.orders[order_id]["history"][version - 1]["cause"]
        bury(found, found.topics[REPLIES][cause["offset"]])

    return spoil


def bury(found: Found, record: Record) -> None:
    """Write the dead letter of a record."""
    why = [
        ("__dlq.errors.topic", record.topic.encode()),
        ("__dlq.errors.partition", str(record.partition).encode()),
        ("__dlq.errors.offset", str(record.offset).encode()),
        ("__dlq.errors.message", b"nobody knows"),
        ("__dlq.errors.exception", b"ValueError"),
    ]
    headers = [*record.headers, *why]
    found.append(replace(record, topic=dead_letter_topic(record.topic), headers=headers))


def point_elsewhere(found: Found) -> None:
    """Let the dead letter name another record."""
    letter = found.topics[DEAD][0]
    headers = [(n, b"99" if n == "__dlq.errors.offset" else v) for n, v in letter.headers]
    found.change(DEAD, 0, headers=headers)


def lose_the_letter(found: Found) -> None:
    """Let the poison have no dead letter."""
    found.topics[DEAD].clear()


def hide_request(found: Found) -> None:
    """Let nobody have asked the inventory for the order's stock."""
    lose_all(INVENTORY_REQUESTS, "kept")(found)


def commit(topic: str, offset: int) -> Break:
    """Let the group have come so far."""
    return lambda found: found.committed.update({topic: offset})


def both(*breaks: Break) -> Break:
    """Break one after the other."""
    return lambda found: [spoil(found) for spoil in breaks]


def lose_all(topic: str, order_id: str) -> Break:
    """Take all records of an order away from a topic."""
    return lambda found: [lose(topic, order_id)(found) for _ in found.on(topic, order_id)]


def age(topic: str, start: int) -> Break:
    """Let the topic forget its first records."""
    return lambda found: found.age(topic, start)


def another_cause(found: Found, order_id: str, version: int) -> dict[str, object]:
    """What made this version of this order."""
    cause: dict[str, object] = found.orders[order_id]["history"][version - 1]["cause"]
    return {"id": cause["id"], "offset": cause["offset"]}
