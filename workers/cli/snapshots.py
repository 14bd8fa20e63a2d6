"""`oms snapshots`: write what the compacted topic holds again, from MongoDB."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from workers.cli.failures import FailedError, run
from workers.cli.kafka import await_kafka
from workers.cli.mongo import database_that_answers
from workers.cli.output import Json, print_json, stdout
from workers.cli.progress import ShownProgress
from workers.operating.snapshots import count_orders, missing_orders
from workers.operating.snapshots import rebuild as rebuild_snapshots
from workers.orders.store import MongoOrderStore
from workers.stream.writing.publisher import BatchPublisher

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from workers.operating.snapshots import Database, Rebuilt
    from workers.settings import Settings

snapshots = typer.Typer(
    no_args_is_help=True, help="The newest state of every order, on orders.snapshots."
)


@snapshots.command()
def rebuild(
    orders: Annotated[
        list[str] | None,
        typer.Argument(metavar="[ORDER]...", help="Orders; all if none is named."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Count the orders, and write nothing.")
    ] = False,
    json: Json = False,
) -> None:
    """Write the newest snapshot of orders again, from MongoDB, also while workers work.

    Each is equal to the byte to what its worker wrote, in the same partition; that of a deleted
    order is a null value. Readers that keep the highest version notice nothing.
    """
    names = list(dict.fromkeys(orders or []))
    work = _count if dry_run else _rebuild
    rebuilt = run(lambda settings: work(settings, names))
    if json:
        print_json({**asdict(rebuilt), "dryRun": dry_run})
    else:
        _print(rebuilt, "would be written" if dry_run else "written")


def _print(rebuilt: Rebuilt, written: str) -> None:
    kinds = f"{rebuilt.orders - rebuilt.deleted} with an order, {rebuilt.deleted} with null"
    stdout().print(f"{rebuilt.orders} snapshots {written}: {kinds}")
    if rebuilt.moved:
        stdout().print(f"{rebuilt.moved} changed meanwhile, and were written again")


async def _count(settings: Settings, names: Sequence[str]) -> Rebuilt:
    async with _orders(settings, names) as (database, _store):
        return await count_orders(database, names)


async def _rebuild(settings: Settings, names: Sequence[str]) -> Rebuilt:
    await await_kafka(settings)
    async with _orders(settings, names) as (database, store):
        publisher = BatchPublisher(settings, guard=lambda: None)
        await publisher.start()
        try:
            with ShownProgress() as progress:
                return await rebuild_snapshots(database, store, publisher, names, progress)
        finally:
            await publisher.stop()


@asynccontextmanager
async def _orders(
    settings: Settings, names: Sequence[str]
) -> AsyncIterator[tuple[Database, MongoOrderStore]]:
    """The database and its orders, of which all that are named exist."""
    async with database_that_answers(settings) as database:
        store = MongoOrderStore(database, settings.refusals_keep_days, guard=lambda: None)
        missing = await missing_orders(database, names)
        if missing:
            message = f"There is no order {', '.join(missing)} in {settings.mongo_database}."
            raise FailedError(message)
        yield database, store
