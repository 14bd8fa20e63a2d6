"""What the orders worker asks of its database, whatever that is."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from workers.orders.order import Order


class RefusalKey(NamedTuple):
    """A command that changed nothing: its source and id, within its order."""

    order_id: str | None
    source: str
    id: str


class Refusal(NamedTuple):
    """The remembered answer to such a command: its result as it goes out, but for the order.

    An `unchanged` result shows the order at `shown_version`. That is put in from the order itself,
    so that nothing personal outlives a deletion here.
    """

    key: RefusalKey
    value: bytes
    headers: tuple[tuple[str, bytes], ...]
    shown_version: int | None = None


class Write(NamedTuple):
    """An order to be stored; `before` is the order as it was loaded, `None` for a new one."""

    before: Order | None
    after: Order


class OrderStore(Protocol):
    """Orders and refusals. Every method raises `OutsideAwayError` while the database is away."""

    async def load(self, order_ids: Collection[str]) -> dict[str, Order]:
        """Those of the orders that exist."""

    async def load_pending(self, lane: int) -> list[Order]:
        """The orders of a lane that wait for their checks."""

    async def save(self, writes: Sequence[Write]) -> frozenset[str]:
        """Store all; return the ids of those that somebody else has changed meanwhile."""

    async def load_refusals(self, keys: Collection[RefusalKey]) -> dict[RefusalKey, Refusal]:
        """Those of the refusals that are remembered."""

    async def remember(self, refusals: Sequence[Refusal]) -> dict[RefusalKey, Refusal]:
        """Remember all; return those that were remembered before, as they were."""

    async def due(self, lanes: Collection[int], now: int, limit: int) -> list[Order]:
        """Orders of these lanes whose wait is over at `now`, milliseconds since 1970."""
