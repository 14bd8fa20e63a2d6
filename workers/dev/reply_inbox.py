"""Results as copies on a reply topic of the client's own: for a client that waits for few.

Copies have a deadline: the service gives one up that cannot be written in time. The command sent
again, with the same id, gets it.
"""

from __future__ import annotations

import random
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final
from uuid import uuid4

from aiokafka import TopicPartition
from aiokafka.admin import NewTopic
from aiokafka.errors import TopicAlreadyExistsError, for_code

from schemas import headers as names
from schemas.headers import ReplyAddress
from schemas.topics import OWN_TOPICS
from workers.dev.following import Start, follow, next_records, partitions_of
from workers.stream.topic_admin import admin_client

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from aiokafka import AIOKafkaConsumer

    from workers.dev.client import CommandToSend
    from workers.settings import Settings

_KEPT_MILLISECONDS: Final = 60 * 60 * 1000


class NoReplyTopicError(Exception):
    """The reply topic cannot be used; the text is a sentence that says why."""


@dataclass(frozen=True, slots=True)
class ReplyInbox:
    """One partition of a reply topic, and the token by which this client knows its results."""

    consumer: AIOKafkaConsumer
    place: TopicPartition
    token: str

    def address(self, commands: Sequence[CommandToSend]) -> list[CommandToSend]:
        """The commands, each with its reply address."""
        return [
            replace(command, reply=self._address(number)) for number, command in enumerate(commands)
        ]

    def _address(self, number: int) -> ReplyAddress:
        correlation = f"{self.token}/{number}".encode()
        place = self.place
        return ReplyAddress(place.topic, place.partition, names.REPLY_CORRELATION, correlation)

    async def arrived(self) -> list[tuple[int, bytes]]:
        """The results that came since the last call, each with its command's position."""
        records = await next_records(self.consumer)
        numbered = ((self._number(dict(record.headers)), record.value or b"") for record in records)
        return [(number, value) for number, value in numbered if number is not None]

    def _number(self, headers: dict[str, bytes]) -> int | None:
        correlation = headers.get(names.REPLY_CORRELATION, b"").decode(errors="replace")
        token, _, number = correlation.rpartition("/")
        return int(number) if token == self.token else None


@asynccontextmanager
async def open_inbox(settings: Settings, topic: str) -> AsyncIterator[ReplyInbox]:
    """An inbox that gets everything sent to it from now on; the topic is made if it is missing.

    Raises:
        NoReplyTopicError: the topic is the service's own, or cannot be made.
        OutsideAwayError, KafkaError: Kafka does not answer, or says no.
    """
    if topic in OWN_TOPICS:
        message = f"{topic} is the service's own topic: results are copied only to other topics."
        raise NoReplyTopicError(message)
    places = await partitions_of(settings, [topic])
    if not places:
        await _create(settings, topic)
        places = [TopicPartition(topic, number) for number in range(settings.partitions)]
    place = random.choice(places)  # noqa: S311 - spreads clients, keeps no secret
    async with follow(settings, [place], Start.NOW) as consumer:
        yield ReplyInbox(consumer, place, uuid4().hex)


async def _create(settings: Settings, topic: str) -> None:
    kept = {"cleanup.policy": "delete", "retention.ms": str(_KEPT_MILLISECONDS)}
    new = NewTopic(topic, settings.partitions, settings.replication_factor, topic_configs=kept)
    async with admin_client(settings) as client:
        response = await client.create_topics([new])
    for name, code, *reason in response.topic_errors:
        error = for_code(code)
        if code != 0 and error is not TopicAlreadyExistsError:
            why = (reason[0] if reason and reason[0] else error.__name__).rstrip(".")
            message = f"The reply topic {name} cannot be made: {why}."
            raise NoReplyTopicError(message)
