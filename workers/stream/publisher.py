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

from workers.stream.connection import client_arguments
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
        try:
            await producer.start()
        except KafkaConnectionError as error:
            await producer.stop()
            raise OutsideAwayError(str(error)) from error
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
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome

    async def _write(self, topic: str, partition: int, records: Sequence[OutboundRecord]) -> None:
        if self._producer is None:
            raise OutsideAwayError("the producer is not connected")
        producer = self._producer
        acknowledgements = []
        batch = producer.create_batch()
        try:
            for record in records:
                if not _append(batch, record):
                    self._guard()
                    acknowledgements.append(
                        await producer.send_batch(batch, topic, partition=partition)
                    )
                    batch = producer.create_batch()
                    _append(batch, record)
            self._guard()
            acknowledgements.append(await producer.send_batch(batch, topic, partition=partition))
            for acknowledgement in acknowledgements:
                await acknowledgement
        except _AWAY as error:
            message = f"Kafka does not take records of {topic}: {error!r}"
            raise OutsideAwayError(message) from error
        except KafkaError as error:
            message = f"Kafka refuses records of {topic} partition {partition}: {error!r}"
            raise OutsideRefusesError(message) from error


def _append(batch: BatchBuilder, record: OutboundRecord) -> bool:
    """Whether the record found room in the batch; a first record always does."""
    appended = batch.append(
        timestamp=record.timestamp,
        key=record.key,
        value=record.value,
        headers=list(record.headers),
    )
    return appended is not None
