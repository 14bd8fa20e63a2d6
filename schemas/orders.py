"""The order as everybody outside sees it: in events, snapshots and results."""

from __future__ import annotations

from typing import Annotated

from pydantic import AwareDatetime, Field

from schemas.base import (
    Company,
    CustomerId,
    Message,
    OrderId,
    ProductId,
    Quantity,
    Reason,
    StorefrontId,
    TrackingNumber,
    Version,
)
from schemas.status import Status


class ProductLine(Message):
    """One product of an order and how many pieces of it."""

    product_id: ProductId
    quantity: Quantity


class Shipping(Message):
    """Who carries the order, and under which number it can be traced."""

    company: Company
    tracking_number: TrackingNumber


class Order(Message):
    """An order at one version. Of a deleted order only id, status, version and times are left."""

    model_config = {"strict": False}

    id: OrderId
    customer_id: CustomerId | None = None
    storefront_id: StorefrontId | None = None
    products: Annotated[tuple[ProductLine, ...] | None, Field(description="What is ordered.")] = (
        None
    )
    shipping: Shipping | None = None
    status: Status
    version: Version = Field(description="1 when created, one more with every change.")
    reason: Annotated[
        Reason | None, Field(description="Why it was rejected, expired or canceled.")
    ] = None
    created_at: AwareDatetime = Field(description="When version 1 came to be.")
    updated_at: AwareDatetime = Field(description="When this version came to be.")
