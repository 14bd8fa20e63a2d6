"""Makes the planned faults, each in its time, and keeps account of them."""

from __future__ import annotations

import asyncio
import time
from random import Random
from typing import TYPE_CHECKING, Final

from aiokafka.errors import KafkaError
from pymongo.errors import PyMongoError

from workers.dev.chaos.faults import FAULTS
from workers.dev.chaos.waiting import BrokenPromiseError, NotMadeError
from workers.dev.errors import StackError
from workers.stream.ports import OutsideAwayError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from workers.dev.chaos.board import Board
    from workers.dev.chaos.schedule import Planned
    from workers.dev.chaos.world import World

_LONGEST_HEALING_SECONDS: Final = 600.0  # more than all that a fault itself waits for


async def inject_all(
    world: World, planned: Sequence[Planned], board: Board, tell: Callable[[str], None]
) -> None:
    """Make every fault, each track beside the others; what would begin too late is left out."""
    end = time.monotonic() + board.options.seconds
    tracks = sorted({due.track for due in planned})
    await asyncio.gather(
        *(
            _work_through([due for due in planned if due.track == track], world, board, tell, end)
            for track in tracks
        )
    )
    await asyncio.sleep(max(0.0, end - time.monotonic()))


async def _work_through(
    planned: Sequence[Planned],
    world: World,
    board: Board,
    tell: Callable[[str], None],
    end: float,
) -> None:
    start = end - board.options.seconds
    for due in planned:
        await asyncio.sleep(max(0.0, start + due.at - time.monotonic()))
        if time.monotonic() >= end:
            return
        await _inject(due, world, board, tell)


async def _inject(due: Planned, world: World, board: Board, tell: Callable[[str], None]) -> None:
    """Make one fault; one that could not be made is told and not counted."""
    board.under_way[id(due)] = due.name
    try:
        # The seed is all that a fault draws from.
        chance = Random(due.seed)  # noqa: S311 - a run is to be repeated, not to be guessed
        fault = FAULTS[due.name]
        async with asyncio.timeout(fault.seconds + _LONGEST_HEALING_SECONDS):
            await _made(fault.inject(world, chance))
    except (NotMadeError, OutsideAwayError, KafkaError, PyMongoError) as reason:
        board.not_made[due.name] += 1
        tell(f"{due.name} was not made: {reason}")
    except BrokenPromiseError as reason:
        board.made[due.name] += 1
        board.broken.append(f"{due.name}: {reason}")
        tell(f"{due.name}: {reason}")
    except (TimeoutError, StackError) as reason:
        board.broken.append(f"{due.name} did not heal: {reason!r}")
        tell(board.broken[-1])
    else:
        board.made[due.name] += 1
        tell(f"{due.name} was made and healed")
    finally:
        del board.under_way[id(due)]


async def _made(making: Awaitable[None]) -> None:
    """Make a fault; a client's own time that runs out is a reason why it could not be made.

    Raises:
        NotMadeError: Kafka or MongoDB did not answer in time what the fault had to ask.
    """
    try:
        await making
    except TimeoutError as error:
        raise NotMadeError("Kafka or MongoDB did not answer in time") from error
