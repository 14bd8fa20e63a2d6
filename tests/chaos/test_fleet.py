"""The fleet: whatever ends a worker, it is started again, and why it ended is counted."""

from __future__ import annotations

import asyncio
import sys
from contextlib import asynccontextmanager
from functools import partial
from random import Random
from typing import TYPE_CHECKING

import pytest

from tests.waiting import eventually
from workers.dev.chaos.fleet import Fleet
from workers.dev.directory import open_directory
from workers.dev.layout import Layout
from workers.dev.processes import Launcher
from workers.dev.stack import Stack

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

ORDERS = frozenset({"orders"})
CHANCE = Random(1)  # noqa: S311 - it chooses among workers, and guards no secret
WORKER = """
import json, os, time
if os.environ.get("MODE") == "silent":
    print(json.dumps({"event": "batch"}), flush=True)
    raise SystemExit(1)
if os.environ.get("MODE") == "ends":
    print(json.dumps({"event": "worker_ends_itself", "reason": "tired"}), flush=True)
    raise SystemExit(1)
print(json.dumps({"event": "ready"}), flush=True)
time.sleep(600)
"""


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    """A stack without Kafka and MongoDB: a place for processes and logs."""
    launcher = Launcher()
    with open_directory(tmp_path) as directory:
        yield Stack(directory, Layout((), ()), launcher)
    launcher.close()


@asynccontextmanager
async def watched(stack: Stack) -> AsyncIterator[Fleet]:
    """A fleet with one worker, which is ready."""
    fleet = Fleet(stack, {}, [lambda _kind: [sys.executable, "-c", WORKER]])
    worker = fleet.add("orders worker 1", "orders")
    watching = asyncio.create_task(fleet.watch())
    try:
        assert await fleet.until_ready([worker], 60)
        yield fleet
    finally:
        watching.cancel()
        worker.part.kill()


async def test_a_killed_worker_is_started_again(stack: Stack) -> None:
    """After SIGKILL it becomes ready anew, and the way it ended is counted."""
    async with watched(stack) as fleet:
        [worker] = fleet.workers
        worker.part.kill()
        await eventually(lambda: worker.exits == [-9] and worker.is_ready, "it is back")
        assert fleet.endings == {"orders worker was ended by SIGKILL": 1}


async def test_starts_are_of_two_releases_in_turn(stack: Stack) -> None:
    """Workers begin with one each, and what is started again is of the other one."""
    fleet = Fleet(stack, {}, [partial(worker_of, "ours"), partial(worker_of, "theirs")])
    workers = [fleet.add(f"orders worker {number}", "orders") for number in (1, 2)]
    watching = asyncio.create_task(fleet.watch())
    assert await fleet.until_ready(workers, 60)
    workers[0].part.kill()
    await eventually(lambda: workers[0].exits == [-9] and workers[0].is_ready, "it is back")
    watching.cancel()
    for worker in workers:
        worker.part.kill()
    assert [worker.part.command[-1] for worker in workers] == ["theirs", "theirs"]
    assert fleet.starts == [1, 2]


def worker_of(release: str, _kind: str) -> list[str]:
    """The command line of a worker that knows of which release it is."""
    return [sys.executable, "-c", WORKER, release]


async def test_an_environment_is_for_one_start_alone(stack: Stack) -> None:
    """A worker that fails as it was told is then started as usual, and its reason is known."""
    async with watched(stack) as fleet:
        [worker] = fleet.workers
        worker.next_environment = {"MODE": "ends"}
        worker.part.kill()
        await eventually(lambda: worker.exits == [-9, 1] and worker.is_ready, "it is back")
        assert fleet.endings["orders worker ended itself: tired"] == 1


async def test_a_failure_without_a_reason_is_told(stack: Stack) -> None:
    """Whoever ends with exit code 1 has to say why; whoever does is not told of."""
    async with watched(stack) as fleet:
        [worker] = fleet.workers
        for mode, told in (("ends", 0), ("silent", 1)):
            worker.next_environment = {"MODE": mode}
            worker.part.kill()
            await eventually(lambda: worker.exits[-1:] == [1] and worker.is_ready, "it is back")
            assert len(fleet.unexplained) == told
            worker.exits.clear()


async def test_what_is_not_wanted_is_not_started(stack: Stack) -> None:
    """A worker that a fault keeps down stays down until it is wanted again."""
    async with watched(stack) as fleet:
        [worker] = fleet.workers
        worker.is_wanted = False
        worker.part.kill()
        await eventually(lambda: not worker.is_running, "it is down")
        worker.is_wanted = True
        assert await fleet.until_ready([worker], 60)


async def test_one_fault_at_a_time_has_a_worker(stack: Stack) -> None:
    """Whoever comes while it is borrowed waits until it is given back."""
    async with watched(stack) as fleet:
        async with fleet.borrowed(ORDERS, CHANCE) as worker:
            second = asyncio.create_task(borrow(fleet))
            await asyncio.sleep(0)
            assert worker.lock.locked()
            assert not second.done()
        await second


async def borrow(fleet: Fleet) -> None:
    """Borrow a worker and give it back."""
    async with fleet.borrowed(ORDERS, CHANCE):
        pass
