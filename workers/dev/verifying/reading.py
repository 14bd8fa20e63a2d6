"""From records to facts, each under the name of the order that it is about.

Facts under one name are looked at together. What names no order goes under a name of its own,
which its dead letter or its result has as well.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import orjson

from schemas import headers as names
from schemas.commands import CommandType
from schemas.limits import MAX_NAME_LENGTH
from schemas.topics import (
    COMMANDS,
    CONSUMED,
    CUSTOMER_REQUESTS,
    EVENTS,
    INVENTORY_REQUESTS,
    REPLIES,
    RESULTS,
    SNAPSHOTS,
    dead_letter_topic,
)
from workers.dev.verifying.facts import (
    Command,
    Event,
    Fact,
    Letter,
    Reply,
    Request,
    Result,
    Snapshot,
    Unreadable,
    at,
)
from workers.orders.encode import stable_id
from workers.stream.codec import decode
from workers.stream.json_text import UnreadableError
from workers.stream.writing.dead_letters import as_it_was

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from workers.stream.ports import InboundRecord

Named = tuple[str, Fact]
Headers = dict[str, bytes]

_PARTS_OF_A_REQUEST_ID: Final = 3


def digest_of(record: InboundRecord) -> int:
    """What is the same for records that are equal to the byte, wherever they lie."""
    return hash((record.key, record.value, tuple(record.headers)))


def fact_of(record: InboundRecord) -> Named:
    """The fact that a record stands for, and the name that it goes under."""
    try:
        return _READERS[record.topic](record)
    except (KeyError, TypeError, ValueError) as error:
        fault = f"{type(error).__name__}: {error}"
        unreadable = Unreadable(record.topic, record.partition, record.offset, fault)
        return _text(record.key), unreadable


def _command(record: InboundRecord) -> Named:
    name, order_id, source, identity, command_type, fault = _named_command(
        record, at(record.topic, record.partition, record.offset)
    )
    place = (record.partition, record.offset, record.timestamp)
    return name, Command(order_id, source, identity, command_type, *place, digest_of(record), fault)


def _named_command(record: InboundRecord, place: str) -> tuple[str, str, str, str, str, str]:
    """The name that a command goes under, its order id, source, id, type and fault."""
    try:
        event = decode(record)
    except UnreadableError as error:
        return f"\n{place}", "", "", "", "", str(error)
    order_id = event.subject or event.key or ""
    if not order_id and event.type == CommandType.CREATE:
        order_id = stable_id("order", event.source, event.id)
    if len(order_id) > MAX_NAME_LENGTH:
        order_id = ""
    name = name_of_command(order_id, event.source, event.id)
    return name, order_id, event.source, event.id, event.type, ""


def name_of_command(order_id: str, source: str, identity: str) -> str:
    """The name that a command and its result go under; without an order, it begins a new line."""
    return order_id or f"\n{source}\n{identity}"


def _result(record: InboundRecord) -> Named:
    data: dict[str, Any] = orjson.loads(record.value or b"")
    order_id, command = data.get("orderId", ""), data["command"]
    source, identity = command["source"], command["id"]
    data.pop("order", None)
    data.pop("message", None)
    rest = hash((record.key, orjson.dumps(data), tuple(record.headers)))
    place = (record.partition, record.offset)
    name = name_of_command(order_id, source, identity)
    return name, Result(order_id, source, identity, *place, digest_of(record), rest)


def _event(record: InboundRecord) -> Named:
    headers = dict(record.headers)
    order_id = _text(record.key)
    return order_id, Event(
        order_id,
        record.partition,
        record.offset,
        int(headers[names.ORDER_VERSION]),
        headers[names.TYPE].decode(),
        headers[names.ID].decode(),
        digest_of(record),
        record.value or b"",
    )


def _snapshot(record: InboundRecord) -> Named:
    order_id = _text(record.key)
    version = int(dict(record.headers)[names.ORDER_VERSION])
    place = (record.partition, record.offset)
    return order_id, Snapshot(order_id, *place, version, digest_of(record), record.value)


def _reply(record: InboundRecord) -> Named:
    headers = dict(record.headers)
    correlation, order_id = _asked(record, headers)
    identity, reply_type = _attributes(record, headers)
    place = (record.partition, record.offset)
    return order_id, Reply(order_id, identity, reply_type, correlation, *place, digest_of(record))


def _attributes(record: InboundRecord, headers: Headers) -> tuple[str, str]:
    """Id and type; empty where the record is no CloudEvent."""
    is_plain = headers.get(names.CONTENT_TYPE) == names.JSON_CONTENT
    if is_plain and names.SPEC_VERSION in headers:
        return _text(headers.get(names.ID)), _text(headers.get(names.TYPE))
    try:
        event = decode(record)
    except UnreadableError:
        return "", ""
    return event.id, event.type


def _asked(record: InboundRecord, headers: Headers) -> tuple[str, str]:
    """The request that a reply names, and the order that it asked about."""
    correlation = _text(headers.get(names.REPLY_CORRELATION))
    parts = correlation.rsplit(":", _PARTS_OF_A_REQUEST_ID)
    named = len(parts) > _PARTS_OF_A_REQUEST_ID
    return correlation, parts[0] if named else _text(record.key)


def _request(record: InboundRecord) -> Named:
    identity = _text(dict(record.headers).get(names.ID))
    order_id = _text(record.key)
    place = (record.topic, record.partition, record.offset)
    return order_id, Request(order_id, identity, *place, digest_of(record))


def _letter(record: InboundRecord) -> Named:
    was = as_it_was(record)
    digest = hash((was.key, was.value, tuple(was.headers)))
    place = at(record.topic, record.partition, record.offset)
    letter = Letter(place, was.topic, was.partition, was.offset, digest)
    return _name_of_dead(was), letter


def _name_of_dead(record: InboundRecord) -> str:
    """The name that a record goes under which is a dead letter now."""
    if record.topic == COMMANDS:
        place = at(record.topic, record.partition, record.offset)
        return _named_command(record, place)[0]
    if record.topic == REPLIES:
        return _asked(record, dict(record.headers))[1]
    return _text(record.key)


def _text(raw: bytes | None) -> str:
    return (raw or b"").decode(errors="backslashreplace")


_READERS: Final[Mapping[str, Callable[[InboundRecord], Named]]] = {
    COMMANDS: _command,
    RESULTS: _result,
    EVENTS: _event,
    SNAPSHOTS: _snapshot,
    REPLIES: _reply,
    CUSTOMER_REQUESTS: _request,
    INVENTORY_REQUESTS: _request,
    **{dead_letter_topic(topic): _letter for topic in CONSUMED},
}

TOPICS: Final = tuple(_READERS)
"""The topics that are looked at, in the order in which they are read."""
