"""Measures a worker at its ports: what it handles, what it writes, how long its rounds take.

Everything is counted once for a round or a publication, not for each record, and nothing of it
stands on the path of a worker that no port for metrics was asked for.
"""

from __future__ import annotations

import time
from collections import Counter as Tally
from operator import attrgetter
from typing import TYPE_CHECKING, Final

from prometheus_client import Counter, Histogram

from schemas import headers as names
from schemas.commands import CommandType
from schemas.events import SNAPSHOT_TYPE, EventType
from schemas.replies import ReplyType
from schemas.requests import RequestType
from schemas.results import RESULT_TYPE
from workers.stream.ports import OutsideAwayError
from workers.stream.writing.dead_letters import EXCEPTION

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from prometheus_client import CollectorRegistry

    from workers.stream.ports import (
        BatchHandler,
        CopyRecord,
        InboundRecord,
        OutboundRecord,
        Publisher,
    )

OTHER: Final = "other"
"""Stands for whatever is not known: labels do not grow with what clients think of."""

_TYPES: Final[Mapping[bytes, str]] = {
    name.encode(): str(name)
    for name in (
        *CommandType,
        *EventType,
        *ReplyType,
        *RequestType,
        RESULT_TYPE,
        SNAPSHOT_TYPE,
    )
}
_ERRORS: Final = frozenset({"UnreadableError", "UnanswerableError"})
_SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 120)
_RECORDS: Final = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000)


def type_label(headers: Iterable[tuple[str, bytes]]) -> str:
    """The type of a message if it is one of the service's own, else `other`.

    So is a command in structured mode, whose type is in its value.
    """
    for name, value in headers:
        if name == names.TYPE:
            return _TYPES.get(value, OTHER)
    return OTHER


class Meter:
    """The counters and histograms of one worker."""

    def __init__(self, registry: CollectorRegistry) -> None:
        """Count from 0, in this registry."""
        self._seconds = Histogram(
            "oms_round_seconds",
            "Seconds that a round took: done, outside_away, or failed.",
            ["outcome"],
            registry=registry,
            buckets=_SECONDS,
        )
        for outcome in ("done", "outside_away", "failed"):
            # A series that begins with its first failure would not show it as an increase.
            self._seconds.labels(outcome)
        self._records = Histogram(
            "oms_round_records",
            "Records that were handled together.",
            registry=registry,
            buckets=_RECORDS,
        )
        self._handled = Counter(
            "oms_records_handled",
            "Records that were handled, dead letters included.",
            ["topic", "type"],
            registry=registry,
        )
        self._published = Counter(
            "oms_records_published",
            "Records that were written and acknowledged.",
            ["topic"],
            registry=registry,
        )
        self._dead = Counter(
            "oms_dead_letters",
            "Records that could not be handled, by the topic that they were read from.",
            ["topic", "type", "error"],
            registry=registry,
        )

    def handler(self, handler: BatchHandler) -> BatchHandler:
        """The handler, with each of its rounds measured."""
        return _MeasuredHandler(handler, self)

    def publisher(self, publisher: Publisher) -> Publisher:
        """The publisher, with all that it has written counted."""
        return _MeasuredPublisher(publisher, self._published)

    def dead_letters(self, publisher: Publisher) -> Publisher:
        """The publisher of dead letters, with all that it has written counted."""
        return _MeasuredDeadLetters(publisher, self._dead)

    def note_round(self, records: Sequence[InboundRecord], seconds: float, outcome: str) -> None:
        """A round is over: `done`, `outside_away`, to be tried again, or `failed`."""
        self._seconds.labels(outcome).observe(seconds)
        if outcome == "done":
            self._records.observe(len(records))
            found = Tally((record.topic, type_label(record.headers)) for record in records)
            for place, count in found.items():
                self._handled.labels(*place).inc(count)


class _MeasuredHandler:
    """A handler whose rounds are measured; the rest of it is the handler itself."""

    def __init__(self, handler: BatchHandler, meter: Meter) -> None:
        self._handle = handler.handle
        self._meter = meter
        self.open = handler.open
        self.close = handler.close
        self.acknowledged = handler.acknowledged
        self.paused_topics = handler.paused_topics

    async def handle(self, records: Sequence[InboundRecord]) -> Sequence[CopyRecord]:
        began = time.perf_counter()
        outcome = "failed"
        try:
            copies = await self._handle(records)
            outcome = "done"
        except OutsideAwayError:
            outcome = "outside_away"
            raise
        finally:
            self._meter.note_round(records, time.perf_counter() - began, outcome)
        return copies


class _MeasuredPublisher:
    def __init__(self, publisher: Publisher, published: Counter) -> None:
        self._publisher = publisher
        self._published = published

    async def publish(self, records: Sequence[OutboundRecord]) -> None:
        await self._publisher.publish(records)
        # Not by type: there are many, and what they tell is counted where it is decided.
        for topic, count in Tally(map(attrgetter("topic"), records)).items():
            self._published.labels(topic).inc(count)


class _MeasuredDeadLetters:
    def __init__(self, publisher: Publisher, dead: Counter) -> None:
        self._publisher = publisher
        self._dead = dead

    async def publish(self, records: Sequence[OutboundRecord]) -> None:
        await self._publisher.publish(records)
        for record in records:
            error = dict(record.headers)[EXCEPTION].decode()
            topic = record.topic.removeprefix("dlq.")
            kind = error if error in _ERRORS else OTHER
            self._dead.labels(topic, type_label(record.headers), kind).inc()
