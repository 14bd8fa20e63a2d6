"""Outputs as records: the bytes that go out, the same bytes each time.

What never changes is made once, and an order's JSON is made once for each version and spliced
into event, snapshot and result.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import orjson
from uuid_utils import UUID, uuid5

from schemas import headers as names
from schemas.events import SNAPSHOT_TYPE
from schemas.requests import RequestType
from schemas.results import RESULT_TYPE
from schemas.topics import (
    CUSTOMER_REQUESTS,
    EVENTS,
    INVENTORY_REQUESTS,
    REPLIES,
    RESULTS,
    SNAPSHOTS,
)
from workers.orders.answers import command_behind
from workers.stream.codec import Headers, encode_headers, labelled, reply_headers
from workers.stream.ports import CopyRecord, OutboundRecord
from workers.stream.times import rfc3339

if TYPE_CHECKING:
    from workers.orders.answers import Answer
    from workers.orders.order import Cause, Order
    from workers.orders.react import EventOutput, RequestOutput

SOURCE: Final = b"/orders"
_IDS: Final = UUID("5b0f7c0e-6f0e-5d53-9d5e-2f2a3c1b7a10")


def stable_id(*parts: str) -> str:
    """An id that is the same each time it is made of the same parts."""
    return str(uuid5(_IDS, "\n".join(parts)))


def request_id(order_id: str, request: RequestType, since: int, attempt: int) -> str:
    """The id of a request, which alone tells a reply's order, question and attempt."""
    return f"{order_id}:{request.value}:{since}:{attempt}"


def order_json(order: Order) -> orjson.Fragment:
    """The order as the contract shows it, as JSON."""
    content: dict[str, Any] = {"id": order.id}
    if order.customer_id is not None:
        content["customerId"] = order.customer_id
    if order.storefront_id is not None:
        content["storefrontId"] = order.storefront_id
    if order.products is not None:
        content["products"] = [
            {"productId": line.product_id, "quantity": line.quantity} for line in order.products
        ]
    if order.shipping is not None:
        content["shipping"] = {
            "company": order.shipping.company,
            "trackingNumber": order.shipping.tracking_number,
        }
    content["status"] = order.status
    content["version"] = order.version
    if order.reason is not None:
        content["reason"] = order.reason
    content["createdAt"] = rfc3339(order.created_at)
    content["updatedAt"] = rfc3339(order.updated_at)
    return orjson.Fragment(orjson.dumps(content))


def envelope(order: Order) -> Headers:
    """The headers that everything about the order's newest change shares: all but id and type."""
    newest = order.history[-1]
    command = command_behind(order)
    traced = _traced(newest.cause, command)
    return encode_headers(
        event_id="",
        source=SOURCE,
        event_type="",
        time=rfc3339(newest.at).encode(),
        subject=order.id,
        correlation_id=command.correlation_id or command.id,
        causation_id=newest.cause.id,
        order_version=order.version,
        trace_parent=traced.trace_parent,
        trace_state=traced.trace_state,
    )


def event_record(output: EventOutput, encoded: orjson.Fragment, shared: Headers) -> OutboundRecord:
    """The event of one version, of which `encoded` and `shared` are the JSON and the envelope."""
    order = output.order
    newest = order.history[-1]
    data: dict[str, Any] = {"order": encoded}
    if output.previous_status is not None:
        data["previousStatus"] = output.previous_status
    if newest.reason is not None:
        data["reason"] = newest.reason
    identity = stable_id("event", order.id, str(order.version))
    headers = labelled(shared, identity, newest.type)
    return OutboundRecord(EVENTS, order.lane, order.id.encode(), orjson.dumps(data), headers)


def snapshot_record(
    order: Order, encoded: orjson.Fragment, shared: Headers, *, deleted: bool
) -> OutboundRecord:
    """The newest state for the compacted topic; null once the order is deleted."""
    identity = stable_id("snapshot", order.id, str(order.version))
    headers = labelled(shared, identity, SNAPSHOT_TYPE)
    value = None if deleted else orjson.dumps(encoded)
    return OutboundRecord(SNAPSHOTS, order.lane, order.id.encode(), value, headers)


def _traced(cause: Cause, command: Cause) -> Cause:
    """The message whose trace goes on: the one that caused this, else the command."""
    return command if cause.trace_parent is None else cause


def request_record(output: RequestOutput) -> OutboundRecord:
    """A request to the customer or the inventory service."""
    order = output.order
    identity = request_id(order.id, output.type, output.since, output.attempt)
    traced = _traced(output.caused_by, output.command)
    headers = encode_headers(
        event_id=identity,
        source=SOURCE,
        event_type=output.type,
        time=rfc3339(output.at).encode(),
        subject=order.id,
        correlation_id=output.command.correlation_id or output.command.id,
        causation_id=output.caused_by.id,
        trace_parent=traced.trace_parent,
        trace_state=traced.trace_state,
    )
    headers.extend(
        (
            (names.REPLY_CORRELATION, identity.encode()),
            (names.REPLY_TOPIC, REPLIES.encode()),
            (names.REPLY_PARTITION, str(order.lane).encode()),
        )
    )
    topic = CUSTOMER_REQUESTS if output.type is RequestType.VALIDATE else INVENTORY_REQUESTS
    value = orjson.dumps(_request_data(order, output.type))
    return OutboundRecord(topic, order.lane, order.id.encode(), value, headers)


def _request_data(order: Order, request: RequestType) -> dict[str, Any]:
    match request:
        case RequestType.VALIDATE:
            return {
                "orderId": order.id,
                "customerId": order.customer_id,
                "storefrontId": order.storefront_id,
            }
        case RequestType.RESERVE:
            return {
                "orderId": order.id,
                "storefrontId": order.storefront_id,
                "products": [
                    {"productId": line.product_id, "quantity": line.quantity}
                    for line in order.products or ()
                ],
            }
        case RequestType.RELEASE | RequestType.FULFILL:
            return {"orderId": order.id}


def result_value(answer: Answer, encoded: orjson.Fragment | None) -> bytes:
    """The data of a result; `encoded` is the order, where it is told."""
    command = answer.command
    content: dict[str, Any] = {
        "command": {"id": command.id, "source": command.source, "type": command.type}
    }
    if answer.order_id is not None:
        content["orderId"] = answer.order_id
    content["outcome"] = answer.outcome
    optional = (
        ("code", answer.code),
        ("message", answer.message),
        ("allowed", answer.allowed),
        ("errors", [_error(*error) for error in answer.errors] or None),
        ("status", answer.status),
        ("version", answer.version),
        ("order", encoded),
    )
    content.update((name, value) for name, value in optional if value is not None)
    return orjson.dumps(content)


def value_with_order(value: bytes, encoded: orjson.Fragment) -> bytes:
    """A result's data with the order put in: the same bytes as if it had been told at once."""
    return b'%b,"order":%b}' % (value[:-1], orjson.dumps(encoded))


def _error(path: str | None, message: str | None, product_id: str | None) -> dict[str, str]:
    named = (("path", path), ("message", message), ("productId", product_id))
    return {name: value for name, value in named if value is not None}


def result_record(answer: Answer, value: bytes, lane: int) -> OutboundRecord:
    """The record of a result on `orders.results`; the same at every delivery of the command."""
    command = answer.command
    headers = encode_headers(
        event_id=stable_id("result", answer.order_id or "", command.source, command.id),
        source=SOURCE,
        event_type=RESULT_TYPE,
        time=rfc3339(answer.at).encode(),
        subject=answer.order_id,
        correlation_id=command.correlation_id or command.id,
        causation_id=answer.decided_by,
        trace_parent=command.trace_parent,
        trace_state=command.trace_state,
    )
    key = None if answer.order_id is None else answer.order_id.encode()
    return OutboundRecord(RESULTS, lane, key, value, headers)


def copy_record(result: OutboundRecord, address: names.ReplyAddress) -> CopyRecord:
    """The copy of a result for the topic that the command named."""
    value = result.value or b""
    headers = reply_headers(result.headers, address)
    return CopyRecord(address.topic, address.partition, result.key, value, headers)
