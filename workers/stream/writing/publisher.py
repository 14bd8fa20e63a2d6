"""Writes outputs: whole record batches, idempotent, every one acknowledged before it returns.

A producer of our own, for Faust's flush hides errors and its sends go one by one.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal

from aiokafka import AIOKafkaProducer
from aiokafka.errors import (
    KafkaConnectionError,
    KafkaError,
    KafkaTimeoutError,
    LeaderNotAvailableError,
    NotLeaderForPartitionError,
    RequestTimedOutError,
    TopicAuthorizationFailedError,
)

from workers.stream.connection import client_arguments, has_partition, start_producer
from workers.stream.ports import OutsideAwayError, OutsideRefusesError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Sequence

    from aiokafka.producer.message_accumulator import BatchBuilder

    from workers.settings import Settings
    from workers.stream.ports import OutboundRecord

_BATCH_BYTES = 900_000
_AWAY = (
    KafkaConnectionError,
    KafkaTimeoutError,
    RequestTimedOutError,
    # No broker has led the partition for as long as a request may take.
    LeaderNotAvailableError,
    NotLeaderForPartitionError,
)


class BatchPublisher:
    """Publishes to partitions by number, through one idempotent producer."""

    def __init__(
        self,
        settings: Settings,
        guard: Callable[[], None],
        compression: Literal["gzip"] | None = None,
    ) -> None:
        """Connect on `start`; `guard` runs before every write and may end the process."""
        self._settings = settings
        self._guard = guard
        self._compression = compression
        self._producer: AIOKafkaProducer | None = None
        self._known: set[tuple[str, int]] = set()

    async def start(self) -> None:
        """Connect.

        Raises:
            OutsideAwayError: no broker answers.
        """
        producer = AIOKafkaProducer(
            **client_arguments(self._settings),
            enable_idempotence=True,
            acks="all",
            linger_ms=0,
            max_batch_size=_BATCH_BYTES,
            compression_type=self._compression,
        )
        await start_producer(producer, self._settings)
        self._producer = producer

    async def stop(self) -> None:
        """Write out what is under way and disconnect."""
        if self._producer is not None:
            await self._producer.stop()
            self._producer = None

    async def publish(self, records: Sequence[OutboundRecord]) -> None:
        """Write all records, in order for each partition, and wait for every acknowledgement.

        Raises:
            OutsideAwayError: the broker does not answer; some may have been written.
            OutsideRefusesError: the broker refuses; this producer cannot go on.
        """
        by_partition: dict[tuple[str, int], list[OutboundRecord]] = {}
        for record in records:
            by_partition.setdefault((record.topic, record.partition), []).append(record)
        failures: list[OutsideAwayError | OutsideRefusesError] = []
        written: list[tuple[str, int, Awaitable[object]]] = []
        for (topic, partition), found in by_partition.items():
            with _collected(failures, topic, partition):
                sent = await self._send(topic, partition, found)
                written += [(topic, partition, acknowledgement) for acknowledgement in sent]
        for topic, partition, acknowledgement in written:
            with _collected(failures, topic, partition):
                await acknowledgement
        # What is away may come back; this producer cannot after a refusal.
        for failure in sorted(failures, key=lambda found: isinstance(found, OutsideAwayError)):
            raise failure

    async def _send(
        self, topic: str, partition: int, records: Sequence[OutboundRecord]
    ) -> list[Awaitable[object]]:
        producer = self._producer
        if producer is None:
            raise OutsideAwayError("the producer is not connected")
        if (topic, partition) not in self._known and not await has_partition(
            producer, topic, partition
        ):
            message = (
                f"topic {topic} has no partition {partition}; "
                "give every topic of the service as many partitions as orders.commands has"
            )
            raise OutsideAwayError(message)
        self._known.add((topic, partition))
        acknowledgements: list[Awaitable[object]] = []
        for batch in _batches(producer, records):
            self._guard()
            acknowledgements.append(await producer.send_batch(batch, topic, partition=partition))
        return acknowledgements


@contextmanager
def _collected(
    failures: list[OutsideAwayError | OutsideRefusesError], topic: str, partition: int
) -> Iterator[None]:
    """Go on with the other partitions, and keep what failed as one of the two that callers know."""
    try:
        yield
    except (OutsideAwayError, OutsideRefusesError) as error:
        failures.append(error)
    except KafkaError as error:
        failures.append(away_or_refuses(error, topic, partition))


def away_or_refuses(
    error: KafkaError, topic: str, partition: int
) -> OutsideAwayError | OutsideRefusesError:
    """Whether a write that failed may be tried again by this producer, and why it failed."""
    if isinstance(error, _AWAY):
        return OutsideAwayError(f"Kafka does not take records of {topic}: {error!r}")
    if isinstance(error, TopicAuthorizationFailedError):
        return OutsideRefusesError(f"this user lacks a right at Kafka: Write on topic {topic}")
    message = f"Kafka refuses records of {topic} partition {partition}: {error!r}"
    return OutsideRefusesError(message)


def _batches(producer: AIOKafkaProducer, records: Sequence[OutboundRecord]) -> list[BatchBuilder]:
    """The records in as few batches as they fit into, in order."""
    batches: list[BatchBuilder] = []
    for record in records:
        if not batches or not _append(batches[-1], record):
            batches.append(producer.create_batch())
            _append(batches[-1], record)
    return batches


def _append(batch: BatchBuilder, record: OutboundRecord) -> bool:
    """Whether the record found room in the batch; a first record always does."""
    appended = batch.append(
        timestamp=record.timestamp,
        key=record.key,
        value=record.value,
        # Its C code takes nothing but a list.
        headers=record.headers if isinstance(record.headers, list) else list(record.headers),
    )
    return appended is not None
