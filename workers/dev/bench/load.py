"""The orders that are measured, and how they are sent: all at once, or held back until told."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

import orjson
from aiokafka import AIOKafkaProducer

from schemas.commands import CommandType
from schemas.topics import COMMANDS
from workers.dev.client import CommandToSend, command_headers
from workers.stream.connection import client_arguments
from workers.stream.times import SystemClock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping, Sequence
    from random import Random

    from workers.settings import Settings

CUSTOMERS: Final = 1_000
PRODUCTS: Final = 100
LINES: Final = 2
_MOST_PIECES: Final = 3
_SOURCE: Final = "/oms-bench"
_AT_ONCE: Final = 1_000
_TRANSACTION_MILLISECONDS: Final = 600_000


@dataclass(slots=True)
class OrderSource:
    """Makes orders that differ; customers and products are the same for the same seed."""

    chance: Random

    def creates(self, count: int) -> list[CommandToSend]:
        """So many creates, each of two products."""
        return [self._create() for _ in range(count)]

    def _create(self) -> CommandToSend:
        products = [
            {"productId": f"p{number}", "quantity": self.chance.randint(1, _MOST_PIECES)}
            for number in self.chance.sample(range(PRODUCTS), LINES)
        ]
        data = {"customerId": f"c{self.chance.randrange(CUSTOMERS)}", "products": products}
        return _command(CommandType.CREATE, str(uuid4()), data)


def update_shipping(order_id: str, number: int) -> CommandToSend:
    """A change of the order's shipping, to a tracking number of its own."""
    data = {"company": "DHL", "trackingNumber": f"T{number:08}"}
    return _command(CommandType.UPDATE_SHIPPING, order_id, data)


def _command(kind: CommandType, order_id: str, data: Mapping[str, Any]) -> CommandToSend:
    return CommandToSend(kind, order_id, data, str(uuid4()), _SOURCE)


async def begin_send(producer: AIOKafkaProducer, command: CommandToSend) -> asyncio.Future[Any]:
    """Hand a command to the producer; the future is done once it is acknowledged."""
    acknowledgement: asyncio.Future[Any] = await producer.send(
        COMMANDS,
        key=command.order_id.encode(),
        value=orjson.dumps(command.data),
        headers=command_headers(command, SystemClock().now()),
    )
    return acknowledgement


@asynccontextmanager
async def plain_producer(settings: Settings) -> AsyncIterator[AIOKafkaProducer]:
    """A producer that sends at once.

    Raises:
        KafkaError: the broker does not answer.
    """
    producer = AIOKafkaProducer(
        **client_arguments(settings), enable_idempotence=True, acks="all", linger_ms=0
    )
    async with producer:
        yield producer


@asynccontextmanager
async def held_back(
    settings: Settings, commands: Sequence[CommandToSend], on_sent: Callable[[int], None]
) -> AsyncIterator[None]:
    """All commands are in their topic when the block begins, and can be read when it ends.

    They are one transaction, so that workers that read what is committed find the whole backlog
    in one moment, with nobody writing any more.
    """
    producer = AIOKafkaProducer(
        **client_arguments(settings),
        transactional_id=f"oms-bench-{commands[0].order_id}",
        transaction_timeout_ms=_TRANSACTION_MILLISECONDS,
        linger_ms=5,
    )
    async with producer, producer.transaction():
        for first in range(0, len(commands), _AT_ONCE):
            some = commands[first : first + _AT_ONCE]
            await asyncio.gather(*[await begin_send(producer, command) for command in some])
            on_sent(len(some))
        yield
