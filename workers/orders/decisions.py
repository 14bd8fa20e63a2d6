"""What a message can lead to, and the one way in which an order gets a new version."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from workers.orders.deadlines import waiting_after
from workers.orders.evolve import evolve
from workers.orders.order import Change

if TYPE_CHECKING:
    from schemas.events import EventType
    from schemas.requests import RequestType
    from workers.orders.answers import Answer
    from workers.orders.deadlines import Patience
    from workers.orders.order import Cause, Order, Shipping


@dataclass(frozen=True, slots=True)
class Moment:
    """When and where a message is decided: milliseconds since 1970, the lane, the settings."""

    now: int
    lane: int
    patience: Patience


class Changed(NamedTuple):
    """The order has a new version; its newest change says which."""

    order: Order


class Ask(NamedTuple):
    """The next request of the same attempt is to be sent; nothing is to be stored."""

    request: RequestType
    attempt: int


class Remembered(NamedTuple):
    """No new version, but what the order waits for is to be stored; `request` is then sent.

    `asked_at` is the request's time, in milliseconds since 1970: the same for all who store the
    same.
    """

    order: Order
    request: RequestType | None = None
    asked_at: int = 0


class Refused(NamedTuple):
    """Nothing changes; the answer says why and is remembered. `unchanged` is one of these."""

    answer: Answer


class Ignored(NamedTuple):
    """Nobody waits for this."""

    reason: str


Decision = Changed | Ask | Remembered | Refused | Ignored


def change_order(  # noqa: PLR0913 - what a change is made of
    order: Order,
    moment: Moment,
    cause: Cause,
    event_type: EventType,
    *,
    reason: str | None = None,
    shipping: Shipping | None = None,
) -> Changed:
    """The order with one more version, waiting for whom that version makes it wait for."""
    version = order.version + 1
    change = Change(version, event_type, moment.now, cause, reason=reason, shipping=shipping)
    return Changed(with_waiting(order, evolve(order, change), moment))


def with_waiting(before: Order | None, after: Order, moment: Moment) -> Order:
    """The order with what it waits for after its newest change."""
    return after._replace(waiting=waiting_after(before, after, moment.patience))
