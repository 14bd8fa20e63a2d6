"""An example of every message's data, all of them about one order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from schemas.commands import DEFAULT_STOREFRONT, CommandType, example
from schemas.events import EventType
from schemas.replies import ReplyType
from schemas.requests import RequestType
from schemas.results import Code, Outcome
from schemas.status import COMMANDS_MAY_ASK, Status
from workers.contract.messages import Kind, PublishedMessage

if TYPE_CHECKING:
    from collections.abc import Mapping

Example = dict[str, Any]

ORDER_ID: Final = "8f0f8b0e-4c39-4f0e-9a53-0d0c7a1f3d10"
COMMAND_ID: Final = "5f1f4a0c-2f0d-4f57-8a0b-6b7d9f2f1a77"
CLIENT: Final = "https://shop.example/checkout"
CREATED_AT: Final = "2026-01-31T12:00:00.000Z"
CHANGED_AT: Final = "2026-01-31T12:00:00.250Z"

_ORDERED: Final = example(CommandType.CREATE)
_REASONS: Final[Mapping[Status, str]] = {
    Status.REJECTED: Code.CUSTOMER_BLOCKED.value,
    Status.EXPIRED: Code.CHECKS_TIMEOUT.value,
    Status.CANCELING: "ordered by mistake",
    Status.CANCELED: "ordered by mistake",
}
_CHANGES: Final[Mapping[EventType, tuple[Status | None, Status, int]]] = {
    EventType.CREATED: (None, Status.PENDING, 1),
    EventType.PROCESSING: (Status.PENDING, Status.PROCESSING, 2),
    EventType.REJECTED: (Status.PENDING, Status.REJECTED, 2),
    EventType.EXPIRED: (Status.PENDING, Status.EXPIRED, 2),
    EventType.SHIPPING_UPDATED: (Status.PROCESSING, Status.PROCESSING, 3),
    EventType.SHIPPED: (Status.PROCESSING, Status.SHIPPED, 3),
    EventType.DELIVERED: (Status.SHIPPED, Status.DELIVERED, 4),
    EventType.CANCEL_REQUESTED: (Status.PROCESSING, Status.CANCELING, 3),
    EventType.CANCEL_REFUSED: (Status.CANCELING, Status.PROCESSING, 4),
    EventType.CANCELED: (Status.CANCELING, Status.CANCELED, 4),
    EventType.DELETED: (Status.CANCELED, Status.DELETED, 5),
}
_REPLIES: Final[Mapping[ReplyType, Example]] = {
    ReplyType.CUSTOMER_INVALID: {
        "code": Code.CUSTOMER_BLOCKED.value,
        "message": "The customer is blocked",
    },
    ReplyType.REFUSED: {
        "code": Code.OUT_OF_STOCK.value,
        "products": [{"productId": "98765"}],
        "message": "There is not enough in stock",
    },
    ReplyType.RELEASE_REFUSED: {"message": "The pieces have already left"},
    ReplyType.FULFILL_REFUSED: {"message": "Nothing is reserved"},
}


def data_example(message: PublishedMessage) -> Example:
    """The data of a message."""
    match message.kind:
        case Kind.COMMAND:
            return example(CommandType(message.name))
        case Kind.RESULT:
            return _accepted()
        case Kind.EVENT:
            return _event(EventType(message.name))
        case Kind.SNAPSHOT:
            return _order(Status.PROCESSING, 2)
        case Kind.REQUEST:
            return _request(RequestType(message.name))
        case Kind.REPLY | Kind.DEADLINE:
            return dict(_REPLIES.get(ReplyType(message.name), {}))


def refused_example() -> Example:
    """The data of a result that says no."""
    return {
        "command": _command(CommandType.CANCEL),
        "orderId": ORDER_ID,
        "outcome": Outcome.REJECTED.value,
        "code": Code.INVALID_TRANSITION.value,
        "message": "An order that is delivered cannot become canceled by a command",
        "allowed": [status.value for status in COMMANDS_MAY_ASK[Status.DELIVERED]],
        "status": Status.DELIVERED.value,
        "version": 4,
    }


def order_version(message: PublishedMessage) -> int:
    """The version of the order in the example of an event or a snapshot."""
    data = data_example(message)
    version: int = data.get("order", data)["version"]
    return version


def _accepted() -> Example:
    order = _order(Status.PROCESSING, 2)
    return {
        "command": _command(CommandType.CREATE),
        "orderId": ORDER_ID,
        "outcome": Outcome.ACCEPTED.value,
        "status": order["status"],
        "version": order["version"],
        "order": order,
    }


def _command(command: CommandType) -> Example:
    return {"id": COMMAND_ID, "source": CLIENT, "type": command.value}


def _event(event: EventType) -> Example:
    before, status, version = _CHANGES[event]
    optional = {"previousStatus": before, "reason": _REASONS.get(status)}
    told = {name: value for name, value in optional.items() if value is not None}
    return {"order": _order(status, version), **told}


def _order(status: Status, version: int) -> Example:
    personal = {} if status is Status.DELETED else _ordered(status, version)
    return {
        "id": ORDER_ID,
        **personal,
        "status": status.value,
        "version": version,
        **({"reason": _REASONS[status]} if status in _REASONS else {}),
        "createdAt": CREATED_AT,
        "updatedAt": CREATED_AT if version == 1 else CHANGED_AT,
    }


def _ordered(status: Status, version: int) -> Example:
    renewed = status is Status.PROCESSING and version == _CHANGES[EventType.SHIPPING_UPDATED][2]
    shipping = example(CommandType.UPDATE_SHIPPING) if renewed else _ORDERED["shipping"]
    return {
        "customerId": _ORDERED["customerId"],
        "storefrontId": DEFAULT_STOREFRONT,
        "products": _ORDERED["products"],
        "shipping": shipping,
    }


def _request(request: RequestType) -> Example:
    about = {"orderId": ORDER_ID}
    match request:
        case RequestType.VALIDATE:
            customer = {"customerId": _ORDERED["customerId"], "storefrontId": DEFAULT_STOREFRONT}
            return {**about, **customer}
        case RequestType.RESERVE:
            products = {"storefrontId": DEFAULT_STOREFRONT, "products": _ORDERED["products"]}
            return {**about, **products}
        case RequestType.RELEASE | RequestType.FULFILL:
            return about
