"""An inventory store in memory: the port's smallest honest implementation, for tests."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from workers.inventory.books import Changes, Known, Reservation, StockChange
from workers.inventory.ports import ConflictError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Mapping

    from workers.inventory.ports import Result, Transaction


class MemoryInventoryStore:
    """Stock and reservations in dicts; one transaction at a time."""

    def __init__(self, available: Mapping[str, int]) -> None:
        """Have these pieces of each product available, and nothing reserved."""
        self.stock = {name: StockChange(available=pieces) for name, pieces in available.items()}
        self.reservations: dict[str, Reservation] = {}
        self._lock = asyncio.Lock()

    def known(self) -> Known:
        """Everything there is, as it would be loaded."""
        available = {name: pieces.available for name, pieces in self.stock.items()}
        return Known(dict(self.reservations), available)

    def apply(self, changes: Changes) -> None:
        """Store changes; a ConflictError when they were decided on something else."""
        stock = {name: self._moved(name, change) for name, change in changes.stock.items()}
        for order_id, before, _ in changes.reservations:
            if self.reservations.get(order_id) != before:
                raise ConflictError(order_id)
        self.stock.update(stock)
        self.reservations.update({order_id: after for order_id, _, after in changes.reservations})

    def _moved(self, product_id: str, change: StockChange) -> StockChange:
        found = self.stock.get(product_id)
        if found is None or (change.available < 0 and found.available + change.available < 0):
            raise ConflictError(product_id)
        return found.plus(change)

    async def transact(self, work: Callable[[Transaction], Awaitable[Result]]) -> Result:
        """Run `work`; what it saves is there at the end, or not at all when it raises."""
        async with self._lock:
            transaction = _MemoryTransaction(self)
            result = await work(transaction)
            for changes in transaction.saved:
                self.apply(changes)
            return result


class _MemoryTransaction:
    def __init__(self, store: MemoryInventoryStore) -> None:
        self._store = store
        self.saved: list[Changes] = []

    async def load(self, order_ids: Collection[str], product_ids: Collection[str]) -> Known:
        everything = self._store.known()
        reservations = {
            name: found for name, found in everything.reservations.items() if name in order_ids
        }
        held = {line.product_id for found in reservations.values() for line in found.lines}
        wanted = held.union(product_ids)
        available = {name: n for name, n in everything.available.items() if name in wanted}
        return Known(reservations, available)

    async def save(self, changes: Changes) -> None:
        self.saved.append(changes)
