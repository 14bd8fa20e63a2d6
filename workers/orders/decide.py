"""What a command leads to: every rule about commands, in the order in which they are checked.

Nothing here reads a clock or a driver: `Moment` brings the time and the settings in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from schemas.commands import (
    DEFAULT_STOREFRONT,
    Cancel,
    Create,
    Delete,
    UpdateShipping,
    UpdateStatus,
)
from schemas.events import EventType
from schemas.limits import MAX_ORDER_VERSION
from schemas.results import Code, Outcome
from schemas.status import COMMANDS_MAY_ASK, SHIPPING_MAY_CHANGE, Status
from workers.orders.answers import Answer
from workers.orders.decisions import Changed, Decision, Moment, Refused, change_order, with_waiting
from workers.orders.evolve import created
from workers.orders.order import Change, Order, ProductLine, Shipping

if TYPE_CHECKING:
    from schemas.commands import RequestedShipping
    from workers.orders.messages import CommandMessage, InvalidCommand
    from workers.orders.order import Cause


def decide_command(message: CommandMessage, order: Order | None, moment: Moment) -> Decision:
    """What a command leads to that this order has not seen before."""
    command = message.data
    if isinstance(command, Create):
        if order is not None:
            text = "Another create command made this order"
            return _refuse(message.cause, order, moment, Code.ORDER_EXISTS, text)
        return _create(message, command, moment)
    if order is None:
        return Refused(_not_found(message, moment))
    refused = _refused_whatever_is_asked(message.cause, command.expected_version, order, moment)
    return refused or _decide(message.cause, command, order, moment)


def _refused_whatever_is_asked(
    cause: Cause, expected: int | None, order: Order, moment: Moment
) -> Refused | None:
    if order.status is Status.DELETED:
        return _refuse(cause, order, moment, Code.ORDER_DELETED, "The order is deleted")
    if expected is not None and expected != order.version:
        text = f"The order's version is {order.version}, not {expected}"
        return _refuse(cause, order, moment, Code.VERSION_CONFLICT, text)
    return None


def _decide(
    cause: Cause,
    command: UpdateShipping | UpdateStatus | Cancel | Delete,
    order: Order,
    moment: Moment,
) -> Decision:
    match command:
        case UpdateShipping():
            return _update_shipping(cause, command, order, moment)
        case UpdateStatus():
            return _ask_for(cause, Status(command.status), command.reason, order, moment)
        case Cancel():
            return _ask_for(cause, Status.CANCELED, command.reason, order, moment)
        case Delete():
            return _ask_for(cause, Status.DELETED, None, order, moment)
        case _:
            assert_never(command)


def refuse_invalid(message: InvalidCommand, moment: Moment) -> Refused:
    """The answer to a command that breaks the schema or is of an unknown type."""
    return Refused(
        Answer(
            command=message.cause,
            order_id=message.order_id,
            outcome=Outcome.REJECTED,
            at=moment.now,
            decided_by=message.cause.id,
            code=message.code,
            message=message.message,
            errors=message.errors,
        )
    )


def _create(message: CommandMessage, command: Create, moment: Moment) -> Decision:
    shipping = _shipping(command.shipping)
    change = Change(1, EventType.CREATED, moment.now, message.cause, shipping=shipping)
    order = created(
        message.order_id,
        moment.lane,
        command.customer_id,
        command.storefront_id or DEFAULT_STOREFRONT,
        tuple(ProductLine(line.product_id, line.quantity) for line in command.products),
        change,
    )
    return Changed(with_waiting(None, order, moment))


def _update_shipping(
    cause: Cause, command: UpdateShipping, order: Order, moment: Moment
) -> Decision:
    shipping = Shipping(command.company, command.tracking_number)
    if shipping == order.shipping:
        return _unchanged(cause, order, moment)
    if order.status not in SHIPPING_MAY_CHANGE:
        text = f"Shipping cannot be changed while the order is {order.status}"
        return _refuse_transition(cause, order, moment, text)
    if order.version >= MAX_ORDER_VERSION:
        text = f"The order has {order.version} versions: it can only be finished now"
        return _refuse(cause, order, moment, Code.TOO_MANY_CHANGES, text)
    return change_order(order, moment, cause, EventType.SHIPPING_UPDATED, shipping=shipping)


_EVENT_OF = {
    Status.SHIPPED: EventType.SHIPPED,
    Status.DELIVERED: EventType.DELIVERED,
    Status.CANCELED: EventType.CANCEL_REQUESTED,
    Status.DELETED: EventType.DELETED,
}


def _ask_for(
    cause: Cause, wanted: Status, reason: str | None, order: Order, moment: Moment
) -> Decision:
    canceling_already = order.status is Status.CANCELING and wanted is Status.CANCELED
    if wanted is order.status or canceling_already:
        return _unchanged(cause, order, moment)
    if wanted not in COMMANDS_MAY_ASK[order.status]:
        text = f"An order that is {order.status} cannot become {wanted} by a command"
        return _refuse_transition(cause, order, moment, text)
    return change_order(order, moment, cause, _EVENT_OF[wanted], reason=reason)


def _shipping(requested: RequestedShipping | None) -> Shipping | None:
    return None if requested is None else Shipping(requested.company, requested.tracking_number)


def _not_found(message: CommandMessage, moment: Moment) -> Answer:
    return Answer(
        command=message.cause,
        order_id=message.order_id,
        outcome=Outcome.REJECTED,
        at=moment.now,
        decided_by=message.cause.id,
        code=Code.ORDER_NOT_FOUND,
        message="There is no such order",
    )


def _refuse(cause: Cause, order: Order, moment: Moment, code: Code, message: str) -> Refused:
    return Refused(
        Answer(
            command=cause,
            order_id=order.id,
            outcome=Outcome.REJECTED,
            at=moment.now,
            decided_by=cause.id,
            code=code,
            message=message,
            status=order.status,
            version=order.version,
        )
    )


def _refuse_transition(cause: Cause, order: Order, moment: Moment, message: str) -> Refused:
    refused = _refuse(cause, order, moment, Code.INVALID_TRANSITION, message)
    allowed = COMMANDS_MAY_ASK[order.status]
    return Refused(refused.answer._replace(allowed=allowed))


def _unchanged(cause: Cause, order: Order, moment: Moment) -> Refused:
    return Refused(
        Answer(
            command=cause,
            order_id=order.id,
            outcome=Outcome.UNCHANGED,
            at=moment.now,
            decided_by=cause.id,
            status=order.status,
            version=order.version,
            order=order,
        )
    )
