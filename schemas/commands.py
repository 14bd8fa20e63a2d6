"""The commands that any client may send to `orders.commands`."""

from __future__ import annotations

from enum import StrEnum
from types import MappingProxyType
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from schemas.base import (
    Company,
    CustomerId,
    ProductId,
    Quantity,
    Reason,
    StorefrontId,
    StrictMessage,
    TrackingNumber,
    Version,
)
from schemas.limits import MAX_PRODUCTS

DEFAULT_STOREFRONT: Final = "default"

AskedReason = Annotated[Reason | None, Field(description="Why; it is kept with the order.")]
ExpectedVersion = Annotated[
    Version | None, Field(description="Refused unless the order has exactly this version.")
]


class CommandType(StrEnum):
    """The `ce_type` of every command."""

    CREATE = "order.create.v1"
    UPDATE_SHIPPING = "order.update-shipping.v1"
    UPDATE_STATUS = "order.update-status.v1"
    CANCEL = "order.cancel.v1"
    DELETE = "order.delete.v1"


class RequestedProduct(StrictMessage):
    """One product of a create command."""

    product_id: ProductId
    quantity: Quantity


class RequestedShipping(StrictMessage):
    """The shipping that a create command may name."""

    company: Company
    tracking_number: TrackingNumber


def _at_least_one(products: tuple[RequestedProduct, ...]) -> tuple[RequestedProduct, ...]:
    """Looked at last: a list whose only product is invalid is not too short as well."""
    if not products:
        raise PydanticCustomError("no_product", "list at least one product")
    return products


def _no_product_twice(products: tuple[RequestedProduct, ...]) -> tuple[RequestedProduct, ...]:
    seen: set[str] = set()
    for product in products:
        if product.product_id in seen:
            raise PydanticCustomError(
                "product_twice",
                "product is listed twice; add the quantities up",
                {"product_id": product.product_id},
            )
        seen.add(product.product_id)
    return products


class Create(StrictMessage):
    """Ask for a new order; its id is the command's subject or record key."""

    customer_id: CustomerId
    products: Annotated[
        tuple[RequestedProduct, ...],
        Field(
            max_length=MAX_PRODUCTS,
            description="What is ordered; no product is listed twice.",
            json_schema_extra={"minItems": 1},
        ),
        AfterValidator(_at_least_one),
        AfterValidator(_no_product_twice),
    ]
    shipping: Annotated[
        RequestedShipping | None, Field(description="Who carries the order, if that is known.")
    ] = None
    storefront_id: Annotated[
        StorefrontId | None, Field(description=f"Where; `{DEFAULT_STOREFRONT}` if absent.")
    ] = None


class UpdateShipping(StrictMessage):
    """Set who carries the order and its tracking number."""

    company: Company
    tracking_number: TrackingNumber
    expected_version: ExpectedVersion = None


class UpdateStatus(StrictMessage):
    """Ask for another status."""

    status: Annotated[
        Literal["processing", "shipped", "delivered", "canceled"],
        Field(description="The status that is asked for."),
    ]
    reason: AskedReason = None
    expected_version: ExpectedVersion = None


class Cancel(StrictMessage):
    """The same as asking for the status `canceled`."""

    reason: AskedReason = None
    expected_version: ExpectedVersion = None


class Delete(StrictMessage):
    """Erase a finished order's personal data; its id stays taken."""

    expected_version: ExpectedVersion = None


Command = Create | UpdateShipping | UpdateStatus | Cancel | Delete

COMMAND_MODELS: Final[MappingProxyType[CommandType, type[Command]]] = MappingProxyType(
    {
        CommandType.CREATE: Create,
        CommandType.UPDATE_SHIPPING: UpdateShipping,
        CommandType.UPDATE_STATUS: UpdateStatus,
        CommandType.CANCEL: Cancel,
        CommandType.DELETE: Delete,
    }
)

OPTIONAL_DATA: Final = frozenset({CommandType.CANCEL, CommandType.DELETE})
"""Commands that may come with no data at all."""


def example(command_type: CommandType) -> dict[str, Any]:
    """An example of the data of a command, in wire names."""
    examples: dict[CommandType, dict[str, Any]] = {
        CommandType.CREATE: {
            "customerId": "12345",
            "products": [{"productId": "98765", "quantity": 2}],
            "shipping": {"company": "DHL", "trackingNumber": "ABC123"},
        },
        CommandType.UPDATE_SHIPPING: {"company": "UPS", "trackingNumber": "XYZ456"},
        CommandType.UPDATE_STATUS: {"status": "delivered"},
        CommandType.CANCEL: {"reason": "ordered by mistake"},
        CommandType.DELETE: {},
    }
    return examples[command_type]
