"""What clients do to the service: everything twice, poison, forged replies, races, other lanes."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from aiokafka.admin import NewPartitions

from schemas.commands import CommandType
from schemas.topics import COMMANDS, OWN_TOPICS
from workers.dev.chaos.orders import SCARCE, cancel, command, create, forged_reply, new_id
from workers.dev.chaos.poison import poison
from workers.dev.chaos.waiting import NotMadeError
from workers.dev.following import partitions_of
from workers.stream.ports import OutsideAwayError
from workers.stream.topic_admin import admin_client

if TYPE_CHECKING:
    from random import Random

    from workers.dev.chaos.world import World

_BURST: Final = 20
_MOST_PARTITIONS: Final = 24
_PARTITIONS_ADDED: Final = 2


async def send_twice(world: World, chance: Random) -> None:
    """For some seconds everything is sent twice; then a hundred old commands once more."""
    world.shop.copies = 2
    try:
        await asyncio.sleep(chance.uniform(2.0, 4.0))
    finally:
        world.shop.copies = 1
    old = list(world.shop.recent)
    for again in chance.sample(old, min(len(old), 100)):
        await world.shop.send(again)


async def feed_poison(world: World, chance: Random) -> None:
    """One of everything that is no proper command, among good ones."""
    for bad in poison(chance):
        await world.shop.send(bad)
        await world.shop.send(create(chance))


async def forge_replies(world: World, chance: Random) -> None:
    """Replies to requests that were never sent, for orders that exist and for some that do not."""
    known = list(world.shop.book.statuses) or [new_id(chance)]
    for _ in range(_BURST):
        order_id = chance.choice([chance.choice(known), new_id(chance)])
        await world.shop.forge(order_id.encode(), *forged_reply(chance, order_id))


async def race(world: World, chance: Random) -> None:
    """Orders that are canceled while their stock is being reserved."""
    made = [create(chance) for _ in range(_BURST)]
    for order in made:
        await world.shop.send(order)
    await asyncio.sleep(chance.uniform(0.0, 0.3))
    for order in made:
        await world.shop.send(cancel(chance, order.order_id or ""))


async def rush(world: World, chance: Random) -> None:
    """Many orders at once for one product of which there is too little, half of them canceled."""
    made = [create(chance, SCARCE, chance.randint(1, 40)) for _ in range(_BURST)]
    for order in made:
        await world.shop.send(order)
    await asyncio.sleep(chance.uniform(0.5, 2.0))
    for order in made[::2]:
        await world.shop.send(cancel(chance, order.order_id or ""))


async def use_another_partitioner(world: World, chance: Random) -> None:
    """Commands for old orders, in partitions that are not their orders'."""
    known = list(world.shop.book.statuses)
    partitions = await _count(world)
    for order_id in chance.sample(known, min(len(known), _BURST)):
        data = {"company": "GLS", "trackingNumber": str(chance.randrange(10**9))}
        change = command(chance, CommandType.UPDATE_SHIPPING, order_id, data)
        await world.shop.send(change.into(chance.randrange(partitions)))


async def add_partitions(world: World, _chance: Random) -> None:
    """Every topic of the service gets more partitions while orders are open."""
    wanted = await _count(world) + _PARTITIONS_ADDED
    if wanted > _MOST_PARTITIONS:
        raise NotMadeError(f"there are {wanted - _PARTITIONS_ADDED} partitions already")
    async with admin_client(world.settings) as admin:
        await admin.create_partitions({name: NewPartitions(wanted) for name in OWN_TOPICS})


async def _count(world: World) -> int:
    """How many partitions the commands have now."""
    try:
        return len(await partitions_of(world.settings, [COMMANDS]))
    except OutsideAwayError as error:
        raise NotMadeError("Kafka is away") from error
