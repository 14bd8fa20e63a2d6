"""Copies of results for clients' own reply topics.

They never hold anything up: they go through a plain producer of their own, with a deadline, and
only to topics and partitions that the broker is known to have. A client that missed its copy
sends its command again, with the same id, and gets it.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from workers.logs import words_of
from workers.stream.connection import client_arguments, has_partition, start_producer
from workers.stream.ports import OutsideAwayError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workers.settings import Settings
    from workers.stream.ports import CopyRecord

_log = structlog.get_logger()

_REFRESH_SECONDS = 0.25
_MOST_WAITING = 10_000
_BATCH_BYTES = 500_000


class ReplyCopies:
    """Sends copies to topics that exist, and gives up on the others after the deadline."""

    def __init__(self, settings: Settings) -> None:
        """Connect on `start`."""
        self._settings = settings
        self._producer: AIOKafkaProducer | None = None
        self._topics: frozenset[str] = frozenset()
        self._refreshing: asyncio.Task[None] | None = None
        self._waiting = 0
        self.not_sent = 0
        """Copies that were given up so far."""

    async def start(self) -> None:
        """Connect.

        Raises:
            OutsideAwayError: no broker answers.
        """
        producer = AIOKafkaProducer(
            **client_arguments(self._settings),
            acks=1,
            linger_ms=0,
            enable_idempotence=False,
            max_batch_size=_BATCH_BYTES,
        )
        await start_producer(producer, self._settings)
        self._producer = producer

    async def stop(self) -> None:
        """Disconnect; copies still waiting for their topic are given up."""
        if self._refreshing is not None:
            self._refreshing.cancel()
        if self._producer is not None:
            await self._producer.stop()
            self._producer = None

    async def send(self, copies: Sequence[CopyRecord]) -> None:
        """Send all copies side by side, each within the deadline."""
        await asyncio.gather(*(self._send_within_deadline(copy) for copy in copies))

    async def _send_within_deadline(self, copy: CopyRecord) -> None:
        try:
            async with asyncio.timeout(self._settings.copy_timeout):
                await self._await_topic(copy.topic)
                await self._send(copy)
        except TimeoutError:
            known = copy.topic in self._topics
            reason = "not acknowledged in time" if known else "no such topic in time"
            self._give_up(copy, reason)
        except (KafkaError, OutsideAwayError) as error:
            self._give_up(copy, words_of(error))

    def _give_up(self, copy: CopyRecord, reason: str) -> None:
        self.not_sent += 1
        _log.info("copy_not_sent", reply_topic=copy.topic, reason=reason)

    async def _await_topic(self, topic: str) -> None:
        """Return when the topic is known.

        Raises:
            TimeoutError: so many copies wait for unknown topics that this one must not.
        """
        if topic in self._topics:
            return
        if self._waiting >= _MOST_WAITING:
            raise TimeoutError
        self._waiting += 1
        try:
            await self._refresh_once()
            while topic not in self._topics:
                await asyncio.sleep(_REFRESH_SECONDS)
                await self._refresh_once()
        finally:
            self._waiting -= 1

    async def _refresh_once(self) -> None:
        """One refresh for all that wait."""
        if self._refreshing is None or self._refreshing.done():
            self._refreshing = asyncio.create_task(self._refresh())
        await asyncio.shield(self._refreshing)

    async def _refresh(self) -> None:
        """Ask for all topics at once, so that naming a missing one creates and blocks nothing."""
        if self._producer is None:
            return
        try:
            cluster = await self._producer.client.fetch_all_metadata()
        except KafkaError:
            # Whoever waits asks again, until the deadline.
            return
        self._topics = frozenset(cluster.topics())

    async def _send(self, copy: CopyRecord) -> None:
        if self._producer is None:
            return
        partition = copy.partition
        if partition is not None and not await has_partition(self._producer, copy.topic, partition):
            partition = None
        await self._producer.send_and_wait(
            copy.topic,
            key=copy.key,
            value=copy.value,
            headers=list(copy.headers),
            partition=partition,
        )
