"""The events on `orders.events`: one for every version of every order; and the snapshot."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Final

from pydantic import Field

from schemas.base import Message
from schemas.orders import Order
from schemas.status import Status

SNAPSHOT_TYPE: Final = "order.snapshot.v1"


class EventType(StrEnum):
    """The `ce_type` of every event."""

    CREATED = "order.created.v1"
    PROCESSING = "order.processing.v1"
    REJECTED = "order.rejected.v1"
    EXPIRED = "order.expired.v1"
    SHIPPING_UPDATED = "order.shipping-updated.v1"
    SHIPPED = "order.shipped.v1"
    DELIVERED = "order.delivered.v1"
    CANCEL_REQUESTED = "order.cancel-requested.v1"
    CANCEL_REFUSED = "order.cancel-refused.v1"
    CANCELED = "order.canceled.v1"
    DELETED = "order.deleted.v1"


class OrderEvent(Message):
    """The data of every event: the order after the change, and what it was before."""

    model_config = {"strict": False}

    order: Order
    previous_status: Annotated[
        Status | None, Field(description="Before the change; absent from a new order.")
    ] = None
    reason: Annotated[str | None, Field(description="Why, if somebody said so.")] = None
