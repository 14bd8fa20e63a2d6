"""What arrives on `orders.replies`: the answers to our requests, and our own deadlines."""

from __future__ import annotations

from enum import StrEnum
from types import MappingProxyType
from typing import Annotated, Final

from pydantic import Field

from schemas.base import Message, Name, ProductId
from schemas.limits import MAX_PRODUCTS

RefusalCode = Annotated[Name, Field(description="Why; it is passed on to the client as it is.")]
RefusalMessage = Annotated[str | None, Field(description="The same for people.")]


class ReplyType(StrEnum):
    """The `ce_type` of every reply, and of the deadline."""

    CUSTOMER_VALID = "customer.valid.v1"
    CUSTOMER_INVALID = "customer.invalid.v1"
    RESERVED = "inventory.reserved.v1"
    REFUSED = "inventory.refused.v1"
    RELEASED = "inventory.released.v1"
    RELEASE_REFUSED = "inventory.release-refused.v1"
    FULFILLED = "inventory.fulfilled.v1"
    FULFILL_REFUSED = "inventory.fulfill-refused.v1"
    DEADLINE = "order.deadline.v1"


class CustomerValid(Message):
    """The customer may order."""


class CustomerInvalid(Message):
    """The customer may not order."""

    code: RefusalCode
    message: RefusalMessage = None


class StockReserved(Message):
    """All pieces are set aside."""


class RefusedProduct(Message):
    """A product that could not be reserved."""

    product_id: ProductId


class StockRefused(Message):
    """Nothing was set aside."""

    code: RefusalCode
    products: Annotated[
        Annotated[tuple[RefusedProduct | Name, ...], Field(max_length=MAX_PRODUCTS)] | None,
        Field(description="Because of which products."),
    ] = None
    message: RefusalMessage = None


class StockReleased(Message):
    """The order holds nothing any more."""


class ReleaseRefused(Message):
    """The pieces have already left."""

    message: RefusalMessage = None


class StockFulfilled(Message):
    """The pieces have left the books."""


class FulfillRefused(Message):
    """There was nothing reserved."""

    message: RefusalMessage = None


class Deadline(Message):
    """Nobody answered in time: our own reminder, sent to the order's lane."""


Reply = (
    CustomerValid
    | CustomerInvalid
    | StockReserved
    | StockRefused
    | StockReleased
    | ReleaseRefused
    | StockFulfilled
    | FulfillRefused
    | Deadline
)

REPLY_MODELS: Final[MappingProxyType[ReplyType, type[Reply]]] = MappingProxyType(
    {
        ReplyType.CUSTOMER_VALID: CustomerValid,
        ReplyType.CUSTOMER_INVALID: CustomerInvalid,
        ReplyType.RESERVED: StockReserved,
        ReplyType.REFUSED: StockRefused,
        ReplyType.RELEASED: StockReleased,
        ReplyType.RELEASE_REFUSED: ReleaseRefused,
        ReplyType.FULFILLED: StockFulfilled,
        ReplyType.FULFILL_REFUSED: FulfillRefused,
        ReplyType.DEADLINE: Deadline,
    }
)
