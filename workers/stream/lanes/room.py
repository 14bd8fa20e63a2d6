"""How much more is fetched: what waits is bounded by records, and by bytes, whatever their size.

All bounds are by topic: commands that are paused must not keep out the replies that end the pause.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from workers.stream.transport.batches import RecordBatch

MOST_BYTES: Final = 32 * 1024 * 1024
"""Of one topic, in all lanes of a process. What a fetch has brought beyond that is kept."""

_RECORD_BYTES: Final = 500
"""About what a record takes beside its value."""


class Room:
    """Counts what is on its way, waits, or is being handled."""

    def __init__(self, lane_records: int) -> None:
        """Have room for `lane_records` of each topic in each lane."""
        self._lane_records = lane_records
        self._records: Counter[tuple[int, str]] = Counter()
        self._bytes: Counter[str] = Counter()

    def is_full(self, lane: int, topic: str) -> bool:
        """Whether no more records of this topic should be fetched for this lane.

        A lane that has none gets some in any case: others' must not keep it from its work.
        """
        records = self._records[lane, topic]
        return records >= self._lane_records or (records > 0 and self._bytes[topic] >= MOST_BYTES)

    def take(self, lane: int, batch: RecordBatch) -> None:
        """Count a batch that is on its way."""
        self._records[lane, batch.topic] += len(batch.records)
        self._bytes[batch.topic] += _size(batch)

    def give_back(self, lane: int, batch: RecordBatch) -> None:
        """Count a batch no more: it was handled."""
        self._records[lane, batch.topic] -= len(batch.records)
        self._bytes[batch.topic] -= _size(batch)

    def clear(self) -> None:
        """Count nothing: all lanes are gone."""
        self._records.clear()
        self._bytes.clear()


def _size(batch: RecordBatch) -> int:
    return sum(_RECORD_BYTES + len(record.value or b"") for record in batch.records)
