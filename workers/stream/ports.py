"""What the flow asks of the world: plain records, and the few verbs it needs of the drivers.

The flow is written against these, so that it runs on Kafka and in a simulation alike.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class InboundRecord(Protocol):
    """A record as it was read; aiokafka's `ConsumerRecord` is one."""

    @property
    def topic(self) -> str:
        """Where it was read."""

    @property
    def partition(self) -> int:
        """Its partition of the topic."""

    @property
    def offset(self) -> int:
        """Its place in the partition."""

    @property
    def timestamp(self) -> int:
        """Milliseconds since 1970."""

    @property
    def key(self) -> bytes | None:
        """The key, as it was written."""

    @property
    def value(self) -> bytes | None:
        """The value, as it was written."""

    @property
    def headers(self) -> Sequence[tuple[str, bytes]]:
        """Names and values, in order; a name may come twice."""


class OutboundRecord(NamedTuple):
    """A record to be written to one partition, by number."""

    topic: str
    partition: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]]
    timestamp: int | None = None
    """Milliseconds since 1970; `None` is the time of writing."""


class CopyRecord(NamedTuple):
    """A record for a client's own topic, which may not exist."""

    topic: str
    partition: int | None
    key: bytes | None
    value: bytes
    headers: Sequence[tuple[str, bytes]]


class OutsideAwayError(Exception):
    """Kafka or MongoDB does not answer: what was being done is to be tried again, unchanged."""


class OutsideRefusesError(Exception):
    """Kafka or MongoDB refuses what it must not refuse: the process ends, acknowledging nothing."""


class CannotStartError(Exception):
    """What the settings ask for cannot be had on this machine; the text is for people."""


class Publisher(Protocol):
    """Writes records and returns when every one of them is acknowledged."""

    async def publish(self, records: Sequence[OutboundRecord]) -> None:
        """Write all, in order for each partition.

        Raises:
            OutsideAwayError: the broker does not answer; some may have been written.
            OutsideRefusesError: the broker refuses; the process must not go on.
        """


class CopySender(Protocol):
    """Sends copies to clients' reply topics, as well as it can within a deadline."""

    async def send(self, copies: Sequence[CopyRecord]) -> None:
        """Send what can be sent; never raises for a topic that is missing or slow."""


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> int:
        """Milliseconds since 1970, UTC."""


class BatchHandler(Protocol):
    """What a worker does with the records of its lanes: everything but the acknowledgement."""

    async def open(self, lane: int, acknowledged: Mapping[str, int]) -> None:
        """The lane is ours from now on; `acknowledged` has each topic's next offset."""

    def close(self, lane: int) -> None:
        """The lane is no longer ours: forget what is remembered of it."""

    async def handle(self, records: Sequence[InboundRecord]) -> Sequence[CopyRecord]:
        """Handle records of several lanes, those of one lane in order of their arrival.

        A lane's records are handled by one call at a time. Returns once all outputs are
        acknowledged, with the copies to send.

        Raises:
            OutsideAwayError: try the same records again later.
        """

    def acknowledged(self, lane: int, positions: Mapping[str, int]) -> None:
        """The outputs of all records of the lane below these offsets are written."""

    def paused_topics(self, lane: int) -> frozenset[str]:
        """Topics of which this lane takes no records for the moment."""
