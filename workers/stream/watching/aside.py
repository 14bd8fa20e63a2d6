"""A look at Kafka from aside, every few seconds: whether it answers, and what waits there.

A worker that has nothing to do would not notice that Kafka is away, and one whose fetching has
died would take it that there is nothing to do. The look goes over a connection of its own.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaError

from workers.stream.connection import client_arguments, kafka_away

if TYPE_CHECKING:
    from collections.abc import Collection

    from faust.types import TP

    from workers.settings import Settings

_ANSWER_SECONDS: Final = 10.0


class KafkaFromAside:
    """Asks Kafka where partitions end."""

    def __init__(self, settings: Settings) -> None:
        """Connect with the first question."""
        self._settings = settings
        self._client: AIOKafkaConsumer | None = None

    async def ends(self, partitions: Collection[TP]) -> dict[TP, int]:
        """The offset after the last record of each that may be read.

        Raises:
            OutsideAwayError: Kafka did not answer within ten seconds.
        """
        try:
            async with asyncio.timeout(_ANSWER_SECONDS):
                client = await self._connected()
                if not partitions:
                    await client.topics()
                    return {}
                return dict(await client.end_offsets(partitions))
        except (KafkaError, TimeoutError) as error:
            raise kafka_away(self._settings) from error

    async def stop(self) -> None:
        """Disconnect."""
        client, self._client = self._client, None
        if client is not None:
            await client.stop()

    async def _connected(self) -> AIOKafkaConsumer:
        if self._client is None:
            client = AIOKafkaConsumer(
                **client_arguments(self._settings), isolation_level="read_committed"
            )
            try:
                await client.start()
            except BaseException:
                await client.stop()
                raise
            self._client = client
        return self._client
