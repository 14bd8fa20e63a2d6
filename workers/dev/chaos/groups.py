"""The service's consumer groups: where they stand, and how they are set back to the beginning."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaError

from workers.dev.chaos.waiting import NotMadeError
from workers.dev.following import partitions_of
from workers.dev.verifying.kafka import READ_BY, committed
from workers.stream.connection import client_arguments
from workers.stream.ports import OutsideAwayError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from workers.dev.verifying.kafka import Topics
    from workers.settings import Settings

_PAUSE_SECONDS: Final = 0.5
_SET_BACK_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True)
class Group:
    """A consumer group and what it reads."""

    name: str
    topics: tuple[str, ...]


GROUPS: Final[Mapping[str, Group]] = {
    name.removeprefix("oms-"): Group(name, topics) for name, topics in READ_BY.items()
}
"""The group of each kind of worker."""


async def set_back(settings: Settings, group: Group) -> None:
    """Have a group without members begin at the beginning of its topics.

    Raises:
        NotMadeError: the group still has members, or Kafka is away, for too long.
    """
    deadline = time.monotonic() + _SET_BACK_SECONDS
    while True:
        try:
            await _set_back(settings, group)
        except (KafkaError, OutsideAwayError) as error:
            if time.monotonic() > deadline:
                raise NotMadeError(f"{group.name} could not be set back: {error!r}") from error
            await asyncio.sleep(_PAUSE_SECONDS)
        else:
            return


async def _set_back(settings: Settings, group: Group) -> None:
    consumer = AIOKafkaConsumer(
        **client_arguments(settings), group_id=group.name, enable_auto_commit=False
    )
    await consumer.start()
    try:
        partitions = await partitions_of(settings, group.topics)
        consumer.assign(partitions)
        await consumer.commit(dict.fromkeys(partitions, 0))
    finally:
        await consumer.stop()


async def lag(settings: Settings, topics: Topics) -> int:
    """How many records the groups have before them.

    Raises:
        KafkaError, OutsideAwayError: Kafka does not answer now.
    """
    read = [topic for group in GROUPS.values() for topic in group.topics]
    places = [(place.topic, place.partition) for place in await partitions_of(settings, read)]
    # In this order: what is written in between is then unread, and not read before it was there.
    positions, ends = await committed(settings), await topics.ends(places)
    return sum(end - positions.get(place, 0) for place, end in ends.items())
