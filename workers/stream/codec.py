"""CloudEvents over Kafka records: binary and structured mode in, binary mode out.

Ours because it stands on the path of every record; the `cloudevents` package is its oracle in
the tests. Specification: CloudEvents 1.0.2, Kafka protocol binding and JSON format.
"""

from __future__ import annotations

import base64
from itertools import chain
from typing import TYPE_CHECKING, Final, NamedTuple

import orjson

from schemas import headers as names
from schemas.headers import ReplyAddress
from schemas.limits import (
    MAX_ALL_HEADERS_BYTES,
    MAX_HEADER_BYTES,
    MAX_NAME_LENGTH,
    MAX_VALUE_BYTES,
)
from schemas.topics import OWN_TOPICS
from workers.stream.json_text import UnreadableError, read_json

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from workers.stream.ports import InboundRecord

Headers = list[tuple[str, bytes]]

_PARTITION_BYTES: Final = 4
_MAX_PARTITION: Final = 2**31 - 1


class CloudEvent(NamedTuple):
    """One message as it was read.

    `faults` lists limits that a readable message breaks, as (path, message); `key` is the
    record key as text, if it is text; `correlation` is the raw `kafka_correlationId`.
    """

    id: str
    source: str
    type: str
    subject: str | None
    key: str | None
    correlation_id: str | None
    trace_parent: str | None
    trace_state: str | None
    correlation: bytes | None
    reply: ReplyAddress | None
    data: bytes | None
    faults: tuple[tuple[str, str], ...]


def decode(record: InboundRecord) -> CloudEvent:
    """Read a record as a CloudEvent, in binary or structured mode.

    Raises:
        UnreadableError: not a CloudEvent 1.0 with id, source and type, or too large to be read.
    """
    value = record.value
    if value is not None and len(value) > MAX_VALUE_BYTES:
        message = f"value has {len(value)} bytes; the limit is {MAX_VALUE_BYTES}"
        raise UnreadableError(message)
    _check_headers(record.headers)
    found = dict(record.headers)
    content_type = found.get(names.CONTENT_TYPE)
    if content_type is not None and content_type.lower().startswith(names.STRUCTURED_CONTENT):
        attributes, data = _structured(value)
    elif names.SPEC_VERSION in found:
        attributes, data = found, value
    else:
        attributes, data = _unlabelled(value)
    return _cloud_event(attributes, found, record.key, data)


def _check_headers(headers: Sequence[tuple[str, bytes]]) -> None:
    """What is passed on or answered takes headers along: unbounded ones would make it too large."""
    size = sum(map(len, filter(None, chain.from_iterable(headers))))
    if size > MAX_ALL_HEADERS_BYTES:
        message = f"headers have {size} bytes; the limit is {MAX_ALL_HEADERS_BYTES}"
        raise UnreadableError(message)


def _unlabelled(value: bytes | None) -> tuple[dict[str, bytes], bytes | None]:
    """Structured mode as the `cloudevents` package writes it: with the data's content type."""
    try:
        return _structured(value)
    except UnreadableError as error:
        message = f"not a CloudEvent: no header {names.SPEC_VERSION}, and the value is {error}"
        raise UnreadableError(message) from error


def _structured(value: bytes | None) -> tuple[dict[str, bytes], bytes | None]:
    envelope = read_json(value or b"")
    if not isinstance(envelope, dict):
        raise UnreadableError("not a JSON object that holds a CloudEvent")
    attributes = {
        f"ce_{name}": text.encode() for name, text in envelope.items() if isinstance(text, str)
    }
    if "data_base64" in envelope:
        return attributes, _from_base64(envelope["data_base64"])
    data = envelope.get("data")
    return attributes, None if data is None else orjson.dumps(data)


def _from_base64(text: object) -> bytes:
    if not isinstance(text, str):
        raise UnreadableError("data_base64 is not a text")
    try:
        return base64.b64decode(text, validate=True)
    except ValueError as error:
        raise UnreadableError("data_base64 is not base64") from error


def _cloud_event(
    attributes: Mapping[str, bytes],
    headers: Mapping[str, bytes],
    key: bytes | None,
    data: bytes | None,
) -> CloudEvent:
    if attributes.get(names.SPEC_VERSION) != b"1.0":
        raise UnreadableError("not a CloudEvent 1.0: ce_specversion is missing or not 1.0")
    event_id = _required(attributes, names.ID)
    source = _required(attributes, names.SOURCE)
    event_type = _required(attributes, names.TYPE)
    faults: list[tuple[str, str]] = []
    subject = _optional(attributes, names.SUBJECT, faults)
    correlation = headers.get(names.REPLY_CORRELATION)
    reply = None
    if names.REPLY_TOPIC in headers or names.REPLY_TOPIC_FASTSTREAM in headers:
        reply = _reply_address(headers, faults)
    key_text = _text(key)
    _check_names(faults, {"id": event_id, "source": source, "subject": subject, "key": key_text})
    return CloudEvent(
        event_id,
        source,
        event_type,
        subject,
        key_text,
        _optional(attributes, names.CORRELATION_ID, faults),
        _trace(attributes, headers, names.TRACE_PARENT),
        _trace(attributes, headers, names.TRACE_STATE),
        correlation,
        reply,
        data,
        tuple(faults),
    )


def _required(attributes: Mapping[str, bytes], name: str) -> str:
    raw = attributes.get(name)
    if not raw:
        message = f"not a CloudEvent: {name} is missing or empty"
        raise UnreadableError(message)
    if len(raw) > MAX_HEADER_BYTES:
        message = f"{name} has {len(raw)} bytes; the limit is {MAX_HEADER_BYTES}"
        raise UnreadableError(message)
    text = _text(raw)
    if text is None:
        message = f"{name} is not UTF-8"
        raise UnreadableError(message)
    return text


def _optional(
    attributes: Mapping[str, bytes], name: str, faults: list[tuple[str, str]]
) -> str | None:
    raw = attributes.get(name)
    if not raw:
        return None
    if len(raw) > MAX_HEADER_BYTES:
        faults.append((name, f"has {len(raw)} bytes; the limit is {MAX_HEADER_BYTES}"))
        return None
    text = _text(raw)
    if text is None:
        faults.append((name, "is not UTF-8"))
    return text


def _trace(attributes: Mapping[str, bytes], headers: Mapping[str, bytes], name: str) -> str | None:
    """From the header of that name, or from the CloudEvents extension."""
    raw = headers.get(name) or attributes.get(f"ce_{name}")
    return _text(raw) if raw and len(raw) <= MAX_HEADER_BYTES else None


def _check_names(faults: list[tuple[str, str]], values: Mapping[str, str | None]) -> None:
    for path, value in values.items():
        if value is not None and len(value) > MAX_NAME_LENGTH:
            faults.append((path, f"has {len(value)} characters; the limit is {MAX_NAME_LENGTH}"))


def _text(raw: bytes | None) -> str | None:
    if not raw:
        return None
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return None


def _reply_address(
    headers: Mapping[str, bytes], faults: list[tuple[str, str]]
) -> ReplyAddress | None:
    """The address of a copy, in the names of Spring and NestJS or in those of FastStream."""
    spring = names.REPLY_TOPIC in headers
    topic_name = names.REPLY_TOPIC if spring else names.REPLY_TOPIC_FASTSTREAM
    correlation_name = (
        names.REPLY_CORRELATION
        if names.REPLY_CORRELATION in headers
        else names.REPLY_CORRELATION_FASTSTREAM
    )
    topic = _optional(headers, topic_name, faults)
    correlation = headers.get(correlation_name)
    if correlation is not None and len(correlation) > MAX_HEADER_BYTES:
        faults.append((correlation_name, f"has more than {MAX_HEADER_BYTES} bytes"))
        return None
    if topic is None or topic in OWN_TOPICS:
        return None
    partition = _partition(headers.get(names.REPLY_PARTITION))
    return ReplyAddress(topic, partition, correlation_name, correlation)


def _partition(raw: bytes | None) -> int | None:
    """ASCII digits, or Spring's 4-byte big-endian integer; anything else is as if absent."""
    if not raw:
        return None
    if raw.isdigit() and len(raw) < len(str(_MAX_PARTITION)):
        return int(raw)
    if len(raw) == _PARTITION_BYTES:
        number = int.from_bytes(raw, "big", signed=True)
        return number if number >= 0 else None
    return None


def encode_headers(  # noqa: PLR0913 - one argument for each attribute of the envelope
    *,
    event_id: str,
    source: bytes,
    event_type: str,
    time: bytes,
    subject: str | None,
    correlation_id: str | None,
    causation_id: str | None,
    order_version: int | None = None,
    trace_parent: str | None = None,
    trace_state: str | None = None,
) -> Headers:
    """The headers of one outgoing record, in binary mode; `time` is RFC 3339 in UTC."""
    headers = [
        _SPEC_VERSION,
        (names.ID, event_id.encode()),
        (names.SOURCE, source),
        (names.TYPE, event_type.encode()),
        (names.TIME, time),
        _JSON,
    ]
    if subject is not None:
        headers.append((names.SUBJECT, subject.encode()))
    if correlation_id is not None:
        headers.append((names.CORRELATION_ID, correlation_id.encode()))
    if causation_id is not None:
        headers.append((names.CAUSATION_ID, causation_id.encode()))
    if order_version is not None:
        headers.append((names.ORDER_VERSION, b"%d" % order_version))
    if trace_parent is not None:
        headers.append((names.TRACE_PARENT, trace_parent.encode()))
    if trace_state is not None:
        headers.append((names.TRACE_STATE, trace_state.encode()))
    return headers


_SPEC_VERSION: Final = (names.SPEC_VERSION, b"1.0")
_JSON: Final = (names.CONTENT_TYPE, names.JSON_CONTENT)
_PLACE_OF_ID: Final = 1
_PLACE_OF_TYPE: Final = 3


def labelled(headers: Headers, event_id: str, event_type: str) -> Headers:
    """The headers of `encode_headers` with another id and type."""
    made = headers.copy()
    made[_PLACE_OF_ID] = (names.ID, event_id.encode())
    made[_PLACE_OF_TYPE] = (names.TYPE, event_type.encode())
    return made


def reply_headers(headers: Sequence[tuple[str, bytes]], address: ReplyAddress) -> Headers:
    """The same headers for a copy at a client's reply address: its correlation comes back."""
    if address.correlation is None:
        return list(headers)
    return [*headers, (address.correlation_name, address.correlation)]
