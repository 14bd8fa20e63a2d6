"""Writes outputs: whole record batches, idempotent, every one acknowledged before it returns.

A producer of our own, for Faust's flush hides errors and its sends go one by one.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Literal

from aiokafka import AIOKafkaProducer
from aiokafka.errors import (
    KafkaConnectionError,
    KafkaError,
    KafkaTimeoutError,
    RequestTimedOutError,
)

from workers.stream.connection import client_arguments, has_partition, start_producer
from workers.stream.ports import OutsideAwayError, OutsideRefusesError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from aiokafka.producer.message_accumulator import BatchBuilder

    from workers.settings import Settings
    from workers.stream.ports import OutboundRecord

_BATCH_BYTES = 900_000
_AWAY = (KafkaConnectionError, KafkaTimeoutError, RequestTimedOutError)


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
        writes = [self._write(*where, found) for where, found in by_partition.items()]
        outcomes = await asyncio.gather(*writes, return_exceptions=True)
        failures = [outcome for outcome in outcomes if isinstance(outcome, BaseException)]
        # What is away may come back; this producer cannot after a refusal.
        for failure in sorted(failures, key=lambda found: isinstance(found, OutsideAwayError)):
            raise failure

    async def _write(self, topic: str, partition: int, records: Sequence[OutboundRecord]) -> None:
        if self._producer is None:
            raise OutsideAwayError("the producer is not connected")
        try:
            await self._send(self._producer, topic, partition, records)
        except _AWAY as error:
            message = f"Kafka does not take records of {topic}: {error!r}"
            raise OutsideAwayError(message) from error
        except KafkaError as error:
            message = f"Kafka refuses records of {topic} partition {partition}: {error!r}"
            raise OutsideRefusesError(message) from error

    async def _send(
        self,
        producer: AIOKafkaProducer,
        topic: str,
        partition: int,
        records: Sequence[OutboundRecord],
    ) -> None:
        if not await has_partition(producer, topic, partition):
            message = (
                f"topic {topic} has no partition {partition}; "
                "give every topic of the service as many partitions as orders.commands has"
            )
            raise OutsideAwayError(message)
        acknowledgements = []
        for batch in _batches(producer, records):
            self._guard()
            acknowledgements.append(await producer.send_batch(batch, topic, partition=partition))
        for acknowledgement in acknowledgements:
            await acknowledgement


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
        headers=list(record.headers),
    )
    return appended is not None
