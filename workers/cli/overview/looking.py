"""Takes readings of the service from Kafka and MongoDB, over connections that stay open."""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

from workers.cli.checks.kafka import WORKERS
from workers.cli.failures import FailedError
from workers.cli.mongo import database_that_answers
from workers.cli.overview.orders import OrderCounts
from workers.cli.overview.reading import DEAD_LETTERS, SHOWN, Reading
from workers.dev.following import partitions_of
from workers.dev.verifying.kafka import committed_by, connected_topics
from workers.stream.times import SystemClock
from workers.stream.topic_admin import admin_client

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from aiokafka.admin import AIOKafkaAdminClient

    from workers.cli.overview.reading import Place
    from workers.dev.verifying.kafka import Topics
    from workers.settings import Settings

_MEMBERS: Final = -1
"""The last part of what Kafka tells of a group is who is in it."""


class Looker:
    """Looks at the service; made by `looking`."""

    def __init__(
        self,
        topics: Topics,
        client: AIOKafkaAdminClient,
        counts: OrderCounts,
        starts: Mapping[Place, int],
    ) -> None:
        """Look at the partitions of `starts`, which has the first offset of each."""
        self._topics = topics
        self._client = client
        self._counts = counts
        self._starts = starts
        self._clock = SystemClock()

    async def look(self) -> Reading:
        """One reading.

        Raises:
            OutsideAwayError, KafkaError: Kafka or MongoDB does not answer.
        """
        now = self._clock.now()
        ends, committed, members, statuses, waiting = await asyncio.gather(
            self._topics.ends(list(self._starts)),
            committed_by(self._client),
            self._members(),
            self._counts.statuses(),
            self._counts.waiting(now),
        )
        # What was never committed is read from its first record on.
        return Reading(
            time.monotonic(), now, ends, {**self._starts, **committed}, members, statuses, waiting
        )

    async def _members(self) -> dict[str, int]:
        """How many workers of each name have joined their group."""
        described = [
            await self._client.describe_consumer_groups([f"oms-{name}"]) for name in WORKERS
        ]
        return {
            name: len(response.groups[0][_MEMBERS])
            for name, [response] in zip(WORKERS, described, strict=True)
        }


@asynccontextmanager
async def looking(settings: Settings) -> AsyncIterator[Looker]:
    """Somebody who looks at the service, with all connections open.

    Raises:
        FailedError: the topics are missing.
        OutsideAwayError, KafkaError: Kafka or MongoDB does not answer.
    """
    places = await _places(settings)
    async with (
        connected_topics(settings) as topics,
        admin_client(settings) as client,
        database_that_answers(settings) as database,
    ):
        starts = await topics.starts(places)
        yield Looker(topics, client, OrderCounts(database), starts)


async def _places(settings: Settings) -> Sequence[Place]:
    wanted = (*SHOWN, *DEAD_LETTERS)
    found = await partitions_of(settings, wanted)
    missing = set(wanted) - {partition.topic for partition in found}
    if missing:
        names = ", ".join(sorted(missing))
        raise FailedError(f"Topics are missing: {names}. Create them with: oms topics create")
    return [(partition.topic, partition.partition) for partition in found]
