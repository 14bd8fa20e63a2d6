"""Dead letters: a record that could not be handled, as it was, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from schemas.topics import dead_letter_topic
from workers.stream.ports import OutboundRecord

if TYPE_CHECKING:
    from workers.stream.ports import InboundRecord

TOPIC: Final = "__dlq.errors.topic"
PARTITION: Final = "__dlq.errors.partition"
OFFSET: Final = "__dlq.errors.offset"
MESSAGE: Final = "__dlq.errors.message"
EXCEPTION: Final = "__dlq.errors.exception"

_LONGEST_MESSAGE: Final = 1024


def dead_letter(record: InboundRecord, error: Exception) -> OutboundRecord:
    """The record for the dead letter topic: all as it was, with five headers that say why."""
    return OutboundRecord(
        dead_letter_topic(record.topic),
        record.partition,
        record.key,
        record.value,
        [
            *record.headers,
            (TOPIC, record.topic.encode()),
            (PARTITION, str(record.partition).encode()),
            (OFFSET, str(record.offset).encode()),
            (MESSAGE, str(error)[:_LONGEST_MESSAGE].encode(errors="replace")),
            (EXCEPTION, type(error).__name__.encode()),
        ],
        record.timestamp,
    )
