"""What the simulated inventory holds: its books (invariant 9) and its reservations (10)."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from workers.dev.verifying.case import Case
    from workers.dev.verifying.facts import Reservation
    from workers.dev.verifying.report import Tally

RESERVED: Final = "reserved"
FULFILLED: Final = "fulfilled"

STATE_OF: Final[Mapping[str, str]] = {
    "processing": RESERVED,
    "shipped": FULFILLED,
    "delivered": FULFILLED,
}
"""The state that the reservation of an order in such a status must have."""

_WANTS_NO_STOCK: Final = frozenset({"rejected", "expired", "canceled", "deleted"})
_OPEN: Final = frozenset({"pending", "canceling"})

NO_INVENTORY: Final = "the inventory is not the simulated one: it keeps no books here"
NOT_TOLD: Final = "nobody said how much was stocked: only what is left and held was checked"
_WAITS: Final = "the order waits for an answer"


class Books:
    """The stock of all products, and what the reservations hold of them.

    Its size grows with the number of products, not with that of orders.
    """

    def __init__(self, stocked: Mapping[str, int] | None) -> None:
        """Nothing is known yet but how much was stocked of each product, if that is."""
        self._stocked = stocked
        self._stock: dict[str, tuple[int, int, int]] = {}
        self._held: Counter[str] = Counter()
        self._reservations = 0

    @property
    def are_kept(self) -> bool:
        """Whether there is an inventory that keeps books."""
        return bool(self._stock or self._reservations)

    def add_product(self, product: str, available: int, reserved: int, fulfilled: int) -> None:
        """Take the pieces of one product."""
        self._stock[product] = (available, reserved, fulfilled)

    def add_reservation(self, reservation: Reservation) -> None:
        """Take what one order holds."""
        self._reservations += 1
        if reservation.state == RESERVED:
            for product, quantity in reservation.lines:
                self._held[product] += quantity

    def check(self, tally: Tally) -> None:
        """Nothing below zero, nothing gained or lost, and what is held is what is reserved."""
        if not self.are_kept:
            tally.unchecked(9, NO_INVENTORY)
            return
        for product, pieces in self._stock.items():
            tally.checked(9)
            for fault in self._faults(product, pieces):
                tally.violated(9, None, f"product {product}: {fault}")
        for product in self._held.keys() - self._stock.keys():
            evidence = (
                f"product {product}: reservations hold {self._held[product]}, it has no books"
            )
            tally.violated(9, None, evidence)
        if self._stocked is None:
            tally.unchecked(9, NOT_TOLD, len(self._stock))
        else:
            for product in self._stocked.keys() - self._stock.keys():
                evidence = (
                    f"product {product}: {self._stocked[product]} were stocked, it has no books"
                )
                tally.violated(9, None, evidence)

    def _faults(self, product: str, pieces: tuple[int, int, int]) -> list[str]:
        available, reserved, fulfilled = pieces
        held = self._held[product]
        faults = []
        if min(pieces) < 0:
            faults.append(f"{available} available, {reserved} reserved, {fulfilled} fulfilled")
        if reserved != held:
            faults.append(f"{reserved} are reserved, and reservations hold {held}")
        total = sum(pieces)
        stocked = total if self._stocked is None else self._stocked.get(product, total)
        if total != stocked:
            faults.append(
                f"{available} available, {reserved} reserved and {fulfilled} fulfilled "
                f"are {total}, and {stocked} were stocked"
            )
        return faults


def check_reservation(case: Case, tally: Tally) -> None:
    """Stock is reserved for an order in processing, gone for a shipped one, else not held."""
    document, reservation = case.document, case.reservation
    if document is None and reservation is None:
        return
    status = document.status if document else None
    state = reservation.state if reservation else None
    if document is not None and (document.due_at is not None or status in _OPEN):
        tally.unchecked(10, _WAITS)
        return
    tally.checked(10)
    wanted = STATE_OF.get(status or "")
    if wanted not in {None, state} or (wanted is None and state == RESERVED):
        held = f"its reservation is {state}" if state else "it has no reservation"
        is_there = f"the order is {status}" if status else "there is no such order"
        tally.violated(10, case.order_id, f"{is_there}, and {held}")
        if status in _WANTS_NO_STOCK:
            evidence = f"the order is {status}: the stock that it was granted was not given back"
            tally.violated(11, case.order_id, evidence)
    elif document is not None and reservation is not None and wanted:
        _check_lines(document.told.get("products"), reservation, case.order_id, tally)


def _check_lines(
    products: list[dict[str, object]] | None, held: Reservation, order_id: str, tally: Tally
) -> None:
    """What is held is what was ordered."""
    ordered = {line["productId"]: line["quantity"] for line in products or ()}
    if ordered != dict(held.lines):
        evidence = f"{ordered} were ordered, and {dict(held.lines)} are {held.state}"
        tally.violated(10, order_id, evidence)
