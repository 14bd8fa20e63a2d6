"""Results from `orders.results`, which has all of them: for a client that waits for many."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import orjson

from schemas.topics import RESULTS
from workers.dev.following import Start, follow, next_records, partitions_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from aiokafka import AIOKafkaConsumer

    from workers.dev.client import CommandToSend
    from workers.settings import Settings

Key = tuple[str | None, str, str]
"""Order id, source and id of a command."""


@dataclass(slots=True)
class ResultsReader:
    """Picks the results of this client's commands out of everybody's."""

    consumer: AIOKafkaConsumer
    wanted: dict[Key, list[int]] = field(default_factory=dict)

    def address(self, commands: Sequence[CommandToSend]) -> Sequence[CommandToSend]:
        """The commands as they are: their results come to this topic in any case."""
        for number, command in enumerate(commands):
            key = (command.order_id, command.source, command.id)
            self.wanted.setdefault(key, []).append(number)
        return commands

    async def arrived(self) -> list[tuple[int, bytes]]:
        """The results that came since the last call, each with its command's position."""
        values = [record.value or b"" for record in await next_records(self.consumer)]
        return [(number, value) for value in values for number in self._numbers(value)]

    def _numbers(self, value: bytes) -> list[int]:
        result = orjson.loads(value)
        command = result["command"]
        return self.wanted.get((result.get("orderId"), command["source"], command["id"]), [])


@asynccontextmanager
async def open_results(settings: Settings) -> AsyncIterator[ResultsReader]:
    """A reader of every result from now on.

    Raises:
        OutsideAwayError, KafkaError: Kafka does not answer, or says no.
    """
    places = await partitions_of(settings, [RESULTS])
    async with follow(settings, places, Start.NOW) as consumer:
        yield ResultsReader(consumer)
