"""The facts that the rules look at: a few fields of each record and document, and digests.

Plain tuples of plain values, so that they can be put aside in a file and read again. A digest is
the hash of bytes within this process: equal bytes have equal ones, and that others do is as likely
as one in 2^64.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from schemas.topics import COMMANDS, EVENTS, REPLIES, RESULTS, SNAPSHOTS

if TYPE_CHECKING:
    from collections.abc import Sequence


NOWHERE: Final = -1
"""The partition and offset of a command whose place is not known."""


def at(topic: str, partition: int, offset: int) -> str:
    """A place on a topic, in words."""
    return f"{topic}[{partition}]@{offset}"


class Command(NamedTuple):
    """A record on `orders.commands`; `fault` tells why it is no command, and is else empty."""

    order_id: str
    source: str
    id: str
    type: str
    partition: int
    offset: int
    timestamp: int
    digest: int
    fault: str

    @property
    def place(self) -> str:
        """Where it lies."""
        return at(COMMANDS, self.partition, self.offset)


class Result(NamedTuple):
    """A result; `digest_of_rest` is without the order and the message, which a deletion erases."""

    order_id: str
    source: str
    id: str
    partition: int
    offset: int
    digest: int
    digest_of_rest: int

    @property
    def place(self) -> str:
        """Where it lies."""
        return at(RESULTS, self.partition, self.offset)


class Event(NamedTuple):
    """An event; `value` is its data."""

    order_id: str
    partition: int
    offset: int
    version: int
    type: str
    id: str
    digest: int
    value: bytes

    @property
    def place(self) -> str:
        """Where it lies."""
        return at(EVENTS, self.partition, self.offset)


class Snapshot(NamedTuple):
    """A snapshot; `value` is the order, None once it is deleted."""

    order_id: str
    partition: int
    offset: int
    version: int
    digest: int
    value: bytes | None

    @property
    def place(self) -> str:
        """Where it lies."""
        return at(SNAPSHOTS, self.partition, self.offset)


class Reply(NamedTuple):
    """A reply or a deadline; `correlation` is the id of the request that it names."""

    order_id: str
    id: str
    type: str
    correlation: str
    partition: int
    offset: int
    digest: int

    @property
    def place(self) -> str:
        """Where it lies."""
        return at(REPLIES, self.partition, self.offset)


class Request(NamedTuple):
    """A request to the customer or the inventory service."""

    order_id: str
    id: str
    topic: str
    partition: int
    offset: int
    digest: int


class Letter(NamedTuple):
    """A dead letter: where it lies, where its record was, and the digest that this must have."""

    place: str
    topic: str
    partition: int
    offset: int
    digest: int


class Unreadable(NamedTuple):
    """A record of ours that has not the form that it must have."""

    topic: str
    partition: int
    offset: int
    fault: str


class Acknowledged(NamedTuple):
    """An entry of the ledger; its partition and offset may be `NOWHERE`."""

    order_id: str
    source: str
    id: str
    topic: str
    partition: int
    offset: int


class Change(NamedTuple):
    """One entry of a document's history, and where its cause lay in the order's lane."""

    version: int
    type: str
    source: str
    id: str
    topic: str
    offset: int


class Document(NamedTuple):
    """An order's document; `told` is what its newest event tells of it, `due_at` in milliseconds.

    `due_at` is None if the order waits for nobody.
    """

    lane: int
    status: str
    version: int
    due_at: int | None
    told: dict[str, Any]
    history: Sequence[Change]


class Reservation(NamedTuple):
    """What the inventory holds of an order; `lines` are products and pieces."""

    state: str
    lines: Sequence[tuple[str, int]]


Fact = (
    Command
    | Result
    | Event
    | Snapshot
    | Reply
    | Request
    | Letter
    | Unreadable
    | Acknowledged
    | Document
    | Reservation
)
