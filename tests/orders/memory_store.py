"""Orders and refusals in memory: the port's smallest honest implementation, for tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from schemas.status import Status
from workers.orders.deadlines import LONGEST_PAUSE

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from workers.orders.order import Order
    from workers.orders.ports import Refusal, RefusalKey, Write


class MemoryOrderStore:
    """Everything in dicts. `on_save` runs before each save, to meddle or to fail."""

    def __init__(self, on_save: Callable[[Sequence[Write]], None] = lambda _: None) -> None:
        """Hold nothing yet."""
        self.orders: dict[str, Order] = {}
        self.refusals: dict[RefusalKey, Refusal] = {}
        self.on_save = on_save

    async def load(self, order_ids: Collection[str]) -> dict[str, Order]:
        """Those of the orders that exist."""
        return {name: self.orders[name] for name in order_ids if name in self.orders}

    async def load_pending(self, lane: int) -> list[Order]:
        """The orders of a lane that wait for their checks."""
        return [
            order
            for order in self.orders.values()
            if order.lane == lane and order.status is Status.PENDING and order.waiting is not None
        ]

    async def save(self, writes: Sequence[Write]) -> frozenset[str]:
        """Store all; return the ids of those that somebody else has changed meanwhile."""
        self.on_save(writes)
        return frozenset(write.after.id for write in writes if not self._store(write))

    def _store(self, write: Write) -> bool:
        stored = self.orders.get(write.after.id)
        expected = None if write.before is None else write.before.revision
        fits = (None if stored is None else stored.revision) == expected
        if fits:
            self.orders[write.after.id] = write.after
        return fits

    async def load_refusals(self, keys: Collection[RefusalKey]) -> dict[RefusalKey, Refusal]:
        """Those of the refusals that are remembered."""
        return {key: self.refusals[key] for key in keys if key in self.refusals}

    async def remember(self, refusals: Sequence[Refusal]) -> dict[RefusalKey, Refusal]:
        """Remember all; return those that were remembered before, as they were."""
        before = await self.load_refusals([refusal.key for refusal in refusals])
        for refusal in refusals:
            self.refusals.setdefault(refusal.key, refusal)
        return before

    async def due(self, lanes: Collection[int], now: int, limit: int) -> list[Order]:
        """Orders of these lanes whose wait is over, or further off than any wait can be."""
        found = [
            order
            for order in self.orders.values()
            if order.lane in lanes
            and order.waiting is not None
            and not now < order.waiting.due_at <= now + 2 * LONGEST_PAUSE
        ]
        return found[:limit]
