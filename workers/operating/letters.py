"""Dead letters as an operator sees them: which there are, and which of them are open.

The records of a dead letter topic are folded, those of one partition in their order. A letter is
known by the record that it is of, for a worker that was killed may have written it twice. A mark
settles what lies before it: a letter behind it is open again.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from schemas import headers as names
from schemas.limits import MAX_VALUE_BYTES
from schemas.topics import TOPICS
from workers.stream.writing.dead_letters import Place, fault_of, is_mark, read_mark, size_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from workers.stream.ports import InboundRecord
    from workers.stream.writing.dead_letters import Settled

_LARGEST: Final = {topic.name: topic.max_message_bytes for topic in TOPICS}
_ROOM_FOR_THE_REST: Final = 1024
"""Bytes that a batch has besides its record, and more."""


@dataclass(frozen=True, slots=True)
class Settlement:
    """What was done about a letter, when (milliseconds since 1970) and why."""

    settled: Settled
    at: int
    reason: str


@dataclass(frozen=True, slots=True)
class Letter:
    """A dead letter without its value.

    `place` is where its record was, and is its name; `lies_at` is the first letter of that record,
    of which there are `copies`. `time` is the record's, in milliseconds since 1970; `value_bytes`
    of a null value are 0, `all_bytes` those of key, value and headers. `omitted_bytes` of the
    record were too many for a letter.
    """

    place: Place
    lies_at: Place
    time: int
    key: str | None
    order_id: str | None
    type: str | None
    message: str
    exception: str
    value_bytes: int
    all_bytes: int
    omitted_bytes: int = 0
    copies: int = 1
    settlement: Settlement | None = None


def letter_of(record: InboundRecord) -> Letter:
    """The letter that a record of a dead letter topic is.

    Raises:
        ValueError: it is none.
    """
    own, fault = fault_of(record)
    headers = dict(own)
    key = _text(record.key)
    return Letter(
        fault.place,
        Place(record.topic, record.partition, record.offset),
        record.timestamp,
        key,
        _text(headers.get(names.SUBJECT)) or key,
        _text(headers.get(names.TYPE)),
        fault.message,
        fault.exception,
        len(record.value or b""),
        size_of(record),
        fault.omitted_bytes,
    )


def why_not_again(letter: Letter) -> str | None:
    """Why the record cannot go back as it was; None if it can."""
    if letter.omitted_bytes:
        return f"{letter.omitted_bytes:,} bytes of it were too many for a dead letter"
    if letter.value_bytes > MAX_VALUE_BYTES:
        return f"its value has {letter.value_bytes:,} bytes; the limit is {MAX_VALUE_BYTES:,}"
    largest = _LARGEST[letter.place.topic] - _ROOM_FOR_THE_REST
    if letter.all_bytes > largest:
        return f"it has {letter.all_bytes:,} bytes, of which {letter.place.topic} takes {largest:,}"
    return None


@dataclass(slots=True)
class Letters:
    """Folds the records of dead letter topics, those of each partition in their order.

    `wanted` tells which letters are kept; `strange` counts records that are neither letter nor
    mark.
    """

    wanted: Callable[[Letter, InboundRecord], bool]
    strange: int = 0
    _known: dict[Place, Letter] = field(default_factory=dict)

    def take(self, record: InboundRecord) -> None:
        """Take the next record."""
        try:
            if is_mark(record):
                self._settle(record)
            else:
                self._add(letter_of(record), record)
        except ValueError:
            self.strange += 1

    def all(self) -> Iterator[Letter]:
        """All letters that are kept, those of each partition from the oldest to the newest."""
        return iter(sorted(self._known.values(), key=lambda letter: letter.lies_at))

    def _add(self, letter: Letter, record: InboundRecord) -> None:
        before = self._known.get(letter.place)
        if before is not None and before.settlement is None:
            self._known[letter.place] = replace(before, copies=before.copies + 1)
        elif self.wanted(letter, record):
            self._known[letter.place] = letter

    def _settle(self, record: InboundRecord) -> None:
        mark = read_mark(record)
        letter = self._known.get(mark.place)
        if letter is not None:
            settlement = Settlement(mark.settled, record.timestamp, mark.reason)
            self._known[mark.place] = replace(letter, settlement=settlement)


def _text(raw: bytes | None) -> str | None:
    return raw.decode(errors="backslashreplace") if raw else None
