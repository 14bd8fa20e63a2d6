"""Sends commands and waits for their results on a reply topic of the client's own."""

from __future__ import annotations

import asyncio
import random
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final
from uuid import uuid4

from aiokafka import TopicPartition
from aiokafka.admin import NewTopic
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, for_code

from schemas import headers as names
from schemas.headers import ReplyAddress
from schemas.topics import OWN_TOPICS
from workers.dev.client import CommandToSend, command_sender
from workers.dev.following import Start, follow, partitions_of
from workers.stream.topic_admin import admin_client

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

    from aiokafka import AIOKafkaConsumer

    from workers.settings import Settings

_POLL_MILLISECONDS: Final = 100
_KEPT_MILLISECONDS: Final = 60 * 60 * 1000


class NoReplyTopicError(Exception):
    """The reply topic cannot be used; the text is a sentence that says why."""


@dataclass(slots=True)
class Inbox:
    """The place on a reply topic where this client's results arrive."""

    consumer: AIOKafkaConsumer
    place: TopicPartition
    token: str

    def address(self, number: int) -> ReplyAddress:
        """Where the result of the command of this number is to go."""
        correlation = f"{self.token}/{number}".encode()
        return ReplyAddress(
            self.place.topic, self.place.partition, names.REPLY_CORRELATION, correlation
        )

    async def arrived(self) -> list[tuple[int, bytes]]:
        """The results that came since the last call, each with the number of its command."""
        found = await self.consumer.getmany(timeout_ms=_POLL_MILLISECONDS)
        records = [record for records in found.values() for record in records]
        numbered = ((self._number(dict(record.headers)), record.value) for record in records)
        return [(number, value) for number, value in numbered if number is not None]

    def _number(self, headers: dict[str, bytes]) -> int | None:
        correlation = headers.get(names.REPLY_CORRELATION, b"").decode(errors="replace")
        token, _, number = correlation.rpartition("/")
        return int(number) if token == self.token else None


@asynccontextmanager
async def open_inbox(settings: Settings, topic: str) -> AsyncIterator[Inbox]:
    """An inbox that gets everything sent to it from now on; the topic is made if missing.

    Raises:
        NoReplyTopicError: the topic is the service's own, or cannot be made.
        OutsideAwayError, KafkaConnectionError: no broker answers.
    """
    if topic in OWN_TOPICS:
        message = f"{topic} is the service's own topic: results are sent only to other topics."
        raise NoReplyTopicError(message)
    places = await partitions_of(settings, [topic])
    if not places:
        await _create(settings, topic)
        places = [TopicPartition(topic, number) for number in range(settings.partitions)]
    place = random.choice(places)  # noqa: S311 - spreads clients, keeps no secret
    async with follow(settings, [place], Start.NOW) as consumer:
        yield Inbox(consumer, place, uuid4().hex)


async def _create(settings: Settings, topic: str) -> None:
    kept = {"cleanup.policy": "delete", "retention.ms": str(_KEPT_MILLISECONDS)}
    new = NewTopic(topic, settings.partitions, settings.replication_factor, topic_configs=kept)
    async with admin_client(settings) as client:
        response = await client.create_topics([new])
    for name, code, *reason in response.topic_errors:
        error = for_code(code)
        if code != 0 and error is not TopicAlreadyExistsError:
            message = f"The reply topic {name} cannot be made: {_reason(reason, error)}."
            raise NoReplyTopicError(message)


def _reason(reason: list[str | None], error: type[KafkaError]) -> str:
    return (reason[0] if reason and reason[0] else error.__name__).rstrip(".")


@dataclass(frozen=True, slots=True)
class Wait:
    """How results are waited for: on which topic, and how many seconds without any."""

    topic: str
    longest_silence: float


async def exchange(
    settings: Settings,
    commands: Sequence[CommandToSend],
    wait: Wait,
    on_sent: Callable[[int], None] = lambda _count: None,
    on_result: Callable[[int], None] = lambda _count: None,
) -> list[bytes | None]:
    """Send all commands; the result of each as JSON, in the same order, None where none came.

    Raises:
        NoReplyTopicError: the reply topic cannot be used.
        OutsideAwayError, KafkaError: Kafka does not answer, or says no.
    """
    results: list[bytes | None] = [None] * len(commands)
    async with open_inbox(settings, wait.topic) as inbox, command_sender(settings) as sender:
        addressed = [
            replace(command, reply=inbox.address(number)) for number, command in enumerate(commands)
        ]
        sending = asyncio.create_task(sender.send(addressed, on_sent))
        try:
            await _collect(inbox, results, sending, wait.longest_silence, on_result)
            await sending
        finally:
            sending.cancel()
    return results


async def _collect(
    inbox: Inbox,
    results: list[bytes | None],
    sending: asyncio.Task[None],
    longest_silence: float,
    on_result: Callable[[int], None],
) -> None:
    """Fill in `results` until all are there, or none has come for too long after the last send."""
    missing = len(results)
    heard = time.monotonic()
    while missing and time.monotonic() - heard < longest_silence:
        arrived = await inbox.arrived()
        new = {number: value for number, value in arrived if results[number] is None}
        for number, value in new.items():
            results[number] = value
        missing -= len(new)
        if sending.done():
            sending.result()
        if new or not sending.done():
            heard = time.monotonic()
        on_result(len(new))
