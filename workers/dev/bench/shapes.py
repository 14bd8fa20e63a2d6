"""The records and documents of one created order, as large as the service's and without its rules.

What the floor and idiomatic Faust write, so that all three move the same bytes. Ids of messages
are the order's own, which are as long as the service's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import orjson
from bson import ObjectId

from schemas import headers as names
from schemas.commands import CommandType
from schemas.events import SNAPSHOT_TYPE, EventType
from schemas.replies import ReplyType
from schemas.requests import RequestType
from schemas.results import RESULT_TYPE
from schemas.status import Status
from schemas.topics import (
    COMMANDS,
    CUSTOMER_REQUESTS,
    EVENTS,
    INVENTORY_REQUESTS,
    REPLIES,
    RESULTS,
    SNAPSHOTS,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

Document = dict[str, Any]
Headers = list[tuple[str, bytes]]

VALID: Final = ReplyType.CUSTOMER_VALID.value.encode()
RESERVED: Final = ReplyType.RESERVED.value.encode()

_WRITE_ID: Final = ObjectId()
_CREATED: Final = EventType.CREATED.value
_PROCESSING: Final = EventType.PROCESSING.value
_PENDING: Final = Status.PENDING.value
_ORDERS: Final = b"/orders"
_REPLY_PAUSE: Final = 5_000
_SPEC_VERSION: Final = (names.SPEC_VERSION, names.CLOUD_EVENTS_VERSION.encode())
_JSON: Final = (names.CONTENT_TYPE, names.JSON_CONTENT)
_REPLY_TOPIC: Final = (names.REPLY_TOPIC, REPLIES.encode())


class Moment(NamedTuple):
    """A time: milliseconds since 1970, and as text in RFC 3339."""

    milliseconds: int
    text: bytes


class Message(NamedTuple):
    """A record to be written to the order's partition of `topic`."""

    topic: str
    key: bytes
    value: bytes
    headers: Headers


class Open(NamedTuple):
    """An order that was created and waits: its command, and when it was created."""

    order_id: bytes
    command_id: bytes
    source: bytes
    value: bytes
    offset: int
    lane: int
    created: Moment


def read_create(record: Any, found: Mapping[str, bytes], now: Moment) -> Open:  # noqa: ANN401 - aiokafka has no types
    """The order that a create asks for, unchecked; `found` are its headers."""
    place = (record.offset, record.partition)
    return Open(record.key, found[names.ID], found[names.SOURCE], record.value, *place, now)


def created(order: Open) -> list[Message]:
    """What follows a create: the event, the snapshot, and the customer service is asked."""
    state = _order_json(order, b"pending", 1, order.created)
    cause = order.command_id
    return [
        _versioned(EVENTS, _CREATED, order, b'{"order":%b}' % state, order.created, cause, b"1"),
        _versioned(SNAPSHOTS, SNAPSHOT_TYPE, order, state, order.created, cause, b"1"),
        _request(CUSTOMER_REQUESTS, RequestType.VALIDATE, order, _customer_data(order), cause),
    ]


def reserve_request(order: Open, cause: bytes) -> Message:
    """The inventory service is asked."""
    products = order.value[order.value.index(b'"products"') :]
    value = b'{"orderId":"%b","storefrontId":"default",%b' % (order.order_id, products)
    return _request(INVENTORY_REQUESTS, RequestType.RESERVE, order, value, cause)


def confirmed(order: Open, now: Moment, cause: bytes) -> list[Message]:
    """What follows the stock's answer: the event, the snapshot and the result."""
    state = _order_json(order, b"processing", 2, now)
    event = b'{"order":%b,"previousStatus":"pending"}' % state
    return [
        _versioned(EVENTS, _PROCESSING, order, event, now, cause, b"2"),
        _versioned(SNAPSHOTS, SNAPSHOT_TYPE, order, state, now, cause, b"2"),
        _result(order, state, now, cause),
    ]


def reply(record: Any, found: Mapping[str, bytes], source: bytes, kind: bytes) -> Message:  # noqa: ANN401 - aiokafka has no types
    """The answer yes to a request; `found` are the request's headers."""
    correlation = found[names.REPLY_CORRELATION]
    command_id = found[names.CORRELATION_ID]
    headers = _headers(record.key, source, kind, found[names.TIME], record.key, command_id)
    headers += [(names.CAUSATION_ID, correlation), (names.REPLY_CORRELATION, correlation)]
    return Message(REPLIES, record.key, b"{}", headers)


def order_document(order: Open) -> Document:
    """The document that a create inserts."""
    now = order.created.milliseconds
    cause = _cause(order.source, order.command_id, CommandType.CREATE.value, COMMANDS, order.offset)
    waiting = {"purpose": "checks", "since": 1, "attempt": 1, "dueAt": now + _REPLY_PAUSE}
    return {
        "_id": order.order_id.decode(),
        "schemaVersion": 1,
        "lane": order.lane,
        "status": _PENDING,
        "version": 1,
        "revision": 1,
        "updatedAt": now,
        "waiting": waiting,
        "createdAt": now,
        "storefrontId": "default",
        **orjson.loads(order.value),
        "history": [{"version": 1, "type": _CREATED, "at": now, "cause": cause}],
        "writeId": _WRITE_ID,
    }


def order_update(order: Open, now: Moment, reply_id: bytes, offset: int) -> Document:
    """The update that makes the order one in processing."""
    cause = _cause(b"/inventory", reply_id, ReplyType.RESERVED.value, REPLIES, offset)
    cause["correlationId"] = order.command_id.decode()
    at = now.milliseconds
    change = {"version": 2, "type": _PROCESSING, "at": at, "cause": cause}
    fields = {"status": Status.PROCESSING.value, "version": 2, "revision": 2, "updatedAt": at}
    fields["writeId"] = _WRITE_ID
    return {"$set": {**fields, "history.1": change}, "$unset": {"waiting": ""}}


def reservation(order_id: bytes, products: list[Document]) -> Document:
    """The document that holds an order's stock."""
    return {"_id": order_id.decode(), "products": products, "state": "reserved"}


def _cause(source: bytes, identity: bytes, kind: str, topic: str, offset: int) -> Document:
    place: Document = {"topic": topic, "offset": offset}
    return {"source": source.decode(), "id": identity.decode(), "type": kind, **place}


def _order_json(order: Open, status: bytes, version: int, now: Moment) -> bytes:
    return (
        b'{"id":"%b","storefrontId":"default",%b,"status":"%b","version":%d,'
        b'"createdAt":"%b","updatedAt":"%b"}'
    ) % (order.order_id, order.value[1:-1], status, version, order.created.text, now.text)


def _customer_data(order: Open) -> bytes:
    customer = order.value[1 : order.value.index(b",")]
    return b'{"orderId":"%b",%b,"storefrontId":"default"}' % (order.order_id, customer)


def _result(order: Open, state: bytes, now: Moment, cause: bytes) -> Message:
    value = (
        b'{"command":{"id":"%b","source":"%b","type":"order.create.v1"},"orderId":"%b",'
        b'"outcome":"accepted","status":"processing","version":2,"order":%b}'
    ) % (order.command_id, order.source, order.order_id, state)
    kind = RESULT_TYPE.encode()
    headers = _headers(order.order_id, _ORDERS, kind, now.text, order.order_id, order.command_id)
    headers.append((names.CAUSATION_ID, cause))
    return Message(RESULTS, order.order_id, value, headers)


def _versioned(  # noqa: PLR0913, PLR0917 - one for each part of a record
    topic: str, kind: str, order: Open, value: bytes, now: Moment, cause: bytes, version: bytes
) -> Message:
    identity = order.order_id
    headers = _headers(identity, _ORDERS, kind.encode(), now.text, identity, order.command_id)
    headers += [(names.CAUSATION_ID, cause), (names.ORDER_VERSION, version)]
    return Message(topic, identity, value, headers)


def _request(topic: str, kind: RequestType, order: Open, value: bytes, cause: bytes) -> Message:
    name = kind.value.encode()
    identity = b"%b:%b:1:1" % (order.order_id, name)
    time = order.created.text
    headers = _headers(identity, _ORDERS, name, time, order.order_id, order.command_id)
    headers += [
        (names.CAUSATION_ID, cause),
        (names.REPLY_CORRELATION, identity),
        _REPLY_TOPIC,
        (names.REPLY_PARTITION, b"%d" % order.lane),
    ]
    return Message(topic, order.order_id, value, headers)


def _headers(  # noqa: PLR0913, PLR0917 - one for each attribute
    identity: bytes, source: bytes, kind: bytes, time: bytes, subject: bytes, correlation: bytes
) -> Headers:
    return [
        _SPEC_VERSION,
        (names.ID, identity),
        (names.SOURCE, source),
        (names.TYPE, kind),
        (names.TIME, time),
        _JSON,
        (names.SUBJECT, subject),
        (names.CORRELATION_ID, correlation),
    ]
