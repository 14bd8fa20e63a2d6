"""Short ways to write commands, replies and deadlines in the specification.

A command's id is its verb and the number 9, where nothing else is said: `cancel-9`. What a reply
answers is written as `version:attempt`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict, Unpack

from schemas.commands import (
    Cancel,
    Command,
    CommandType,
    Create,
    Delete,
    RequestedProduct,
    RequestedShipping,
    UpdateShipping,
    UpdateStatus,
)
from schemas.headers import ReplyAddress
from schemas.replies import (
    CustomerInvalid,
    CustomerValid,
    Deadline,
    FulfillRefused,
    RefusedProduct,
    ReleaseRefused,
    Reply,
    ReplyType,
    StockFulfilled,
    StockRefused,
    StockReleased,
    StockReserved,
)
from schemas.requests import RequestType
from schemas.results import Code
from schemas.topics import COMMANDS, REPLIES
from tests.spec.story import ORDER_ID
from workers.orders.messages import CommandMessage, InvalidCommand, ReplyMessage, RequestReference
from workers.orders.order import Cause

if TYPE_CHECKING:
    from schemas.status import Status

SHOP = ReplyAddress("shop.replies", 2, "kafka_correlationId", b"\x00\x01")
DESK = ReplyAddress("desk.replies", None, "correlation_id", b"two")


class Envelope(TypedDict, total=False):
    """What may be said of any message besides its data."""

    id: str
    order_id: str
    source: str
    topic: str
    offset: int
    correlation_id: str
    trace_parent: str
    trace_state: str
    reply: ReplyAddress


def _cause(message_type: str, defaults: Envelope, more: Envelope) -> Cause:
    fields: Envelope = {"offset": 100, **defaults, **more}
    fields.pop("order_id", None)
    return Cause(type=message_type, **fields)  # type: ignore[misc]  # id, source and topic are in defaults


def _command(
    identity: str, command_type: CommandType, data: Command, more: Envelope
) -> CommandMessage:
    defaults: Envelope = {"id": identity, "source": "/shop", "topic": COMMANDS}
    cause = _cause(command_type, defaults, more)
    return CommandMessage(more.get("order_id", ORDER_ID), cause, data)


def create(
    *products: tuple[str, int], storefront: str | None = None, **more: Unpack[Envelope]
) -> CommandMessage:
    """Create an order of `customer-1` for these products; two apples and a pear by default."""
    lines = products or (("apple", 2), ("pear", 1))
    data = Create(
        customer_id="customer-1",
        products=tuple(RequestedProduct(product_id=name, quantity=n) for name, n in lines),
        shipping=RequestedShipping(company="DHL", tracking_number="1"),
        storefront_id=storefront,
    )
    return _command("create-9", CommandType.CREATE, data, more)


def update_shipping(
    company: str = "UPS",
    number: str = "2",
    *,
    expected_version: int | None = None,
    **more: Unpack[Envelope],
) -> CommandMessage:
    """Have the order carried by somebody else."""
    data = UpdateShipping(
        company=company, tracking_number=number, expected_version=expected_version
    )
    return _command("update-shipping-9", CommandType.UPDATE_SHIPPING, data, more)


def ask_for(
    status: Status | str,
    *,
    reason: str | None = None,
    expected_version: int | None = None,
    **more: Unpack[Envelope],
) -> CommandMessage:
    """Ask for a status by update-status."""
    values = {"status": status, "reason": reason, "expectedVersion": expected_version}
    data = UpdateStatus.model_validate(values, strict=False)
    return _command("update-status-9", CommandType.UPDATE_STATUS, data, more)


def cancel(
    *, reason: str | None = None, expected_version: int | None = None, **more: Unpack[Envelope]
) -> CommandMessage:
    """Cancel the order."""
    data = Cancel(reason=reason, expected_version=expected_version)
    return _command("cancel-9", CommandType.CANCEL, data, more)


def delete(*, expected_version: int | None = None, **more: Unpack[Envelope]) -> CommandMessage:
    """Delete the order."""
    return _command("delete-9", CommandType.DELETE, Delete(expected_version=expected_version), more)


def invalid(code: Code = Code.INVALID_DATA, **more: Unpack[Envelope]) -> InvalidCommand:
    """A command that can be answered, but not carried out."""
    errors = (("products.0.quantity", "Input should be greater than 0", None),)
    defaults: Envelope = {"id": "invalid-9", "source": "/shop", "topic": COMMANDS}
    made = _cause("order.create.v1", defaults, more)
    return InvalidCommand(ORDER_ID, made, code, "The command breaks a limit", errors)


def _reply(
    request: RequestType, answered: str, reply_type: ReplyType, data: Reply, more: Envelope
) -> ReplyMessage:
    since, attempt = (int(number) for number in answered.split(":"))
    reference = RequestReference(more.get("order_id", ORDER_ID), request, since, attempt)
    identity = f"{reply_type.split('.')[1]}-9"
    defaults: Envelope = {"id": identity, "source": "/services", "topic": REPLIES}
    return ReplyMessage(reference, _cause(reply_type, defaults, more), data)


def customer_valid(to: str, **more: Unpack[Envelope]) -> ReplyMessage:
    """The customer may order."""
    return _reply(RequestType.VALIDATE, to, ReplyType.CUSTOMER_VALID, CustomerValid(), more)


def customer_invalid(
    to: str, code: str = "CUSTOMER_BLOCKED", message: str | None = None, **more: Unpack[Envelope]
) -> ReplyMessage:
    """The customer may not order."""
    data = CustomerInvalid(code=code, message=message)
    return _reply(RequestType.VALIDATE, to, ReplyType.CUSTOMER_INVALID, data, more)


def reserved(to: str, **more: Unpack[Envelope]) -> ReplyMessage:
    """All pieces are set aside."""
    return _reply(RequestType.RESERVE, to, ReplyType.RESERVED, StockReserved(), more)


def refused(
    to: str,
    code: str = "OUT_OF_STOCK",
    products: tuple[str, ...] = ("apple",),
    message: str | None = None,
    **more: Unpack[Envelope],
) -> ReplyMessage:
    """Nothing was set aside, because of these products."""
    lines = tuple(RefusedProduct(product_id=name) for name in products)
    data = StockRefused(code=code, products=lines, message=message)
    return _reply(RequestType.RESERVE, to, ReplyType.REFUSED, data, more)


def released(to: str, **more: Unpack[Envelope]) -> ReplyMessage:
    """The order holds nothing any more."""
    return _reply(RequestType.RELEASE, to, ReplyType.RELEASED, StockReleased(), more)


def release_refused(to: str, **more: Unpack[Envelope]) -> ReplyMessage:
    """The pieces have already left."""
    return _reply(RequestType.RELEASE, to, ReplyType.RELEASE_REFUSED, ReleaseRefused(), more)


def fulfilled(to: str, **more: Unpack[Envelope]) -> ReplyMessage:
    """The pieces have left the books."""
    return _reply(RequestType.FULFILL, to, ReplyType.FULFILLED, StockFulfilled(), more)


def fulfill_refused(to: str, **more: Unpack[Envelope]) -> ReplyMessage:
    """There was nothing reserved."""
    return _reply(RequestType.FULFILL, to, ReplyType.FULFILL_REFUSED, FulfillRefused(), more)


def deadline(
    of: str, request: RequestType = RequestType.VALIDATE, **more: Unpack[Envelope]
) -> ReplyMessage:
    """Nobody has answered this request in time."""
    more.setdefault("source", "/orders")
    return _reply(request, of, ReplyType.DEADLINE, Deadline(), more)
