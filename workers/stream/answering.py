"""The flow of a service that answers requests, in one place: decode, answer, publish.

What a service does is its `answer`: load, decide and store for all requests of a batch, which
returns the replies. It must be harmless to answer the same request again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic

import structlog

from schemas.topics import REPLIES
from workers.stream.json_text import UnreadableError
from workers.stream.lanes.isolation import isolating_failures
from workers.stream.requests import Data, Request, UnanswerableError, read_request
from workers.stream.writing.dead_letters import dead_letter

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from workers.stream.ports import CopyRecord, InboundRecord, OutboundRecord, Publisher

_log = structlog.get_logger()

_EXPECTED = (UnreadableError, UnanswerableError)


class RequestAnswerer(Generic[Data]):
    """Handles batches of requests: replies where it can be answered, dead letters where not."""

    def __init__(
        self,
        models: Mapping[str, type[Data]],
        answer: Callable[[Sequence[Request[Data]]], Awaitable[Sequence[OutboundRecord]]],
        publisher: Publisher,
        dead_letters: Publisher,
        count_partitions: Callable[[], Awaitable[int]],
    ) -> None:
        """Answer requests of the types in `models`.

        `count_partitions` tells how many partitions `orders.replies` has; it may raise
        `OutsideAwayError`, as may `answer` and the publishers.
        """
        self._models = models
        self._answer = answer
        self._publisher = publisher
        self._dead_letters = dead_letters
        self._count_partitions = count_partitions
        self._partitions = 0

    async def open(self, lane: int, acknowledged: Mapping[str, int]) -> None:
        """Nothing is remembered between batches."""

    def close(self, lane: int) -> None:
        """Nothing is remembered between batches."""

    def acknowledged(self, lane: int, positions: Mapping[str, int]) -> None:
        """Nothing is remembered between batches."""

    def paused_topics(self, lane: int) -> frozenset[str]:  # noqa: ARG002 - the port's signature
        """No topic ever pauses."""
        return frozenset()

    async def handle(self, records: Sequence[InboundRecord]) -> Sequence[CopyRecord]:
        """Answer all records; return once every reply and dead letter is acknowledged.

        Raises:
            OutsideAwayError: Kafka or the service's store is away; handle the same records again.
        """
        requests, dead = _read(records, self._models)
        if any(request.partition >= self._partitions for request in requests):
            self._partitions = await self._count_partitions()
        requests, misdirected = _within(requests, self._partitions)
        outputs = await isolating_failures(requests, self._answer, _set_aside_request)
        outputs += dead + misdirected
        await self._publish(outputs)
        return ()

    async def _publish(self, outputs: Sequence[OutboundRecord]) -> None:
        replies = [output for output in outputs if output.topic == REPLIES]
        dead = [output for output in outputs if output.topic != REPLIES]
        if replies:
            await self._publisher.publish(replies)
        if dead:
            await self._dead_letters.publish(dead)


def _read(
    records: Sequence[InboundRecord], models: Mapping[str, type[Data]]
) -> tuple[list[Request[Data]], list[OutboundRecord]]:
    requests: list[Request[Data]] = []
    dead: list[OutboundRecord] = []
    for record in records:
        try:
            requests.append(read_request(record, models))
        except Exception as error:  # noqa: BLE001 - whatever a record brings about is its own fault
            dead.append(_set_aside(record, error))
    return requests, dead


def _within(
    requests: Sequence[Request[Data]], partitions: int
) -> tuple[list[Request[Data]], list[OutboundRecord]]:
    answerable = [request for request in requests if request.partition < partitions]
    misdirected = [
        _set_aside(request.record, _no_such_partition(request.partition, partitions))
        for request in requests
        if request.partition >= partitions
    ]
    return answerable, misdirected


def _no_such_partition(partition: int, partitions: int) -> UnanswerableError:
    return UnanswerableError(
        f"the reply is asked for on partition {partition}; {REPLIES} has 0 to {partitions - 1}"
    )


def _set_aside_request(request: Request[Data], error: Exception) -> OutboundRecord:
    return _set_aside(request.record, error)


def _set_aside(record: InboundRecord, error: Exception) -> OutboundRecord:
    _log.warning(
        "dead_letter",
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        error=type(error).__name__,
        reason=str(error) if isinstance(error, _EXPECTED) else None,
        exc_info=None if isinstance(error, _EXPECTED) else error,
    )
    return dead_letter(record, error)
