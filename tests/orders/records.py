"""Records as they are read from a topic, and short ways to write those that clients send."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import orjson

from schemas import headers as names
from schemas.topics import COMMANDS, REPLIES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from schemas.headers import ReplyAddress
    from workers.stream.ports import OutboundRecord

LANE = 3


@dataclass(frozen=True)
class Record:
    """An inbound record; `timestamp` is in milliseconds since 1970."""

    topic: str
    partition: int
    offset: int
    timestamp: int = 1_700_000_000_000
    key: bytes | None = None
    value: bytes | None = None
    headers: Sequence[tuple[str, bytes]] = ()


def command_record(  # noqa: PLR0913 - what a client may say about a command
    order_id: str,
    command_type: str,
    data: Mapping[str, object] | None = None,
    *,
    offset: int,
    identity: str | None = None,
    lane: int = LANE,
    reply: ReplyAddress | None = None,
) -> Record:
    """A command as a client sends it; its id is made of its offset where none is given."""
    headers = [
        (names.SPEC_VERSION, b"1.0"),
        (names.ID, (identity or f"command-{offset}").encode()),
        (names.SOURCE, b"/shop"),
        (names.TYPE, f"order.{command_type}.v1".encode()),
        (names.SUBJECT, order_id.encode()),
    ]
    if reply is not None:
        headers.append((names.REPLY_TOPIC, reply.topic.encode()))
        headers.append((reply.correlation_name, reply.correlation or b""))
    value = None if data is None else orjson.dumps(data)
    return Record(COMMANDS, lane, offset, key=order_id.encode(), value=value, headers=headers)


def create_record(order_id: str, *, offset: int, pieces: int = 2, lane: int = LANE) -> Record:
    """A create command for some apples."""
    data = {
        "customerId": "customer-1",
        "products": [{"productId": "apple", "quantity": pieces}],
        "shipping": {"company": "DHL", "trackingNumber": "1"},
    }
    return command_record(order_id, "create", data, offset=offset, lane=lane)


def reply_record(
    request: OutboundRecord,
    reply_type: str,
    data: Mapping[str, object] | None = None,
    *,
    offset: int,
) -> Record:
    """The reply of a service to a request of ours."""
    asked = dict(request.headers)
    headers = [
        (names.SPEC_VERSION, b"1.0"),
        (names.ID, b"reply to %b: %b" % (asked[names.ID], reply_type.encode())),
        (names.SOURCE, b"/services"),
        (names.TYPE, reply_type.encode()),
        (names.REPLY_CORRELATION, asked[names.REPLY_CORRELATION]),
    ]
    partition = int(asked[names.REPLY_PARTITION])
    value = orjson.dumps(data or {})
    return Record(REPLIES, partition, offset, key=request.key, value=value, headers=headers)


def as_read(record: OutboundRecord, *, offset: int, timestamp: int = 1_700_000_000_000) -> Record:
    """What a consumer gets of a record that was written."""
    return Record(
        record.topic,
        record.partition,
        offset,
        record.timestamp or timestamp,
        record.key,
        record.value,
        tuple(record.headers),
    )
