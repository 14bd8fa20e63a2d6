"""The story of an order in words, from its history, for whoever has to explain it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, assert_never

from schemas.events import EventType
from schemas.replies import ReplyType
from schemas.topics import COMMANDS
from workers.orders.deadlines import purpose_begun
from workers.orders.evolve import at_version
from workers.orders.order import Purpose
from workers.stream.times import rfc3339

if TYPE_CHECKING:
    from workers.orders.order import Cause, Change, Order

_ASKED: Final = {
    Purpose.CHECKS: "the customer and inventory services",
    Purpose.RELEASE: "the inventory service to release the stock",
    Purpose.FULFILLMENT: "the inventory service to book the stock out",
}


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the story.

    `at` is in milliseconds since 1970; `waited` and `waited_for` are there where the change ended
    a wait: milliseconds, and for whom.
    """

    at: int
    version: int
    what: str
    because: str
    waited: int | None = None
    waited_for: str | None = None


def explain(order: Order) -> list[Line]:
    """What happened to the order, oldest first, and why."""
    return [_line(order, change) for change in order.history]


def still_waits(order: Order) -> str | None:
    """For whom the order waits now, if it does."""
    waiting = order.waiting
    if waiting is None:
        return None
    times = "once" if waiting.attempt <= 1 else f"{waiting.attempt} times"
    return (
        f"waits for {_ASKED[waiting.purpose]}: asked {times} since version {waiting.since}, "
        f"and again at {rfc3339(waiting.due_at)}"
    )


def _line(order: Order, change: Change) -> Line:
    begun = _wait_ended_by(order, change)
    return Line(
        at=change.at,
        version=change.version,
        what=_what(change),
        because=_because(change.cause),
        waited=None if begun is None else change.at - begun.at,
        waited_for=None if begun is None else _who(change.cause),
    )


def _wait_ended_by(order: Order, change: Change) -> Change | None:
    """The change that began the wait which this one ended."""
    if change.cause.topic == COMMANDS:
        return None
    for earlier in reversed(order.history[: change.version - 1]):
        before = at_version(order, earlier.version - 1) if earlier.version > 1 else None
        if purpose_begun(before, at_version(order, earlier.version)) is not None:
            return earlier
    return None


def _what(change: Change) -> str:  # noqa: C901, PLR0911 - one line for each event
    match change.type:
        case EventType.CREATED:
            return "Created; the customer service is asked, then the inventory service"
        case EventType.PROCESSING:
            return "Confirmed: the customer may order, and the stock is reserved"
        case EventType.REJECTED:
            return f"Rejected: {_refusal(change)}"
        case EventType.EXPIRED:
            return "Expired: the checks were not answered in time; what it may hold is released"
        case EventType.SHIPPING_UPDATED:
            return f"Shipping changed{_shipping(change)}"
        case EventType.SHIPPED:
            return f"Shipped{_reason(change)}; the stock is booked out"
        case EventType.DELIVERED:
            return f"Delivered{_reason(change)}"
        case EventType.CANCEL_REQUESTED:
            return f"Cancel asked for{_reason(change)}; the stock is to be released"
        case EventType.CANCEL_REFUSED:
            return "Not canceled: the stock has already left"
        case EventType.CANCELED:
            return f"Canceled{_reason(change)}: the stock is free again"
        case EventType.DELETED:
            return "Deleted: personal data erased"
        case _:
            assert_never(change.type)


def _refusal(change: Change) -> str:
    message = "" if change.message is None else f" ({change.message})"
    products = f": {', '.join(change.products)}" if change.products else ""
    return f"{change.code}{message}{products}"


def _shipping(change: Change) -> str:
    shipping = change.shipping
    return "" if shipping is None else f" to {shipping.company} {shipping.tracking_number}"


def _reason(change: Change) -> str:
    return "" if change.reason is None else f" ({change.reason})"


def _because(cause: Cause) -> str:
    if cause.topic == COMMANDS:
        return f"command {cause.type} {cause.id} of {cause.source}"
    if cause.type == ReplyType.DEADLINE:
        return "nobody answered in time"
    return f"reply {cause.type} {cause.id} of {cause.source}"


def _who(cause: Cause) -> str:
    if cause.type == ReplyType.DEADLINE:
        return "answers that did not come"
    return "the customer service" if cause.type.startswith("customer.") else "the inventory service"
