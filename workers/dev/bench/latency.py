"""Latency at a fixed rate: commands are due at set times, however long the answers take."""

from __future__ import annotations

import asyncio
import gc
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from aiokafka import AIOKafkaConsumer

from schemas import headers as names
from schemas.topics import RESULTS
from workers.dev.bench.figures import Latency, Spent
from workers.dev.bench.load import begin_send, plain_producer
from workers.dev.bench.usage import difference, processor_seconds
from workers.dev.errors import StackError
from workers.dev.following import partitions_of
from workers.stream.connection import client_arguments

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

    from workers.dev.bench.ground import Ground
    from workers.dev.client import CommandToSend
    from workers.settings import Settings

_FETCH_WAIT_MILLISECONDS: Final = 10
_POLL_MILLISECONDS: Final = 100
_PATIENCE_SECONDS: Final = 60.0
_LOOK_SECONDS: Final = 0.05
_MILLISECONDS: Final = 1_000.0


@dataclass(slots=True)
class Arrivals:
    """When the result of each command came, by command id; by this process's steady clock."""

    at: dict[str, float] = field(default_factory=dict)

    async def gather(self, consumer: AIOKafkaConsumer) -> None:
        """Note what comes, until cancelled."""
        while True:
            found = await consumer.getmany(timeout_ms=_POLL_MILLISECONDS)
            now = time.monotonic()
            for records in found.values():
                for record in records:
                    command = dict(record.headers)[names.CORRELATION_ID].decode()
                    self.at.setdefault(command, now)


async def at_a_rate(
    ground: Ground,
    commands: Sequence[CommandToSend],
    rate: float,
    warm_up: int,
    on_sent: Callable[[int], None],
) -> Latency:
    """Send the commands at so many a second; the first `warm_up` are not counted.

    A command that is sent late, for the one before held it up, has been waiting since it was due.

    Raises:
        StackError: a result is missing a minute after the last command, or a worker has ended.
    """
    gc.freeze()  # or collecting what was measured before shows as latency
    before = processor_seconds(ground.parts)
    async with _arrivals(ground.settings) as arrivals:
        due = await _send_when_due(ground.settings, commands, rate, on_sent)
        await _all_arrived(arrivals, commands, ground.check)
    used = difference(processor_seconds(ground.parts), before)
    waits = [
        _MILLISECONDS * (arrivals.at[command.id] - due_at)
        for command, due_at in zip(commands, due, strict=True)
    ]
    return Latency(rate, waits[warm_up:], Spent(len(commands), used))


async def _send_when_due(
    settings: Settings,
    commands: Sequence[CommandToSend],
    rate: float,
    on_sent: Callable[[int], None],
) -> list[float]:
    """When each command was due."""
    async with plain_producer(settings) as producer:
        begun = time.monotonic()
        due = [begun + number / rate for number in range(len(commands))]
        sent = []
        for command, due_at in zip(commands, due, strict=True):
            await asyncio.sleep(max(0.0, due_at - time.monotonic()))
            sent.append(await begin_send(producer, command))
            on_sent(1)
        await asyncio.gather(*sent)
    return due


async def _all_arrived(
    arrivals: Arrivals, commands: Sequence[CommandToSend], check: Callable[[], None]
) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while missing := [command for command in commands if command.id not in arrivals.at]:
        check()
        if time.monotonic() > deadline:
            raise StackError(
                f"{len(missing)} of {len(commands)} commands have no result "
                f"{_PATIENCE_SECONDS:.0f} s after the last was sent; one is {missing[0].id} "
                f"of order {missing[0].order_id}."
            )
        await asyncio.sleep(_LOOK_SECONDS)


@asynccontextmanager
async def _arrivals(settings: Settings) -> AsyncIterator[Arrivals]:
    """What comes to the topic of results from now on, until the end of the block."""
    places = await partitions_of(settings, [RESULTS])
    consumer: Any = AIOKafkaConsumer(
        **client_arguments(settings), fetch_max_wait_ms=_FETCH_WAIT_MILLISECONDS
    )
    async with consumer:
        consumer.assign(places)
        await consumer.seek_to_end()
        for place in places:
            await consumer.position(place)
        arrivals = Arrivals()
        gathering = asyncio.create_task(arrivals.gather(consumer))
        try:
            yield arrivals
        finally:
            gathering.cancel()
