"""What an order waits for, and when it is asked again. Times are milliseconds."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from schemas.events import EventType
from schemas.requests import RequestType
from schemas.status import Status
from workers.orders.order import Purpose, Waiting

if TYPE_CHECKING:
    from workers.orders.order import Order

LONGEST_PAUSE: Final = 5 * 60 * 1000

FIRST_REQUEST: Final = MappingProxyType(
    {
        Purpose.CHECKS: RequestType.VALIDATE,
        Purpose.RELEASE: RequestType.RELEASE,
        Purpose.FULFILLMENT: RequestType.FULFILL,
    }
)
"""What is asked, first or again, for each purpose: the checks begin with the customer's."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a silence lasts before a request is sent again, and how often a check is."""

    first_pause: int = 5_000
    attempts: int = 5


def pause_after(attempt: int, patience: Patience) -> int:
    """The pause after the request was sent `attempt` times: doubling, at most five minutes."""
    return int(min(patience.first_pause * 2 ** min(attempt - 1, 30), LONGEST_PAUSE))


def purpose_begun(before: Order | None, after: Order) -> Purpose | None:
    """What the newest change makes the order wait for.

    Told by event and statuses, not by `waiting`, which may have ended since.
    """
    match after.history[-1].type:
        case EventType.CREATED:
            return Purpose.CHECKS
        case EventType.CANCEL_REQUESTED | EventType.EXPIRED:
            return Purpose.RELEASE
        case EventType.CANCEL_REFUSED if after.status is Status.PENDING:
            return Purpose.CHECKS
        case EventType.SHIPPED | EventType.DELIVERED if (
            before is not None and before.status is Status.PROCESSING
        ):
            return Purpose.FULFILLMENT
        case _:
            return None


_ENDS_WAITING: Final = frozenset(
    {EventType.PROCESSING, EventType.REJECTED, EventType.CANCELED, EventType.CANCEL_REFUSED}
)


def waiting_after(before: Order | None, after: Order, patience: Patience) -> Waiting | None:
    """What the order waits for after its newest change."""
    purpose = purpose_begun(before, after)
    if purpose is not None:
        due_at = after.updated_at + pause_after(1, patience)
        return Waiting(purpose, since=after.version, attempt=1, due_at=due_at)
    return None if after.history[-1].type in _ENDS_WAITING else after.waiting


def asked_again(waiting: Waiting, now: int, patience: Patience) -> Waiting:
    """The same wait after one more request, sent at `now`.

    A deadline that is handled a little late does not put off the next one. One that is very late
    does, or comes early: after an outage or a jump of the clock, time counts from now.
    """
    attempt = waiting.attempt + 1
    is_on_time = 0 <= now - waiting.due_at <= patience.first_pause
    begin = waiting.due_at if is_on_time else now
    return waiting._replace(attempt=attempt, due_at=begin + pause_after(attempt, patience))
