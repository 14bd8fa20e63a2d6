"""Settles dead letters: their records go back to where they were, or are given up; then it is told.

A record goes back first and is marked as replayed after that. Whoever is cut off in between finds
the letter open and replays it again, which is the same command again: its id tells.
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

from workers.operating.reading import hand_over
from workers.stream.codec import decode
from workers.stream.json_text import UnreadableError, read_json
from workers.stream.ports import OutboundRecord
from workers.stream.writing.dead_letters import Place, Settled, as_it_was, mark
from workers.stream.writing.publisher import BatchPublisher

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from workers.dev.verifying.report import Progress
    from workers.operating.letters import Letter
    from workers.settings import Settings
    from workers.stream.ports import InboundRecord
    from workers.stream.writing.dead_letters import AsItWas

_AT_ONCE: Final = 100


class CorrectionError(Exception):
    """A corrected value cannot take the place of what it corrects; the text says why."""


async def replay(settings: Settings, letters: Sequence[Letter], told: Progress) -> None:
    """Write the records of these letters to the partitions that they were in, and mark them.

    Those of one partition go back in the order in which they were there.

    Raises:
        OutsideAwayError, OutsideRefusesError, KafkaError: Kafka does not answer, or says no; what
            is not marked by then is still open.
    """
    async with _publisher(settings) as publisher:

        async def take(records: Sequence[InboundRecord]) -> None:
            for first in range(0, len(records), _AT_ONCE):
                some = [as_it_was(record) for record in records[first : first + _AT_ONCE]]
                await publisher.publish([again(record) for record in some])
                await publisher.publish([_replayed(record) for record in some])
                told.advance(len(some))

        told.begin("Replaying", len(letters))
        await hand_over(settings, letters, take)


async def replay_corrected(settings: Settings, letter: Letter, value: bytes) -> None:
    """Write the record of this letter back with another value, and mark the letter.

    Raises:
        CorrectionError: the value makes no message, or one with another id.
        OutsideAwayError, OutsideRefusesError, KafkaError: Kafka does not answer, or says no.
    """
    async with _publisher(settings) as publisher:

        async def take(records: Sequence[InboundRecord]) -> None:
            for record in map(as_it_was, records):
                await publisher.publish([again(corrected(record, value))])
                await publisher.publish([_replayed(record)])

        await hand_over(settings, [letter], take)


async def discard(
    settings: Settings, letters: Sequence[Letter], reason: str, told: Progress
) -> None:
    """Mark these letters as given up; they stay where they are, for as long as they are kept.

    Raises:
        OutsideAwayError, OutsideRefusesError: Kafka does not answer, or says no.
    """
    told.begin("Discarding", len(letters))
    async with _publisher(settings) as publisher:
        for first in range(0, len(letters), _AT_ONCE):
            some = letters[first : first + _AT_ONCE]
            marks = [mark(letter.place, Settled.DISCARDED, reason) for letter in some]
            await publisher.publish(marks)
            told.advance(len(some))


def again(record: AsItWas) -> OutboundRecord:
    """The record for the partition that it was in, with the time at which it is written now.

    Its own time may be so old that the topic would not keep it.
    """
    return OutboundRecord(record.topic, record.partition, record.key, record.value, record.headers)


def corrected(record: AsItWas, value: bytes) -> AsItWas:
    """The record with another value, which must be a message, and the same one.

    Raises:
        CorrectionError: it is not.
    """
    after = record._replace(value=value)
    try:
        event = decode(after)
        if event.data:
            read_json(event.data)
    except UnreadableError as error:
        message = f"With this value it would be a dead letter again: {error}"
        raise CorrectionError(message) from error
    before = _name(record)
    if before not in {None, (event.source, event.id)}:
        message = f"With this value it would be another message, {event.id} of {event.source}"
        raise CorrectionError(message)
    return after


def _name(record: AsItWas) -> tuple[str, str] | None:
    """Source and id of a message; None if it cannot be read."""
    try:
        event = decode(record)
    except UnreadableError:
        return None
    return event.source, event.id


def _replayed(record: AsItWas) -> OutboundRecord:
    topic, partition, offset, *_ = record
    return mark(Place(topic, partition, offset), Settled.REPLAYED)


@asynccontextmanager
async def _publisher(settings: Settings) -> AsyncIterator[BatchPublisher]:
    publisher = BatchPublisher(settings, guard=lambda: None)
    await publisher.start()
    try:
        yield publisher
    finally:
        await publisher.stop()
