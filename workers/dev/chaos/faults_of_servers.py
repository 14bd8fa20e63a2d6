"""Faults of Kafka and MongoDB: killed, stopped, started again, stepped down."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from pymongo.errors import AutoReconnect, PyMongoError

from workers.dev import kafka, mongo
from workers.dev.chaos.groups import GROUPS
from workers.dev.chaos.waiting import NotMadeError
from workers.dev.processes import end_all

if TYPE_CHECKING:
    from collections.abc import Sequence
    from random import Random

    from workers.dev.chaos.world import World
    from workers.dev.processes import Part

_ORDERLY_END_SECONDS: Final = 10.0
_TIMEOUT_MILLISECONDS: Final = 5_000
_LONG_SECONDS: Final = 30.0
AWAY_SECONDS: Final = 1_200.0


def _a_while(chance: Random) -> float:
    """Seconds: mostly a few, sometimes as long as an operator takes."""
    return chance.choices([chance.uniform(0.5, 6.0), _LONG_SECONDS], [14, 1])[0]


async def kill_some(parts: Sequence[Part], chance: Random) -> None:
    """SIGKILL, some seconds without, and a start; returns when all answer again."""
    try:
        for part in parts:
            part.kill()
        await asyncio.sleep(_a_while(chance))
    finally:
        await _start(parts)


async def stop_some(parts: Sequence[Part], seconds: float) -> None:
    """SIGSTOP, and SIGCONT so many seconds later: connections stay, and nobody answers."""
    try:
        for part in parts:
            part.stop()
        await asyncio.sleep(seconds)
    finally:
        for part in parts:
            part.cont()
    await asyncio.gather(*(asyncio.to_thread(part.wait_ready) for part in parts))


async def _start(parts: Sequence[Part]) -> None:
    for part in parts:
        if not part.alive():
            part.start()
    await asyncio.gather(*(asyncio.to_thread(part.wait_ready) for part in parts))


async def kill_broker(world: World, chance: Random) -> None:
    """SIGKILL to one broker."""
    await kill_some([chance.choice(world.brokers)], chance)


async def stop_broker(world: World, chance: Random) -> None:
    """SIGSTOP to one broker."""
    await stop_some([chance.choice(world.brokers)], _a_while(chance))


async def kill_coordinator(world: World, chance: Random) -> None:
    """SIGKILL to the broker that coordinates a group, which moves to another one."""
    group = chance.choice(list(GROUPS.values()))
    layout = world.stack.layout.brokers
    node = await kafka.coordinator(layout, group.name)
    if node is None:
        raise NotMadeError("no broker tells who coordinates the group")
    await kill_some([world.brokers[node - 1]], chance)


async def restart_brokers(world: World, chance: Random) -> None:
    """SIGTERM to all brokers, and a start of all at once some seconds later."""
    try:
        await asyncio.to_thread(end_all, world.brokers, _ORDERLY_END_SECONDS)
        await asyncio.sleep(chance.uniform(0.0, 3.0))
    finally:
        await _start(world.brokers)


async def kill_member(world: World, chance: Random) -> None:
    """SIGKILL to one member of MongoDB, the primary as often as any other."""
    primary = await asyncio.to_thread(_primary, world)
    victims = [chance.choice(world.members), world.members[primary or 0]]
    await kill_some([chance.choice(victims)], chance)


async def stop_members(world: World, chance: Random) -> None:
    """SIGSTOP to all members: MongoDB is away, and no connection breaks."""
    await stop_some(world.members, _a_while(chance))


async def stop_members_for_long(world: World, _chance: Random) -> None:
    """The same for twenty minutes: longer than all deadlines of orders."""
    await stop_some(world.members, AWAY_SECONDS)


async def step_down(world: World, _chance: Random) -> None:
    """The primary steps down; without others it is elected again some seconds later."""
    primary = await asyncio.to_thread(_primary, world)
    if primary is None:
        raise NotMadeError("MongoDB has no primary now")
    await asyncio.to_thread(_step_down, world.stack.layout.members[primary])
    await asyncio.to_thread(world.members[primary].wait_ready)


def _step_down(member: mongo.Member) -> None:
    # It may break off the connection that asked.
    with mongo.direct_client(member) as client, suppress(AutoReconnect):
        client.admin.command("replSetStepDown", 3, secondaryCatchUpPeriodSecs=2, force=True)


def _primary(world: World) -> int | None:
    """The index of the member that is primary now; None if there is none."""
    for index, member in enumerate(world.stack.layout.members):
        with suppress(PyMongoError), mongo.direct_client(member) as client:
            if client.admin.command("hello")["isWritablePrimary"]:
                return index
    return None
