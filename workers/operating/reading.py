"""Reads dead letters: all of them without their values, or one as it lies on its topic."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workers.dev.following import partitions_of
from workers.dev.verifying.kafka import connected_topics
from workers.operating.letters import Letters
from workers.stream.ports import OutsideAwayError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Sequence

    from workers.dev.verifying.report import Progress
    from workers.operating.choosing import Choice
    from workers.operating.letters import Letter
    from workers.settings import Settings
    from workers.stream.ports import InboundRecord


async def read_letters(settings: Settings, choice: Choice, told: Progress) -> Letters:
    """The letters that are meant, open and settled.

    Raises:
        OutsideAwayError: no broker answers, or a topic is missing.
        KafkaError: the broker does not let read.
    """
    letters = Letters(choice.fits)
    partitions = await partitions_of(settings, choice.topics)
    missing = set(choice.topics) - {partition.topic for partition in partitions}
    if missing:
        names = ", ".join(sorted(missing))
        message = f"Topics are missing: {names}. Create them with: oms topics create"
        raise OutsideAwayError(message)
    places = [(partition.topic, partition.partition) for partition in partitions]
    async with connected_topics(settings) as topics:
        starts, ends = await topics.starts(places), await topics.ends(places)
        told.begin("Reading dead letters", sum(ends.values()) - sum(starts.values()))
        async for records in topics.read(places, starts, ends):
            for record in records:
                letters.take(record)
            told.advance(len(records))
    return letters


async def hand_over(
    settings: Settings,
    letters: Collection[Letter],
    take: Callable[[Sequence[InboundRecord]], Awaitable[None]],
) -> None:
    """Hand the records of these letters over as they lie on their topics, some at a time.

    Those of one partition come in their order.

    Raises:
        OutsideAwayError: no broker answers.
        KafkaError: the broker does not let read.
    """
    wanted = {letter.lies_at for letter in letters}
    starts: dict[tuple[str, int], int] = {}
    ends: dict[tuple[str, int], int] = {}
    for topic, partition, offset in wanted:
        place = (topic, partition)
        starts[place] = min(offset, starts.get(place, offset))
        ends[place] = max(offset + 1, ends.get(place, 0))
    async with connected_topics(settings) as topics:
        async for records in topics.read(sorted(starts), starts, ends):
            await take([r for r in records if (r.topic, r.partition, r.offset) in wanted])
