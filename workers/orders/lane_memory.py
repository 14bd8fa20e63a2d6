"""What this process remembers of a lane that is its own, so that open orders need no loading."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from schemas.status import Status

if TYPE_CHECKING:
    from workers.orders.order import Order


@dataclass(slots=True)
class LaneMemory:
    """All outputs of records below `acknowledged` are published; `open_orders` wait for checks.

    It is not sound while what is stored may be ahead of it.
    """

    lane: int
    acknowledged: dict[str, int]
    open_orders: dict[str, Order] = field(default_factory=dict)
    is_sound: bool = False

    def note(self, order_id: str, order: Order | None) -> None:
        """Keep the order in mind if it waits for its checks in this lane."""
        if order is not None and order.status is Status.PENDING and order.lane == self.lane:
            self.open_orders[order_id] = order
        else:
            self.open_orders.pop(order_id, None)
