"""The requests that the orders worker sends to the customer and inventory services."""

from __future__ import annotations

from enum import StrEnum
from types import MappingProxyType
from typing import Annotated, Final

from pydantic import Field

from schemas.base import Message
from schemas.orders import ProductLine

AboutOrder = Annotated[str, Field(description="The id of the order that this is about.")]
Place = Annotated[str, Field(description="Where it was ordered.")]


class RequestType(StrEnum):
    """The `ce_type` of every request."""

    VALIDATE = "customer.validate.v1"
    RESERVE = "inventory.reserve.v1"
    RELEASE = "inventory.release.v1"
    FULFILL = "inventory.fulfill.v1"


class ValidateCustomer(Message):
    """May this customer order?"""

    order_id: AboutOrder
    customer_id: Annotated[str, Field(description="Who orders.")]
    storefront_id: Place


class ReserveStock(Message):
    """Set these pieces aside for the order, all or nothing."""

    order_id: AboutOrder
    storefront_id: Place
    products: Annotated[tuple[ProductLine, ...], Field(description="What is ordered.")]


class ReleaseStock(Message):
    """Give back what the order holds."""

    order_id: AboutOrder


class FulfillStock(Message):
    """What the order holds has left the house."""

    order_id: AboutOrder


CustomerRequest = ValidateCustomer
InventoryRequest = ReserveStock | ReleaseStock | FulfillStock
Request = CustomerRequest | InventoryRequest

REQUEST_MODELS: Final[MappingProxyType[RequestType, type[Request]]] = MappingProxyType(
    {
        RequestType.VALIDATE: ValidateCustomer,
        RequestType.RESERVE: ReserveStock,
        RequestType.RELEASE: ReleaseStock,
        RequestType.FULFILL: FulfillStock,
    }
)
