"""Measures a backlog: all commands become readable at once, and the last result ends it."""

from __future__ import annotations

import time
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from schemas.topics import EVENTS, RESULTS
from workers.dev.bench.figures import Spent, Throughput
from workers.dev.bench.load import held_back
from workers.dev.bench.positions import open_topic
from workers.dev.bench.usage import busy_seconds, difference, processor_seconds, watched_memory

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from workers.dev.bench.ground import Ground
    from workers.dev.bench.plan import Screen
    from workers.dev.bench.positions import Ends, Topic
    from workers.dev.client import CommandToSend

_MILLISECONDS: Final = 1_000.0
_POLL_SECONDS: Final = 0.1
_SHORTEST_SECONDS: Final = 0.001


@dataclass(frozen=True, slots=True)
class Field:
    """A ground with its events and results open."""

    ground: Ground
    events: Topic
    results: Topic


@asynccontextmanager
async def open_field(ground: Ground) -> AsyncIterator[Field]:
    """Open the topics by which the work is followed.

    Raises:
        OutsideAwayError, KafkaError: Kafka does not answer, or says no.
    """
    async with (
        open_topic(ground.settings, EVENTS) as events,
        open_topic(ground.settings, RESULTS) as results,
    ):
        yield Field(ground, events, results)


async def work_off(
    field: Field, commands: Sequence[CommandToSend], what: str, screen: Screen
) -> Throughput:
    """Have all commands handled; each brings one result.

    Processor time is counted from when the backlog can be read, and seconds from its first event.

    Raises:
        StackError: no result has come for a minute, or a worker has ended.
    """
    ground = field.ground
    events, results = await field.events.ends(), await field.results.ends()
    async with held_back(
        ground.settings, commands, screen.begin(f"{what}: sending", len(commands))
    ):
        before, busy, begun = processor_seconds(ground.parts), busy_seconds(), time.monotonic()
    async with watched_memory(ground.parts) as memory:
        bar = screen.begin(f"{what}: results", len(commands))
        await field.results.grown(results, len(commands), ground.check, _POLL_SECONDS, bar)
        used = difference(processor_seconds(ground.parts), before)
        others = busy_seconds() - busy - sum(used.values())
        others_cores = max(0.0, others / (time.monotonic() - begun))
    seconds = await _seconds(field, events, results)
    return Throughput(seconds, Spent(len(commands), used), memory.highest, others_cores)


async def _seconds(field: Field, events: Ends, results: Ends) -> float:
    """From the first event to the last result, by the times of the records."""
    first = await field.events.between(events, await field.events.ends())
    last = await field.results.between(results, await field.results.ends())
    begun = min(record.timestamp for record in first)
    ended = max(record.timestamp for record in last)
    return max(_SHORTEST_SECONDS, (ended - begun) / _MILLISECONDS)
