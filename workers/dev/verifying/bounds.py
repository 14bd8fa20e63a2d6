"""What was there when it was looked at: how far topics reach, and how far they were handled.

On a system that goes on working, an order may be one step ahead on a topic or in MongoDB. The
rules ask here what must already be there, so that they hold at any moment:

- a record below `handled` was handled before any document was read;
- an event below `told` was there before any document was read, so its version is stored;
- a record below `done` was handled before the topics' ends were taken, so all that it led to is
  below those.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from schemas.topics import CONSUMED, EVENTS, RESULTS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Place = tuple[str, int]
"""A topic and one of its partitions."""

MARGIN_MILLISECONDS = 60 * 60 * 1000
"""So far may a client's clock be from the time at which its command was answered."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """Offsets by topic and partition: what is kept, how far it reaches, how far it was handled.

    A partition that its group never committed is not in `handled` or `done`. `is_settled` tells
    that nothing may be in flight. The last two are learned while the topics are read: the time of
    the first result that each partition has, in milliseconds, and the offset of its last record.
    """

    starts: Mapping[Place, int]
    ends: Mapping[Place, int]
    handled: Mapping[Place, int]
    done: Mapping[Place, int]
    told: Mapping[Place, int]
    is_settled: bool
    first_result_times: dict[int, int] = field(default_factory=dict)
    last_offsets: dict[Place, int] = field(default_factory=dict)

    def is_kept(self, topic: str, partition: int, offset: int) -> bool:
        """Whether a record of this offset, if it was written, can still be read."""
        return offset >= self.starts.get((topic, partition), 0)

    def is_whole(self, topic: str) -> bool:
        """Whether the topic still has its first record in every partition."""
        return not any(start for (name, _), start in self.starts.items() if name == topic)

    def is_handled(self, topic: str, partition: int, offset: int) -> bool:
        """Whether it was handled before any document was read."""
        return offset < self.handled.get((topic, partition), 0)

    def is_done(self, topic: str, partition: int, offset: int) -> bool:
        """Whether all that it led to must be on the topics."""
        return offset < self.done.get((topic, partition), 0)

    def must_be_stored(self, partition: int, offset: int) -> bool:
        """Whether this event was there before any document was read."""
        return offset < self.told.get((EVENTS, partition), 0)

    def answer_may_be_gone(self, timestamp: int) -> bool:
        """Whether the result of a command of that time may be too old to be kept."""
        aged = [p for (name, p), start in self.starts.items() if name == RESULTS and start]
        if not aged:
            return False
        if any(partition not in self.first_result_times for partition in aged):
            return True
        horizon = max(self.first_result_times[partition] for partition in aged)
        return timestamp < horizon + MARGIN_MILLISECONDS

    def consumed(self) -> Iterator[Place]:
        """The partitions that workers read."""
        return (place for place in self.ends if place[0] in CONSUMED)
