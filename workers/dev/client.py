"""A client of the service: sends commands in the contract's envelope.

What `oms send`, the demo and the tests use; also an example of how a client is written.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import orjson
from aiokafka import AIOKafkaProducer
from uuid_utils import uuid7

from schemas import headers as names
from schemas.topics import COMMANDS
from workers.stream.codec import encode_headers
from workers.stream.connection import client_arguments
from workers.stream.ports import OutsideAwayError
from workers.stream.times import SystemClock, rfc3339
from workers.stream.topic_admin import missing_topics

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping, Sequence

    from schemas.commands import CommandType
    from schemas.headers import ReplyAddress
    from workers.settings import Settings

DEFAULT_SOURCE: Final = "/oms-cli"
_AT_ONCE: Final = 1_000


def new_id() -> str:
    """A new id for an order or a command; later ones sort after earlier ones."""
    return str(uuid7())


@dataclass(frozen=True, slots=True)
class CommandToSend:
    """A command; `source` and `id` together make it the same command when it is sent again.

    `reply` is where a copy of its result is wanted.
    """

    type: CommandType
    order_id: str
    data: Mapping[str, Any]
    id: str = field(default_factory=new_id)
    source: str = DEFAULT_SOURCE
    reply: ReplyAddress | None = None


def command_headers(command: CommandToSend, milliseconds: int) -> list[tuple[str, bytes]]:
    """The record headers of a command that is sent at this time (since 1970)."""
    headers = encode_headers(
        event_id=command.id,
        source=command.source.encode(),
        event_type=command.type.value,
        time=rfc3339(milliseconds).encode(),
        subject=command.order_id,
        correlation_id=None,
        causation_id=None,
    )
    reply = command.reply
    if reply is None:
        return headers
    headers.append((names.REPLY_TOPIC, reply.topic.encode()))
    if reply.partition is not None:
        headers.append((names.REPLY_PARTITION, str(reply.partition).encode()))
    if reply.correlation is not None:
        headers.append((reply.correlation_name, reply.correlation))
    return headers


class CommandSender:
    """Writes commands to `orders.commands`; every one is acknowledged by all replicas."""

    def __init__(self, producer: AIOKafkaProducer) -> None:
        """Use a started producer."""
        self._producer = producer
        self._clock = SystemClock()

    async def send(
        self,
        commands: Sequence[CommandToSend],
        on_sent: Callable[[int], None] = lambda _count: None,
    ) -> None:
        """Send all in their order; `on_sent` is told how many more are acknowledged.

        Raises:
            KafkaError: the broker does not take a command; later ones may not have been sent.
        """
        for first in range(0, len(commands), _AT_ONCE):
            some = commands[first : first + _AT_ONCE]
            acknowledgements = [await self._begin(command) for command in some]
            await asyncio.gather(*acknowledgements)
            on_sent(len(some))

    async def _begin(self, command: CommandToSend) -> asyncio.Future[Any]:
        acknowledgement: asyncio.Future[Any] = await self._producer.send(
            COMMANDS,
            key=command.order_id.encode(),
            value=orjson.dumps(command.data),
            headers=command_headers(command, self._clock.now()),
        )
        return acknowledgement


@asynccontextmanager
async def command_sender(settings: Settings) -> AsyncIterator[CommandSender]:
    """A connected sender.

    Raises:
        OutsideAwayError: no broker answers, or the topic of commands is missing.
        KafkaConnectionError: no broker answers any more.
    """
    if await missing_topics(settings, [COMMANDS]):
        message = f"The topic {COMMANDS} is missing. Create the topics with: oms topics create"
        raise OutsideAwayError(message)
    producer = AIOKafkaProducer(
        **client_arguments(settings), enable_idempotence=True, acks="all", linger_ms=0
    )
    try:
        await producer.start()
        yield CommandSender(producer)
    finally:
        await producer.stop()
