"""MongoDB, as far as the services can see it: each write of a bulk is an effect of its own.

The stores do what the real ones do with the driver, step by step: a bulk write tells totals only,
and is read back when they do not fit. The contract tests hold them to what the real ones pass.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from schemas.status import Status
from tests.simulation.network import Question, Server
from workers.orders.deadlines import LONGEST_PAUSE

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from tests.simulation.network import Network, Part
    from tests.simulation.processes import Process
    from workers.inventory.books import Reservation, StockChange
    from workers.orders.order import Order
    from workers.orders.ports import Refusal, RefusalKey, Write


@dataclass(slots=True)
class Database:
    """All collections; of orders, which bulk wrote each; of the inventory's, how often it was."""

    orders: dict[str, Order] = field(default_factory=dict)
    writes: dict[str, object] = field(default_factory=dict)
    refusals: dict[RefusalKey, Refusal] = field(default_factory=dict)
    customers: dict[str, str] = field(default_factory=dict)
    stock: dict[str, StockChange] = field(default_factory=dict)
    reservations: dict[str, Reservation] = field(default_factory=dict)
    written: dict[tuple[str, str], int] = field(default_factory=dict)
    lowest: int = 0
    """The least that was ever available of a product, when that was below 0."""


class SimulatedOrderStore:
    """The orders worker's store, for one process."""

    def __init__(self, process: Process, network: Network, database: Database) -> None:
        """Keep everything in `database`."""
        self._process = process
        self._network = network
        self.database = database

    async def load(self, order_ids: Collection[str]) -> dict[str, Order]:
        """Those of the orders that exist."""
        orders = self.database.orders

        def find() -> dict[str, Order]:
            return {name: orders[name] for name in order_ids if name in orders}

        if not order_ids:
            return {}
        return await self._network.ask(self._process, Question(Server.DATABASE, "load"), find)

    async def load_pending(self, lane: int) -> list[Order]:
        """The orders of a lane that wait for their checks."""

        def find() -> list[Order]:
            return [
                order
                for order in self.database.orders.values()
                if order.lane == lane and order.status is Status.PENDING and order.waiting
            ]

        return await self._network.ask(
            self._process, Question(Server.DATABASE, "load pending"), find
        )

    async def save(self, writes: Sequence[Write]) -> frozenset[str]:
        """Store all; return the ids of those that somebody else has changed meanwhile."""
        if not writes:
            return frozenset()
        await self._process.guard()
        fitting: list[Write] = []

        def write_one(write: Write) -> None:
            if self.fits(write):
                self.database.orders[write.after.id] = write.after
                self.database.writes[write.after.id] = fitting
                fitting.append(write)

        queues: list[list[Part]] = [[(write_one, write)] for write in writes]
        total = await self._network.ask(
            self._process,
            Question(
                Server.DATABASE,
                "save",
                lambda: "".join(f" [{_short(write.after)}]" for write in writes),
            ),
            lambda: len(fitting),
            queues,
        )
        if total == len(writes):
            return frozenset()
        return await self._lost([write.after.id for write in writes], fitting)

    async def _lost(self, order_ids: Sequence[str], write_id: object) -> frozenset[str]:
        written = self.database.writes

        def find() -> frozenset[str]:
            return frozenset(name for name in order_ids if written.get(name) is not write_id)

        return await self._network.ask(self._process, Question(Server.DATABASE, "read back"), find)

    def fits(self, write: Write) -> bool:
        """The guard: a new order is not there yet, any other has the revision it was read at."""
        stored = self.database.orders.get(write.after.id)
        if stored is None or write.before is None:
            return stored is write.before
        return stored.revision == write.before.revision

    async def load_refusals(self, keys: Collection[RefusalKey]) -> dict[RefusalKey, Refusal]:
        """Those of the refusals that are remembered."""
        refusals = self.database.refusals

        def find() -> dict[RefusalKey, Refusal]:
            return {key: refusals[key] for key in keys if key in refusals}

        if not keys:
            return {}
        return await self._network.ask(
            self._process, Question(Server.DATABASE, "load refusals"), find
        )

    async def remember(self, refusals: Sequence[Refusal]) -> dict[RefusalKey, Refusal]:
        """Remember all; return those that were remembered before, as they were."""
        if not refusals:
            return {}
        await self._process.guard()
        new: list[Refusal] = []

        def remember_one(refusal: Refusal) -> None:
            if self.database.refusals.setdefault(refusal.key, refusal) is refusal:
                new.append(refusal)

        queues: list[list[Part]] = [[(remember_one, refusal)] for refusal in refusals]
        total = await self._network.ask(
            self._process,
            Question(
                Server.DATABASE,
                "remember",
                lambda: "".join(
                    f" [{refusal.key.order_id} {refusal.key.id}]" for refusal in refusals
                ),
            ),
            lambda: len(new),
            queues,
        )
        if total == len(refusals):
            return {}
        return await self.load_refusals([refusal.key for refusal in refusals])

    async def due(self, lanes: Collection[int], now: int, limit: int) -> list[Order]:
        """Orders of these lanes whose wait is over, or further off than any wait can be."""

        def find() -> list[Order]:
            found = [
                order
                for order in self.database.orders.values()
                if order.lane in lanes
                and order.waiting is not None
                and not now < order.waiting.due_at <= now + 2 * LONGEST_PAUSE
            ]
            return found[:limit]

        return await self._network.ask(self._process, Question(Server.DATABASE, "due"), find)


class SimulatedCustomerStore:
    """The customers worker's store, for one process."""

    def __init__(self, process: Process, network: Network, database: Database) -> None:
        """Read from `database`."""
        self._process = process
        self._network = network
        self._database = database

    async def load(self, customer_ids: Collection[str]) -> Mapping[str, str]:
        """The status of each of these customers that exists."""
        known = self._database.customers

        def find() -> dict[str, str]:
            return {name: known[name] for name in customer_ids if name in known}

        return await self._network.ask(
            self._process, Question(Server.DATABASE, "load customers"), find
        )


def _short(order: Order) -> str:
    return f"{order.id} v{order.version} r{order.revision} {order.status}"
