"""What each request leads to. Pure: requests and what is known in, replies and changes out.

The requests are decided in order on a working copy, so that each sees those before it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple

from schemas.replies import ReplyType
from schemas.requests import FulfillStock, InventoryRequest, ReleaseStock, ReserveStock
from schemas.results import Code
from workers.inventory.books import (
    Changes,
    Known,
    Line,
    Refusal,
    Reservation,
    ReservationChange,
    State,
    StockChange,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

RELEASED_BEFORE: Final = "RELEASED"
"""The code of a reserve that comes after its release."""

_PLENTY: Final = 2**53
"""More than all requests of a batch can ask for, and still a whole number everywhere."""


class Reply(NamedTuple):
    """The answer to one request; a refused reserve has its `refusal`."""

    type: ReplyType
    refusal: Refusal | None = None


@dataclass(frozen=True, slots=True)
class Decisions:
    """One reply for each request, and what has to be stored before they are sent."""

    replies: tuple[Reply, ...]
    changes: Changes


@dataclass(slots=True)
class _Books:
    """The working copy that one batch is decided on."""

    reservations: dict[str, Reservation]
    available: dict[str, int]
    moved: dict[str, StockChange] = field(default_factory=dict)


def decide(requests: Sequence[InventoryRequest], known: Known) -> Decisions:
    """Decide all requests in order; `known` has everything that they are about."""
    books = _Books(dict(known.reservations), dict(known.available))
    replies = tuple(_answer(request, books) for request in requests)
    orders = dict.fromkeys(request.order_id for request in requests)
    return Decisions(replies, _changes(books, known, orders))


def assume_plenty(requests: Sequence[InventoryRequest]) -> Known | None:
    """What holds nearly always: no order has asked before, and there is enough of everything.

    A decision on this may be stored without loading anything, for what is stored is guarded:
    where it does not hold, nothing is stored. `None` where it cannot hold.
    """
    available: dict[str, int] = {}
    for request in requests:
        if not isinstance(request, ReserveStock):
            return None
        available.update((product.product_id, _PLENTY) for product in request.products)
    return Known({}, available)


def _answer(request: InventoryRequest, books: _Books) -> Reply:
    match request:
        case ReserveStock():
            return _reserve(request, books)
        case ReleaseStock():
            return _release(request.order_id, books)
        case FulfillStock():
            return _fulfill(request.order_id, books)


def _reserve(request: ReserveStock, books: _Books) -> Reply:
    reservation = books.reservations.get(request.order_id)
    if reservation is None:
        reservation = _new_reservation(_lines(request), books.available)
        books.reservations[request.order_id] = reservation
        if reservation.state is State.RESERVED:
            for product_id, pieces in reservation.lines:
                _move(books, product_id, StockChange(available=-pieces, reserved=pieces))
    if reservation.refusal is not None:
        return Reply(ReplyType.REFUSED, reservation.refusal)
    return Reply(ReplyType.RESERVED)


def _lines(request: ReserveStock) -> tuple[Line, ...]:
    pieces: dict[str, int] = {}
    for product in request.products:
        pieces[product.product_id] = pieces.get(product.product_id, 0) + product.quantity
    return tuple(Line(product_id, quantity) for product_id, quantity in pieces.items())


def _new_reservation(lines: tuple[Line, ...], available: Mapping[str, int]) -> Reservation:
    refusal = _refusal(lines, available)
    if refusal is not None:
        return Reservation(State.REFUSED, lines, refusal)
    return Reservation(State.RESERVED, lines)


def _refusal(lines: Iterable[Line], available: Mapping[str, int]) -> Refusal | None:
    unknown = tuple(line.product_id for line in lines if line.product_id not in available)
    if unknown:
        return Refusal(Code.PRODUCT_UNKNOWN, unknown)
    short = tuple(line.product_id for line in lines if line.quantity > available[line.product_id])
    return Refusal(Code.OUT_OF_STOCK, short) if short else None


def _release(order_id: str, books: _Books) -> Reply:
    reservation = books.reservations.get(order_id)
    if reservation is None:
        books.reservations[order_id] = Reservation(State.RELEASED, refusal=Refusal(RELEASED_BEFORE))
    elif reservation.state is State.FULFILLED:
        return Reply(ReplyType.RELEASE_REFUSED)
    elif reservation.state is State.RESERVED:
        books.reservations[order_id] = reservation._replace(state=State.RELEASED)
        for product_id, pieces in reservation.lines:
            _move(books, product_id, StockChange(available=pieces, reserved=-pieces))
    return Reply(ReplyType.RELEASED)


def _fulfill(order_id: str, books: _Books) -> Reply:
    reservation = books.reservations.get(order_id)
    if reservation is None or reservation.state in {State.RELEASED, State.REFUSED}:
        return Reply(ReplyType.FULFILL_REFUSED)
    if reservation.state is State.RESERVED:
        books.reservations[order_id] = reservation._replace(state=State.FULFILLED)
        for product_id, pieces in reservation.lines:
            _move(books, product_id, StockChange(reserved=-pieces, fulfilled=pieces))
    return Reply(ReplyType.FULFILLED)


def _move(books: _Books, product_id: str, change: StockChange) -> None:
    # A product that was taken off the books since has nothing left to move.
    if product_id in books.available:
        books.available[product_id] += change.available
        books.moved[product_id] = books.moved.get(product_id, StockChange()).plus(change)


def _changes(books: _Books, known: Known, orders: Iterable[str]) -> Changes:
    changed = (
        ReservationChange(order_id, known.reservations.get(order_id), books.reservations[order_id])
        for order_id in orders
        if order_id in books.reservations
    )
    return Changes(
        {product_id: move for product_id, move in books.moved.items() if any(move)},
        tuple(change for change in changed if change.before is not change.after),
    )
