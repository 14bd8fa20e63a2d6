"""What a reply or a deadline leads to: which of them still count, and what they change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, assert_never

from schemas.events import EventType
from schemas.limits import MAX_REASON_LENGTH
from schemas.replies import (
    CustomerInvalid,
    CustomerValid,
    Deadline,
    FulfillRefused,
    ReleaseRefused,
    StockFulfilled,
    StockRefused,
    StockReleased,
    StockReserved,
)
from schemas.requests import RequestType
from schemas.results import Code
from schemas.status import Status
from workers.orders.deadlines import FIRST_REQUEST, asked_again, pause_after
from workers.orders.decisions import (
    Ask,
    Changed,
    Decision,
    Ignored,
    Moment,
    Remembered,
    change_order,
    with_waiting,
)
from workers.orders.evolve import evolve
from workers.orders.order import Change, Order, Purpose, Waiting

if TYPE_CHECKING:
    from collections.abc import Mapping

    from workers.orders.messages import ReplyMessage


Answer = (
    CustomerValid
    | CustomerInvalid
    | StockReserved
    | StockRefused
    | StockReleased
    | ReleaseRefused
    | StockFulfilled
    | FulfillRefused
)


def decide_reply(message: ReplyMessage, order: Order, moment: Moment) -> Decision:
    """What a reply or a deadline leads to."""
    reply = message.data
    if isinstance(reply, Deadline):
        return _deadline(message, order, moment)
    if isinstance(reply, StockReserved) and _granted_too_late(message, order):
        return _give_back(order, moment)
    waiting = order.waiting
    if waiting is None or not _answers(message, waiting):
        return Ignored("late, repeated or foreign reply")
    return _take_answer(message, reply, order, moment)


def _take_answer(message: ReplyMessage, reply: Answer, order: Order, moment: Moment) -> Decision:
    match reply:
        case CustomerValid():
            return Ask(RequestType.RESERVE, message.request.attempt)
        case CustomerInvalid() | StockRefused():
            return _reject(message, reply, order, moment)
        case StockReserved():
            return change_order(order, moment, message.cause, EventType.PROCESSING)
        case StockReleased():
            return _released(message, order, moment)
        case ReleaseRefused():
            return _release_refused(message, order, moment)
        case StockFulfilled() | FulfillRefused():
            return Remembered(order._replace(waiting=None))
        case _:
            assert_never(reply)


_PURPOSE_OF = {
    RequestType.VALIDATE: Purpose.CHECKS,
    RequestType.RESERVE: Purpose.CHECKS,
    RequestType.RELEASE: Purpose.RELEASE,
    RequestType.FULFILL: Purpose.FULFILLMENT,
}

_ANSWERS_TO: Final[Mapping[RequestType, tuple[type[Answer], ...]]] = {
    RequestType.VALIDATE: (CustomerValid, CustomerInvalid),
    RequestType.RESERVE: (StockReserved, StockRefused),
    RequestType.RELEASE: (StockReleased, ReleaseRefused),
    RequestType.FULFILL: (StockFulfilled, FulfillRefused),
}

_WANTS_NO_STOCK = frozenset({Status.REJECTED, Status.EXPIRED, Status.CANCELED, Status.DELETED})


def _answers(message: ReplyMessage, waiting: Waiting) -> bool:
    """Whether the reply is a fit answer to a request that was really sent, and is still open."""
    request = message.request
    return (
        isinstance(message.data, _ANSWERS_TO[request.type])
        and _PURPOSE_OF[request.type] is waiting.purpose
        and request.since == waiting.since
        and 1 <= request.attempt <= waiting.attempt
    )


def _granted_too_late(message: ReplyMessage, order: Order) -> bool:
    request = message.request
    checks_began = (EventType.CREATED, EventType.CANCEL_REFUSED)
    return (
        order.status in _WANTS_NO_STOCK
        and order.waiting is None
        and request.type is RequestType.RESERVE
        and request.attempt >= 1
        and 1 <= request.since <= order.version
        and order.history[request.since - 1].type in checks_began
    )


def _give_back(order: Order, moment: Moment) -> Remembered:
    due_at = moment.now + pause_after(1, moment.patience)
    # Numbered by revision, so that it is a request of its own each time.
    waiting = Waiting(Purpose.RELEASE, since=order.version, attempt=order.revision, due_at=due_at)
    return Remembered(order._replace(waiting=waiting), RequestType.RELEASE, moment.now)


def _deadline(message: ReplyMessage, order: Order, moment: Moment) -> Decision:
    waiting = order.waiting
    asked = message.request
    if waiting is None or (waiting.since, waiting.attempt) != (asked.since, asked.attempt):
        return Ignored("a deadline that has passed")
    if waiting.purpose is Purpose.CHECKS and waiting.attempt >= moment.patience.attempts:
        reason = str(Code.CHECKS_TIMEOUT)
        return change_order(order, moment, message.cause, EventType.EXPIRED, reason=reason)
    again = asked_again(waiting, moment.now, moment.patience)
    asked_at = again.due_at - pause_after(again.attempt, moment.patience)
    return Remembered(order._replace(waiting=again), FIRST_REQUEST[waiting.purpose], asked_at)


def _reject(
    message: ReplyMessage, reply: CustomerInvalid | StockRefused, order: Order, moment: Moment
) -> Changed:
    products: tuple[str, ...] = ()
    if isinstance(reply, StockRefused):
        products = tuple(
            line if isinstance(line, str) else line.product_id for line in reply.products or ()
        )
    change = Change(
        order.version + 1,
        EventType.REJECTED,
        moment.now,
        message.cause,
        reason=reply.code,
        code=reply.code,
        message=None if reply.message is None else reply.message[:MAX_REASON_LENGTH],
        products=products,
    )
    rejected = with_waiting(order, evolve(order, change), moment)
    if isinstance(reply, CustomerInvalid) and order.waiting and order.waiting.attempt > 1:
        return Changed(_releasing_later(rejected, moment))
    return Changed(rejected)


def _releasing_later(order: Order, moment: Moment) -> Order:
    """An earlier question may have been answered with yes, and stock asked for since.

    Attempt 0: the release is not sent yet. The first deadline sends it.
    """
    due_at = moment.now + pause_after(1, moment.patience)
    waiting = Waiting(Purpose.RELEASE, since=order.version, attempt=0, due_at=due_at)
    return order._replace(waiting=waiting)


def _released(message: ReplyMessage, order: Order, moment: Moment) -> Decision:
    if order.status is Status.CANCELING:
        reason = order.history[-1].reason
        return change_order(order, moment, message.cause, EventType.CANCELED, reason=reason)
    return Remembered(order._replace(waiting=None))


def _release_refused(message: ReplyMessage, order: Order, moment: Moment) -> Decision:
    if order.status is Status.CANCELING:
        return change_order(order, moment, message.cause, EventType.CANCEL_REFUSED)
    return Remembered(order._replace(waiting=None))
