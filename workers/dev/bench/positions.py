"""Where topics end, and the records between two such places."""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from aiokafka import AIOKafkaConsumer, TopicPartition

from workers.dev.errors import StackError
from workers.dev.following import partitions_of
from workers.stream.connection import client_arguments

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from workers.settings import Settings
    from workers.stream.ports import InboundRecord

Ends = dict[TopicPartition, int]
"""The next offset of each partition of a topic."""

_SILENCE_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic's partitions, and a consumer to ask about them."""

    consumer: AIOKafkaConsumer
    name: str
    places: tuple[TopicPartition, ...]

    async def ends(self) -> Ends:
        """Where it ends now."""
        found: Ends = await self.consumer.end_offsets(self.places)
        return found

    async def grown(
        self,
        since: Ends,
        records: int,
        check: Callable[[], None],
        poll: float,
        on_growth: Callable[[int], None],
    ) -> None:
        """Return once it has so many more records, looking each `poll` seconds.

        `on_growth` is told how many more there are.

        Raises:
            StackError: nothing has come for a minute; also what `check` raises.
        """
        known, heard = 0, time.monotonic()
        while True:
            count = _distance(await self.ends(), since)
            if count > known:
                on_growth(count - known)
                known, heard = count, time.monotonic()
            if count >= records:
                return
            check()
            if time.monotonic() - heard > _SILENCE_SECONDS:
                raise StackError(
                    f"{self.name} has {count} of {records} records, and for "
                    f"{_SILENCE_SECONDS:.0f} s none has come."
                )
            await asyncio.sleep(poll)

    async def between(self, first: Ends, last: Ends) -> list[InboundRecord]:
        """The records from `first` up to `last`, in order for each partition."""
        wanted = {place: end for place, end in last.items() if end > first[place]}
        if not wanted:
            return []
        self.consumer.assign(list(wanted))
        for place in wanted:
            self.consumer.seek(place, first[place])
        found: list[InboundRecord] = []
        while any([await self.consumer.position(p) < end for p, end in wanted.items()]):
            for place, records in (await self.consumer.getmany(timeout_ms=200)).items():
                found += [record for record in records if record.offset < wanted[place]]
        self.consumer.unsubscribe()  # or it would go on fetching beside what is measured
        return found


def _distance(ends: Ends, since: Ends) -> int:
    return sum(end - since[place] for place, end in ends.items())


@asynccontextmanager
async def open_topic(settings: Settings, name: str) -> AsyncIterator[Topic]:
    """A topic to ask about.

    Raises:
        OutsideAwayError, KafkaError: Kafka does not answer, or says no.
    """
    places = await partitions_of(settings, [name])
    consumer: Any = AIOKafkaConsumer(
        **client_arguments(settings), auto_offset_reset="earliest", isolation_level="read_committed"
    )
    async with consumer:
        yield Topic(consumer, name, tuple(places))
