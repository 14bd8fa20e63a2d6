"""Short ways to write requests in tests."""

from __future__ import annotations

from schemas.orders import ProductLine
from schemas.requests import FulfillStock, ReleaseStock, ReserveStock


def reserve(order_id: str, *lines: tuple[str, int]) -> ReserveStock:
    """Reserve these pieces (product id, quantity) for the order."""
    products = tuple(ProductLine(product_id=name, quantity=pieces) for name, pieces in lines)
    return ReserveStock(order_id=order_id, storefront_id="default", products=products)


def release(order_id: str) -> ReleaseStock:
    """Release what the order holds."""
    return ReleaseStock(order_id=order_id)


def fulfill(order_id: str) -> FulfillStock:
    """Fulfill what the order holds."""
    return FulfillStock(order_id=order_id)
