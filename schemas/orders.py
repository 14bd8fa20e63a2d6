"""The order as everybody outside sees it: in events, snapshots and results."""

from __future__ import annotations

from pydantic import AwareDatetime, Field

from schemas.base import Message, Name, Quantity, Reason, Version
from schemas.status import Status


class ProductLine(Message):
    """One product of an order and how many pieces of it."""

    product_id: Name
    quantity: Quantity


class Shipping(Message):
    """Who carries the order, and under which number it can be traced."""

    company: Name
    tracking_number: Name


class Order(Message):
    """An order at one version. Of a deleted order only id, status, version and times are left."""

    model_config = {"strict": False}

    id: Name
    customer_id: Name | None = None
    storefront_id: Name | None = None
    products: tuple[ProductLine, ...] | None = None
    shipping: Shipping | None = None
    status: Status
    version: Version = Field(description="1 when created, one more with every change.")
    reason: Reason | None = None
    created_at: AwareDatetime
    updated_at: AwareDatetime
