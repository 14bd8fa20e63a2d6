"""What waits in one lane, in order of arrival."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

    from workers.stream.transport.batches import RecordBatch


class Lane:
    """The batches of one lane that nobody has begun to handle."""

    def __init__(self, number: int) -> None:
        """Take no records yet."""
        self.number = number
        self.is_busy = False
        self._waiting: deque[RecordBatch] = deque()

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
