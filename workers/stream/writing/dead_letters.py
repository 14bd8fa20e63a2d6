"""Dead letters: a record that could not be handled, as it was, and why; and what was done about it.

A dead letter is settled by a mark: a record without key and value behind it, in the same partition
of the same topic, whose headers name the record that the letter is of. What is read here is told
apart by its headers alone: a letter ends with five of its own, a mark has nothing but its own.

A batch of a megabyte may unpack to a record that no dead letter has room for. Its letter leaves out
what does not fit, and a sixth header says how much: the record itself stays where it was.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final, NamedTuple

from schemas.topics import CONSUMED, DEAD_LETTER_BYTES, dead_letter_topic
from workers.stream.ports import OutboundRecord

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workers.stream.codec import Headers
    from workers.stream.ports import InboundRecord

TOPIC: Final = "__dlq.errors.topic"
PARTITION: Final = "__dlq.errors.partition"
OFFSET: Final = "__dlq.errors.offset"
MESSAGE: Final = "__dlq.errors.message"
EXCEPTION: Final = "__dlq.errors.exception"
OMITTED: Final = "__dlq.errors.omitted"

SETTLED_AS: Final = "__dlq.settled.as"
SETTLED_TOPIC: Final = "__dlq.settled.topic"
SETTLED_PARTITION: Final = "__dlq.settled.partition"
SETTLED_OFFSET: Final = "__dlq.settled.offset"
SETTLED_REASON: Final = "__dlq.settled.reason"

_OF_A_LETTER: Final = (TOPIC, PARTITION, OFFSET, MESSAGE, EXCEPTION)
_OF_A_MARK: Final = (
    SETTLED_AS,
    SETTLED_TOPIC,
    SETTLED_PARTITION,
    SETTLED_OFFSET,
    SETTLED_REASON,
)
_TOPICS: Final = frozenset(map(dead_letter_topic, CONSUMED))
_LONGEST_MESSAGE: Final = 1024
_ROOM_FOR_THE_REST: Final = 64 * 1024
"""Bytes: more than what a batch and a letter's own headers take."""
_MOST_BYTES: Final = DEAD_LETTER_BYTES - _ROOM_FOR_THE_REST


class Place(NamedTuple):
    """Where a record is or was."""

    topic: str
    partition: int
    offset: int

    def __str__(self) -> str:
        """`topic:partition:offset`, which no shell takes for anything else."""
        return f"{self.topic}:{self.partition}:{self.offset}"


class AsItWas(NamedTuple):
    """A record as it was read before it became a dead letter."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Headers


class Settled(StrEnum):
    """What was done about a dead letter."""

    REPLAYED = "replayed"
    DISCARDED = "discarded"


class Fault(NamedTuple):
    """Why a record is a dead letter: where it was, what is wrong with it, the kind of error.

    `omitted_bytes` of the record were too many for a letter, and are not in it.
    """

    place: Place
    message: str
    exception: str
    omitted_bytes: int = 0


class Mark(NamedTuple):
    """That the letters before it which are of the record at `place` are settled."""

    place: Place
    settled: Settled
    reason: str


def dead_letter(record: InboundRecord, error: Exception) -> OutboundRecord:
    """The record for the dead letter topic: all as it was, with five headers that say why.

    Of a record that is larger than the topic takes the value is left out or, where its headers
    alone are too large, key, value and headers.
    """
    key, value, headers = _what_fits(record)
    omitted = size_of(record) - _size(key, value, headers)
    return OutboundRecord(
        dead_letter_topic(record.topic),
        record.partition,
        key,
        value,
        [
            *headers,
            (TOPIC, record.topic.encode()),
            (PARTITION, str(record.partition).encode()),
            (OFFSET, str(record.offset).encode()),
            (MESSAGE, str(error)[:_LONGEST_MESSAGE].encode(errors="replace")),
            (EXCEPTION, type(error).__name__.encode()),
            *([(OMITTED, str(omitted).encode())] if omitted else []),
        ],
        record.timestamp,
    )


def _what_fits(
    record: InboundRecord,
) -> tuple[bytes | None, bytes | None, Sequence[tuple[str, bytes]]]:
    if size_of(record) <= _MOST_BYTES:
        return record.key, record.value, record.headers
    if _size(record.key, None, record.headers) <= _MOST_BYTES:
        return record.key, None, record.headers
    return None, None, ()


def fault_of(letter: InboundRecord) -> tuple[Headers, Fault]:
    """The headers that the record had, and why it is a dead letter.

    Raises:
        ValueError: this is no dead letter, or it does not name a record.
    """
    headers, omitted = list(letter.headers), 0
    if headers and headers[-1][0] == OMITTED:
        omitted = int(_text(headers.pop()[1]))
    split = max(len(headers) - len(_OF_A_LETTER), 0)
    own, added = headers[:split], headers[split:]
    if tuple(name for name, _ in added) != _OF_A_LETTER:
        raise ValueError("not a dead letter: it does not end with the headers that say why")
    topic, partition, offset, message, exception = (_text(value) for _, value in added)
    if letter.topic not in _TOPICS or dead_letter_topic(topic) != letter.topic:
        fault = f"a dead letter of {topic}, which does not belong on {letter.topic}"
        raise ValueError(fault)
    return own, Fault(Place(topic, int(partition), int(offset)), message, exception, omitted)


def mark(place: Place, settled: Settled, reason: str = "") -> OutboundRecord:
    """The record that settles the dead letters of the record at `place`."""
    values = (settled, place.topic, str(place.partition), str(place.offset), reason)
    headers = [(name, value.encode()) for name, value in zip(_OF_A_MARK, values, strict=True)]
    return OutboundRecord(dead_letter_topic(place.topic), place.partition, None, None, headers)


def is_mark(record: InboundRecord) -> bool:
    """Whether a record of a dead letter topic is no dead letter, but says that one is settled."""
    return (
        record.value is None
        and record.topic in _TOPICS
        and tuple(name for name, _ in record.headers) == _OF_A_MARK
    )


def read_mark(record: InboundRecord) -> Mark:
    """What a mark says.

    Raises:
        ValueError: it says nothing that this release knows.
    """
    settled, topic, partition, offset, reason = (_text(value) for _, value in record.headers)
    return Mark(Place(topic, int(partition), int(offset)), Settled(settled), reason)


def as_it_was(letter: InboundRecord) -> AsItWas:
    """The record of a dead letter, as its worker read it.

    Raises:
        ValueError: this is no dead letter.
    """
    headers, fault = fault_of(letter)
    return AsItWas(*fault.place, letter.timestamp, letter.key, letter.value, headers)


def size_of(record: InboundRecord) -> int:
    """Bytes of a record's key, value and headers."""
    return _size(record.key, record.value, record.headers)


def _size(key: bytes | None, value: bytes | None, headers: Sequence[tuple[str, bytes]]) -> int:
    parts: Sequence[bytes | None] = (key, value, *(part for _, part in headers))
    names = sum(len(name.encode(errors="surrogatepass")) for name, _ in headers)
    return sum(len(part) for part in parts if part) + names


def _text(raw: bytes | None) -> str:
    return (raw or b"").decode(errors="backslashreplace")
