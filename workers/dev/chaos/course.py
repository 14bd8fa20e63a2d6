"""The course of a run: load and faults, then drain, verify, read everything again, verify again."""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Final

from aiokafka.errors import KafkaError

from workers.dev.chaos.board import Outcome
from workers.dev.chaos.faults import FAULTS
from workers.dev.chaos.groups import GROUPS, lag, set_back
from workers.dev.chaos.injecting import inject_all
from workers.dev.chaos.orders import SCARCE, SCARCE_PIECES, SOURCE
from workers.dev.chaos.remembering import what_changed, what_is_stored
from workers.dev.chaos.schedule import plan
from workers.dev.chaos.waiting import NotMadeError, holds_within
from workers.dev.errors import StackError
from workers.dev.samples import PIECES
from workers.dev.verifying.kafka import connected_topics
from workers.dev.verifying.report import Question
from workers.dev.verifying.verify import verify
from workers.orders.deadlines import LONGEST_PAUSE
from workers.stream.ports import OutsideAwayError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Coroutine

    from workers.dev.chaos.board import Board, Screen
    from workers.dev.chaos.world import World
    from workers.dev.verifying.kafka import Topics
    from workers.dev.verifying.report import Verification

_START_SECONDS: Final = 180.0
_END_SECONDS: Final = 60.0
_REST_SECONDS: Final = LONGEST_PAUSE / 1000 + 60
"""A release whose request died with its worker is asked for again within that pause."""

_LOOK_SECONDS: Final = 0.5
_STOCKED: Final = {**PIECES, SCARCE: SCARCE_PIECES}


async def run_the_course(world: World, board: Board, screen: Screen) -> Outcome:
    """Do the run; returns when it is known whether everything holds, the workers ended.

    Raises:
        StackError: the workers did not become ready at the start.
    """
    options = board.options
    async with _kept_going(world, board, screen), connected_topics(world.settings) as topics:
        board.phase = "faults"
        began = time.monotonic()
        planned = plan(
            [FAULTS[name].slot for name in options.faults], options.seconds, options.seed
        )
        await inject_all(world, planned, board, screen.tell)
        await world.shop.close_for_today()
        load_seconds = time.monotonic() - began
        drain_seconds = await _drain(world, board, topics)
        world.shop.ledger.own_up(SOURCE)
        verifications = [await _verify(world, board)]
        before = await what_is_stored(world.settings)
        await _read_everything_again(world, board, topics)
        verifications.append(await _verify(world, board))
        changed = list(what_changed(before, await what_is_stored(world.settings)))
        _take_stock(world, board)
    board.broken.extend(world.fleet.unexplained)
    return Outcome(board, load_seconds, drain_seconds, verifications, changed)


@asynccontextmanager
async def _kept_going(world: World, board: Board, screen: Screen) -> AsyncIterator[None]:
    """Workers watched, shop open, board shown, until the end of the block; then workers end."""
    async with _background(world.fleet.watch()):
        try:
            if not await world.fleet.until_ready(world.fleet.workers, _START_SECONDS):
                raise StackError(_not_ready(world))
            async with (
                _background(world.shop.sell()),
                _background(world.shop.read()),
                _background(_show(world, board, screen)),
            ):
                yield
        finally:
            await _end(world)


@asynccontextmanager
async def _background(work: Coroutine[None, None, None]) -> AsyncIterator[None]:
    """Do something beside the block; its failure ends the block."""
    block = asyncio.current_task()
    task = asyncio.create_task(work)
    task.add_done_callback(lambda done: done.cancelled() or (block and block.cancel()))
    try:
        yield
    finally:
        if task.done():
            task.result()
        task.cancel()
        await asyncio.wait([task])


def _not_ready(world: World) -> str:
    worker = next(worker for worker in world.fleet.workers if not worker.is_ready)
    return f"{worker.part.name} was not ready. The end of its log:\n{worker.part.log_tail()}"


async def _end(world: World) -> None:
    for worker in world.fleet.workers:
        worker.is_wanted = False
        worker.part.terminate()
    await holds_within(
        lambda: not any(worker.part.alive() for worker in world.fleet.workers), _END_SECONDS
    )


async def _show(world: World, board: Board, screen: Screen) -> None:
    async with connected_topics(world.settings) as topics:
        while True:
            board.lag = await _lag(world, topics)
            _take_stock(world, board)
            running = [w.part for w in world.fleet.workers if w.is_running]
            board.memory.look(((part.name, part.pid) for part in running), board.seconds)
            screen.show(board)
            await asyncio.sleep(_LOOK_SECONDS)


def _take_stock(world: World, board: Board) -> None:
    ledger = world.shop.ledger
    board.acknowledged = ledger.acknowledged
    board.not_acknowledged = world.shop.not_acknowledged
    board.results = ledger.results
    board.dead_letters = ledger.dead_letters
    board.waiting = ledger.waiting
    board.endings = world.fleet.endings
    board.starts = tuple(world.fleet.starts)


async def _lag(world: World, topics: Topics) -> int | None:
    """How many records are before the workers; None while nobody can tell."""
    with suppress(KafkaError, OutsideAwayError, TimeoutError):
        return await asyncio.wait_for(lag(world.settings, topics), _END_SECONDS)
    return None


async def _drain(world: World, board: Board, topics: Topics) -> float:
    """Wait until every command has its outcome and nothing is unread; return the seconds it took.

    What is not done within the bound is told as a broken promise.
    """
    board.phase = "draining"
    began = time.monotonic()
    bound = board.options.drain_seconds
    while world.shop.ledger.waiting or await _lag(world, topics) != 0:
        if time.monotonic() - began > bound:
            waiting = world.shop.ledger.unanswered
            some = "; ".join(str(entry) for entry in waiting[:5])
            board.broken.append(
                f"{bound:.0f} s after the last fault {len(waiting)} commands have no outcome, "
                f"and {await _lag(world, topics)} records are unread: {some}"
            )
            break
        await asyncio.sleep(_LOOK_SECONDS)
    return time.monotonic() - began


async def _verify(world: World, board: Board) -> Verification:
    question = Question(ledger=world.shop.ledger.file, stocked=_STOCKED, wait=_REST_SECONDS)
    return await verify(world.settings, question, _Phases(board))


class _Phases:
    """Shows on the board how far a verification has come."""

    def __init__(self, board: Board) -> None:
        self._board = board

    def begin(self, stage: str, total: int | None) -> None:
        of = "" if total is None else f" ({total:,})"
        self._board.phase = f"verifying: {stage[:1].lower()}{stage[1:]}{of}"

    def advance(self, count: int) -> None:
        """The board shows stages, not steps."""


async def _read_everything_again(world: World, board: Board, topics: Topics) -> None:
    """End all workers, set all groups back to the beginning, and let them do all of it again."""
    board.phase = "reading everything again"
    workers = world.fleet.workers
    for worker in workers:
        worker.is_wanted = False
        worker.part.terminate()
    await holds_within(lambda: not any(worker.is_running for worker in workers), _END_SECONDS)
    try:
        for group in GROUPS.values():
            await set_back(world.settings, group)
    except NotMadeError as reason:
        board.broken.append(str(reason))
    for worker in workers:
        worker.is_wanted = True
    await world.fleet.until_ready(workers, _START_SECONDS)
    await _drain(world, board, topics)
