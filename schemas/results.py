"""The one result that every command gets, on `orders.results` and at its reply address."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from schemas.base import Message
from schemas.orders import Order
from schemas.status import Status

RESULT_TYPE: Final = "order.result.v1"


class Outcome(StrEnum):
    """What became of a command."""

    ACCEPTED = "accepted"
    UNCHANGED = "unchanged"
    REJECTED = "rejected"


class Code(StrEnum):
    """Why a command was rejected. Codes of the customer and inventory services pass through."""

    INVALID_DATA = "INVALID_DATA"
    UNKNOWN_TYPE = "UNKNOWN_TYPE"
    ORDER_EXISTS = "ORDER_EXISTS"
    ORDER_NOT_FOUND = "ORDER_NOT_FOUND"
    ORDER_DELETED = "ORDER_DELETED"
    INVALID_TRANSITION = "INVALID_TRANSITION"
    VERSION_CONFLICT = "VERSION_CONFLICT"
    CUSTOMER_UNKNOWN = "CUSTOMER_UNKNOWN"
    CUSTOMER_BLOCKED = "CUSTOMER_BLOCKED"
    PRODUCT_UNKNOWN = "PRODUCT_UNKNOWN"
    OUT_OF_STOCK = "OUT_OF_STOCK"
    CHECKS_TIMEOUT = "CHECKS_TIMEOUT"
    CANCELED = "CANCELED"
    RELEASE_REFUSED = "RELEASE_REFUSED"
    TOO_MANY_CHANGES = "TOO_MANY_CHANGES"


class CommandReference(Message):
    """Which command a result answers."""

    id: str
    source: str
    type: str


class ResultError(Message):
    """One thing that was wrong: where in the data, or with which product."""

    path: str | None = None
    message: str | None = None
    product_id: str | None = None


class Result(Message):
    """The data of `order.result.v1`."""

    model_config = {"strict": False}

    command: CommandReference
    order_id: str | None = None
    outcome: Outcome
    code: str | None = None
    message: str | None = None
    allowed: tuple[Status, ...] | None = None
    errors: tuple[ResultError, ...] | None = None
    status: Status | None = None
    version: int | None = None
    order: Order | None = None
