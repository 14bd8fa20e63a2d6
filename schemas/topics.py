"""Every topic in one table: who writes it and how long it is kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

COMMANDS: Final = "orders.commands"
RESULTS: Final = "orders.results"
EVENTS: Final = "orders.events"
SNAPSHOTS: Final = "orders.snapshots"
REPLIES: Final = "orders.replies"
CUSTOMER_REQUESTS: Final = "customers.requests"
INVENTORY_REQUESTS: Final = "inventory.requests"

_DAY: Final = 24 * 60 * 60 * 1000
_FOR_EVER: Final = -1
_RECORD_BYTES: Final = 2 * 1024 * 1024
DEAD_LETTER_BYTES: Final = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic and how the broker is to keep it.

    `retention_ms` is in milliseconds, -1 keeps for ever; `max_message_bytes` bounds one batch.
    """

    name: str
    writer: str
    retention_ms: int
    compacted: bool = False
    max_message_bytes: int = _RECORD_BYTES

    @property
    def config(self) -> dict[str, str]:
        """The topic's configuration in the broker's own names."""
        if self.compacted:
            kept = {"cleanup.policy": "compact"}
        else:
            kept = {"cleanup.policy": "delete", "retention.ms": str(self.retention_ms)}
        return {**kept, "max.message.bytes": str(self.max_message_bytes)}


def dead_letter_topic(topic: str) -> str:
    """The topic that takes the records of `topic` that could not be handled."""
    return f"dlq.{topic}"


_MAIN: Final = (
    Topic(COMMANDS, "any client", 7 * _DAY),
    Topic(RESULTS, "orders worker", 7 * _DAY),
    Topic(EVENTS, "orders worker", _FOR_EVER),
    Topic(SNAPSHOTS, "orders worker", _FOR_EVER, compacted=True),
    Topic(REPLIES, "customers, inventory, orders worker", 3 * _DAY),
    Topic(CUSTOMER_REQUESTS, "orders worker", 3 * _DAY),
    Topic(INVENTORY_REQUESTS, "orders worker", 3 * _DAY),
)

CONSUMED: Final = (COMMANDS, REPLIES, CUSTOMER_REQUESTS, INVENTORY_REQUESTS)
"""The topics that a worker reads, and that therefore have a dead letter topic."""

TOPICS: Final = _MAIN + tuple(
    Topic(dead_letter_topic(name), "any worker", 30 * _DAY, max_message_bytes=DEAD_LETTER_BYTES)
    for name in CONSUMED
)

OWN_TOPICS: Final = frozenset(topic.name for topic in TOPICS)
"""Every topic of this service: none of them may be a client's reply topic."""
