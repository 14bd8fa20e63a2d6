"""The statuses of an order and the table of what a command may ask for in each of them.

The table is data: decisions read it, refusals list from it, and the state diagram is drawn
from it.
"""

from __future__ import annotations

from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Status(StrEnum):
    """Where an order stands."""

    PENDING = "pending"
    PROCESSING = "processing"
    SHIPPED = "shipped"
    DELIVERED = "delivered"
    CANCELING = "canceling"
    CANCELED = "canceled"
    REJECTED = "rejected"
    EXPIRED = "expired"
    DELETED = "deleted"


COMMANDS_MAY_ASK: Final = MappingProxyType(
    {
        Status.PENDING: (Status.CANCELED,),
        Status.PROCESSING: (Status.SHIPPED, Status.DELIVERED, Status.CANCELED),
        Status.SHIPPED: (Status.DELIVERED,),
        Status.DELIVERED: (Status.DELETED,),
        Status.REJECTED: (Status.DELETED,),
        Status.EXPIRED: (Status.DELETED,),
        Status.CANCELED: (Status.DELETED,),
        Status.CANCELING: (),
        Status.DELETED: (),
    }
)
"""For each status, the statuses that a command may ask for (`deleted` by a delete command)."""

REPLIES_MAY_LEAD_TO: Final = MappingProxyType(
    {
        Status.PENDING: (Status.PROCESSING, Status.REJECTED, Status.EXPIRED),
        Status.CANCELING: (Status.CANCELED, Status.PENDING, Status.PROCESSING),
        Status.PROCESSING: (),
        Status.SHIPPED: (),
        Status.DELIVERED: (),
        Status.REJECTED: (),
        Status.EXPIRED: (),
        Status.CANCELED: (),
        Status.DELETED: (),
    }
)
"""For each status, the statuses that a reply or a deadline may lead to."""

SHIPPING_MAY_CHANGE: Final = frozenset({Status.PENDING, Status.PROCESSING, Status.SHIPPED})
"""The statuses in which update-shipping is accepted."""
