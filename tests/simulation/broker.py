"""Kafka, as far as the service can see it: topics of partitions, and who has read how far."""

from __future__ import annotations

import contextlib
from collections import defaultdict, deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from schemas import headers as names
from schemas.topics import TOPICS
from tests.simulation.network import Question, Server
from workers.stream.ports import OutsideAwayError, OutsideRefusesError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tests.simulation.network import Network, Part
    from tests.simulation.processes import Process
    from workers.stream.ports import CopyRecord, OutboundRecord

Headers = tuple[tuple[str, bytes], ...]


class StoredRecord(NamedTuple):
    """A record as it lies on its topic."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Headers


Log = list[StoredRecord]


class Broker:
    """All topics, each with the same number of partitions."""

    def __init__(self, partitions: int, now: Callable[[], int]) -> None:
        """Have empty topics; `now` stamps what is written, in milliseconds since 1970."""
        self._now = now
        self.partitions = partitions
        self.topics: dict[str, list[Log]] = {
            topic.name: [[] for _ in range(partitions)] for topic in TOPICS
        }
        self.copies: list[CopyRecord] = []

    def append(self, record: OutboundRecord) -> None:
        """Write one record."""
        log = self.topics[record.topic][record.partition]
        timestamp = self._now() if record.timestamp is None else record.timestamp
        log.append(
            StoredRecord(
                record.topic,
                record.partition,
                len(log),
                timestamp,
                record.key,
                record.value,
                tuple(record.headers),
            )
        )

    def add_partition(self) -> None:
        """Give every topic one more."""
        self.partitions += 1
        for logs in self.topics.values():
            logs.append([])

    def on(self, topic: str) -> Iterator[StoredRecord]:
        """All records of a topic, partition by partition."""
        for log in self.topics[topic]:
            yield from log


@dataclass(slots=True, eq=False)
class _Handed:
    """A record that the producer has been handed; whether it is written, or given up."""

    record: OutboundRecord
    is_over: bool = False


class SimulatedPublisher:
    """Writes as a producer does: to each partition in the order of the calls, else in any."""

    def __init__(self, process: Process, network: Network, broker: Broker) -> None:
        """Write to `broker` for `process`."""
        self._process = process
        self._network = network
        self._broker = broker
        self._handed: dict[tuple[str, int], deque[_Handed]] = defaultdict(deque)

    async def publish(self, records: Sequence[OutboundRecord]) -> None:
        """Write all; some may be written when it raises.

        Raises:
            OutsideAwayError: the broker does not answer; some may have been written.
            OutsideRefusesError: the broker refuses; the process must not go on.
        """
        if not records:
            return
        await self._process.guard()
        queues: dict[tuple[str, int], list[Part]] = {}
        handed = [_Handed(record) for record in records]
        for one in handed:
            where = (one.record.topic, one.record.partition)
            queues.setdefault(where, []).append((self._write, one))
            self._handed[where].append(one)
        question = Question(
            Server.BROKER, "publish", lambda: "".join(f" [{_short(record)}]" for record in records)
        )
        try:
            await self._network.ask(self._process, question, _nothing, list(queues.values()))
        except (OutsideAwayError, OutsideRefusesError):
            for one in handed:
                one.is_over = True
            raise

    def _write(self, wanted: _Handed) -> None:
        """Write it, and before it what was handed over for the same partition earlier."""
        handed = self._handed[wanted.record.topic, wanted.record.partition]
        while not wanted.is_over:
            one = handed.popleft()
            if not one.is_over:
                one.is_over = True
                self._broker.append(one.record)


class SimulatedCopies:
    """Sends copies to clients' topics, which always are there."""

    def __init__(self, process: Process, network: Network, broker: Broker) -> None:
        """Send by way of `broker` for `process`."""
        self._process = process
        self._network = network
        self._broker = broker

    async def send(self, copies: Sequence[CopyRecord]) -> None:
        """Send what can be sent; never raises."""
        queues: list[list[Part]] = [[(self._broker.copies.append, copy)] for copy in copies]
        with contextlib.suppress(OutsideAwayError):
            await self._network.ask(
                self._process, Question(Server.BROKER, "copy"), _nothing, queues
            )


def _short(record: OutboundRecord) -> str:
    headers = dict(record.headers)
    kind = headers.get(names.TYPE, b"").decode()
    more = headers.get(names.ORDER_VERSION) or headers.get(names.REPLY_CORRELATION) or b""
    return f"{kind} {(record.key or b'').decode()} {more.decode()}".rstrip()


def _nothing() -> None:
    """What the broker says."""
