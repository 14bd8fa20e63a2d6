"""A worker in which one thing hangs for ever. Run as a process.

    python -m tests.stream.hanging_worker '{"group": ..., "topic": ..., "hangs": ..., "limits": {}}'

`limits` are the watchdog's, in seconds. Addresses come from `OMS_*`.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from faust.transport.drivers import aiokafka as driver

from workers.logs import configure_logs
from workers.settings import Settings
from workers.stream.ports import CopyRecord
from workers.stream.running import Tools, WorkerPlan, run_worker
from workers.stream.transport.batches import BatchConsumer
from workers.stream.watching.watchdog import Limits
from workers.stream.writing.copies import ReplyCopies

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from workers.stream.ports import InboundRecord


@dataclass(frozen=True)
class Hanging:
    """Which worker this is, and what of it hangs: nothing, or a name of `_HANGS` or a handler's."""

    group: str
    topic: str
    hangs: str
    limits: dict[str, float]


class Handler:
    """Does nothing with its records, or hangs."""

    def __init__(self, hangs: str) -> None:
        self._hangs = hangs

    async def open(self, lane: int, acknowledged: Mapping[str, int]) -> None:  # noqa: ARG002 - the port's signature
        """Hang if asked to."""
        await _forever(self._hangs == "open")

    def close(self, lane: int) -> None:
        """Nothing is remembered."""

    def acknowledged(self, lane: int, positions: Mapping[str, int]) -> None:
        """Nothing is remembered."""

    def paused_topics(self, lane: int) -> frozenset[str]:  # noqa: ARG002 - the port's signature
        """No topic ever pauses."""
        return frozenset()

    async def handle(self, records: Sequence[InboundRecord]) -> Sequence[CopyRecord]:  # noqa: ARG002 - the port's signature
        """Hang if asked to, or have copies sent."""
        await _forever(self._hangs == "handle")
        if self._hangs == "loop":
            _block()
        return [CopyRecord("nobody", None, None, b"", ())] if self._hangs == "copies" else []


def _block() -> None:
    """Let the whole event loop hang."""
    time.sleep(3600)


async def _forever(asked: object) -> None:
    """Never return, if that is asked for."""
    if asked:
        await asyncio.Event().wait()


async def _hang(*_: Any, **__: Any) -> None:  # noqa: ANN401 - takes the place of any method
    await _forever(asked=True)


_HANGS = {
    "commits": (driver.Consumer, "_commit"),
    "fetching": (BatchConsumer, "_fetch"),
    "copies": (ReplyCopies, "send"),
    "joining": (driver.Consumer, "subscribe"),
    "starting": (ReplyCopies, "start"),
}


async def _no_records(*_: Any, **__: Any) -> dict[Any, Any]:  # noqa: ANN401 - takes the place of any method
    """Say that there are none."""
    await asyncio.sleep(0.1)
    return {}


def _sabotage(hangs: str) -> None:
    if hangs == "records":
        BatchConsumer._getmany = _no_records  # type: ignore[method-assign]  # noqa: SLF001 - that is the point
    elif hangs in _HANGS:
        owner, name = _HANGS[hangs]
        setattr(owner, name, _hang)


def _plan(asked: Hanging) -> WorkerPlan:
    @asynccontextmanager
    async def handler(_tools: Tools) -> AsyncIterator[Handler]:
        yield Handler(asked.hangs)
        if asked.hangs == "ending":
            _block()
        await _forever(asked.hangs == "closing")

    return WorkerPlan(
        name="hanging",
        group=asked.group,
        topics=frozenset({asked.topic}),
        writes=frozenset(),
        lane_of=lambda partition: partition,
        handler=handler,
    )


if __name__ == "__main__":
    told = Hanging(**json.loads(sys.argv[1]))
    configure_logs("info", "hanging")
    _sabotage(told.hangs)
    sys.exit(asyncio.run(run_worker(Settings(), _plan(told), Limits(**told.limits))))
