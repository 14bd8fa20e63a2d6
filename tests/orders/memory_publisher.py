"""A publisher that keeps what it is given, and can be cut off after some records."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workers.stream.ports import OutsideAwayError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workers.stream.ports import OutboundRecord


class MemoryPublisher:
    """All records that were written, in order."""

    def __init__(self) -> None:
        """Hold nothing yet, and write without end."""
        self.records: list[OutboundRecord] = []
        self._left: int | None = None

    def cut_off_after(self, records: int) -> None:
        """Write so many records more, and then be away, once."""
        self._left = records

    async def publish(self, records: Sequence[OutboundRecord]) -> None:
        """Write all; raise when cut off in the middle."""
        left, self._left = self._left, None
        if left is None or left >= len(records):
            self.records.extend(records)
            return
        self.records.extend(records[:left])
        raise OutsideAwayError("cut off by the test")

    def on(self, topic: str) -> list[OutboundRecord]:
        """What was written to one topic."""
        return [record for record in self.records if record.topic == topic]
