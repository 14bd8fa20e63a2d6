"""Runs one worker from start to end: wait for the outside, join, work, finish, leave."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import sys
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn, Protocol

import structlog

from workers.stream.app import WorkerApp, build_app
from workers.stream.copies import ReplyCopies
from workers.stream.lanes import LanePlan, Lanes
from workers.stream.patience import patiently
from workers.stream.ports import OutsideAwayError
from workers.stream.publisher import BatchPublisher
from workers.stream.topic_admin import missing_topics
from workers.stream.watchdog import Limits, Signs, Watchdog, end_process, seconds_now

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from contextlib import AbstractAsyncContextManager

    from workers.settings import Settings
    from workers.stream.ports import BatchHandler, Publisher

_log = structlog.get_logger()

_LEAVE_SECONDS = 28.0
_BEAT_SECONDS = 1.0
# The last heartbeat before a pause may have been a fifth of a session ago.
_HARMLESS_SHARE = 0.8


@dataclass(frozen=True, slots=True)
class Tools:
    """What a worker's handler gets: two ways to write, and what to ask before it writes."""

    settings: Settings
    publisher: Publisher
    dead_letters: Publisher
    guard: Callable[[], None]
    lanes: Callable[[], frozenset[int]]


@dataclass(frozen=True, slots=True)
class WorkerPlan:
    """What makes one worker: its group, its topics, its lanes and its handler.

    `handler` connects to what the worker needs and disconnects at the end; it raises
    `OutsideAwayError` while that is not there.
    """

    name: str
    group: str
    topics: frozenset[str]
    writes: frozenset[str]
    lane_of: Callable[[int], int]
    handler: Callable[[Tools], AbstractAsyncContextManager[BatchHandler]]


async def run_worker(settings: Settings, plan: WorkerPlan) -> int:
    """Run until SIGTERM or SIGINT; return the exit code, 0 when it ended as asked."""
    # Open orders live long; the default thresholds would walk them again and again.
    gc.set_threshold(100_000, 50, 1_000)
    asked_to_end = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, asked_to_end.set)
    run = _Run(settings, plan, asked_to_end)
    work = asyncio.create_task(run.run())
    asked = asyncio.create_task(asked_to_end.wait())
    await asyncio.wait({work, asked}, return_when=asyncio.FIRST_COMPLETED)
    asked.cancel()
    if not run.takes_part:
        # Nothing has begun, so there is nothing to finish.
        work.cancel()
    _, late = await asyncio.wait({work}, timeout=_LEAVE_SECONDS)
    if late:
        _leave_at_once()
    return 0 if work.cancelled() else work.result()


def _leave_at_once() -> NoReturn:
    """End without waiting for anybody; what is not acknowledged will be handled again."""
    _log.warning("left_without_finishing", after_seconds=_LEAVE_SECONDS)
    sys.stderr.flush()
    sys.stdout.flush()
    os._exit(0)


async def _check_topics(settings: Settings, plan: WorkerPlan) -> None:
    missing = await missing_topics(settings, plan.topics | plan.writes)
    if missing:
        message = f"topics are missing: {', '.join(missing)}; create them with: oms topics create"
        raise OutsideAwayError(message)


class _Client(Protocol):
    """A client of Kafka; `start` raises `OutsideAwayError` while no broker answers."""

    async def start(self) -> None: ...
    async def stop(self) -> None: ...


@asynccontextmanager
async def _connected(client: _Client) -> AsyncIterator[None]:
    await patiently(client.start)
    try:
        yield
    finally:
        await client.stop()


class _Run:
    """One run of a worker, from its connections to its end."""

    def __init__(self, settings: Settings, plan: WorkerPlan, asked_to_end: asyncio.Event) -> None:
        self._settings = settings
        self._plan = plan
        self._asked_to_end = asked_to_end
        self.takes_part = False
        self._rebalancing_since: float | None = None
        self._app: WorkerApp | None = None
        self._lanes: Lanes | None = None
        self._watchdog = Watchdog(
            Signs(self._rebalancing_seconds, self._longest_round),
            Limits(paused=_HARMLESS_SHARE * settings.session_timeout),
        )

    async def run(self) -> int:
        guard = self._watchdog.guard
        publisher = BatchPublisher(self._settings, guard)
        dead_letters = BatchPublisher(self._settings, guard, compression="gzip")
        copies = ReplyCopies(self._settings)
        tools = Tools(self._settings, publisher, dead_letters, guard, self._lane_numbers)
        await patiently(lambda: _check_topics(self._settings, self._plan))
        async with (
            _connected(publisher),
            _connected(dead_letters),
            _connected(copies),
            self._plan.handler(tools) as handler,
        ):
            self.takes_part = True
            try:
                return await self._take_part(handler, copies)
            finally:
                self._watchdog.stop()

    async def _take_part(self, handler: BatchHandler, copies: ReplyCopies) -> int:
        lane_plan = LanePlan(
            self._plan.topics,
            self._plan.lane_of,
            self._settings.lane_batch_records,
            self._settings.shutdown_timeout,
        )
        self._lanes = Lanes(handler, copies, lane_plan, _lane_failed)
        self._app = build_app(self._settings, self._plan.group, self._plan.topics, self._lanes)
        self._watchdog.start()
        beating = asyncio.create_task(self._beat())
        announcing = asyncio.create_task(self._announce())
        await self._app.start()
        crashed = asyncio.create_task(self._app._crashed.wait())  # noqa: SLF001 - mode has no other way
        asked = asyncio.create_task(self._asked_to_end.wait())
        await asyncio.wait({crashed, asked}, return_when=asyncio.FIRST_COMPLETED)
        if crashed.done():
            reason = self._app.crash_reason
            end_process("the stream crashed", error=repr(reason))
        _log.info("finishing")
        await self._app.stop()
        for task in (beating, announcing, crashed, asked):
            task.cancel()
        _log.info("finished")
        return 0

    async def _announce(self) -> None:
        if self._lanes is not None:
            await self._lanes.joined.wait()
            # What lives as long as the process need not be walked by the collector.
            gc.freeze()
            _log.info("ready", lanes=sorted(self._lanes.numbers))

    async def _beat(self) -> None:
        while True:
            self._watchdog.beat()
            if self._has_partitions_settled():
                self._rebalancing_since = None
            elif self._rebalancing_since is None:
                self._rebalancing_since = seconds_now()
            await asyncio.sleep(_BEAT_SECONDS)

    def _has_partitions_settled(self) -> bool:
        """Whether this worker has joined, and no rebalance is under way."""
        if self._app is None or self._lanes is None:
            return True
        return self._lanes.joined.is_set() and not self._app.rebalancing

    def _rebalancing_seconds(self) -> float:
        since = self._rebalancing_since
        return 0.0 if since is None else seconds_now() - since

    def _longest_round(self) -> float:
        return 0.0 if self._lanes is None else self._lanes.longest_round

    def _lane_numbers(self) -> frozenset[int]:
        return frozenset() if self._lanes is None else self._lanes.numbers


def _lane_failed(error: BaseException) -> None:
    """Nothing of the lane is acknowledged: the supervisor's next start does it again."""
    _log.error("lane_failed", exc_info=error)
    end_process("a lane failed", error=repr(error))
