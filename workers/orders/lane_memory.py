"""What this process remembers of a lane that is its own, so that open orders need no loading."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from schemas.status import Status
from schemas.topics import COMMANDS
from workers.orders.admission import waits_for_first_answers

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from workers.orders.order import Order


@dataclass(slots=True)
class LaneMemory:
    """All outputs of records below `acknowledged` are published; `open_orders` wait for checks.

    It is not sound while what is stored may be ahead of it. `told` has the version up to which an
    order was told here since commands were last acknowledged: while they are paused, an order's
    own command stays unacknowledged, and would have everything told again with each reply; its
    request, too, which brings another reply. `first_asked` counts the open orders whose checks
    have been asked for once.
    """

    lane: int
    acknowledged: dict[str, int]
    open_orders: dict[str, Order] = field(default_factory=dict)
    first_asked: int = 0
    told: dict[str, int] = field(default_factory=dict)
    is_sound: bool = False

    def acknowledge(self, positions: Mapping[str, int]) -> None:
        """All outputs of the records below these offsets are published."""
        self.acknowledged.update(positions)
        if COMMANDS in positions:
            self.told.clear()

    def recall(self, pending: Iterable[Order]) -> None:
        """Know these orders, and no others, to wait for their checks."""
        self.open_orders = {order.id: order for order in pending}
        self.first_asked = sum(map(waits_for_first_answers, self.open_orders.values()))
        self.is_sound = True

    def note(self, order_id: str, order: Order | None) -> bool:
        """Remember what was told of the order, and itself while it waits for its checks here.

        Returns whether it has got its first answers by now.
        """
        before = waits_for_first_answers(self.open_orders.get(order_id))
        if order is not None and order.lane == self.lane:
            self.told[order_id] = order.version
            if order.status is Status.PENDING:
                self.open_orders[order_id] = order
                self.first_asked += waits_for_first_answers(order) - before
                return False
        self.open_orders.pop(order_id, None)
        self.first_asked -= before
        return before
