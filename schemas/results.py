"""The one result that every command gets, on `orders.results` and at its reply address."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Final

from pydantic import Field

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

    id: str = Field(description="The `ce_id` of the command.")
    source: str = Field(description="The `ce_source` of the command.")
    type: str = Field(description="The `ce_type` of the command.")


class ResultError(Message):
    """One thing that was wrong: where in the data, or with which product."""

    path: Annotated[
        str | None, Field(description="Where: names and positions, joined by dots.")
    ] = None
    message: Annotated[str | None, Field(description="What is wrong.")] = None
    product_id: Annotated[str | None, Field(description="With which product.")] = None


class Result(Message):
    """The data of `order.result.v1`."""

    model_config = {"strict": False}

    command: CommandReference
    order_id: Annotated[str | None, Field(description="The order, if the command named one.")] = (
        None
    )
    outcome: Outcome
    code: Annotated[
        str | None,
        Field(
            description="Why it was rejected. The services that are asked may have further codes.",
            examples=[code.value for code in Code],
        ),
    ] = None
    message: Annotated[str | None, Field(description="The same for people.")] = None
    allowed: Annotated[
        tuple[Status, ...] | None,
        Field(description="With `INVALID_TRANSITION`: what a command may ask for."),
    ] = None
    errors: Annotated[
        tuple[ResultError, ...] | None, Field(description="All that was wrong, one by one.")
    ] = None
    status: Annotated[Status | None, Field(description="Of the order that this depended on.")] = (
        None
    )
    version: Annotated[int | None, Field(description="Of the order that this depended on.")] = None
    order: Annotated[Order | None, Field(description="The order as the command left it.")] = None
