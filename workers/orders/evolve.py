"""What a change does to an order. The fold of an order's changes is the order."""

from __future__ import annotations

from typing import assert_never

from schemas.events import EventType
from schemas.status import Status
from workers.orders.order import Change, Order, ProductLine


def created(  # noqa: PLR0913, PLR0917 - what an order is made of
    order_id: str,
    lane: int,
    customer_id: str,
    storefront_id: str,
    products: tuple[ProductLine, ...],
    change: Change,
) -> Order:
    """The order as its first change makes it."""
    return Order(
        id=order_id,
        lane=lane,
        status=Status.PENDING,
        version=1,
        revision=1,
        created_at=change.at,
        updated_at=change.at,
        history=(change,),
        customer_id=customer_id,
        storefront_id=storefront_id,
        products=products,
        shipping=change.shipping,
    )


def evolve(order: Order, change: Change) -> Order:
    """The order after one more change. What it waits for is not touched here."""
    after = order._replace(
        status=_status_after(order, change.type),
        version=change.version,
        updated_at=change.at,
        history=(*order.history, change),
        returns_to=order.status if change.type is EventType.CANCEL_REQUESTED else None,
        shipping=change.shipping or order.shipping,
        reason=_reason_after(order, change),
    )
    return without_personal_data(after) if change.type is EventType.DELETED else after


def _reason_after(order: Order, change: Change) -> str | None:
    """A refused cancel takes its reason with it: an order that may be canceled had none before."""
    if change.type is EventType.CANCEL_REFUSED:
        return None
    return change.reason if change.reason is not None else order.reason


def _status_after(order: Order, event_type: EventType) -> Status:  # noqa: C901, PLR0911 - one line for each event
    match event_type:
        case EventType.CREATED:
            return Status.PENDING
        case EventType.PROCESSING:
            return Status.PROCESSING
        case EventType.REJECTED:
            return Status.REJECTED
        case EventType.EXPIRED:
            return Status.EXPIRED
        case EventType.SHIPPING_UPDATED:
            return order.status
        case EventType.SHIPPED:
            return Status.SHIPPED
        case EventType.DELIVERED:
            return Status.DELIVERED
        case EventType.CANCEL_REQUESTED:
            return Status.CANCELING
        case EventType.CANCEL_REFUSED:
            return order.returns_to or order.status
        case EventType.CANCELED:
            return Status.CANCELED
        case EventType.DELETED:
            return Status.DELETED
        case _:
            assert_never(event_type)


def without_personal_data(order: Order) -> Order:
    """What may stay of a deleted order: id, statuses, versions, times and causes."""
    return order._replace(
        customer_id=None,
        storefront_id=None,
        products=None,
        shipping=None,
        reason=None,
        history=tuple(
            change._replace(reason=None, shipping=None, message=None, copies=())
            for change in order.history
        ),
    )


def at_version(order: Order, version: int) -> Order:
    """The order as it was at an earlier version: its changes folded up to there."""
    if version == order.version:
        return order
    past = created(
        order.id,
        order.lane,
        order.customer_id or "",
        order.storefront_id or "",
        order.products or (),
        order.history[0],
    )
    for change in order.history[1:version]:
        past = evolve(past, change)
    return past
