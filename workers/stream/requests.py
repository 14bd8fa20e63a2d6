"""Requests as they are read, and their replies as they are written: one form for all services.

A reply may go to `orders.replies` only: naming any other topic must not make a service write
there, or wait for a topic that does not exist.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Generic, NamedTuple, TypeVar

from pydantic import ValidationError
from uuid_utils import UUID, uuid5

from schemas import headers as names
from schemas.base import Message
from schemas.topics import REPLIES
from workers.stream.codec import CloudEvent, decode, encode_headers
from workers.stream.ports import OutboundRecord
from workers.stream.times import rfc3339

if TYPE_CHECKING:
    from collections.abc import Mapping

    from schemas.replies import ReplyType
    from workers.stream.ports import InboundRecord

_IDS: Final = UUID("5f0f1e0a-6d43-5b0c-9a3e-6a8f2f1c7d94")
_PARTITION_BYTES: Final = 4
_PARTITION_DIGITS: Final = 9
_ERRORS_TOLD: Final = 3

Data = TypeVar("Data", bound=Message)


class UnanswerableError(Exception):
    """A record that is no request we can answer: it goes to the dead letters."""


class Request(NamedTuple, Generic[Data]):
    """A request: what it asks for, and what its reply needs.

    `partition` is where the reply goes on `orders.replies`; `correlation` is to be echoed.
    """

    record: InboundRecord
    event: CloudEvent
    data: Data
    partition: int
    correlation: bytes


def read_request(record: InboundRecord, models: Mapping[str, type[Data]]) -> Request[Data]:
    """Read a record as one of the requests in `models`, which are by `ce_type`.

    Raises:
        UnreadableError: the record is no CloudEvent.
        UnanswerableError: it is none of these requests, or tells no place for the reply.
    """
    event = decode(record)
    model = models.get(event.type)
    if model is None:
        message = f"unknown request type {event.type}; known here: {', '.join(sorted(models))}"
        raise UnanswerableError(message)
    found = dict(record.headers)
    partition = _reply_partition(found)
    correlation = found.get(names.REPLY_CORRELATION)
    if correlation is None:
        message = f"header {names.REPLY_CORRELATION} is missing: nobody would know the reply"
        raise UnanswerableError(message)
    return Request(record, event, _read_data(model, event.data), partition, correlation)


def _read_data(model: type[Data], data: bytes | None) -> Data:
    try:
        return model.model_validate_json(data or b"")
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)
        faults = [
            f"{'.'.join(str(step) for step in fault['loc']) or 'data'}: {fault['msg']}"
            for fault in found[:_ERRORS_TOLD]
        ]
        raise UnanswerableError("; ".join(faults)) from error


def _reply_partition(headers: Mapping[str, bytes]) -> int:
    topic = headers.get(names.REPLY_TOPIC)
    if topic != REPLIES.encode():
        message = f"header {names.REPLY_TOPIC} must be {REPLIES}, and is {_shown(topic)}"
        raise UnanswerableError(message)
    raw = headers.get(names.REPLY_PARTITION)
    partition = None if raw is None else _number(raw)
    if partition is None:
        message = f"header {names.REPLY_PARTITION} must be a partition, and is {_shown(raw)}"
        raise UnanswerableError(message)
    return partition


def _number(raw: bytes) -> int | None:
    """ASCII digits, or a 4-byte big-endian integer."""
    if raw.isdigit() and len(raw) <= _PARTITION_DIGITS:
        return int(raw)
    if len(raw) == _PARTITION_BYTES:
        number = int.from_bytes(raw, "big", signed=True)
        return number if number >= 0 else None
    return None


def _shown(raw: bytes | None) -> str:
    return "missing" if raw is None else repr(raw[:64])


def reply_record(
    request: Request[Data], source: bytes, reply_type: ReplyType, order_id: str, value: bytes
) -> OutboundRecord:
    """The reply to a request; the same answer to the same request is equal to the byte.

    `value` is JSON. The reply's time is the time of the request, which a redelivery keeps.
    """
    event = request.event
    headers = encode_headers(
        event_id=_reply_id(event, reply_type, value),
        source=source,
        event_type=reply_type,
        time=rfc3339(request.record.timestamp).encode(),
        subject=order_id,
        correlation_id=event.correlation_id,
        causation_id=event.id,
        trace_parent=event.trace_parent,
        trace_state=event.trace_state,
    )
    headers.append((names.REPLY_CORRELATION, request.correlation))
    return OutboundRecord(REPLIES, request.partition, order_id.encode(), value, headers)


def _reply_id(event: CloudEvent, reply_type: ReplyType, value: bytes) -> str:
    """From all that makes an answer this answer: a changed answer is another message."""
    return str(uuid5(_IDS, f"{event.source}\n{event.id}\n{reply_type}\n{value.decode()}"))
