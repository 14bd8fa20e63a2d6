"""Orders as MongoDB documents, and back. Names are those of the contract, written out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from schemas.events import EventType
from schemas.headers import ReplyAddress
from schemas.status import Status
from workers.orders.order import (
    Cause,
    Change,
    Order,
    ProductLine,
    Purpose,
    Shipping,
    Waiting,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

Document = dict[str, Any]

SCHEMA_VERSION: Final = 1
"""The shape of an order's document. Without a number it is 1."""


class NewerDocumentError(Exception):
    """A newer release has written this order in a shape that this one does not know."""


def order_to_document(order: Order) -> Document:
    """The whole document of an order."""
    document: Document = {
        "_id": order.id,
        "schemaVersion": SCHEMA_VERSION,
        "lane": order.lane,
        **changing_fields(order),
    }
    document["createdAt"] = order.created_at
    _put(document, "customerId", order.customer_id)
    _put(document, "storefrontId", order.storefront_id)
    if order.products is not None:
        document["products"] = [
            {"productId": line.product_id, "quantity": line.quantity} for line in order.products
        ]
    document["history"] = [change_to_document(change) for change in order.history]
    return document


def changing_fields(order: Order) -> Document:
    """The fields that a change may touch, those that are there; not the history."""
    return {
        "status": order.status.value,
        "version": order.version,
        "revision": order.revision,
        "updatedAt": order.updated_at,
        **optional_fields(order),
    }


def optional_fields(order: Order) -> Document:
    """Of the fields that a change may touch those that may be missing, as far as they are there."""
    document: Document = {}
    if order.shipping is not None:
        document["shipping"] = _shipping_to_document(order.shipping)
    _put(document, "reason", order.reason)
    if order.returns_to is not None:
        document["returnsTo"] = order.returns_to.value
    if order.waiting is not None:
        document["waiting"] = {
            "purpose": order.waiting.purpose.value,
            "since": order.waiting.since,
            "attempt": order.waiting.attempt,
            "dueAt": order.waiting.due_at,
        }
    return document


def change_to_document(change: Change) -> Document:
    """One entry of the history."""
    document: Document = {
        "version": change.version,
        "type": change.type.value,
        "at": change.at,
        "cause": _cause_to_document(change.cause),
    }
    _put(document, "reason", change.reason)
    if change.shipping is not None:
        document["shipping"] = _shipping_to_document(change.shipping)
    _put(document, "code", change.code)
    _put(document, "message", change.message)
    if change.products:
        document["products"] = list(change.products)
    if change.copies:
        document["copies"] = [_address_to_document(address) for address in change.copies]
    return document


def _cause_to_document(cause: Cause) -> Document:
    document: Document = {
        "source": cause.source,
        "id": cause.id,
        "type": cause.type,
        "topic": cause.topic,
        "offset": cause.offset,
    }
    _put(document, "correlationId", cause.correlation_id)
    _put(document, "traceParent", cause.trace_parent)
    _put(document, "traceState", cause.trace_state)
    if cause.reply is not None:
        document["reply"] = _address_to_document(cause.reply)
    return document


def _address_to_document(address: ReplyAddress) -> Document:
    document: Document = {"topic": address.topic, "correlationName": address.correlation_name}
    _put(document, "partition", address.partition)
    _put(document, "correlation", address.correlation)
    return document


def _shipping_to_document(shipping: Shipping) -> Document:
    return {"company": shipping.company, "trackingNumber": shipping.tracking_number}


def _put(document: Document, name: str, value: object) -> None:
    if value is not None:
        document[name] = value


def order_from_document(document: Mapping[str, Any]) -> Order:
    """The order that a document holds.

    Raises:
        NewerDocumentError: only a newer release can read it.
    """
    if document.get("schemaVersion", 1) > SCHEMA_VERSION:
        message = (
            f"order {document['_id']} was written by a newer release "
            f"(schema {document['schemaVersion']}; this one knows {SCHEMA_VERSION})"
        )
        raise NewerDocumentError(message)
    products = document.get("products")
    returns_to = document.get("returnsTo")
    return Order(
        id=document["_id"],
        lane=document["lane"],
        status=Status(document["status"]),
        version=document["version"],
        revision=document["revision"],
        created_at=document["createdAt"],
        updated_at=document["updatedAt"],
        history=tuple(_change_from_document(entry) for entry in document["history"]),
        customer_id=document.get("customerId"),
        storefront_id=document.get("storefrontId"),
        products=None
        if products is None
        else tuple(ProductLine(line["productId"], line["quantity"]) for line in products),
        shipping=_shipping_from_document(document.get("shipping")),
        reason=document.get("reason"),
        returns_to=None if returns_to is None else Status(returns_to),
        waiting=_waiting_from_document(document.get("waiting")),
    )


def _waiting_from_document(document: Mapping[str, Any] | None) -> Waiting | None:
    if document is None:
        return None
    return Waiting(
        Purpose(document["purpose"]), document["since"], document["attempt"], document["dueAt"]
    )


def _change_from_document(document: Mapping[str, Any]) -> Change:
    return Change(
        document["version"],
        EventType(document["type"]),
        document["at"],
        _cause_from_document(document["cause"]),
        document.get("reason"),
        _shipping_from_document(document.get("shipping")),
        document.get("code"),
        document.get("message"),
        tuple(document.get("products", ())),
        tuple(_address_from_document(address) for address in document.get("copies", ())),
    )


def _cause_from_document(document: Mapping[str, Any]) -> Cause:
    reply = document.get("reply")
    return Cause(
        document["source"],
        document["id"],
        document["type"],
        document["topic"],
        document["offset"],
        document.get("correlationId"),
        document.get("traceParent"),
        document.get("traceState"),
        None if reply is None else _address_from_document(reply),
    )


def _address_from_document(document: Mapping[str, Any]) -> ReplyAddress:
    correlation = document.get("correlation")
    return ReplyAddress(
        document["topic"],
        document.get("partition"),
        document["correlationName"],
        None if correlation is None else bytes(correlation),
    )


def _shipping_from_document(document: Mapping[str, Any] | None) -> Shipping | None:
    return None if document is None else Shipping(document["company"], document["trackingNumber"])
