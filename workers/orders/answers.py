"""Which answer a command has, read from the order's history, so that it is the same each time."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NamedTuple

from schemas.events import EventType
from schemas.results import Code, Outcome
from schemas.topics import COMMANDS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from schemas.status import Status
    from workers.orders.order import Cause, Change, Order

DECIDES_CREATE: Final = frozenset(
    {EventType.PROCESSING, EventType.REJECTED, EventType.EXPIRED, EventType.CANCELED}
)
DECIDES_CANCEL: Final = frozenset({EventType.CANCELED, EventType.CANCEL_REFUSED})


class Answer(NamedTuple):
    """The content of a result; `order` is the order as the command left it, if it is told.

    `errors` are (path, message, product id) each; `decided_by` is the message that settled it.
    """

    command: Cause
    order_id: str | None
    outcome: Outcome
    at: int
    decided_by: str
    code: str | None = None
    message: str | None = None
    allowed: tuple[Status, ...] | None = None
    errors: tuple[tuple[str | None, str | None, str | None], ...] = ()
    status: Status | None = None
    version: int | None = None
    order: Order | None = None


def version_of_command(order: Order, source: str, command_id: str) -> int | None:
    """The version that this command made, if it made one. A reply's id is no command's."""
    for change in order.history:
        cause = change.cause
        if cause.id == command_id and cause.source == source and cause.topic == COMMANDS:
            return change.version
    return None


def version_that_answers(order: Order, version: int) -> int | None:
    """The version at which the command that made `version` was decided, if it is."""
    match order.history[version - 1].type:
        case EventType.CREATED:
            return _first_of(order, version, DECIDES_CREATE)
        case EventType.CANCEL_REQUESTED:
            return _first_of(order, version, DECIDES_CANCEL)
        case _:
            return version


def _first_of(order: Order, after: int, types: frozenset[EventType]) -> int | None:
    for change in order.history[after:]:
        if change.type in types:
            return change.version
    return None


def commands_answered_by(order: Order) -> tuple[Change, ...]:
    """The changes whose commands get their answer with the order's newest change."""
    newest = order.history[-1]
    match newest.type:
        case EventType.CREATED | EventType.CANCEL_REQUESTED:
            return ()
        case EventType.PROCESSING | EventType.REJECTED | EventType.EXPIRED:
            return (order.history[0],)
        case EventType.CANCELED:
            return (_last_cancel(order), *_undecided_create(order))
        case EventType.CANCEL_REFUSED:
            return (_last_cancel(order),)
        case _:
            return (newest,)


def command_behind(order: Order) -> Cause:
    """The command whose life the order's newest change belongs to."""
    newest = order.history[-1]
    match newest.type:
        case EventType.PROCESSING | EventType.REJECTED | EventType.EXPIRED:
            return order.history[0].cause
        case EventType.CANCELED | EventType.CANCEL_REFUSED:
            return _last_cancel(order).cause
        case _:
            return newest.cause


def _last_cancel(order: Order) -> Change:
    return next(c for c in reversed(order.history) if c.type is EventType.CANCEL_REQUESTED)


def _undecided_create(order: Order) -> tuple[Change, ...]:
    decided = any(change.type in DECIDES_CREATE for change in order.history[:-1])
    return () if decided else (order.history[0],)


def answer(order: Order, command: Change) -> Answer:
    """The answer to the command that made `command`, decided by the order's newest change."""
    newest = order.history[-1]
    told = Answer(
        command=command.cause,
        order_id=order.id,
        outcome=Outcome.ACCEPTED,
        at=newest.at,
        decided_by=newest.cause.id,
        status=order.status,
        version=order.version,
        order=order,
    )
    return _with_outcome(told, command.type, newest)


def _with_outcome(told: Answer, command: EventType, newest: Change) -> Answer:
    match command, newest.type:
        case EventType.CREATED, EventType.REJECTED:
            return _refused_by_a_check(told, newest)
        case EventType.CREATED, EventType.EXPIRED:
            return _rejected(told, Code.CHECKS_TIMEOUT, "The checks were not answered in time")
        case EventType.CREATED, EventType.CANCELED:
            return _rejected(told, Code.CANCELED, "The order was canceled before it was decided")
        case EventType.CANCEL_REQUESTED, EventType.CANCEL_REFUSED:
            refused = _rejected(told, Code.RELEASE_REFUSED, "The stock has already left")
            return refused._replace(order=None)
        case EventType.DELETED, _:
            return told._replace(message="Order deleted successfully")
        case _:
            return told


def _refused_by_a_check(told: Answer, newest: Change) -> Answer:
    code = newest.code or ""
    text = _TEXT_OF_CODE.get(code)
    errors = tuple((None, text, product) for product in newest.products)
    return _rejected(told, code, newest.message or text, errors)


_TEXT_OF_CODE: Final[Mapping[str, str]] = MappingProxyType(
    {
        Code.CUSTOMER_UNKNOWN: "The customer is not known",
        Code.CUSTOMER_BLOCKED: "The customer may not order",
        Code.PRODUCT_UNKNOWN: "A product is not known",
        Code.OUT_OF_STOCK: "There is not enough of a product",
    }
)


def _rejected(
    told: Answer,
    code: str,
    message: str | None,
    errors: tuple[tuple[str | None, str | None, str | None], ...] = (),
) -> Answer:
    return told._replace(outcome=Outcome.REJECTED, code=code, message=message, errors=errors)
