"""What waits in one lane, in order of arrival."""

from __future__ import annotations

from collections import Counter, deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from workers.stream.batches import RecordBatch


class Lane:
    """The batches of one lane that nobody has handled yet, those on their way here included."""

    def __init__(self, number: int, batch_records: int) -> None:
        """Take no records yet; `batch_records` is the most that one round should handle."""
        self.number = number
        self.is_busy = False
        self._batch_records = batch_records
        self._waiting: deque[RecordBatch] = deque()
        self._reserved: Counter[str] = Counter()

    def is_full(self, topic: str) -> bool:
        """Whether two rounds' worth of the topic's records are here, or being handled.

        By topic: commands that are paused must not keep out the replies that end the pause.
        """
        return self._reserved[topic] >= 2 * self._batch_records

    def reserve(self, batch: RecordBatch) -> None:
        """Count the records of a batch that is on its way here."""
        self._reserved[batch.topic] += len(batch.records)

    def put(self, batch: RecordBatch) -> None:
        """Let a batch wait for its turn."""
        self._waiting.append(batch)

    def take(self, most_records: int, paused_topics: Collection[str]) -> list[RecordBatch]:
        """The next batches, until they have at least `most_records`; the paused stay, in order."""
        taken: list[RecordBatch] = []
        kept: deque[RecordBatch] = deque()
        room = most_records
        while self._waiting and room > 0:
            batch = self._waiting.popleft()
            if batch.topic in paused_topics:
                kept.append(batch)
            else:
                taken.append(batch)
                room -= len(batch.records)
        kept.extend(self._waiting)
        self._waiting = kept
        return taken

    def has_handled(self, batches: Iterable[RecordBatch]) -> None:
        """Make room for as many records as a round has handled."""
        for batch in batches:
            self._reserved[batch.topic] -= len(batch.records)
