"""MongoDB's transactions, as the inventory uses them: snapshots, and conflicts between writers.

A transaction reads everything as it was when it first read. What it writes must not have been
written by anybody since then, or all of it is given up.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from tests.simulation.network import Question, Server
from workers.inventory.books import Changes, Known
from workers.inventory.ports import ConflictError, Result

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection

    from tests.simulation.database import Database
    from tests.simulation.network import Network
    from tests.simulation.processes import Process
    from workers.inventory.books import Reservation
    from workers.inventory.ports import Transaction


class SimulatedInventoryStore:
    """The inventory worker's store, for one process."""

    def __init__(self, process: Process, network: Network, database: Database) -> None:
        """Keep everything in `database`."""
        self._process = process
        self._network = network
        self._database = database

    async def transact(self, work: Callable[[Transaction], Awaitable[Result]]) -> Result:
        """Run `work` in a transaction, to its end even if the caller is cancelled.

        Raises:
            ConflictError: nothing is stored, or it is not known whether; load and decide again.
            OutsideAwayError: the store does not answer; it is not known what is stored.
        """
        return await asyncio.shield(asyncio.create_task(self._transact(work)))

    async def _transact(self, work: Callable[[Transaction], Awaitable[Result]]) -> Result:
        transaction = _SimulatedTransaction(self._process, self._network, self._database)
        result = await work(transaction)
        await transaction.commit()
        return result


class _SimulatedTransaction:
    def __init__(self, process: Process, network: Network, database: Database) -> None:
        self._process = process
        self._network = network
        self._database = database
        self._seen: dict[tuple[str, str], int] | None = None
        self._available: dict[str, int] = {}
        self._reservations: dict[str, Reservation] = {}
        self._saved: list[Changes] = []

    async def load(self, order_ids: Collection[str], product_ids: Collection[str]) -> Known:
        await self._network.ask(
            self._process, Question(Server.DATABASE, "begin"), self._take_snapshot
        )
        reservations = {
            name: self._reservations[name] for name in order_ids if name in self._reservations
        }
        held = {line.product_id for found in reservations.values() for line in found.lines}
        wanted = held.union(product_ids)
        return Known(reservations, {n: p for n, p in self._available.items() if n in wanted})

    def _take_snapshot(self) -> None:
        if self._seen is None:
            database = self._database
            self._seen = dict(database.written)
            self._available = {name: found.available for name, found in database.stock.items()}
            self._reservations = dict(database.reservations)

    async def save(self, changes: Changes) -> None:
        await self._process.guard()
        await self._network.ask(
            self._process, Question(Server.DATABASE, "change"), self._take_snapshot
        )
        if not self._fits(changes):
            raise ConflictError("this is not what was decided on")
        self._saved.append(changes)

    def _fits(self, changes: Changes) -> bool:
        """What the conditions of the writes say, on the snapshot."""
        for product_id, change in changes.stock.items():
            available = self._available.get(product_id)
            if available is None or (change.available < 0 and available < -change.available):
                return False
        for order_id, before, _ in changes.reservations:
            found = self._reservations.get(order_id)
            if (None if found is None else found.state) != (before and before.state):
                return False
        return True

    async def commit(self) -> None:
        """Write everything, or nothing.

        Raises:
            ConflictError: somebody else has written the same since the snapshot.
        """
        has_conflict = await self._network.ask(
            self._process, Question(Server.DATABASE, "commit"), self._write_all
        )
        if has_conflict:
            raise ConflictError("somebody else changes the same stock or reservations")

    def _write_all(self) -> bool:
        """Whether there was a conflict, and nothing is written."""
        seen = self._seen or {}
        written = self._database.written
        touched = [
            *(("stock", name) for changes in self._saved for name in changes.stock),
            *(
                ("reservations", change.order_id)
                for changes in self._saved
                for change in changes.reservations
            ),
        ]
        if any(written.get(where, 0) != seen.get(where, 0) for where in touched):
            return True
        for where in touched:
            written[where] = written.get(where, 0) + 1
        for changes in self._saved:
            self._write(changes)
        return False

    def _write(self, changes: Changes) -> None:
        database = self._database
        for product_id, change in changes.stock.items():
            database.stock[product_id] = database.stock[product_id].plus(change)
            database.lowest = min(database.lowest, database.stock[product_id].available)
        for order_id, _, after in changes.reservations:
            database.reservations[order_id] = after
