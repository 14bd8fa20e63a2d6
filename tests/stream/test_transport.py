"""The transport on a real broker: whatever happens to workers, no record is lost or skipped."""

from __future__ import annotations

import asyncio
import signal
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from tests.stream.broker import PARTITIONS, committed, read_all, values_on, write
from tests.stream.echoes import EchoBench, new_bench
from tests.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.stream.logged_process import LoggedProcess
    from workers.settings import Settings

pytestmark = [pytest.mark.stack, pytest.mark.slow]


@pytest.fixture
async def bench(settings: Settings, tmp_path: Path) -> AsyncIterator[EchoBench]:
    """Topics, a group, and workers that end with the test."""
    found = await new_bench(settings, tmp_path)
    yield found
    await found.end_all()


def _values(count: int, prefix: str = "v") -> list[str]:
    return [f"{prefix}{number}" for number in range(count)]


async def _is_midway(bench: EchoBench, name: str, least: int = 40) -> None:
    """Wait until a worker has written some of its records."""

    async def some_are_out() -> bool:
        return await bench.outputs(name) >= least

    await eventually(some_are_out, f"{name} to be midway")


async def test_killed_midway_loses_nothing(bench: EchoBench) -> None:
    """After kill -9 in the middle of the work the next worker does all that was not committed."""
    values = await write(bench.settings, bench.topics, _values(1200))
    first = await bench.start("first", pace=0.05)
    await _is_midway(bench, "first")
    first.send(signal.SIGKILL)
    await first.ended()
    assert await bench.lag() > 0, "it was to be killed in the middle"
    await bench.start("second")
    await bench.everything_is_out(values)
    await eventually(lambda: _no_lag(bench), "everything to be committed")


async def _no_lag(bench: EchoBench) -> bool:
    return await bench.lag() == 0


async def test_sigterm_commits_all_that_was_handled(bench: EchoBench) -> None:
    """A worker that is asked to end exits with 0, and nothing of what it did is done again."""
    values = await write(bench.settings, bench.topics, _values(1200))
    first = await bench.start("first", pace=0.05)
    await _is_midway(bench, "first")
    first.send(signal.SIGTERM)
    assert await first.ended(30) == 0
    assert await bench.lag() > 0, "it was to end in the middle"
    handled = Counter(
        (dict(record.headers)["from"].decode(), record.partition)
        for record in await read_all(bench.settings, bench.echo.out)
    )
    done = await asyncio.to_thread(committed, bench.settings, bench.echo.group)
    assert done == handled
    await bench.start("second")
    await bench.everything_is_out(values)
    await eventually(lambda: _no_lag(bench), "everything to be committed")
    assert set((await values_on(bench.settings, bench.echo.out)).values()) == {1}


async def test_nothing_is_committed_while_the_outside_is_away(bench: EchoBench) -> None:
    """Tried again and again and never acknowledged; asked to end, it exits with 0 all the same."""
    values = await write(bench.settings, bench.topics, _values(100))
    limits = {"OMS_SHUTDOWN_TIMEOUT": "1"}
    first = await bench.start("first", limits, is_away=True)
    await eventually(lambda: _rounds(first) >= 12, "several tries of each lane")
    assert await asyncio.to_thread(committed, bench.settings, bench.echo.group) == {}
    first.send(signal.SIGTERM)
    assert await first.ended(30) == 0
    assert await asyncio.to_thread(committed, bench.settings, bench.echo.group) == {}
    waits = [line for line in first.lines() if line["event"] == "waiting_for_outside"]
    assert len(waits) == 4, "one line for each lane, however many tries"
    await bench.start("second")
    await bench.everything_is_out(values)


def _rounds(worker: LoggedProcess) -> int:
    return sum(line["event"] == "handling" for line in worker.lines())


async def test_an_unexpected_failure_ends_the_process(bench: EchoBench) -> None:
    """A handler that raises ends its worker with 1, and its records are there for the next."""
    values = await write(bench.settings, bench.topics, _values(400))
    first = await bench.start("first", poison="v200")
    assert await first.ended() == 1
    line = await first.logged("worker_ends_itself")
    assert line["error"] == "RuntimeError", "its words might quote somebody's data"
    done = await asyncio.to_thread(committed, bench.settings, bench.echo.group)
    assert done.get((bench.topics[0], 0), 0) <= 200 // 8, "v200 is in the first topic's lane 0"
    await bench.start("second")
    await bench.everything_is_out(values)


async def test_a_paused_worker_ends_and_does_no_harm(bench: EchoBench) -> None:
    """Stopped for longer than its session, it exits with 1 when it awakes, having written nothing.

    The other worker has done all the work by then.
    """
    first = await bench.start("first", pace=0.3)
    second = await bench.start("second")
    await first.logged("opened")
    await second.logged("opened")
    values = await write(bench.settings, bench.topics, _values(1600))
    await _is_midway(bench, "first", least=1)
    first.send(signal.SIGSTOP)
    await bench.everything_is_out(values)
    await eventually(lambda: _no_lag(bench), "the other to commit everything")
    before = await bench.outputs("first")
    first.send(signal.SIGCONT)
    assert await first.ended(20) == 1
    line = await first.logged("worker_ends_itself")
    assert line["reason"] == "paused for longer than the session timeout"
    assert await bench.outputs("first") == before
    assert await bench.lag() == 0
    assert second.process.returncode is None


async def test_a_worker_that_was_thrown_out_writes_nothing(bench: EchoBench) -> None:
    """Awake, and fetching, but not a member any more since its heartbeats are lost: it waits.

    All it does twice is what it did before its lease ended.
    """
    first = await bench.start("first", without=["heartbeats"])
    await first.logged("opened")
    second = await bench.start("second")
    await eventually(lambda: _opened(second) == PARTITIONS, "the other to have all lanes")
    values = await write(bench.settings, bench.topics, _values(400))
    await bench.everything_is_out(values)
    await first.logged("waiting_for_outside")
    assert await bench.outputs("first") == 0
    assert await bench.outputs("second") == len(values)


def _opened(worker: LoggedProcess) -> int:
    return len({line["lane"] for line in worker.lines() if line["event"] == "opened"})


async def test_workers_joining_and_leaving_lose_nothing(bench: EchoBench) -> None:
    """Four workers come and go while records are written all the time; each is in the output."""
    values: list[str] = []
    feeding = asyncio.create_task(_feed(bench, values))
    running: list[LoggedProcess] = []
    for number in range(4):
        running.append(await bench.start(f"w{number}", pace=0.01))
        await running[-1].logged("ready")
        if len(running) > 2:
            leaving = running.pop(0)
            leaving.send(signal.SIGTERM)
            assert await leaving.ended(30) == 0
    feeding.cancel()
    await asyncio.gather(feeding, return_exceptions=True)
    assert len(values) > 100
    await eventually(lambda: _no_lag(bench), "everything to be committed")
    await bench.everything_is_out(values)


async def _feed(bench: EchoBench, values: list[str]) -> None:
    """Write batch after batch; `values` has those that are acknowledged."""
    number = 0
    while True:
        number += 1
        values += await write(bench.settings, bench.topics, _values(16, f"batch{number}-"))


async def test_a_spare_worker_is_ready_and_takes_over(settings: Settings, bench: EchoBench) -> None:
    """With more workers than lanes some have none; they are ready, and take a lane that is left."""
    workers = [await bench.start(f"w{number}") for number in range(5)]
    for worker in workers:
        await worker.logged("ready")
    for worker in workers[:4]:
        worker.send(signal.SIGTERM)
    for worker in workers[:4]:
        assert await worker.ended(30) == 0
    values = await write(settings, bench.topics, _values(200))
    await bench.everything_is_out(values)
    assert await bench.outputs("w4") >= 200


async def test_copies_hold_nothing_up_but_their_own_acknowledgement(bench: EchoBench) -> None:
    """A reply topic that does not exist costs a delay of the commit, and no output."""
    values = await write(bench.settings, bench.topics, _values(200))
    await bench.start("first", {"OMS_COPY_TIMEOUT": "2"}, reply_topic="nowhere.to.be.found")
    await bench.everything_is_out(values)
    await eventually(lambda: _no_lag(bench), "everything to be committed")
