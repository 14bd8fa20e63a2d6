"""One run: Kafka, MongoDB, proxies and workers in a directory of their own, and the run's course.

The directory is deleted in the end, but kept where something does not hold.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Final

from workers.database import connect
from workers.dev.chaos.board import Board, Outcome
from workers.dev.chaos.course import run_the_course
from workers.dev.chaos.faults_of_workers import SESSION_SECONDS
from workers.dev.chaos.fleet import Fleet
from workers.dev.chaos.ledger import Ledger
from workers.dev.chaos.orders import SCARCE, SCARCE_PIECES
from workers.dev.chaos.proxy import running_proxies
from workers.dev.chaos.shop import Shop
from workers.dev.chaos.world import World
from workers.dev.running import prepare
from workers.dev.stack import StackOptions, start_stack
from workers.dev.supervisor import worker_command
from workers.inventory.store import STOCK

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workers.dev.chaos.board import Options, Screen
    from workers.dev.chaos.fleet import Command
    from workers.dev.chaos.proxy import Proxy
    from workers.dev.layout import Layout
    from workers.dev.stack import Stack
    from workers.settings import Settings

ENVIRONMENT: Final = {
    "OMS_REPLY_TIMEOUT": "2",
    "OMS_SESSION_TIMEOUT": str(SESSION_SECONDS),
}
"""What the workers are told, beside the addresses: to be impatient, so that much happens."""


def run_chaos(options: Options, screen: Screen, data: Path | None = None) -> Outcome:
    """Do one run in a new directory in `data`, or in the system's place for temporary ones.

    Raises:
        StackError: Kafka, MongoDB or the workers cannot be started.
    """
    folder = Path(tempfile.mkdtemp(prefix="oms-chaos-", dir=data))
    proxies: dict[int, Proxy] = {}

    @contextmanager
    def around(layout: Layout) -> Iterator[None]:
        with running_proxies(layout.routes) as found:
            proxies.update(found)
            yield

    stack_options = StackOptions(
        data=folder, brokers=options.brokers, mongo_members=options.members, proxied=True
    )
    try:
        with start_stack(stack_options, screen.tell, around) as stack:
            prepare(_settings(stack, options))
            outcome = asyncio.run(_run(stack, proxies, options, screen))
    except BaseException as error:
        _leave(folder, error, screen)
        raise
    if not outcome.holds:
        return replace(outcome, kept=folder)
    shutil.rmtree(folder, ignore_errors=True)
    return outcome


def _leave(folder: Path, error: BaseException, screen: Screen) -> None:
    """Delete the directory of a run that somebody broke off, and keep that of one that failed."""
    if isinstance(error, KeyboardInterrupt):
        shutil.rmtree(folder, ignore_errors=True)
    else:
        screen.tell(f"The data and all logs are kept in {folder}")


def _settings(stack: Stack, options: Options) -> Settings:
    return stack.settings.model_copy(update={"partitions": options.partitions})


async def _run(
    stack: Stack, proxies: dict[int, Proxy], options: Options, screen: Screen
) -> Outcome:
    settings = _settings(stack, options)
    await _stock_too_little(settings)
    environment = {**stack.proxied_environment, **ENVIRONMENT}
    fleet = Fleet(stack, environment, _releases(options.other_release))
    for number, kind in enumerate(options.crew, start=1):
        fleet.add(f"{kind} worker {number}", kind)
    ledger = Ledger(stack.directory.path / "ledger.jsonl")
    chance = Random(f"{options.seed} shop")  # noqa: S311 - a run is to be repeated, not guessed
    shop = Shop(settings, ledger, options.rate, chance)
    world = World(stack, settings, proxies, fleet, shop)
    try:
        return await run_the_course(world, Board(options), screen)
    finally:
        ledger.close()


def _releases(other: Path | None) -> list[Command]:
    """The command lines of this release's workers, and of another's, if there is one."""
    if other is None:
        return [worker_command]
    return [worker_command, lambda kind: [str(other), "worker", kind]]


async def _stock_too_little(settings: Settings) -> None:
    """Put in the product of which there is too little."""
    database = connect(settings)
    books = {"available": SCARCE_PIECES, "reserved": 0, "fulfilled": 0}
    await database[STOCK].insert_one({"_id": SCARCE, **books})
    database.client.close()
