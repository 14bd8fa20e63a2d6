"""Runs one worker from start to end: wait for the outside, join, work, finish, leave."""

from __future__ import annotations

import asyncio
import signal
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Final, Protocol

import structlog

from workers.logs import words_of
from workers.stream.app import build_app
from workers.stream.garbage import collect_each_minute, collect_seldom, spare_what_is_there
from workers.stream.lanes.lanes import LanePlan, Lanes
from workers.stream.measuring.instruments import instruments_of
from workers.stream.patience import patiently
from workers.stream.ports import OutsideAwayError
from workers.stream.rights import missing_rights
from workers.stream.topic_admin import missing_topics
from workers.stream.watching.aside import KafkaFromAside
from workers.stream.watching.lease import Lease
from workers.stream.watching.observing import Observer
from workers.stream.watching.watchdog import Limits, end_process, end_process_on_failure
from workers.stream.writing.copies import ReplyCopies
from workers.stream.writing.publisher import BatchPublisher

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from contextlib import AbstractAsyncContextManager

    from faust.types import TP
    from prometheus_client import CollectorRegistry

    from workers.settings import Settings
    from workers.stream.measuring.instruments import Instruments
    from workers.stream.ports import BatchHandler, Publisher

_log = structlog.get_logger()

# After the work in flight: for an operation of MongoDB that is under way, and for leaving.
_LEAVE_SECONDS: Final = 8.0
# The last heartbeat before a pause may have been a fifth of a session ago.
_HARMLESS_SHARE: Final = 0.8


@dataclass(frozen=True, slots=True)
class Tools:
    """What a worker's handler gets: two ways to write, and what to ask before it writes.

    `registry` is for metrics of its own, where metrics are asked for.
    """

    settings: Settings
    publisher: Publisher
    dead_letters: Publisher
    guard: Callable[[], None]
    lanes: Callable[[], frozenset[int]]
    registry: CollectorRegistry | None = None


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


async def run_worker(settings: Settings, plan: WorkerPlan, limits: Limits | None = None) -> int:
    """Run until SIGTERM or SIGINT; return the exit code, 0 when it ended as asked.

    `limits` are the watchdog's, but for `paused`, which follows from the session timeout.
    """
    collect_seldom()
    asked_to_end = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, asked_to_end.set)
    paused = _HARMLESS_SHARE * settings.session_timeout
    observer = Observer(settings, plan.name, replace(limits or Limits(), paused=paused))
    run = _Run(settings, plan, asked_to_end, observer)
    with observer:
        work = asyncio.create_task(run.run())
        asked = asyncio.create_task(asked_to_end.wait())
        await asyncio.wait({work, asked}, return_when=asyncio.FIRST_COMPLETED)
        if asked.done():
            observer.finishing(settings.shutdown_timeout + _LEAVE_SECONDS)
        asked.cancel()
        if not run.takes_part:
            # Nothing has begun, so there is nothing to finish.
            work.cancel()
        await asyncio.wait({work})
    return 0 if work.cancelled() else work.result()


async def _check_topics(settings: Settings, plan: WorkerPlan) -> None:
    lacking = await missing_rights(settings, plan.group, plan.topics, plan.writes)
    if lacking:
        message = f"this user lacks rights at Kafka: {', '.join(lacking)}"
        raise OutsideAwayError(message)
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

    def __init__(
        self,
        settings: Settings,
        plan: WorkerPlan,
        asked_to_end: asyncio.Event,
        observer: Observer,
    ) -> None:
        self._settings = settings
        self._plan = plan
        self._asked_to_end = asked_to_end
        self._observer = observer
        self._lease = Lease(_HARMLESS_SHARE * settings.session_timeout)
        self.takes_part = False

    def _guard(self) -> None:
        """Before every write: nobody else may have this worker's lanes."""
        self._observer.guard()
        self._lease.check()

    async def run(self) -> int:
        copies = ReplyCopies(self._settings)
        look = partial(self._observer.situation, copies)
        with instruments_of(self._settings, self._plan.name, look) as instruments:
            return await self._run(copies, instruments)

    async def _run(self, copies: ReplyCopies, instruments: Instruments) -> int:
        guard = self._guard
        publisher = BatchPublisher(self._settings, guard)
        dead_letters = BatchPublisher(self._settings, guard, compression="gzip")
        tools = Tools(
            self._settings,
            instruments.publisher(publisher),
            instruments.dead_letters(dead_letters),
            guard,
            self._observer.lane_numbers,
            instruments.registry,
        )
        await patiently(lambda: _check_topics(self._settings, self._plan))
        async with (
            _connected(publisher),
            _connected(dead_letters),
            _connected(copies),
            self._plan.handler(tools) as handler,
        ):
            self.takes_part = True
            return await self._take_part(instruments.handler(handler), copies)

    async def _take_part(self, handler: BatchHandler, copies: ReplyCopies) -> int:
        lane_plan = LanePlan(
            self._plan.topics,
            self._plan.lane_of,
            self._settings.lane_batch_records,
            self._settings.shutdown_timeout,
        )
        lanes = Lanes(handler, copies, lane_plan, _lane_failed)
        app = build_app(self._settings, self._plan.group, self._plan.topics, lanes, self._lease)
        aside = KafkaFromAside(self._settings)
        self._observer.working(app, lanes, self._takes_now(handler, lanes))
        looking = asyncio.create_task(self._observer.look_aside(aside), name="look at Kafka")
        looking.add_done_callback(end_process_on_failure)
        announcing = asyncio.create_task(_announce(lanes))
        collecting = asyncio.create_task(collect_each_minute())
        await app.start()
        crashed = asyncio.create_task(app._crashed.wait())  # noqa: SLF001 - mode has no other way
        asked = asyncio.create_task(self._asked_to_end.wait())
        await asyncio.wait({crashed, asked}, return_when=asyncio.FIRST_COMPLETED)
        if crashed.done():
            end_process("the stream crashed", error=words_of(app.crash_reason or RuntimeError()))
        _log.info("finishing")
        for task in (looking, announcing, collecting):
            task.cancel()
        await app.stop()
        crashed.cancel()
        asked.cancel()
        await aside.stop()
        _log.info("finished")
        return 0

    def _takes_now(self, handler: BatchHandler, lanes: Lanes) -> Callable[[TP], bool]:
        """Tell whether a partition belongs to a lane that takes records of its topic for now."""

        def takes_now(tp: TP) -> bool:
            lane = self._plan.lane_of(tp.partition)
            return lane in lanes.numbers and tp.topic not in handler.paused_topics(lane)

        return takes_now


async def _announce(lanes: Lanes) -> None:
    await lanes.joined.wait()
    spare_what_is_there()
    _log.info("ready", lanes=sorted(lanes.numbers))


def _lane_failed(error: BaseException) -> None:
    """Nothing of the lane is acknowledged: the supervisor's next start does it again."""
    _log.error("lane_failed", exc_info=error)
    end_process("a lane failed", error=words_of(error))
