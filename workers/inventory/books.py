"""The inventory's data: what an order holds, what there is of a product, and what changes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping


class State(StrEnum):
    """What became of an order's reservation."""

    RESERVED = "reserved"
    RELEASED = "released"
    REFUSED = "refused"
    FULFILLED = "fulfilled"


class Line(NamedTuple):
    """Pieces of one product; of a product there is one line in a reservation."""

    product_id: str
    quantity: int


class Refusal(NamedTuple):
    """Why an order got nothing, and because of which products."""

    code: str
    product_ids: tuple[str, ...] = ()


class Reservation(NamedTuple):
    """What is remembered of an order, for ever: its answers must not change.

    `refusal` is what its reserve request is answered with; without one, it was granted.
    """

    state: State
    lines: tuple[Line, ...] = ()
    refusal: Refusal | None = None


class StockChange(NamedTuple):
    """By how much the pieces of one product change; the three add up to 0."""

    available: int = 0
    reserved: int = 0
    fulfilled: int = 0

    def plus(self, other: StockChange) -> StockChange:
        """Both changes as one."""
        return StockChange(
            self.available + other.available,
            self.reserved + other.reserved,
            self.fulfilled + other.fulfilled,
        )


@dataclass(frozen=True, slots=True)
class Known:
    """What was loaded: reservations by order id, available pieces by product id."""

    reservations: Mapping[str, Reservation]
    available: Mapping[str, int]


class ReservationChange(NamedTuple):
    """The reservation of an order before (None: there is none) and after."""

    order_id: str
    before: Reservation | None
    after: Reservation


@dataclass(frozen=True, slots=True)
class Changes:
    """What is to be stored, all or nothing: stock by product id, and reservations."""

    stock: Mapping[str, StockChange]
    reservations: tuple[ReservationChange, ...]

    @property
    def empty(self) -> bool:
        """Whether there is nothing to store."""
        return not self.stock and not self.reservations
