"""Faults of the workers: killed, paused, ended, crowded, set back, and with a clock that jumps."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Final

import psutil

from workers.dev.chaos.fleet import ends_within
from workers.dev.chaos.groups import GROUPS, set_back
from workers.dev.chaos.waiting import BrokenPromiseError, NotMadeError, holds_within

if TYPE_CHECKING:
    from collections.abc import Collection
    from random import Random

    from workers.dev.chaos.fleet import Worker
    from workers.dev.chaos.world import World

SESSION_SECONDS: Final = 6.0
ORDERS: Final = frozenset({"orders"})
SIMULATORS: Final = frozenset({"customers", "inventory"})
INVENTORY: Final = frozenset({"inventory"})

_END_SECONDS: Final = 40.0  # 30 are promised; a busy machine may be late to see it
_READY_SECONDS: Final = 90.0
_HIT_SECONDS: Final = 20.0
_WAKE_SECONDS: Final = 30.0
_HOUR: Final = 3_600_000
_MISBEHAVING: Final = {
    "OMS_SIMULATOR_DROP_RATE": "0.2",
    "OMS_SIMULATOR_DELAY_RATE": "0.2",
    "OMS_SIMULATOR_DELAY_SECONDS": "3",
    "OMS_SIMULATOR_REPEAT_RATE": "0.2",
    "OMS_SIMULATOR_REORDER_RATE": "0.2",
}


async def kill(world: World, chance: Random, kinds: Collection[str]) -> None:
    """SIGKILL at any moment; sometimes again while it starts."""
    async with world.fleet.borrowed(kinds, chance) as worker:
        for _ in range(chance.choice([1, 1, 2])):
            starts = len(worker.exits)
            worker.part.kill()
            await ends_within(worker, _END_SECONDS, starts)
            await asyncio.sleep(chance.uniform(0.2, 1.5))


async def fail_at(
    world: World, chance: Random, kinds: Collection[str], point: str, most: int = 4
) -> None:
    """Have a worker kill itself at a failpoint, the first to the `most`th time it comes there."""
    async with world.fleet.borrowed(kinds, chance) as worker:
        starts = await _start_again(worker, _failpoint(worker, point, chance.randint(1, most)))
        await world.fleet.until_ready([worker], _READY_SECONDS)
        if not await ends_within(worker, _HIT_SECONDS, starts):
            await _start_again(worker, {})
            raise NotMadeError(f"it did not come to {point}")
        if worker.exits[-1] >= 0:
            raise NotMadeError(f"it ended otherwise before it came to {point}")


def _failpoint(worker: Worker, point: str, count: int) -> dict[str, str]:
    return {"OMS_FAILPOINT": f"{worker.kind}:{point}:{count}"}


async def _start_again(worker: Worker, environment: dict[str, str]) -> int:
    """End the worker and have it started with this environment; return how often it had ended."""
    worker.next_environment = environment
    starts = len(worker.exits)
    worker.part.terminate()
    if not await ends_within(worker, _END_SECONDS, starts):
        raise BrokenPromiseError(
            f"{worker.part.name} did not end {_END_SECONDS:.0f} s after SIGTERM"
        )
    return len(worker.exits)


async def pause(world: World, chance: Random, kinds: Collection[str]) -> None:
    """SIGSTOP for longer than the session, then SIGCONT: the worker must end itself."""
    async with world.fleet.borrowed(kinds, chance) as worker:
        starts = len(worker.exits)
        worker.part.stop()
        try:
            await asyncio.sleep(SESSION_SECONDS * chance.uniform(1.3, 2.0))
        finally:
            worker.part.cont()
        await _expect_its_end(worker, starts)


async def pause_at(world: World, chance: Random, kinds: Collection[str], point: str) -> None:
    """The same in the middle of a round: the worker stops itself at a failpoint."""
    async with world.fleet.borrowed(kinds, chance) as worker:
        setting = _failpoint(worker, point, chance.randint(1, 4))
        starts = await _start_again(worker, {"OMS_FAILPOINT": f"{setting['OMS_FAILPOINT']}:stop"})
        try:
            await holds_within(lambda: worker.is_ready or _is_stopped(worker), _READY_SECONDS)
            if not await holds_within(lambda: _is_stopped(worker), _HIT_SECONDS):
                await _start_again(worker, {})
                raise NotMadeError(f"it did not come to {point}")
            await asyncio.sleep(SESSION_SECONDS * chance.uniform(1.3, 2.0))
        finally:
            worker.part.cont()
        await _expect_its_end(worker, starts)


def _is_stopped(worker: Worker) -> bool:
    if not worker.is_running:
        return False
    try:
        return bool(psutil.Process(worker.part.pid).status() == psutil.STATUS_STOPPED)
    except psutil.NoSuchProcess:
        return False


async def _expect_its_end(worker: Worker, starts: int) -> None:
    if not await ends_within(worker, _WAKE_SECONDS, starts):
        raise BrokenPromiseError(
            f"{worker.part.name} went on after a pause longer than its session"
        )


async def end_in_turn(world: World, chance: Random, kinds: Collection[str]) -> None:
    """SIGTERM to one worker after the other, each once the one before is back: a rolling update."""
    workers = world.fleet.of(kinds)
    for worker in chance.sample(workers, len(workers)):
        async with worker.lock:
            if not await world.fleet.until_ready([worker], _READY_SECONDS):
                raise NotMadeError("a worker was not ready")
            await _start_again(worker, {})
            if worker.exits[-1] != 0:
                code = worker.exits[-1]
                raise BrokenPromiseError(f"{worker.part.name} ended with {code} after SIGTERM")


async def join_and_leave(world: World, chance: Random, kinds: Collection[str]) -> None:
    """A further worker joins, and leaves again a few seconds later, in order or killed."""
    kind = chance.choice(sorted(kinds))
    spare = world.fleet.add(f"{kind} spare {chance.getrandbits(32):x}", kind)
    async with spare.lock:
        try:
            if not await world.fleet.until_ready([spare], _READY_SECONDS):
                raise NotMadeError("the further worker was not ready")
            await asyncio.sleep(chance.uniform(0.0, 5.0))
        finally:
            spare.is_wanted = False
            leave = chance.choice([spare.part.terminate, spare.part.kill])
            leave()
            await holds_within(lambda: not spare.part.alive(), _END_SECONDS)
            world.fleet.remove(spare)


async def misbehave(world: World, chance: Random, kinds: Collection[str]) -> None:
    """A simulated service drops, delays, repeats and reorders its replies for a while."""
    async with world.fleet.borrowed(kinds, chance) as worker:
        seed = {"OMS_SIMULATOR_SEED": str(chance.getrandbits(31))}
        await _start_again(worker, {**_MISBEHAVING, **seed})
        await world.fleet.until_ready([worker], _READY_SECONDS)
        await asyncio.sleep(chance.uniform(4.0, 10.0))
        await _start_again(worker, {})


async def read_everything_again(world: World, chance: Random, kinds: Collection[str]) -> None:
    """End all workers of a group and set it back to the beginning of its topics."""
    kind = chance.choice(sorted(kinds))
    workers = world.fleet.of({kind})
    async with AsyncExitStack() as held:
        for worker in workers:
            await held.enter_async_context(worker.lock)
        try:
            for worker in workers:
                worker.is_wanted = False
                worker.part.terminate()
            if not await holds_within(lambda: not any(w.is_running for w in workers), _END_SECONDS):
                raise BrokenPromiseError(f"a {kind} worker did not end after SIGTERM")
            await set_back(world.settings, GROUPS[kind])
        finally:
            for worker in workers:
                worker.is_wanted = True


async def jump(world: World, chance: Random, kinds: Collection[str]) -> None:
    """The clock of one worker jumps an hour forth or back, and home again after some seconds."""
    worker = chance.choice(world.fleet.of(kinds))
    worker.clock_file.write_text(str(chance.choice([_HOUR, -_HOUR])))
    try:
        await asyncio.sleep(chance.uniform(2.0, 6.0))
    finally:
        worker.clock_file.write_text("0")
