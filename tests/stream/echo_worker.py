"""A small worker of the real parts: it copies every record to one topic. Run as a process.

    python -m tests.stream.echo_worker '{"name": ..., "group": ..., "topics": [...], "out": ...}'

What it may be asked for beside that is in `Echo`. Addresses and limits come from `OMS_*`.
"""

from __future__ import annotations

import asyncio
import json
import sys
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import structlog
from aiokafka.consumer.group_coordinator import GroupCoordinator

from workers.logs import configure_logs
from workers.settings import Settings
from workers.stream.ports import CopyRecord, OutboundRecord, OutsideAwayError
from workers.stream.running import Tools, WorkerPlan, run_worker
from workers.stream.transport.batches import BatchConsumer
from workers.stream.transport.consumer_loop import BatchConsumerThread
from workers.stream.watching.lease import Lease

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from workers.stream.ports import InboundRecord

_log = structlog.get_logger()


@dataclass(frozen=True)
class Echo:
    """What the worker is to do: `pace` seconds pass in each batch before it is published.

    With `is_away` it publishes nothing and says that the outside is away; a record whose value
    is `poison` makes it raise. `without` takes safety off, to see the tests notice.
    """

    name: str
    group: str
    topics: list[str]
    out: str
    pace: float = 0.0
    is_away: bool = False
    poison: str | None = None
    reply_topic: str | None = None
    without: list[str] = field(default_factory=list)


class EchoHandler:
    """Publishes each record as it came, with the worker's name in a header."""

    def __init__(self, echo: Echo, tools: Tools) -> None:
        self._echo = echo
        self._tools = tools

    async def open(self, lane: int, acknowledged: Mapping[str, int]) -> None:
        """Say where the lane begins."""
        _log.info("opened", lane=lane, acknowledged=dict(acknowledged))

    def close(self, lane: int) -> None:
        """Say that the lane is gone."""
        _log.info("closed", lane=lane)

    def acknowledged(self, lane: int, positions: Mapping[str, int]) -> None:
        """Nothing is remembered."""

    def paused_topics(self, lane: int) -> frozenset[str]:  # noqa: ARG002 - the port's signature
        """No topic ever pauses."""
        return frozenset()

    async def handle(self, records: Sequence[InboundRecord]) -> Sequence[CopyRecord]:
        """Publish all of them, unless something else is asked for."""
        _log.info("handling", records=len(records))
        await asyncio.sleep(self._echo.pace)
        if self._echo.is_away:
            raise OutsideAwayError("asked to be away")
        if any(record.value == (self._echo.poison or "").encode() for record in records):
            raise RuntimeError("asked to fail")
        self._tools.guard()
        await self._tools.publisher.publish([self._output(record) for record in records])
        return self._copies(records)

    def _output(self, record: InboundRecord) -> OutboundRecord:
        headers = [("by", self._echo.name.encode()), ("from", record.topic.encode())]
        return OutboundRecord(self._echo.out, record.partition, record.key, record.value, headers)

    def _copies(self, records: Sequence[InboundRecord]) -> list[CopyRecord]:
        topic = self._echo.reply_topic
        if topic is None:
            return []
        return [CopyRecord(topic, None, record.key, record.value or b"", ()) for record in records]


def _plan(echo: Echo) -> WorkerPlan:
    @asynccontextmanager
    async def handler(tools: Tools) -> AsyncIterator[EchoHandler]:
        yield EchoHandler(echo, tools)

    return WorkerPlan(
        name=echo.name,
        group=echo.group,
        topics=frozenset(echo.topics),
        writes=frozenset({echo.out}),
        lane_of=lambda partition: partition,
        handler=handler,
    )


def _take_safety_off(without: list[str]) -> None:
    """What the tests must notice when it is not there."""
    if "giving back" in without:
        setattr(BatchConsumer, "_give_back", _nothing)  # noqa: B010 - a type checker would object
    if "heartbeats" in without:
        setattr(GroupCoordinator, "_do_heartbeat", _nothing)  # noqa: B010 - as above
    if "lease" in without:
        setattr(Lease, "check", lambda _: None)  # noqa: B010 - as above
    if "fetch check" in without:
        delattr(BatchConsumerThread, "_fetch_records")


async def _nothing(*_: Any) -> None:  # noqa: ANN401 - takes the place of any method
    """Do nothing."""


if __name__ == "__main__":
    asked = Echo(**json.loads(sys.argv[1]))
    configure_logs("info", asked.name)
    _take_safety_off(asked.without)
    sys.exit(asyncio.run(run_worker(Settings(), _plan(asked))))
